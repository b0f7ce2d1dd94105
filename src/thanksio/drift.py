"""Notice where real answers leave the contract, without ever failing a call over it.

A field that the contract does not know is kept; a field of another JSON type is handed on as it came. Both are
reported once per client: as a warning of the logger `thanksio.drift`, and to the hook given as `on_drift`. A report
names the field and the JSON type that was seen, never a value.
"""

from __future__ import annotations

import enum
import logging
import threading
import typing
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from attrs import define, field, frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Drift", "Hook"]

_logger = logging.getLogger(__name__)
_MOST = 100  # kinds that a client remembers and reports; a server that makes up names does not fill the log
_NAME = 80  # characters of a field's name that are shown

JSON_TYPES: dict[type, str] = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}


@frozen
class Drift:
    """One way in which an answer left the contract.

    `pointer` is the JSON pointer of the field (RFC 6901), `json_type` the JSON type that was seen there.
    """

    pointer: str
    kind: Literal["unknown field", "other type"]
    json_type: str


Hook: TypeAlias = "Callable[[Drift], object]"
Types: TypeAlias = "Mapping[str, frozenset[type]]"


def types_of(model: type, names: Mapping[str, object], *, absent: type) -> Types:
    """Read from a generated model which Python types each of its fields may have as parsed JSON.

    `names` are those that its annotations use; `absent` is the generator's type for a field that was not sent.
    """
    hints = typing.get_type_hints(model, localns=dict(names))
    fields = {name: hint for name, hint in hints.items() if name != "additional_properties"}
    return {name.rstrip("_"): _parsed(hint) - {absent} for name, hint in fields.items()}  # `type_`: a word of Python's


def _parsed(hint: Any) -> frozenset[type]:  # noqa: ANN401 - a type annotation may be anything
    if hint is Any:
        return frozenset(JSON_TYPES)
    if typing.get_origin(hint) is list:
        return frozenset[type]({list})
    parts = typing.get_args(hint)
    return frozenset[type]().union(*(_parsed(part) for part in parts)) if parts else frozenset({_parsed_class(hint)})


def _parsed_class(kind: type[object]) -> type[object]:
    if issubclass(kind, enum.Enum):
        return str
    return dict if hasattr(kind, "from_dict") else kind  # a generated model is an object, anything else is itself


@define
class Reporter:
    """Compare orders with the contract, and report each kind of difference once."""

    contract: Types
    hide: Callable[[str], str] = field(repr=False)
    hook: Hook | None = None
    _seen: set[Drift] = field(factory=set[Drift], init=False)
    _lock: threading.Lock = field(factory=threading.Lock, init=False)

    def look(self, order: Mapping[str, object]) -> None:
        """Report what is new in the fields of an order as the server sent it."""
        for name, value in order.items():
            if len(self._seen) >= _MOST:
                return
            allowed = self.contract.get(name)
            if allowed is None or type(value) not in allowed:
                kind: Literal["unknown field", "other type"] = "unknown field" if allowed is None else "other type"
                self._report(Drift(_pointer(self.hide(name)), kind, JSON_TYPES[type(value)]))

    def _report(self, drift: Drift) -> None:
        with self._lock:
            if drift in self._seen or len(self._seen) >= _MOST:
                return
            self._seen.add(drift)
        _logger.warning("contract drift: %s at %s, JSON type %s", drift.kind, drift.pointer, drift.json_type)
        if self.hook is None:
            return
        try:
            self.hook(drift)
        except Exception as error:  # noqa: BLE001 - the caller must get the verdict whatever a hook does
            _logger.warning("the on_drift hook raised %s; the call goes on", type(error).__name__)


def _pointer(name: str) -> str:
    shown = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in name)
    return "/order/" + shown[:_NAME].replace("~", "~0").replace("/", "~1")
