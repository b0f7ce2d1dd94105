"""The definition of a fault: what is sent instead of the response, and what happens to the order."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import TypeAlias

from attrs import field, frozen

from thanksio.testing._script import FakeResponse, Script

Responder: TypeAlias = Callable[[FakeResponse], Script]


class Stage(enum.Enum):
    """When a fault happens, and what it counts."""

    RESPONSE = "instead of a response: counts requests"
    HANDSHAKE = "instead of a TLS handshake: counts connections; needs a fake with tls=True"
    REFUSED = "before a connection: cannot be counted, lasts until recover()"
    STALLED = "while connecting: cannot be counted, lasts until recover()"


class Truth(enum.Enum):
    """What happens to the order at the server, independently of the response."""

    ACTED = "the server cancels the order"
    IDLE = "the order stays as it is"


@frozen
class Fault:
    """One way in which a cancel call can fail.

    `does` describes what the server does, `truth` is what happens to the order, and `respond` returns what is sent
    instead of the normal response.
    """

    name: str
    does: str
    truth: Truth
    respond: Responder = field(repr=False)
    stage: Stage = Stage.RESPONSE

    @property
    def is_lasting(self) -> bool:
        """Whether it lasts until `recover`, because it cannot be counted."""
        return self.stage in {Stage.REFUSED, Stage.STALLED}
