"""Keep on disk what is known of each order of a run, so that a run that was killed can go on.

One SQLite file. It holds numbers, verdicts, times and the words of errors, which are bounded and name nobody; no
token, name, address or letter. Every row says `in_flight` before its order is sent and the verdict after, each in a
transaction that has reached the disk (WAL, synchronous FULL) before the run goes on. Beside the orders it holds where
their answers left the contract: names of fields and types, never a value.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, Self, TypeAlias

from attrs import field, fields, frozen

from thanksio._hour import closes
from thanksio.bulk import Work
from thanksio.drift import Drift
from thanksio.errors import ConfigurationError, JournalError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from types import TracebackType

    from thanksio.bulk import Verdict

State: TypeAlias = "Literal['waiting', 'in_flight'] | Verdict"

_FORMAT = 1  # of the tables; PRAGMA user_version
_OURS = 0x74686B73  # "thks"; PRAGMA application_id
_TABLES = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE runs (run INTEGER PRIMARY KEY, began REAL NOT NULL, ended REAL);
CREATE TABLE drifts (
    pointer TEXT NOT NULL, kind TEXT NOT NULL, json_type TEXT NOT NULL,
    PRIMARY KEY (pointer, kind, json_type)
) WITHOUT ROWID;
CREATE TABLE orders (
    order_id INTEGER PRIMARY KEY,
    place INTEGER NOT NULL,                    -- the order in which they were given
    run INTEGER NOT NULL,                      -- the last run that was given it
    todo INTEGER NOT NULL,                     -- whether that run has still to send it
    placed REAL, closes REAL,                  -- Unix times of its hour, if anybody said when it was placed
    state TEXT NOT NULL DEFAULT 'waiting',     -- waiting, in_flight, or a verdict
    settled INTEGER NOT NULL DEFAULT 0,        -- whether it need not be sent again
    attempts INTEGER NOT NULL DEFAULT 0,       -- requests, over all runs
    seconds REAL NOT NULL DEFAULT 0,           -- of the last call
    first_sent REAL, sent REAL, decided REAL,  -- Unix times
    status TEXT NOT NULL DEFAULT '',           -- the order's status word, or the HTTP status of the answer
    kind TEXT NOT NULL DEFAULT '',             -- class of the error
    error TEXT NOT NULL DEFAULT '',            -- its words
    cents INTEGER,                             -- authorization_total, in US cents
    allowed INTEGER,                           -- requests that the account might make in a minute then
    contract TEXT NOT NULL DEFAULT ''          -- version of openapi.yaml
);
CREATE INDEX work ON orders (closes, place) WHERE todo = 1;
CREATE INDEX places ON orders (place);
"""
# The hour that ends first goes first; then those of which nobody knows; those whose hour is over go last.
_NEXT = (
    "closes > :now ORDER BY closes, place",
    "closes IS NULL ORDER BY place",
    "closes <= :now ORDER BY closes, place",
)


@frozen
class Entry:
    """What a journal says of one order. Times are Unix times, money is US cents."""

    order_id: int
    state: State
    placed: float | None
    closes: float | None
    attempts: int
    seconds: float
    first_sent: float | None
    sent: float | None
    decided: float | None
    status: str
    kind: str
    error: str
    cents: int | None
    allowed: int | None
    contract: str
    settled: bool = field(converter=bool)  # it need not be sent again


_COLUMNS = ", ".join(column.name for column in fields(Entry))


