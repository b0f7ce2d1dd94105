"""A run with a journal: after a kill, a full disk or a stop, the same command continues it."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from conftest import LETTER, ROOT, TOKEN, Collect

from thanksio import (
    CONTRACT_VERSION,
    CancellationRefusedError,
    CancelResult,
    ConfigurationError,
    JournalError,
    OrderNotCancelledError,
    RetryPolicy,
)
from thanksio.bulk._journal import Journal
from thanksio.drift import Drift

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from thanksio.testing import FakeThanksIO

BASE = "https://api.thanks.io/api/v2"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.journal"


@pytest.fixture
def cancel(collect: Collect, fake: FakeThanksIO, path: Path) -> Callable[..., list[CancelResult]]:
    """Return a function that cancels many with a journal, with a client of each kind."""

    def run(ids: Iterable[Any], settings: dict[str, Any] | None = None, **run: Any) -> list[CancelResult]:
        return collect(fake, ids, settings, **{"journal": path} | run)

    return run


def rows(path: Path) -> dict[int, Any]:
    """Return the rows of a journal by order id."""
    with Journal(path) as journal:
        return {entry.order_id: entry for entry in journal.entries()}


def sent(fake: FakeThanksIO) -> list[int]:
    return [int(call.path.split("/")[-2]) for call in fake.calls]


def test_a_run_is_written_to_its_journal(cancel: Any, fake: FakeThanksIO, path: Path) -> None:
    before = time.time()
    fake.limit(120)

    cancel([37294, 42708, 77777])

    found: dict[int, Any] = rows(path)
    assert [(entry.state, entry.status, entry.kind) for entry in found.values()] == [
        ("cancelled", "cancelled", ""),
        ("not_cancelled", "fulfilled", "OrderNotCancelledError"),
        ("refused", "404", "OrderNotFoundError"),
    ]
    assert found[37294].cents == 267
    assert found[77777].error.startswith("Order 77777: the server responded with 404")
    for row in found.values():
        assert row.attempts >= 1
        assert row.allowed == 120
        assert row.contract == CONTRACT_VERSION
        assert before <= row.first_sent <= row.sent <= row.decided <= time.time()
    with Journal(path) as journal:
        assert journal.totals() == {"cancelled": (1, 267), "not_cancelled": (1, 73), "refused": (1, 0)}
        ((began, ended),) = journal.runs()
        assert ended
        assert before <= began <= ended <= time.time()


def test_settled_orders_are_not_sent_again_and_come_first(cancel: Any, fake: FakeThanksIO) -> None:
    fake.refusal = 422
    first = {result.order_id: result for result in cancel([37294, 42708])}
    fake.refusal = 200
    fake.place(50000)

    again = cancel([50000, 42708, 37294])

    assert sent(fake) == [37294, 42708, 50000]
    assert [result.order_id for result in again] == [37294, 42708, 50000]
    assert [result.verdict for result in again] == ["cancelled", "refused", "cancelled"]
    assert again[0].order.authorization_total == 267
    assert isinstance(again[1].error, CancellationRefusedError)
    assert str(again[1].error) == str(first[42708].error)
    assert again[1].error.status_code == 422


def test_an_order_that_was_shown_as_not_cancelled_is_not_sent_again(cancel: Any, fake: FakeThanksIO) -> None:
    cancel([42708])

    (again,) = cancel([42708])

    assert isinstance(again.error, OrderNotCancelledError)
    assert (again.error.status, again.order.id) == ("fulfilled", 42708)
    assert len(fake.calls) == 1


@pytest.mark.parametrize(
    "first",
    ["lost", "wrong_token", "not_found", "throttled", "misspelt_status", "page_422", "problem_409", "page_404"],
)
def test_what_is_not_settled_is_sent_again(cancel: Any, fake: FakeThanksIO, path: Path, first: str) -> None:
    """A token, a limit or an address can be corrected; a lost response, an nope status or a page proves nothing."""
    settings: dict[str, Any] = {"retry": RetryPolicy(max_attempts=1)}
    if first == "lost":
        fake.fail_next("lost_response")
    elif first == "wrong_token":
        settings["token"] = "another-token"
    elif first == "not_found":
        settings["cancel_path"] = "orders"
        fake.cancel_path = "order"
    elif first == "throttled":
        fake.limit(0)
    else:
        fake.faults(first)
    (before,) = cancel([37294], settings)
    state = rows(path)[37294]
    fake.cancel_path = "both"
    fake.limit(60)
    fake.recover()

    (after,) = cancel([37294])

    expected = {"not_found": "refused", "wrong_token": "not_tried", "throttled": "not_tried"}.get(first, "unknown")
    assert (before.verdict, state.state, state.settled) == (expected, expected, False)
    assert after.verdict == "cancelled"
    assert len(fake.calls) == before.attempts + 1


def test_duplicates_are_one_order(cancel: Any, fake: FakeThanksIO) -> None:
    results = cancel([37294, "37294", (37294, None)] * 700)

    assert [result.verdict for result in results] == ["cancelled"]
    assert sent(fake) == [37294]


def test_the_window_that_closes_first_goes_first(cancel: Any, fake: FakeThanksIO) -> None:
    """Orders without a time come next, and those whose hour is over last."""
    now = time.time()
    minutes = {50: "over", 10: "later", 40: "sooner", 70: "over longer"}
    ids = {name: fake.place().id for name in [*minutes.values(), "unknown", "unknown, too"]}
    times = {name: datetime.fromtimestamp(now - 60 * ago, UTC) for ago, name in minutes.items()}
    times["over"] = datetime.fromtimestamp(now - 3600, UTC)

    cancel([(number, times.get(name)) for name, number in ids.items()], max_in_flight=1)

    assert sent(fake) == [ids[name] for name in ("sooner", "later", "unknown", "unknown, too", "over longer", "over")]


def test_a_time_is_accepted_in_any_form(cancel: Any, fake: FakeThanksIO, path: Path) -> None:
    a, b, c = (fake.place().id for _ in range(3))

    cancel(
        [(a, "2025-08-14 16:42:44"), (b, {"date": "2025-08-14 16:42:44.000000", "timezone": "UTC"}), (c, 1755189764)]
    )

    assert {entry.placed for entry in rows(path).values()} == {1755189764.0}


def test_a_time_that_cannot_be_read_is_refused_before_anything_is_sent(cancel: Any, fake: FakeThanksIO) -> None:
    with pytest.raises(ConfigurationError, match="The time of order 37294 is not a time such as"):
        cancel([42708, (37294, "yesterday")])

    assert fake.calls == []


def test_an_invalid_id_gets_a_result_and_no_row(cancel: Any, path: Path) -> None:
    results = cancel(["x", 37294])

    assert [(result.order_id, result.verdict) for result in results] == [("x", "not_tried"), (37294, "cancelled")]
    assert list(rows(path)) == [37294]


def test_an_iterable_that_fails_leaves_no_rows(cancel: Any, fake: FakeThanksIO, path: Path) -> None:
    """Nothing is sent before all orders are written, so nothing is kept."""

    def ids() -> Iterator[int]:
        yield 37294
        raise LookupError

    with pytest.raises(LookupError):
        cancel(ids())

    assert rows(path) == {}
    assert fake.calls == []


def test_what_a_stopped_run_did_not_try_is_left_for_the_next(cancel: Any, fake: FakeThanksIO, path: Path) -> None:
    fake.disabled = True
    results = cancel([37294, 42708], max_in_flight=1)
    states = {number: entry.state for number, entry in rows(path).items()}
    fake.disabled = False

    again = cancel([37294, 42708])

    assert [result.verdict for result in results] == ["not_tried", "not_tried"]
    assert states == {37294: "not_tried", 42708: "waiting"}
    assert sorted(result.verdict for result in again) == ["cancelled", "not_cancelled"]


def test_only_orders_of_this_run_are_sent(cancel: Any, fake: FakeThanksIO) -> None:
    """A journal may hold orders that were not passed to this run."""
    fake.disabled = True
    cancel([37294, 42708])
    fake.disabled = False
    fake.calls.clear()

    cancel([42708])

    assert sent(fake) == [42708]


@pytest.mark.parametrize("state", ["in_flight", "unknown"])
def test_a_refusal_after_a_run_that_may_have_cancelled_leaves_the_outcome_unknown(
    cancel: Any, fake: FakeThanksIO, path: Path, state: str
) -> None:
    """The refusal may mean that the earlier run cancelled it."""
    with Journal(path, fake.base_url) as journal, journal.loading():
        journal.add([(42708, None)])
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE orders SET state = ?", (state,))
    fake.refusal = 422

    (result,) = cancel([42708])

    assert result.verdict == "unknown"
    assert rows(path)[42708].state == "unknown"


def test_a_journal_that_another_run_uses_is_refused(cancel: Any, fake: FakeThanksIO, path: Path) -> None:
    with Journal(path, fake.base_url), pytest.raises(ConfigurationError, match="another run is using it"):
        cancel([37294])

    assert fake.calls == []
    assert cancel([37294])[0].verdict == "cancelled"


def test_a_journal_that_the_caller_opened_stays_open(cancel: Any, fake: FakeThanksIO, path: Path) -> None:
    with Journal(path, fake.base_url) as journal:
        cancel([37294], journal=journal)

        assert journal.totals() == {"cancelled": (1, 267)}


def test_a_file_that_is_no_journal_is_not_changed(path: Path) -> None:
    path.write_text("order_id\n37294\n" * 100)

    with pytest.raises(ConfigurationError, match="is not a journal of this version"):
        Journal(path, BASE)

    assert path.read_text() == "order_id\n37294\n" * 100


def test_another_programs_database_is_not_changed(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE orders (order_id)")
    content = path.read_bytes()

    with pytest.raises(ConfigurationError, match="is not a journal of this version"):
        Journal(path, BASE)

    assert path.read_bytes() == content


def test_a_journal_is_used_with_one_server_only(path: Path) -> None:
    """What was settled at a fake is not settled at thanks.io."""
    Journal(path, "http://127.0.0.1:8000/api/v2").close()

    with pytest.raises(ConfigurationError, match=r"is of orders at http://127\.0\.0\.1:8000/api/v2, not at https"):
        Journal(path, BASE)


@pytest.mark.parametrize("is_empty", [True, False])
def test_a_journal_that_does_not_exist_cannot_be_read(path: Path, *, is_empty: bool) -> None:
    if is_empty:
        path.touch()

    with pytest.raises(ConfigurationError, match="There is no journal at"):
        Journal(path)

    assert path.exists() == is_empty


def test_a_folder_that_does_not_exist_is_an_error(path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file or directory"):
        Journal(path / "in" / "nowhere", BASE)


@pytest.mark.parametrize("full_at", ["send", "verdict"])
def test_a_full_disk_stops_the_run_and_another_one_continues(
    kind: str, fake: FakeThanksIO, path: Path, full_at: str
) -> None:
    """An order that cannot be written is not sent; the same command settles what was sent."""
    ids = [fake.place().id for _ in range(40)]
    results: list[CancelResult] = []
    journal = Journal(path, fake.base_url)

    def fill(result: CancelResult) -> None:
        results.append(result)
        if len(results) == 5:
            step = "first_sent" if full_at == "send" else "decided"
            full = "SELECT raise(ABORT, 'database or disk is full')"
            journal._db.execute(f"CREATE TEMP TRIGGER full BEFORE UPDATE OF {step} ON orders BEGIN {full}; END")

    def sync() -> None:
        with fake.client() as client:
            for result in client.cancel_orders(ids, journal=journal):
                fill(result)

    async def tasks() -> None:
        async with fake.async_client() as client, client.cancel_orders(ids, journal=journal) as run:
            async for result in run:
                fill(result)

    with pytest.raises(JournalError, match=r"cannot be written: database or disk is full.*start the same run again"):
        sync() if kind == "sync" else anyio.run(tasks, backend=kind)
    journal.close()
    first = sent(fake)
    with fake.client() as client:
        again = list(client.cancel_orders(ids, journal=path))

    assert sorted(result.order_id for result in results if result.attempts) == sorted(first)
    assert len(first) < 30
    assert {result.verdict for result in again} == {"cancelled"}
    assert sorted(result.order_id for result in again) == ids
    resent = len(sent(fake)) - len(ids)
    assert resent == 0 if full_at == "send" else 0 < resent < 10


def test_a_journal_holds_nothing_private(cancel: Any, fake: FakeThanksIO, path: Path) -> None:
    private: dict[str, Any] = {"message": LETTER, "return_name": "Jane Roe", "return_address": "1 Long Lane"}
    good, printed = fake.place(**private).id, fake.place(status="printed", **private).id
    cancel([good, printed])
    cancel([fake.place(**private).id], {"token": "another-secret-token"})

    kept = b"".join(file.read_bytes() for file in path.parent.iterdir())

    assert b"cancelled" in kept
    for secret in (LETTER, "Jane", "Long Lane", TOKEN, "another-secret-token"):
        assert secret.encode() not in kept


RUN = """
import sys
from thanksio import ThanksIO
with ThanksIO(sys.argv[1], base_url=sys.argv[2]) as client:
    for result in client.cancel_orders(range(100000, 100000 + int(sys.argv[4])), journal=sys.argv[3], pace=False):
        print(result.verdict, flush=True)
