"""What both transports of `transport="fast"` have in common: how they are found, and how they tell what went wrong.

Adapters of both engines for httpx exist, and both call a request that was read and then dropped a connect error. So the
engines are used directly, and what went wrong is told from its cause: whether anything was sent is what a verdict
hangs on.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING, TypeAlias

import httpx

from thanksio._deadline import running
from thanksio.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    _Kinds: TypeAlias = type[Exception] | tuple[type[Exception], ...]

MOST_CONNECTIONS, MOST_IDLE, IDLE = 100, 20, timedelta(seconds=5)  # as httpx's own transports have them


def require(*engines: str) -> None:
    """Raise ConfigurationError, with the command that mends it, if one of these modules is not installed."""
    missing = [name for name in engines if find_spec(name) is None]
    if missing:
        raise ConfigurationError(
            f"transport=\"fast\" needs {' and '.join(missing)}. Install it: pip install 'thanksio[fast]'."
        )


def text(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    """Give headers as the engines take them."""
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]


@contextmanager
def told(kinds: _Kinds, is_before_sending: Callable[[Exception], bool]) -> Generator[None]:
    """Say errors of these kinds in httpx's words, without what they quote, and note whether anything was sent."""
    watch = running()
    if watch is not None:
        watch.sent = True
    try:
        yield
    except kinds as error:
        sent = not is_before_sending(error)
        if watch is not None:
            watch.sent = sent
        raise _error(sent=sent, timed_out=isinstance(error, TimeoutError)) from None


def _error(*, sent: bool, timed_out: bool) -> httpx.TransportError:
    if timed_out:
        return httpx.ReadTimeout("no answer came in time") if sent else httpx.ConnectTimeout("no connection in time")
    return httpx.ReadError("no whole answer came") if sent else httpx.ConnectError("no connection could be made")
