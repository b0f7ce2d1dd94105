"""Put a proposal into a contract, by the one rule that a person follows who pastes it. Pure."""

from __future__ import annotations

from typing import Any

from attrs import define, field

from watching.values import Node, node

Place = tuple[str, ...]

RULE = "Put each entry where its parents say. One that is there already is replaced, whole; nothing else is touched."

# Below these, an entry is a whole: one path, one field, one list of servers.
_OPEN: frozenset[Place] = frozenset(
    {
        *[(), ("info",), ("info", "x-evidence-keys"), ("paths",), ("components",)],
        *[("components", part) for part in ("parameters", "responses", "examples", "schemas")],
        *[("components", "schemas", name) for name in ("Order", "OrderAnswer")],
        *[("components", "schemas", name, "properties") for name in ("Order", "OrderAnswer")],
    }
)


def paste(contract: Node, proposal: Node, at: Place = ()) -> dict[str, Any]:
    """Return the contract with the proposal in it."""
    merged = dict(contract)
    for name, value in proposal.items():
        is_whole = (*at, name) not in _OPEN
        merged[name] = value if is_whole else paste(node(contract.get(name)), value, (*at, name))
    return merged


def in_order(proposal: Node, contract: Node, at: Place = ()) -> dict[str, Any]:
    """Return a proposal in the contract's own order, what is new last."""
    names = list(contract)
    order = sorted(proposal, key=lambda name: names.index(name) if name in names else len(names))
    return {
        name: in_order(proposal[name], node(contract.get(name)), (*at, name))
        if (*at, name) in _OPEN
        else proposal[name]
        for name in order
    }


@define
class Draft:
    """A contract that is being changed, which remembers what of it is new."""

    contract: Node
    proposal: dict[str, Any] = field(factory=dict[str, Any], init=False)

    @property
    def whole(self) -> dict[str, Any]:
        """The contract as it is with all changes."""
        return paste(self.contract, self.proposal)

    def get(self, *place: str) -> Any:  # noqa: ANN401 - a part of a YAML document may be anything
        """Return what stands at a place now, None if nothing does."""
        found: Any = self.whole
        for name in place:
            found = node(found).get(name)
        return found

    def put(self, value: object, *place: str) -> None:
        """Change the entry at a place."""
        inner = self.proposal
        for name in place[:-1]:
            inner = inner.setdefault(name, {})
        inner[place[-1]] = value
