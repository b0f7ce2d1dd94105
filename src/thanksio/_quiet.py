"""Keep the log records of httpcore from quoting what a server said.

At level DEBUG it logs every header that it reads, and every line that it cannot read: a token that is echoed, or a
letter in the wrong place, would stand there. While a call of ours runs, its records keep the name of what happened.
"""

from __future__ import annotations

import logging

from thanksio import _deadline

_LOGGERS = ("connection", "http11", "http2", "proxy", "socks")


class _NamesAlone(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if _deadline.running():
            record.msg, record.args = record.getMessage().partition(" ")[0], ()
        return True


def keep_quiet() -> None:
    """Take what servers say out of httpcore's log records, for the calls of this package alone."""
    for name in _LOGGERS:
        logging.getLogger(f"httpcore.{name}").addFilter(_FILTER)  # a filter that is there already is not added twice


_FILTER = _NamesAlone()
