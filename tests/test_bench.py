"""What `make bench` measures is measured in a small size; how quick it is depends on the machine, and nobody asks."""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
import xml.etree.ElementTree as ET
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import bench
import httpx
import pytest
from attrs import evolve
from conftest import ROOT

from benching import about, answers, contenders, names, pictures, report, scripts, sections, server
from benching.crew import crew, race
from benching.figures import Bulk, Goal, Judged, Results, Spread, Table, differences, judged, ratios, spread
from benching.goals import GOALS
from benching.sections import Setting
from thanksio.testing import FakeThanksIO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ENGINES = [
    pytest.param(
        "nginx",
        marks=pytest.mark.skipif(
            not server.nginx() and "CI" not in os.environ, reason="nginx is missing: apt-get install nginx-light"
        ),
    ),
    "asyncio",
]
CALLS = Table(
    "calls",
    "One call after another",
    "us",
    {"httpx": [0.001, 0.002, 0.003], "raw socket": [0.0001, 0.0002, 0.0004], "thanksio": [0.0011, None, 0.003]},
    ("httpx", "raw socket"),
    more={"cpu us": {"httpx": 900.0, "thanksio": 1000.0}},
    absent={"generated": "ModuleNotFoundError: no such module"},
)


def everything() -> Results:
    """Return results in which whatever can be measured took a millisecond, and no order longer than another."""

    def table(section: str, who: tuple[str, ...], in_flight: int = 0) -> Table:
        return Table(section, section, "us", {name: [0.001, 0.001] for name in who}, who[:2], in_flight=in_flight)

    many = (*contenders.ASYNC, *map(names.in_threads, names.IN_THREADS))
    levels = [table("in-flight", many, level) for level in sections.LEVELS]
    starts = table("import", ("bare interpreter", "import httpx, attrs", "import thanksio", "client ready"))
    bulks = [Bulk(ids, "sync", journal=False, total=2e-4, single=1e-4, own=1e-4, peak=40.0) for ids in sections.SIZES]
    return Results([table("calls", (*names.CALLS, *names.PEERS)), *levels, evolve(starts, unit="ms")], bulks)


@pytest.mark.parametrize(
    ("figures", "found"),
    [
        ([], None),
        ([None], None),
        ([3.0], Spread(3.0, 3.0, 3.0)),
        ([4.0, None, 1.0, 2.0, 3.0, 5.0], Spread(3.0, 2.0, 4.0)),
    ],
)
def test_the_spread_is_the_median_and_the_quartiles_of_what_is_there(figures: Any, found: Spread | None) -> None:
    assert spread(figures) == found


def test_a_ratio_is_that_of_the_same_round() -> None:
    assert ratios([1.0, None, 30.0, 4.0], [1.0, 2.0, 10.0, None]) == [1.0, 3.0]
    assert differences([1.0, None, 30.0], [1.0, 2.0, 10.0]) == [0.0, 20.0]


def test_who_was_not_measured_has_no_ratio() -> None:
    assert CALLS.ratio("raw socket", "raw socket") == Spread(1.0, 1.0, 1.0)
    assert CALLS.ratio("generated", "httpx") is None
    assert CALLS.net("thanksio", "stripe") is None


@pytest.mark.parametrize(
    ("figure", "at_most", "met"),
    [(1.0, True, True), (1.1, True, False), (1.0, False, True), (0.9, False, False), (None, True, None)],
)
def test_a_goal_is_met_up_to_its_bound(figure: float | None, *, at_most: bool, met: bool | None) -> None:
    goal = Goal("as quick", 1.0, lambda _results: figure, at_most=at_most)

    assert judged([goal], Results()) == [Judged(goal, figure)]
    assert Judged(goal, figure).met is met


def test_every_goal_finds_its_figure() -> None:
    found = {one.goal.text: one.figure for one in judged(GOALS, everything())}

    assert [figure for figure in found.values() if figure is None] == []
    assert found["an order of many, beside its single call: the most of all sizes"] == pytest.approx(100)
    assert found["an order of the most ids / one of ten thousand"] == 1.0


