"""Read and check the settings of a client: token, base URL and proxy, from its arguments or the environment.

No function raises while a local variable contains a secret, because error reporters collect local variables.
"""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import os
import ssl
from typing import TYPE_CHECKING, NoReturn, Protocol
from urllib.request import getproxies, proxy_bypass
from weakref import WeakSet

import httpx
from attrs import field, frozen

from thanksio._models import SERVER
from thanksio.errors import ConfigurationError

if TYPE_CHECKING:
    from thanksio._redact import Redactor

_LONGEST_CREDENTIAL = 255  # bytes; RFC 1929 has one byte for the length
_PROXY_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


class Token:
    """A bearer token that no repr, local variable or pickle reveals."""

    __slots__ = ("_problem", "_value")

    def __init__(self, argument: object) -> None:
        given = os.environ.get("THANKSIO_TOKEN", "") if argument is None else argument
        self._value = given.strip() if isinstance(given, str) else ""  # `echo` leaves a newline
        self._problem = _token_problem(self._value) if isinstance(given, str) else "must be a string"

    def check(self) -> None:
        """Raise ConfigurationError if the token cannot be used, without showing a character of it."""
        if self._problem:
            raise ConfigurationError(f"The token {self._problem}. Pass token=... or set THANKSIO_TOKEN.")

    def hide_in(self, redactor: Redactor) -> None:
        """Redact the token from text that comes from outside."""
        redactor.add(self._value)

    def header(self) -> tuple[bytes, bytes]:
        """Return the header that carries the token."""
        return b"Authorization", f"Bearer {self._value}".encode("ascii")

    def fingerprint(self, base_url: str) -> str:
        """Return a key that all processes with this token compute alike and that does not reveal it."""
        return hashlib.sha256(f"thanksio {base_url} {self._value}".encode()).hexdigest()[:32]

    def __repr__(self) -> str:
        return "Token([redacted])"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a token cannot be pickled")


def _token_problem(value: str) -> str:
    if not value:
        return "is missing or empty"
    if not (value.isascii() and value.isprintable()):
        return "contains a character that is not printable ASCII"
    return "contains a space: pass it alone, without Bearer" if " " in value else ""


@frozen
class Proxy:
    """The proxy through which requests are tunnelled. `scheme` is http, https or socks5."""

    scheme: str
    host: str
    port: int
    credentials: tuple[str, str] | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


def read_base_url(base_url: object) -> str:
    """Return the base URL from the argument, THANKSIO_BASE_URL or the contract, without a trailing slash.

    Raises ConfigurationError if it cannot be used.
    """
    given = os.environ.get("THANKSIO_BASE_URL", "") if base_url is None else base_url
    if not isinstance(given, str):
        raise ConfigurationError("The base URL must be a string.")
    given = given.strip()
    if not given and base_url is None:
        return SERVER
    problem = _url_problem(given)
    if problem:
        raise ConfigurationError(f"The base URL {problem}. Example: {SERVER}.")
    return str(httpx.URL(given)).rstrip("/")


def _url_problem(given: str) -> str:
    """Return why a base URL cannot be used, or "". httpx parses it, because httpx connects to it."""
    try:
        url = httpx.URL(given)
        scheme, host = url.scheme, url.host
    except (
        httpx.InvalidURL,
        ValueError,
    ):  # messages can contain a password; ValueError: unencodable host
        return "cannot be parsed"
    if scheme not in {"https", "http"} or host[:1] in {"", "."} or "\\" in given or given.split() != [given]:
        return "must be an absolute https URL"
    if url.userinfo or "@" in given or "?" in given or "#" in given:
        return "must not contain user info, a query or a fragment"
    if url.port is not None and not 0 < url.port <= 65535:  # noqa: PLR2004 - ports have 16 bits
        return "has a port that does not exist"
    if scheme == "http" and not _is_loopback(host):
        return "must be https, because the token would be readable on the network; plain http is for loopback only"
    return ""


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Hidden:
    """A value that no traceback shows."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value


def read_proxy(hidden: Hidden, base_url: str) -> tuple[Proxy | None, str]:
    """Return the proxy from the argument or, as other clients do, the environment, and what makes it unusable.

    False disables proxies. The environment is never used for loopback.
    """
    target = httpx.URL(base_url)
    if hidden.value is None:
        return _environment_proxy(target)
    if hidden.value is False:
        return None, ""
    proxy = _parse_proxy(hidden.value if isinstance(hidden.value, str) else "")
    if proxy is None:
        return None, "proxy must be an http, https or socks5 URL, None to read the environment, or False."
    if target.scheme == "http":
        return None, "A proxy cannot be used with a plain http base URL: it would receive the token unencrypted."
    return proxy, ""


def _environment_proxy(target: httpx.URL) -> tuple[Proxy | None, str]:
    if _is_loopback(target.host) or proxy_bypass(target.netloc.decode("ascii")):
        return None, ""
    found = getproxies()
    given = found.get(target.scheme) or found.get("all")
    if not given:
        return None, ""
    proxy = _parse_proxy(given if "://" in given else f"http://{given}")
    problem = "The proxy in HTTPS_PROXY or ALL_PROXY must be an http, https or socks5 URL; proxy=False ignores it."
    return proxy, "" if proxy else problem


def _parse_proxy(given: str) -> Proxy | None:
    try:
        url = httpx.URL(given)
        host = url.raw_host.decode("ascii")
        port = _PROXY_PORTS.get(url.scheme, 0) if url.port is None else url.port
    except (httpx.InvalidURL, ValueError):
        return None
    if given.split() != [given] or not host or not 0 < port <= 65535 or url.scheme not in _PROXY_PORTS:  # noqa: PLR2004 - ports have 16 bits
        return None
    credentials = (url.username, url.password) if url.username or url.password else None
    if any(len(text.encode()) > _LONGEST_CREDENTIAL for text in credentials or ()):
        return None
    return Proxy(url.scheme.removesuffix("h"), host, port, credentials)


class Renewable(Protocol):
    """An object with locks or permits, which a forked child must not inherit."""

    def renew(self) -> None:
        """Reset the state in a forked child."""


_renewable: WeakSet[Renewable] = WeakSet()


def renew_after_fork(item: Renewable) -> None:
    """Call `item.renew()` in every forked child: a lock that another thread held would stay locked there forever."""
    _renewable.add(item)


def _renew() -> None:
    for item in list(_renewable):
        item.renew()


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows does not fork
    os.register_at_fork(after_in_child=_renew)


def log_to_stderr(level: str) -> None:
    """Write this package's log records to stderr if THANKSIO_LOG is `debug` or `info`.

    A program that has set up the logger `thanksio` itself keeps its own handlers.
    """
    logger = logging.getLogger("thanksio")
    if level.lower() not in {"debug", "info"} or logger.handlers:
        return
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(level.upper())


def check_ssl_context(context: object) -> None:
    """Raise ConfigurationError unless the value is an SSL context."""
    if context is not None and not isinstance(context, ssl.SSLContext):
        raise ConfigurationError("ssl_context must be an ssl.SSLContext.")
