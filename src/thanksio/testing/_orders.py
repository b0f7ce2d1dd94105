"""Orders at the server: their fields, how they age, and the effect of a cancel call."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Literal, TypeAlias

from attrs import define, field

Shape: TypeAlias = Literal["2025", "2026"]

# The documented response with the fields of each year: 57 of them in July 2025, 48 in September 2026.
_DOCUMENTED: dict[Shape, int] = {"2025": 37294, "2026": 42708}
_DISPLAY = {"processing": "Printing"}  # documented: raw and display words are not a case-fold of each other
# The status of an order that is not cancelled, by its age. Only the hour is documented; the order of the later words is
# inferred from the list of the vendor's webhooks, and their times are the fake's own.
_LIFE = (
    (timedelta(hours=1), "processing"),
    (timedelta(hours=2), "printed"),
    (timedelta(hours=3), "fulfilled"),
    (timedelta(days=1), "shipped"),
    (timedelta(days=4), "delivered"),
)


@cache
def _text(order_id: int) -> str:
    return (files("thanksio.testing") / f"order-{order_id}.json").read_text("utf-8")


def documented(order_id: int, shape: Shape) -> dict[str, Any]:
    """Return the fields of a documented order; for another year, as they would be there (inferred)."""
    fields: dict[str, Any] = json.loads(_text(order_id))["order"]
    template: dict[str, Any] = json.loads(_text(_DOCUMENTED[shape]))["order"]
    return {name: fields.get(name, value) for name, value in template.items()}


@define(repr=False, eq=False)
class FakeOrder:
    """An order at the server; `fields` are those of a response.

    `account` is its owner, "own" or any other name; `placed_at` is when its cancellation window starts,
    None for an order whose status never changes by itself.
    """

    fields: dict[str, Any]
    account: str = "own"
    placed_at: datetime | None = field(default=None)

    def __repr__(self) -> str:
        return f"<FakeOrder {self.fields.get('id')} {self.status}>"

    @property
    def id(self) -> int:
        """The order id."""
        number: int = self.fields["id"]
        return number

    @property
    def status(self) -> str:
        """The true status, for assertions. A status that you set does not change with time."""
        return str(self.fields.get("status"))

    @status.setter
    def status(self, status: str) -> None:
        self.placed_at = None
        self._become(status)

    def _become(self, status: str) -> None:
        self.fields |= {"status": status, "display_status": _DISPLAY.get(status, status.capitalize())}

    @property
    def is_cancellable(self) -> bool:
        """Whether it can be cancelled: its status is reviewing."""
        return self.status == "reviewing"

    def cancel(self, now: datetime) -> None:
        """Cancel it, and change its totals as recorded in 2023."""
        self.status = "cancelled"
        self.fields |= {"total_recipients": 0, "grand_total": 0}
        self.touch(now)

    def age(self, now: datetime) -> None:
        """Change the status from reviewing to that of its age, unless it was set by hand."""
        words = ["reviewing", *(word for _, word in _LIFE)]
        if self.placed_at is None or self.status not in words:
            return
        reached = sum(now - self.placed_at >= after for after, _ in _LIFE)
        if reached > words.index(self.status):
            self._become(words[reached])
            self.touch(now)

    def touch(self, now: datetime) -> None:
        """Set the time of the change, if its fields include one."""
        if "updated_at" in self.fields:
            self.fields["updated_at"] = stamp(now)


def stamp(moment: datetime) -> str:
    """Return a time in the form of the example of 2023, without a zone."""
    return f"{moment:%Y-%m-%d %H:%M:%S}"