def test_the_goals_beside_httpx_are_those_of_the_design() -> None:
    found = {goal.text: goal.bound for goal in GOALS if "httpx" in goal.text and goal.unit == "x"}

    assert found == {
        "thanksio, one call after another / httpx": 1.10,
        "thanksio, 50 in threads / httpx": 1.00,
        "thanksio, 50 in tasks / httpx": 0.65,
        "thanksio, one call after another / httpx, a connection for each request": 0.90,
        "thanksio, 50 in threads / httpx, a connection for each request": 0.90,
        "thanksio, 50 in tasks / httpx, a connection for each request": 0.90,
    }


def test_a_goal_compares_threads_with_threads_and_tasks_with_tasks() -> None:
    samples = {
        "thanksio in threads": [1.0],
        "httpx in threads": [2.0],
        "httpx in threads, a connection for each request": [4.0],
        "thanksio async": [1.0],
        "httpx async": [8.0],
        "httpx async, a connection for each request": [16.0],
    }
    table = evolve(CALLS, section="in-flight", samples=samples, in_flight=50)

    found = [one.figure for one in judged(GOALS, Results([table])) if one.figure]

    assert found == [1 / 2, 1 / 8, 1 / 4, 1 / 16]


def test_no_goal_is_judged_by_what_was_not_run() -> None:
    assert {one.met for one in judged(GOALS, Results())} == {None}


def test_the_slowest_lead_is_that_over_the_quickest_peer() -> None:
    samples = {"thanksio": [1.0, 1.0], "stripe": [3.0, 3.0], "lob-python": [0.5, 0.5]}
    goal = next(one for one in GOALS if "peer" in one.text)

    assert goal.measure(Results([evolve(CALLS, samples=samples)])) == 0.5


def test_a_table_says_how_it_went_and_who_is_missing() -> None:
    assert report.table_text(CALLS).splitlines() == [
        "One call after another",
        "                 us     quartiles  / httpx   quartiles  / raw socket   quartiles  cpu us",
        "  raw socket    200      150..300     0.10  0.10..0.12          1.00  1.00..1.00",
        "  httpx       2,000  1,500..2,500     1.00  1.00..1.00          10.0  8.75..10.0     900",
        "  thanksio    2,050  1,575..2,525     1.05  1.02..1.08          9.25  8.38..10.1   1,000",
        "  generated is not available: ModuleNotFoundError: no such module",
    ]


def test_who_failed_in_a_round_is_told_from_who_is_missing() -> None:
    said = report.table_text(evolve(CALLS, absent={"thanksio": "1 in flight, round 2: ReadTimeout"}))

    assert said.endswith("\n  thanksio failed: 1 in flight, round 2: ReadTimeout")


def test_many_in_flight_are_compared_by_their_rate() -> None:
    said = report.table_text(evolve(CALLS, in_flight=50)).splitlines()

    assert "rate / httpx" in said[1]
    assert said[2].split()[:5] == ["raw", "socket", "200", "150..300", "5,000"]


@pytest.mark.parametrize(
    ("value", "written"), [(0.0, "0.00"), (9.994, "9.99"), (12.34, "12.3"), (123.4, "123"), (1e6, "1,000,000")]
)
def test_a_figure_has_three_digits_that_count(value: float, written: str) -> None:
    assert report.figure(value) == written


def test_goals_that_are_not_met_stand_out() -> None:
    goals = (Goal("quick", 2.0, lambda _: 3.0), Goal("small", 1.0, lambda _: None), Goal("flat", 1.0, lambda _: 1.0))
    lines = report.goals_text(judged(goals, Results())).splitlines()

    assert [line.split()[-2:] for line in lines[2:]] == [["NOT", "MET"], ["not", "measured"], ["x", "met"]]


def test_a_bulk_run_is_written_beside_the_same_with_a_journal() -> None:
    kept = Bulk(1000, "sync", journal=True, total=5e-3, single=1e-4, own=49e-4, peak=41.5)
    said = "\n\n".join(report.results_text(Results(bulks=[*everything().bulks, kept])))

    assert "1,000 sync, journal         5,000" in said
    assert said.count("  1,000 sync  ") == 2
    assert "1,000,000 sync" in said


def test_the_json_has_each_round() -> None:
    results = Results([CALLS], everything().bulks)
    said = json.loads(report.machine_text({"date": "today"}, results, judged(GOALS, results)))

    assert said["about"] == {"date": "today"}
    assert said["tables"][0]["samples"]["thanksio"] == [0.0011, None, 0.003]
    assert said["tables"][0]["absent"] == {"generated": "ModuleNotFoundError: no such module"}
    assert len(said["goals"]) == len(GOALS)


