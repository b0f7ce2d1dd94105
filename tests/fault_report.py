"""Write the fault table as text and as a page: each fault, and how a call under it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from attrs import frozen
from fault_table import MODES, Ends, is_typed

from thanksio.testing import FAULTS, Fault
from thanksio.testing.faults import Truth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Found: TypeAlias = "Callable[[Fault, str], Ends]"
_DOUBT = {None: "-", True: "yes", False: "no"}
_PAGE = """\
# Fault table

<!-- Written by `make faults` from tests/fault_table.py; do not edit. The tests make these calls. -->

How a call ends under each fault of [`thanksio.testing`](testing.md). The calls were made with the sync and the async
client under asyncio; for faults of the connection, under trio and through proxies, too.

| Column | Meaning |
| --- | --- |
| **Order** | Whether the order is cancelled at the server afterwards |
| **Every attempt** | The result if all four attempts fail in this way |
| **Requests** | The number of requests that the server received |
| **May have cancelled** | The error's `may_have_cancelled`; it is *no* only if this call did not cancel the order |
| **Only the first** | The result if the second attempt succeeds |
| **Then 422** | The result, with `may_have_cancelled`, if the second attempt is refused with "already cancelled" |

An `Order` is returned only if the order is cancelled.

{table}
"""


@frozen
class Row:
    """One fault, or all faults of one kind, and how calls under it end."""

    name: str
    does: str
    order: str
    every: Ends
    good: Ends
    refused: Ends

    def cells(self) -> list[str]:
        """Return the cells of the row."""
        return [
            self.name,
            self.does,
            self.order,
            self.every.verdict,
            str(self.every.requests),
            _DOUBT[self.every.doubt],
            self.good.verdict,
            self.refused.verdict
            if self.refused.doubt is None
            else f"{self.refused.verdict}, {_DOUBT[self.refused.doubt]}",
        ]


COLUMNS = [
    "Fault",
    "What the server does",
    "Order",
    "Every attempt",
    "Requests",
    "May have cancelled",
    "Only the first",
    "Then 422",
]


def row(fault: Fault, found: Found) -> Row:
    """Describe one fault by what was found."""
    order = "cancelled" if fault.truth is Truth.ACTED else "as before"
    _, every, good, refused = (found(fault, mode) for mode in MODES)
    return Row(fault.name, fault.does, order, every, good, refused)


def rows(found: Found) -> list[Row]:
    """Describe all faults, those with a field of another type grouped by their result."""
    named = [row(fault, found) for fault in FAULTS.values() if not is_typed(fault)]
    groups: dict[tuple[object, ...], list[Row]] = {}
    for fault in filter(is_typed, FAULTS.values()):
        typed = row(fault, found)
        groups.setdefault((typed.every, typed.good, typed.refused), []).append(typed)
    return named + [_together(group) for group in groups.values()]


def _together(group: list[Row]) -> Row:
    fields = list(dict.fromkeys(typed.name.rpartition("_as_")[0] for typed in group))
    whose = " or ".join(fields) if len(fields) <= 2 else "any other field"
    first = group[0]
    does = f"200 with another JSON type in {whose}"
    name = f"{fields[0] if len(fields) == 1 else '<field>'}_as_<type>"
    return Row(name, does, first.order, first.every, first.good, first.refused)


def text(table: Iterable[Row], width: int) -> str:
    """Lay the table out for a terminal; where it does not fit, without what stands on the page as well."""
    lines = [COLUMNS, *(entry.cells() for entry in table)]
    for left_out in ((), (1,), (1, 7), (1, 6, 7)):
        chosen = [[cell for index, cell in enumerate(line) if index not in left_out] for line in lines]
        widths = [max(map(len, column)) for column in zip(*chosen, strict=True)]
        if sum(widths) + 2 * len(widths) <= width:
            break
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in chosen)


def page(table: Iterable[Row]) -> str:
    """Write the page for docs/."""
    lines = [COLUMNS, ["---"] * len(COLUMNS)]
    for entry in table:
        name, does, *rest = entry.cells()
        lines.append([f"`{name}`", does.replace("|", "\\|").replace("<", "&lt;"), *rest])
    return _PAGE.format(table=_markdown(lines))


def _markdown(lines: Iterable[list[str]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
