"""The fault table: what a call must end in for every fault, and how one cell of it is run and measured."""

from __future__ import annotations

import io
import logging
import pickle
import time
import traceback
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Self, cast

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from attrs import define, evolve, field, frozen
from conftest import KINDS, LETTER, TOKEN, is_ours
from servers import Listener, Proxy, SocksProxy

from thanksio import Order, OrderNotCancelledError, RetryPolicy, ThanksIO, ThanksIOError
from thanksio.testing import FAULTS, FakeThanksIO
from thanksio.testing._clients import WaitlessAsyncThanksIO, WaitlessThanksIO
from thanksio.testing._server import Request
from thanksio.testing._wire_faults import FAULTS as WIRE_FAULTS
from thanksio.testing.faults import Fault, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from thanksio.testing import FakeOrder

MODES = ("one attempt", "every attempt", "then good", "then 422")
DEADLINE = 90.0  # seconds, of which waits use up only those of the fake's clock
SLACK = 0.5  # what rule 4 allows


@frozen
class Ends:
    """What a call ends in: the verdict, the requests that arrived, and may_have_cancelled (None for an order)."""

    verdict: str
    requests: int = 1
    doubt: bool | None = None


@frozen
class Expected:
    """The expected result of a fault: the verdict after one attempt, and whether and how long the call continues."""

    verdict: str
    doubt: bool | None = None
    retried: bool = False
    arrives: bool = True
    timeout: float = 10.0
    deadline: float = DEADLINE
    at_least: float = 0.0  # seconds that are waited before a retry

    def ends(self, mode: str) -> Ends:
        """Derive what a call ends in when the fault happens in this way."""
        once = Ends(self.verdict, int(self.arrives), self.doubt)
        if not self.retried or mode == "one attempt":
            return once
        if mode == "every attempt":
            return evolve(once, requests=4 * once.requests)
        if mode == "then good":
            return Ends("Order", once.requests + 1)
        return Ends("CancellationRefusedError", once.requests + 1, self.doubt)


ORDER = Expected("Order")
NOT_CANCELLED = Expected("OrderNotCancelledError", doubt=False)
UNREADABLE = Expected("APIResponseValidationError", doubt=True)
LOST = Expected("APIConnectionError", doubt=True, retried=True)
LATE = Expected("APITimeoutError", doubt=True, retried=True, timeout=0.4)
DRIPPED = Expected("APITimeoutError", doubt=True, deadline=0.25)
UNSENT = Expected("APIConnectionError", doubt=False, retried=True, arrives=False)
FAILED = Expected("ServerError", doubt=True, retried=True)
THROTTLED = Expected("RateLimitError", doubt=False, retried=True)
TOO_LONG = evolve(THROTTLED, retried=False)
REFUSED = Expected("CancellationRefusedError", doubt=False)
ODD = Expected("APIStatusError", doubt=False)
DOUBTED = {  # 4xx that need not be the API's own
    400: Expected("CancellationRefusedError", doubt=True),
    403: Expected("PermissionDeniedError", doubt=True),
    404: Expected("OrderNotFoundError", doubt=True),
    409: Expected("CancellationRefusedError", doubt=True),
    422: Expected("CancellationRefusedError", doubt=True),
}

