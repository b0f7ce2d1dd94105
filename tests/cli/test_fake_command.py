"""`thanksio fake`: a test server in a terminal."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx
import pytest

from thanksio import ThanksIO
from thanksio.testing import FAULTS, FakeThanksIO

if TYPE_CHECKING:
    from conftest import Thanksio

COMMAND = [sys.executable, "-c", "from thanksio.cli import main; main()", "fake", "--port", "0"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_runs_until_a_signal(number: signal.Signals) -> None:
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        match = re.fullmatch(r"export THANKSIO_BASE_URL=(\S+) THANKSIO_TOKEN=(\S+)\n", line)
        assert match, line

        with ThanksIO(match[2], base_url=match[1]) as client:
            assert client.cancel_order(37294).status == "cancelled"

        process.send_signal(number)
        assert process.wait(10) == 0


def test_every_request_gets_the_chosen_fault() -> None:
    command = [*COMMAND, "--fault", "not_found_404"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(5)]
        address = lines[0].split("THANKSIO_BASE_URL=")[1].split()[0]
        assert httpx.put(f"{address}/order/37294/cancel").status_code == 404
        process.terminate()

    assert lines[3] == "# fault of every request: not_found_404: 404\n"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--port", "99999"], "'--port'"),
        (["--port", "-1"], "'--port'"),
        (["--port", "http"], "'--port'"),
        (["--shape", "2020"], "'--shape'"),
        (["--port", "0", "--fault", "tls_refused"], "needs a fake with TLS"),
        (["--port", "0", "--fault", "nope"], "Unknown fault 'nope'. All names: thanksio fake --list-faults"),
        (["--port", "0", "--fault", "lost_anwser"], "Unknown fault 'lost_anwser'. Did you mean lost_response?"),
    ],
)
def test_an_impossible_start_is_an_error_in_one_line(thanksio: Thanksio, options: list[str], words: str) -> None:
    done = thanksio("fake", *options)

    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert words in done.stderr


def test_a_port_that_is_taken_is_an_error_with_advice(thanksio: Thanksio) -> None:
    with FakeThanksIO() as other:
        done = thanksio("fake", "--port", other.base_url.split(":")[2].split("/")[0])

    assert done.exit_code == 2
    assert "is in use. Choose another one, or any free one with --port 0" in done.stderr


def test_a_port_that_may_not_be_used_is_an_error(thanksio: Thanksio, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(_fake: FakeThanksIO) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(FakeThanksIO, "start", forbidden)

    done = thanksio("fake", "--port", "80")

    assert done.exit_code == 1
    assert "Permission denied" in done.stderr


def test_all_faults_can_be_listed(thanksio: Thanksio) -> None:
    listed = dict(line.split(maxsplit=1) for line in thanksio("fake", "--list-faults").stdout.splitlines())

    assert listed == {fault.name: fault.does for fault in FAULTS.values()}
