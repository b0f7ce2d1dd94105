"""A release: a version with a problem is not tagged, and every build has the same bytes."""

from __future__ import annotations

import subprocess
import tarfile
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import release
from conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

CHANGELOG = "# Changelog\n\n## 0.2.0, 2026-11-24\n\n- You can do more.\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a copy of what is committed here, ready to be released as 0.2.0."""
    root = tmp_path / "copy"
    root.mkdir()
    release.git(ROOT, "archive", "--output", str(tmp_path / "copy.tar"), "HEAD")
    with tarfile.open(tmp_path / "copy.tar") as archive:
        archive.extractall(root, filter="data")
    stated = (root / "pyproject.toml").read_text()
    (root / "pyproject.toml").write_text(stated.replace('\nversion = "0.1.0"', '\nversion = "0.2.0"', 1))
    (root / "CHANGELOG.md").write_text(CHANGELOG)
    release.git(root, "init", "--quiet")
    release.git(root, "config", "user.name", "A Maintainer")
    release.git(root, "config", "user.email", "maintainer@example.org")
    release.git(root, "add", "--all")
    release.git(root, "commit", "--quiet", "--message", "Copy")
    return root


def test_a_version_without_problems_is_built_and_tagged(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    release.main("0.2.0", repository)

    assert release.git(repository, "tag") == "v0.2.0"
    names = sorted(path.name for path in (repository / "dist").iterdir())
    assert names == ["thanksio-0.2.0-py3-none-any.whl", "thanksio-0.2.0.tar.gz"]
    output = capsys.readouterr().out
    assert all(f"dist/{name}" in output for name in names)
    with zipfile.ZipFile(repository / "dist" / names[0]) as wheel:
        assert {"thanksio/py.typed", "thanksio_generated/py.typed"} <= set(wheel.namelist())
        dated = datetime(*wheel.getinfo("thanksio/py.typed").date_time, tzinfo=UTC).timestamp()
    assert abs(dated - int(release.git(repository, "log", "-1", "--format=%ct"))) < 2  # zip files count in steps of two


def test_a_version_is_tagged_once_and_only_from_a_clean_tree(repository: Path) -> None:
    release.git(repository, "tag", "v0.2.0")
    (repository / "README.md").write_text("changed")

    with pytest.raises(SystemExit) as stopped:
        release.main("0.2.0", repository)

    assert stopped.value.code == (
        "- The tree is not clean. Commit or stash:\nM README.md\n"
        "- v0.2.0 is already tagged. Raise the version.\n"
        "Nothing was tagged."
    )
    assert not (repository / "dist").exists()


def test_a_package_that_cannot_be_built_is_not_tagged(repository: Path) -> None:
    text = (repository / "pyproject.toml").read_text()
    (repository / "pyproject.toml").write_text(text.replace('license = "MIT"', 'license = "No such licence"'))
    release.git(repository, "commit", "--quiet", "--all", "--message", "Break it")

    with pytest.raises(SystemExit, match="hatchling failed"):
        release.main("0.2.0", repository)

    assert release.git(repository, "tag") == ""


def test_an_sdist_that_builds_another_wheel_is_not_kept(repository: Path) -> None:
    text = (repository / "pyproject.toml").read_text()
    (repository / "pyproject.toml").write_text(text.replace('"/generated", ', ""))
    release.git(repository, "commit", "--quiet", "--all", "--message", "Leave something out")

    with pytest.raises(SystemExit, match=r"A second build gives another thanksio-0\.2\.0-py3"):
        release.main("0.2.0", repository)

    assert not (repository / "dist").exists()
    assert release.git(repository, "tag") == ""


def test_other_bytes_and_missing_files_are_noticed(tmp_path: Path) -> None:
    for name, content in (("one", b"1"), ("two", b"2"), ("three", b"1")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file.whl").write_bytes(content)
    (tmp_path / "none").mkdir()

    release.compare(tmp_path / "one", tmp_path / "three")
    for other in ("two", "none"):
        with pytest.raises(SystemExit, match=r"^A second build gives another file\.whl$"):
            release.compare(tmp_path / "one", tmp_path / other)


@pytest.mark.parametrize(
    ("version", "stated", "changelog", "status", "tags", "expected"),
    [
        ("0.2.0", "0.2.0", CHANGELOG, "", ["v0.1.0"], []),
        ("0.2", "0.2", CHANGELOG.replace("0.2.0", "0.2"), "", [], ["'0.2' is not a version"]),
        ("v0.2.0", "v0.2.0", CHANGELOG.replace("0.2.0", "v0.2.0"), "", [], ["'v0.2.0' is not a version"]),
        ("0.2.0", "0.1.0", CHANGELOG, "", [], ["pyproject.toml says 0.1.0, not 0.2.0"]),
        ("0.2.0", "0.2.0", "## 0.2.0, not released yet\n", "", [], ["CHANGELOG.md has no heading `## 0.2.0, YYYY"]),
        ("0.2.0", "0.2.0", "## 0.2.01, 2026-11-24\n", "", [], ["CHANGELOG.md has no heading"]),
        ("0.2.0", "0.2.0", CHANGELOG, "?? new", [], ["The tree is not clean"]),
        ("0.2.0", "0.2.0", CHANGELOG, "", ["v0.2.0"], ["v0.2.0 is already tagged"]),
    ],
    ids=["fine", "two numbers", "a v", "another version", "no date", "another entry", "not clean", "tagged"],
)
def test_each_problem_is_named(  # noqa: PLR0913, PLR0917 - the facts of a repository
    version: str, stated: str, changelog: str, status: str, tags: list[str], expected: list[str]
) -> None:
    found = release.problems(version, stated, changelog, status, tags)

    assert len(found) == len(expected)
    assert all(text in problem for text, problem in zip(expected, found, strict=True))


def test_git_that_fails_is_no_success(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        release.git(tmp_path, "log")
