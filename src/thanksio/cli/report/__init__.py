"""Write the report of a run: one HTML page from a template, without scripts or references to other files."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from thanksio._verdict import sanitize
from thanksio.cli._files import replacing
from thanksio.cli._format import money, pluralize
from thanksio.cli.report._chart import chart
from thanksio.cli.report._summary import summarize
from thanksio.cli.report._text import duration, headline, stamp

if TYPE_CHECKING:
    import os

    from thanksio.bulk._journal import Journal
    from thanksio.cli.report._summary import Summary

_LONGEST = 4096  # characters of a text from outside; a path can be so long


def write_report(journal: Journal, path: str | os.PathLike[str], *, now: float | None = None) -> None:
    """Write what a journal holds as one HTML page; an existing file is replaced as a whole.

    Raises OSError if it cannot be written; the old file is then unchanged.
    """
    text = page(summarize(journal, time.time() if now is None else now))
    with replacing(Path(path)) as file:
        file.write(text)


def page(summary: Summary) -> str:
    """Return the page. Text from outside is sanitized, and Jinja escapes it."""
    environment = Environment(
        loader=PackageLoader("thanksio.cli.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "clean": _clean,
        "duration": duration,
        "money": money,
        "pluralize": pluralize,
        "stamp": stamp,
    }
    template = environment.get_template("page.html.jinja")
    return template.render(summary=summary, headline=headline(summary), chart=chart(summary.minutes))


def _clean(text: str) -> str:
    return sanitize(text, str, _LONGEST)
