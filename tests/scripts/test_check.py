"""An incomplete change fails `make check` within seconds, and the fix is named."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import yaml
from attrs import evolve
from conftest import ROOT

import api_diff.__main__ as contract_diff
from api_diff import history, release
from api_diff.change import Change, DiffError, Rating, following, parse_version, show_version
from api_diff.release import State

if TYPE_CHECKING:
    from pathlib import Path


FILES = ("openapi.yaml", "openapi-python-client.yaml", "redocly.yaml", "pyproject.toml", "CHANGELOG.md")
FOLDERS = ("src", "generated", "scripts")
REDOCLY = ROOT / "scripts" / "locks" / "node_modules" / ".bin" / "redocly"


def git(root: Path, *arguments: str) -> str:
    who = ["-c", "user.name=Nobody", "-c", "user.email=nobody@example.com", "-c", "init.defaultBranch=main"]
    command = ["git", *who, *arguments]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(root: Path, text: str = "x") -> str:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", text)
    return git(root, "rev-parse", "HEAD")


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text, old
    path.write_text(text.replace(old, new, 1), "utf-8")


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """Return this repository as if its version had just been released."""
    root = tmp_path / "repository"
    root.mkdir()
    for name in FILES:
        shutil.copy(ROOT / name, root)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    edit(root / "CHANGELOG.md", "not released yet", "2026-12-01")
    git(root, "init", "--quiet")
    version = release.read(root).version
    commit(root)
    git(root, "tag", f"v{'.'.join(map(str, version))}")
    (root / ".venv").symlink_to(sys.prefix)
    (root / ".venv-generator").symlink_to(ROOT / ".venv-generator")
    (root / "scripts" / "locks" / "node_modules").symlink_to(ROOT / "scripts" / "locks" / "node_modules")
    return root


def more_colour(root: Path) -> None:
    edit(root / "openapi.yaml", "        user_id:\n", "        colour:\n          type: string\n        user_id:\n")


@pytest.mark.skipif(
    not REDOCLY.exists() and "CI" not in os.environ,
    reason="redocly is not installed: install Node.js 20 or newer, then type `make test`",
)
def test_all_checks_run_in_seconds_and_each_failure_names_the_fix(released: Path) -> None:
    more_colour(released)
    (released / "scripts" / "new.py").write_text('"""Do."""\nx=1\n', "utf-8")
    began = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime

    command = [sys.executable, str(released / "scripts" / "check.py")]
    run = subprocess.run(command, cwd=released.parent, capture_output=True, text=True, check=False)

    # Seconds of one processor: of the clock it is less on an idle machine, and any number on a busy one.
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - began < 15
    assert (run.returncode, run.stderr) == (1, "")
    assert re.findall(r"^(ok|FAILED)", run.stdout, re.MULTILINE) == ["FAILED", "FAILED", "ok", "ok", "FAILED"]
    assert "Fix: make generate" in run.stdout
    assert 'in pyproject.toml set version = "' in run.stdout
    assert "set `info.version: " in run.stdout
    assert "start the entries of CHANGELOG.md" in run.stdout
    assert "Fix: make format" in run.stdout


def test_a_change_is_reported_and_a_complete_one_passes(released: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = release.read(released)
    version, contract = (show_version(following(old, Rating.COMPATIBLE)) for old in (before.version, before.contract))
    more_colour(released)

    assert contract_diff.main(["--root", str(released)]) == 0  # it looks, and stops nothing

    output = capsys.readouterr()
    assert "1 change for users of thanksio." in output.out
    assert "and no longer in `additional_properties`.\n    contract  order.colour: added" in output.out
    assert "Breaking" not in output.out
    assert f"The package version after {show_version(before.version)} is {version} or later." in output.out
    mends = re.findall(r"Fix: (.*)", output.err)
    assert [word in mend for word, mend in zip(("openapi", "pyproject", "CHANGELOG"), mends, strict=True)] == [True] * 3

    edit(released / "openapi.yaml", "\n  version: ", f"\n  version: {contract} # was ")
    edit(released / "pyproject.toml", '\nversion = "', f'\nversion = "{version}" # was "')
    edit(released / "CHANGELOG.md", "\n## ", f"\n## {version}, not released yet\n\n- `Order.colour` is there.\n\n## ")
    assert contract_diff.main(["--check", "--root", str(released)]) == 0
    assert capsys.readouterr().err == ""


ENTRY = "# Changelog\n\n## 0.1.0, 2026-12-01\n\n- You can cancel\n  an order.\n"
NEXT = ENTRY.replace("## ", "## 0.1.1, not released yet\n\n- You can see `colour`.\n\n## ", 1)
RELEASED = State((0, 1, 0), (0, 1, 0), ENTRY)
WIRE = Change(Rating.COMPATIBLE, "contract", "order.colour", "added", "")
PYTHON = evolve(WIRE, part="Python")
WORDS = evolve(WIRE, rating=Rating.INVISIBLE)
BREAK = evolve(WIRE, rating=Rating.BREAKING)
DONE = State((0, 1, 1), (0, 1, 1), NEXT)
HALVES: dict[str, tuple[State, list[Change], list[str]]] = {
    "nothing changed": (RELEASED, [], []),
    "all done": (DONE, [WIRE], []),
    "more than needed": (State((0, 2, 0), (1, 0, 0), NEXT.replace("0.1.1", "0.2.0")), [WIRE], []),
    "contract not raised": (evolve(DONE, contract=(0, 1, 0)), [WIRE], ["info.version: 0.1.1"]),
    "contract raised too little": (
        State((0, 2, 0), (0, 1, 1), NEXT.replace("0.1.1", "0.2.0")),
        [BREAK],
        ["info.version: 0.2.0"],
    ),
    "the contract did not change": (evolve(DONE, contract=(0, 1, 0)), [PYTHON], []),
    "version not raised": (
        State((0, 1, 0), (0, 1, 1), ENTRY.replace("- ", "- You see `colour`.\n- ")),
        [WIRE],
        ['version = "0.1.1"', "## 0.1.1, not released yet"],
    ),
    "version raised too little": (
        evolve(DONE, contract=(0, 2, 0)),
        [BREAK],
        ['version = "0.2.0"', "## 0.2.0, not released yet"],
    ),
    "version lower": (
        State((0, 0, 9), (0, 1, 0), ENTRY.replace("0.1.0", "0.0.9")),
        [],
        ['version = "0.1.0"', "## 0.1.0, not released yet"],
    ),
    "words for people need a version": (RELEASED, [WORDS], ['version = "0.1.1"', "## 0.1.1, not released yet"]),
    "and no line": (
        State((0, 1, 1), (0, 1, 0), ENTRY.replace("## ", "## 0.1.1, not released yet\n\n## ", 1)),
        [WORDS],
        [],
    ),
    "no entry": (evolve(DONE, changelog=ENTRY), [WIRE], ["## 0.1.1, not released yet"]),
    "no entry at all": (evolve(DONE, changelog="# Changelog\n"), [WIRE], ["## 0.1.1, not released yet"]),
    "an entry without a line": (
        evolve(DONE, changelog=NEXT.replace("- You can see `colour`.\n", "")),
        [WIRE],
        ['add a line to "## 0.1.1'],
    ),
    "a line that was there": (
        evolve(DONE, changelog=NEXT.replace("see `colour`", "cancel an order")),
        [WIRE],
        ['add a line to "## 0.1.1'],
    ),
    "an entry of some day": (
        evolve(DONE, changelog=NEXT.replace("not released yet", "soon")),
        [WIRE],
        ["## 0.1.1, not released yet"],
    ),
}


@pytest.mark.parametrize(("now", "changes", "mends"), HALVES.values(), ids=HALVES.keys())
def test_each_half_names_the_edit_that_is_missing(now: State, changes: list[Change], mends: list[str]) -> None:
    found = release.problems(RELEASED, now, changes, is_release=True)

    assert len(found) == len(mends)
    assert all(mend in problem.fix for mend, problem in zip(mends, found, strict=True))


def test_before_the_first_release_the_version_may_stay() -> None:
    """There are no promises to users yet; a contract version and a line in the CHANGELOG are required all the same."""
    found = release.problems(RELEASED, RELEASED, [BREAK], is_release=False)

    assert ["info.version: 0.1.1" in problem.fix or "add a line" in problem.fix for problem in found] == [True, True]


FOLLOWING: list[tuple[str, Rating | None, str]] = [
    ("0.1.4", None, "0.1.4"),
    ("0.1.4", Rating.INVISIBLE, "0.1.5"),
    ("0.1.4", Rating.COMPATIBLE, "0.1.5"),
    ("0.1.4", Rating.BREAKING, "0.2.0"),
    ("1.2.3", Rating.INVISIBLE, "1.2.4"),
    ("1.2.3", Rating.COMPATIBLE, "1.3.0"),
    ("1.2.3", Rating.BREAKING, "2.0.0"),
]


@pytest.mark.parametrize(("version", "rating", "then"), FOLLOWING)
def test_the_version_follows_from_the_worst_change(version: str, rating: Rating | None, then: str) -> None:
    assert following(parse_version(version), rating) == parse_version(then)


@pytest.mark.parametrize("text", ["", "1.2", "1.2.3.4", "01.2.3", "1.2.3a1", "v1.2.3"])
def test_other_versions_are_an_error(text: str) -> None:
    with pytest.raises(DiffError):
        parse_version(text)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Return a repository with a contract that was changed once, and something else after it."""
    root = tmp_path / "small"
    (root / "src" / "thanksio").mkdir(parents=True)
    git(tmp_path, "init", "--quiet", "small")
    for number, text in enumerate(("a: 1", "a: 2", "a: 2")):
        (root / "openapi.yaml").write_text(text, "utf-8")
        (root / "src" / "thanksio" / "__init__.py").write_text(f"x = {number}\n", "utf-8")
        commit(root, f"commit {number}")
    return root


