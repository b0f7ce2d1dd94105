"""Prism, a mock server that other people wrote, made from openapi.yaml."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PRISM = ROOT / "scripts" / "locks" / "node_modules" / ".bin" / "prism"
START_SECONDS = 40.0

# `make test` works without Node.js; where it is present, `make` installs Prism first. In CI it must be there.
needs_prism = pytest.mark.skipif(
    not (PRISM.exists() and shutil.which("node")) and "CI" not in os.environ,
    reason="Prism is not installed: install Node.js 20 or newer, then type `make test`",
)


@contextmanager
def running(log: Path) -> Iterator[str]:
    """Run Prism on a free port of loopback, and yield its address."""
    command = [str(PRISM), "mock", "--host", "127.0.0.1", "--port", "0", "--multiprocess=false"]
    with log.open("wb") as output:
        process = subprocess.Popen([*command, str(ROOT / "openapi.yaml")], stdout=output, stderr=subprocess.STDOUT)
    try:
        yield _address(process, log)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Wait until Prism prints its address."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"Prism is listening on (http://127\.0\.0\.1:\d+)", log.read_text("utf-8"))
        if found:
            return found[1]
        time.sleep(0.05)
    pytest.fail(f"Prism does not listen: {log.read_text('utf-8')}")
