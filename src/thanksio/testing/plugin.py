"""The fake as pytest fixtures: `pytest_plugins = ["thanksio.testing.plugin"]` in your conftest.py.

It is not an entry point, which pytest would load in every project.
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
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        f"{_MARKER}(name, times=1): apply a fault of thanksio.testing.FAULTS to the next requests of the test; "
        "times=None: to all",
    )


@pytest.fixture
def thanksio_fake(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[FakeThanksIO]:
    """Yield a test server on this machine. `ThanksIO()` without arguments uses it.

    The faults of `@pytest.mark.thanksio_fault` happen in the order of the markers. With a fault of TLS,
    the fake uses https.
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
    """Yield a client of the fake. Its waits advance the fake's clock and take no time."""
    with thanksio_fake.client() as client:
        yield client


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail a test with a fault that never happens because the test does not use the fake."""
    if item.get_closest_marker(_MARKER) and "thanksio_fake" not in getattr(item, "fixturenames", ()):
        pytest.fail(f"@pytest.mark.{_MARKER} needs the fixture thanksio_fake or thanksio_client.", pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Raise in the test what was raised inside of the fake."""
    fake = getattr(item, "funcargs", {}).get("thanksio_fake")
    try:
        return (yield)
    finally:
        if isinstance(fake, FakeThanksIO):
            fake.check()


def _armed(mark: pytest.Mark) -> tuple[str, int | None]:
    try:
        return _arguments(*mark.args, **mark.kwargs)
    except TypeError:
        raise pytest.UsageError(f'@pytest.mark.{_MARKER}: use it as {_MARKER}("lost_response", times=1).') from None
    except ValueError as error:
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
