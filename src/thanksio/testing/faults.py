"""Faults by name: what a server, or a proxy in front of it, does wrong, and what happens to the order.

`FAULTS` has all of them; for others, make a `Fault` of your own.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from thanksio.testing import _order_faults, _response_faults, _wire_faults
from thanksio.testing._fault import Fault, Stage, Truth
from thanksio.testing._script import End, FakeResponse, Script, Step, Wait

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FAULTS", "End", "FakeResponse", "Fault", "Script", "Stage", "Step", "Truth", "Wait"]

FAULTS: Mapping[str, Fault] = MappingProxyType(
    {fault.name: fault for fault in (*_wire_faults.FAULTS, *_response_faults.FAULTS, *_order_faults.FAULTS)}
)
