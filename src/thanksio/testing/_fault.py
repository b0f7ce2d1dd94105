"""What a fault is: something else to say, and the truth that stays as it is."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import TypeAlias

from attrs import field, frozen

from thanksio.testing._script import Response, Script

Say: TypeAlias = Callable[[Response], Script]


class Stage(enum.Enum):
    """When a fault happens, and so what counts it."""

    ANSWER = "in the place of an answer: every request counts"
    HANDSHAKE = "in the place of a TLS handshake: every connection counts; needs a fake made with tls=True"
    REFUSED = "before a connection: nothing can be counted, so it lasts until recover()"
    STALLED = "while a connection is made: nothing can be counted, so it lasts until recover()"


class Truth(enum.Enum):
    """What becomes of the order at the server while the fault happens, whatever is said of it."""

    ACTED = "the server carries the cancel out, as if nothing were wrong"
    IDLE = "the server does nothing to the order"


@frozen
class Fault:
    """One way in which a cancel goes wrong.

    `does` says in words what the server does, `truth` what becomes of the order, and `say` gives what is sent in the
    place of the answer that the fake would give.
    """

    name: str
    does: str
    truth: Truth
    say: Say = field(repr=False)
    stage: Stage = Stage.ANSWER

    @property
    def is_lasting(self) -> bool:
        """Whether it lasts until `recover`, for what it does cannot be counted."""
        return self.stage in {Stage.REFUSED, Stage.STALLED}
