"""What is asked of the machine and of the person before anything is sent: orders, journal, token, and a yes."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from thanksio.bulk._journal import Journal
from thanksio.cli._screen import say
from thanksio.cli._wording import Exit, many
from thanksio.cli.input import read_arguments, read_file
from thanksio.cli.report import check_writable
from thanksio.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import tzinfo

    from thanksio.cli.input import Orders, Problem, Selection

_NAMED = 20  # bad rows that are named
_LONGEST = 10_000  # characters of a token file; what is longer holds something else
_OTHERS = 0o077  # permissions of a file for anybody but its owner


class Declined(click.ClickException):
    """The person was asked, and said no."""

    exit_code = Exit.NOT_CANCELLED


def read_orders(ids: Iterable[str], source: str | None, selection: Selection, *, skip_bad_rows: bool) -> Orders:
    """Read the orders, and name each bad row. Raises UsageError for bad rows, unless told to skip them."""
    if not source and (selection.id_column or selection.where):
        raise click.UsageError("--id-column and --where are about a file. Add --from FILE.")
    orders = _read(source, selection) if source else read_arguments(ids)
    _name(orders.problems, orders.bad)
    _name(orders.warnings, orders.unread)
    if orders.bad and not skip_bad_rows:
        what = many(orders.bad, "row" if source else "number")
        raise click.UsageError(f"{what} cannot be read. Correct that, or leave them out with --skip-bad-rows.")
    if not orders.placed:
        raise click.UsageError("There is no order to cancel.")
    return orders


def _name(problems: Sequence[Problem], count: int) -> None:
    for problem in problems[:_NAMED]:
        say(f"{problem.place}: {problem.why}", err=True)
    if count > _NAMED:
        say(f"and {count - _NAMED:,} more", err=True)


def _read(source: str, selection: Selection) -> Orders:
    with click.open_file(source, "rb") as stream:
        return read_file(cast("BinaryIO", stream), "stdin" if source == "-" else source, selection)


def zone_of(name: str) -> tzinfo:
    """Return the time zone of a name in the database of IANA. Raises UsageError if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # an absolute path; a folder
        raise click.UsageError(f"No time zone is called {name!r}. Example: --timezone America/New_York.") from None


def condition(text: str) -> tuple[str, str]:
    """Return the column and the value of a condition. Raises UsageError if it is none."""
    column, equals, value = text.partition("=")
    if not equals or not column.strip():
        raise click.UsageError(f"--where {text!r} is no condition. Example: --where campaign=May.")
    return column.strip(), value


def check_report(report: str | None, others: Iterable[str | None]) -> None:
    """Raise UsageError if the report would replace a file that is needed, or cannot be written."""
    if report is None:
        return
    path = Path(report)
    for other in filter(None, others):
        if path.resolve() == Path(other).resolve() or (path.exists() and _is_same(path, other)):
            raise click.UsageError(f"--report would overwrite {other}. Name another file.")
    try:
        check_writable(path)
    except OSError as error:
        raise click.UsageError(f"The report {report} cannot be written: {error.strerror}.") from None


def _is_same(path: Path, other: str) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return False


def journal_path(order_ids: Collection[int], source: str | None, given: str | None, *, none: bool) -> str | None:
    """Say where the journal is, so that the same command finds it again: as given, or beside the file.

    Orders that are in no file give it its name; a single one has none unless it is asked for.
    """
    if given and none:
        raise click.UsageError("Give --journal or --no-journal, not both.")
    if given or none:
        return given
    if source and source != "-" and Path(source).is_file():  # and no pipe, such as <(...)
        return f"{source}.journal"
    if len(order_ids) == 1:
        return None
    digest = hashlib.sha256("\n".join(map(str, sorted(order_ids))).encode()).hexdigest()
    return f"thanksio-{digest[:8]}.journal"


def settled_in(path: str | None, base_url: str) -> frozenset[int]:
    """Give the orders that an earlier run has settled. Raises ConfigurationError if the journal cannot be used."""
    if path is None or not Path(path).exists():
        return frozenset()
    with Journal(path, base_url) as journal:
        return frozenset(entry.order_id for entry in journal.entries() if entry.settled)


def read_token(path: str | None) -> str | None:
    """Read the token from a file; None leaves it to the environment. Raises ConfigurationError if there is none."""
    if path is None:
        if not os.environ.get("THANKSIO_TOKEN", "").strip():
            raise ConfigurationError(
                "There is no token. Set THANKSIO_TOKEN, or name a file that holds it: --token-file."
            )
        return None
    try:
        with Path(path).open(encoding="ascii") as file:
            mode = os.fstat(file.fileno()).st_mode
            token = file.read(_LONGEST).strip()
    except OSError as error:
        raise ConfigurationError(f"The token file {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:  # from None: it would quote the token
        raise ConfigurationError(f"The token file {path} holds something that is no token.") from None
    if os.name == "posix" and mode & _OTHERS:
        say(f"thanksio: others can read {path}. Keep the token to yourself: chmod 600 {path}", err=True)
    return token


def agreed(sending: int, *, yes: bool) -> None:
    """Ask before more than one order is cancelled. Raises UsageError where nobody can be asked, Declined for a no."""
    if yes or sending <= 1:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise click.UsageError(f"{many(sending)} would be cancelled, and nobody is there to ask. Add --yes to do it.")
    if not click.confirm(f"Cancel {many(sending)}? This cannot be undone.", err=True):
        raise Declined("Nothing was sent.")
