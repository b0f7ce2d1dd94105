"""The second engine: atheris changes bytes, and goes on with those that lead to code which no others have reached."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

try:
    import atheris
except ModuleNotFoundError:
    sys.exit("atheris is not installed here: `make fuzz ENGINE=atheris` installs it.")

with atheris.instrument_imports(include=["thanksio"]):
    from fuzzing.cases import ORDER_ID, Outcome, Values
    from fuzzing.documents import orders, refusals, written
    from fuzzing.logs import logged
    from fuzzing.oracle import LETTER
    from fuzzing.run import Run, WrongError
    from fuzzing.verdict import ValuesDoor
    from thanksio._verdict import NoResponse, Response

_BETWEEN = b"\0\0"  # stands between two attempts
_LOST = b"000"
_HEADERS = ("content-type", "content-encoding", "retry-after", "date")


def _case(data: bytes) -> Values:
    return Values(ORDER_ID, tuple(map(_outcome, data.split(_BETWEEN)[:4])))


def _outcome(data: bytes) -> Outcome:
    """Read what an attempt ends in: a line with the status and the headers, separated by |, and then the body."""
    if data == _LOST:
        return NoResponse(may_have_sent=True, reason="the connection broke")
    line, _, body = data.partition(b"\n")
    status, *headers = line.decode("latin-1").split("|")
    number = int(status[-3:]) if status.isascii() and status.isdecimal() else 200
    return Response(number, body, dict(zip(_HEADERS, headers, strict=False)))


def _corpus(folder: Path) -> None:
    """Write the documented answers down, to begin with. Changed bytes may lead a letter anywhere, so there is none."""
    (folder / "lost").write_bytes(_LOST)
    shown = [*orders(ORDER_ID, "cancelled"), *orders(ORDER_ID, "reviewing")]
    for number, (status, document) in enumerate([*shown, *refusals()]):
        line = f"{status}|text/plain; charset=utf-8|identity|1.5|Wed, 21 Oct 2015 07:28:00 GMT\n"
        answer = (line + written(document).replace(LETTER, "Hi")).encode()
        (folder / str(number)).write_bytes(answer)
        (folder / f"{number} after a lost one").write_bytes(_LOST + _BETWEEN + answer)


def fuzz(seconds: float, start: int) -> NoReturn:
    """Let cases in through the door of values; the process ends with them, for atheris gives nothing back."""
    folder, run = tempfile.TemporaryDirectory(), Run()
    with logged() as log:
        door = ValuesDoor(log)
        _corpus(Path(folder.name))

        def check(data: bytes) -> None:
            with contextlib.suppress(WrongError):
                run.check(door, _case(data))
            if run.wrong or run.seconds >= seconds:
                folder.cleanup()
                _end(run)

        atheris.Setup([sys.argv[0], f"-seed={start}", "-verbosity=0", "-max_len=8192", folder.name], check)
        atheris.Fuzz()
    raise AssertionError("atheris has come back")


def _end(run: Run) -> NoReturn:
    code = run.report()
    sys.stdout.flush()
    os._exit(code)
