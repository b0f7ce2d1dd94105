"""What a report of a problem needs: the id and date of a response, and log records."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from click.testing import CliRunner
from conftest import TOKEN, Connect, ok, order, script

from thanksio import ThanksIOError
from thanksio.bulk._journal import Journal
from thanksio.cli._app import app

if TYPE_CHECKING:
    from pathlib import Path

    from thanksio.testing import FakeThanksIO

TRACE: dict[str, Any] = {"CF-RAY": "810a1d70eaa201ca-ORD", "Date": "Wed, 04 Oct 2023 02:46:14 GMT"}
RESPONSES = {
    "not cancelled": ok(order("printed"), **TRACE),
    "unreadable": ok({}, **TRACE),
    "refused": ok({"message": "No."}, 422, **TRACE),
    "not found": ok({"message": "Not Found"}, 404, **TRACE),
    "server error": ok({"message": "Server Error"}, 500, **TRACE),
    "page": httpx.Response(403, text="<title>No</title>", headers=TRACE),
}


@pytest.mark.parametrize("response", RESPONSES.values(), ids=RESPONSES)
def test_an_error_has_the_id_and_the_date_of_the_last_response(connect: Connect, response: httpx.Response) -> None:
    with pytest.raises(ThanksIOError) as caught:
        connect(script(response)[0]).cancel_order(37294)

    for error in (caught.value, pickle.loads(pickle.dumps(caught.value))):
        assert (error.request_id, error.server_date) == (TRACE["CF-RAY"], TRACE["Date"])


def test_without_a_response_both_are_empty(connect: Connect) -> None:
    def fail(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(ThanksIOError) as caught:
        connect(fail).cancel_order(37294)

    assert (caught.value.request_id, caught.value.server_date) == ("", "")


FOREIGN = {
    "a token": TOKEN,
    "a token and more": f"{TOKEN} " + "x" * 500,
    "a letter": "Dear Jane, nobody else may read this",
    "a page": "<b>hi</b>",
    "two": "810a1d70eaa201ca-ORD, 810a1d70eaa201cb-ORD",
    "a long one": "a" * 200,
    "latin-1": "M\xfcnchen",
}


@pytest.mark.parametrize("text", FOREIGN.values(), ids=FOREIGN)
def test_only_the_forms_of_the_two_headers_are_kept(connect: Connect, text: str) -> None:
    """Their text comes from outside, and errors are pickled, logged and kept in journals."""
    headers = [(b"CF-RAY", text.encode("latin-1")), (b"Date", text.encode("latin-1"))]
    response = httpx.Response(422, json={"message": "No."}, headers=headers)

    with pytest.raises(ThanksIOError) as caught:
        connect(script(response)[0]).cancel_order(37294)

    assert text not in repr(caught.value.args)
    assert caught.value.server_date == ""
    assert caught.value.request_id in {"", "[redacted]"}


def test_a_journal_and_the_json_of_a_run_have_the_id(tmp_path: Path, fake: FakeThanksIO) -> None:
    path, ray = tmp_path / "run.journal", "0000000000000001-ORD"  # of the fake's first response
    settings = {"THANKSIO_TOKEN": fake.token, "THANKSIO_BASE_URL": fake.base_url}

    first = CliRunner().invoke(app, ["cancel", "42708", "--journal", str(path), "--json"], env=settings)
    again = CliRunner().invoke(app, ["journal", str(path), "--json"])

    with Journal(str(path)) as journal:
        (row,) = journal.entries()
    assert row.request_id == ray
    assert [json.loads(done.stdout.splitlines()[0])["request_id"] for done in (first, again)] == [ray, ray]


PROGRAM = """
import httpx, sys
from thanksio import ThanksIO
body = {"order": {"id": 37294, "status": "cancelled"}}
with ThanksIO("tk-0123456789", transport=httpx.MockTransport(lambda _: httpx.Response(200, json=body))) as client:
    client.cancel_order(37294)
"""


@pytest.mark.parametrize(
    ("level", "shows"), [("debug", True), ("DEBUG", True), ("info", False), ("", False), ("x", False)]
)
def test_the_environment_turns_log_records_on(level: str, *, shows: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THANKSIO_LOG", level)

    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)

    assert ("DEBUG thanksio: order 37294: attempt 1" in done.stderr) is shows
    assert "tk-0123456789" not in done.stderr


def test_the_command_shows_log_records_as_with_verbose(fake: FakeThanksIO) -> None:
    settings = {"THANKSIO_TOKEN": fake.token, "THANKSIO_BASE_URL": fake.base_url, "THANKSIO_LOG": "debug"}

    done = CliRunner().invoke(app, ["cancel", "37294"], env=settings)

    assert done.exit_code == 0
    assert done.stderr.count("order 37294: attempt 1") == 1


def test_a_program_that_has_set_up_its_logs_keeps_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THANKSIO_LOG", "debug")
    own = "import logging; logging.getLogger('thanksio').addHandler(logging.NullHandler())\n"

    done = subprocess.run([sys.executable, "-c", own + PROGRAM], capture_output=True, text=True, check=True)

    assert done.stderr == ""
