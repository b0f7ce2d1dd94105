"""The fake as pytest fixtures: `pytest_plugins = ["thanksio.testing.plugin"]` in your conftest.py.

It is no entry point, which would load it in every run of pytest, in projects that never asked for it, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from thanksio.testing._fake import FakeThanksIO, known_fault
from thanksio.testing._fault import Stage

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from thanksio import ThanksIO

_MARKER = "thanksio_fault"


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        f"{_MARKER}(name, times=1): let the next requests of the test meet a fault of thanksio.testing.FAULTS; "
        "times=None: all of them",
    )


@pytest.fixture
def thanksio_fake(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[FakeThanksIO]:
    """Yield a test server on this machine, which `ThanksIO()` without arguments finds in the environment.

    The faults of `@pytest.mark.thanksio_fault` happen in the order in which the markers stand. If one of them is of
    TLS, the fake speaks https.
    """
    armed = [_armed(mark) for mark in reversed(list(request.node.iter_markers(_MARKER)))]
    with _made(tls=any(known_fault(name).stage is Stage.HANDSHAKE for name, _ in armed)) as fake:
        for name, times in armed:
            fake.faults(name, times=times)
        monkeypatch.setenv("THANKSIO_TOKEN", fake.token)
        monkeypatch.setenv("THANKSIO_BASE_URL", fake.base_url)
        if fake.certificates:
            (tmp_path / "thanksio-authority.pem").write_bytes(fake.certificates.pem)
            monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "thanksio-authority.pem"))
        yield fake


@pytest.fixture
def thanksio_client(thanksio_fake: FakeThanksIO) -> Iterator[ThanksIO]:
    """Yield a client of the fake. Its waits move the fake's clock instead of passing."""
    with thanksio_fake.client() as client:
        yield client


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail a test whose fault would never happen, because the test does not use the fake."""
    if item.get_closest_marker(_MARKER) and "thanksio_fake" not in getattr(item, "fixturenames", ()):
        pytest.fail(f"@pytest.mark.{_MARKER} needs the fixture thanksio_fake or thanksio_client.", pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Raise what went wrong inside of the fake in the test that it belongs to."""
    fake = getattr(item, "funcargs", {}).get("thanksio_fake")
    try:
        return (yield)
    finally:
        if isinstance(fake, FakeThanksIO):
            fake.check()


def _armed(mark: pytest.Mark) -> tuple[str, int | None]:
    try:
        return _arguments(*mark.args, **mark.kwargs)
    except (TypeError, ValueError) as error:
        raise pytest.UsageError(f"@pytest.mark.{_MARKER}: {error}") from None


def _arguments(name: str, times: int | None = 1) -> tuple[str, int | None]:
    if times is not None and (type(times) is not int or times < 1):
        raise ValueError("times must be an integer of at least 1, or None for all requests.")
    return name, None if known_fault(name).is_lasting and times == 1 else times


def _made(*, tls: bool) -> FakeThanksIO:
    try:
        return FakeThanksIO(tls=tls)
    except ModuleNotFoundError as error:
        pytest.fail(str(error), pytrace=False)
