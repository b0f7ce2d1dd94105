"""Write a run down as one page, for those who must act on it now and those who must explain it tomorrow."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from thanksio.cli._files import replacing
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
    with replacing(Path(path)) as file:
        file.write(page(summary))