EXPECTED: dict[str, Expected] = {
    # connections
    "port_closed": UNSENT,
    "slow_connect": evolve(UNSENT, verdict="APITimeoutError", timeout=0.4),
    "tls_refused": UNSENT,
    "tls_garbage": UNSENT,
    "tls_closed": UNSENT,
    "tls_silent": evolve(UNSENT, verdict="APITimeoutError", timeout=0.4),
    "wrong_certificate": evolve(UNSENT, retried=False),
    **dict.fromkeys(("lost_response", "stale_connection", "reset", "cut_headers", "reset_after_headers"), LOST),
    **dict.fromkeys(("cut_body", "reset_mid_body", "header_1mb", "http_09", "not_http", "status_1000"), LOST),
    **dict.fromkeys(("chunked_garbage", "header_without_colon", "nul_in_header", "two_lengths"), LOST),
    "length_and_chunks": LOST,
    "silent": LATE,
    "silent_after_headers": LATE,
    **dict.fromkeys(("drip", "drip_headers", "drip_chunks", "continue_forever"), DRIPPED),
    **dict.fromkeys(("body_100mb", "body_100mb_unannounced", "length_too_short"), UNREADABLE),
    **dict.fromkeys(("closed_after_response", "http_10", "same_length_twice"), ORDER),
    "headers_10000": evolve(ORDER, deadline=1.0),
    **dict.fromkeys(("continue_first", "early_hints_first", "two_responses", "same_response_twice"), ORDER),
    "late_refusal": ORDER,
    "switching_101": LOST,
    # statuses
    **dict.fromkeys(("refused_400", "conflict_409", "refused_422", "refused_422_by_field"), REFUSED),
    "already_cancelled_422": REFUSED,
    **{f"page_{status}": ends for status, ends in DOUBTED.items()},
    **{f"problem_{status}": ends for status, ends in DOUBTED.items()},
    **dict.fromkeys(("unauthenticated_401", "another_account_401"), Expected("AuthenticationError", doubt=False)),
    "disabled_402": Expected("PaymentRequiredError", doubt=False),
    "forbidden_403": Expected("PermissionDeniedError", doubt=False),
    "not_found_404": Expected("OrderNotFoundError", doubt=False),
    **dict.fromkeys(("not_allowed_405", "gone_410", "page_expired_419"), ODD),
    **dict.fromkeys(("moved_301", "redirect_to_login_302", "see_other_303"), evolve(ODD, doubt=True)),
    **dict.fromkeys(("redirect_to_host_307", "client_closed_499", "status_600"), evolve(ODD, doubt=True)),
    "request_timeout_408": evolve(ODD, doubt=True, retried=True),
    "too_early_425": evolve(ODD, doubt=True, retried=True),
    **dict.fromkeys(("server_error_500", "bad_gateway_502", "gateway_timeout_504"), FAILED),
    **dict.fromkeys(("unknown_error_520", "timeout_524"), FAILED),
    "maintenance_503": evolve(FAILED, at_least=5),
    **dict.fromkeys(("throttled_429", "retry_after_0", "retry_after_negative"), THROTTLED),
    "throttled_429_page": evolve(THROTTLED, doubt=True),
    **dict.fromkeys(("retry_after_garbage", "retry_after_past_date", "retry_after_400_digits"), THROTTLED),
    "retry_after_1_5": evolve(THROTTLED, at_least=1.5),
    "retry_after_2": evolve(THROTTLED, at_least=2),
    "retry_after_twice": evolve(THROTTLED, at_least=5),
    "retry_after_future_date": evolve(THROTTLED, at_least=20),
    "retry_after_90": TOO_LONG,
    "retry_after_3600": TOO_LONG,
    # echoes
    "token_in_message": REFUSED,
    "token_in_title": FAILED,
    "token_in_text": FAILED,
    "token_in_status": UNREADABLE,
    "token_in_header": ORDER,
    # bodies
    **dict.fromkeys(("accepted_202", "bom", "lone_surrogate", "gzip", "two_types"), ORDER),
    **dict.fromkeys(("success_false", "null_body", "list_body", "string_body", "empty_object"), UNREADABLE),
    **dict.fromkeys(("empty_body", "html_page", "html_as_json", "no_content_204", "truncated_json"), UNREADABLE),
    **dict.fromkeys(("two_documents", "invalid_utf8", "nan", "digits_5000", "nested_1000"), UNREADABLE),
    **dict.fromkeys(("two_statuses", "two_orders", "not_gzip", "gzip_bomb", "brotli_label"), UNREADABLE),
    # orders
    **dict.fromkeys(("not_cancelled", "too_late"), NOT_CANCELLED),
    **dict.fromkeys(("unknown_status", "misspelt_status", "cancelling_status", "pending_status"), UNREADABLE),
    **dict.fromkeys(("status_in_other_case", "wrong_types", "unknown_fields"), ORDER),
    **dict.fromkeys(("status_missing", "another_order", "id_missing", "id_as_digits", "id_as_float"), UNREADABLE),
    **dict.fromkeys(("order_null", "order_list", "order_string"), UNREADABLE),
}


