from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import resource
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from conftest import TOKEN

from thanksio import ThanksIO
from thanksio.bulk import CancelResult
from thanksio.bulk._journal import Journal
from thanksio.cli._app import app
from thanksio.cli._cancel import leave
from thanksio.cli._plan import make_plan
from thanksio.cli._progress import choose
from thanksio.cli._signals import Stop
from thanksio.cli._tracker import RunTracker
from thanksio.testing import FakeThanksIO, Fault
from thanksio.testing.faults import Truth

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from thanksio.testing._script import FakeResponse

COMMAND = [sys.executable, "-m", "thanksio.cli"]
WAIT = 20  # seconds after which a process that should have ended counts as stuck


@pytest.fixture(autouse=True)
def account(fake: FakeThanksIO, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("THANKSIO_TOKEN", TOKEN)
    monkeypatch.setenv("THANKSIO_BASE_URL", fake.base_url)
    monkeypatch.chdir(tmp_path)


def place(fake: FakeThanksIO, number: int) -> list[int]:
    orders = [fake.place().id for _ in range(number)]
    Path("orders.csv").write_text("\n".join(["order_id", *map(str, orders)]), "utf-8")
    return orders


def pressing(number: int) -> Fault:
    """Return a fault that presses Ctrl-C before the response is sent."""

    def respond(answer: FakeResponse) -> list[bytes]:
        os.kill(os.getpid(), number)
        return [answer.encode()]

    return Fault("pressing", "responds, and Ctrl-C is pressed", Truth.ACTED, respond)


# Following a run


def counted(log: list[str]) -> Generator[int, None, None]:
    """Yield numbers; after Ctrl-C yield one more and raise it, as a run does."""
    number = 0
    try:
        while number < 5:
            number += 1
            yield number
    except KeyboardInterrupt:
        log.append("told")
        yield 99
        raise


def test_a_signal_inside_of_the_loop_is_raised_when_the_next_result_is_requested() -> None:
    log: list[str] = []
    before = signal.getsignal(signal.SIGTERM)

    with Stop(lambda: log.append("announced"), lambda: log.append("left")) as stop:
        seen: list[int] = []
        for number in stop.follow(counted(log)):
            seen.append(number)
            if number == 2:
                signal.raise_signal(signal.SIGTERM)
                assert log == ["announced"]

    assert seen == [1, 2, 99]
    assert log == ["announced", "told"]
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_signal_while_waiting_for_a_result_is_raised_there() -> None:
    def awaited() -> Generator[int, None, None]:
        yield 1
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            yield 2
            raise
        yield 3

    with Stop(lambda: None, lambda: None) as stop:
        assert list(stop.follow(awaited())) == [1, 2]


def test_a_second_signal_leaves_unless_it_comes_at_once() -> None:
    log: list[str] = []
    times = iter([1.0, 1.4, 1.5])

    with Stop(lambda: log.append("announced"), lambda: log.append("left"), lambda: next(times)):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        assert log == ["announced"]
        signal.raise_signal(signal.SIGINT)

    assert log == ["announced", "left"]


def test_without_a_signal_all_results_are_followed() -> None:
    with Stop(lambda: None, lambda: None) as stop:
        assert list(stop.follow(counted([]))) == [1, 2, 3, 4, 5]


# A run


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("journal", [["--journal", "j"], ["--no-journal"]])
def test_a_stopped_run_settles_the_orders_in_flight_and_can_be_continued(
    fake: FakeThanksIO, number: int, journal: list[str]
) -> None:
    orders = place(fake, 40)
    arguments = ["cancel", "--from", "orders.csv", "--yes", *journal]
    fake.fail_next(pressing(number))

    done = CliRunner().invoke(app, arguments)
    sent = len(fake.calls)
    cancelled = sum(fake.orders[order].status == "cancelled" for order in orders)

    assert done.exit_code == 3
    assert 0 < sent < len(orders)
    assert f"40 orders: {cancelled} cancelled, {40 - cancelled} not tried." in done.stdout
    assert "You stopped the run. Not settled: " in done.stdout
    assert done.stderr.count(" stopping") <= 1  # none if all ended before it could be shown

    again = CliRunner().invoke(app, arguments)

    assert again.exit_code == 0
    assert len(fake.calls) == (40 if "j" in journal else sent + 40)


def test_the_json_output_of_a_stopped_run_is_complete(fake: FakeThanksIO) -> None:
    orders = place(fake, 40)
    fake.fail_next(pressing(signal.SIGINT))

    done = CliRunner().invoke(app, ["cancel", "--from", "orders.csv", "--yes", "--json"])

    *results, last = [json.loads(line) for line in done.stdout.splitlines()]
    true = {order for order in orders if fake.orders[order].status == "cancelled"}
    assert {result["order_id"] for result in results} == true
    assert last["summary"]["not_tried"] == 40 - len(true)


def stopped_run(fake: FakeThanksIO, journal: Journal | None) -> RunTracker:
    plan = make_plan({1: None, 2: None, 3: None}, 0.0, 60)
    with ThanksIO(base_url=fake.base_url) as client:
        run = RunTracker(plan, client, as_json=False)
        run.take(CancelResult(1, "cancelled"))
        run.stopped(journal)
    return run


def test_orders_without_a_result_are_counted_from_the_journal(fake: FakeThanksIO) -> None:
    with Journal("j", fake.base_url) as journal:
        with journal.loading():
            journal.add([(1, None), (2, None), (3, None)])
        sent = [journal.next(), journal.next()]

        run = stopped_run(fake, journal)

    assert [work.order_id for work in sent if work] == [1, 2]
    assert run.tally.counts == {"cancelled": 1, "not_cancelled": 0, "refused": 0, "unknown": 1, "not_tried": 1}


@pytest.mark.parametrize(
    ("began", "answered", "busy", "speed"),
    [
        (10, [], 0.0, 0.0),
        (10, [9, 8, 7], 1.5, 16.0),
        (60, [59, 30, 0], 1.5, 0.05),
        (600, [500, 121, 119, 60, 0], 1.5, 0.025),
        (600, [500], 1.5, 0.0),
    ],
    ids=["nothing_yet", "what_eight_threads_can_do", "a_window", "two_windows", "a_long_pause"],
)
def test_the_speed_is_that_of_the_last_two_windows(
    fake: FakeThanksIO, began: float, answered: list[float], busy: float, speed: float
) -> None:
    """Times are in seconds before now; `busy` is how long the calls took together."""
    run, now = stopped_run(fake, None), 1000.0
    run.began, run.busy = now - began, busy
    run.answered.clear()
    run.answered.extend(now - ago for ago in answered)

    assert run._speed(60.0, now) == pytest.approx(speed)


# A process of its own


@contextmanager
def running(*arguments: str, **settings: object) -> Iterator[subprocess.Popen[str]]:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, "text": True}
    with subprocess.Popen([*COMMAND, *arguments], **pipes | settings) as process:  # type: ignore[call-overload]
        yield process
        process.kill()