class Journal:
    """A journal that this process has opened; no other can open it until it is closed, or the process has ended.

    `base_url` says where its orders are sent: a journal stays with the server that it began with. Without one it is
    opened to be looked at, and must exist. Raises ConfigurationError if it cannot be used, and JournalError when a
    write fails later.
    """

    def __init__(self, path: str | os.PathLike[str], base_url: str | None = None) -> None:
        self.path = os.fspath(path)
        if base_url is None and not (os.path.isfile(self.path) and os.path.getsize(self.path)):  # noqa: PTH113, PTH202
            raise ConfigurationError(f"There is no journal at {self.path}.")
        try:
            self._db = sqlite3.connect(self.path, timeout=0, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise ConfigurationError(f"The journal {self.path} cannot be opened: {error}. Nothing was sent.") from None
        try:
            self._open(base_url)
        except BaseException:
            self._db.close()
            raise
        self._run = 0

    def _open(self, base_url: str | None) -> None:
        try:
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("BEGIN EXCLUSIVE")  # from here on it is ours alone
            self._check(base_url)
            self._db.execute("COMMIT")
            self._db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            busy = "locked" in str(error) or "busy" in str(error)
            why = (
                "is in use: another run is going on with it. Wait until it ends" if busy else f"cannot be used: {error}"
            )
            raise ConfigurationError(f"The journal {self.path} {why}. Nothing was sent.") from None
        except sqlite3.DatabaseError:
            raise self._foreign() from None

    def _foreign(self) -> ConfigurationError:
        return ConfigurationError(f"{self.path} is no journal of this program. Nothing was sent. Name another file.")

    def _check(self, base_url: str | None) -> None:
        """Make the tables in a new file, and refuse one that is not ours or belongs to another server."""
        ours, version = self._pragma("application_id"), self._pragma("user_version")
        if ours == 0 and not self._db.execute("SELECT 1 FROM sqlite_master").fetchone() and base_url is not None:
            for statement in _TABLES.split(";\n"):
                self._db.execute(statement)
            self._db.execute(f"PRAGMA application_id = {_OURS}")
            self._db.execute(f"PRAGMA user_version = {_FORMAT}")
            self._db.execute("INSERT INTO facts VALUES ('base_url', ?)", (base_url,))
        elif ours != _OURS or version != _FORMAT:
            raise self._foreign()
        elif base_url not in {None, self.base_url}:
            raise ConfigurationError(
                f"The journal {self.path} is of orders at {self.base_url}, not at {base_url}. Nothing was sent. "
                "Name another file."
            )

    def _pragma(self, name: str) -> int:
        return int(self._db.execute(f"PRAGMA {name}").fetchone()[0])

    @property
    def base_url(self) -> str:
        """Where the orders of this journal are sent."""
        (value,) = self._db.execute("SELECT value FROM facts WHERE name = 'base_url'").fetchone()
        return str(value)

    @contextmanager
    def loading(self) -> Generator[None]:
        """Begin a run: all that is added within is kept together, or nothing of it."""
        with self._writing():
            self._db.execute("BEGIN")
            try:
                self._db.execute("UPDATE orders SET todo = 0 WHERE todo = 1")
                cursor = self._db.execute("INSERT INTO runs (began) VALUES (?)", (time.time(),))
                self._run = cursor.lastrowid or 0
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def add(self, orders: Iterable[tuple[int, float | None]]) -> None:
        """Give orders to the run, each with the Unix time at which it was placed; one that is known is not doubled."""
        (last,) = self._db.execute("SELECT coalesce(max(place), 0) FROM orders").fetchone()
        self._db.executemany(
            "INSERT INTO orders (order_id, place, run, todo, placed, closes) VALUES (?, ?, ?, 1, ?, ?) "
            "ON CONFLICT (order_id) DO UPDATE SET run = excluded.run, todo = 1 - settled, "
            "placed = coalesce(excluded.placed, placed), closes = coalesce(excluded.closes, closes)",
            (
                (order_id, place, self._run, placed, closes(placed))
                for place, (order_id, placed) in enumerate(orders, last + 1)
            ),
        )

    def next(self) -> Work | None:
        """Give the order whose turn it is, and write down that it is being sent. None if all are sent."""
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
                "UPDATE orders SET state = 'in_flight', todo = 0, sent = ?1, first_sent = coalesce(first_sent, ?1) "
                "WHERE order_id = ?2",
                (now, row[0]),
            )
            return Work(int(row[0]), doubt=row[1] in {"in_flight", "unknown"})

    def settle(self, entry: Entry) -> None:
        """Write down what came of an order in flight, once: `attempts` are added to those of earlier runs."""
        with self._writing():
            self._db.execute(
                "UPDATE orders SET state = ?, settled = ?, attempts = attempts + ?, seconds = ?, decided = ?, "
                "status = ?, kind = ?, error = ?, cents = ?, allowed = ?, contract = ? "
                "WHERE order_id = ? AND state = 'in_flight'",
                (
                    *(
                        entry.state,
                        entry.settled,
                        entry.attempts,
                        entry.seconds,
                        entry.decided,
                        entry.status,
                        entry.kind,
                    ),
                    *(entry.error, entry.cents, entry.allowed, entry.contract, entry.order_id),
                ),
            )

    def settled_before(self) -> Iterator[Entry]:
        """Give the orders of this run that earlier ones have settled."""
        return self._entries("run = ? AND settled = 1 AND todo = 0", self._run)

    def left(self) -> Iterator[Entry]:
        """Give the orders of this run that it has not sent, in the order of their turn without regard to the clock."""
        return self._entries("run = ? AND todo = 1", self._run)

    def entries(self) -> Iterator[Entry]:
        """Give all orders, as they were given."""
        return self._entries("1")

    def _entries(self, where: str, *values: object) -> Iterator[Entry]:
        """Read page by page, so that a journal can be written while it is read."""
        place = -1
        while True:
            rows = self._db.execute(
                f"SELECT place, {_COLUMNS} FROM orders WHERE place > ? AND {where} ORDER BY place LIMIT 500",  # noqa: S608
                (place, *values),
            ).fetchall()
            yield from (Entry(*row[1:]) for row in rows)
            if not rows:
                return
            place = rows[-1][0]

    def totals(self) -> dict[State, tuple[int, int]]:
        """Give for each state how many orders are in it, and the US cents that were authorized for them."""
        rows = self._db.execute("SELECT state, count(*), coalesce(sum(cents), 0) FROM orders GROUP BY state").fetchall()
        return {state: (int(count), int(cents)) for state, count, cents in rows}

    def runs(self) -> list[tuple[float, float | None]]:
        """Give the Unix times at which each run began and ended; None for one that was killed, or goes on."""
        return [(began, ended) for began, ended in self._db.execute("SELECT began, ended FROM runs ORDER BY run")]

    def note(self, drifts: Iterable[Drift]) -> None:
        """Write down where answers left the contract; what is known already is not doubled."""
        with self._writing():
            self._db.executemany(
                "INSERT OR IGNORE INTO drifts VALUES (?, ?, ?)",
                ((drift.pointer, drift.kind, drift.json_type) for drift in drifts),
            )

    def drifts(self) -> list[Drift]:
        """Give where the answers of all runs left the contract, sorted."""
        return [Drift(*row) for row in self._db.execute("SELECT * FROM drifts ORDER BY pointer, kind, json_type")]

    @contextmanager
    def _writing(self) -> Generator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise JournalError(
                f"The journal {self.path} cannot be written: {error}. What was sent is known up to there. "
                f"{JournalError.advice}"
            ) from error

    def end(self) -> None:
        """Write down that the run has ended."""
        with self._writing():
            self._db.execute("UPDATE runs SET ended = ? WHERE run = ?", (time.time(), self._run))

    def close(self) -> None:
        """Let others open it."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
