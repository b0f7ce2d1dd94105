"""`--output` writes the input rows again with the verdict of each order."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Thanksio

    from thanksio.testing import FakeThanksIO

TABLE = "name,order_id,status\nKim,37294,new\nLee,42708,old\nMax,x,\nAda,37294,\n"


def written(name: str = "out.csv") -> list[list[str]]:
    with Path(name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_all_columns_and_rows_are_written_with_the_verdict(thanksio: Thanksio) -> None:
    Path("in.csv").write_text(TABLE, "utf-8")

    done = thanksio("cancel", "--from", "in.csv", "--yes", "--skip-bad-rows", "--output", "out.csv")

    assert done.exit_code == 3
    header, *rows = written()
    assert header == ["name", "order_id", "status", "verdict", "thanksio_status", "error", "attempts", "time"]
    assert [row[:5] for row in rows] == [
        ["Kim", "37294", "new", "cancelled", "cancelled"],
        ["Lee", "42708", "old", "not_cancelled", "fulfilled"],
        ["Max", "x", "", "skipped", ""],
        ["Ada", "37294", "", "cancelled", "cancelled"],
    ]
    assert "too late" in rows[1][5]
    assert rows[2][5:] == ["order_id 'x' is not an order id", "", ""]
    assert rows[0][7].endswith("Z")
    assert Path("out.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert Path("out.csv").stat().st_mode & 0o077 == 0


FORMATS = {
    "lines": ("37294\n42708\n", ["order_id"], [["37294", "cancelled"], ["42708", "not_cancelled"]]),
    "JSON lines": (
        '{"id": 37294, "placed_at": null}\n{"placed_at": "", "id": 42708}\n',
        ["id", "placed_at"],
        [["37294", "", "cancelled"], ["42708", "", "not_cancelled"]],
    ),
    "JSON of other types": (
        '[{"order_id": 37294.0, "created_at": {"date": "x"}}]',
        ["order_id", "created_at"],
        [["37294", '{"date": "x"}', "cancelled"]],
    ),
    "JSON": ('[{"id": 37294}, 42708]', ["id"], [["37294", "cancelled"], ["", "not_cancelled"]]),
    "not JSON": (
        "37294\n{nonsense\n42708\n",
        ["order_id"],
        [["37294", "cancelled"], ["", "skipped"], ["42708", "not_cancelled"]],
    ),
}


@pytest.mark.parametrize(("text", "header", "rows"), FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("source", ["in.txt", "-"])
def test_every_format_and_standard_input_is_written_again(
    thanksio: Thanksio, source: str, text: str, header: list[str], rows: list[list[str]]
) -> None:
    Path("in.txt").write_text(text, "utf-8")
    arguments = ["--from", source, "--yes", "--skip-bad-rows", "--journal", "j", "--output", "out.csv"]

    thanksio("cancel", *arguments, given=text if source == "-" else None)

    found = written()
    assert [row[: len(header)] for row in found] == [header, *(row[: len(header)] for row in rows)]
    assert [row[len(header)] for row in found[1:]] == [row[-1] for row in rows]


def test_orders_named_as_arguments_and_rows_not_selected_are_written(thanksio: Thanksio) -> None:
    Path("in.csv").write_text("order_id,campaign\n37294,May\n42708,June\n", "utf-8")

    thanksio("cancel", "--from", "in.csv", "--where", "campaign=May", "--output", "a.csv")
    thanksio("cancel", "42708", "--journal", "j", "--output", "b.csv")

    assert [row[2] for row in written("a.csv")] == ["verdict", "cancelled", "not_selected"]
    assert [row[:2] for row in written("b.csv")] == [["order_id", "verdict"], ["42708", "not_cancelled"]]


def test_after_an_error_of_every_order_the_rest_is_not_tried(thanksio: Thanksio, fake: FakeThanksIO) -> None:
    Path("in.csv").write_text("order_id\n37294\n42708\n", "utf-8")
    fake.faults("unauthenticated_401")

    done = thanksio("cancel", "--from", "in.csv", "--yes", "--in-flight", "1", "--output", "out.csv")

    assert done.exit_code == 5
    assert {row[1] for row in written()[1:]} == {"not_tried"}


def test_text_of_a_server_is_no_formula_in_a_spreadsheet(thanksio: Thanksio, fake: FakeThanksIO) -> None:
    fake.orders[42708].status = "=HYPERLINK(1)"

    thanksio("cancel", "42708", "--journal", "j", "--output", "out.csv")

    assert not any(cell.startswith(("=", "+", "@")) for cell in written()[1])


@pytest.mark.parametrize(
    "target",
    ["in.csv", "link.csv", "in.csv.journal", "in.csv.journal.lock", "in.csv.journal-journal", "token", "r.html"],
)
@pytest.mark.parametrize("option", ["--output", "--report"])
def test_a_file_that_is_needed_is_not_overwritten(
    thanksio: Thanksio, fake: FakeThanksIO, target: str, option: str
) -> None:
    Path("in.csv").write_text("order_id\n37294\n", "utf-8")
    Path("token").write_text("x", "utf-8")
    Path("link.csv").symlink_to("in.csv")
    other = {"--output": "--report", "--report": "--output"}[option]

    done = thanksio("cancel", "--from", "in.csv", "--token-file", "token", option, target, other, "r.html")

    assert (done.exit_code, fake.calls) == (2, [])
    assert "would overwrite" in done.stderr


def test_an_output_that_cannot_be_written_is_found_before_sending(thanksio: Thanksio, fake: FakeThanksIO) -> None:
    done = thanksio("cancel", "37294", "--journal", "j", "--output", f"none{os.sep}out.csv")

    assert (done.exit_code, fake.calls) == (2, [])
    assert "--output none/out.csv cannot be written: No such file" in done.stderr


def test_an_output_that_fails_halfway_is_removed(thanksio: Thanksio, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_row: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("thanksio.cli._annotate.remembered", fail)
    Path("out.csv").write_text("old", "utf-8")

    done = thanksio("cancel", "37294", "--journal", "j", "--output", "out.csv")

    assert done.exit_code == 0
    assert "out.csv cannot be written: No space left on device" in done.stderr
    assert Path("out.csv").read_text("utf-8") == "old"
    assert sorted(path.name for path in Path().iterdir()) == ["j", "j.lock", "out.csv"]


def test_rows_of_a_run_without_a_row_in_the_journal_are_not_tried(
    thanksio: Thanksio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thanksio.bulk._journal.Journal.find", lambda _journal, _id: None)

    thanksio("cancel", "37294", "--journal", "j", "--output", "out.csv")

    assert written()[1][:2] == ["37294", "not_tried"]


def test_an_output_needs_a_journal(thanksio: Thanksio, fake: FakeThanksIO) -> None:
    done = thanksio("cancel", "37294", "--output", "out.csv")

    assert (done.exit_code, fake.calls) == (2, [])
    assert "--output needs a journal. Add --journal FILE." in done.stderr
