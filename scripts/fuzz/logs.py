"""Collect the log records of all packages but httpcore, to look for secrets in them.

httpcore logs the headers of responses at DEBUG, and a server can repeat a secret in them. That is documented.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Log(logging.Handler):
    """Collects log records of every level."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Collect a record."""
        if record.name.partition(".")[0] != "httpcore":
            self._lines.append(self.format(record))

    def take(self) -> str:
        """Return the records since the last time."""
        lines, self._lines = self._lines, []
        return "\n".join(lines)


@contextmanager
def logged() -> Iterator[Log]:
    """Collect what is logged in this block."""
    log, root = Log(), logging.getLogger()
    level = root.level
    root.addHandler(log)
    root.setLevel(logging.DEBUG)
    try:
        yield log
    finally:
        root.setLevel(level)
        root.removeHandler(log)