def texts(picture: str) -> Iterator[tuple[float, float, str, str]]:
    for found in ET.fromstring(picture).iter("{http://www.w3.org/2000/svg}text"):  # noqa: S314 - it is our own
        yield float(found.attrib["x"]), float(found.attrib["y"]), found.attrib["class"], found.text or ""


def test_there_are_three_pictures_with_every_name_in_full() -> None:
    drawn = pictures.pictures(everything())

    assert sorted(drawn) == ["calls.svg", "in-flight.svg", "memory.svg"]
    for picture in drawn.values():
        assert "prefers-color-scheme:dark" in picture
        for x, _, look, words in texts(picture):
            start = x - len(words) * 8 if "end" in look else x
            assert start >= 0, words
            assert start + len(words) * 7 <= 820, words
    assert {name for name in names.CALLS if f">{name}<" not in drawn["calls.svg"]} == set()


def test_names_beside_lines_do_not_lie_over_each_other() -> None:
    ends = sorted(
        y for x, y, look, _ in texts(pictures.pictures(everything())["in-flight.svg"]) if not look and x > 620
    )

    assert len(ends) == 4
    assert all(after - before >= 16 for before, after in pairwise(ends))


def test_nothing_is_drawn_of_what_was_not_measured() -> None:
    one_size = Results([evolve(CALLS, section="in-flight", in_flight=50)], everything().bulks[:1])

    assert pictures.pictures(one_size) == {}
    assert pictures.pictures(Results([evolve(CALLS, samples={"thanksio": [1.0]})])) == {}


@pytest.mark.parametrize("engine", ENGINES)
def test_the_server_answers_each_path_whatever_the_method_and_the_body(engine: Any) -> None:
    with server.serving(engine) as running, httpx.Client(base_url=running.url) as client:
        assert running.name.startswith(engine)
        for path, body in answers.bodies().items():
            for method in ("PUT", "POST", "DELETE"):
                answer = client.request(method, path, content=b"x=1" if method == "POST" else None)
                assert (answer.status_code, answer.content) == (200, body)
                assert answer.headers["content-type"] == "application/json"
        assert client.put("/order/1/cancel").status_code == 404


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("asked", ["close", "keep-alive"])
def test_the_server_closes_a_connection_when_the_request_says_so(engine: Any, asked: str) -> None:
    path, body = next(iter(answers.bodies().items()))
    request = f"PUT {path} HTTP/1.1\r\nHost: bench\r\nConnection: {asked}\r\nContent-Length: 0\r\n\r\n"
    with server.serving(engine) as running:
        address = httpx.URL(running.url)
        with socket.create_connection((address.host, address.port or 80), 10) as connection:
            connection.settimeout(10 if asked == "close" else 0.3)
            connection.sendall(request.encode())
            received, is_closed = bytearray(), False
            with suppress(TimeoutError):
                while part := connection.recv(65536):
                    received += part
                is_closed = True

    assert received.endswith(body)
    assert is_closed is (asked == "close")
    assert (b"\r\nconnection: close\r\n" in received.lower()) is (asked == "close")


def test_nginx_is_given_no_variable() -> None:
    with pytest.raises(server.ServerError, match="dollar"):
        server._quoted('{"price": "$5"}')


@pytest.mark.parametrize(
    "name",
    [
        *("raw socket", "raw socket, json.loads", "httpx", "httpx, a connection for each request"),
        *("generated", "thanksio", "raw asyncio", "httpx async, a connection for each request", "thanksio async"),
    ],
)
def test_a_contender_is_held_against_the_right_answer(name: str) -> None:
    with FakeThanksIO() as fake:
        fake.place(37294, status="printed")
        with crew([name], fake.base_url) as team:
            assert not team.workers
            assert list(team.absent) == [name]


def test_a_contender_opens_a_connection_for_each_request(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "httpcore")

    with server.serving("asyncio") as running:
        contender = contenders.SYNC["httpx, a connection for each request"](running.url)
        assert all(contender.is_right(contender.call()) for _ in range(3))

    assert [record.message.partition(" ")[0] for record in caplog.records].count("connect_tcp.complete") == 3


