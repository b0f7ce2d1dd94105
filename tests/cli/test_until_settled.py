"""`--until-settled` asks again for orders that are unknown or reviewing, until their windows close."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve

from thanksio._rate_limit import Rate
from thanksio.bulk._journal import Journal
from thanksio.bulk._results import CancelResult, JournalRow, to_row
from thanksio.cli import _settle
from thanksio.cli._finding import VERDICTS
from thanksio.cli._settle import pause, to_ask_again
from thanksio.cli._view import View

if TYPE_CHECKING:
    from conftest import Thanksio

    from thanksio.testing import FakeThanksIO

NOW = 1_800_000_000.0


def row(state: Any, status: str = "", closes: float | None = None, first_sent: float | None = None) -> JournalRow:
    made = to_row(CancelResult(1, "unknown"), decided=NOW, allowed=None, contract="")
    return evolve(made, state=state, status=status, closes=closes, first_sent=first_sent)


@pytest.mark.parametrize(
    ("known", "again"),
    [
        pytest.param(row("unknown", closes=NOW + 1), True, id="unknown"),
        pytest.param(row("in_flight", closes=NOW + 1), True, id="in flight"),
        pytest.param(row("not_cancelled", "Reviewing", NOW + 1), True, id="reviewing"),
        pytest.param(row("unknown", closes=NOW), False, id="window closed"),
        pytest.param(row("unknown", first_sent=NOW - 3599), True, id="unknown time, sent within an hour"),
        pytest.param(row("unknown", first_sent=NOW - 3600), False, id="unknown time, sent an hour ago"),
        pytest.param(row("not_cancelled", "printed", NOW + 1), False, id="printed"),
        pytest.param(row("refused", closes=NOW + 1), False, id="refused"),
        pytest.param(row("cancelled", closes=NOW + 1), False, id="cancelled"),
    ],
)
def test_orders_that_can_change_are_asked_for_again(known: JournalRow, *, again: bool) -> None:
    assert to_ask_again([known], {1}, NOW) == ([(1, None)] if again else [])
    assert to_ask_again([known], {2}, NOW) == []


def test_pauses_grow_to_a_minute() -> None:
    assert [pause(asked) for asked in (0, 1, 2, 3, 4, 1000)] == [5, 10, 20, 40, 60, 60]


@pytest.fixture
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_settle, "pause", lambda _asked: 0.01)


@pytest.mark.usefixtures("without_pauses")
def test_unknown_orders_are_asked_for_until_they_are_settled(thanksio: Thanksio, fake: FakeThanksIO) -> None:
    orders = [fake.place().id, fake.place().id]
    fake.faults("misspelt_status", times=2)

    done = thanksio("cancel", *map(str, orders), "--yes", "--until-settled", "--in-flight", "1", "--journal", "j")

    assert (done.exit_code, done.stdout.splitlines()[0]) == (0, "2 orders: 2 cancelled.")
    assert len(fake.calls) == 4
    with Journal("j") as journal:
        assert {known.was_unknown for known in journal.entries()} == {True}


@pytest.mark.usefixtures("without_pauses")
def test_an_error_of_every_order_ends_it(thanksio: Thanksio, fake: FakeThanksIO) -> None:
    fake.fail_next("misspelt_status")
    fake.faults("unauthenticated_401")

    done = thanksio("cancel", "37294", "--until-settled")

    assert done.exit_code == 5


def test_it_needs_a_journal(thanksio: Thanksio, fake: FakeThanksIO) -> None:
    done = thanksio("cancel", "37294", "--until-settled", "--no-journal")

    assert (done.exit_code, fake.calls) == (2, [])
    assert "--until-settled needs a journal" in done.stderr


def test_a_pause_is_shown_and_ends_with_a_signal(fake: FakeThanksIO) -> None:
    """A second of the first pause of five is enough to stop."""
    order = fake.place().id
    fake.faults("misspelt_status")
    command = [sys.executable, "-m", "thanksio.cli", "cancel", str(order), str(order + 1), "--yes", "--until-settled"]
    environment = os.environ | {"THANKSIO_TOKEN": fake.token, "THANKSIO_BASE_URL": fake.base_url}
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=folder, env=environment)
        while not fake.calls:
            time.sleep(0.01)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=20)

    assert process.returncode == 4
    assert "stopping" in told
    assert len(fake.calls) <= 3


def test_a_pause_shows_the_time_of_the_next_attempt() -> None:
    view = View(0.0, 4, dict.fromkeys(VERDICTS, 0), Rate(60, 0, 60.0, 0, 0.0), 0.0, pause=(3, 19.5))

    assert view.what_next == "3 orders not settled, next attempt in 20 s"
