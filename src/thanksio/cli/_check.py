"""Run `thanksio check`: verify address, proxy, TLS, token, path and rate limit before they are needed.

It sends one cancel request for an order id that cannot exist, or two if the first path is not served.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Literal, TypeAlias

from attrs import field, frozen

from thanksio import RetryPolicy, ThanksIO
from thanksio._rate_limit import DOCUMENTED
from thanksio.bulk._run import reason_of
from thanksio.cli._format import Exit
from thanksio.cli._output import echo
from thanksio.cli._progress import say
from thanksio.errors import (
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    AuthenticationError,
    CancellationRefusedError,
    OrderNotCancelledError,
    OrderNotFoundError,
    PaymentRequiredError,
    PermissionDeniedError,
    ThanksIOError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import UnionType

    from thanksio._rate_limit import Rate

State: TypeAlias = Literal["ok", "failed", "unknown"]

NO_ORDER = 2**63 - 1  # the largest number that the contract allows; ids seen have five digits
# Laravel's responses for a path that is not served; those for an order that does not exist differ.
_ROUTE = re.compile(r"\broute\b", re.IGNORECASE)
_NOT_SERVED = 405
_EXITS: dict[State, Exit] = {"ok": Exit.CANCELLED, "unknown": Exit.UNKNOWN, "failed": Exit.CONFIGURATION}
# What a refusal by the API itself shows about the token.
_REFUSALS: tuple[tuple[type[APIStatusError] | UnionType, str, State, str], ...] = (
    (AuthenticationError, "Token", "failed", "rejected: {reason}"),
    (PaymentRequiredError, "Billing", "failed", "API access is disabled: {reason}"),
    (PermissionDeniedError, "Token", "failed", "not allowed to cancel orders: {reason}"),
    (
        OrderNotFoundError | CancellationRefusedError,
        *("Token", "ok", "accepted (inferred: the API responded with {status} for an order that does not exist)"),
    ),
)


@frozen
class Settings:
    """Where and how the request is sent."""

    token: str | None = field(repr=False)
    base_url: str
    proxy: str | None = field(repr=False)  # it can hold a password
    deadline: float | None


@frozen
class Item:
    """One thing that was checked, and what was found."""

    name: str
    state: State
    text: str


@frozen
class Checked:
    """All findings, and the allowed requests per minute."""

    items: tuple[Item, ...]
    requests: int

    @property
    def exit(self) -> Exit:
        """Return the exit code; a failure takes precedence over an inconclusive item."""
        return max((_EXITS[item.state] for item in self.items), default=Exit.CANCELLED)


def check(settings: Settings) -> Checked:
    """Send the request, and return what it showed. Raises ConfigurationError for unusable settings."""
    end, path = ThanksIOError("not sent"), "order"
    rate: Rate | None = None
    for path in ("order", "orders"):
        with ThanksIO(
            settings.token,
            base_url=settings.base_url,
            proxy=settings.proxy,
            deadline=settings.deadline or 30.0,
            retry=RetryPolicy(max_attempts=1),
            cancel_path="order" if path == "order" else "orders",
            pace=True,
        ) as client:
            end = _call(client)
            rate = client._rate() or rate  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - of this package
        if not _is_not_served(end):
            break
    stated = rate.allowed if rate and rate.is_stated else None
    return Checked(tuple(judge(end, settings.base_url, path, stated)), stated or DOCUMENTED)


def _call(client: ThanksIO) -> ThanksIOError:
    try:
        order = client.cancel_order(NO_ORDER)
    except ThanksIOError as error:
        return error
    return OrderNotCancelledError("cancelled", {"order": {"id": order.id, "status": order.status}})


def _is_not_served(error: ThanksIOError) -> bool:
    """Return whether this is the API's response for a path that it does not serve."""
    if not isinstance(error, APIStatusError) or error.may_have_cancelled:
        return False
    names_route = isinstance(error, OrderNotFoundError) and bool(_ROUTE.search(error.message))
    return names_route or error.status_code == _NOT_SERVED


def judge(error: ThanksIOError, base_url: str, path: str, requests: int | None) -> Iterator[Item]:
    """Yield what the outcome of the request shows about each setting. Pure."""
    if isinstance(error, APIConnectionError):
        state: State = "failed" if error.is_permanent else "unknown"
        yield Item("Connection", state, reason_of(error).rstrip("."))
        return
    yield Item("Connection", "ok", f"{base_url} responds")
    if isinstance(error, OrderNotCancelledError):
        what = f"the server shows an order with the number {NO_ORDER}, in status {error.status}"
        yield Item("Token", "ok", f"accepted: {what}")
    elif _is_not_served(error):
        yield Item("Path", "failed", f"neither documented path is served: {reason_of(error)} Check the base URL.")
        return
    else:
        item = _judge_refusal(error)
        yield item
        if item.state != "ok":
            return
    yield Item("Path", "ok", f"/{path}/ is served")
    if requests is None:
        yield Item("Rate limit", "ok", f"not stated by the server; {DOCUMENTED} requests a minute are assumed")
    else:
        yield Item("Rate limit", "ok", f"{requests} requests a minute")


def _judge_refusal(error: ThanksIOError) -> Item:
    """Return what a response that shows no order says about the token."""
    reason = reason_of(error).rstrip(".")
    if isinstance(error, APIResponseValidationError) or not isinstance(error, APIStatusError):
        return Item("API", "unknown", f"this may not be the API: {reason}")
    if 300 <= error.status_code < 400:  # noqa: PLR2004 - redirects
        return Item("Base URL", "failed", f"the server redirects to another address: {reason}. Check the base URL.")
    if error.may_have_cancelled:  # a page of a proxy, a 429 without a body, a 5xx
        return Item("API", "unknown", reason)
    for kinds, name, state, text in _REFUSALS:
        if isinstance(error, kinds):
            return Item(name, state, text.format(reason=reason, status=error.status_code))
    return Item("API", "unknown", reason)


def show(checked: Checked, *, as_json: bool, err: bool = False) -> None:
    """Write what was found, one line for each thing."""
    if as_json:
        items = [{"name": item.name, "state": item.state, "text": item.text} for item in checked.items]
        echo(json.dumps({"check": {"items": items, "requests": checked.requests, "exit": int(checked.exit)}}))
        return
    for item in checked.items:
        say(f"{item.name + ':':<12} {'' if item.state == 'ok' else item.state + ', '}{item.text}", err=err)
