from __future__ import annotations

import io
import threading
import time
from typing import Any

import pytest
from attrs import evolve
from rich.console import Console

from thanksio import (
    APIConnectionError,
    Order,
    OrderNotCancelledError,
    RateLimitError,
    ServerError,
)
from thanksio._rate_limit import Rate
from thanksio.bulk import CancelResult
from thanksio.bulk._results import JournalRow
from thanksio.cli._finding import Finding, found, remembered
from thanksio.cli._format import Exit, Skipped, clock, zone
from thanksio.cli._outcome import as_json, needs, summary
from thanksio.cli._plan import Row
from thanksio.cli._progress import LineProgress, LiveProgress, NullProgress, choose, picture
from thanksio.cli._tally import SHOWN, Tally, Windows
from thanksio.cli._view import View
from thanksio.drift import Drift

ZONE = zone(time.localtime())
NOW = time.mktime((2026, 11, 24, 9, 31, 20, 0, 0, -1))  # by the clock of this machine
VIEW = View(
    now=NOW,
    total=3000,
    counts={"cancelled": 236, "not_cancelled": 2, "refused": 1, "unknown": 1, "not_tried": 0},
    rate=Rate(allowed=120, used=118, per=60.0, in_flight=8, closed=0.0),
    speed=2.0,
    window=(NOW + 1620, 37294),
)
ENTRY = JournalRow(
    7,
    "refused",
    None,
    None,
    2,
    0.5,
    1.0,
    1.0,
    2.0,
    "409",
    "CancellationRefusedError",
    "no",
    "",
    "",
    None,
    60,
    "1",
    was_unknown=False,
    settled=True,
)


def finding(order_id: int, verdict: Any, error: str = "", kind: str = "", cents: int | None = None) -> Finding:
    return Finding(order_id, verdict, "", cents, error, kind, 1, 0.25)


def shown(view: View, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    console.print(picture(view))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]


# Appearance


def test_a_view_is_one_line_where_there_is_no_terminal() -> None:
    assert VIEW.line == (
        f"09:31:20 {ZONE} 240 of 3,000: 236 cancelled, 2 not cancelled, 1 refused, 1 unknown; 8 in flight; "
        f"118 of 120 a minute; about 23 min left; next cancellation window to close: order 37294 at 09:58 {ZONE}, "
        "in 27 min"
    )


@pytest.mark.parametrize("width", [80, 120])
def test_a_picture_fits_its_terminal(width: int) -> None:
    bar, counts, rate, hour = shown(VIEW, width)

    assert bar.startswith("240 of 3,000  ━━━")
    assert bar.endswith(" 8 %")
    assert len(bar) == width
    assert counts == "236 cancelled   2 not cancelled   1 refused   1 unknown   8 in flight"
    assert rate == "118 of 120 a minute; about 23 min left"
    assert hour == f"next cancellation window to close: order 37294 at 09:58 {ZONE}, in 27 min"


def test_a_large_run_fits_80_columns() -> None:
    counts: Any = dict.fromkeys(VIEW.counts, 199_999)
    view = evolve(VIEW, total=1_000_000, counts=counts, rate=Rate(6000, 6000, 60.0, 0, 43.0))

    lines = shown(view, 80)

    assert len(lines) == 5
    assert lines[3] == "6,000 of 6,000 a minute; waiting for the rate limit, 43 s; about 43 s left"


NOTHING: Any = dict.fromkeys(VIEW.counts, 0)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"rate": evolve(VIEW.rate, closed=42.2)}, "waiting for the rate limit, 43 s; about 23 min left"),
        ({"rate": evolve(VIEW.rate, closed=0.4)}, "about 23 min left"),
        ({"total": 240, "rate": evolve(VIEW.rate, closed=42.2)}, "done"),
        ({"total": 241}, "less than a minute left"),
        ({"total": 243, "speed": 0.1}, "about 30 s left"),
        ({"total": 1, "counts": NOTHING, "speed": 0.0}, "less than a minute left"),
        ({"total": 249, "speed": 0.0}, "less than a minute left"),
        ({"total": 371, "speed": 0.0}, "about 2 min left"),
        (
            {"total": 371, "speed": 0.0, "rate": evolve(VIEW.rate, closed=5.0)},
            "waiting for the rate limit, 5 s; about 65 s left",
        ),
        (
            {"is_stopping": True},
            "stopping: 8 orders in flight; press Ctrl-C again to end without waiting for them",
        ),
        ({"is_stopping": True, "rate": evolve(VIEW.rate, in_flight=0)}, "stopping"),
    ],
)
def test_what_is_waited_for_is_said(change: dict[str, Any], expected: str) -> None:
    assert evolve(VIEW, **change).what_next == expected