def expected(fault: Fault) -> Expected:
    """Return what must come of a fault; of a field with another type it depends on whether the verdict needs it."""
    if fault.name in EXPECTED:
        return EXPECTED[fault.name]
    return UNREADABLE if fault.name.startswith(("id_as_", "status_as_")) else ORDER


@frozen
class Cell:
    """One call under a fault."""

    fault: Fault
    mode: str
    kind: str
    proxy: str = ""  # the scheme of the proxy that it goes through

    def __str__(self) -> str:
        return "-".join(filter(None, (self.fault.name, self.kind, self.mode, self.proxy)))

    @property
    def is_tls(self) -> bool:
        """Whether the fake has to speak https: a proxy carries nothing else."""
        return bool(self.proxy) or self.fault.stage is Stage.HANDSHAKE


@frozen
class Outcome:
    """What was measured in a cell: what the call ended in, and everything about it that must never happen."""

    ends: Ends
    wrong: list[str]


@define
class Clock:
    """A clock for the waits of one call: they pass at once, and what happens before each of them is noted."""

    before_retry: Callable[[], None]
    waits: list[float] = field(factory=list)

    def wait_until(self, moment: float) -> None:
        self.waits.append(max(0.0, moment - self.seconds()))
        if len(self.waits) == 1:
            self.before_retry()

    def seconds(self) -> float:
        return time.monotonic() + sum(self.waits)


