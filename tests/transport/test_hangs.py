"""Rule 4: a call ends within its deadline, wherever a host hangs or drips."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from calls import failure, looked_up
from servers import LONGEST, Listener, dripping, hold, never_accepting

from thanksio import errors
from thanksio.testing import FakeThanksIO

if TYPE_CHECKING:
    from servers import Serve
DEADLINE = 0.7


def test_all_addresses_of_a_host_share_the_deadline(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up(monkeypatch, [f"127.0.0.{last}" for last in range(1, 9)])
    with never_accepting() as port:
        base_url = f"https://api.example.test:{port}"
        error = failure(kind, base_url=base_url, deadline=DEADLINE, timeout=LONGEST, within=DEADLINE)

    assert isinstance(error, errors.APITimeoutError)
    assert error.may_have_cancelled is False


def test_all_addresses_of_a_host_share_the_timeout_of_connect(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up(monkeypatch, [f"127.0.0.{last}" for last in range(1, 9)])
    with never_accepting() as port:  # two attempts of 0.3 s, and not of eight times as much
        error = failure(kind, base_url=f"https://api.example.test:{port}", timeout=0.3, within=1.0)

    assert f"no connection to api.example.test:{port} was made within 0.3 s" in str(error)  # and not: the deadline


SLOW: dict[str, tuple[bool, Serve]] = {
    "TLS handshake": (False, dripping(b"\x16\x03\x03\x40\x00")),
    "silent handshake": (False, hold),
    "headers": (True, dripping(b"HTTP/1.1 200 OK\r\nX: ")),
    "body": (True, dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")),
    "no response": (True, hold),
}


@pytest.fixture(scope="module")
def authority() -> FakeThanksIO:
    return FakeThanksIO(tls=True)


@pytest.mark.parametrize("where", SLOW)
def test_a_server_that_drips_over_tls_is_held_to_the_deadline(kind: str, where: str, authority: FakeThanksIO) -> None:
    assert authority.certificates
    handshakes, serve = SLOW[where]
    settings: dict[str, Any] = {"ssl_context": authority.certificates.trust(), "timeout": LONGEST}
    with Listener(serve, authority.certificates.server if handshakes else None) as server:
        settings["base_url"] = f"https://127.0.0.1:{server.port}"
        error = failure(kind, deadline=DEADLINE, within=DEADLINE, **settings)

    assert isinstance(error, errors.APITimeoutError)
    assert error.may_have_cancelled is handshakes
