"""What came of one order, in the same words whether a run has just found it out or a journal remembers it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from attrs import frozen

from thanksio.bulk._results import cents_of, status_of

if TYPE_CHECKING:
    from thanksio.bulk import CancelResult
    from thanksio.bulk._results import JournalRow, State

Told: TypeAlias = Literal["cancelled", "not_cancelled", "refused", "unknown", "not_tried"]
VERDICTS: tuple[Told, ...] = get_args(Told)
WORDS = {verdict: verdict.replace("_", " ") for verdict in VERDICTS}

_NO_OTHER_FARES_BETTER = {"AuthenticationError", "PaymentRequiredError", "ConfigurationError"}
_LEFT: dict[State, Told] = {"waiting": "not_tried", "in_flight": "unknown"}  # once nobody works on them any more
_STATES: dict[State, Told] = {**{verdict: verdict for verdict in VERDICTS}, **_LEFT}


@frozen
class Finding:
    """One order of a run. `status` is its own word, or the HTTP status that came instead; `kind` the error's class."""

    order_id: int | str
    verdict: Told
    status: str
    authorized_cents: int | None
    error: str
    kind: str
    attempts: int
    seconds: float

    @property
    def dooms(self) -> bool:
        """Whether the token, the billing or the configuration is at fault, and not this order."""
        return self.verdict in {"not_tried", "unknown"} and self.kind in _NO_OTHER_FARES_BETTER

    @property
    def line(self) -> str:
        """Say it in one line, whose start tells the orders apart."""
        return f"{self.order_id}: {self.error}" if not self.error.startswith("Order ") else self.error

    def as_json(self) -> dict[str, object]:
        """Give it as a JSON object."""
        return {
            "order_id": self.order_id,
            "verdict": self.verdict,
            "status": self.status or None,
            "authorized_cents": self.authorized_cents,
            "error": self.error or None,
            "kind": self.kind or None,
            "attempts": self.attempts,
            "seconds": round(self.seconds, 3),
        }


def found(result: CancelResult) -> Finding:
    """Make it of a result."""
    error = result.error
    return Finding(
        order_id=result.order_id,
        verdict=result.verdict,
        status=status_of(result),
        authorized_cents=cents_of(result),
        error="" if error is None else str(error),
        kind="" if error is None else type(error).__name__,
        attempts=result.attempts,
        seconds=result.seconds,
    )


def remembered(entry: JournalRow) -> Finding:
    """Make it of what a journal says. An order in flight is unknown: the run ended before the answer came."""
    verdict: Told = _STATES[entry.state]
    lost = "It was in flight when the run ended. Run the same command again." if entry.state == "in_flight" else ""
    return Finding(
        order_id=entry.order_id,
        verdict=verdict,
        status=entry.status,
        authorized_cents=entry.cents,
        error=lost or entry.error,
        kind=entry.kind,
        attempts=entry.attempts,
        seconds=entry.seconds,
    )