class Table:
    """Runs cells, on two fakes and one event loop of each kind that all of them share."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        fakes = {tls: FakeThanksIO(token=TOKEN, tls=tls) for tls in (False, True)}
        self._fakes = {tls: self._stack.enter_context(fake) for tls, fake in fakes.items()}
        portals = {kind: start_blocking_portal(backend=kind) for kind in KINDS if kind != "sync"}
        self._portals = {kind: self._stack.enter_context(portal) for kind, portal in portals.items()}
        self._trust = {tls: fake.certificates and fake.certificates.trust() for tls, fake in fakes.items()}
        self._proxies = {name: self._stack.enter_context(proxy) for name, proxy in _proxies(fakes[True]).items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def run(self, cell: Cell) -> Outcome:
        """Make one call against a fault, and check everything that it leaves behind."""
        fake = self._fakes[cell.is_tls]
        clock = Clock(lambda: _lift(fake, cell))
        with _logs() as logs, self._client(fake, cell, clock) as client:
            client.cancel_order(fake.place().id)  # so that the path is known
            clock.waits.clear()
            order = fake.place(message=LETTER, return_address=LETTER)
            _arm(fake, cell)
            arrived, start = len(fake.calls), clock.seconds()
            with client.held_to(expected(cell.fault), cell.mode):
                result = client.cancel_order(order.id)
            seconds = clock.seconds() - start
            calls = fake.calls[arrived:]
            wrong = [
                *_untrue(result, order, any(call.cancelled for call in calls)),
                *_late(seconds, expected(cell.fault).deadline),
                *_miscounted(result, clock.waits, expected(cell.fault).at_least),
                *_leaks(result, logs()),
                *_left_open(fake),
                *_unusable(client, fake),
            ]
        fake.check()
        ends = Ends(type(result).__name__, len(calls), getattr(result, "may_have_cancelled", None))
        return Outcome(ends, wrong)

    @contextmanager
    def _client(self, fake: FakeThanksIO, cell: Cell, clock: Clock) -> Iterator[Client]:
        settings: dict[str, Any] = {"token": TOKEN, "base_url": fake.base_url}
        settings["ssl_context"] = self._trust[cell.is_tls]
        if cell.proxy:
            settings["proxy"] = f"{cell.proxy}://127.0.0.1:{self._proxies[cell.proxy].port}"
        portal = self._portals.get(cell.kind)
        client = Client((WaitlessAsyncThanksIO if portal else WaitlessThanksIO)(clock, **settings), portal)
        yield client
        client.close()


def _proxies(fake: FakeThanksIO) -> dict[str, Listener]:
    """Make proxies before a fake: SOCKS, and one that is spoken to in TLS, so that there is TLS in TLS."""
    assert fake.certificates
    return {"socks5": SocksProxy(fake.base_url), "https": Proxy(fake.base_url, context=fake.certificates.server)}


@frozen
class Client:
    """A client of one kind, called in the same way as every other kind."""

    client: Any
    portal: BlockingPortal | None = None

    def cancel_order(self, order_id: int) -> object:
        """Return what a call returns or raises."""
        try:
            if self.portal:
                return self.portal.call(self.client.cancel_order, order_id)
            return self.client.cancel_order(order_id)
        except Exception as error:  # noqa: BLE001 - what is foreign must be seen
            return error

    @contextmanager
    def held_to(self, wanted: Expected, mode: str) -> Iterator[None]:
        """Set the limits of the call under the fault; the calls around it have the usual ones."""
        usual = {name: getattr(self.client, name) for name in ("_timeout", "_deadline", "_retry")}
        policy = RetryPolicy(max_attempts=1 if mode == "one attempt" else 4)
        vars(self.client).update(_timeout=wanted.timeout, _deadline=wanted.deadline, _retry=policy)
        yield
        vars(self.client).update(usual)

    def close(self) -> None:
        if self.portal:
            self.portal.call(self.client.aclose)
        else:
            self.client.close()


def _arm(fake: FakeThanksIO, cell: Cell) -> None:
    """Apply the fault once or to every request. A fault that cannot be counted lasts until the first wait is over."""
    fake.faults(cell.fault, times=None if cell.fault.is_lasting or cell.mode == "every attempt" else 1)
    if cell.mode == "then 422" and not cell.fault.is_lasting:
        fake.faults("already_cancelled_422")


def _lift(fake: FakeThanksIO, cell: Cell) -> None:
    if cell.fault.is_lasting and cell.mode.startswith("then"):
        fake.recover()
        if cell.mode == "then 422":
            fake.faults("already_cancelled_422")


def _untrue(result: object, order: FakeOrder, acted: bool) -> Iterator[str]:  # noqa: FBT001 - a fact
    """Compare the verdict with the truth: `acted` is True if a request of this call cancelled the order."""
    if isinstance(result, Order) and order.status != "cancelled":
        yield f"the caller was told that it is cancelled, and it is {order.status}"
    elif isinstance(result, OrderNotCancelledError) and order.status == "cancelled":
        yield f"the caller was told that it is {result.status}, and it is cancelled"
    elif isinstance(result, ThanksIOError) and acted and not result.may_have_cancelled:
        yield "the caller was told that this call did not cancel it, and it did"
    elif not isinstance(result, Order | ThanksIOError):
        yield f"a foreign exception: {result!r}"


def _left_open(fake: FakeThanksIO) -> Iterator[str]:
    """Wait a moment for the fake to notice that the connections of the call were closed."""
    end = time.monotonic() + 2
    while fake._server._open and time.monotonic() < end:
        time.sleep(0.0005)
    if fake._server._open:
        yield "a connection is left open"


def _late(seconds: float, deadline: float) -> Iterator[str]:
    if seconds > deadline + SLACK:
        yield f"it took {seconds:.2f} s, and the deadline was {deadline} s"


def _miscounted(result: object, waits: list[float], at_least: float) -> Iterator[str]:
    """There is a wait before each attempt but the first."""
    if isinstance(result, ThanksIOError) and result.attempts != len(waits) + 1:
        yield f"the error counts {result.attempts} attempts, and there were {len(waits) + 1}"
    if any(wait < at_least - 0.1 for wait in waits):  # between the look at the clock and the wait, time passes
        yield f"it waited {waits} s, and the server had asked for {at_least}"


def _leaks(result: object, logs: str) -> Iterator[str]:
    shown = {"repr": repr(result), "str": str(result), "logs": logs}
    if isinstance(result, Exception):
        frames = traceback.TracebackException.from_exception(result, capture_locals=True).stack
        shown["traceback"] = repr([frame.locals for frame in frames if is_ours(frame.filename)])
        shown["pickle"] = pickle.dumps(result).decode("latin-1")
        shown["cause"] = repr(result.__cause__) + repr(result.__context__)
    for place, text in shown.items():
        for secret, word in ((TOKEN, "token"), (LETTER[:19], "letter")):  # before its apostrophe, which a repr escapes
            if secret in text:
                yield f"the {word} stands in the {place}"


def _unusable(client: Client, fake: FakeThanksIO) -> Iterator[str]:
    fake.recover()
    order = fake.place()
    result = client.cancel_order(order.id)
    if not isinstance(result, Order) or result.id != order.id:
        yield f"afterwards the client gives {result!r}"


@contextmanager
def _logs() -> Iterator[Callable[[], str]]:
    """Collect the DEBUG records of our own loggers; those of httpcore are described in docs/telemetry.md."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger = logging.getLogger("thanksio")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield stream.getvalue
    finally:
        logger.setLevel(logging.NOTSET)
        logger.removeHandler(handler)


