"""Run the test server by hand: python -m thanksio.testing --port 8000 --fault lost_response."""

from __future__ import annotations

import argparse
import errno
import signal
import threading
from typing import TYPE_CHECKING

from thanksio.testing import FAULTS, FakeThanksIO
from thanksio.testing._fake import known_fault

if TYPE_CHECKING:
    from collections.abc import Sequence


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port < 2**16:
        raise ValueError(text)  # argparse writes the message
    return port


def _fault(name: str) -> str:
    try:
        return known_fault(name).name
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _arguments(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=program, description="Run a test server on this machine.")
    parser.add_argument("--port", type=_port, default=8000, help="port on 127.0.0.1 (default: %(default)s; 0: any)")
    parser.add_argument("--fault", type=_fault, metavar="NAME", help="apply this fault to every request")
    parser.add_argument("--list-faults", action="store_true", help="list the names of all faults")
    parser.add_argument("--shape", choices=["2025", "2026"], default="2025", help="year whose fields orders have")
    return parser


def main(arguments: Sequence[str] | None = None, program: str = "python -m thanksio.testing") -> None:
    """Listen until Ctrl-C or SIGTERM, with the settings of the command line."""
    parser = _arguments(program)
    options = parser.parse_args(arguments)
    if options.list_faults:
        print(*(f"{fault.name:<32} {fault.does}" for fault in FAULTS.values()), sep="\n")  # noqa: T201 - its purpose
        return
    fake = FakeThanksIO(port=options.port, shape=options.shape)
    try:
        fake.start()
        if options.fault:
            fake.faults(options.fault)
    except (OSError, ValueError) as error:
        fake.stop()
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            parser.error(f"port {options.port} is in use. Choose another one, or any free one with --port 0")
        parser.error(str(error))
    stopped = threading.Event()

    def stop(_number: int, _frame: object) -> None:
        stopped.set()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    _introduce(fake, options.fault)
    stopped.wait()
    fake.stop()


def _introduce(fake: FakeThanksIO, fault: str | None) -> None:
    lines = [f"export THANKSIO_BASE_URL={fake.base_url} THANKSIO_TOKEN={fake.token}"]
    lines += [f"# order {order.id} is {order.status}" for order in fake.orders.values()]
    lines += [f"# fault of every request: {fault}: {FAULTS[fault].does}"] if fault else []
    print(*lines, "# Ctrl-C stops it", sep="\n", flush=True)  # noqa: T201 - its purpose


if __name__ == "__main__":
    main()
