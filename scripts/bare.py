"""Cancel orders with nothing installed but the wheel, in sync code and under an async backend: bare.py BACKEND."""

from __future__ import annotations

import sys

import anyio

from thanksio import AsyncThanksIO, ThanksIO
from thanksio.testing import FakeThanksIO


async def cancel(fake: FakeThanksIO) -> None:
    """Cancel an order in async code."""
    async with AsyncThanksIO(fake.token, base_url=fake.base_url) as client:
        print("async:", await client.cancel_order(fake.place().id))


if __name__ == "__main__":
    with FakeThanksIO() as server:
        with ThanksIO(server.token, base_url=server.base_url) as client:
            print("sync:", client.cancel_order(37294))
        anyio.run(cancel, server, backend=sys.argv[1])
