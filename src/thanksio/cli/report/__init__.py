"""Write a run down as one page, for those who must act on it now and those who must explain it tomorrow."""

from __future__ import annotations

import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from thanksio.cli._wording import NONE_SKIPPED, Skipped
from thanksio.cli.report._page import page
from thanksio.cli.report._summary import summarize

if TYPE_CHECKING:
    import os

    from thanksio.bulk._journal import Journal


def write_report(
    journal: Journal,
    path: str | os.PathLike[str],
    *,
    now: float | None = None,
    skipped: Skipped = NONE_SKIPPED,
) -> None:
    """Write what a journal holds into one HTML file that needs nothing else; a file of that name is replaced whole.

    `skipped` are the rows of the input that could not be read: the journal does not hold them.

    Raises OSError if it cannot be written; the old file is then as it was.
    """
    summary = summarize(journal, time.time() if now is None else now, skipped)
    _write(Path(path), page(summary))


def check_writable(path: Path) -> None:
    """Raise OSError if a report cannot be written there; nothing is left behind."""
    if path.exists() and not path.is_file():
        with path.open("a", encoding="utf-8"):
            return
    draft = _draft(path.resolve())
    draft.open("x", encoding="utf-8").close()
    draft.unlink()


def _write(path: Path, text: str) -> None:
    if path.exists() and not path.is_file():
        path.write_text(text, "utf-8")  # a pipe or /dev/null stays what it is; a folder is Python's own error
    else:
        _replace(path.resolve(), text)  # resolved: a link goes on to point to the page


def _replace(path: Path, text: str) -> None:
    draft = _draft(path)
    try:
        with draft.open("x", encoding="utf-8") as file:
            file.write(text)
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise


def _draft(path: Path) -> Path:
    return path.with_name(f".{secrets.token_hex(8)}.html")  # in the same folder: a rename crosses no file system
