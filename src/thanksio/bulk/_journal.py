"""Keep the results of a run on disk, so that a run that was killed can be continued.

One SQLite file with order ids, verdicts, times and shortened error texts; no token, name, address or letter. The
row of an order says `in_flight` before the order is sent and holds its verdict afterwards, each in a transaction that
has reached the disk before the run continues. Between transactions everything is in this file: SQLite's rollback
journal is empty then. It also holds the rows of the input that were skipped, and where responses did not match the
contract: names of fields and types, never a value.

A lock file beside it (`.lock`) admits one process. SQLite's own locks do not: POSIX drops them when any code of this
process closes the journal file, a backup for example.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
import time
from contextlib import contextmanager, suppress
from types import NoneType
from typing import TYPE_CHECKING, Any, Self, get_args

from attrs import asdict

from thanksio._config import renew_after_fork
from thanksio.bulk._results import MAX_CENTS, JournalRow, State
from thanksio.bulk._run import Job
from thanksio.bulk._window import is_time, window_end
from thanksio.drift import Drift
from thanksio.errors import ConfigurationError, JournalError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from types import TracebackType

if sys.platform == "win32":  # pragma: no cover
    import msvcrt

    def _lock(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


_FORMAT = 3  # of the tables; PRAGMA user_version
_OURS = 0x74686B73  # "thks"; PRAGMA application_id
_TABLES = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE runs (run INTEGER PRIMARY KEY, began REAL NOT NULL, ended REAL);
CREATE TABLE drifts (
    pointer TEXT NOT NULL, kind TEXT NOT NULL, json_type TEXT NOT NULL,
    PRIMARY KEY (pointer, kind, json_type)
) WITHOUT ROWID;
CREATE TABLE skipped (place TEXT NOT NULL, reason TEXT NOT NULL, UNIQUE (place, reason));
CREATE TABLE orders (
    order_id INTEGER PRIMARY KEY,
    place INTEGER NOT NULL,                    -- the order in which they were given
    run INTEGER NOT NULL,                      -- the last run that was given it
    todo INTEGER NOT NULL,                     -- whether that run has still to send it
    placed REAL, closes REAL,                  -- Unix times of its cancellation window, if they are known
    state TEXT NOT NULL DEFAULT 'waiting',     -- waiting, in_flight, or a verdict
    settled INTEGER NOT NULL DEFAULT 0,        -- whether it need not be sent again
    was_unknown INTEGER NOT NULL DEFAULT 0,    -- whether an earlier run ended with an unknown outcome
    attempts INTEGER NOT NULL DEFAULT 0,       -- requests, over all runs
    seconds REAL NOT NULL DEFAULT 0,           -- of the last call
    first_sent REAL, sent REAL, decided REAL,  -- Unix times
    status TEXT NOT NULL DEFAULT '',           -- the order's status, or the HTTP status of the response
    kind TEXT NOT NULL DEFAULT '',             -- class of the error
    error TEXT NOT NULL DEFAULT '',            -- its text
    request_id TEXT NOT NULL DEFAULT '',       -- of the last response, by CF-RAY
    server_date TEXT NOT NULL DEFAULT '',      -- of the last response
    cents INTEGER,                             -- authorization_total, in US cents
    allowed INTEGER,                           -- requests that the account might make in a minute then
    contract TEXT NOT NULL DEFAULT ''          -- version of openapi.yaml
);
CREATE INDEX work ON orders (closes, place) WHERE todo = 1;
CREATE INDEX places ON orders (place);
"""
# The window that ends first goes first, then orders of unknown time, then those whose window is over.
_NEXT = (
    "closes > :now ORDER BY closes, place",
    "closes IS NULL ORDER BY place",
    "closes <= :now ORDER BY closes, place",
)


# What each column may hold. A file that was damaged can hold anything.
_COLUMNS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("order_id", "attempts", "settled", "was_unknown"), (int,)),
    **dict.fromkeys(("cents", "allowed"), (int, NoneType)),
    **dict.fromkeys(("state", "status", "kind", "error", "request_id", "server_date", "contract"), (str,)),
    **dict.fromkeys(("placed", "closes", "first_sent", "sent", "decided"), (float, NoneType)),
    "seconds": (float,),
}
_FAILURES = (sqlite3.Error, UnicodeDecodeError)  # the latter if a message of SQLite quotes damaged text
_MAY_BE_CANCELLED = frozenset({"in_flight", "unknown"})
_SHOWN = 200  # characters of a skipped row's place and reason
_DAMAGED = "is damaged: {}. Nothing was sent. Restore a copy of it, or choose another file"
_HEADER = 72  # bytes, at the end of which SQLite keeps the application's id: https://sqlite.org/fileformat.html
# A closed connection in place of one that a forked child inherited: https://sqlite.org/howtocorrupt.html#_carrying_an_open_database_connection_across_a_fork_
_NO_CONNECTION = sqlite3.connect(":memory:", check_same_thread=False)
_NO_CONNECTION.close()
_inherited: list[sqlite3.Connection] = []  # never closed, because that could write


