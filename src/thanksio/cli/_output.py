"""Write to standard output and standard error so that a closed or broken stream does not change the exit code."""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import suppress

import click


def prepare() -> None:
    """Replace closed streams with the null device, and escape characters that an encoding lacks."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # as Python has it if the shell closed it: `>&-`
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - for the whole process
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def echo(line: str, *, err: bool = False) -> None:
    """Write a line. If the stream is closed, the command continues without it."""
    try:
        click.echo(line, err=err)
    except OSError as error:
        _lead_nowhere(err=err)
        if error.errno != errno.EPIPE and not err:  # such as a full disk; `| head -1` is no error
            echo(f"thanksio: standard output cannot be written: {error.strerror}", err=True)


def _lead_nowhere(*, err: bool) -> None:
    """Discard everything that is written to the stream."""
    stream = sys.stderr if err else sys.stdout
    with suppress(OSError), open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - os.devnull is text
        os.dup2(nowhere.fileno(), stream.fileno())


def printable(line: str) -> str:
    """Replace characters that change how a terminal shows a line, such as control characters in a file name."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in line)
