"""Read and check everything before anything is sent: orders, journal, token and confirmation."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
from attrs import frozen

from thanksio.bulk._journal import Journal
from thanksio.cli._format import Exit, pluralize
from thanksio.cli._progress import say
from thanksio.cli.input import read_arguments, read_file
from thanksio.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Sequence
    from datetime import tzinfo

    from thanksio.cli.input import Orders, Problem, Selection
    from thanksio.cli.input._rows import Rows

_NAMED = 20  # bad rows that are named
_LONGEST = 10_000  # characters; a longer file is not a token file
_OTHERS = 0o077  # permissions for users other than the owner


class Declined(click.ClickException):
    """The operator was asked for confirmation, and declined."""

    exit_code = Exit.NOT_CANCELLED


@frozen
class Input:
    """The orders as they were passed: ids, or a file at `path`, called `name` in messages."""

    ids: tuple[str, ...]
    path: str | None
    name: str

    def read(self, selection: Selection, rows: Rows | None = None) -> Orders:
        """Read them. Raises OSError if the file cannot be read."""
        if self.path is None:
            return read_arguments(self.ids, rows)
        with click.open_file(self.path, "rb") as stream:
            return read_file(cast("BinaryIO", stream), self.name, selection, rows)


@contextmanager
def opened_input(ids: tuple[str, ...], source: str | None, *, is_read_twice: bool) -> Generator[Input]:
    """Yield the input. A pipe or standard input that is read twice is copied to a temporary file first."""
    name = "stdin" if source == "-" else source or ""
    if source is None or not is_read_twice or _is_file(source):
        yield Input(ids, source, name)
        return
    with click.open_file(source, "rb") as stream, tempfile.NamedTemporaryFile() as copy:  # for its owner only
        shutil.copyfileobj(cast("BinaryIO", stream), copy)
        copy.flush()
        yield Input(ids, copy.name, name)


def _is_file(source: str) -> bool:
    return source != "-" and Path(source).is_file()


def read_orders(given: Input, selection: Selection, *, skip_bad_rows: bool) -> Orders:
    """Read the orders, and name each bad row. Raises UsageError for bad rows, unless they are to be skipped."""
    if given.path is None and (selection.id_column or selection.where):
        raise click.UsageError("--id-column and --where need a file. Add --from FILE.")
    orders = given.read(selection)
    _name(orders.problems, orders.bad)
    _name(orders.warnings, orders.unread)
    if orders.bad and not orders.placed:
        raise click.UsageError("No order id can be read. Correct the input.")
    if orders.bad and not skip_bad_rows:
        what, them = pluralize(orders.bad, "id" if given.path is None else "row"), "it" if orders.bad == 1 else "them"
        raise click.UsageError(f"{what} cannot be read. Correct {them}, or skip {them} with --skip-bad-rows.")
    if not orders.placed:
        none = f" None of {pluralize(orders.unselected, 'row')} matches --where." if orders.unselected else ""
        raise click.UsageError(f"There are no orders to cancel.{none}")
    return orders


def _name(problems: Sequence[Problem], count: int) -> None:
    for problem in problems[:_NAMED]:
        say(f"{problem.place}: {problem.why}", err=True)
    if count > _NAMED:
        say(f"and {count - _NAMED:,} more", err=True)


def zone_of(name: str) -> tzinfo:
    """Return the time zone of a name in the database of IANA. Raises UsageError if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # an absolute path; a folder
        raise click.UsageError(f"Unknown time zone {name!r}. Example: --timezone America/New_York.") from None


def condition(text: str) -> tuple[str, str]:
    """Return the column and value of a condition. Raises UsageError if it is not COLUMN=VALUE."""
    column, equals, value = text.partition("=")
    if not equals or not column.strip():
        raise click.UsageError(f"Invalid --where {text!r}. Example: --where campaign=May.")
    return column.strip(), value


def journal_path(
    order_ids: Collection[int], source: str | None, given: str | None, *, none: bool, is_needed: bool = False
) -> str | None:
    """Return the path of the journal, so that the same command finds it again: as given, or beside the file.

    For orders that are in no file it is made from their numbers. A single order has none unless it is needed.
    """
    if given and none:
        raise click.UsageError("Use --journal or --no-journal, not both.")
    if given or none:
        return given
    if source and _is_file(source):  # not a pipe, such as <(...)
        return f"{source}.journal"
    if len(order_ids) == 1 and not is_needed:
        return None
    digest = hashlib.sha256("\n".join(map(str, sorted(order_ids))).encode()).hexdigest()
    return f"thanksio-{digest[:8]}.journal"


@frozen
class EarlierRun:
    """What a journal knows of earlier runs: the settled orders, and the requests a minute that were allowed last."""

    settled: frozenset[int] = frozenset()
    allowed: int | None = None


def earlier_run(path: str | None, base_url: str) -> EarlierRun:
    """Return what the journal at `path` knows. Raises ConfigurationError if it cannot be used."""
    if path is None or not Path(path).exists():
        return EarlierRun()
    settled: set[int] = set()
    latest, allowed = 0.0, None
    with Journal(path, base_url) as journal:
        for entry in journal.entries():
            if entry.settled:
                settled.add(entry.order_id)
            if (entry.allowed or 0) > 0 and (entry.decided or 0.0) >= latest:
                latest, allowed = entry.decided or 0.0, entry.allowed
    return EarlierRun(frozenset(settled), allowed)


def read_token(path: str | None) -> str | None:
    """Return the token of a file, None if it is in the environment. Raises ConfigurationError if there is none."""
    if path is None:
        if not os.environ.get("THANKSIO_TOKEN", "").strip():
            raise ConfigurationError(
                "There is no token. Set THANKSIO_TOKEN, or pass a file that contains it: --token-file."
            )
        return None
    try:
        with Path(path).open(encoding="ascii") as file:
            mode = os.fstat(file.fileno()).st_mode
            token = file.read(_LONGEST).strip()
    except OSError as error:
        raise ConfigurationError(f"The token file {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:  # from None: it would quote the token
        raise ConfigurationError(f"The token file {path} does not contain a token.") from None
    if os.name == "posix" and mode & _OTHERS:
        say(f"thanksio: other users can read {path}. To prevent that: chmod 600 {path}", err=True)
    return token


def confirm(sending: int, *, yes: bool) -> None:
    """Ask before more than one order is cancelled. Raises UsageError without a terminal, Declined for a no."""
    if yes or sending <= 1:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise click.UsageError(
            f"{pluralize(sending)} would be cancelled, and there is no terminal to confirm. Add --yes."
        )
    if not click.confirm(f"Cancel {pluralize(sending)}? This cannot be undone.", err=True):
        raise Declined("Nothing was sent.")
