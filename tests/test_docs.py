"""What the documents show is run, and what they name exists."""

from __future__ import annotations

import asyncio
import logging
import re
from typing import TYPE_CHECKING, Any

import pytest
from conftest import ROOT, TOKEN

from thanksio import AsyncThanksIO, RetryPolicy, ThanksIO, errors

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from thanksio.testing import FakeThanksIO

DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted(ROOT.glob("docs/*.md"))
README = (ROOT / "README.md").read_text("utf-8")


def blocks(*documents: Path) -> list[Any]:
    """Return every Python block of the documents, preceded by as many blank lines as there are lines above it."""
    found = []
    for path in documents:
        text = path.read_text("utf-8")
        for match in re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            line = text[: match.start(1)].count("\n")
            found.append(pytest.param(path.name, "\n" * line + match[1], id=f"{path.name}:{line + 1}"))
    return found


BLOCKS = blocks(*DOCUMENTS)
TESTS = [block for block in BLOCKS if "def test_" in block.values[1]]
CONFTEST = 'pytest_plugins = ["thanksio.testing.plugin"]'


@pytest.fixture
def at_the_fake(fake: FakeThanksIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeThanksIO:
    """Lead clients to the fake, and files into a folder of the test's own."""
    monkeypatch.setenv("THANKSIO_TOKEN", TOKEN)
    monkeypatch.setenv("THANKSIO_BASE_URL", fake.base_url)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(logging.getLogger("httpcore"), "level", logging.NOTSET)  # a page sets it
    return fake


@pytest.mark.parametrize(("name", "code"), [block for block in BLOCKS if block not in TESTS])
def test_the_code_of_the_documents_runs(
    name: str, code: str, at_the_fake: FakeThanksIO, capsys: pytest.CaptureFixture[str]
) -> None:
    exec(compile(code, name, "exec"), {"__name__": "__main__"})  # noqa: S102 - it is our own

    assert at_the_fake.orders[37294].status == "cancelled" or code.strip() == CONFTEST
    output = capsys.readouterr().out  # of several orders, the one whose window has closed is last
    assert re.search(r"^(37294 is )?cancelled", output, re.MULTILINE) or "print" not in code


FIRST = blocks(ROOT / "README.md")[0].values[1]


@pytest.mark.parametrize(
    ("fault", "output"),
    [
        ("", "37294 is cancelled"),
        ("already_cancelled_422", "refused: "),  # it may have been cancelled before, so "not cancelled" would be wrong
        ("lost_response", "unknown: "),
        ("page_403", "unknown: "),
        ("port_closed", "not sent: "),
    ],
)
def test_the_first_example_distinguishes_the_outcomes(
    fault: str, output: str, at_the_fake: FakeThanksIO, capsys: pytest.CaptureFixture[str]
) -> None:
    if fault:
        at_the_fake.faults(fault)

    once = FIRST.replace("ThanksIO()", "ThanksIO(retry=once)")
    exec(compile(once, "README.md", "exec"), {"once": RetryPolicy(max_attempts=1)})  # noqa: S102 - it is our own

    assert capsys.readouterr().out.startswith(output)


@pytest.mark.parametrize("kind", ["sync", "asyncio"])
def test_httpcore_logs_what_the_page_describes(
    kind: str, at_the_fake: FakeThanksIO, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    letter = "Dear Kim, nobody else reads this"
    at_the_fake.orders[37294].fields["message"] = letter

    def logged(call: Callable[[], object]) -> str:
        caplog.clear()
        call()
        records = [record for record in caplog.records if record.name.startswith(("httpcore", "httpx"))]
        return "\n".join(f"{record.getMessage()} {record.args}" for record in records)

    def cancel() -> object:
        async def use() -> object:
            return await AsyncThanksIO().cancel_order(37294)

        return ThanksIO().cancel_order(37294) if kind == "sync" else asyncio.run(use())

    output = logged(cancel)
    assert "host='127.0.0.1'" in output
    assert "X-RateLimit-Remaining" in output  # headers of the response are shown
    assert [secret for secret in (TOKEN, "Authorization", letter) if secret in output] == []

    at_the_fake.fail_next("token_in_header")
    assert TOKEN in logged(cancel)

    at_the_fake.fail_next("token_in_header")
    caplog.set_level(logging.WARNING, "httpcore")
    assert logged(cancel) == ""


def test_the_readme_shows_code() -> None:
    assert len(blocks(ROOT / "README.md")) >= 3


def test_the_tests_in_the_documents_run_in_another_project(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeconftest(CONFTEST)
    for index, block in enumerate(TESTS):
        name, code = block.values
        pytester.makepyfile(**{f"test_{name.partition('.')[0]}_{index}": code})

    options = ["-p", "no:cacheprovider", "-p", "pytest_httpx", "--strict-markers", "-W", "error"]
    result = pytester.runpytest_subprocess(*options)

    assert result.ret == 0
    assert result.parseoutcomes()["passed"] == sum(block.values[1].count("def test_") for block in TESTS)


def test_there_are_recipes_with_the_fake_and_with_other_tools() -> None:
    shown = [block.values[1] for block in blocks(ROOT / "docs" / "testing.md", ROOT / "docs" / "telemetry.md")]

    assert len(shown) >= 10
    for tool in ("respx", "httpx_mock", "vcr", "opentelemetry.sdk.trace"):
        assert any(tool in code for code in shown)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_no_page_counts_the_faults(path: Path) -> None:
    """Each field of the contract adds some, and a new field must not need edits of pages."""
    assert re.findall(r"\d+ (?:named )?(?:faults|ways by name)", path.read_text("utf-8")) == []


def test_the_table_of_errors_is_complete() -> None:
    rows = re.findall(r"^\| `\w+Error` \|.*", README, re.MULTILINE)
    named = [row.split("`")[1] for row in rows]

    assert sorted([*named, "ThanksIOError"]) == sorted(errors.__all__)
    assert re.findall(r"^\| `\w+Error` \|.*", (ROOT / "docs" / "errors.md").read_text("utf-8"), re.MULTILINE) == rows


def test_every_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {
        word
        for path in [*DOCUMENTS, ROOT / ".ci" / "run", ROOT / ".github" / "workflows" / "ci.yml"]
        for line in re.findall(r"(?:`|\$ |^|run: )make ([a-z- ]+)", path.read_text("utf-8"), re.MULTILINE)
        for word in line.split()
    }

    assert {"demo", "test", "generate", "check-generated", "lint", "types", "wheel-test"} <= named
    assert named <= targets


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_into_the_repository_leads_somewhere(path: Any) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text("utf-8")):
        assert (path.parent / target).exists(), target
