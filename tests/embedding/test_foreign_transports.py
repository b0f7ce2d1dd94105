"""Rules 5 and 8: what somebody else's transport raises proves nothing, and what is the host's own passes unchanged."""

from __future__ import annotations

import inspect
import json
import socket
import ssl
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from conftest import CANCELLED, TOKEN, ok
from embedding.calling import NOWHERE, failure, outcome, results
from raw_server import RawServer, reset, silence

from thanksio import APIConnectionError, APITimeoutError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from thanksio.testing import FakeThanksIO

REQUEST = httpx.Request("PUT", NOWHERE)
OF_HTTPX = [kind for kind in vars(httpx).values() if inspect.isclass(kind) and issubclass(kind, Exception)]
OF_A_TRANSPORT: list[type[Exception]] = [kind for kind in OF_HTTPX if issubclass(kind, httpx.HTTPError)]
OF_A_TRANSPORT += [OSError, ConnectionResetError, BrokenPipeError, TimeoutError, socket.gaierror, ssl.SSLError]
OF_A_TRANSPORT += [ssl.SSLCertVerificationError]


class JobTimeLimit(Exception):  # noqa: N818 - named as Celery's SoftTimeLimitExceeded is
    """A job queue's time limit, raised by a signal handler wherever the program is."""


class Shutdown(BaseException):
    """A host's way to end a thread."""


OF_THE_HOST: list[type[BaseException]] = [
    JobTimeLimit,
    ValueError,
    RuntimeError,
    KeyError,
    AssertionError,
    RecursionError,
    MemoryError,
]
OF_THE_HOST += [EOFError, LookupError, Shutdown, KeyboardInterrupt, SystemExit]


class BreakingBody(httpx.SyncByteStream, httpx.AsyncByteStream):
    """Yield half of a response, then raise."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __iter__(self) -> Iterator[bytes]:
        yield b'{"order": {"id": 37294,'
        raise self._error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'{"order": {"id": 37294,'
        raise self._error


class Raising(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Raise at once, or in the middle of the answer."""

    def __init__(self, error: BaseException, *, in_body: bool = False) -> None:
        self._error, self._in_body, self.calls = error, in_body, 0

    def handle_request(self, _request: httpx.Request) -> httpx.Response:
        self.calls += 1
        if self._in_body:
            return httpx.Response(200, stream=BreakingBody(self._error))
        raise self._error

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self.handle_request(request)


def made(kind: type[BaseException]) -> BaseException:
    if issubclass(kind, httpx.HTTPStatusError):
        return kind("raised", request=REQUEST, response=httpx.Response(404, request=REQUEST))
    try:
        return kind("raised")
    except TypeError:  # httpx's StreamError family takes no message
        return kind()


@pytest.mark.parametrize("in_body", [False, True], ids=["at once", "in the body"])
def test_what_a_transport_raises_is_an_error_that_proves_nothing(kind: str, *, in_body: bool) -> None:
    for raised in OF_A_TRANSPORT:
        error = failure(kind, transport=Raising(made(raised), in_body=in_body))

        assert isinstance(error, APIConnectionError)
        assert error.may_have_cancelled is True
        assert isinstance(error, APITimeoutError) is issubclass(raised, httpx.TimeoutException | TimeoutError)


@pytest.mark.parametrize("in_body", [False, True], ids=["at once", "in the body"])
def test_what_the_host_raises_passes_unchanged_and_at_once(kind: str, *, in_body: bool) -> None:
    for raised in [*OF_THE_HOST, *(each for each in OF_HTTPX if each not in OF_A_TRANSPORT)]:
        error = made(raised)
        transport = Raising(error, in_body=in_body)

        caught = outcome(kind, transport=transport)

        assert transport.calls == 1
        assert caught is error


def test_an_exception_of_the_host_program_ends_the_run(kind: str) -> None:
    """It is not a result: nothing about the order is known, and the host asked to stop."""
    with pytest.raises(BaseException, match="now") as caught:  # a task group may wrap it
        results(kind, [37294], transport=Raising(JobTimeLimit("now")))

    inner: Any = caught.value
    while isinstance(inner, BaseExceptionGroup):
        (inner,) = inner.exceptions
    assert type(inner) is JobTimeLimit