def hold(fake: FakeThanksIO) -> tuple[threading.Event, threading.Event]:
    """Send no response before the second event; the first is set when a request was received."""
    came, may_go = threading.Event(), threading.Event()

    def respond(answer: FakeResponse) -> list[bytes]:
        came.set()
        may_go.wait(WAIT)
        return [answer.encode()]

    fake.faults(Fault("held", "waits", Truth.ACTED, respond))
    return came, may_go


@pytest.mark.parametrize(
    ("is_kept", "known"), [(True, "the journal has them as in flight"), (False, "their outcome is unknown")]
)
def test_leaving_reports_the_orders_in_flight_and_ends_the_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, is_kept: bool, known: str
) -> None:
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    view = RunTracker(make_plan({}, 0.0, 60), ThanksIO(TOKEN), as_json=False, in_flight=1).view

    leave(choose(view, quiet=True, plain=True), is_kept=is_kept)

    assert ended == [4]
    assert known in capsys.readouterr().err


def test_a_second_ctrl_c_leaves_at_once(fake: FakeThanksIO) -> None:
    place(fake, 3)
    came, may_go = hold(fake)

    with running("cancel", "--from", "orders.csv", "--yes") as process:
        assert came.wait(WAIT)
        process.send_signal(signal.SIGINT)
        assert process.stderr
        told = next(line for line in process.stderr if "stopping" in line)
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
        output = process.stderr.read()
    may_go.set()

    assert "press Ctrl-C again to end" in told
    assert process.returncode == 4
    assert output.startswith("thanksio: ended without waiting for the orders in flight: ")
    assert "the journal has them as in flight. Run the same command again." in output
    with Journal("orders.csv.journal") as kept:
        assert "in_flight" in kept.totals()


