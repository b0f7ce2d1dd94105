"""Run the fake by hand: python -m thanksio.testing --port 8000."""

from __future__ import annotations

import argparse
import signal
import threading

from thanksio.testing import FakeThanksIO


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port < 2**16:
        raise ValueError(text)  # argparse words it
    return port


def main() -> None:
    """Listen until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m thanksio.testing", description="A thanks.io on this machine.")
    parser.add_argument("--port", type=_port, default=8000, help="port on 127.0.0.1 (default: %(default)s; 0: any)")
    stopped = threading.Event()

    def stop(_number: int, _frame: object) -> None:
        stopped.set()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    with FakeThanksIO(port=parser.parse_args().port) as fake:
        print(f"export THANKSIO_BASE_URL={fake.base_url} THANKSIO_TOKEN={fake.token}")  # noqa: T201 - its purpose
        for order in fake.orders.values():
            print(f"# order {order.id} is {order.status}")  # noqa: T201
        print("# Ctrl-C stops it", flush=True)  # noqa: T201
        stopped.wait()


if __name__ == "__main__":
    main()
