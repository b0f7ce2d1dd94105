"""Read and check what a client is made of: its token and its base URL."""

from __future__ import annotations

import hashlib
import ipaddress
import os
from html import escape
from typing import NoReturn
from urllib.parse import quote

import httpx

from thanksio.errors import ConfigurationError

_SECRET = 8  # characters; what is shorter would be found in words that have nothing to do with it


def _quote_all(text: str) -> str:
    return quote(text, safe="")


class Token:
    """A bearer token that shows itself to no one: not in a repr, a traceback's locals or a pickle."""

    __slots__ = ("_forms", "_value")

    def __init__(self, value: str) -> None:
        self._value = value
        secret = value.rpartition("|")[2]  # Laravel writes a number and a bar before it
        texts = (value, secret) if len(secret) >= _SECRET else (value,)
        forms = {form(text) for text in texts for form in (str, quote, _quote_all, escape)}
        self._forms = sorted(forms, key=len, reverse=True)

    def header(self) -> tuple[bytes, bytes]:
        """Give the header that carries the token."""
        return b"Authorization", f"Bearer {self._value}".encode("ascii")

    @classmethod
    def given(cls, argument: object) -> Token:
        """Take the token from the argument or THANKSIO_TOKEN, without the newline that `echo` left on it."""
        return cls(_given(argument, "THANKSIO_TOKEN"))

    def check(self) -> None:
        """Raise ConfigurationError if the token cannot be used, without showing a character of it."""
        problem = ""
        if not self._value:
            problem = "is missing or empty"
        elif not (self._value.isascii() and self._value.isprintable()):
            problem = "holds a character that is not printable ASCII"
        elif " " in self._value:
            problem = "holds a space: give it alone, without Bearer"
        if problem:
            raise ConfigurationError(f"The token {problem}. Pass token=... or set THANKSIO_TOKEN.")

    def fingerprint(self, base_url: str) -> str:
        """Name the account to others who hold the same token, without telling it."""
        return hashlib.sha256(f"thanksio {base_url} {self._value}".encode()).hexdigest()[:32]

    def hide(self, text: str) -> str:
        """Take the token out of a text, for servers that echo what they were sent, as it was or escaped."""
        for form in self._forms:
            text = text.replace(form, "[token]")
        return text

    def __repr__(self) -> str:
        return "Token([hidden])"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a token is never pickled")


def _given(argument: object, variable: str) -> str:
    value = os.environ.get(variable, "") if argument is None else argument
    if not isinstance(value, str):
        raise ConfigurationError(f"What is given in the place of {variable} is no string.")
    return value.strip()


def read_base_url(base_url: str | None, contract: str) -> str:
    """Take the base URL from the argument, THANKSIO_BASE_URL or the `contract`, without a trailing slash."""
    given = _given(base_url, "THANKSIO_BASE_URL")
    if not given and base_url is None:
        return contract
    problem = _url_problem(given)
    if problem:
        raise ConfigurationError(f"The base URL {problem}. It looks like {contract}.")
    return str(httpx.URL(given)).rstrip("/")


def _url_problem(given: str) -> str:
    """Say what makes a base URL unusable; empty if nothing does. httpx reads it, for httpx will send to it."""
    try:
        url = httpx.URL(given)
        scheme, host = url.scheme, url.host
    except (httpx.InvalidURL, ValueError):  # its words can quote a password; ValueError is a host name's encoding
        return "cannot be read"
    if scheme not in {"https", "http"} or not host or given.split() != [given]:
        return "must be an absolute https URL"
    if url.userinfo or "@" in given or "?" in given or "#" in given:
        return "must not hold user info, a query or a fragment"
    if url.port is not None and not 0 < url.port <= 65535:  # noqa: PLR2004 - ports have 16 bits
        return "has a port that does not exist"
    if scheme == "http" and not _is_loopback(host):
        return "must be https, for the token would travel in the open; plain http is for this machine alone"
    return ""


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
