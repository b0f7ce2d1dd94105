"""What can be changed about a documented answer, as values."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING, TypeAlias

from attrs import evolve, frozen

from fuzz.documents import Spoiling, tree, written

if TYPE_CHECKING:
    from collections.abc import Callable

    from fuzz.documents import Tree


@frozen
class Said:
    """A well-formed answer; a header may stand in it more than once."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


@frozen
class Other:
    """Another document in the place of the whole."""

    value: object

    def apply(self, _: Tree) -> Tree:
        """Return it."""
        return tree(self.value)


@frozen
class Status:
    """Another status."""

    status: int

    def apply(self, said: Said) -> Said:
        """Return the answer with it."""
        return evolve(said, status=self.status)


@frozen
class Header:
    """One more header."""

    name: str
    value: str

    def apply(self, said: Said) -> Said:
        """Return the answer with it."""
        return evolve(said, headers=(*said.headers, (self.name, self.value)))


@frozen
class Edit:
    """A change of a few bytes at a place, which is taken modulo their number."""

    how: str
    place: int
    piece: bytes

    def apply(self, said: Said) -> Said:
        """Return the answer with its body changed."""
        return evolve(said, body=self.edit(said.body))

    def edit(self, data: bytes) -> bytes:
        """Return the changed bytes."""
        place = self.place % (len(data) + 1)
        start, rest = data[:place], data[place:]
        changed = {"insert": start + self.piece + rest, "replace": start + self.piece + rest[1:], "cut": start}
        return changed.get(self.how, data + rest[:9])


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, 1, mtime=0)


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": _gzip,
    "deflate": zlib.compress,
    "not at all": bytes,
    "raw deflate": lambda body: zlib.compress(body)[2:-4],
    "cut": lambda body: _gzip(body)[:-5],
    "twice": lambda body: _gzip(_gzip(body)),
    "with more after it": lambda body: _gzip(body) + b"x",
    "in two parts": lambda body: _gzip(body[:9]) + _gzip(body[9:]),
    "with another after it": lambda body: zlib.compress(body) + zlib.compress(body),
    "as a bomb": lambda body: _gzip(body + b" " * 2**21),
}


@frozen
class Packing:
    """A compression, and what it is called."""

    how: str
    label: str

    def apply(self, said: Said) -> Said:
        """Return the answer compressed."""
        headers = (*said.headers, ("Content-Encoding", self.label))
        return evolve(said, body=PACKINGS[self.how](said.body), headers=headers)


Change: TypeAlias = Spoiling | Other | Status | Header | Edit | Packing


def made(base: tuple[int, Tree], changes: list[Change]) -> Said:
    """Change the document first, and then the answer that holds it."""
    status, document = base
    for change in changes:
        if isinstance(change, Spoiling | Other):
            document = change.apply(document)
    said = Said(status, document if isinstance(document, bytes) else written(document).encode("latin-1"))
    for change in changes:
        if not isinstance(change, Spoiling | Other):
            said = change.apply(said)
    return said