def test_it_is_compared_with_the_contract_before(small: Path) -> None:
    base = history.find(small)

    assert base
    assert base.commit == git(small, "rev-parse", "HEAD~2")
    assert not base.is_release


def test_a_contract_that_is_not_committed_is_compared_with_the_last_commit(small: Path) -> None:
    (small / "openapi.yaml").write_text("a: 3", "utf-8")

    base = history.find(small)

    assert base
    assert base.commit == git(small, "rev-parse", "HEAD")


def test_from_a_release_on_it_is_compared_with_that(small: Path) -> None:
    """The highest version counts, and only what led here."""
    git(small, "tag", "v0.9.0", "HEAD~1")
    git(small, "tag", "v0.10.0", "HEAD~1")
    git(small, "tag", "vendor-page", "HEAD")
    git(small, "checkout", "--quiet", "-b", "other")
    git(small, "commit", "--quiet", "--allow-empty", "--message", "x")
    git(small, "tag", "v9.0.0")
    git(small, "checkout", "--quiet", "main")

    base = history.find(small)

    assert base
    assert (base.commit, base.name, base.is_release) == (git(small, "rev-parse", "HEAD~1"), "release v0.10.0", True)


def test_what_is_named_is_compared(small: Path) -> None:
    git(small, "tag", "v0.1.0", "HEAD~1")

    assert [getattr(history.find(small, ref), "is_release", None) for ref in ("HEAD~2", "v0.1.0")] == [False, True]
    with pytest.raises(DiffError, match="There is no commit 'nothing'"):
        history.find(small, "nothing")