def test_a_run_that_begins_has_nothing_settled_and_no_hour_may_be_known() -> None:
    assert "0 of 3,000: none settled yet; 8 in flight" in evolve(VIEW, counts=NOTHING).line
    assert evolve(VIEW, window=None).line.endswith("about 23 min left")


def test_a_run_that_is_being_stopped_shows_only_that() -> None:
    view = evolve(VIEW, is_stopping=True)

    assert view.line == f"09:31:20 {ZONE} {view.what_next}"
    assert shown(view, 120)[2:] == [view.what_next]


@pytest.mark.parametrize(
    ("change", "end"),
    [
        ({"rate": evolve(VIEW.rate, closed=38.0)}, "118 of 120 a minute; stopped: 2,760 orders without a verdict"),
        ({"total": 240, "rate": evolve(VIEW.rate, closed=38.0)}, "118 of 120 a minute; done"),
        ({"total": 241, "is_stopping": True}, "118 of 120 a minute; stopped: 1 order without a verdict"),
    ],
)
def test_the_last_line_waits_for_nothing(change: dict[str, Any], end: str) -> None:
    view = evolve(VIEW, **change, is_over=True)

    assert view.line.startswith(f"09:31:20 {ZONE} 240 of ")
    assert view.line.endswith(end)


@pytest.mark.parametrize("width", [30, 40, 59])
def test_a_narrow_terminal_shows_every_count(width: int) -> None:
    counts: Any = dict.fromkeys(VIEW.counts, 199_999)

    text = " ".join(" ".join(shown(evolve(VIEW, counts=counts), width)).split())

    for count in ("199,999 cancelled", "199,999 not cancelled", "199,999 refused", "199,999 unknown", "8 in flight"):
        assert count in text
    assert "…" not in text


@pytest.mark.parametrize(("name", "written"), [("XST", "XST"), ("<+0545>", "+0545")])
def test_a_local_time_has_a_zone(monkeypatch: pytest.MonkeyPatch, name: str, written: str) -> None:
    monkeypatch.setenv("TZ", f"{name}-5:45")
    time.tzset()
    try:
        assert clock(0.0, 60.0) == f"05:45 {written}"
    finally:
        monkeypatch.undo()
        time.tzset()


# Screens


class Lined(io.StringIO):
    """A stderr that records when a line was written."""

    def __init__(self) -> None:
        super().__init__()
        self.came = threading.Event()

    def write(self, text: str) -> int:
        self.came.set()
        return super().write(text)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_lines_are_written_while_nothing_happens_and_one_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = Lined()
    monkeypatch.setattr("sys.stderr", stderr)

    with LineProgress(lambda: VIEW, every=0.001):
        assert stderr.came.wait(10)

    *lines, last = stderr.getvalue().splitlines()
    assert set(lines) == {VIEW.line}
    assert last.endswith("118 of 120 a minute; stopped: 2,760 orders without a verdict")


def test_a_run_that_ends_before_the_first_line_has_only_its_summary(capsys: pytest.CaptureFixture[str]) -> None:
    with LineProgress(lambda: VIEW):
        pass

    assert capsys.readouterr().err == ""


def test_a_stop_is_shown_at_once_even_if_nothing_else_is(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = Lined()
    monkeypatch.setattr("sys.stderr", stderr)
    stopping = evolve(VIEW, is_stopping=True)

    with NullProgress(lambda: stopping) as screen:
        screen.stopping()
        assert stderr.came.wait(10)
    screen.abandon()

    assert stderr.getvalue() == f"{stopping.line}\n"


def test_a_display_leaves_nothing_behind_and_restores_the_cursor() -> None:
    file = io.StringIO()
    console = Console(file=file, width=80, force_terminal=True)

    with LiveProgress(lambda: VIEW, console) as screen:
        screen.stopping()
        drawn = len(file.getvalue())
        screen.abandon()

    assert "236 cancelled" in file.getvalue()[:drawn]
    assert file.getvalue()[drawn:].startswith("\x1b[?25h\n")
    assert file.getvalue().endswith("\x1b[2K")


@pytest.mark.parametrize(
    ("environment", "options", "kind"),
    [
        ({"FORCE_COLOR": "1", "TERM": "xterm"}, {}, LiveProgress),
        ({"FORCE_COLOR": "1", "TERM": "xterm"}, {"plain": True}, LineProgress),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, {}, LineProgress),
        ({"TERM": "xterm"}, {}, LiveProgress),
        ({"TERM": "unknown"}, {}, LineProgress),
        ({}, {"quiet": True}, NullProgress),
    ],
)
def test_the_screen_is_what_fits_stderr(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], options: dict[str, bool], kind: type
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stderr", Terminal())

    assert type(choose(lambda: VIEW, **{"quiet": False, "plain": False} | options)) is kind


