"""The file of a journal: one file between transactions, one process at a time, and never an error of SQLite."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import traceback
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from calls import no_file_left
from conftest import ROOT, Collect

from thanksio import ConfigurationError, JournalError
from thanksio.bulk._journal import Journal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from thanksio.testing import FakeThanksIO

BASE = "https://api.thanks.io/api/v2"

RUN = """
import sys
from thanksio import ThanksIO
with ThanksIO(sys.argv[1], base_url=sys.argv[2]) as client:
    for result in client.cancel_orders(range(100000, 100060), journal=sys.argv[3], pace=False):
        print(result.verdict, flush=True)
"""
OPEN = "import sys; from thanksio.bulk._journal import Journal; Journal(sys.argv[1], sys.argv[2])"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.journal"


def opened_elsewhere(path: Path) -> str:
    """Open the journal in another process, and return its last line of stderr."""
    done = subprocess.run(
        [sys.executable, "-c", OPEN, str(path), BASE], check=False, capture_output=True, text=True, cwd=ROOT
    )
    return done.stderr.strip().rpartition("\n")[2]


def filled(path: Path, count: int = 40) -> None:
    with Journal(path, BASE) as journal:
        with journal.loading():
            journal.add((number, 1755189764.0) for number in range(1, count + 1))
        for _ in range(count // 2):
            journal.next()


@pytest.mark.parametrize("lines", [1, 20, 40])
def test_the_journal_file_of_a_killed_run_is_enough(fake: FakeThanksIO, tmp_path: Path, lines: int) -> None:
    """Neither it nor a copy of it needs a file beside it."""
    for number in range(100000, 100060):
        fake.place(number)
    command = [sys.executable, "-c", RUN, fake.token, fake.base_url]
    with subprocess.Popen([*command, str(tmp_path / "first")], stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout
        for _ in range(lines):
            process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
    (tmp_path / "elsewhere").mkdir()
    copied = shutil.copy(tmp_path / "first", tmp_path / "elsewhere" / "second")
    with Journal(copied) as journal:
        known = {entry.order_id: entry.state for entry in journal.entries()}
    calls = len(fake.calls)

    last = subprocess.run([*command, copied], check=True, capture_output=True, text=True, cwd=ROOT)

    cancelled = {number for number, state in known.items() if state == "cancelled"}
    assert len(known) == 60
    assert len(cancelled) >= lines - 1
    assert {number for number, state in known.items() if state == "waiting"} <= {
        int(call.path.split("/")[-2]) for call in fake.calls[calls:]
    }
    assert not cancelled & {int(call.path.split("/")[-2]) for call in fake.calls[calls:]}
    assert last.stdout.split() == ["cancelled"] * 60


def test_during_a_run_no_other_file_has_data(path: Path) -> None:
    with Journal(path, BASE) as journal:
        with journal.loading():
            journal.add([(37294, None), (42708, None)])
        journal.next()

        assert {file.name: file.stat().st_size > 0 for file in path.parent.iterdir()} == {
            "run.journal": True,
            "run.journal-journal": False,
            "run.journal.lock": False,
        }
        with closing(sqlite3.connect(shutil.copy(path, path.with_name("copy")))) as copy:
            assert copy.execute("SELECT state FROM orders").fetchall() == [("in_flight",), ("waiting",)]

    assert sorted(file.name for file in path.parent.iterdir()) == ["copy", "run.journal", "run.journal.lock"]


def test_a_journal_in_the_former_mode_is_taken_over(path: Path) -> None:
    filled(path)
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")

    with Journal(path) as journal:
        assert journal.totals() == {"in_flight": (20, 0), "waiting": (20, 0)}
        assert not path.with_name("run.journal-wal").exists()


def test_a_backup_by_the_same_process_does_not_admit_another_one(path: Path) -> None:
    """Closing any descriptor of the file drops SQLite's own POSIX locks."""
    with Journal(path, BASE):
        shutil.copy(path, path.with_name("backup"))

        assert "is in use: another run is using it" in opened_elsewhere(path)

    assert opened_elsewhere(path) == ""


@pytest.mark.parametrize("name", ["a symbolic link", "itself"])
def test_a_journal_is_in_use_under_any_of_its_names(path: Path, name: str) -> None:
    other = path
    if name == "a symbolic link":
        other = path.with_name("link")
        other.symlink_to(path)

    with Journal(path, BASE), pytest.raises(ConfigurationError, match="is in use"):
        Journal(other, BASE)


def test_sqlites_own_lock_counts_as_well(path: Path) -> None:
    filled(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")

        with pytest.raises(ConfigurationError, match="is in use"):
            Journal(path, BASE)


def test_the_lock_of_a_process_that_was_killed_is_gone(path: Path) -> None:
    code = f"{OPEN}; import os; journal = Journal(sys.argv[1] + '2', sys.argv[2]); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", code, str(path), BASE], check=False, cwd=ROOT)

    with Journal(f"{path}2") as journal:
        assert journal.totals() == {}


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_does_not_hold_the_journal(path: Path) -> None:
    """It may live longer than the run. What it does with the journal fails, and changes nothing."""
    journal = Journal(path, BASE)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - coverage is not measured after os._exit
        code = 1
        try:
            os.close(writing)
            try:
                journal.totals()
            except JournalError:
                code = 0
            journal.close()
            os.read(reading, 1)
        except BaseException:  # noqa: BLE001 - it must not go on as a test run
            traceback.print_exc()
            code = 1
        os._exit(code)
    os.close(reading)

    with journal.loading():
        journal.add([(37294, None)])
    before = opened_elsewhere(path)
    journal.close()
    after = opened_elsewhere(path)
    os.close(writing)
    _, status = os.waitpid(child, 0)

    assert "is in use" in before
    assert after == ""
    assert os.waitstatus_to_exitcode(status) == 0
    with Journal(path) as again:
        assert again.totals() == {"waiting": (1, 0)}


