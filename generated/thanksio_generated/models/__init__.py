# Generated from openapi.yaml by openapi-python-client: do not edit, run `make generate`.
"""Contains all the data models used in inputs/outputs"""

from .error_answer import ErrorAnswer
from .error_answer_errors_type_1 import ErrorAnswerErrorsType1
from .order import Order
from .order_addons_type_0 import OrderAddonsType0
from .order_answer import OrderAnswer
from .order_known_order_method import OrderKnownOrderMethod
from .order_known_order_status import OrderKnownOrderStatus
from .order_known_order_type import OrderKnownOrderType
from .order_metadata_type_0 import OrderMetadataType0
from .order_sub_account_type_0 import OrderSubAccountType0

__all__ = (
    "ErrorAnswer",
    "ErrorAnswerErrorsType1",
    "Order",
    "OrderAddonsType0",
    "OrderAnswer",
    "OrderKnownOrderMethod",
    "OrderKnownOrderStatus",
    "OrderKnownOrderType",
    "OrderMetadataType0",
    "OrderSubAccountType0",
)
