"""The generated models and operations as the rest of the package uses them; nothing else imports generated code.

Some behaviour is added to the generated classes here, because a template for it would have to follow every release of
the generator.
"""

from __future__ import annotations

import copyreg
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from thanksio_generated import contract, models
from thanksio_generated.api.orders import cancel_order, cancel_order_plural
from thanksio_generated.models import Order
from thanksio_generated.types import UNSET, Unset

if TYPE_CHECKING:
    from abc import ABCMeta
    from collections.abc import Iterable

__all__ = [
    "CONTRACT_VERSION",
    "DISPLAY_WORDS",
    "MODELS",
    "SERVER",
    "STATUS_WORDS",
    "UNSET",
    "Order",
    "PathVariant",
    "Unset",
    "cancel_operation",
]

PathVariant: TypeAlias = Literal["order", "orders"]

CONTRACT_VERSION = contract.VERSION  # `info.version` of openapi.yaml
SERVER = contract.SERVER
DISPLAY_WORDS: Mapping[str, Iterable[str]] = contract.DISPLAY_WORDS
STATUS_WORDS = frozenset([*models.OrderKnownOrderStatus, *DISPLAY_WORDS["status"]])  # all listed statuses
MODELS: Mapping[str, object] = vars(models)

_OPERATIONS = {"order": cancel_order, "orders": cancel_order_plural}
_MAPPINGS = (models.OrderAddonsType0, models.OrderMetadataType0, models.OrderSubAccountType0)
_LONGEST_WORD = 20  # characters; the longest documented status has ten


def cancel_operation(path: PathVariant, order_id: int) -> tuple[str, str]:
    """Return the HTTP method and the path, below the base URL, of the generated operation.

    The public functions of the generated client are not used: they read bodies without a limit, raise ValueError for
    statuses such as 520, and return errors instead of raising them.
    """
    request = _OPERATIONS[path]._get_kwargs(str(order_id))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return request["method"].upper(), request["url"]


def _shown(order: Order) -> tuple[int, str]:
    """Return the fields of an order for a repr: neither the letter nor an address."""
    word = str(order.status).strip()
    return order.id, word if word.isalpha() and len(word) <= _LONGEST_WORD else "..."


def _order_repr(order: Order) -> str:
    return "<Order {} {}>".format(*_shown(order))


def _order_rich_repr(order: Order) -> Iterator[tuple[str, object]]:
    """Limit what Rich shows, which otherwise reads all fields of an attrs class."""
    yield from zip(("id", "status"), _shown(order), strict=True)


def _order_hash(order: Order) -> int:
    return hash(order.id)  # equal orders have equal ids


def _keys_repr(mapping: Mapping[str, Any]) -> str:
    return f"<{type(mapping).__name__} with the keys {', '.join(mapping) or 'none'}>"


def _keys_rich_repr(mapping: Mapping[str, Any]) -> Iterator[str]:
    yield from mapping


def _iterate(mapping: Any) -> Iterator[str]:  # noqa: ANN401 - one of _MAPPINGS
    return iter(mapping.additional_properties)


def _length(mapping: Any) -> int:  # noqa: ANN401 - one of _MAPPINGS
    return len(mapping.additional_properties)


def _unset_repr(_unset: Unset) -> str:
    return "UNSET"


def _add(kind: type, **methods: object) -> None:
    for name, method in methods.items():
        setattr(kind, name, method)


_add(Order, __repr__=_order_repr, __rich_repr__=_order_rich_repr, __hash__=_order_hash)
for _kind in _MAPPINGS:  # the generated `__getitem__` and `__contains__` alone do not make it a mapping
    _add(_kind, __iter__=_iterate, __len__=_length, __repr__=_keys_repr, __rich_repr__=_keys_rich_repr)
    _add(_kind, **{name: getattr(Mapping, name) for name in ("keys", "values", "items", "get")})
    cast("ABCMeta", Mapping).register(_kind)
# Generated code compares with `is UNSET`, so a copy or a pickle has to return that very object.
copyreg.pickle(Unset, _unset_repr)
_add(
    Unset,
    __repr__=_unset_repr,
    __doc__="The type of UNSET, the value of a field that the server did not send. It is false.",
)
