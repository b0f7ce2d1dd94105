"""What a call receives in one case of the fuzzer, and how to paste that into a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from attrs import frozen

from thanksio._verdict import Response
from thanksio.testing.faults import End

if TYPE_CHECKING:
    from thanksio._verdict import Outcome
    from thanksio.testing.faults import Step

ORDER_ID = 37294


@frozen
class Outcomes:
    """The outcomes of the attempts of a call, in this order; the last is repeated."""

    order_id: int
    outcomes: tuple[Outcome, ...]

    def paste(self) -> str:
        """Return the case as Python, for tests/test_call.py."""
        written = "".join(f"    {_python(outcome)},\n" for outcome in self.outcomes)
        return f"order_id = {self.order_id}\noutcomes = [\n{written}]"


def _python(outcome: Outcome) -> str:
    if isinstance(outcome, Response):  # its repr hides the body and the headers
        return f"Response({outcome.status}, {outcome.body!r}, {dict(outcome.headers)!r})"
    return repr(outcome)


@frozen
class Bytes:
    """The bytes that a server sends in response to each request, in pieces, and how it ends the connection."""

    pieces: tuple[bytes, ...]
    end: End | None = End.CLOSE

    @property
    def steps(self) -> list[Step]:
        """The script of a fault that sends this."""
        return [*self.pieces, *([self.end] if self.end else [])]

    def paste(self) -> str:
        """Return the case as Python, for `fail_next` of a FakeThanksIO."""
        steps = ", ".join(repr(step) if isinstance(step, bytes) else str(step) for step in self.steps)
        return f'fault = Fault("found", "sends what the fuzzer found", Truth.IDLE, lambda _: [{steps}])'


Case: TypeAlias = Outcomes | Bytes
