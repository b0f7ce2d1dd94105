"""Run `thanksio fake`: a test server for other programs, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import errno
import signal
import threading
from typing import TYPE_CHECKING

import click

from thanksio.cli._output import echo
from thanksio.testing import FAULTS, FakeThanksIO

if TYPE_CHECKING:
    from thanksio.testing._orders import Shape


def list_faults() -> None:
    """Print the name of every fault, and what it does."""
    for fault in FAULTS.values():
        echo(f"{fault.name:<32} {fault.does}")


def serve(port: int, fault: str | None, shape: Shape) -> None:
    """Listen on a port of 127.0.0.1, 0 for any, until a signal. Raises UsageError if that is not possible."""
    fake = FakeThanksIO(port=port, shape=shape)
    try:
        fake.start()
        if fault:
            fake.faults(fault)
        _until_a_signal(fake, fault)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise click.UsageError(f"Port {port} is in use. Choose another one, or any free one with --port 0") from None
    finally:
        fake.stop()


def _until_a_signal(fake: FakeThanksIO, fault: str | None) -> None:
    stopped = threading.Event()

    def stop(_number: int, _frame: object) -> None:
        stopped.set()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    echo(f"export THANKSIO_BASE_URL={fake.base_url} THANKSIO_TOKEN={fake.token}")
    for order in fake.orders.values():
        echo(f"# order {order.id} is {order.status}")
    if fault:
        echo(f"# fault of every request: {fault}: {FAULTS[fault].does}")
    echo("# Ctrl-C stops it")
    stopped.wait()
