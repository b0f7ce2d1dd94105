"""Report where real responses do not match the contract, without ever failing a call over it.

A field that the contract does not know is kept; a field of another JSON type, or with a word that is not listed for it,
is passed on unchanged. Each is reported once per client: as a warning of the logger `thanksio.drift`, and to the hook
given as `on_drift`. A report names the field and the JSON type that was seen, never a value.
"""

from __future__ import annotations

import enum
import logging
import typing
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from attrs import define, field, frozen

from thanksio._models import DISPLAY_WORDS, MODELS, Order, Unset
from thanksio._verdict import normalize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = ["Drift", "Hook", "Kind"]

_logger = logging.getLogger(__name__)
_MOST = 100  # differences that a client reports at most, so that random names cannot fill the log
_NAME = 80  # characters of a field's name that are shown

Kind: TypeAlias = Literal["unknown field", "other type", "unknown word"]

JSON_TYPES: dict[type, str] = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}


@frozen(order=True)
class Drift:
    """One way in which a response does not match the contract.

    `pointer` is the JSON pointer of the field (RFC 6901), `json_type` the JSON type that was seen there.
    """

    pointer: str
    kind: Kind
    json_type: str


Hook: TypeAlias = "Callable[[Drift], object]"


@frozen
class Contract:
    """The contract of an order: the Python types of each field as parsed JSON, and the known words of some."""

    types: Mapping[str, frozenset[type]]
    words: Mapping[str, frozenset[str]]  # normalized


def contract_of(
    model: type, names: Mapping[str, object], *, absent: type, displayed: Mapping[str, Iterable[str]]
) -> Contract:
    """Return the contract of the fields of a generated model.

    `names` are those that its annotations use; `absent` is the generator's type for a field that was not sent;
    `displayed` are the forms in which the known words of a field are shown, too.
    """
    hints = typing.get_type_hints(model, localns=dict(names))
    fields = {name.rstrip("_"): hint for name, hint in hints.items() if name != "additional_properties"}  # `type_`
    words = {name: known for name, hint in fields.items() if (known := _words(hint))}
    return Contract(
        types={name: _parsed(hint) - {absent} for name, hint in fields.items()},
        words={name: frozenset(map(normalize, known.union(displayed.get(name, ())))) for name, known in words.items()},
    )


@cache
def order_contract() -> Contract:
    """Return the contract of an order."""
    return contract_of(Order, MODELS, absent=Unset, displayed=DISPLAY_WORDS)


def _words(hint: Any) -> frozenset[str]:  # noqa: ANN401 - a type annotation may be anything
    kinds = [part for part in typing.get_args(hint) if isinstance(part, type) and issubclass(part, enum.Enum)]
    return frozenset(str(member.value) for kind in kinds for member in kind)


def _parsed(hint: Any) -> frozenset[type]:  # noqa: ANN401 - a type annotation may be anything
    if hint is Any:
        return frozenset(JSON_TYPES)
    if typing.get_origin(hint) is list:
        return frozenset[type]({list})
    parts = typing.get_args(hint)
    return frozenset[type]().union(*map(_parsed, parts)) if parts else _parsed_class(hint)


def _parsed_class(kind: type[object]) -> frozenset[type]:
    if issubclass(kind, enum.Enum):
        return frozenset[type]({str})
    if kind is float:
        return frozenset[type]({float, int})  # an integer is a number, too
    return frozenset[type]({dict}) if hasattr(kind, "from_dict") else frozenset[type]({kind})


def differences(contract: Contract, order: Mapping[str, object], redact: Callable[[str], str] = str) -> Iterator[Drift]:
    """Compare an order as the server sent it; `redact` removes secrets from the names of fields."""
    for name, value in order.items():
        allowed = contract.types.get(name)
        if allowed is None or type(value) not in allowed:
            kind: Kind = "unknown field" if allowed is None else "other type"
            yield Drift(_pointer(redact(name[: 2 * _NAME])), kind, JSON_TYPES[type(value)])
    for name, known in contract.words.items():
        value = order.get(name)
        if isinstance(value, str) and normalize(value) not in known:
            yield Drift(_pointer(name), "unknown word", "string")


@define
class Reporter:
    """Compare orders with the contract, and report each kind of difference once."""

    redact: Callable[[str], str] = field(repr=False)
    hook: Hook | None = None
    contract: Callable[[], Contract] = order_contract
    _seen: dict[Drift, object] = field(factory=dict[Drift, object], init=False)

    def look(self, order: Mapping[str, object]) -> None:
        """Report what is new in the fields of an order as the server sent it."""
        if len(self._seen) >= _MOST:
            return
        for drift in islice(differences(self.contract(), order, self.redact), _MOST):
            self._report(drift)
            if len(self._seen) >= _MOST:
                return

    def _report(self, drift: Drift) -> None:
        first = object()
        if self._seen.setdefault(drift, first) is not first:  # atomic: of several threads, one reports it
            return
        _logger.warning("contract drift: %s at %s, JSON type %s", drift.kind, drift.pointer, drift.json_type)
        if self.hook is None:
            return
        try:
            self.hook(drift)
        except Exception as error:  # noqa: BLE001 - the hook must not change the verdict
            _logger.warning("the on_drift hook raised %s; the call continues", type(error).__name__)


def _pointer(name: str) -> str:
    shown = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in name)
    return "/order/" + shown[:_NAME].replace("~", "~0").replace("/", "~1")
