from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
from conftest import LETTER, TOKEN

from thanksio.bulk._journal import Journal
from thanksio.cli._app import _explain
from thanksio.cli._progress import NullProgress
from thanksio.errors import ConfigurationError, JournalError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from click.testing import Result
    from conftest import Thanksio

    from thanksio.cli._view import View
    from thanksio.testing import FakeThanksIO


def place(fake: FakeThanksIO, number: int) -> list[int]:
    """Place orders that hold a letter, and write their numbers to a file."""
    orders = [fake.place(message=LETTER).id for _ in range(number)]
    Path("orders.csv").write_text("\n".join(["order_id", *map(str, orders)]), "utf-8")
    return orders


def files() -> list[str]:
    return [path.name for path in Path().iterdir()]


def objects(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def wire(fake: FakeThanksIO) -> list[int]:
    return [int(call.path.split("/")[4]) for call in fake.calls]


# One order


def test_one_order_is_cancelled_without_a_question_or_a_journal(thanksio: Thanksio, fake: FakeThanksIO) -> None:
    done = thanksio("cancel", "37294")

    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == "1 order: 1 cancelled.\nAuthorized for the cancelled orders: $2.67.\n"
    assert fake.orders[37294].status == "cancelled"
    assert files() == []


def test_one_order_that_is_not_cancelled_shows_the_reason(thanksio: Thanksio) -> None:
    done = thanksio("cancel", "42708")

    assert done.exit_code == 3
    assert done.stdout == (
        "1 order: 1 not cancelled.\nNeeds attention:\n  not cancelled: 42708\n"
        '    Order 42708: the server shows it in status "fulfilled". This call did not cancel it. It is too late: '
        "orders can be cancelled in status reviewing, for about an hour after they were placed.\n"
    )


# Exit codes


def test_the_exit_code_of_an_unknown_order_wins_over_that_of_one_that_is_not_cancelled(
    thanksio: Thanksio, fake: FakeThanksIO
) -> None:
    fake.fail_next("misspelt_status")

    done = thanksio("cancel", "37294", "42708", "--yes", "--in-flight", "1", "--no-journal")

    assert done.exit_code == 4
    assert "2 orders: 1 not cancelled, 1 unknown." in done.stdout


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("misspelt_status", 'the server shows it in status "canceled", which the contract does not list.'),
        ("page_422", "It may come from a proxy or firewall, not from the API."),
        ("problem_404", "It may come from a proxy or firewall, not from the API."),
    ],
)
def test_what_does_not_show_the_outcome_ends_in_4(
    thanksio: Thanksio, fake: FakeThanksIO, fault: str, says: str
) -> None:
    fake.faults(fault)

    done = thanksio("cancel", "37294", "42708", "--yes", "--no-journal")

    assert done.exit_code == 4
    assert "2 orders: 2 unknown." in done.stdout
    assert says in done.stdout


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        ({"token": "another"}, "401"),
        ({"disabled": True}, "402"),
    ],
)
def test_what_affects_every_order_is_said_once_and_the_rest_is_not_tried(
    thanksio: Thanksio, fake: FakeThanksIO, broken: dict[str, Any], expected: str
) -> None:
    orders = place(fake, 30)
    for name, value in broken.items():
        setattr(fake, name, value)

    done = thanksio("cancel", "--from", "orders.csv", "--yes")

    assert done.exit_code == 5
    assert len(fake.calls) < len(orders)
    assert "30 orders: 30 not tried." in done.stdout
    assert done.stderr.splitlines()[-1].startswith("thanksio: Order ")
    assert expected in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["cancel"], "Pass order ids, or a file with --from. See: thanksio cancel --help"),
        (["cancel", "1", "--from", "-"], "Pass order ids, or a file with --from, not both."),
        (["cancel", "--nonsense"], "No such option"),
        (["nonsense"], "No such command 'nonsense'. See: thanksio --help"),
        (["cancel", "--from", "none.csv"], "File 'none.csv' does not exist."),
        (["cancel", "--from", "-"], "There are no orders to cancel."),
        (["cancel", "12x"], "No order id can be read. Correct the input."),
        (["cancel", "1", "12x"], "1 id cannot be read. Correct it, or skip it with --skip-bad-rows."),
        (["cancel", "1", "12x", "x"], "2 ids cannot be read. Correct them, or skip them with --skip-bad-rows."),
        (["cancel", "1", "--rate", "0"], "--rate"),
        *[
            (["cancel", "1", "--deadline", seconds], "'--deadline': it must be a positive number of seconds.")
            for seconds in ("0", "-1", "nan", "inf")
        ],
        (["cancel", "1", "--in-flight", "5000"], "5000 is not in the range 1<=x<=1000."),
        *[
            (["cancel", "1", option, " "], f"'{option}': must not be empty.")
            for option in ("--redis", "--proxy", "--base-url", "--journal", "--report", "--token-file", "--id-column")
        ],
        (["journal", "nofile"], "There is no journal at nofile."),
        (["journal", "--report", "", "nofile"], "'--report': must not be empty."),
        (["cancel", "1", "--where", "a=b"], "--id-column and --where need a file. Add --from FILE."),
        (["cancel", "1", "--where", "a"], "Invalid --where 'a'. Example: --where campaign=May."),
        (["cancel", "1", "--timezone", "Mars"], "Unknown time zone 'Mars'. Example: --timezone America/New_York."),
        (["cancel", "1", "--timezone", "../x"], "Unknown time zone '../x'."),
        (["cancel", "1", "--journal", "j", "--report", "none/x.html"], "--report none/x.html cannot be written: No "),
        (["cancel", "1", "--journal", "j", "--report", "./j"], "--report would overwrite j. Choose another file."),
        (["cancel", "--from", "x\u202e.csv"], "does not exist."),
        (["cancel", "1", "2"], "2 orders would be cancelled, and there is no terminal to confirm. Add --yes."),
        (["cancel", "1", "--report", "x.html"], "--report needs a journal. Add --journal FILE."),
        (["cancel", "1", "--journal", "j", "--no-journal"], "Use --journal or --no-journal, not both."),
    ],
)
def test_a_wrong_command_sends_nothing_and_ends_in_2(
    thanksio: Thanksio, fake: FakeThanksIO, arguments: Sequence[str], says: str
) -> None:
    done = thanksio(*arguments, given="")

    last = done.stderr.splitlines()[-1]
    assert last.isprintable()
    assert done.exit_code == 2
    assert last.startswith("thanksio: ")
    assert says in last
    assert (done.stdout, fake.calls, files()) == ("", [], [])


