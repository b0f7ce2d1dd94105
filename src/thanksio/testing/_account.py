"""The account behind the fake: its orders, clock, rate limit and responses. No I/O."""

from __future__ import annotations

import re
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from attrs import define, evolve, field, frozen
from attrs.validators import in_

from thanksio.testing._limiter import LIMITERS, Limiter, LimitKind
from thanksio.testing._orders import FakeOrder, Shape, documented, stamp
from thanksio.testing._script import FakeResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

CancelPath: TypeAlias = Literal["both", "order", "orders"]
Refusal: TypeAlias = Literal[200, 400, 422]

ROOT = "/api/v2"
_CANCEL = re.compile(rf"{ROOT}/(orders?)/([^/]+)/cancel")
# Recorded with the example of 2023-10-04; the clock starts at that order's `updated_at`.
_RECORDED = (("X-RateLimit-Limit", "150"), ("X-RateLimit-Remaining", "149"))
_START = datetime(2023, 10, 4, 2, 46, 14, tzinfo=UTC)
_LONGEST = 100 * 366 * 86400.0  # seconds
_BILLING = (
    "API access has been temporarily disabled due to repeated payment failures. Please update your payment method."
)


@frozen
class ReceivedCall:
    """A request that arrived, and its effect.

    `authorized` is whether it had the fake's token; the header itself is not kept. `cancelled` is whether this request
    cancelled its order, whatever the response was; `fault` is the name of the fault that was applied.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    authorized: bool
    cancelled: bool = False
    fault: str | None = None


@define(kw_only=True, slots=False, eq=False, repr=False)
class Account:
    """The part of FakeThanksIO without connections and faults; its properties are described there."""

    token: str = "test-token"  # noqa: S105 - it opens nothing
    shape: Shape = field(default="2025", validator=in_(get_args(Shape)))
    cancel_path: CancelPath = field(default="both", validator=in_(get_args(CancelPath)))
    refusal: Refusal = field(default=200, validator=in_(get_args(Refusal)))
    disabled: bool = False
    test_mode: bool = False
    calls: list[ReceivedCall] = field(factory=list[ReceivedCall], init=False)
    orders: dict[int, FakeOrder] = field(init=False)
    _moved: float = field(default=0.0, init=False)
    _limiter: Limiter | None = field(default=None, init=False)
    _lock: threading.RLock = field(factory=threading.RLock, init=False)

    def __attrs_post_init__(self) -> None:
        placed = self._as_placed(37294, documented(37294, self.shape))
        self.orders = {37294: placed, 42708: FakeOrder(documented(42708, self.shape))}

    @property
    def now(self) -> datetime:
        """The server's time, in UTC."""
        return _START + timedelta(seconds=self._moved)

    def advance(self, *, hours: float = 0, minutes: float = 0, seconds: float = 0) -> None:
        """Advance the clock. An order that is not cancelled leaves reviewing when its cancellation window ends."""
        moved = 3600 * hours + 60 * minutes + seconds
        if not 0 <= moved <= _LONGEST:
            raise ValueError("The clock moves forward, by at most a hundred years at a time.")
        with self._lock:
            self._moved += moved
            for order in self.orders.values():
                order.age(self.now)

    def wait_until(self, moment: float) -> None:
        """Advance the clock to a point of `seconds`, unless it is there already."""
        with self._lock:
            left = moment - self.seconds()
            if left > 0:
                self.advance(seconds=left)

    def place(self, order_id: int | None = None, *, account: str = "own", **fields: object) -> FakeOrder:
        """Place an order in status reviewing, now; `fields` replace those of the example.

        With an `account` other than "own" it belongs to another account, and cancelling it is refused. An order that is
        placed with another status keeps it.
        """
        if order_id is not None and (isinstance(order_id, bool) or order_id < 1):
            raise ValueError("order_id must be a positive integer.")
        example = documented(37294, self.shape)
        times = {name: stamp(self.now) for name in ("created_at", "updated_at") if name in example}
        with self._lock:
            number = order_id or max(self.orders, default=0) + 1
            order = self._as_placed(number, example | times, account)
            if "status" in fields:
                order.status = str(fields["status"])
            order.fields |= fields | {"id": number}
            if self.test_mode:
                order.cancel(self.now)
            self.orders[number] = order
        return order

    def _as_placed(self, number: int, fields: Mapping[str, object], account: str = "own") -> FakeOrder:
        """Restore the totals that an order had before it was cancelled (inferred)."""
        recipients, cents = fields["total_estimated_recipients"], fields["authorization_total"]
        totals = {"id": number, "total_recipients": recipients, "grand_total": cents}
        status = {"status": "reviewing", "display_status": "Reviewing"}
        return FakeOrder({**fields, **totals, **status}, account, self.now)

    def limit(self, requests: int, per: float = 60.0, *, kind: LimitKind = "fixed", retry_after: bool = True) -> None:
        """Respond with 429 to more than `requests` requests in `per` seconds.

        `kind` is how requests are counted: in a "fixed" window that the first request opens, as Laravel does; in a
        "sliding" window, which is any `per` seconds; or in a
        token "bucket", which is refilled evenly. Both real seconds
        and those of `advance` count. `retry_after=False` leaves `Retry-After` out of the 429.
        """
        if requests < 0 or per <= 0 or kind not in LIMITERS:
            raise ValueError('requests must be at least 0, per more than 0, and kind "fixed", "sliding" or "bucket".')
        self._limiter = LIMITERS[kind](requests, per, retry_after)

    def seconds(self) -> float:
        """Return a clock in seconds: real time plus the time of `advance`."""
        return self._moved + time.monotonic()

    def respond(self, call: ReceivedCall, *, acts: bool = True) -> FakeResponse:
        """Return the response to a request and record it in `calls`; without `acts`, no order changes."""
        with self._lock:
            self.calls.append(call)
            found = self._find(call)
            if isinstance(found, FakeResponse):
                return found
            cancellable = found.is_cancellable
            if cancellable and acts:
                found.cancel(self.now)
                self.calls[-1] = evolve(call, cancelled=True)
            return self._shown(found) if cancellable or self.refusal == 200 else self._refused(found)  # noqa: PLR2004

    def _find(self, call: ReceivedCall) -> FakeOrder | FakeResponse:
        """Return the documented response to a request, or the framework's default where none is documented."""
        path = _CANCEL.fullmatch(call.path)
        route = call.path.removeprefix("/")
        if not path or self.cancel_path not in {"both", path[1]}:
            return self._response(404, {"message": f"The route {route} could not be found."})
        if call.method != "PUT":
            message = f"The {call.method} method is not supported for route {route}. Supported methods: PUT."
            return self._response(405, {"message": message}, ("Allow", "PUT"))
        order = self.orders.get(int(path[2])) if path[2].isdecimal() and path[2].isascii() else None
        return self._turned_away(call) or self._owned(order)

    def _turned_away(self, call: ReceivedCall) -> FakeResponse | None:
        """Return the refusal if every request of the account is refused."""
        if not call.authorized:
            return self._response(401, {"message": "Unauthenticated."})
        if self.disabled:
            code = "api_disabled_payment_failures"
            return self._response(402, {"status": _BILLING, "message": _BILLING, "code": code})
        if self._limiter and not self._limiter.admit(self.seconds()):
            headers = self._limiter.refusal_headers(self.seconds(), self.now.timestamp())
            return self._response(429, {"message": "Too Many Attempts."}, *headers)
        return None

    def _owned(self, order: FakeOrder | None) -> FakeOrder | FakeResponse:
        if order is None:
            return self._response(404, {"message": "Not Found"})
        return (
            order if order.account == "own" else self._response(401, {"status": "failed", "errors": ["Unauthorized"]})
        )

    def _shown(self, order: FakeOrder) -> FakeResponse:
        return self._response(200, {"order": order.fields})

    def _refused(self, order: FakeOrder) -> FakeResponse:
        """Return a refusal in the form of a sibling operation: replay's 400 or invalidate-giftcard's 422 (inferred)."""
        word = "is already cancelled" if order.status == "cancelled" else "cannot be cancelled"
        message = f"Order #{order.id} {word}."
        if self.refusal == 400:  # noqa: PLR2004
            return self._response(400, {"status": message, "message": message, "failure": True})
        return self._response(422, {"status": "failed", "errors": [message]})

    def _response(self, status: int, document: object, *headers: tuple[str, str]) -> FakeResponse:
        limit = self._limiter.headers(self.seconds()) if self._limiter else _RECORDED
        trace = (("Date", format_datetime(self.now, usegmt=True)), ("CF-RAY", f"{len(self.calls):016x}-ORD"))
        usual = (*trace, ("Cache-Control", "no-cache, private"), *limit)
        return FakeResponse(status, document, (*usual, *headers), self.token)
