"""Proxies: cancels go through every kind, a proxy that refuses was sent no request, and no password is shown."""

from __future__ import annotations

import base64
import gc
import logging
import pickle
import ssl
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from calls import TWICE, cancel, failure, verdict
from conftest import KINDS, TOKEN, is_ours
from servers import LONGEST, Listener, Proxy, SocksProxy, dripping, hold, saying

from thanksio import AsyncThanksIO, ConfigurationError, ThanksIO, errors
from thanksio.testing import FakeThanksIO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers import Serve

PASSWORD = "geheim@wort:8"
QUOTED = "geheim%40wort%3A8"
BASIC = base64.b64encode(f"operator:{PASSWORD}".encode()).decode()
SECRETS = (PASSWORD, QUOTED, BASIC, TOKEN)
ELSEWHERE = "https://api.example.test/api/v2"  # a host that no proxy's environment leaves out
DEADLINE = 0.7
WHO = f"operator:{QUOTED}@"


@pytest.fixture(scope="module")
def tls_fake() -> Iterator[FakeThanksIO]:
    with FakeThanksIO(token=TOKEN, tls=True) as running:
        yield running


@pytest.fixture
def target(tls_fake: FakeThanksIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeThanksIO]:
    """Return a fake behind TLS, in an environment without proxies that trusts it."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    (tmp_path / "ca.pem").write_bytes(_certificates(tls_fake).pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))  # in case that ssl_context is not for the proxy's TLS
    tls_fake.recover()
    tls_fake.calls.clear()
    yield tls_fake
    gc.collect(1)  # a connection that was left open fails the test that left it


def _certificates(fake: FakeThanksIO) -> Any:
    assert fake.certificates
    return fake.certificates


def _trust(fake: FakeThanksIO, *, names: bool = True) -> ssl.SSLContext:
    context: ssl.SSLContext = _certificates(fake).trust()
    context.check_hostname = names
    return context


def _settings(fake: FakeThanksIO, **more: Any) -> dict[str, Any]:
    return {"base_url": fake.base_url, "ssl_context": _trust(fake)} | more


PROXIES: dict[str, tuple[str, type[Proxy | SocksProxy], dict[str, Any]]] = {
    "http": ("http://", Proxy, {}),
    "http with a password": (f"http://{WHO}", Proxy, {}),
    "https": (f"https://{WHO}", Proxy, {"context": True}),
    "socks5": ("socks5://", SocksProxy, {}),
    "socks5h": ("socks5h://", SocksProxy, {}),
    "socks5 with a password": (f"socks5://{WHO}", SocksProxy, {"method": 2}),
}


def _proxy(name: str, fake: FakeThanksIO, **more: Any) -> tuple[str, Proxy | SocksProxy]:
    """Make a proxy before a fake; its address is complete but for the port."""
    scheme, kind, options = PROXIES[name]
    options = options | ({"context": _certificates(fake).server} if "context" in options else {})
    return f"{scheme}127.0.0.1:", kind(fake.base_url, **options | more)


@pytest.mark.parametrize("name", PROXIES)
def test_a_cancel_goes_through_a_proxy_that_sees_no_token(kind: str, name: str, target: FakeThanksIO) -> None:
    address, proxy = _proxy(name, target)

    with proxy:
        order_id = target.place().id
        found = cancel(kind, order_id, **_settings(target, proxy=f"{address}{proxy.port}"))

    seen = b"".join(proxy.received)
    assert (found.id, len(target.calls), proxy.connections) == (order_id, 1, 1)
    assert TOKEN.encode() not in seen
    assert (BASIC.encode() in seen or PASSWORD.encode() in seen) is (WHO in address)


def _denies(status: str) -> Serve:
    """Refuse the tunnel, and repeat in every place what the client has sent."""
    echo = f"Denied operator:{PASSWORD} {QUOTED} Basic {BASIC}"
    page = f"<p>{echo}</p>"
    head = f"HTTP/1.1 {status} {echo}\r\nProxy-Authenticate: {echo}\r\nContent-Length: {len(page)}\r\n\r\n"
    return saying((head + page).encode())


REFUSALS: dict[str, tuple[Serve, int | None]] = {
    "407": (_denies("407"), 1),
    "403": (_denies("403"), 1),
    "502": (_denies("502"), 2),
    "503": (_denies("503"), 2),
    "garbage": (saying(b"SSH-2.0 " + BASIC.encode() + b"\r\n\r\n"), None),
    "silence": (hold, 2),
    "closed": (lambda _connection: None, 2),
}


def assert_nothing_was_sent_or_shown(error: errors.APIConnectionError, logs: str, attempts: int | None) -> None:
    assert error.may_have_cancelled is False
    assert attempts in {None, error.attempts}
    chain: list[BaseException] = [error]
    while more := chain[-1].__cause__ or chain[-1].__context__:
        chain.append(more)
    shown = [logs, pickle.dumps(error).decode("latin-1"), *(f"{each!s} {each!r} {each.args!r}" for each in chain)]
    frames = [
        frame
        for each in chain
        for frame in traceback.TracebackException.from_exception(each, capture_locals=True).stack
        if not frame.filename.startswith(str(Path(__file__).parent.parent))
    ]
    assert any(is_ours(frame.filename) for frame in frames)
    shown += [repr(frame.locals) for frame in frames]
    assert [secret for secret in SECRETS if any(secret in text for text in shown)] == []


def _own_logs(caplog: pytest.LogCaptureFixture) -> str:
    return "".join(record.getMessage() for record in caplog.records if record.name.startswith("thanksio"))


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_an_http_proxy_that_refuses_was_sent_no_request(
    kind: str, refusal: str, target: FakeThanksIO, caplog: pytest.LogCaptureFixture, *, tls: bool
) -> None:
    caplog.set_level(logging.DEBUG)
    instead, attempts = REFUSALS[refusal]
    with Proxy(target.base_url, instead, context=_certificates(target).server if tls else None) as proxy:
        address = f"http{'s' if tls else ''}://{WHO}127.0.0.1:{proxy.port}"
        error = failure(kind, **_settings(target, proxy=address, timeout=0.3))

    assert target.calls == []
    assert_nothing_was_sent_or_shown(error, _own_logs(caplog), attempts)


SOCKS: dict[str, dict[str, Any]] = {
    **{f"reply {code}": {"method": 2, "code": code} for code in range(1, 9)},
    "no method": {"method": 255},
    "wrong password": {"method": 2, "accepts": False},
}
MAY_PASS = {f"reply {code}" for code in (1, 3, 4, 5, 6)}  # as 502 of an HTTP proxy: the network is at fault


@pytest.mark.parametrize("refusal", SOCKS)
def test_a_socks_proxy_that_refuses_was_sent_no_request_and_is_asked_again_only_if_that_can_help(
    kind: str, refusal: str, target: FakeThanksIO, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with SocksProxy(target.base_url, **SOCKS[refusal]) as proxy:
        error = failure(kind, **_settings(target, proxy=f"socks5://{WHO}127.0.0.1:{proxy.port}"))

    assert_nothing_was_sent_or_shown(error, _own_logs(caplog), 2 if refusal in MAY_PASS else 1)


@pytest.mark.parametrize("words", [b"HTTP/1.1 400 No\r\n\r\n", b"\x05", b"\x05\x07", b"\x00" * 50, b""])
def test_a_server_that_speaks_no_socks_is_a_connection_error(kind: str, words: bytes, target: FakeThanksIO) -> None:

    def serve(connection: Any) -> None:
        connection.recv(100)
        connection.sendall(words)

    with Listener(serve) as proxy:
        error = failure(kind, **_settings(target, proxy=f"socks5://127.0.0.1:{proxy.port}"))

    assert error.may_have_cancelled is False


def test_a_socks_proxy_that_answers_in_pieces_leaves_no_doubt(kind: str, target: FakeThanksIO) -> None:
    with SocksProxy(target.base_url, method=2, cut=True) as proxy:
        settings = _settings(target, proxy=f"socks5://{WHO}127.0.0.1:{proxy.port}")
        result = verdict(lambda: cancel(kind, **settings))

    assert result in {"order 37294", "APIConnectionError, may_have_cancelled=False"}


def test_a_silent_socks_proxy_is_held_to_the_timeout(kind: str, target: FakeThanksIO) -> None:
    """By itself httpcore sets no timeout for the words of SOCKS."""
    with Listener(hold) as proxy:
        settings = _settings(target, proxy=f"socks5://127.0.0.1:{proxy.port}", timeout=0.3)
        error = failure(kind, **settings, within=1.0)

    assert (error.attempts, error.may_have_cancelled) == (2, False)


# Deadlines: only what is behind a proxy; test_hangs.py has the rest

DRIPS: dict[str, tuple[str, Serve]] = {
    "CONNECT": ("http", dripping(b"HTTP/1.1 200 ")),
    "the proxy's handshake": ("https", dripping(b"\x16\x03\x03\x40\x00")),
    "SOCKS": ("socks5", hold),
}


@pytest.mark.parametrize("drip", DRIPS)
def test_a_proxy_that_drips_is_held_to_the_deadline(kind: str, drip: str, target: FakeThanksIO) -> None:
    scheme, serve = DRIPS[drip]
    with Listener(serve) as proxy:
        settings = _settings(target, proxy=f"{scheme}://127.0.0.1:{proxy.port}", deadline=DEADLINE)
        error = failure(kind, **settings, timeout=LONGEST, within=DEADLINE)

    assert isinstance(error, errors.APITimeoutError)
    assert error.may_have_cancelled is False


@pytest.mark.parametrize("name", ["http", "https", "socks5"])
@pytest.mark.parametrize("drip", ["handshake", "body"])
def test_a_target_that_drips_behind_a_proxy_is_held_to_the_deadline(
    kind: str, name: str, drip: str, target: FakeThanksIO
) -> None:
    """With an https proxy this is TLS within TLS, whose steps httpcore does not bound."""
    address, proxy = _proxy(name, target, **{"every": 0.02} if drip == "handshake" else {})
    if drip == "body":
        target.faults("drip")

    with proxy:
        settings = _settings(target, proxy=f"{address}{proxy.port}", deadline=DEADLINE)
        error = failure(kind, **settings, timeout=LONGEST, within=DEADLINE)

    assert isinstance(error, errors.APITimeoutError)
    assert error.may_have_cancelled is (drip == "body")


# The environment


ENVIRONMENTS: dict[str, tuple[dict[str, str], bool]] = {
    "HTTPS_PROXY": ({"HTTPS_PROXY": "http://{}"}, True),
    "https_proxy": ({"https_proxy": "http://{}"}, True),
    "ALL_PROXY": ({"ALL_PROXY": "http://{}"}, True),
    "without a scheme": ({"HTTPS_PROXY": "{}"}, True),
    "HTTP_PROXY is for http": ({"HTTP_PROXY": "http://{}"}, False),
    "NO_PROXY names the host": ({"HTTPS_PROXY": "http://{}", "NO_PROXY": "a.test,api.example.test"}, False),
    "NO_PROXY names the domain": ({"ALL_PROXY": "http://{}", "no_proxy": ".example.test"}, False),
    "NO_PROXY names all": ({"HTTPS_PROXY": "http://{}", "NO_PROXY": "*"}, False),
    "NO_PROXY names another": ({"HTTPS_PROXY": "http://{}", "NO_PROXY": "ample.test"}, True),
}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_environment_names_the_proxy(
    kind: str, name: str, target: FakeThanksIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables, used = ENVIRONMENTS[name]
    settings: dict[str, Any] = {"base_url": ELSEWHERE, "ssl_context": _trust(target, names=False)}
    with Proxy(target.base_url) as proxy:
        for variable, value in variables.items():
            monkeypatch.setenv(variable, value.format(f"127.0.0.1:{proxy.port}"))
        if used:
            assert cancel(kind, **settings).id == 37294
            assert proxy.received[0].startswith(b"CONNECT api.example.test:443 ")
        else:
            failure(kind, **settings)

    assert proxy.connections == used


def test_false_means_no_proxy_and_an_argument_comes_before_the_environment(
    kind: str, target: FakeThanksIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: dict[str, Any] = {"base_url": ELSEWHERE, "ssl_context": _trust(target, names=False)}
    with Proxy(target.base_url) as proxy, Proxy(target.base_url) as other:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{other.port}")
        failure(kind, proxy=False, **settings)
        cancel(kind, proxy=f"http://127.0.0.1:{proxy.port}", **settings)

    assert (proxy.connections, other.connections) == (1, 0)


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_a_loopback_host_is_never_reached_through_the_environments_proxy(
    kind: str, target: FakeThanksIO, fake: FakeThanksIO, monkeypatch: pytest.MonkeyPatch, *, tls: bool
) -> None:
    with Proxy(target.base_url) as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        hosts = ("127.0.0.1", "localhost") if tls else ("127.0.0.1",)
        for host in hosts:
            base_url = (target if tls else fake).base_url.replace("127.0.0.1", host)
            cancel(kind, base_url=base_url, ssl_context=_trust(target))

    assert proxy.connections == 0


# Configuration


BAD_URLS = ["", " ", "ftp://{}h:1", "http://{}", "http://{}:8080", "http://{}a b:1", "http://{}h:99999", "http://{}h:x"]
BAD_URLS += ["socks4://{}h:1", "{}h:1://", "http://{}h:1\n", "://{}h"]


def assert_refused(settings: dict[str, Any], *, call: bool = False) -> None:
    """Fail unless both clients refuse these settings, at once or in a call, and show no password."""
    for kind, client in ((KINDS[0], ThanksIO), (KINDS[1], AsyncThanksIO)):
        with pytest.raises(ConfigurationError) as caught:
            cancel(kind, **settings) if call else client(TOKEN, **settings)
        assert (caught.value.may_have_cancelled, caught.value.attempts) == (False, 0)
        frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
        shown = [str(caught.value), repr(caught.value.__cause__), repr(caught.value.__context__)]
        shown += [repr(frame.locals) for frame in frames if is_ours(frame.filename)]
        assert [secret for secret in SECRETS if any(secret in text for text in shown)] == []


@pytest.mark.parametrize("url", BAD_URLS)
def test_an_unusable_proxy_is_refused_without_its_password(url: str) -> None:
    assert_refused({"proxy": url.format(WHO)})


@pytest.mark.parametrize("value", [True, 5, b"http://h:1", object()])
def test_a_proxy_that_is_no_text_is_refused(value: Any) -> None:
    assert_refused({"proxy": value})


def test_an_unusable_proxy_of_the_environment_is_refused_without_its_password(
    target: FakeThanksIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"ftp://{WHO}127.0.0.1:{target.base_url[-1]}")

    assert_refused({"base_url": ELSEWHERE}, call=True)


def test_a_proxy_for_a_loopback_base_url_in_plain_http_is_refused() -> None:
    assert_refused({"base_url": "http://127.0.0.1:1", "proxy": f"http://{WHO}127.0.0.1:2"})


@pytest.mark.parametrize("setting", [{"proxy": "http://127.0.0.1:1"}, {"ssl_context": ssl.create_default_context()}])
def test_a_transport_brings_its_own_proxy_and_certificates(setting: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=r"transport"):
        ThanksIO(TOKEN, transport=httpx.HTTPTransport(), **setting)
    with pytest.raises(ConfigurationError, match=r"transport"):
        AsyncThanksIO(TOKEN, transport=httpx.AsyncHTTPTransport(), **setting)


@pytest.mark.parametrize("value", [True, "ca.pem", b"", object()])
def test_certificates_are_given_as_a_context(value: Any) -> None:
    assert_refused({"ssl_context": value})


def test_a_client_does_not_show_its_proxys_password(target: FakeThanksIO) -> None:
    client = ThanksIO(TOKEN, **_settings(target, proxy=f"http://{WHO}127.0.0.1:1", retry=TWICE))

    shown = repr(client) + repr(vars(client)) if hasattr(client, "__dict__") else repr(client)
    assert [secret for secret in SECRETS if secret in shown] == []