"""


def test_a_run_that_was_killed_can_be_continued(fake: FakeThanksIO, path: Path) -> None:
    """An order whose verdict was written is sent once, however often the process is killed."""
    count, kills = 300, 4
    for number in range(100000, 100000 + count):
        fake.place(number)
    command = [sys.executable, "-c", RUN, fake.token, fake.base_url, str(path), str(count)]

    for nth in range(kills):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
        assert process.stdout
        for _ in range(nth * count // (kills + 1) + 1):
            process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    before = {number for number, entry in rows(path).items() if entry.state == "cancelled"}
    calls = len(fake.calls)
    last = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)

    assert last.stdout.split() == ["cancelled"] * count
    assert {entry.state for entry in rows(path).values()} == {"cancelled"}
    assert not before & set(sent(fake)[calls:])
    assert len(fake.calls) <= count + kills * 8  # what was in flight is sent again, and nothing else


def test_drift_is_kept_once(path: Path) -> None:
    nope, style = Drift("/order/nope", "unknown field", "string"), Drift("/order/style", "other type", "null")
    with Journal(path, BASE) as journal:
        journal.note([style, nope])
        journal.note([nope])
        assert journal.drifts() == [nope, style]

    with Journal(path) as journal:
        assert journal.drifts() == [nope, style]