@pytest.mark.parametrize(
    "name", ["", ":memory:", "file:x?mode=memory", "file::memory:?cache=shared", "a\0b", "a\ud800", b"", "."]
)
def test_what_is_no_file_name_is_refused(
    collect: Collect, fake: FakeThanksIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: Any
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ConfigurationError, match="Nothing was sent"):
        collect(fake, [37294], journal=name)

    assert fake.calls == []
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_is_refused(path: Path) -> None:
    os.mkfifo(path)

    with pytest.raises(ConfigurationError, match="is not a journal"):
        Journal(path, BASE)


def used(path: Path) -> None:
    """Do everything that a run and its report do."""
    with Journal(path, BASE) as journal:
        with journal.loading():
            journal.add((number, None) for number in range(1, 60))
        list(journal.settled_before())
        list(journal.left())
        while journal.next():
            pass
        list(journal.entries())
        journal.totals()
        journal.runs()
        journal.drifts()
        journal.end()


def refused(path: Path) -> bool:
    try:
        used(path)
    except (ConfigurationError, JournalError):
        return True
    return False


def test_a_journal_that_was_cut_off_is_refused(path: Path) -> None:
    filled(path, 200)
    whole = path.read_bytes()

    for size in range(512, len(whole), 512):
        path.write_bytes(whole[:size])
        assert refused(path), size
    path.write_bytes(whole)
    assert not refused(path)


def test_damage_that_sqlite_quotes_in_its_message_leaves_no_file_and_no_lock(path: Path) -> None:
    """Such a message need not be UTF-8, so Python raises a UnicodeDecodeError in place of SQLite's error."""
    filled(path)
    path.write_bytes(path.read_bytes().replace(b"kind, json_type)", b"kind, json\xb5type)"))

    with no_file_left():
        for _ in range(2):
            with pytest.raises(ConfigurationError, match="is damaged"):
                Journal(path, BASE)


@pytest.mark.parametrize("seed", range(60))
def test_random_bytes_in_a_journal_are_an_error_of_ours(path: Path, seed: int) -> None:
    """Or they are in text that nothing depends on."""
    chance = random.Random(seed)  # noqa: S311
    filled(path)
    damaged = bytearray(path.read_bytes())
    for _ in range(chance.choice([1, 8, 64])):
        start = chance.randrange(len(damaged))
        damaged[start : start + chance.choice([1, 4, 300])] = chance.randbytes(chance.choice([1, 4, 300]))
    path.write_bytes(damaged)

    refused(path)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE orders SET state = 'lost'",
        "UPDATE orders SET settled = 'x'",
        "UPDATE orders SET decided = 9e300",
        "UPDATE runs SET began = 'x'",
        "UPDATE drifts SET kind = x''",
        "DELETE FROM facts",
        "DROP TABLE runs",
        "ALTER TABLE orders DROP COLUMN cents",
        "PRAGMA user_version = 2",
    ],
)
def test_a_journal_that_something_else_changed_is_refused(path: Path, change: str) -> None:
    filled(path)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("INSERT INTO drifts VALUES ('/a', 'b', 'c')")
        database.execute(change)

    assert refused(path)


def not_sqlite(path: Path) -> None:
    path.write_bytes(random.Random(0).randbytes(5000))  # noqa: S311


def of_another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE orders (order_id)")
        database.execute("PRAGMA application_id = 7")


def short(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0")


@pytest.mark.parametrize("made", [not_sqlite, of_another_program, short])
def test_another_file_is_left_as_it_is(path: Path, made: Callable[[Path], None]) -> None:
    made(path)
    content = path.read_bytes()

    with pytest.raises(ConfigurationError, match="is not a journal of this version"):
        Journal(path, BASE)

    assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


def test_an_amount_that_no_order_has_is_not_kept(collect: Collect, fake: FakeThanksIO, path: Path) -> None:
    """One order never stops a run, and a sum never exceeds 64 bits."""
    amounts = [2**63 - 1, 2**63, 2**62, 2**62, -1, 267]
    ids = [fake.place(authorization_total=amount).id for amount in amounts]

    results = collect(fake, ids, journal=path)

    assert [result.verdict for result in results] == ["cancelled"] * len(ids)
    with Journal(path) as journal:
        assert journal.totals() == {"cancelled": (len(ids), 267)}
        assert sorted(entry.cents or 0 for entry in journal.entries()) == [0] * 5 + [267]


@pytest.mark.parametrize("placed", [10**400, float("inf"), -(10**12)], ids=lambda v: str(v)[:9])
def test_a_number_that_is_no_time_in_seconds_is_refused(
    collect: Collect, fake: FakeThanksIO, path: Path, placed: float
) -> None:
    with pytest.raises(ConfigurationError, match="The time of order 37294 is not a time"):
        collect(fake, [(37294, placed)], journal=path)

    assert fake.calls == []


@pytest.mark.parametrize(("placed", "seconds"), [(1755189764000, 1755189764.0), (float("nan"), None)])
def test_milliseconds_and_missing_values_are_read_as_what_they_are(
    collect: Collect, fake: FakeThanksIO, path: Path, placed: float, seconds: float | None
) -> None:
    collect(fake, [(37294, placed)], journal=path)

    with Journal(path) as journal:
        assert [entry.placed for entry in journal.entries()] == [seconds]