def test_whoever_cannot_start_stops_nobody() -> None:
    with server.serving("asyncio") as running, crew(["no such name", "raw socket"], running.url) as team:
        seconds, cpu = race(team, 3, 4, 1, lambda _: None)

    assert team.absent == {"no such name": "KeyError: 'no such name'"}
    assert list(seconds) == list(cpu) == ["raw socket"]
    assert all(took and took > 0 for took in seconds["raw socket"])


def test_whoever_fails_in_a_round_has_no_figure_for_it() -> None:
    with server.serving("asyncio") as running:
        team_of = crew(["httpx", "raw asyncio"], running.url)
        team = team_of.__enter__()
    try:
        seconds, _ = race(team, 2, 4, 2, lambda _: None)
    finally:
        team_of.__exit__(None, None, None)

    assert seconds == {"httpx": [None, None], "raw asyncio": [None, None]}
    assert team.absent["httpx"].startswith("2 in flight, round 2: ConnectError")


@pytest.mark.parametrize("engine", ENGINES)
def test_calls_are_measured_from_end_to_end(engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--only", "calls", "--quick", "--rounds", "1", "--server", engine, "--output", str(tmp_path)]

    assert bench.main(given) == 0

    said = capsys.readouterr().out
    assert f"The server is {engine}" in said
    assert "thanksio, one call after another / httpx" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["calls.svg", "results.json", "results.txt"]
    assert (tmp_path / "results.txt").read_text("utf-8").startswith("date: ")
    whole = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert set(names.CALLS) == set(whole["tables"][0]["samples"])


@pytest.fixture
def small() -> Iterator[Setting]:
    """Return the smallest run that is one."""
    with server.serving("asyncio") as running:
        yield Setting(running.url, lambda _: None, rounds=1, starts=1, calls=4, largest=50, repeats=1, levels={2: 100})


def test_tasks_and_threads_are_measured_in_flight(small: Setting) -> None:
    (table,) = sections.in_flight(small).tables

    assert table.in_flight == 2
    assert set(table.samples) == {*contenders.ASYNC, *map(names.in_threads, names.IN_THREADS)}
    assert all(took != [None] for took in table.samples.values())


def test_what_a_call_does_beside_the_wire_is_measured(small: Setting) -> None:
    (table,) = sections.parse(small).tables

    assert (set(table.samples), table.absent) == (set(contenders.ALONE), {})


def test_starts_are_measured(small: Setting) -> None:
    (imports,), (command,) = sections.imports(small).tables, sections.command(small).tables

    assert imports.more["modules"]["import thanksio"] > imports.more["modules"]["bare interpreter"] > 10
    assert [took for table in (imports, command) for took in table.samples.values() if None in took] == []


def test_the_first_call_of_a_process_is_measured(small: Setting) -> None:
    (table,) = sections.first(small).tables

    assert {"httpx", "generated", "thanksio", "thanksio async"} <= set(table.samples)
    assert set(table.more["first call ms"]) == set(table.samples) - {"bare interpreter"}
    assert not set(names.PEERS) & set(table.samples)
    assert set(names.PEERS) <= set(scripts.scripts(small.url))


def test_many_orders_are_measured_with_a_journal_and_without(small: Setting) -> None:
    plain, tasks, kept = *sections.bulk(small).bulks, *sections.journal(small).bulks

    assert [(one.ids, one.kind, one.journal) for one in (plain, tasks, kept)] == [
        (50, "sync", False),
        (50, "async", False),
        (50, "sync", True),
    ]
    assert all(one.peak > 10 and one.own == pytest.approx(one.total - one.single) for one in (plain, tasks, kept))


def test_a_run_of_orders_that_fails_is_an_error(small: Setting) -> None:
    with pytest.raises(sections.SectionError, match="invalid choice"):
        sections._many("bulk", small, 50, "neither")


def test_the_results_say_where_they_are_from() -> None:
    facts = about.about("nginx", None)

    assert facts["peers"] == "not measured"
    assert "httpx 0." in facts["versions"]
    assert facts["machine"].count(",") >= 2


def test_a_peer_is_imported_where_nothing_of_ours_is() -> None:
    """A worker needs no more than the standard library until it makes its contender."""
    code = "import sys, benching.worker; print({'attrs', 'httpx', 'thanksio'} & set(sys.modules))"
    command = [sys.executable, "-S", "-c", code]
    done = subprocess.run(command, cwd=ROOT / "scripts", capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"
