"""A release: nothing is tagged that is not as it should be, and anybody gets the same bytes."""

from __future__ import annotations

import subprocess
import tarfile
import zipfile
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


def test_what_is_as_it_should_be_is_built_and_tagged(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = release.main(["--tag", "0.2.0", "--root", str(repository)])

    assert code == 0
    assert release.git(repository, "tag") == "v0.2.0"
    names = sorted(path.name for path in (repository / "dist").iterdir())
    assert names == ["thanksio-0.2.0-py3-none-any.whl", "thanksio-0.2.0.tar.gz"]
    assert all(f"dist/{name}" in capsys.readouterr().out for name in names[:1])
    with zipfile.ZipFile(repository / "dist" / names[0]) as wheel:
        assert {"thanksio/py.typed", "thanksio_generated/py.typed"} <= set(wheel.namelist())


def test_a_version_is_tagged_once_and_only_from_a_clean_tree(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    release.git(repository, "tag", "v0.2.0")
    (repository / "README.md").write_text("changed")

    code = release.main(["--tag", "0.2.0", "--root", str(repository)])

    assert code == 1
    expected = capsys.readouterr().err
    assert "v0.2.0 is tagged already" in expected
    assert "The tree is not clean. Commit or put away first:\n    M README.md" in expected
    assert expected.endswith("Nothing was tagged.\n")
    assert not (repository / "dist").exists()


def test_a_package_that_cannot_be_built_is_not_tagged(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (repository / "pyproject.toml").read_text()
    (repository / "pyproject.toml").write_text(text.replace('license = "MIT"', 'license = "No such licence"'))
    release.git(repository, "commit", "--quiet", "--all", "--message", "Break it")

    code = release.main(["--tag", "0.2.0", "--root", str(repository)])

    assert code == 1
    assert "hatchling says" in capsys.readouterr().err
    assert release.git(repository, "tag") == ""


def test_other_bytes_are_noticed(tmp_path: Path) -> None:
    for name, content in (("one", b"1"), ("two", b"2"), ("three", b"1")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file.whl").write_bytes(content)
    (tmp_path / "none").mkdir()

    release.alike(tmp_path / "one", tmp_path / "three", "building twice")
    for other in ("two", "none"):
        with pytest.raises(release.ReleaseError, match=r"building twice gives another file\.whl"):
            release.alike(tmp_path / "one", tmp_path / other, "building twice")


@pytest.mark.parametrize(
    ("version", "stated", "changelog", "status", "tags", "expected"),
    [
        ("0.2.0", "0.2.0", CHANGELOG, "", ["v0.1.0"], []),
        ("0.2", "0.2", CHANGELOG.replace("0.2.0", "0.2"), "", [], ["'0.2' is no version"]),
        ("v0.2.0", "v0.2.0", CHANGELOG.replace("0.2.0", "v0.2.0"), "", [], ["'v0.2.0' is no version"]),
        ("0.2.0", "0.1.0", CHANGELOG, "", [], ["pyproject.toml says 0.1.0, not 0.2.0"]),
        ("0.2.0", "0.2.0", "## 0.2.0, not released yet\n", "", [], ["CHANGELOG.md has no heading `## 0.2.0, YYYY"]),
        ("0.2.0", "0.2.0", "## 0.2.01, 2026-11-24\n", "", [], ["CHANGELOG.md has no heading"]),
        ("0.2.0", "0.2.0", CHANGELOG, "?? new", [], ["The tree is not clean"]),
        ("0.2.0", "0.2.0", CHANGELOG, "", ["v0.2.0"], ["v0.2.0 is tagged already"]),
    ],
    ids=["fine", "two numbers", "a v", "another version", "no date", "another entry", "not clean", "tagged"],
)
def test_what_stands_in_the_way_is_said(  # noqa: PLR0913, PLR0917 - the facts of a repository
    version: str, stated: str, changelog: str, status: str, tags: list[str], expected: list[str]
) -> None:
    found = release.problems(version, stated, changelog, status, tags)

    assert len(found) == len(expected)
    assert all(text in problem for text, problem in zip(expected, found, strict=True))


def test_git_that_fails_is_no_success(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        release.git(tmp_path, "log")
