# Generated from openapi.yaml by openapi-python-client: do not edit, run `make generate`.
from enum import StrEnum


class OrderKnownOrderStatus(StrEnum):
    CANCELLED = "cancelled"
    DELIVERED = "delivered"
    ERROR = "error"
    FULFILLED = "fulfilled"
    PAUSED = "paused"
    PRINTED = "printed"
    PROCESSING = "processing"
    REVIEWING = "reviewing"
    SHIPPED = "shipped"

    def __str__(self) -> str:
        return str(self.value)
