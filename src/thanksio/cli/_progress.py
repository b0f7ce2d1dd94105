"""Show the progress of a run: a live display on a terminal, lines at intervals elsewhere, or nothing.

It is written to stderr, so that stdout has only the results. `_view.py` decides what is shown.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
import threading
from typing import TYPE_CHECKING, Protocol, Self

from attrs import define, evolve, field, frozen
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from thanksio.cli._finding import VERDICTS, WORDS
from thanksio.cli._output import echo, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from rich.console import ConsoleOptions, RenderableType, RenderResult

    from thanksio.cli._view import View

_EVERY = 10.0  # seconds between two lines
_SHOW_CURSOR = "\x1b[?25h"  # DECTCEM, as Rich writes it when a display stops
_GAP = "   "
_A_SECOND = 4  # refreshes of the display
_COLOURS = {
    "cancelled": "green",
    "not_cancelled": "yellow",
    "refused": "yellow",
    "unknown": "bold red",
    "not_tried": "",
}


class Progress(Protocol):
    """Entered before a run and left after it. The methods are for signal handlers: they take no lock."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def stopping(self) -> None:
        """Show soon that the run is being stopped."""
        ...

    def abandon(self) -> None:
        """Leave the terminal usable: the process ends at once."""
        ...


def choose(view: Callable[[], View], *, quiet: bool, plain: bool) -> Progress:
    """Return the progress for stderr. `plain` asks for lines also on a terminal, because others write to it."""
    if quiet:
        return NullProgress(view)
    console = Console(stderr=True, highlight=False)
    is_terminal = sys.stderr.isatty() and console.is_terminal  # with FORCE_COLOR, Rich takes a file for one, too
    if plain or not is_terminal or console.is_dumb_terminal:
        return LineProgress(view)
    return LiveProgress(view, console)


@define
class NullProgress:
    """Show nothing, except that the run is being stopped."""

    _view: Callable[[], View]
    _every: float | None = None  # seconds between two lines
    _poked: threading.Event = field(factory=threading.Event, init=False)
    _over: bool = field(default=False, init=False)
    _clock: threading.Thread = field(init=False)

    def __enter__(self) -> Self:
        self._clock = threading.Thread(target=self._tick, daemon=True)
        self._clock.start()
        return self

    def _tick(self) -> None:
        while True:
            self._poked.wait(self._every)
            self._poked.clear()
            if self._over:
                return
            self._show(self._view())

    def _show(self, view: View) -> None:
        echo(view.line, err=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over = True
        self._poked.set()
        self._clock.join()

    def stopping(self) -> None:
        """Show a line at once, from the thread that may wait for locks."""
        self._poked.set()

    def abandon(self) -> None:
        """Do nothing."""


class LineProgress(NullProgress):
    """Show one line every ten seconds, and another at the end."""

    _has_shown = False

    def __init__(self, view: Callable[[], View], every: float = _EVERY) -> None:
        super().__init__(view, every)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        if self._has_shown:  # a short run has only its summary
            super()._show(evolve(self._view(), is_over=True))

    def _show(self, view: View) -> None:
        self._has_shown = True
        super()._show(view)


class LiveProgress:
    """Show a live display, and remove it at the end: the summary repeats it."""

    def __init__(self, view: Callable[[], View], console: Console) -> None:
        self._console = console
        self._live = Live(
            get_renderable=lambda: picture(view()), console=console, refresh_per_second=_A_SECOND, transient=True
        )

    def __enter__(self) -> Self:
        self._live.start(refresh=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def stopping(self) -> None:
        """Do nothing: the next refresh shows it."""

    def abandon(self) -> None:
        """Show the cursor again, below the display."""
        self._console.file.write(_SHOW_CURSOR + "\n")
        self._console.file.flush()


def say(line: str, *, err: bool = False) -> None:
    """Write a line; on a terminal it is wrapped between words and indented."""
    line = printable(line)
    if (sys.stderr if err else sys.stdout).isatty():
        indent = " " * (len(line) - len(line.lstrip()) + 2)
        width = shutil.get_terminal_size().columns
        line = textwrap.fill(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    echo(line, err=err)


def picture(view: View) -> RenderableType:
    """Return the live display; what does not fit is wrapped."""
    bar = Table.grid(padding=(0, 2), expand=True)
    bar.add_column(no_wrap=True)
    bar.add_column(ratio=1)
    bar.add_column(no_wrap=True, justify="right")
    share = f"{100 * view.done // max(1, view.total)} %"
    strip = ProgressBar(view.total, view.done, complete_style="green", finished_style="green")
    bar.add_row(f"{view.done:,} of {view.total:,}", strip, share)
    if view.is_stopping:
        return Group(bar, _Counts(view), Text(view.what_next, "bold"))
    return Group(bar, _Counts(view), Text(f"{view.speedometer}; {view.what_next}"), Text(view.warning, "yellow"))


@frozen
class _Counts:
    """The count of every verdict. What does not fit on a line is wrapped."""

    view: View

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        del console
        line = Text()
        for item in self._items():
            if line and line.cell_len + len(_GAP) + item.cell_len > options.max_width:
                yield line
                line = Text()
            line = line.append(_GAP if line else "").append_text(item)
        yield line

    def _items(self) -> Iterator[Text]:
        for verdict in VERDICTS[:-1]:
            count = self.view.counts[verdict]
            yield Text(f"{count:,} {WORDS[verdict]}", _COLOURS[verdict] if count else "dim")
        yield Text(f"{self.view.rate.in_flight:,} in flight")