def test_a_closed_stdout_ends_the_command_quietly(fake: FakeThanksIO) -> None:
    place(fake, 30)
    came, may_go = hold(fake)

    with running("cancel", "--from", "orders.csv", "--yes", "--json", "--quiet") as process:
        assert came.wait(WAIT)
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        may_go.set()
        output, code = process.stderr.read(), process.wait(WAIT)

    assert all(line.endswith("nobody waited for it any more") for line in output.splitlines())
    assert code == 0
    with Journal("orders.csv.journal") as kept:
        assert "in_flight" not in kept.totals()


def test_a_full_disk_ends_the_command_with_what_is_known(fake: FakeThanksIO) -> None:
    place(fake, 600)
    fake.limit(6000)
    with Journal("orders.csv.journal", fake.base_url) as kept, kept.loading():
        kept.add((number, None) for number in fake.orders)
    limit = Path("orders.csv.journal").stat().st_size + 2 * 4096  # the write-ahead log reaches it within a second

    def small() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    with running("cancel", "--from", "orders.csv", "--yes", preexec_fn=small) as process:
        output, errors = process.communicate(timeout=WAIT)

    assert process.returncode == 1
    assert re.match(r"600 orders: \d+ cancelled, \d+ not tried", output)
    assert "thanksio: The journal orders.csv.journal cannot be written" in errors


@contextmanager
def on_a_terminal(*arguments: str) -> Iterator[Callable[[str], str]]:
    """Run the command on a terminal; yield a function that reads until a text appears, or the end if it is empty."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = os.environ | {"TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    seen = ""

    def read(until: str) -> str:
        nonlocal seen
        while not until or until not in seen:
            assert select.select([master], [], [], WAIT)[0], seen
            try:
                seen += os.read(master, 65536).decode()
            except OSError:  # EIO: the other end was closed
                break
        return seen

    with subprocess.Popen([*COMMAND, *arguments], stdin=slave, stdout=slave, stderr=slave, env=environment) as process:
        os.close(slave)
        os.set_inheritable(master, False)  # noqa: FBT003 - its only argument
        yield lambda until: (os.write(master, b"y\n") if until == "y" else None, read("" if until == "y" else until))[1]
        assert process.wait(WAIT) == 0
    os.close(master)


def test_on_a_terminal_it_asks_and_shows_progress(fake: FakeThanksIO) -> None:
    place(fake, 12)

    with on_a_terminal("cancel", "--from", "orders.csv") as until:
        asked = until("[y/N]: ")
        sent = len(fake.calls)
        screen = until("y")

    assert "Cancel 12 orders? This cannot be undone." in asked
    assert sent == 0
    assert "━" in screen
    assert "12 orders: 12 cancelled." in screen
    assert screen.count("\x1b[?25l") == screen.count("\x1b[?25h")


def test_after_a_no_nothing_is_sent(fake: FakeThanksIO) -> None:
    place(fake, 2)
    master, slave = pty.openpty()
    os.write(master, b"n\n")

    with running("cancel", "--from", "orders.csv", stdin=slave, stderr=slave) as process:
        assert process.wait(WAIT) == 3
    output = os.read(master, 65536).decode()
    for end in (master, slave):
        os.close(end)

    assert output.endswith("thanksio: Nothing was sent.\r\n")
    assert fake.calls == []
    assert [path.name for path in Path().iterdir()] == ["orders.csv"]
