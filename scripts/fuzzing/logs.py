"""Keep what all loggers say, to look for secrets in it."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Log(logging.Handler):
    """Keeps what all loggers say, at their most talkative, until it is taken."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self._lines.append(self.format(record))

    def take(self) -> str:
        """Give what was said since the last time."""
        lines, self._lines = self._lines, []
        return "\n".join(lines)


@contextmanager
def logged() -> Iterator[Log]:
    """Keep what is logged meanwhile."""
    log, root = Log(), logging.getLogger()
    level = root.level
    root.addHandler(log)
    root.setLevel(logging.DEBUG)
    try:
        yield log
    finally:
        root.setLevel(level)
        root.removeHandler(log)
