# Generated from openapi.yaml by openapi-python-client: do not edit, run `make generate`.
from enum import StrEnum


class OrderKnownOrderType(StrEnum):
    GIFTCARD = "giftcard"
    LETTER = "letter"
    MAGNACARD = "magnacard"
    NOTECARD = "notecard"
    POSTCARD = "postcard"
    POSTCARD6X11 = "postcard6x11"
    POSTCARD6X9 = "postcard6x9"
    WINDOWLESSLETTER = "windowlessletter"

    def __str__(self) -> str:
        return str(self.value)
