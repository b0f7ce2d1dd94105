# Generated from openapi.yaml by openapi-python-client: do not edit, run `make generate`.
"""Contains all the data models used in inputs/outputs"""

from .error_response import ErrorResponse
from .error_response_errors_type_1 import ErrorResponseErrorsType1
from .order import Order
from .order_addons_type_0 import OrderAddonsType0
from .order_known_order_method import OrderKnownOrderMethod
from .order_known_order_status import OrderKnownOrderStatus
from .order_known_order_type import OrderKnownOrderType
from .order_metadata_type_0 import OrderMetadataType0
from .order_response import OrderResponse
from .order_sub_account_type_0 import OrderSubAccountType0

__all__ = (
    "ErrorResponse",
    "ErrorResponseErrorsType1",
    "Order",
    "OrderAddonsType0",
    "OrderKnownOrderMethod",
    "OrderKnownOrderStatus",
    "OrderKnownOrderType",
    "OrderMetadataType0",
    "OrderResponse",
    "OrderSubAccountType0",
)