def ends_as_value(fault: Fault) -> Ends:
    """Make one call against a fault without a socket: the type of a field does not depend on the connection."""
    fake = FakeThanksIO(token=TOKEN)
    fake.fail_next(fault)

    def respond(request: httpx.Request) -> httpx.Response:
        headers = [(name.decode().lower(), value.decode()) for name, value in request.headers.raw]
        sent = b"".join(cast("Iterable[bytes]", fake.script_for(Request("PUT", request.url.path, headers))))
        return httpx.Response(200, content=sent.partition(b"\r\n\r\n")[2])

    with ThanksIO(TOKEN, base_url="http://127.0.0.1:1/api/v2", transport=httpx.MockTransport(respond)) as client:
        result = Client(client).cancel_order(37294)
    wrong = [*_untrue(result, fake.orders[37294], any(call.cancelled for call in fake.calls)), *_leaks(result, "")]
    assert wrong == []
    return Ends(type(result).__name__, len(fake.calls), getattr(result, "may_have_cancelled", None))


def is_typed(fault: Fault) -> bool:
    """Whether it is one of the hundreds of faults with one field of another type."""
    return fault.name not in EXPECTED


# Behind a proxy it cannot be told what a refused or unfinished connection of the server itself looks like.
_NOT_PROXIED = {Stage.REFUSED, Stage.STALLED}
# A body is the same on every connection, so only faults of the connection are tried under trio and through proxies.
_OF_THE_CONNECTION = {fault.name for fault in WIRE_FAULTS}


def _modes(fault: Fault) -> Sequence[str]:
    """Return the ways in which a fault can happen; without a retry, they cannot be told apart."""
    return MODES if expected(fault).retried else MODES[:2]


CELLS = [
    Cell(fault, mode, kind)
    for fault in FAULTS.values()
    for number, mode in enumerate(_modes(fault))
    # A body is judged by the same pure functions for both clients: each sees it, in half of the modes.
    for kind in (KINDS if fault.name in _OF_THE_CONNECTION else [KINDS[number % 2]])
    if not is_typed(fault)
]
PROXIED = [
    Cell(fault, mode, kind, proxy)
    for fault in FAULTS.values()
    for kind, mode in (("sync", "every attempt"), ("asyncio", "then 422"))
    for proxy in ("socks5", "https")
    if fault.name in _OF_THE_CONNECTION and fault.stage not in _NOT_PROXIED
]
