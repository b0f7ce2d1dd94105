"""Remove secrets from text that comes from outside, however it is encoded.

A server, or a proxy, can repeat a token that it was sent: cut short, in other case, percent-encoded, as an HTML entity,
in JSON escapes, in hexadecimal or base64. All of these are compared in one form, in windows of eight characters.
"""

from __future__ import annotations

import html
import re
from base64 import b64encode
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_RUN = 8  # characters of a secret in a row that may not be shown
_REPLACEMENT = "[redacted]"
_PIECE = re.compile(
    r"%(?:25)*(?P<percent>[0-9a-f]{2})"
    r"|\\(?:u00|x)(?P<escape>[0-9a-f]{2})"
    r"|(?P<entity>&(?:amp;)*(?:\#x[0-9a-f]{1,6}|\#[0-9]{1,7}|[a-z]{2,7});)"
    r"|\\(?P<quoted>.)"
    r"|(?P<plain>.)",
    re.IGNORECASE | re.DOTALL,
)
_URL_SAFE = str.maketrans("-_", "+/")  # base64url and base64 are compared as one


class Redactor:
    """Replaces every run of eight or more characters of a secret; a secret that is shorter, if it occurs as a whole."""

    __slots__ = ("_kept", "_windows")

    def __init__(self, kept: frozenset[str] = frozenset()) -> None:
        self._kept = {window for word in kept for window in _windows(_comparable(word))}
        self._windows: dict[int, set[str]] = {}  # by their length

    def add(self, secret: str) -> None:
        """Add a secret to redact; an empty one is ignored."""
        for form in _forms(secret):
            length = min(_RUN, len(form))
            new = set(_windows(form, length)) - self._kept
            self._windows.setdefault(length, set()).update(new)  # atomic: threads can add at the same time

    def __call__(self, text: str) -> str:
        """Return the text without the secrets."""
        hidden = [False] * len(text)
        as_it_is = [(place, place + 1, character) for place, character in enumerate(text)]
        decoded = [(*match.span(), _decoded(match)) for match in _PIECE.finditer(text)]
        for reading in (as_it_is, decoded):
            for first, last in self._found("".join(_comparable(character) for _, _, character in reading)):
                start, end = reading[first][0], reading[last][1]
                hidden[start:end] = [True] * (end - start)
        groups = groupby(range(len(text)), hidden.__getitem__)
        return "".join(
            _REPLACEMENT if is_hidden else "".join(text[place] for place in run) for is_hidden, run in groups
        )

    def _found(self, text: str) -> Iterator[tuple[int, int]]:
        """Return the first and the last place of every window of a secret."""
        for length, windows in self._windows.copy().items():
            for start in range(len(text) - length + 1):
                if text[start : start + length] in windows:
                    yield start, start + length - 1

    def __repr__(self) -> str:
        return "Redactor()"


def _decoded(match: re.Match[str]) -> str:
    """Return the one character that a piece of text stands for."""
    code = match["percent"] or match["escape"]
    if code:
        return chr(int(code, 16))
    if match["entity"]:
        character = html.unescape("&" + match["entity"].rpartition("amp;")[2].removeprefix("&"))
        return character if len(character) == 1 else "&"
    return match["quoted"] or match["plain"]


def _comparable(text: str) -> str:
    lower = text.translate(_URL_SAFE).lower()
    return lower if len(lower) == len(text) else text  # lower-casing turns a few letters into two


def _forms(secret: str) -> set[str]:
    """Return the secret, and its encodings without separators between characters."""
    data = secret.encode()
    encoded = {data.hex()}
    for skipped in range(3):  # the bytes before it shift base64 by up to two
        whole = b64encode(b"\0" * skipped + data).decode().rstrip("=")
        encoded.add(whole[(0, 2, 3)[skipped] : -1])  # the characters at its ends depend on its neighbours
    forms = (secret, *(form for form in encoded if len(form) >= _RUN))
    return {_comparable(form) for form in forms if form}


def _windows(text: str, length: int = _RUN) -> list[str]:
    return [text[start : start + length] for start in range(len(text) - length + 1)]