@pytest.mark.parametrize(
    ("arguments", "token", "says"),
    [
        ([], "", "There is no token. Set THANKSIO_TOKEN, or pass a file that contains it: --token-file."),
        ([], "tokén", "The token contains a character that is not printable ASCII."),
        (["--base-url", "http://api.thanks.io"], TOKEN, "The base URL must be https"),
        (["--token-file", "none"], TOKEN, "The token file none cannot be read: No such file or directory."),
        (["--token-file", "binary"], TOKEN, "The token file binary does not contain a token."),
        (["--journal", "binary"], TOKEN, "binary is not a journal of this version."),
        (["--journal", "no/where"], TOKEN, "The journal no/where cannot be opened"),
        (["--proxy", "http://user:hunter2hunter2@127.0.0.1:1"], TOKEN, "A proxy cannot be used with a plain http"),
        (["--proxy", "user:hunter2hunter2@proxy"], TOKEN, "proxy must be an http, https or socks5 URL"),
        (["--redis", "nonsense"], TOKEN, "storage"),
    ],
)
def test_an_unusable_setting_sends_nothing_and_ends_in_5(
    thanksio: Thanksio, fake: FakeThanksIO, arguments: Sequence[str], token: str, says: str
) -> None:
    Path("binary").write_bytes(b"\xff\x00" * 5000)

    done = thanksio("cancel", "37294", *arguments, THANKSIO_TOKEN=token)

    assert done.exit_code == 5
    assert "hunter2" not in done.output
    assert done.stderr.startswith("thanksio: ")
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert fake.calls == []


