"""Rule 3: no server makes a call wait for more than two minutes, and the account's limit is read as it is written."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from calls import unmeasured
from conftest import Collect, Connect, ok, order, script

import thanksio
import thanksio_generated
from thanksio import ThanksIOError

if TYPE_CHECKING:
    from thanksio.testing import FakeThanksIO

LONG = 1_000_000.0  # seconds, the longest deadline
HOURS = 3600.0


def asking(code: int, **headers: str) -> httpx.Response:
    return ok({"message": "slow"}, code, **headers)


@pytest.mark.parametrize("asked", ["121", "120.5", "3600", "120, 121", "date"])
@pytest.mark.parametrize("code", [429, 503])
def test_a_wait_of_more_than_two_minutes_fails_a_call_at_once(connect: Connect, code: int, asked: str) -> None:
    now = time.time()
    dated = {"retry_after": formatdate(now + 300, usegmt=True), "date": formatdate(now, usegmt=True)}
    client = connect(script(asking(code, **(dated if asked == "date" else {"retry_after": asked})), ok())[0])

    with pytest.raises(ThanksIOError) as caught:
        client.cancel_order(37294, deadline=LONG)

    assert (caught.value.attempts, client.waits) == (1, [])
    assert getattr(caught.value, "retry_after", 0) > 120


@pytest.mark.parametrize("asked", ["120", "60, 120", "119.5"])
def test_two_minutes_are_waited_for(connect: Connect, asked: str) -> None:
    client = connect(script(asking(429, retry_after=asked), ok())[0])

    assert client.cancel_order(37294, deadline=LONG).id == 37294
    assert client.waits == [max(map(float, asked.split(",")))]


@pytest.mark.parametrize("code", [429, 503])
@pytest.mark.parametrize("off", [-5 * HOURS, 5 * HOURS], ids=["our clock is ahead", "our clock is behind"])
@pytest.mark.parametrize("asked", [0, 30, 119])
def test_a_date_without_a_date_to_compare_never_makes_a_call_wait_for_hours(
    connect: Connect, code: int, off: float, asked: int
) -> None:
    answer = asking(code, retry_after=formatdate(time.time() + off + asked, usegmt=True))
    client = connect(script(answer, ok())[0])

    try:
        found = client.cancel_order(37294, deadline=LONG)
    except ThanksIOError as error:
        assert (error.attempts, client.waits) == (1, [])  # noqa: PT017 - either may happen
    else:
        assert found.id == 37294
    assert sum(client.waits) <= 120


def test_the_servers_own_date_makes_up_for_a_wrong_clock(connect: Connect) -> None:
    then = time.time() + 5 * HOURS
    headers = {"retry_after": formatdate(then + 30, usegmt=True), "date": formatdate(then, usegmt=True)}
    client = connect(script(asking(429, **headers), ok())[0])

    client.cancel_order(37294, deadline=LONG)

    assert client.waits == [30.0]


@pytest.mark.parametrize("asked", ["3600", "121"])
def test_a_run_asks_again_after_two_minutes(collect: Collect, fake: FakeThanksIO, asked: str) -> None:
    began, handler = fake.now, script(asking(429, retry_after=asked), ok())[0]

    (result,) = collect(fake, [37294], {"transport": httpx.MockTransport(handler)})

    assert result.verdict == "cancelled"
    assert 115 <= (fake.now - began).total_seconds() < 130  # the fake's clock leaves out the seconds of real life


@pytest.mark.parametrize(("limit", "allowed"), [("30, 30", 30), ("30, 60", 30), ("30", 30), ("x", 60)])
def test_of_two_limits_the_first_and_smaller_is_kept(
    collect: Collect, fake: FakeThanksIO, limit: str, allowed: int
) -> None:
    """Proxies join the headers of two limiters with a comma."""
    arrived: list[float] = []
    began = fake.now

    def handle(request: httpx.Request) -> httpx.Response:
        arrived.append((fake.now - began).total_seconds())
        return ok(order(id=int(request.url.path.split("/")[-2])), x_ratelimit_limit=limit)

    found = collect(fake, range(1, 71), {"transport": httpx.MockTransport(handle)})

    assert [result.verdict for result in found] == ["cancelled"] * 70
    assert sum(moment < 50 for moment in arrived) == allowed  # the fake's clock leaves out the seconds of real life


VENDORED = """
import importlib.metadata, sys
known = importlib.metadata.Distribution.from_name.__func__

def from_name(cls, name):
    if name == "thanksio":
        raise importlib.metadata.PackageNotFoundError(name)
    return known(cls, name)

importlib.metadata.Distribution.from_name = classmethod(from_name)
sys.path.insert(0, sys.argv[1])
import httpx, thanksio

def handle(request):
    print(request.headers["user-agent"])
    return httpx.Response(200, json={"order": {"id": 37294, "status": "cancelled"}})

assert thanksio.__file__.startswith(sys.argv[1]), thanksio.__file__
with thanksio.ThanksIO("token", transport=httpx.MockTransport(handle)) as client:
    print(client.cancel_order(37294).status)
print(thanksio.__version__)
"""


def test_a_vendored_copy_without_metadata_works(tmp_path: Path) -> None:
    packages: list[Any] = [thanksio, thanksio_generated]
    for package in packages:
        home = Path(package.__file__).parent
        shutil.copytree(home, tmp_path / home.name, ignore=shutil.ignore_patterns("__pycache__"))

    command = [sys.executable, "-c", VENDORED, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30, env=unmeasured())

    assert done.stderr == ""
    agent, status, version = done.stdout.split("\n")[:3]
    assert status == "cancelled"
    assert version
    assert agent == f"thanksio-python/{version}"