@pytest.mark.parametrize("name", ["FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"])
def test_a_file_is_not_a_terminal_in_any_environment(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr", io.StringIO())

    assert type(choose(lambda: VIEW, quiet=False, plain=False)) is LineProgress


# Counting


def test_the_exit_code_is_that_of_the_most_urgent_outcome() -> None:
    tally, codes = Tally(6), []
    for verdict, kind in [
        ("cancelled", ""),
        ("refused", "AuthenticationError"),
        ("unknown", "APIConnectionError"),
        ("not_tried", "PaymentRequiredError"),
        ("cancelled", ""),
    ]:
        tally.add(finding(1, verdict, kind=kind))
        codes.append(tally.exit)

    assert codes == [Exit.CANCELLED, Exit.NOT_CANCELLED, Exit.UNKNOWN, Exit.CONFIGURATION, Exit.CONFIGURATION]
    assert list(map(int, Exit)) == [0, 1, 2, 3, 4, 5]


def test_an_order_without_a_verdict_at_the_end_was_not_tried() -> None:
    tally = Tally(3)
    tally.add(finding(1, "cancelled", cents=None))

    tally.stop()

    assert (tally.counts["not_tried"], tally.done, tally.exit) == (2, 3, Exit.NOT_CANCELLED)


def test_a_summary_names_the_unknown_first_and_is_cut() -> None:
    tally = Tally(38)
    tally.add(finding(1, "cancelled", cents=123_456))
    for number in range(2, 32):
        tally.add(finding(number, "not_cancelled", f"Order {number}: it is printed.", "OrderNotCancelledError"))
    tally.add(finding(40, "refused", "Order 40: the server refused.", "CancellationRefusedError"))
    for number in (50, 51):
        tally.add(finding(number, "unknown", "lost", "APIConnectionError"))
    tally.add(finding(60, "not_tried", "Order 60: 429.", "RateLimitError"))
    tally.stop()

    listed = ", ".join(map(str, range(2, 2 + SHOWN - 3)))
    assert list(summary(tally, "a.journal")) == [
        "38 orders: 1 cancelled, 30 not cancelled, 1 refused, 2 unknown, 4 not tried.",
        "Authorized for the cancelled orders: $1,234.56.",
        "Needs attention:",
        "  unknown: 50, 51",
        "    50: lost",
        "  refused: 40",
        "    Order 40: the server refused.",
        f"  not cancelled: {listed}",
        "    Order 2: it is printed.",
        "  and 13 more: thanksio journal a.journal",
        "Not tried: 4 orders. Order 60: 429.",
        "Journal: a.journal",
    ]


@pytest.mark.parametrize(
    ("journal", "again"),
    [(None, "Run the same command again."), ("j", "Run the same command again; settled orders are not sent again.")],
)
def test_what_was_not_tried_needs_the_same_command_again(journal: str | None, again: str) -> None:
    tally = Tally(1)
    tally.stop()

    assert list(needs(tally, journal)) == [f"Not settled: 1 order. {again}"]


def test_more_than_is_listed_without_a_journal_is_counted() -> None:
    tally = Tally(2, shown=1)
    for number in (1, 2):
        tally.add(finding(number, "unknown"))

    assert "  and 1 more" in list(needs(tally, None))


def test_a_summary_is_an_object_for_a_program() -> None:
    tally = Tally(2)
    tally.add(finding(1, "cancelled", cents=267))
    tally.stop()

    assert as_json(tally, None) == {
        "summary": {
            "orders": 2,
            "authorized_cents": 267,
            "journal": None,
            "cancelled": 1,
            "not_cancelled": 0,
            "refused": 0,
            "unknown": 0,
            "not_tried": 1,
            "skipped": 0,
            "skipped_rows": [],
            "drift": [],
            "exit": 3,
        }
    }


def test_of_many_drifts_only_a_few_are_named() -> None:
    drifts = [Drift(f"/order/x{number}", "unknown field", "null") for number in range(1003, 0, -1)]

    lines = list(summary(Tally(0, drifts=drifts), "j"))

    assert lines[1].startswith("Responses did not match the contract in 1,003 ways: unknown field /order/x1 (null), ")
    assert lines[1].count("(null)") == 3
    assert " and 1,000 more. Report it." in lines[1]
    assert lines[2] == "Journal: j"


def test_skipped_rows_are_in_the_summary_and_in_the_exit_code() -> None:
    rows = tuple((f"orders.csv, line {number}", "x") for number in range(2, 6))
    tally = Tally(1, skipped=Skipped(4, rows))
    tally.add(finding(1, "cancelled"))

    assert list(summary(tally, None))[2:] == [
        "Skipped, and nothing sent: 4 rows that cannot be read.",
        "  orders.csv, line 2: x",
        "  orders.csv, line 3: x",
        "  orders.csv, line 4: x",
        "  and 1 more",
    ]
    assert tally.exit is Exit.NOT_CANCELLED
    told: Any = as_json(tally, None)["summary"]
    assert (told["skipped"], told["skipped_rows"][0]) == (4, {"row": "orders.csv, line 2", "error": "x"})


def test_one_skipped_row_is_one() -> None:
    assert "Skipped, and nothing sent: 1 row that cannot be read." in needs(Tally(0, skipped=Skipped(1)), None)


def test_a_summary_without_orders_has_one_line() -> None:
    assert list(summary(Tally(0), None)) == ["0 orders: nothing to do."]


def test_the_hour_that_ends_next_is_that_of_an_order_without_a_verdict() -> None:
    settled: set[int] = set()
    hours = Windows.of([Row(1, NOW - 10), Row(2, NOW - 3600), Row(3, NOW - 20), Row(4)], settled)

    first = hours.next(NOW)
    settled.add(3)

    assert first == (NOW + 3580, 3)
    assert hours.next(NOW) == (NOW + 3590, 1)
    assert hours.next(NOW + 3590) is None


# The result of one order


def order(**fields: Any) -> Order:
    return Order.from_dict({"id": 7, "status": "Cancelled", "authorization_total": 267} | fields)


ERRORS = {
    "cancelled": CancelResult(7, "cancelled", order(), None, 1, 0.5),
    "no total": CancelResult(7, "cancelled", order(authorization_total=True), None, 1, 0.5),
    "printed": CancelResult(
        7, "not_cancelled", order(), OrderNotCancelledError("Order 7: x", {"order": {"id": 7, "status": "printed"}})
    ),
    "429": CancelResult(7, "not_tried", None, RateLimitError("Order 7: y", {"status_code": 429})),
    "lost": CancelResult(7, "unknown", None, APIConnectionError("lost")),
}


@pytest.mark.parametrize(
    ("case", "status", "cents", "kind", "line"),
    [
        ("cancelled", "cancelled", 267, "", "7: "),
        ("no total", "cancelled", None, "", "7: "),
        ("printed", "printed", 267, "OrderNotCancelledError", "Order 7: x"),
        ("429", "429", None, "RateLimitError", "Order 7: y"),
        ("lost", "", None, "APIConnectionError", "7: lost"),
    ],
)
def test_a_result_is_one_json_object(case: str, status: str, cents: int | None, kind: str, line: str) -> None:
    told = found(ERRORS[case])

    assert (told.status, told.authorized_cents, told.kind, told.line) == (status, cents, kind, line)
    assert told.verdict == ERRORS[case].verdict


def test_the_advice_to_call_again_is_one_for_operators() -> None:
    error = ServerError("Order 7: it failed. Call again, or wait and call again.")

    for told in (found(CancelResult(7, "unknown", error=error)), remembered(evolve(ENTRY, error=str(error)))):
        assert told.error == "Order 7: it failed. Run the same command again, or wait and run the same command again."


@pytest.mark.parametrize(
    ("state", "verdict", "error"),
    [
        ("waiting", "not_tried", "no"),
        ("in_flight", "unknown", "It was in flight when the run ended. Run the same command again."),
        ("refused", "refused", "no"),
    ],
)
def test_a_journal_is_shown_like_the_run(state: Any, verdict: str, error: str) -> None:
    told = remembered(evolve(ENTRY, state=state)).as_json()

    assert told == {
        "order_id": 7,
        "verdict": verdict,
        "status": "409",
        "authorized_cents": None,
        "error": error,
        "kind": "CancellationRefusedError",
        "attempts": 2,
        "seconds": 0.5,
        "request_id": None,
    }