@pytest.mark.parametrize(
    ("error", "line", "code"),
    [
        (KeyError("secret"), "unexpected: KeyError. Run it again with -v to see where", 1),
        (OSError(28, "No space left on device"), "unexpected: [Errno 28] No space left on device. Run", 1),
        (JournalError("The journal x cannot be written."), "The journal x cannot be written.", 1),
        (ConfigurationError("The token is empty."), "The token is empty.", 5),
        (click.Abort(), "stopped", 3),
        (click.FileError("x", "gone"), "Could not open file 'x': gone", 1),
        (click.UsageError("wrong"), "wrong. See: thanksio --help", 2),
    ],
)
def test_an_error_is_one_line_with_the_next_step(error: Exception, line: str, code: int) -> None:
    shown, exit_code = _explain(error)

    assert shown.startswith(line)
    assert exit_code == code


def _fail(*_arguments: object, **_settings: object) -> None:
    raise OSError(2, "No such file")


def test_a_traceback_is_shown_only_with_v(thanksio: Thanksio, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["cancel", "37294"]
    monkeypatch.setattr("thanksio.cli._plan.make_plan", _fail)

    brief, verbose = thanksio(*arguments), thanksio(*arguments, "-v")

    assert brief.exit_code == verbose.exit_code == 1
    assert re.fullmatch(r"thanksio: unexpected: \[Errno 2\] .*\n", brief.stderr)
    assert "Traceback" in verbose.stderr


def test_v_shows_every_attempt_and_drift(thanksio: Thanksio, fake: FakeThanksIO) -> None:
    fake.orders[37294].fields["nope"] = LETTER
    before = logging.getLogger("thanksio").handlers[:]

    brief, verbose = thanksio("cancel", "37294"), thanksio("cancel", "37294", "-v")

    assert brief.stderr == ""
    assert re.search(r"\d\d:\d\d:\d\d[+-]\d{4} thanksio: order 37294: attempt 1, path /order/", verbose.stderr)
    assert "thanksio.drift: contract drift: unknown field at /order/nope" in verbose.stderr
    assert logging.getLogger("thanksio").handlers == before
    assert logging.getLogger("thanksio").level == logging.getLogger("thanksio.drift").level == logging.NOTSET


def test_drift_is_said_kept_and_shown_again(thanksio: Thanksio, fake: FakeThanksIO) -> None:
    first, second = place(fake, 2)
    fake.orders[first].fields |= {"nope": LETTER}
    fake.orders[second].fields |= {"style": None}

    runs = [thanksio("cancel", str(order), "--journal", "j") for order in (first, second)]

    assert "in 1 way: unknown field /order/nope (string)." in runs[0].stdout
    assert "in 2 ways: unknown field /order/nope (string), other type /order/style (null)." in runs[1].stdout
    for again in (runs[1], thanksio("journal", "j")):
        (line,) = [line for line in again.stdout.splitlines() if "contract" in line]
        assert line == (
            "Responses did not match the contract in 2 ways: unknown field /order/nope (string), other type "
            "/order/style (null). Report it. For saved responses: thanksio drift --help"
        )
        assert again.stderr == ""


def test_drift_is_in_the_summary_for_a_program(thanksio: Thanksio, fake: FakeThanksIO) -> None:
    fake.orders[37294].fields |= {"nope": LETTER, "method": LETTER}

    done = thanksio("cancel", "37294", "--json", "--journal", "j")

    expected = [
        {"pointer": "/order/method", "kind": "unknown word", "json_type": "string"},
        {"pointer": "/order/nope", "kind": "unknown field", "json_type": "string"},
    ]
    assert objects(done)[-1]["summary"]["drift"] == expected
    assert objects(thanksio("journal", "j", "--json"))[-1]["summary"]["drift"] == expected


def test_drift_needs_no_journal_and_no_person(thanksio: Thanksio, fake: FakeThanksIO) -> None:
    fake.orders[37294].fields |= {"nope": LETTER}

    plain, quiet = thanksio("cancel", "37294"), thanksio("cancel", "37294", "--quiet")

    assert "in 1 way: unknown field /order/nope (string)" in plain.stdout
    assert quiet.output == ""


def test_the_progress_suits_the_number_of_orders(
    thanksio: Thanksio, fake: FakeThanksIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A single order shows a line if it has to wait, several a live display, and a run with nothing to send nothing."""
    place(fake, 2)
    chosen: list[dict[str, bool]] = []

    def choose(view: Callable[[], View], **settings: bool) -> NullProgress:
        chosen.append(settings)
        return NullProgress(view)

    monkeypatch.setattr("thanksio.cli._cancel.choose", choose)
    for arguments in (["37294"], ["--from", "orders.csv"], ["--from", "orders.csv"]):
        thanksio("cancel", *arguments, "--yes")

    assert chosen == [
        {"quiet": False, "plain": True},
        {"quiet": False, "plain": False},
        {"quiet": True, "plain": False},
    ]


# Many orders


def test_a_file_is_cancelled_with_a_journal_beside_it_and_can_be_continued(
    thanksio: Thanksio, fake: FakeThanksIO
) -> None:
    orders = place(fake, 5)
    fake.orders[orders[1]].status = "printed"
    first = thanksio("cancel", "--from", "orders.csv", "--yes")
    place(fake, 2)
    Path("orders.csv").write_text("\n".join(["order_id", *map(str, [*orders, orders[-1] + 1, orders[0]])]), "utf-8")
    fake.calls.clear()

    second = thanksio("cancel", "--from", "orders.csv")

    assert first.exit_code == second.exit_code == 3
    assert "5 orders: 4 cancelled, 1 not cancelled." in first.stdout
    assert "$10.68" in first.stdout
    assert wire(fake) == [orders[-1] + 1]
    assert second.stderr.splitlines()[:4] == [
        "1 id listed more than once, sent once.",
        "6 orders, of which 5 settled already.",
        "Journal: orders.csv.journal",
        "Rate: 150 a minute, as in the last run.",
    ]
    assert "6 orders: 5 cancelled, 1 not cancelled." in second.stdout
    assert second.stdout.endswith("Journal: orders.csv.journal\n")


def test_several_numbers_have_a_journal_named_after_them(thanksio: Thanksio, fake: FakeThanksIO) -> None:
    orders = place(fake, 2)
    digest = hashlib.sha256("\n".join(map(str, orders)).encode()).hexdigest()

    by_number = thanksio("cancel", *map(str, reversed(orders)), "--yes")
    from_stdin = thanksio("cancel", "--from", "-", given="\n".join(map(str, orders)))

    assert by_number.exit_code == from_stdin.exit_code == 0
    assert Path(f"thanksio-{digest[:8]}.journal").exists()
    assert sorted(wire(fake)) == orders


def test_without_a_journal_nothing_is_left_behind(thanksio: Thanksio, fake: FakeThanksIO) -> None:
    orders = place(fake, 2)

    done = thanksio("cancel", *map(str, orders), "--yes", "--no-journal")

    assert done.exit_code == 0
    assert "Journal" not in done.output
    assert files() == ["orders.csv"]


def test_the_window_that_closes_first_goes_first_even_without_a_journal(thanksio: Thanksio, fake: FakeThanksIO) -> None:
    orders = place(fake, 3)
    now = time.time()
    times = [now - 60, now - 4000, now - 120]
    rows = [f"{order},{placed:.0f}" for order, placed in zip(orders, times, strict=True)]

    thanksio(
        "cancel", "--from", "-", "--yes", "--no-journal", "--in-flight", "1", given="\n".join(["id,placed_at", *rows])
    )

    assert wire(fake) == [orders[2], orders[0], orders[1]]


def test_bad_rows_are_named_before_anything_is_sent(thanksio: Thanksio, fake: FakeThanksIO) -> None:
    rows = ["order_id", "37294", *["nonsense"] * 25]

    refused = thanksio("cancel", "--from", "-", given="\n".join(rows))
    sent = len(fake.calls)
    skipped = thanksio("cancel", "--from", "-", "--skip-bad-rows", given="\n".join(rows))

    assert (refused.exit_code, sent) == (2, 0)
    assert len(refused.stderr.splitlines()) == 22
    assert "line 3: " in refused.stderr
    assert refused.stderr.splitlines()[20] == "and 5 more"
    assert "thanksio: 25 rows cannot be read. Correct them, or skip them with --skip-bad-rows." in refused.stderr
    assert skipped.exit_code == 3
    assert "1 order: 1 cancelled." in skipped.stdout
    assert "Skipped, and nothing sent: 25 rows that cannot be read.\n  stdin, line 3: " in skipped.stdout
    assert wire(fake) == [37294]


def test_with_json_stdout_holds_nothing_else(thanksio: Thanksio, fake: FakeThanksIO) -> None:
    order = place(fake, 1)[0]

    done = thanksio("cancel", str(order), "42708", "--yes", "--json", "--journal", "j")

    *results, last = objects(done)
    assert done.exit_code == 3
    assert {found["order_id"]: found["verdict"] for found in results} == {order: "cancelled", 42708: "not_cancelled"}
    assert set(results[0]) == {
        "order_id",
        "verdict",
        "status",
        "authorized_cents",
        "error",
        "kind",
        "attempts",
        "seconds",
        "request_id",
    }
    assert last["summary"] == {
        "orders": 2,
        "authorized_cents": 267,
        "journal": "j",
        "cancelled": 1,
        "not_cancelled": 1,
        "refused": 0,
        "unknown": 0,
        "not_tried": 0,
        "skipped": 0,
        "skipped_rows": [],
        "drift": [],
        "exit": 3,
    }
    assert "2 orders: 1 cancelled, 1 not cancelled." in done.stderr


@pytest.mark.parametrize(
    ("order", "output"), [("37294", ""), ("42708", "Needs attention:\n  not cancelled: 42708\n    Order 42708: ")]
)
def test_with_quiet_only_what_needs_a_person_is_said(thanksio: Thanksio, order: str, output: str) -> None:
    done = thanksio("cancel", order, "--quiet", "--journal", "j", "--report", "r.html")

    assert done.output.startswith(output)
    assert bool(done.output) is bool(output)


def test_a_dry_run_needs_no_token_and_sends_nothing(
    thanksio: Thanksio, fake: FakeThanksIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(fake, 61)
    monkeypatch.delenv("THANKSIO_TOKEN")

    told = thanksio("cancel", "--from", "orders.csv", "--dry-run")
    counted = thanksio("cancel", "--from", "orders.csv", "--dry-run", "--rate", "10", "--json")

    assert told.exit_code == counted.exit_code == 0
    assert told.stdout.startswith("61 orders.\nJournal: orders.csv.journal\nRate: 60 a minute")
    assert told.stdout.endswith("Nothing was sent.\n")
    assert objects(counted)[0]["plan"]["seconds"] == 360
    assert (told.stderr, counted.stderr, fake.calls, files()) == ("", "", [], ["orders.csv"])


def test_a_token_file_is_read_and_not_shown(
    thanksio: Thanksio, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("THANKSIO_TOKEN")
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n", "utf-8")
    file.chmod(0o600)
    own = thanksio("cancel", "37294", "--token-file", "token")
    file.chmod(0o640)

    shared = thanksio("cancel", "37294", "--token-file", "token")

    assert (own.exit_code, own.stderr, shared.exit_code) == (0, "", 0)
    assert shared.stderr == "thanksio: other users can read token. To prevent that: chmod 600 token\n"


# Input


def test_rows_that_are_skipped_are_in_the_exit_code_the_summary_and_the_report(
    thanksio: Thanksio, fake: FakeThanksIO
) -> None:
    Path("in.csv").write_text("id,placed_at\n37294,11/25/2026 22:30\nx<b>,\n", "utf-8")

    done = thanksio("cancel", "--from", "in.csv", "--yes", "--json", "--skip-bad-rows", "--report", "r.html")
    page = Path("r.html").read_text("utf-8")

    summary = objects(done)[-1]["summary"]
    assert done.exit_code == summary["exit"] == 3
    assert (summary["cancelled"], summary["skipped"]) == (1, 1)
    assert summary["skipped_rows"] == [{"row": "in.csv, line 3", "error": "id 'x<b>' is not an order id"}]
    assert "in.csv, line 2: placed_at '11/25/2026 22:30' is not a time such as" in done.stderr
    assert "1 order cancelled ($2.67 authorized). 1 row of the input skipped." in page
    rows = page.replace("</th>\n", "</th>")
    assert 'in.csv, line 3</th><td class="reason">id &#39;x&lt;b&gt;&#39; is not an order id</td>' in rows
    assert "more.</p>" not in page
    assert wire(fake) == [37294]


def test_many_skipped_rows_are_counted_in_the_report(thanksio: Thanksio) -> None:
    Path("in.csv").write_text("37294\n" + "x\n" * 1_002, "utf-8")

    thanksio("cancel", "--from", "in.csv", "--yes", "--skip-bad-rows", "--report", "r.html")

    page = Path("r.html").read_text("utf-8")
    assert "1,002 rows of the input skipped." in page
    assert '<p class="soft">And 2 more.</p>' in page


def test_a_condition_that_no_row_meets_is_named(thanksio: Thanksio, fake: FakeThanksIO) -> None:
    done = thanksio("cancel", "--from", "-", "--where", "run=c", given="id,run\n1,a\n2,b\n")

    assert done.exit_code == 2
    assert "There are no orders to cancel. None of 2 rows matches --where." in done.stderr
    assert fake.calls == []


def test_the_plan_shows_what_was_read(thanksio: Thanksio) -> None:
    rows = ["ID;Run;Created At", "1;a;2025-08-14 16:42:44", "1;a;", "2;b;", "3;a;soon", "x;a;"]
    arguments = ["cancel", "--from", "-", "--dry-run", "--skip-bad-rows", "--where", "run=a"]

    told = thanksio(*arguments, "--timezone", "Europe/Berlin", given="\n".join(rows))
    counted = objects(thanksio(*arguments, "--json", given="\n".join(rows)))[0]["plan"]

    assert told.exit_code == 3
    lines = told.stdout.splitlines()
    assert lines[:4] == [
        "1 bad row skipped.",
        "1 row not selected by --where.",
        "1 time ignored: the times of these orders count as unknown.",
        "1 id listed more than once, sent once.",
    ]
    assert lines[-3:] == [
        "Order ids: column ID.",
        "Times: column Created At; those without a zone are Europe/Berlin.",
        "Nothing was sent.",
    ]
    assert counted["id_columns"] == ["ID"]
    assert counted["time_columns"] == ["Created At"]
    assert [counted[key] for key in ("orders", "skipped", "unread_times", "unselected", "repeated")] == [2, 1, 1, 1, 1]
    assert counted["skipped_rows"] == [{"row": "stdin, line 6", "error": "ID 'x' is not an order id"}]


def test_the_column_is_the_one_that_is_named(thanksio: Thanksio, fake: FakeThanksIO) -> None:
    rows = "id,thanksio_order_id\n1,37294\n"

    refused = thanksio("cancel", "--from", "-", given=rows)
    done = thanksio("cancel", "--from", "-", "--id-column", "thanksio_order_id", given=rows)

    assert (refused.exit_code, done.exit_code) == (2, 0)
    assert "several columns can hold the order id: id, thanksio_order_id" in refused.stderr
    assert wire(fake) == [37294]


@pytest.mark.parametrize("link", ["symlink_to", "hardlink_to", None])
@pytest.mark.parametrize("file", ["in.csv", "token", "in.csv.journal"])
def test_a_report_does_not_replace_what_is_needed(
    thanksio: Thanksio, fake: FakeThanksIO, file: str, link: str | None
) -> None:
    Path("in.csv").write_text("37294\n", "utf-8")
    Path("token").write_text(TOKEN, "utf-8")
    Journal("in.csv.journal", fake.base_url).close()
    if link:
        getattr(Path("report"), link)(Path(file).resolve())
    before = Path(file).read_bytes()

    report = "report" if link else file
    done = thanksio("cancel", "--from", "in.csv", "--yes", "--token-file", "token", "--report", report)

    assert done.exit_code == 2
    assert done.stderr.splitlines()[-1].startswith(f"thanksio: --report would overwrite {file}. Choose another file.")
    assert fake.calls == []
    assert Path(file).read_bytes() == before


def test_a_report_of_a_journal_does_not_replace_it(thanksio: Thanksio) -> None:
    thanksio("cancel", "37294", "--journal", "j")

    done = thanksio("journal", "j", "--report", "j")

    assert (done.exit_code, done.stdout) == (2, "")
    assert "--report would overwrite j." in done.stderr
    assert thanksio("journal", "j").exit_code == 0


def test_a_report_can_go_to_a_device_but_not_into_a_folder_that_is_missing(thanksio: Thanksio) -> None:
    done = thanksio("cancel", "37294", "--journal", "j", "--report", "/dev/null")

    assert (done.exit_code, "Written: /dev/null" in done.stdout) == (0, True)


def test_a_report_that_can_no_longer_be_written_does_not_hide_what_came_of_the_orders(
    thanksio: Thanksio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thanksio.cli.report.page", _fail)

    done = thanksio("cancel", "37294", "--journal", "j", "--report", "r.html")

    assert done.exit_code == 0
    assert "1 cancelled" in done.stdout
    assert done.stderr == "thanksio: r.html cannot be written: No such file\n"
    assert sorted(files()) == ["j", "j.lock"]


def test_a_proxy_is_used_and_its_password_is_not_shown(
    thanksio: Thanksio, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("THANKSIO_BASE_URL")
    arguments = ["cancel", "37294", "--deadline", "0.5", "-v"]

    done = thanksio(*arguments, "--proxy", "http://user:hunter2hunter2@127.0.0.1:1")

    assert done.exit_code == 3
    assert "1 not tried" in done.stdout
    assert "hunter2" not in done.output + caplog.text


def test_the_names_of_files_cannot_change_what_a_terminal_shows(thanksio: Thanksio) -> None:
    name = "in\u202evsc.\x1b[31m.csv"
    Path(name).write_text("37294\n37295\nx\n", "utf-8")

    outputs = [
        thanksio("cancel", "--from", name, *rest, "--skip-bad-rows").output
        for rest in (["--dry-run"], ["--yes", "--report", f"{name}.html"], ["--yes", "--report", name])
    ]
    outputs.append(thanksio("journal", name).output)

    for output in outputs:
        assert "in\ufffdvsc.\ufffd[31m.csv" in output
        assert output.replace("\n", "").isprintable()


# The other commands


def test_a_journal_shows_its_run_again(thanksio: Thanksio, fake: FakeThanksIO) -> None:
    orders = [*place(fake, 22), 42708]
    for order in orders:
        fake.orders[order].status = "printed"
    first = thanksio("cancel", *map(str, orders), "37294", "--yes", "--journal", "j", "--report", "r.html")

    again = thanksio("journal", "j")
    page = Path("r.html").read_text("utf-8")
    rows = thanksio("journal", "j", "--json", "--report", "again.html")

    assert first.exit_code == again.exit_code == rows.exit_code == 3
    assert first.stdout.endswith("  and 3 more: thanksio journal j\nJournal: j\nWritten: r.html\n")
    assert "more" not in again.stdout
    assert str(orders[-2]) in again.stdout
    assert len(objects(rows)) == 25
    assert rows.stderr == "Written: again.html\n"
    assert page.startswith("<!doctype html>")
    assert Path("again.html").exists()


def test_a_journal_in_use_is_refused(thanksio: Thanksio, fake: FakeThanksIO) -> None:
    with Journal("j", fake.base_url):
        cancel, show = thanksio("cancel", "37294", "--journal", "j"), thanksio("journal", "j")

    assert cancel.exit_code == show.exit_code == 5
    assert "thanksio: The journal j is in use" in cancel.stderr
    assert fake.calls == []


def test_a_journal_that_does_not_exist_is_not_created(thanksio: Thanksio) -> None:
    done = thanksio("journal", "none")

    assert (done.exit_code, done.stderr) == (
        2,
        "thanksio: There is no journal at none. See: thanksio journal --help\n",
    )
    assert files() == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_the_command(thanksio: Thanksio, shell: str) -> None:
    done = thanksio("completion", shell)

    assert done.exit_code == 0
    assert "_THANKSIO_COMPLETE" in done.stdout


def test_the_version_is_that_of_the_package(thanksio: Thanksio) -> None:
    assert re.fullmatch(r"thanksio \d+\.\d+\.\d+\n", thanksio("--version").stdout)


def test_the_help_has_the_exit_codes_and_fits_80_columns(thanksio: Thanksio) -> None:
    helps = [thanksio(*command, "-h").stdout for command in ([], ["cancel"], ["journal"], ["drift"], ["fake"])]

    assert [line[:5] for line in helps[1].splitlines() if re.match(r"    \d  ", line)] == [
        f"    {code}" for code in range(6)
    ]
    assert [line[:5] for line in helps[3].splitlines() if re.match(r"    \d  ", line)] == ["    0", "    2", "    3"]
    assert "thanksio cancel --from orders.csv --dry-run" in helps[1]
    assert max(len(line) for text in helps for line in text.splitlines()) <= 80


def test_alone_the_command_shows_its_help(thanksio: Thanksio) -> None:
    done = thanksio()

    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == thanksio("--help").stdout
    assert done.stdout.startswith("Usage: thanksio")


# A process of its own


def process(*arguments: str, code: str = "from thanksio.cli import main; main()") -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)


def test_the_help_loads_nothing_slow() -> None:
    """What `thanksio` itself loads is tested elsewhere."""
    code = (
        "import sys, types, importlib.util as util\n"
        "bare = types.ModuleType('thanksio')\n"
        "bare.__path__ = util.find_spec('thanksio').submodule_search_locations\n"
        "sys.modules['thanksio'] = bare\n"
        "from thanksio.cli import main\n"
        "try: main()\n"
        "finally: print(*({'httpx', 'rich', 'limits'} & set(sys.modules)), file=sys.stderr)"
    )

    for arguments in (["--help"], ["--version"], ["cancel", "--help"], ["drift", "--help"], ["completion", "zsh"]):
        run = process(*arguments, code=code)

        assert (run.returncode, run.stderr) == (0, "\n")


def test_without_its_extra_the_command_names_the_extra() -> None:
    code = (
        "import sys, importlib.util as util; find = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'rich' else find(name, *rest)\n"
        "from thanksio.cli import main; main()"
    )

    run = process("--version", code=code)

    assert (run.returncode, run.stdout) == (5, "")
    assert run.stderr == (
        "thanksio: the command line needs click and rich. Install them: pip install 'thanksio[cli]'\n"
    )


# What reads the output does not change how a command ends


def shell(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script of bash, in which `$thanksio` is the command."""
    command = f"{shlex.quote(sys.executable)} -m thanksio.cli"
    variables = os.environ | {"thanksio": command} | environment
    bash = ["/bin/bash", "-c", script]
    return subprocess.run(bash, capture_output=True, check=False, env=variables, text=True, errors="replace")


@pytest.fixture
def folder(fake: FakeThanksIO, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[int]:
    """Place orders, and let commands run in the folder of their file."""
    monkeypatch.setenv("THANKSIO_TOKEN", TOKEN)
    monkeypatch.setenv("THANKSIO_BASE_URL", fake.base_url)
    monkeypatch.chdir(tmp_path)
    return place(fake, 5)


CANCEL = "$thanksio cancel --from orders.csv --yes --json"
READERS = {
    "closed": f"{CANCEL} >&-",
    "both closed": f"{CANCEL} >&- 2>&-",
    "head": f"set -o pipefail; ({CANCEL}) | head -1",
    "nobody": f"{CANCEL} > >(exec <&-; sleep 0.1)",
    "nobody reads errors": f"{CANCEL} -v 2> >(exec <&-; sleep 0.1)",
    "full disk": f"{CANCEL} > /dev/full",
}


@pytest.mark.parametrize("script", READERS.values(), ids=READERS.keys())
def test_a_closed_or_full_output_does_not_change_the_exit_code(
    fake: FakeThanksIO, folder: list[int], script: str
) -> None:
    fake.orders[folder[0]].status = "printed"

    done = shell(script)

    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert "Error" not in done.stderr
    assert [fake.orders[order].status for order in folder] == ["printed", *["cancelled"] * 4]
    assert ("thanksio: standard output cannot be written: No space left" in done.stderr) == ("/dev/full" in script)


def test_a_character_that_the_output_cannot_show_is_escaped(folder: list[int]) -> None:
    Path("Aufträge ✂.csv").write_text("\n".join(map(str, folder)), "utf-8")

    done = shell("$thanksio cancel --from Auf*.csv --yes", PYTHONIOENCODING="cp1252:strict")

    assert done.returncode == 0
    assert "ge \\u2702.csv.journal" in done.stdout


def test_a_list_can_come_from_another_command(folder: list[int]) -> None:
    done = shell("$thanksio cancel --from <(cat orders.csv) --yes")

    assert done.returncode == 0, done.stderr
    assert f"{len(folder)} cancelled" in done.stdout
    assert re.search(r"Journal: thanksio-[0-9a-f]{8}\.journal", done.stdout)