def test_without_another_contract_there_is_nothing_to_compare(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "openapi.yaml").touch()
    commit(tmp_path)

    assert history.find(tmp_path) is None


def test_a_shallow_clone_is_an_error_with_the_fix(small: Path, tmp_path: Path) -> None:
    """Without the tags, a change would be compared with the wrong state, and pass."""
    git(tmp_path, "clone", "--quiet", "--depth=1", small.as_uri(), "shallow")

    with pytest.raises(DiffError, match="git fetch --unshallow --tags"):
        history.find(tmp_path / "shallow")


def test_a_state_without_a_package_is_an_error(small: Path, tmp_path: Path) -> None:
    git(small, "rm", "--quiet", "-r", "src")
    commit(small)
    base = history.find(small, "HEAD")
    assert base

    with pytest.raises(DiffError, match="no package"):
        history.fetch(small, base, tmp_path / "into")


def test_an_archive_without_history_is_checked_without_the_comparison(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in FILES:
        shutil.copy(ROOT / name, tmp_path)

    assert contract_diff.main(["--check", "--root", str(tmp_path)]) == 0
    assert "Nothing to compare with" in capsys.readouterr().out
    (tmp_path / "CHANGELOG.md").write_text("", "utf-8")
    assert contract_diff.main(["--check", "--root", str(tmp_path)]) == 1
    (tmp_path / "pyproject.toml").unlink()
    assert contract_diff.main(["--check", "--root", str(tmp_path)]) == 2


def test_a_hook_of_another_repository_does_not_mislead(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git sets variables for hooks that name the repository."""
    monkeypatch.setenv("GIT_DIR", str(ROOT / ".git"))

    base = history.find(small)

    assert base
    assert base.name.startswith("the contract before")


def test_before_a_commit_the_same_is_checked_and_nothing_is_downloaded() -> None:
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]

    assert repository["repo"] == "local"
    assert [(hook["entry"], hook["language"]) for hook in repository["hooks"]] == [("make --silent check", "system")]
