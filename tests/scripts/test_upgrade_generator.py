"""The generator is upgraded by its own word, and only what names it is changed."""

from __future__ import annotations

import re

import pytest
import upgrade_generator
from conftest import ROOT

PROJECT = (ROOT / "pyproject.toml").read_text("utf-8")
VERSIONS = {"openapi-python-client": "9.9.9", "ruff": "8.8.8"}


def test_the_pins_are_changed_and_nothing_else() -> None:
    after = upgrade_generator.pinned(PROJECT, VERSIONS)

    changed = [line for line in after.splitlines() if line not in PROJECT.splitlines()]
    assert changed == ['generator = ["openapi-python-client==9.9.9", "ruff==8.8.8"]']
    assert len(after.splitlines()) == len(PROJECT.splitlines())


def test_what_is_pinned_is_what_is_locked() -> None:
    pins = dict(re.findall(r'"(openapi-python-client|ruff)==([^"]+)"', PROJECT))

    assert upgrade_generator.newest(upgrade_generator.LOCK.read_text("utf-8")) == pins


@pytest.mark.parametrize("text", ["", 'generator = ["ruff==1"]\n', PROJECT + PROJECT], ids=["none", "one", "two"])
def test_pins_that_are_not_where_they_are_expected_are_left(text: str) -> None:
    with pytest.raises(upgrade_generator.UpgradeError, match="in one line"):
        upgrade_generator.pinned(text, VERSIONS)
