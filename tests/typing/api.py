"""Typical uses of the public names. Checked by mypy and pyright in strict mode, never run."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from thanksio import (
    UNSET,
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    AsyncThanksIO,
    CancelResult,
    Order,
    OrderNotCancelledError,
    Pace,
    RateLimitError,
    RetryPolicy,
    ThanksIO,
    ThanksIOError,
    Unset,
    errors,
)
from thanksio.testing import FAULTS, FakeThanksIO, Fault
from thanksio.testing.faults import End, Truth, Wait

if TYPE_CHECKING:
    from thanksio.drift import Drift


def note(drift: Drift) -> None:
    print(drift.pointer, drift.kind, drift.json_type)


def sync() -> Order:
    transport = httpx.HTTPTransport(local_address="127.0.0.1")
    retry = RetryPolicy(max_attempts=6, backoff=0.2, cap=4.0)
    with ThanksIO("token", base_url="https://api.example/v2", timeout=5, deadline=60, retry=retry) as client:
        order = client.cancel_order(37294)
    client = ThanksIO(cancel_path="orders", transport=transport, on_drift=note)
    order = client.cancel_order("37294", deadline=20.0)
    client.close()
    transport.close()
    return order


async def async_() -> Order:
    async with httpx.AsyncHTTPTransport() as transport, AsyncThanksIO(transport=transport) as client:
        return await client.cancel_order(37294)


def connected() -> list[ThanksIO]:
    context = ssl.create_default_context()
    client = ThanksIO(proxy="http://127.0.0.1:3128", ssl_context=context)
    patient: ThanksIO = client.with_options(timeout=30, deadline=300.0, retry=RetryPolicy(max_attempts=10))
    rotated: ThanksIO = client.with_options(token="another")
    return [patient, rotated, ThanksIO(proxy=False), ThanksIO(proxy=None, pace=Pace(requests=30))]


async def aconnected(client: AsyncThanksIO) -> Order:
    patient: AsyncThanksIO = client.with_options(deadline=300)
    return await patient.cancel_order(37294)


def many(client: ThanksIO) -> int:
    pairs: list[tuple[int, datetime | str | None]] = [
        (37294, datetime.now(UTC)),
        (42708, "2025-08-14 16:42:44"),
        (1, None),
    ]
    results = client.cancel_orders(pairs, max_in_flight=4, pace=Pace(requests=100), journal=Path("run.journal"))
    for result in results:
        explain(result)
    results.close()
    return sum(
        result.verdict == "cancelled" for result in client.cancel_orders(["37294", 42708], pace=False, deadline=9)
    )


async def many_async(client: AsyncThanksIO) -> None:
    async with client.cancel_orders(range(1, 10), journal="run.journal") as results:
        async for result in results:
            explain(result)


def explain(result: CancelResult) -> str:
    match result.verdict:
        case "cancelled":
            return str(result.order)
        case "not_cancelled" | "refused" | "unknown" | "not_tried":
            return f"{result.order_id}: {result.error} after {result.attempts} attempts in {result.seconds} s"


def money(order: Order) -> float:
    cents = order.authorization_total
    number: int = order.id
    words: str = order.status
    print(number, words, order.additional_properties)
    shown: dict[str, object] = order.to_dict()
    own: dict[str, object] = order.metadata.additional_properties if order.metadata else {}
    placed: str | None = None if isinstance(order.created_at, Unset) else order.created_at
    print(shown, own, placed, order.message is UNSET)
    return cents / 100 if isinstance(cents, int) else 0.0


def act(client: ThanksIO) -> bool | None:
    try:
        client.cancel_order(37294)
    except OrderNotCancelledError as error:
        status: str = error.status
        order: Order = error.order
        print(status, order.id)
        return False
    except RateLimitError as error:
        wait: float | None = error.retry_after
        print(wait)
        return None if error.may_have_cancelled else False
    except APIStatusError as error:
        print(error.status_code + 1, error.message.upper(), error.body.upper())
        return None
    except (errors.APITimeoutError, TimeoutError) as error:
        print(error)
        return None
    except ThanksIOError as error:
        attempts: int = error.attempts
        advice: str = error.advice
        print(attempts, advice)
        return None if error.may_have_cancelled else False
    return True


def retry_later(error: ThanksIOError) -> bool:
    match error:
        case APIConnectionError():
            permanent: bool = error.is_permanent
            return not permanent
        case APIResponseValidationError():
            shown: Order | None = error.order
            word: str = error.status
            print(shown, word)
            return True
        case _:
            return error.may_have_cancelled


def tested() -> None:
    with FakeThanksIO(token="x", port=0, shape="2026", refusal=422) as fake, fake.client(timeout=1.0) as client:
        fake.limit(2, per=60.0, retry_after=False)
        fake.faults("lost_response", times=2)
        fake.fail_next(Fault("mine", "is mine", Truth.IDLE, lambda answer: [answer.encode(), Wait(0.1), End.CLOSE]))
        fake.advance(minutes=61)
        client.cancel_order(fake.place(account="another").id)
        status: str = fake.orders[37294].status
        path: str = fake.calls[0].path
        cancelled: bool = fake.calls[0].cancelled
        print(status, path, cancelled, FAULTS["drip"].truth is Truth.ACTED)


# What must not pass the checkers; an ignore that is not needed is an error in both.
ThanksIO("token", "https://api.example")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
ThanksIO(cancel_path="both")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
ThanksIO(proxy=True)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
ThanksIO(ssl_context="company.pem")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
ThanksIO().with_options(proxy=False)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
ThanksIO(transport="httpx")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
ThanksIO(transport=httpx.AsyncHTTPTransport())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
ThanksIO().cancel_order(1.0)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
FakeThanksIO(shape="2024")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
RetryPolicy(attempts=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