class Lossy(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """An adapter that loses the response and reports another error, and repeats that if configured to retry."""

    def __init__(self, *reports: Exception) -> None:
        self._reports = reports
        self._sync, self._async = httpx.HTTPTransport(), httpx.AsyncHTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._sync.handle_request(request).read()
        self._sync.close()
        raise self._reports[-1]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await (await self._async.handle_async_request(request)).aread()
        await self._async.aclose()
        raise self._reports[-1]


@pytest.mark.parametrize(
    "reports",
    [[httpx.ConnectTimeout("late")], [httpx.ReadError("lost"), httpx.ConnectError("second attempt: refused")]],
    ids=["calls a lost answer a failure to connect", "retries by itself and reports the last failure"],
)
def test_a_connect_error_of_an_adapter_leaves_the_outcome_unknown(
    kind: str, fake: FakeThanksIO, reports: list[Exception]
) -> None:
    error = failure(kind, base_url=fake.base_url, transport=Lossy(*reports))

    assert fake.orders[37294].status == "cancelled"
    assert error.may_have_cancelled is True


class BadEnd(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A complete body whose stream cannot be closed."""

    def __iter__(self) -> Iterator[bytes]:
        yield json.dumps(CANCELLED).encode()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self:
            yield chunk

    def close(self) -> None:
        raise httpx.ReadError("too late")

    async def aclose(self) -> None:
        self.close()


def test_a_complete_response_counts_although_its_stream_cannot_be_closed(kind: str) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=BadEnd()))

    assert outcome(kind, transport=transport).status == "cancelled"


def real(kind: str, **options: Any) -> httpx.BaseTransport | httpx.AsyncBaseTransport:
    options = {"verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)} | options
    return httpx.HTTPTransport(**options) if kind == "sync" else httpx.AsyncHTTPTransport(**options)


@pytest.mark.parametrize("options", [{}, {"http2": False}, {"retries": 1}, {"limits": httpx.Limits(max_connections=1)}])
def test_a_real_transport_that_was_given_is_foreign_and_works(
    kind: str, fake: FakeThanksIO, options: dict[str, Any]
) -> None:
    assert outcome(kind, base_url=fake.base_url, transport=real(kind, **options)).id == 37294

    error = failure(kind, transport=real(kind, **options))  # nobody listens there

    assert error.may_have_cancelled is True


FAILURES = {"refused": None, "reset": reset, "silent": silence, "no TLS": reset, "garbage": lambda s: s.send(b"x\n\n")}


@pytest.mark.parametrize("name", FAILURES)
def test_no_failure_of_a_real_transport_that_was_given_proves_anything(kind: str, name: str) -> None:
    with RawServer(FAILURES[name] or reset) as server:
        base_url = NOWHERE if name == "refused" else server.base_url
        base_url = base_url.replace("http:", "https:") if name == "no TLS" else base_url

        error = failure(kind, base_url=base_url, transport=real(kind), timeout=0.3)

    assert isinstance(error, APIConnectionError)
    assert error.may_have_cancelled is True


def test_our_own_connection_is_a_witness(kind: str) -> None:
    """For contrast: without `transport=` a refused connection proves that nothing was sent."""
    assert failure(kind).may_have_cancelled is False


@pytest.mark.parametrize(
    ("answer", "may"), [(ok({"message": "no"}, 422), False), (httpx.Response(403, text="page"), True)]
)
def test_what_a_foreign_transport_answers_counts_as_any_response(
    kind: str, answer: httpx.Response, *, may: bool
) -> None:
    transport = httpx.MockTransport(lambda _: answer)

    assert failure(kind, transport=transport).may_have_cancelled is may
    assert outcome(kind, transport=httpx.MockTransport(lambda _: ok(CANCELLED)), token=TOKEN).status == "cancelled"


def test_exceptions_that_hold_each_other_pass_unchanged(kind: str) -> None:
    first, second = JobTimeLimit("first"), JobTimeLimit("second")
    first.__context__, second.__context__ = second, first

    assert outcome(kind, transport=httpx.MockTransport(lambda _: raise_it(first))) is first


def raise_it(error: Exception) -> httpx.Response:
    raise error


def test_an_exception_from_the_depth_of_the_stack_passes_unchanged(kind: str) -> None:
    def dig() -> httpx.Response:
        try:
            return dig()
        except RecursionError:
            raise error from None

    error = JobTimeLimit("deep")

    assert outcome(kind, transport=httpx.MockTransport(lambda _: dig())) is error


def test_an_exception_from_an_instruction_without_a_line_passes_through(kind: str) -> None:
    """A signal can interrupt such an instruction, and optimizers make them: its traceback has no line number."""

    def fail(_request: httpx.Request) -> httpx.Response:
        raise LookupError("of the host")

    fail.__code__ = fail.__code__.replace(co_linetable=b"")

    assert repr(outcome(kind, transport=httpx.MockTransport(fail))) == "LookupError('of the host')"
