"""Faults below HTTP: connections that fail, end, stall or send slowly, and responses that are not valid HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thanksio.testing._fault import Fault, Responder, Stage, Truth
from thanksio.testing._script import End, FakeResponse, Script, Step, Wait, head

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ACTED, IDLE = Truth.ACTED, Truth.IDLE
_PAUSE = Wait(0.02)  # seconds between two bytes: far below any timeout
_LATER = Wait(0.005)
_PIECE = b" " * 65536
_HUNDRED_MB = 100 * 1024 * 1024
_JSON = ("Content-Type", "application/json")
# RFC 8446, section 6: an alert record of TLS 1.2 with two bytes: fatal, handshake_failure.
_ALERT = bytes([21, 3, 3, 0, 2, 2, 40])


def _send(*steps: Step) -> Responder:
    return lambda _response: steps


def _own(change: Callable[[bytes, bytes], Script]) -> Responder:
    """Return the script of a fault, made from the head and body of the normal response."""

    def respond(response: FakeResponse) -> Script:
        start, _, body = response.encode().partition(b"\r\n\r\n")
        return change(start + b"\r\n\r\n", body)

    return respond


def _in_full(*before: bytes, after: Responder = lambda _response: ()) -> Responder:
    """Send the normal response with something before and after it, as one piece if both are bytes."""

    def respond(response: FakeResponse) -> Script:
        return [*before, response.encode(), *after(response)]

    return respond


def _adding(*lines: bytes) -> Responder:
    """Send the normal response with more header lines."""
    more = b"\r\n".join([b"", *lines, b""])
    return _own(lambda start, body: [start.replace(b"\r\n", more, 1) + body])


def _repeating(start: bytes) -> bytes:
    """Send one of the headers twice."""
    line = next(line for line in start.split(b"\r\n") if line.startswith(b"Content-Length"))
    return start[:-2] + line + b"\r\n\r\n"


def _dripped(start: bytes, body: bytes) -> Iterator[Step]:
    yield start
    for drop in body:
        yield bytes([drop])
        yield _PAUSE


def _endless(start: bytes, drop: bytes) -> Responder:
    """Send the same bytes until the client closes."""

    def steps(_response: FakeResponse) -> Iterator[Step]:
        yield start
        while True:
            yield drop
            yield _PAUSE

    return steps


def _megabytes(start: bytes) -> Responder:
    """Send a hundred of them."""

    def steps(_response: FakeResponse) -> Iterator[Step]:
        yield start
        for _ in range(_HUNDRED_MB // len(_PIECE)):
            yield _PIECE
        yield End.CLOSE

    return steps


def _bare(start: bytes) -> Responder:
    """Send the body after another head, and close."""
    return lambda response: [start + response.body(), End.CLOSE]


def _reset_within(start: bytes, body: bytes) -> Script:
    return [start + body[:9], _PAUSE, End.RESET]


def _body_as_header(response: FakeResponse) -> Script:
    return [head(200)[:-2] + response.body() + b"\r\n\r\n", End.CLOSE]


def _shortened(response: FakeResponse) -> Script:
    """Send a Content-Length that is too small."""
    body = response.body()
    return [response.encode_with(body, extra=(("Content-Length", str(len(body) - 20)),))]


_REFUSAL = FakeResponse(422, {"message": "Order is already cancelled."}).encode()
_CHUNKED = head(200, _JSON, ("Transfer-Encoding", "chunked"))
_HUGE = head(200, _JSON, ("Content-Length", str(_HUNDRED_MB)))

_CONNECTING = (
    Fault("port_closed", "refuses connections", IDLE, _send(), Stage.REFUSED),
    Fault("slow_connect", "does not complete connections", IDLE, _send(), Stage.STALLED),
    Fault("tls_refused", "refuses the TLS handshake", IDLE, _send(_ALERT, End.CLOSE), Stage.HANDSHAKE),
    Fault("tls_garbage", "responds to the TLS handshake in HTTP", IDLE, _send(head(400), End.CLOSE), Stage.HANDSHAKE),
    Fault("tls_closed", "closes during the TLS handshake", IDLE, _send(End.CLOSE), Stage.HANDSHAKE),
    Fault("tls_silent", "never finishes the TLS handshake", IDLE, _send(Wait()), Stage.HANDSHAKE),
    Fault("wrong_certificate", "presents an untrusted certificate", IDLE, _send(End.UNTRUSTED), Stage.HANDSHAKE),
)
_ENDS = (
    Fault("lost_response", "cancels, then closes without a response", ACTED, _send(End.CLOSE)),
    Fault("stale_connection", "closes a kept connection without reading the request", IDLE, _send(End.CLOSE)),
    Fault("reset", "cancels, then resets the connection", ACTED, _send(End.RESET)),
    Fault("cut_headers", "closes in the headers", ACTED, _own(lambda start, _body: [start[:60], End.CLOSE])),
    Fault("reset_after_headers", "resets after the headers", ACTED, _own(lambda start, _: [start, _PAUSE, End.RESET])),
    Fault("cut_body", "closes in the body", ACTED, _own(lambda start, body: [start + body[:-20], End.CLOSE])),
    Fault("reset_mid_body", "resets in the body", ACTED, _own(_reset_within)),
    Fault(
        "closed_after_response", "responds, then closes without announcing it", ACTED, _in_full(after=_send(End.CLOSE))
    ),
)
_SLOW = (
    Fault("silent", "cancels, then sends nothing", ACTED, _send(Wait())),
    Fault("silent_after_headers", "sends the headers, then nothing", ACTED, _own(lambda start, _body: [start, Wait()])),
    Fault("drip", "sends the body one byte at a time", ACTED, _own(_dripped)),
    Fault("drip_headers", "sends headers slowly without end", ACTED, _endless(head(200)[:-2], b"X-A: b\r\n")),
    Fault("drip_chunks", "sends chunks slowly without end", ACTED, _endless(_CHUNKED, b"1\r\n \r\n")),
    Fault("continue_forever", "sends 100 Continue without end", ACTED, _endless(b"", head(100))),
)
_LARGE = (
    Fault("header_1mb", "200 with a header of 1 MB", ACTED, _adding(b"X-Large: " + b"x" * 1_000_000)),
    Fault("headers_10000", "200 with 10,000 headers", ACTED, _adding(*(b"X-%d: x" % n for n in range(10_000)))),
    Fault("body_100mb", "200 with a body of 100 MB", ACTED, _megabytes(_HUGE)),
    Fault("body_100mb_unannounced", "200 with a body of 100 MB and no length", ACTED, _megabytes(head(200, _JSON))),
)
_GARBLED = (
    Fault("http_10", "responds in HTTP/1.0", ACTED, _bare(head(200, _JSON, version="HTTP/1.0"))),
    Fault("http_09", "sends only the body", ACTED, _bare(b"")),
    Fault("not_http", "sends an SSH banner", ACTED, _send(b"SSH-2.0-OpenSSH_9.2\r\n", End.CLOSE)),
    Fault("status_1000", "sends status 1000", ACTED, _send(head(1000), End.CLOSE)),
    Fault("chunked_garbage", "200 with an invalid chunk length", ACTED, _send(_CHUNKED + b"zz\r\n", End.CLOSE)),
    Fault("header_without_colon", "sends a header line without a colon", ACTED, _body_as_header),
    Fault("nul_in_header", "sends a header with a zero byte", ACTED, _adding(b"X-Nul: \0")),
    Fault("two_lengths", "sends two different lengths", ACTED, _adding(b"Content-Length: 1")),
    Fault(
        "same_length_twice", "sends the same length twice", ACTED, _own(lambda start, body: [_repeating(start) + body])
    ),
    Fault("length_too_short", "sends a length that is too small", ACTED, _shortened),
    Fault("length_and_chunks", "sends a length and chunks", ACTED, _adding(b"Transfer-Encoding: chunked")),
)
_MORE = (
    Fault("continue_first", "sends 100 Continue first", ACTED, _in_full(head(100))),
    Fault("early_hints_first", "sends 103 Early Hints first", ACTED, _in_full(head(103, ("Link", "</x>")))),
    Fault("switching_101", "switches to another protocol", ACTED, _send(head(101, ("Upgrade", "x")), End.CLOSE)),
    Fault(
        "two_responses",
        "responds, then sends an unrequested 422",
        ACTED,
        lambda response: [response.encode() + _REFUSAL],
    ),
    Fault("same_response_twice", "sends its response twice", ACTED, lambda response: [response.encode() * 2]),
    Fault(
        "late_refusal",
        "responds, then sends an unrequested 422 later",
        ACTED,
        lambda response: [response.encode(), _LATER, _REFUSAL],
    ),
)

FAULTS = (*_CONNECTING, *_ENDS, *_SLOW, *_LARGE, *_GARBLED, *_MORE)
