"""The cases of the fuzzer, as values: what a call receives."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from attrs import frozen

from thanksio._verdict import NoResponse, Response
from thanksio.testing.faults import End

if TYPE_CHECKING:
    from thanksio.testing.faults import Response as Given
    from thanksio.testing.faults import Script, Step

Outcome: TypeAlias = Response | NoResponse
ORDER_ID = 37294


@frozen
class Values:
    """The outcomes of the attempts of a call, in this order; the last is repeated."""

    order_id: int
    outcomes: tuple[Outcome, ...]

    def paste(self) -> str:
        """Return the case as Python, for tests/test_call.py."""
        written = "".join(f"    {_written(outcome)},\n" for outcome in self.outcomes)
        return f"order_id = {self.order_id}\noutcomes = [\n{written}]"


def _written(outcome: Outcome) -> str:
    if isinstance(outcome, Response):  # its repr hides the body and the headers
        return f"Response({outcome.status}, {outcome.body!r}, {dict(outcome.headers)!r})"
    return repr(outcome)


@frozen
class Bytes:
    """The bytes that a server sends in response to each request, in pieces, and how it ends the connection."""

    pieces: tuple[bytes, ...]
    end: End | None = End.CLOSE

    def paste(self) -> str:
        """Return the case as Python, for `fail_next` of a FakeThanksIO."""
        steps = ", ".join([*(repr(piece) for piece in self.pieces), *([f"End.{self.end.name}"] if self.end else [])])
        return f'fault = Fault("found", "sends what the fuzzer found", Truth.IDLE, lambda _: [{steps}])'

    def respond(self, _response: Given) -> Script:
        """Return the script of a fault that sends this."""
        steps: list[Step] = [*self.pieces]
        return [*steps, self.end] if self.end else steps


Case: TypeAlias = Values | Bytes
