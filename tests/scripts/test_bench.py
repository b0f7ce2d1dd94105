"""The benchmarks refuse wrong results, compare within a round, and write what they measured."""

from __future__ import annotations

import json
import operator
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import httpx
import pytest

from bench.__main__ import Setting, main, serving
from bench.contenders import CONTENDERS, PEERS
from bench.measure import FailedError, Table, environment, quartiles, run
from bench.report import GOALS, Goal, as_text
from bench.server import BODIES, ORDER_ID, TOKEN
from thanksio.testing import FakeThanksIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

OURS = [name for name in CONTENDERS if name not in PEERS]
CALLS = Table("Calls", rounds={"thanksio": [2.0, 4.5], "httpx": [2.0, 4.0]})


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving() as address:
        yield address


def test_times_of_the_same_round_are_compared() -> None:
    assert CALLS.compare("thanksio", "httpx", operator.truediv) == quartiles([1.0, 4.5 / 4.0])
    assert CALLS.compare("thanksio", "httpx", operator.sub) == quartiles([0.0, 4.5 - 4.0])
    assert CALLS.compare("thanksio", "stripe", operator.truediv) is None
    assert quartiles([1.0, 2.0, 3.0, 4.0, 5.0]) == [2.0, 3.0, 4.0]
    assert quartiles([3.0]) == [3.0, 3.0, 3.0]


@pytest.mark.parametrize(
    ("most", "unit", "measured", "judged"),
    [(1.0625, "x", 1.06, "met"), (1.06, "x", 1.06, "NOT MET"), (250, "ms", 250, "met"), (249, "ms", 250, "NOT MET")],
)
def test_a_goal_is_met_up_to_its_bound(
    most: float, unit: str, measured: float, judged: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.report.GOALS", [Goal("calls", "thanksio", "httpx", most, unit)])

    text = as_text({"date": "today"}, {"calls": CALLS})

    (row,) = (line for line in text.splitlines() if "calls: thanksio" in line)
    assert row.split("httpx")[1].split() == [f"{most:.2f}", unit, f"{measured:.2f}", unit, *judged.split()]


def test_a_goal_that_was_not_measured_is_neither_met_nor_missed() -> None:
    assert as_text({"date": "today"}, {}).count("not measured") == len(GOALS)


def test_the_goals_beside_httpx_are_those_of_the_performance_page() -> None:
    bounds = {(goal.section, goal.base): goal.most for goal in GOALS if goal.base.startswith("httpx")}

    assert bounds == {
        ("calls", "httpx"): 1.10,
        ("calls", "httpx, new connections"): 0.90,
        ("threads", "httpx"): 1.00,
        ("threads", "httpx, new connections"): 0.90,
        ("tasks", "httpx async"): 0.65,
        ("tasks", "httpx async, new connections"): 0.90,
    }


def test_each_round_starts_with_another_one_and_failures_stop_no_other() -> None:
    log: list[str] = []

    def step(name: str) -> Callable[[], float]:
        def seconds() -> float:
            log.append(name)
            if name == "c" and len(log) > 3:
                raise FailedError("the server closed the connection")
            return float(len(log))

        return seconds

    table = Table("").run({name: step(name) for name in "abc"}, 2)

    assert "".join(log) == "abcbcaab"
    assert table.rounds == {"a": [6.0, 7.0], "b": [4.0, 8.0]}
    assert table.failed == {"c": "the server closed the connection"}


@pytest.mark.parametrize("name", OURS)
def test_each_client_makes_its_calls(url: str, name: str) -> None:
    table = Setting(url, None, 1, 3, ()).clients("", [name], in_flight=2)

    assert table.failed == {}
    assert table.rounds[name][0] > 0


def test_a_wrong_result_is_not_timed() -> None:
    with FakeThanksIO() as fake:
        fake.place(ORDER_ID, status="fulfilled")
        fake.token = TOKEN
        table = Setting(fake.base_url, None, 1, 1, ()).clients("", ["httpx", "thanksio"])

    assert table.rounds == {}
    assert table.failed["httpx"].startswith("WrongResultError: it returned {'order': ")
    assert "OrderNotCancelledError" in table.failed["thanksio"]


def test_peers_that_are_not_installed_are_listed_with_the_reason() -> None:
    absent = Setting("http://127.0.0.1:1", None, 1, 1, ()).clients("", PEERS)

    assert absent.failed == dict.fromkeys(PEERS, "not installed: make bench PEERS=1")
    with pytest.raises(FailedError, match=r"^no$"):
        run([sys.executable, "-c", "raise SystemExit('no')"])


def test_a_peer_is_imported_where_nothing_of_ours_is() -> None:
    command = [sys.executable, "-c", "import sys, bench.worker; print({'attrs', 'httpx'} & set(sys.modules))"]

    done = subprocess.run(command, env=environment(peer=True), capture_output=True, text=True, check=True)

    assert done.stdout == "set()\n"


def test_the_server_responds_to_each_path_and_closes_when_asked_to(url: str) -> None:
    with httpx.Client(base_url=url) as client:
        found = {path: client.post(path, json={"a": 1}).content for path in BODIES}
        last = client.put("/nowhere", headers={"Connection": "close"})

    assert found == BODIES
    assert (last.status_code, last.headers["connection"]) == (404, "close")


@pytest.mark.parametrize(("section", "name"), [("calls", "thanksio"), ("bulk", "500 in tasks, single call")])
def test_a_quick_run_writes_the_table_the_chart_and_every_round(
    section: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["--quick", "--only", section, "--output", str(tmp_path)])

    written: dict[str, Any] = json.loads((tmp_path / "results.json").read_text("utf-8"))
    bars = ET.parse(tmp_path / "calls.svg").getroot().iter("{http://www.w3.org/2000/svg}text")  # noqa: S314 - our own
    assert (tmp_path / "results.txt").read_text("utf-8") == capsys.readouterr().out
    assert all(seconds > 0 for seconds in written[section]["rounds"][name])
    assert written[section]["failed"].keys() <= PEERS.keys()
    assert {"httpx", "thanksio"} <= {bar.text for bar in bars} or section != "calls"
