"""Cancel order 37294 at a thanks.io on this machine, then meet a 200 that does not cancel."""

from __future__ import annotations

import os
import sys
import textwrap
import time

from thanksio import OrderNotCancelledError, ThanksIO
from thanksio.testing import FakeThanksIO

COLOURED = sys.stdout.isatty() and "NO_COLOR" not in os.environ
GREEN, RED, BOLD = "32", "31", "1"


def coloured(text: str, code: str) -> str:
    """Colour `text` on a terminal, and return it unchanged elsewhere."""
    return f"\033[{code}m{text}\033[0m" if COLOURED else text


def show(label: str, text: str) -> None:
    """Print one fact, wrapped to a terminal of 80 columns."""
    print(textwrap.fill(text, 78, initial_indent=f"  {label:<12}", subsequent_indent=" " * 14))


def dollars(cents: object) -> str:
    """Write an amount, which the API states in US cents, as dollars."""
    return f"${cents / 100:.2f}" if isinstance(cents, int) else "unknown"


def cancel(client: ThanksIO, fake: FakeThanksIO, order_id: int) -> None:
    """Cancel one order, and print the request, the verdict and what is known of the order."""
    before, calls = fake.orders[order_id].status, len(fake.calls)
    start = time.perf_counter()
    error: OrderNotCancelledError | None = None
    try:
        order = client.cancel_order(order_id)
    except OrderNotCancelledError as not_cancelled:
        order, error = not_cancelled.order, not_cancelled
    milliseconds = 1000 * (time.perf_counter() - start)
    attempts = fake.calls[calls:]
    print(coloured(f"{attempts[-1].method} {attempts[-1].path}", BOLD))
    show("verdict", coloured("NOT CANCELLED", RED) if error else coloured("CANCELLED", GREEN))
    show("status", f"{order.status} (before: {before})")
    show("totals", f"authorized {dollars(order.authorization_total)}, now {dollars(order.grand_total)}")
    show("attempts", str(len(attempts)))
    show("time", f"{milliseconds:.0f} ms")
    if error:
        show("error", f"{type(error).__name__}: {error}")
        certain = "no" if error.may_have_cancelled else "yes"
        show("certain", f"{certain} (may_have_cancelled is {error.may_have_cancelled})")


if __name__ == "__main__":
    with FakeThanksIO() as server, ThanksIO(server.token, base_url=server.base_url) as the_client:
        print(f"A fake thanks.io listens at {server.base_url}. Nothing leaves this machine.\n")
        cancel(the_client, server, 37294)
        print("\nThe next order is already fulfilled. The status code is 200, and the order is not cancelled:\n")
        cancel(the_client, server, 42708)
