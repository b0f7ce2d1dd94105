"""A journal remembers what was unknown before, and which rows of the input were skipped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from thanksio.bulk._journal import Journal
from thanksio.errors import JournalError

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Collect

    from thanksio.testing import FakeThanksIO


def test_an_order_that_was_unknown_is_marked_after_it_was_settled(
    fake: FakeThanksIO, collect: Collect, tmp_path: Path
) -> None:
    path = tmp_path / "journal"
    fake.faults("lost_response")
    collect(fake, [37294], journal=path)
    fake.recover()

    collect(fake, [37294, 42708], journal=path)

    with Journal(path) as journal:
        known = {row.order_id: (row.state, row.was_unknown) for row in journal.entries()}
    assert known == {37294: ("cancelled", True), 42708: ("not_cancelled", False)}


def test_skipped_rows_that_were_damaged_are_refused(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal", "https://api.example/v2") as journal:
        journal._db.execute("INSERT INTO skipped VALUES (x'00', 'reason')")

        with pytest.raises(JournalError, match="its skipped rows cannot be read"):
            journal.skipped()


def test_skipped_rows_are_kept_once_and_shortened(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal", "https://api.example/v2") as journal:
        for _ in range(2):
            journal.add_skipped(3, [("line 3", "invalid order id"), ("line 4", "x" * 1000)])

        assert journal.skipped() == (3, [("line 3", "invalid order id"), ("line 4", "x" * 200)])
