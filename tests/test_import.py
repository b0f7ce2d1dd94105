"""What is loaded when: a program that imports this package and cancels nothing pays next to nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

import thanksio

HTTP = {"anyio", "h11", "h2", "httpcore", "httpx", "ssl"}
PRINT = "; import sys; print(*sys.modules)"


def loaded_by(statement: str) -> set[str]:
    """Return the modules that a statement loads in a fresh interpreter."""
    before, after = map(_modules_after, ("pass", statement))
    return after - before


def _modules_after(statement: str) -> set[str]:
    shown = subprocess.run([sys.executable, "-c", statement + PRINT], capture_output=True, text=True, check=True).stdout
    return set(shown.split())


def test_the_import_loads_this_one_module() -> None:
    assert loaded_by("import thanksio") == {"thanksio"}


def test_an_error_can_be_named_without_a_client() -> None:
    new = loaded_by("from thanksio import CancellationRefusedError")

    assert {name for name in new if name.startswith("thanksio")} == {"thanksio", "thanksio.errors"}
    assert not new & {*HTTP, "attr", "attrs"}


def test_a_client_loads_what_one_call_needs() -> None:
    """What serves many orders is loaded when there are many."""
    new = loaded_by("import thanksio; thanksio.ThanksIO('token')") - loaded_by("import httpx, attrs, anyio, httpcore")

    assert {name for name in new if name.startswith("thanksio.")} == {
        *("thanksio._call", "thanksio._client", "thanksio._config", "thanksio._connection", "thanksio._models"),
        *("thanksio._redact", "thanksio._retry", "thanksio._transport", "thanksio._tunnel", "thanksio._verdict"),
        *("thanksio._version", "thanksio.drift", "thanksio.errors"),
    }
    assert {name.partition(".")[0] for name in new} <= {*sys.stdlib_module_names, "thanksio", "thanksio_generated"}
    assert not new & {"asyncio", "email", "importlib.metadata", "sqlite3"}


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_help_and_version_do_not_load_httpx(option: str) -> None:
    run = f"""
import contextlib, io, sys
from thanksio.cli import main
sys.argv = ['thanksio', '{option}']
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
    main()
pass"""

    new = loaded_by(run)

    assert "click" in new
    assert not new & {*HTTP, "rich", "sqlite3", "thanksio._client"}


def test_a_name_is_known_before_it_is_loaded() -> None:
    assert set(thanksio.__all__) <= set(dir(thanksio))
    for name in thanksio.__all__:
        assert getattr(thanksio, name) is getattr(thanksio, name)
    with pytest.raises(AttributeError, match="module 'thanksio' has no attribute 'ThankIO'"):
        thanksio.ThankIO  # type: ignore[attr-defined]  # noqa: B018
