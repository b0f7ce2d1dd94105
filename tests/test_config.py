"""Token, base URL and proxy as values: what is accepted, and errors without secrets."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import ssl
from typing import Any

import pytest

from thanksio._config import (
    Hidden,
    Proxy,
    Token,
    check_ssl_context,
    read_base_url,
    read_proxy,
    renew_after_fork,
)
from thanksio._models import SERVER
from thanksio._redact import Redactor
from thanksio.errors import ConfigurationError

SECRET = "tk-0123456789-secret"
TARGET = "https://api.thanks.io/api/v2"
OFF = False  # proxy=False
NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD", "THANKSIO_TOKEN", "THANKSIO_BASE_URL")


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


# The token


@pytest.mark.parametrize("given", [SECRET, f" {SECRET}\n", f"{SECRET}\r\n"])
def test_a_token_is_taken_without_the_space_around_it(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("THANKSIO_TOKEN", given)

    for token in (Token(given), Token(None)):
        token.check()
        assert token.header() == (b"Authorization", f"Bearer {SECRET}".encode())


def test_the_argument_has_precedence_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THANKSIO_TOKEN", "from-the-environment")

    assert Token(SECRET).header()[1].endswith(SECRET.encode())
    with pytest.raises(ConfigurationError):
        Token("").check()


UNUSABLE_TOKENS: dict[str, tuple[object, str]] = {
    "none": (None, "is missing or empty"),
    "empty": ("", "is missing or empty"),
    "blank": (" \n", "is missing or empty"),
    "with Bearer": (f"Bearer {SECRET}", "contains a space: pass it alone, without Bearer"),
    "two lines": (f"{SECRET}\nX: y", "contains a character that is not printable ASCII"),
    "a tab": (f"{SECRET}\tx", "contains a character that is not printable ASCII"),
    "no ASCII": (f"{SECRET}\u00e9", "contains a character that is not printable ASCII"),
    "bytes": (SECRET.encode(), "must be a string"),
    "number": (7, "must be a string"),
}


@pytest.mark.parametrize(("given", "problem"), UNUSABLE_TOKENS.values(), ids=UNUSABLE_TOKENS.keys())
def test_an_unusable_token_raises_without_being_shown(given: object, problem: str) -> None:
    token = Token(given)

    with pytest.raises(ConfigurationError) as caught:
        token.check()

    assert str(caught.value) == f"The token {problem}. Pass token=... or set THANKSIO_TOKEN."
    assert caught.value.may_have_cancelled is False
    assert SECRET not in repr(token)


def test_a_token_is_shown_nowhere() -> None:
    token = Token(SECRET)

    assert repr(token) == str(token) == "Token([redacted])"
    assert not hasattr(token, "__dict__")
    for take in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be pickled"):
            take(token)


def test_a_token_is_redacted_by_what_it_is_hidden_in() -> None:
    redactor = Redactor()
    Token(SECRET).hide_in(redactor)

    assert redactor(f"no {SECRET}") == "no [redacted]"


def test_a_fingerprint_names_the_account_without_the_token() -> None:
    name = Token(SECRET).fingerprint(TARGET)

    assert name == Token(f" {SECRET} ").fingerprint(TARGET)
    assert len({name, Token(SECRET).fingerprint(SERVER + "/x"), Token(SECRET + "x").fingerprint(TARGET)}) == 3
    assert len(name) == 32
    assert SECRET not in name


# The base URL


@pytest.mark.parametrize(
    ("given", "url"),
    [
        (TARGET, TARGET),
        (f" {TARGET}//\n", TARGET),
        ("https://proxy.example:8443", "https://proxy.example:8443"),
        ("HTTPS://Proxy.Example/V2", "https://proxy.example/V2"),
        ("http://localhost:8000/", "http://localhost:8000"),
        ("http://127.0.0.1:1", "http://127.0.0.1:1"),
        ("http://127.8.9.10", "http://127.8.9.10"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("https://m\u00fcnchen.example", "https://xn--mnchen-3ya.example"),
    ],
)
def test_a_base_url_is_taken_without_a_trailing_slash(monkeypatch: pytest.MonkeyPatch, given: str, url: str) -> None:
    monkeypatch.setenv("THANKSIO_BASE_URL", given)

    assert read_base_url(given) == read_base_url(None) == url


def test_without_a_base_url_the_contract_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_base_url(None) == SERVER
    monkeypatch.setenv("THANKSIO_BASE_URL", "  ")
    assert read_base_url(None) == SERVER


ABSOLUTE = "must be an absolute https URL"
EXTRA = "must not contain user info, a query or a fragment"
NO_PORT = "has a port that does not exist"
PLAIN = "must be https, because the token would be readable on the network; plain http is for loopback only"
UNUSABLE_URLS = {
    "": ABSOLUTE,
    "api.thanks.io": ABSOLUTE,
    "/api/v2": ABSOLUTE,
    "ftp://api.thanks.io": ABSOLUTE,
    "https://": ABSOLUTE,
    "https:///api": ABSOLUTE,
    "https://api.thanks.io/a b": ABSOLUTE,
    "https://.thanks.io": ABSOLUTE,  # ssl raises ValueError for it
    "https://api.thanks.io\\.example": ABSOLUTE,  # for a browser, the host ends before the backslash
    "https://api.thanks.io:x": "cannot be parsed",
    "https://api.thanks.io:99999999": NO_PORT,
    "https://[::1": "cannot be parsed",
    "https://a\x00b": "cannot be parsed",
    "https://user:secret-pass@api.thanks.io": EXTRA,
    "https://@api.thanks.io": EXTRA,
    "https://api.thanks.io?secret=pass": EXTRA,
    "https://api.thanks.io?": EXTRA,
    "https://api.thanks.io#": EXTRA,
    "https://api.thanks.io:0": NO_PORT,
    "https://api.thanks.io:65536": NO_PORT,
    "http://api.thanks.io": PLAIN,
    "http://128.0.0.1": PLAIN,
    "http://localhost.example": PLAIN,
    "http://[::2]": PLAIN,
    "http://0.0.0.0": PLAIN,
    "http://127.1": PLAIN,
    "http://127.0.0.1.evil.example": PLAIN,
    "http://127.0.0.1@evil.example": EXTRA,
    "http://127.0.0.1\\@evil.example/": ABSOLUTE,
    "https://xn--a": "cannot be parsed",
}


@pytest.mark.parametrize(("given", "problem"), UNUSABLE_URLS.items(), ids=map(repr, UNUSABLE_URLS))
def test_an_unusable_base_url_raises_without_being_shown(given: str, problem: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_base_url(given)

    assert str(caught.value) == f"The base URL {problem}. Example: {SERVER}."
    assert caught.value.__context__ is None


@pytest.mark.parametrize("given", [7, b"https://api.thanks.io", False])
def test_a_base_url_is_a_string(given: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^The base URL must be a string\.$"):
        read_base_url(given)


# The proxy


PROXIES: dict[str, Proxy] = {
    "http://proxy.example": Proxy("http", "proxy.example", 80),
    "http://proxy.example:3128/": Proxy("http", "proxy.example", 3128),
    "https://proxy.example": Proxy("https", "proxy.example", 443),
    "HTTP://Proxy.Example:1": Proxy("http", "proxy.example", 1),
    "socks5://proxy.example": Proxy("socks5", "proxy.example", 1080),
    "socks5h://proxy.example:9050": Proxy("socks5", "proxy.example", 9050),
    "http://[::1]:3128": Proxy("http", "::1", 3128),
    "http://127.0.0.1:65535": Proxy("http", "127.0.0.1", 65535),
    "http://m\u00fcnchen.example": Proxy("http", "xn--mnchen-3ya.example", 80),
    "http://jane:secret-pass@proxy.example:3128": Proxy("http", "proxy.example", 3128, ("jane", "secret-pass")),
    "http://j%40ne:p%3Ass%2F@proxy.example": Proxy("http", "proxy.example", 80, ("j@ne", "p:ss/")),
    "http://jane@proxy.example": Proxy("http", "proxy.example", 80, ("jane", "")),
    "http://:secret-pass@proxy.example": Proxy("http", "proxy.example", 80, ("", "secret-pass")),
    f"socks5://{'u' * 255}:{'p' * 255}@proxy.example": Proxy("socks5", "proxy.example", 1080, ("u" * 255, "p" * 255)),
}


@pytest.mark.parametrize(("given", "proxy"), PROXIES.items(), ids=[given[:50] for given in PROXIES])
def test_a_proxy_url_is_parsed(monkeypatch: pytest.MonkeyPatch, given: str, proxy: Proxy) -> None:
    assert read_proxy(Hidden(given), TARGET) == (proxy, "")

    monkeypatch.setenv("HTTPS_PROXY", given)
    assert read_proxy(Hidden(None), TARGET) == (proxy, "")


def test_a_proxy_is_shown_without_its_credentials() -> None:
    proxy, _ = read_proxy(Hidden("http://jane:secret-pass@proxy.example"), TARGET)

    assert str(proxy) == "http://proxy.example:80"
    assert "jane" not in repr(proxy)
    assert "secret-pass" not in repr(proxy)


UNUSABLE_PROXIES: list[Any] = [
    "",
    "proxy.example:3128",
    "http://",
    "http://:3128",
    "ftp://proxy.example",
    "socks4://proxy.example",
    "http://proxy.example:0",
    "http://proxy.example:65536",
    "http://proxy.example:x",
    "http://[::1",
    f"socks5://{'u' * 256}:p@proxy.example",
    f"socks5://u:{'p' * 256}@proxy.example",
    f"http://u:{'%C3%A9' * 128}@proxy.example",
    True,
    7,
    b"http://proxy.example",
]


@pytest.mark.parametrize("given", UNUSABLE_PROXIES, ids=lambda given: repr(given)[:40])
def test_an_unusable_proxy_is_a_problem_that_does_not_show_it(given: Any) -> None:
    assert read_proxy(Hidden(given), TARGET) == (
        None,
        "proxy must be an http, https or socks5 URL, None to read the environment, or False.",
    )


@pytest.mark.parametrize("given", ["ftp://jane:secret-pass@proxy.example", "http://proxy.example:x", "http://"])
def test_an_unusable_proxy_of_the_environment_is_a_problem_that_does_not_show_it(
    monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", given)

    assert read_proxy(Hidden(None), TARGET) == (
        None,
        "The proxy in HTTPS_PROXY or ALL_PROXY must be an http, https or socks5 URL; proxy=False ignores it.",
    )
    assert read_proxy(Hidden(OFF), TARGET) == (None, "")


def test_a_proxy_for_plain_http_is_a_problem() -> None:
    proxy, problem = read_proxy(Hidden("http://proxy.example"), "http://localhost:8000")

    assert proxy is None
    assert problem == "A proxy cannot be used with a plain http base URL: it would receive the token unencrypted."


HERE = Proxy("http", "here.example", 80)
ENVIRONMENTS: dict[str, tuple[dict[str, str], str, Proxy | None]] = {
    "nothing": ({}, TARGET, None),
    "https": ({"HTTPS_PROXY": "http://here.example"}, TARGET, HERE),
    "lower case": ({"https_proxy": "http://here.example"}, TARGET, HERE),
    "all": ({"ALL_PROXY": "http://here.example"}, TARGET, HERE),
    "https before all": ({"HTTPS_PROXY": "http://here.example", "ALL_PROXY": "http://x"}, TARGET, HERE),
    "http is for http": ({"HTTP_PROXY": "http://here.example"}, TARGET, None),
    "without a scheme": ({"HTTPS_PROXY": "here.example"}, TARGET, HERE),
    "without a scheme, with a port": ({"HTTPS_PROXY": "here.example:80"}, TARGET, HERE),
    "empty": ({"HTTPS_PROXY": ""}, TARGET, None),
    "excluded host": ({"HTTPS_PROXY": "http://here.example", "NO_PROXY": "api.thanks.io"}, TARGET, None),
    "excluded domain": ({"HTTPS_PROXY": "http://here.example", "NO_PROXY": "x, .thanks.io"}, TARGET, None),
    "everything excluded": ({"HTTPS_PROXY": "http://here.example", "no_proxy": "*"}, TARGET, None),
    "another host excluded": ({"HTTPS_PROXY": "http://here.example", "NO_PROXY": "example"}, TARGET, HERE),
    "localhost": ({"HTTPS_PROXY": "http://here.example"}, "https://localhost:8000", None),
    "127.0.0.2": ({"ALL_PROXY": "http://here.example"}, "https://127.0.0.2", None),
    "::1": ({"ALL_PROXY": "http://here.example"}, "https://[::1]:8000", None),
    "plain http": ({"HTTP_PROXY": "http://here.example"}, "http://localhost", None),
    "unusable, for loopback": ({"HTTPS_PROXY": "ftp://x"}, "https://localhost", None),
}


@pytest.mark.parametrize(("variables", "base_url", "proxy"), ENVIRONMENTS.values(), ids=ENVIRONMENTS.keys())
def test_the_environment_is_read_as_other_clients_read_it(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], base_url: str, proxy: Proxy | None
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert read_proxy(Hidden(None), base_url) == (proxy, "")
    assert read_proxy(Hidden(OFF), base_url) == (None, "")


def test_the_excluded_port_is_compared_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://here.example")
    monkeypatch.setenv("NO_PROXY", "api.thanks.io:8443")

    assert read_proxy(Hidden(None), "https://api.thanks.io:8443/v2") == (None, "")
    assert read_proxy(Hidden(None), TARGET) == (HERE, "")


# SSL contexts, and forks


def test_only_an_ssl_context_is_one() -> None:
    check_ssl_context(None)
    check_ssl_context(ssl.create_default_context())
    for given in (True, "cert.pem", ssl):
        with pytest.raises(ConfigurationError, match=r"^ssl_context must be an ssl.SSLContext\.$"):
            check_ssl_context(given)


class Renewed:
    """Counts how often it was renewed in this process."""

    def __init__(self) -> None:
        self.times = 0

    def renew(self) -> None:
        self.times += 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_child_renews_what_is_alive_and_the_parent_does_not() -> None:
    kept, dropped = Renewed(), Renewed()
    renew_after_fork(kept)
    renew_after_fork(dropped)
    del dropped
    gc.collect()

    child = os.fork()
    if not child:
        os._exit(kept.times)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 1
    assert kept.times == 0
