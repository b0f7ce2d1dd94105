"""Write a result file completely or not at all, and never over a file that the run needs."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

_BESIDE = (".lock", "-journal")  # files that SQLite and the journal create beside it


def check_targets(targets: dict[str, str | None], journal: str | None, others: Iterable[str | None]) -> None:
    """Raise UsageError if a file to be written is one that is needed, is written twice, or cannot be written.

    `targets` maps options to paths.
    """
    needed = [*filter(None, others), *((journal, *(f"{journal}{end}" for end in _BESIDE)) if journal else ())]
    for option, target in targets.items():
        if target is None:
            continue
        for other in needed:
            if _is_same(Path(target), Path(other)):
                raise click.UsageError(f"{option} would overwrite {other}. Choose another file.")
        needed.append(target)
        try:
            check_writable(Path(target))
        except OSError as error:
            raise click.UsageError(f"{option} {target} cannot be written: {error.strerror}.") from None


def _is_same(path: Path, other: Path) -> bool:
    if path.resolve() == other.resolve():
        return True
    try:
        return path.samefile(other)
    except OSError:  # one of them does not exist
        return False


def check_writable(path: Path) -> None:
    """Raise OSError if a file cannot be written there; nothing is left behind."""
    if path.exists() and not path.is_file():
        with path.open("a", encoding="utf-8"):
            return
    draft = _draft(path.resolve())
    draft.open("x", encoding="utf-8").close()
    draft.unlink()


@contextmanager
def replacing(path: Path, *, encoding: str = "utf-8", is_private: bool = False) -> Generator[IO[str]]:
    """Open a text file that replaces `path` when the block ends without an exception.

    A pipe or a device is written directly. A private file is readable by its owner only. Raises OSError.
    """
    if path.exists() and not path.is_file():
        with path.open("w", encoding=encoding, newline="") as file:
            yield file
        return
    target = path.resolve()  # a link still points to the file afterwards
    draft = _draft(target)
    number = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if is_private else 0o666)
    try:
        with os.fdopen(number, "w", encoding=encoding, newline="") as file:
            yield file
        draft.replace(target)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise


def _draft(path: Path) -> Path:
    return path.with_name(
        f".{secrets.token_hex(8)}.tmp"
    )  # in the same folder, because a rename cannot cross file systems
