"""Writing output that somebody may have closed, or whose encoding lacks characters."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

from thanksio.cli._output import prepare, printable

if TYPE_CHECKING:
    import pytest


def test_what_is_no_stream_of_a_file_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    text, wrapped = io.StringIO(), io.TextIOWrapper(io.BytesIO(), "cp1252")
    monkeypatch.setattr("sys.stdout", text)
    monkeypatch.setattr("sys.stderr", wrapped)

    prepare()

    assert sys.stdout is text
    assert (sys.stderr, wrapped.errors, wrapped.encoding) == (wrapped, "backslashreplace", "cp1252")


def test_a_closed_stream_leads_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", None)

    prepare()

    with sys.stdout as stream:
        assert stream.write("lost") == 4


def test_characters_that_change_a_terminal_are_replaced() -> None:
    assert printable("a\u202eb\x1b[2Jc\udcff\x07 \u00e9\u2702") == "a\ufffdb\ufffd[2Jc\ufffd\ufffd \u00e9\u2702"
