"""Faults by name: what a server, or whatever stands in front of it, does wrong, and what is true there meanwhile.

`FAULTS` holds all of them; make a `Fault` of your own for what is missing.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from thanksio.testing import _answer_faults, _order_faults, _wire_faults
from thanksio.testing._fault import Fault, Stage, Truth
from thanksio.testing._script import End, Response, Script, Step, Wait

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FAULTS", "End", "Fault", "Response", "Script", "Stage", "Step", "Truth", "Wait"]

FAULTS: Mapping[str, Fault] = MappingProxyType(
    {fault.name: fault for fault in (*_wire_faults.FAULTS, *_answer_faults.FAULTS, *_order_faults.FAULTS)}
)
