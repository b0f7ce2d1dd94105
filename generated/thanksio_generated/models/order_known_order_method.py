# Generated from openapi.yaml by openapi-python-client: do not edit, run `make generate`.
from enum import StrEnum


class OrderKnownOrderMethod(StrEnum):
    API = "api"
    CARDBUILDER = "cardbuilder"
    DRIP = "drip"
    EMAIL = "email"
    ZAPIER = "zapier"

    def __str__(self) -> str:
        return str(self.value)