def _is_file_name(path: str) -> bool:
    try:
        is_text = bool(path) and b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        return False
    return is_text and path != ":memory:" and not path.startswith("file:")  # names with a special meaning in SQLite


class Journal:
    """A journal that this process has opened; no other can open it until it is closed, or the process has ended.

    `base_url` says where its orders are sent: a journal stays with the server that it began with. Without one it is
    opened to be looked at, and must exist. Raises ConfigurationError if it cannot be used, and JournalError when a
    write fails later.
    """

    def __init__(self, path: str | os.PathLike[str], base_url: str | None = None) -> None:
        self.path: str = os.fsdecode(path)
        self._run = 0
        self._using = threading.RLock()  # SQLite crashes if it is closed while another thread uses it
        if not _is_file_name(self.path):
            raise ConfigurationError(f"{self.path!r} is not a valid name for a journal file. Nothing was sent.")
        file = os.path.realpath(self.path)
        try:
            self._look_at(file, base_url)
            self._lock_file = os.open(f"{file}.lock", os.O_RDWR | os.O_CREAT, 0o666)
            self._db = _NO_CONNECTION
            try:
                self._take_lock()
                self._db = sqlite3.connect(file, timeout=0, isolation_level=None, check_same_thread=False)
                self._open(base_url)
            except BaseException:
                self.close()
                raise
        except (OSError, sqlite3.OperationalError) as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                raise self._in_use() from None
            why = getattr(error, "strerror", None) or error
            raise ConfigurationError(f"The journal {self.path} cannot be opened: {why}. Nothing was sent.") from None
        except (sqlite3.Error, JournalError, ValueError) as error:
            if isinstance(error, ConfigurationError):
                raise
            raise ConfigurationError(f"The journal {self.path} {_DAMAGED.format(error)}.") from None
        renew_after_fork(self)

    def _look_at(self, file: str, base_url: str | None) -> None:
        """Raise ConfigurationError if the file is not a journal, without creating files beside it."""
        is_there = os.path.exists(file)  # noqa: PTH110 - a text, and not loading pathlib
        if is_there and os.path.isdir(file):  # noqa: PTH112
            raise ConfigurationError(f"{self.path} is a folder. Nothing was sent. Choose a file for the journal.")
        if is_there and not os.path.isfile(file):  # noqa: PTH113
            raise self._foreign()
        start = b""
        if is_there:
            with open(file, "rb") as opened:  # noqa: PTH123
                start = opened.read(_HEADER)
        if not start and base_url is None:
            raise ConfigurationError(f"There is no journal at {self.path}.")
        if start and (len(start) < _HEADER or not start.startswith(b"SQLite format 3\0")):
            raise self._foreign()
        if start and int.from_bytes(start[-4:], "big") not in {0, _OURS}:
            raise self._foreign()

    def _take_lock(self) -> None:
        try:
            _lock(self._lock_file)
        except (BlockingIOError, PermissionError):
            raise self._in_use() from None

    def _open(self, base_url: str | None) -> None:
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("BEGIN EXCLUSIVE")
        self._check(base_url)
        self._db.execute("COMMIT")
        self._db.execute("PRAGMA journal_mode = TRUNCATE")

    def _in_use(self) -> ConfigurationError:
        return ConfigurationError(
            f"The journal {self.path} is in use: another run is using it. Wait until it ends. Nothing was sent."
        )

    def _foreign(self) -> ConfigurationError:
        return ConfigurationError(
            f"{self.path} is not a journal of this version. Nothing was sent. Choose another file."
        )

    def _check(self, base_url: str | None) -> None:
        """Create the tables in a new file, and reject a file that is not a journal or is for another server."""
        ours, version = self._pragma("application_id"), self._pragma("user_version")
        if ours == 0 and not self._db.execute("SELECT 1 FROM sqlite_master").fetchone() and base_url is not None:
            for statement in _TABLES.split(";\n"):
                self._db.execute(statement)
            self._db.execute(f"PRAGMA application_id = {_OURS}")
            self._db.execute(f"PRAGMA user_version = {_FORMAT}")
            self._db.execute("INSERT INTO facts VALUES ('base_url', ?)", (base_url,))
        elif ours != _OURS or version != _FORMAT:
            raise self._foreign()
        elif (problem := self._db.execute("PRAGMA integrity_check(1)").fetchone()[0]) != "ok":
            raise sqlite3.DatabaseError(" ".join(str(problem).split()))
        elif base_url not in {None, self.base_url}:
            raise ConfigurationError(
                f"The journal {self.path} is of orders at {self.base_url}, not at {base_url}. Nothing was sent. "
                "Choose another file."
            )

    def _pragma(self, name: str) -> int:
        return int(self._db.execute(f"PRAGMA {name}").fetchone()[0])

    @property
    def base_url(self) -> str:
        """The base URL that the orders of this journal are sent to."""
        for (value,) in self._read("SELECT value FROM facts WHERE name = 'base_url'"):
            return str(value)
        raise self._damaged("its base URL is missing")

    @contextmanager
    def loading(self) -> Generator[None]:
        """Start a run in one transaction: if the block raises, nothing is added."""
        with self._writing():
            self._db.execute("BEGIN")
            try:
                self._db.execute("UPDATE orders SET todo = 0 WHERE todo = 1")
                cursor = self._db.execute("INSERT INTO runs (began) VALUES (?)", (time.time(),))
                self._run = cursor.lastrowid or 0
                yield
            except BaseException:
                with suppress(*_FAILURES):  # SQLite has already rolled back if the disk is full
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def add(self, orders: Iterable[tuple[int, float | None]]) -> None:
        """Add orders to the run, each with the Unix time at which it was placed; a known order is not added twice."""
        (last,) = self._read("SELECT coalesce(max(place), 0) FROM orders")[0]
        self._db.executemany(
            "INSERT INTO orders (order_id, place, run, todo, placed, closes) VALUES (?, ?, ?, 1, ?, ?) "
            "ON CONFLICT (order_id) DO UPDATE SET run = excluded.run, todo = 1 - settled, "
            "placed = coalesce(excluded.placed, placed), closes = coalesce(excluded.closes, closes)",
            (
                (order_id, place, self._run, placed, window_end(placed))
                for place, (order_id, placed) in enumerate(orders, last + 1)
            ),
        )

    def next(self) -> Job | None:
        """Return the next order, and write that it is in flight; None if all were sent."""
        with self._writing():
            now = time.time()
            for which in _NEXT:
                row = self._db.execute(
                    f"SELECT order_id, state FROM orders WHERE todo = 1 AND {which} LIMIT 1",  # noqa: S608 - our words
                    {"now": now},
                ).fetchone()
                if row:
                    break
            else:
                return None
            self._db.execute(
                "UPDATE orders SET state = 'in_flight', todo = 0, sent = :now, "
                "first_sent = coalesce(first_sent, :now), was_unknown = max(was_unknown, :unknown) "
                "WHERE order_id = :order_id",
                {"now": now, "order_id": row[0], "unknown": row[1] in _MAY_BE_CANCELLED},
            )
            return Job(int(row[0]), is_unknown=row[1] in _MAY_BE_CANCELLED)

    def settle(self, row: JournalRow) -> None:
        """Write the result of an order in flight; `attempts` are added to those of earlier runs."""
        with self._writing():
            self._db.execute(
                "UPDATE orders SET state = :state, settled = :settled, attempts = attempts + :attempts, "
                "seconds = :seconds, decided = :decided, status = :status, kind = :kind, error = :error, "
                "request_id = :request_id, server_date = :server_date, "
                "cents = :cents, allowed = :allowed, contract = :contract "
                "WHERE order_id = :order_id AND state = 'in_flight'",
                asdict(row),
            )

    def settled_before(self) -> Iterator[JournalRow]:
        """Yield the orders of this run that earlier runs have settled."""
        return self._rows("run = ? AND settled = 1 AND todo = 0", self._run)

    def left(self) -> Iterator[Job]:
        """Yield the orders of this run that it has not sent, in the order of the input."""
        for row in self._rows("run = ? AND todo = 1", self._run):
            yield Job(row.order_id, is_unknown=row.state in _MAY_BE_CANCELLED)

    def entries(self) -> Iterator[JournalRow]:
        """Yield all orders, in the order of the input."""
        return self._rows("1")

    def find(self, order_id: int) -> JournalRow | None:
        """Return what is known of an order, None if the journal does not have it."""
        rows = self._read(f"SELECT {', '.join(_COLUMNS)} FROM orders WHERE order_id = ?", (order_id,))  # noqa: S608
        return self._row(rows[0]) if rows else None

    def _rows(self, where: str, *values: object) -> Iterator[JournalRow]:
        """Read page by page, so that a journal can be written while it is read."""
        place = -1
        while True:
            rows = self._read(
                f"SELECT place, {', '.join(_COLUMNS)} FROM orders WHERE place > ? AND {where} ORDER BY place LIMIT 500",  # noqa: S608 - our words
                (place, *values),
            )
            for row in rows:
                yield self._row(row[1:])
            if not rows:
                return
            place = rows[-1][0]

    def _row(self, values: tuple[Any, ...]) -> JournalRow:
        known: dict[str, Any] = dict(zip(_COLUMNS, values, strict=True))
        times = (known["placed"], known["closes"], known["first_sent"], known["sent"], known["decided"])
        if (
            known["state"] not in get_args(State)
            or not all(isinstance(known[name], kinds) for name, kinds in _COLUMNS.items())
            or not all(moment is None or is_time(moment) for moment in (*times, known["seconds"]))
        ):
            raise self._damaged(f"its row of order {known['order_id']} cannot be read")
        known |= {name: bool(known[name]) for name in ("settled", "was_unknown")}
        return JournalRow(**known)

    def totals(self) -> dict[State, tuple[int, int]]:
        """Return for each state the number of its orders, and the US cents that were authorized for them."""
        rows = self._read(
            f"SELECT state, count(*), coalesce(sum(iif(cents BETWEEN 0 AND {MAX_CENTS}, cents, 0)), 0) "  # noqa: S608
            "FROM orders GROUP BY state"
        )
        return {state: (int(count), int(cents)) for state, count, cents in rows}

    def runs(self) -> list[tuple[float, float | None]]:
        """Return the Unix times at which each run began and ended; no end if it was killed or is active."""
        rows = self._read("SELECT began, ended FROM runs ORDER BY run")
        if not all(is_time(began) and (ended is None or is_time(ended)) for began, ended in rows):
            raise self._damaged("its runs cannot be read")
        return rows

    def note(self, drifts: Iterable[Drift]) -> None:
        """Write where responses did not match the contract, each difference once."""
        with self._writing():
            self._db.executemany(
                "INSERT OR IGNORE INTO drifts VALUES (?, ?, ?)",
                ((drift.pointer, drift.kind, drift.json_type) for drift in drifts),
            )

    def drifts(self) -> list[Drift]:
        """Return where the responses of all runs did not match the contract, sorted."""
        rows = self._read("SELECT pointer, kind, json_type FROM drifts ORDER BY pointer, kind, json_type")
        if not all(isinstance(value, str) for row in rows for value in row):
            raise self._damaged("its differences from the contract cannot be read")
        return [Drift(*row) for row in rows]

    def add_skipped(self, count: int, rows: Iterable[tuple[str, str]]) -> None:
        """Write how many rows of the input are not part of the run, and the first: where each is, and why."""
        with self._writing():
            self._db.execute("INSERT OR REPLACE INTO facts VALUES ('skipped', ?)", (str(count),))
            self._db.executemany(
                "INSERT OR IGNORE INTO skipped VALUES (?, ?)",
                ((place[:_SHOWN], reason[:_SHOWN]) for place, reason in rows),
            )

    def skipped(self) -> tuple[int, list[tuple[str, str]]]:
        """Return how many rows the last run skipped, and the first of those of all runs: where each is, and why."""
        counts = self._read("SELECT value FROM facts WHERE name = 'skipped'")
        rows = self._read("SELECT place, reason FROM skipped ORDER BY rowid")
        if not all(isinstance(value, str) for row in rows for value in row):
            raise self._damaged("its skipped rows cannot be read")
        count = int(counts[0][0]) if counts and str(counts[0][0]).isdecimal() else 0
        return max(count, len(rows)), rows

    def _read(self, query: str, values: tuple[object, ...] = ()) -> list[Any]:
        try:
            with self._using:
                return self._db.execute(query, values).fetchall()
        except _FAILURES as error:
            raise self._damaged(str(error)) from error

    def _damaged(self, why: str) -> JournalError:
        return JournalError(f"The journal {self.path} cannot be read: {why}.")

    @contextmanager
    def _writing(self) -> Generator[None]:
        try:
            with self._using:
                yield
        except _FAILURES as error:
            raise JournalError(
                f"The journal {self.path} cannot be written: {error}. It holds all results until now. "
                f"{JournalError.advice}"
            ) from error

    def end(self) -> None:
        """Write that the run has ended."""
        with self._writing():
            self._db.execute("UPDATE runs SET ended = ? WHERE run = ?", (time.time(), self._run))

    def close(self) -> None:
        """Close the file when no step uses it, so that others can open it."""
        with self._using:
            with suppress(*_FAILURES):  # leaves no empty file beside the journal
                self._db.execute("PRAGMA journal_mode = DELETE")
            self._db.close()
            self._release()

    def renew(self) -> None:
        """Release the journal in a forked child, which does not own it."""
        self._using = threading.RLock()
        _inherited.append(self._db)
        self._db = _NO_CONNECTION
        self._release()

    def _release(self) -> None:
        """Close the lock file, once."""
        file, self._lock_file = self._lock_file, -1
        with suppress(OSError):
            os.close(file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
