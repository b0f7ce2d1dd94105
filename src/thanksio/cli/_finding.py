"""The result of one order as it is shown, from a run or from a journal. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from attrs import frozen

from thanksio.bulk._results import Verdict, cents_of, status_of

if TYPE_CHECKING:
    from thanksio.bulk import CancelResult
    from thanksio.bulk._results import JournalRow, State

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
WORDS = {verdict: verdict.replace("_", " ") for verdict in VERDICTS}

_OF_EVERY_ORDER = {"AuthenticationError", "PaymentRequiredError", "ConfigurationError"}
_WITHOUT_VERDICT: dict[State, Verdict] = {"waiting": "not_tried", "in_flight": "unknown"}  # once the run has ended
_STATES: dict[State, Verdict] = {**{verdict: verdict for verdict in VERDICTS}, **_WITHOUT_VERDICT}


@frozen
class Finding:
    """One order of a run. `status` is its own, or the HTTP status of the response; `kind` is the class of the error."""

    order_id: int | str
    verdict: Verdict
    status: str
    authorized_cents: int | None
    error: str
    kind: str
    attempts: int
    seconds: float
    request_id: str = ""

    @property
    def is_fatal(self) -> bool:
        """Whether the problem is the token, billing or configuration, and not this order."""
        return self.verdict in {"not_tried", "unknown"} and self.kind in _OF_EVERY_ORDER

    @property
    def line(self) -> str:
        """The error in one line that begins with the order."""
        return f"{self.order_id}: {self.error}" if not self.error.startswith("Order ") else self.error

    def as_json(self) -> dict[str, object]:
        """Return it as a JSON object."""
        return {
            "order_id": self.order_id,
            "verdict": self.verdict,
            "status": self.status or None,
            "authorized_cents": self.authorized_cents,
            "error": self.error or None,
            "kind": self.kind or None,
            "attempts": self.attempts,
            "seconds": round(self.seconds, 3),
            "request_id": self.request_id or None,
        }


def _for_operators(text: str) -> str:
    """Return the text of an error with the advice for programs, to call again, as one for operators."""
    return text.replace("Call again", "Run the same command again").replace("call again", "run the same command again")


def found(result: CancelResult) -> Finding:
    """Return the finding for a result."""
    error = result.error
    return Finding(
        order_id=result.order_id,
        verdict=result.verdict,
        status=status_of(result),
        authorized_cents=cents_of(result),
        error="" if error is None else _for_operators(str(error)),
        kind="" if error is None else type(error).__name__,
        attempts=result.attempts,
        seconds=result.seconds,
        request_id="" if error is None else error.request_id,
    )


def remembered(entry: JournalRow) -> Finding:
    """Return the finding for a row of a journal. An order in flight is unknown: the run ended before the response."""
    verdict: Verdict = _STATES[entry.state]
    lost = "It was in flight when the run ended. Run the same command again." if entry.state == "in_flight" else ""
    return Finding(
        order_id=entry.order_id,
        verdict=verdict,
        status=entry.status,
        authorized_cents=entry.cents,
        error=lost or _for_operators(entry.error),
        kind=entry.kind,
        attempts=entry.attempts,
        seconds=entry.seconds,
        request_id=entry.request_id,
    )
