"""The handshakes with a proxy as values: what is sent, and what each reply means, wherever it is cut."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thanksio._config import Proxy
from thanksio._tunnel import ProxyRefusedError, handshake

if TYPE_CHECKING:
    from collections.abc import Iterable

CREDENTIALS = ("jane", "secret-pass")
CHECK = "Check the user name and the password in the proxy's URL."
CLOSED = "it closed the connection"
HTTP = Proxy("http", "proxy.example", 3128)
SOCKS = Proxy("socks5", "proxy.example", 1080)
SOCKS_WITH_CREDENTIALS = Proxy("socks5", "proxy.example", 1080, CREDENTIALS)
HOST = "api.thanks.io"


class Talk:
    """A handshake with a proxy that sends these pieces and closes the connection."""

    def __init__(self, proxy: Proxy, pieces: Iterable[bytes], host: str = HOST, port: int = 443) -> None:
        self.sent = b""
        self.left = list(pieces)
        self.refused: ProxyRefusedError | None = None
        steps = handshake(proxy, host, port)
        try:
            self.sent += next(steps)
            while True:
                self.sent += steps.send(self.left.pop(0) if self.left else b"")
        except StopIteration:
            pass
        except ProxyRefusedError as error:
            self.refused = error

    @property
    def why(self) -> tuple[str, bool, str]:
        """Return why there is no tunnel, whether that is permanent, and what to do."""
        assert self.refused is not None
        return str(self.refused), self.refused.is_permanent, self.refused.advice


def bytewise(data: bytes) -> list[bytes]:
    return [data[index : index + 1] for index in range(len(data))]


# HTTP


def response(status: int, reason: str = "x", *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status} {reason}", *headers, "", ""]).encode()


TARGETS = {
    (HOST, 443): "api.thanks.io:443",
    ("127.0.0.1", 8443): "127.0.0.1:8443",
    ("2001:db8::1", 443): "[2001:db8::1]:443",
}


@pytest.mark.parametrize(("where", "target"), TARGETS.items(), ids=TARGETS.values())
def test_an_http_proxy_is_asked_to_connect(where: tuple[str, int], target: str) -> None:
    talk = Talk(HTTP, [response(200)], *where)

    assert talk.refused is None
    assert talk.sent == f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode()


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("credentials", [CREDENTIALS, ("jane", ""), ("", "secret-pass"), ("j\u00e4ne", "p:ss")])
def test_credentials_are_sent_in_a_header(scheme: str, credentials: tuple[str, str]) -> None:
    talk = Talk(Proxy(scheme, "proxy.example", 1, credentials), [response(200)])

    basic = b64encode(":".join(credentials).encode())
    assert talk.sent.splitlines()[2] == b"Proxy-Authorization: Basic " + basic


def test_a_long_credential_is_sent_on_one_line() -> None:
    talk = Talk(Proxy("http", "proxy.example", 1, ("u" * 255, "p" * 255)), [response(200)])

    assert len(talk.sent.splitlines()) == 4


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_2xx_opens_the_tunnel(status: int) -> None:
    assert Talk(HTTP, [response(status)]).refused is None
    assert Talk(HTTP, bytewise(response(status, "Connection established", "Via: x"))).refused is None
    assert Talk(HTTP, [response(100) + response(status)]).refused is None
    assert Talk(HTTP, [response(100), response(103), response(status)]).refused is None


PERMANENT = [300, 301, 302, 400, 401, 403, 404, 405, 410, 425, 451, 499]
PASSING = [408, 429, 500, 502, 503, 504, 599]


@pytest.mark.parametrize("status", PERMANENT + PASSING)
@pytest.mark.parametrize("credentials", [None, CREDENTIALS])
def test_any_other_status_refuses(status: int, credentials: tuple[str, str] | None) -> None:
    reply = response(status, "secret-pass is wrong", "Content-Length: 11") + b"secret-pass"

    talk = Talk(Proxy("http", "proxy.example", 1, credentials), [reply])

    assert talk.why == (f"it refused with status {status}", status in PERMANENT, "")


def test_407_asks_for_other_credentials() -> None:
    reply = response(407, "x", 'Proxy-Authenticate: Basic realm="x"')

    assert Talk(HTTP, [reply]).why == ("407, it requires other credentials", True, CHECK)


GARBAGE = {
    "SSH": b"SSH-2.0-OpenSSH_9.2\r\n",
    "SOCKS": b"\5\0",
    "TLS": bytes.fromhex("15030300020228"),
    "HTML": b"<html>\r\n\r\n",
    "no number": b"HTTP/1.1 OK\r\n\r\n",
    "four digits": b"HTTP/1.1 2000 OK\r\n\r\n",
    "a broken header": b"HTTP/1.1 200 OK\r\nsecret-pass\r\n\r\n",
    "two lengths": b"HTTP/1.1 403 No\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "endless headers": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000,
}


@pytest.mark.parametrize("reply", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_is_not_quoted(reply: bytes) -> None:
    why = Talk(HTTP, [reply]).why

    assert why in {("its response is not HTTP", False, ""), (CLOSED, False, "")}


@pytest.mark.parametrize("reply", [response(200, "OK", "Via: x"), response(103) + response(200), response(407)])
def test_an_http_response_that_is_cut_anywhere_is_a_closed_connection(reply: bytes) -> None:
    for length in range(len(reply)):
        whole, single = Talk(HTTP, [reply[:length]]), Talk(HTTP, bytewise(reply[:length]))

        assert whole.why == single.why, reply[:length]
        assert whole.why == (CLOSED, False, ""), reply[:length]


def test_an_http_response_can_come_in_any_two_pieces() -> None:
    reply = response(200, "OK", "Via: x", "Content-Length: 0")

    for length in range(1, len(reply)):
        assert Talk(HTTP, [reply[:length], reply[length:]]).refused is None


# SOCKS 5


ACCEPTED = b"\5\0\0\1\0\0\0\0\0\0"
GREETING, GREETING_WITH_CREDENTIALS = b"\5\1\0", b"\5\2\0\2"
LOGIN = b"\1\4jane\x0bsecret-pass"
REQUEST = b"\5\1\0\3\x0dapi.thanks.io\1\xbb"


ADDRESSES = {
    HOST: b"\3\x0dapi.thanks.io",
    "127.0.0.1": b"\1\x7f\0\0\1",
    "2001:db8::1": b"\4" + bytes.fromhex("20010db8000000000000000000000001"),
    "a" * 253: b"\3\xfd" + b"a" * 253,
}


@pytest.mark.parametrize(("host", "address"), ADDRESSES.items(), ids=[host[:20] for host in ADDRESSES])
def test_a_socks_proxy_is_asked_to_connect(host: str, address: bytes) -> None:
    talk = Talk(SOCKS, [b"\5\0", ACCEPTED], host, 8443)

    assert talk.refused is None
    assert talk.sent == GREETING + b"\5\1\0" + address + b"\x20\xfb"


@pytest.mark.parametrize(
    "bound",
    [b"\1\0\0\0\0\0\0", b"\4" + bytes(16) + b"\0\0", b"\3\0\0\0", b"\3\x0dproxy.example\0\0", b"\3\xff" + bytes(257)],
    ids=["IPv4", "IPv6", "an empty name", "a name", "a long name"],
)
def test_the_address_that_the_proxy_uses_is_read_to_its_end(bound: bytes) -> None:
    reply = b"\5\0\0" + bound

    assert Talk(SOCKS, [b"\5\0", reply]).refused is None
    assert Talk(SOCKS, bytewise(b"\5\0" + reply)).refused is None
    for length in range(len(reply)):
        assert Talk(SOCKS, [b"\5\0", reply[:length]]).why == (CLOSED, False, ""), length


def test_a_host_name_that_socks_cannot_express_is_refused() -> None:
    assert Talk(SOCKS, [b"\5\0", ACCEPTED], "a" * 256).why[1] is True


def test_credentials_are_sent_if_the_proxy_asks_for_them() -> None:
    asked = Talk(SOCKS_WITH_CREDENTIALS, [b"\5\2", b"\1\0", ACCEPTED])
    not_asked = Talk(SOCKS_WITH_CREDENTIALS, [b"\5\0", ACCEPTED])

    assert asked.sent == GREETING_WITH_CREDENTIALS + LOGIN + REQUEST
    assert not_asked.sent == GREETING_WITH_CREDENTIALS + REQUEST
    assert asked.refused is not_asked.refused is None


def test_the_lengths_of_credentials_are_those_of_their_bytes() -> None:
    proxy = Proxy("socks5", "proxy.example", 1080, ("j\u00e4", "p" * 255))

    sent = Talk(proxy, [b"\5\2", b"\1\0", ACCEPTED]).sent

    assert sent == GREETING_WITH_CREDENTIALS + b"\1\3j\xc3\xa4\xff" + b"p" * 255 + REQUEST


def test_credentials_that_are_rejected_are_permanent() -> None:
    for code in range(1, 256):
        talk = Talk(SOCKS_WITH_CREDENTIALS, [b"\5\2", bytes([1, code])])

        assert talk.why == ("it rejected the credentials", True, CHECK), code
        assert talk.sent == GREETING_WITH_CREDENTIALS + LOGIN


OTHER = ("it requires other credentials", True, CHECK)
NOT_SOCKS = ("its response is not SOCKS 5", False, "")
METHODS = {
    "none acceptable": (SOCKS, b"\5\xff", OTHER),
    "none acceptable, with credentials": (SOCKS_WITH_CREDENTIALS, b"\5\xff", OTHER),
    "credentials, without any": (SOCKS, b"\5\2", OTHER),
    "GSSAPI": (SOCKS, b"\5\1", NOT_SOCKS),
    "an unknown method": (SOCKS, b"\5\x80", NOT_SOCKS),
    "SOCKS 4": (SOCKS, b"\0\x5a", NOT_SOCKS),
    "SOCKS 6": (SOCKS, b"\6\0", NOT_SOCKS),
    "HTTP": (SOCKS, b"HTTP/1.1 400 Bad Request\r\n\r\n", NOT_SOCKS),
    "TLS": (SOCKS_WITH_CREDENTIALS, bytes.fromhex("15030300020228"), NOT_SOCKS),
}


@pytest.mark.parametrize(("proxy", "reply", "why"), METHODS.values(), ids=METHODS.keys())
def test_another_method_of_authentication_is_refused(proxy: Proxy, reply: bytes, why: tuple[str, bool, str]) -> None:
    talk = Talk(proxy, [reply])

    assert talk.why == why
    assert talk.sent in {GREETING, GREETING_WITH_CREDENTIALS}


REPLIES = {
    1: ("general failure", False),
    2: ("the connection is not allowed", True),
    3: ("the network is unreachable", False),
    4: ("the host is unreachable", False),
    5: ("the server refused the connection", False),
    6: ("time to live expired", False),
    7: ("the command is not supported", True),
    8: ("the address type is not supported", True),
    **{code: (f"reply {code}", True) for code in range(9, 256)},
}


def test_every_reply_but_0_refuses() -> None:
    for code, (meaning, is_permanent) in REPLIES.items():
        talk = Talk(SOCKS, [b"\5\0", bytes([5, code, 0, 1]) + bytes(6)])

        assert talk.why == (f"it refused: {meaning}", is_permanent, "")


def test_a_reply_that_refuses_may_end_after_its_address_type() -> None:
    assert Talk(SOCKS, [b"\5\0", b"\5\5\0\1"]).why[0] == "it refused: the server refused the connection"


@pytest.mark.parametrize("proxy", [SOCKS, SOCKS_WITH_CREDENTIALS], ids=["without credentials", "with credentials"])
def test_a_socks_handshake_that_is_cut_anywhere_is_a_closed_connection(proxy: Proxy) -> None:
    whole = b"\5\2\1\0" + ACCEPTED if proxy.credentials else b"\5\0" + ACCEPTED

    for length in range(len(whole)):
        assert Talk(proxy, bytewise(whole[:length])).why == (CLOSED, False, ""), length
        assert Talk(proxy, [whole[:length]] if length else []).why == (CLOSED, False, ""), length
    assert Talk(proxy, bytewise(whole)).refused is None


def test_nothing_is_sent_before_the_reply_to_what_came_before() -> None:
    steps = handshake(SOCKS_WITH_CREDENTIALS, HOST, 443)

    assert next(steps) == GREETING_WITH_CREDENTIALS
    assert steps.send(b"\5") == b""
    assert steps.send(b"\2") == LOGIN
    assert steps.send(b"\1") == b""
    assert steps.send(b"\0") == REQUEST


# Both


proxies = st.sampled_from([HTTP, Proxy("http", "proxy.example", 1, CREDENTIALS), SOCKS, SOCKS_WITH_CREDENTIALS])
pieces = st.binary(min_size=1, max_size=9) | st.sampled_from(
    [b"\5\0", b"\5\2", b"\1\0", ACCEPTED, response(100), response(200), b"HTTP/1.1 ", b"\r\n", b"secret-pass"]
)


@given(proxies, st.lists(pieces, max_size=6))
def test_any_bytes_of_a_proxy_end_the_handshake_and_are_not_quoted(proxy: Proxy, replies: list[bytes]) -> None:
    talk = Talk(proxy, replies)

    if talk.refused is not None:
        assert re.fullmatch(r"[a-zA-Z0-9 :,]+", str(talk.refused))
        assert "secret-pass" not in repr(talk.refused) + talk.refused.advice
