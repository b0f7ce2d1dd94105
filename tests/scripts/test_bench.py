"""The benchmarks refuse wrong results, compare within a round, and write what they measured."""

from __future__ import annotations

import json
import operator
import subprocess
import sys
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import httpx
import pytest

from bench.__main__ import ENVIRONMENT, SECTIONS, Bench, ask, process, publish
from bench.contenders import CONTENDERS, PEERS
from bench.report import GOALS, Goal, Table, as_text
from bench.server import BODIES, ORDER_ID, TOKEN
from thanksio.testing import FakeThanksIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CALLS = Table("Calls", rounds={"httpx": [2.0, 4.0], "thanksio": [2.0, 4.5]})


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with process([sys.executable, "-m", "bench.server"]) as server:
        yield ask(server)


def test_times_of_the_same_round_are_compared() -> None:
    assert CALLS.compare("thanksio", "httpx") == [1.03125, 1.0625, 1.09375]  # of 1 and 1.125
    assert CALLS.compare("thanksio", "httpx", operator.sub) == [0.125, 0.25, 0.375]  # of 0 and 0.5
    assert CALLS.compare("httpx", "thanksio") != CALLS.compare("thanksio")
    assert Table("", rounds={"a": [2.0], "b": [6.0]}).compare("b") == [3.0, 3.0, 3.0]


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


def test_each_round_starts_with_another_one_and_the_first_does_not_count() -> None:
    log: list[str] = []

    def step(name: str) -> Callable[[], float]:
        def seconds() -> float:
            log.append(name)
            return float(len(log))

        return seconds

    table = Table("").run({name: step(name) for name in "abc"}, 2)

    assert "".join(log) == "abcbcacab"
    assert table.rounds == {"a": [6.0, 8.0], "b": [4.0, 9.0], "c": [5.0, 7.0]}


@pytest.mark.parametrize("kind", ["", " async"], ids=["sync", "async"])
@pytest.mark.parametrize(("name", "error"), [("httpx", "it returned 'fulfilled'"), ("thanksio", "OrderNotCancelled")])
def test_a_wrong_result_ends_the_measurement(
    name: str, kind: str, error: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with FakeThanksIO(token=TOKEN) as fake:
        fake.place(ORDER_ID, status="fulfilled")
        with pytest.raises(ValueError, match="could not convert"):
            Bench(fake.base_url, rounds=1, calls=1).clients("", [name + kind])

    assert error in capfd.readouterr().err


def test_a_peer_is_imported_where_nothing_of_ours_is() -> None:
    command = [sys.executable, "-c", "import sys, bench.worker; print({'attrs', 'httpx', 'thanksio'} & {*sys.modules})"]

    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True)

    assert done.stdout == "set()\n"


def test_the_server_responds_to_each_path_and_closes_when_asked_to(url: str) -> None:
    with httpx.Client(base_url=url) as client:
        found = {path: client.post(path, json={"a": 1}).content for path in BODIES}
        last = client.put("/nowhere", headers={"Connection": "close"})

    assert found == BODIES
    assert (last.status_code, last.headers["connection"]) == (404, "close")


def test_every_section_is_measured_and_published(url: str, tmp_path: Path) -> None:
    bench = Bench(url, rounds=1, calls=3, orders=(500,))
    tables = {name: section(bench) for name, section in SECTIONS.items()}

    publish(tmp_path, {"date": "today"}, tables)

    text = (tmp_path / "results.txt").read_text("utf-8")
    rounds = {name: json.loads((tmp_path / "results.json").read_text("utf-8"))[name]["rounds"] for name in SECTIONS}
    assert CONTENDERS.keys() - PEERS.keys() <= {name for section in rounds.values() for name in section}
    assert all(len(times) == 1 and times[0] > 0 for section in rounds.values() for times in section.values())
    assert all(f"\n  {name} " in text for section in rounds.values() for name in section)
    bars = ET.parse(tmp_path / "calls.svg").getroot().iter("{http://www.w3.org/2000/svg}text")  # noqa: S314 - our own
    assert {"httpx", "thanksio", "thanksio async"} <= {bar.text for bar in bars}
