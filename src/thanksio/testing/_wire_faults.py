"""Faults below HTTP: connections that are not made, that end, stop, drip, or say what no server should."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thanksio.testing._fault import Fault, Say, Stage, Truth
from thanksio.testing._script import End, Response, Script, Step, Wait, head

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ACTED, IDLE = Truth.ACTED, Truth.IDLE
_PAUSE = Wait(0.02)  # between two drops: far below any timeout of a step
_LATER = Wait(0.005)
_PIECE = b" " * 65536
_HUNDRED_MB = 100 * 1024 * 1024
_JSON = ("Content-Type", "application/json")
# RFC 8446, section 6: an alert record of TLS 1.2 with two bytes: fatal, handshake_failure.
_ALERT = bytes([21, 3, 3, 0, 2, 2, 40])


def _say(*steps: Step) -> Say:
    return lambda _answer: steps


def _own(change: Callable[[bytes, bytes], Script]) -> Say:
    """Make a script of the head and the body that the fake would send."""

    def say(answer: Response) -> Script:
        start, _, body = answer.encode().partition(b"\r\n\r\n")
        return change(start + b"\r\n\r\n", body)

    return say


def _in_full(*before: bytes, after: Say = lambda _answer: ()) -> Say:
    """Send the normal response with something before and after it, in one piece if both are bytes."""

    def say(answer: Response) -> Script:
        return [*before, answer.encode(), *after(answer)]

    return say


def _adding(*lines: bytes) -> Say:
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


def _for_ever(start: bytes, drop: bytes) -> Say:
    """Send the same bytes until the client closes."""

    def steps(_answer: Response) -> Iterator[Step]:
        yield start
        while True:
            yield drop
            yield _PAUSE

    return steps


def _megabytes(start: bytes) -> Say:
    """Send a hundred of them."""

    def steps(_answer: Response) -> Iterator[Step]:
        yield start
        for _ in range(_HUNDRED_MB // len(_PIECE)):
            yield _PIECE
        yield End.CLOSE

    return steps


def _bare(start: bytes) -> Say:
    """Send the body after another head; the end of the connection ends it."""
    return lambda answer: [start + answer.body(), End.CLOSE]


def _reset_within(start: bytes, body: bytes) -> Script:
    return [start + body[:9], _PAUSE, End.RESET]


def _body_as_header(answer: Response) -> Script:
    return [head(200)[:-2] + answer.body() + b"\r\n\r\n", End.CLOSE]


def _shortened(answer: Response) -> Script:
    """Announce less than is said."""
    body = answer.body()
    return [answer.encode_with(body, extra=(("Content-Length", str(len(body) - 20)),))]


_REFUSAL = Response(422, {"message": "Order is already cancelled."}).encode()
_CHUNKED = head(200, _JSON, ("Transfer-Encoding", "chunked"))
_HUGE = head(200, _JSON, ("Content-Length", str(_HUNDRED_MB)))

_CONNECTING = (
    Fault("port_closed", "accepts no connection", IDLE, _say(), Stage.REFUSED),
    Fault("slow_connect", "leaves connections unfinished", IDLE, _say(), Stage.STALLED),
    Fault("tls_refused", "refuses the TLS handshake", IDLE, _say(_ALERT, End.CLOSE), Stage.HANDSHAKE),
    Fault("tls_garbage", "answers the TLS handshake in HTTP", IDLE, _say(head(400), End.CLOSE), Stage.HANDSHAKE),
    Fault("tls_closed", "closes during the TLS handshake", IDLE, _say(End.CLOSE), Stage.HANDSHAKE),
    Fault("tls_silent", "never finishes the TLS handshake", IDLE, _say(Wait()), Stage.HANDSHAKE),
    Fault("wrong_certificate", "shows a stranger's certificate", IDLE, _say(End.STRANGER), Stage.HANDSHAKE),
)
_ENDS = (
    Fault("lost_answer", "cancels, and closes without a word", ACTED, _say(End.CLOSE)),
    Fault("stale_connection", "closes a kept connection, and does nothing", IDLE, _say(End.CLOSE)),
    Fault("reset", "cancels, and resets the connection", ACTED, _say(End.RESET)),
    Fault("cut_headers", "closes within the headers", ACTED, _own(lambda start, _body: [start[:60], End.CLOSE])),
    Fault("reset_after_headers", "resets after the headers", ACTED, _own(lambda start, _: [start, _PAUSE, End.RESET])),
    Fault("cut_body", "closes within the body", ACTED, _own(lambda start, body: [start + body[:-20], End.CLOSE])),
    Fault("reset_mid_body", "resets within the body", ACTED, _own(_reset_within)),
    Fault("closed_after_answer", "answers, and closes unannounced", ACTED, _in_full(after=_say(End.CLOSE))),
)
_SLOW = (
    Fault("silent", "cancels, and says nothing", ACTED, _say(Wait())),
    Fault("silent_after_headers", "says the headers, and no more", ACTED, _own(lambda start, _body: [start, Wait()])),
    Fault("drip", "drips the body byte by byte", ACTED, _own(_dripped)),
    Fault("drip_headers", "drips headers without end", ACTED, _for_ever(head(200)[:-2], b"X-A: b\r\n")),
    Fault("drip_chunks", "drips chunks without end", ACTED, _for_ever(_CHUNKED, b"1\r\n \r\n")),
    Fault("continue_for_ever", "says 100 Continue without end", ACTED, _for_ever(b"", head(100))),
)
_LARGE = (
    Fault("header_1mb", "200 with a header of 1 MB", ACTED, _adding(b"X-Large: " + b"x" * 1_000_000)),
    Fault("headers_10000", "200 with 10,000 headers", ACTED, _adding(*(b"X-%d: x" % n for n in range(10_000)))),
    Fault("body_100mb", "200 with a body of 100 MB", ACTED, _megabytes(_HUGE)),
    Fault("body_100mb_unannounced", "200 with 100 MB and no length", ACTED, _megabytes(head(200, _JSON))),
)
_GARBLED = (
    Fault("http_10", "answers in HTTP/1.0", ACTED, _bare(head(200, _JSON, version="HTTP/1.0"))),
    Fault("http_09", "says the body alone", ACTED, _bare(b"")),
    Fault("not_http", "speaks SSH", ACTED, _say(b"SSH-2.0-OpenSSH_9.2\r\n", End.CLOSE)),
    Fault("status_1000", "says the status 1000", ACTED, _say(head(1000), End.CLOSE)),
    Fault("chunked_garbage", "200 in chunks of no length", ACTED, _say(_CHUNKED + b"zz\r\n", End.CLOSE)),
    Fault("header_without_colon", "says the body as a header", ACTED, _body_as_header),
    Fault("nul_in_header", "says a header with a zero byte", ACTED, _adding(b"X-Nul: \0")),
    Fault("two_lengths", "says two different lengths", ACTED, _adding(b"Content-Length: 1")),
    Fault("same_length_twice", "says its length twice", ACTED, _own(lambda start, body: [_repeating(start) + body])),
    Fault("length_too_short", "says a length that is too short", ACTED, _shortened),
    Fault("length_and_chunks", "says that it has a length and chunks", ACTED, _adding(b"Transfer-Encoding: chunked")),
)
_MORE = (
    Fault("continue_first", "says 100 Continue first", ACTED, _in_full(head(100))),
    Fault("early_hints_first", "says 103 Early Hints first", ACTED, _in_full(head(103, ("Link", "</x>")))),
    Fault("switching_101", "changes to another protocol", ACTED, _say(head(101, ("Upgrade", "x")), End.CLOSE)),
    Fault("two_answers", "answers, and says 422 unasked", ACTED, lambda answer: [answer.encode() + _REFUSAL]),
    Fault("same_answer_twice", "answers twice", ACTED, lambda answer: [answer.encode() * 2]),
    Fault(
        "late_refusal", "answers, and says 422 unasked later", ACTED, lambda answer: [answer.encode(), _LATER, _REFUSAL]
    ),
)

FAULTS = (*_CONNECTING, *_ENDS, *_SLOW, *_LARGE, *_GARBLED, *_MORE)
