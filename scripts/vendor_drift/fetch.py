"""Read a document from a file or an https URL, within bounds of size and time."""

from __future__ import annotations

import codecs
import json
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from vendor_drift.values import UnusableError

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 8 * 1024 * 1024  # bytes; a document of hundreds of operations has less than one million
SECONDS = 30.0  # for all of it
_STEP = 10.0  # seconds for one step of the connection
_LOGIN = ("login", "signin", "sign-in", "auth", "sso")


def fetch(
    source: str, *, transport: httpx.BaseTransport | None = None, now: Callable[[], float] = time.monotonic
) -> str:
    """Return the text of a file or of an https URL. Raises UnusableError."""
    if "://" not in source:
        return _decoded(_file(Path(source)))
    if not source.lower().startswith("https://"):
        raise UnusableError("only https URLs are read: a response over http can be changed on its way.")
    with httpx.Client(timeout=_STEP, transport=transport) as client:
        try:
            with client.stream("GET", source, headers=_HEADERS) as response:
                return _decoded(_body(response, now() + SECONDS, now))
        except httpx.TimeoutException:
            raise UnusableError(f"{source}: no response within {_STEP:g} s.") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnusableError(f"{source} cannot be reached: {error}.") from None


_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity"}  # bounds the size: 1 MB of gzip can be 1 GB


def _file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return _bounded(file.read(MOST + 1))
    except OSError as error:
        raise UnusableError(f"{path} cannot be read: {error.strerror}.") from None


def _body(response: httpx.Response, end: float, now: Callable[[], float]) -> bytes:
    if response.is_redirect:
        to = response.headers.get("location", "")
        page = " (a login page, it seems)" if any(word in to.lower() for word in _LOGIN) else ""
        raise UnusableError(f"the URL redirects to {to[:200]!r}{page}. Redirects are not followed; pass the final URL.")
    if not response.is_success:
        raise UnusableError(f"the server responded with {response.status_code} {response.reason_phrase}.")
    if response.headers.get("content-encoding", "identity") != "identity":
        raise UnusableError("the response is compressed, which was not asked for.")
    body = b""
    for chunk in response.iter_raw():
        body = _bounded(body + chunk)
        if now() > end:
            raise UnusableError(f"the response was not complete after {SECONDS:g} s.")
    return body


def _bounded(body: bytes) -> bytes:
    if len(body) > MOST:
        raise UnusableError(f"the document is larger than {MOST // 1024 // 1024} MiB.")
    return body


def _decoded(body: bytes) -> str:
    """Return the text of UTF-8, UTF-16 or UTF-32, also compressed with gzip."""
    if body.startswith(b"\x1f\x8b"):
        try:
            body = _bounded(zlib.decompressobj(wbits=16 + zlib.MAX_WBITS).decompress(body, MOST + 1))
        except zlib.error:
            raise UnusableError("the document looks like gzip and cannot be decompressed.") from None
    encoding = "utf-8-sig" if body.startswith(codecs.BOM_UTF8) else json.detect_encoding(body)
    try:
        return body.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        where = f"byte {error.start:,} cannot be decoded"
        raise UnusableError(f"the document is not {encoding.upper()}: {where}.") from None
