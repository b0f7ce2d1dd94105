"""TLS: an attempt that cannot succeed is not retried, and the message names the fix."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from calls import TWICE, cancel, failure, looked_up
from conftest import TOKEN
from servers import OrderServer

from thanksio import ConfigurationError, RetryPolicy
from thanksio.testing import FakeThanksIO

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("file", [False, True], ids=["system", "SSL_CERT_FILE"])
def test_an_untrusted_certificate_is_not_retried_and_the_message_names_the_fix(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, file: bool
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    if file:
        other = tmp_path / "other.pem"
        trustme.CA().cert_pem.write_to_path(str(other))
        monkeypatch.setenv("SSL_CERT_FILE", str(other))
    with FakeThanksIO(token=TOKEN, tls=True) as fake:
        error = failure(kind, base_url=fake.base_url)

    assert (error.attempts, error.may_have_cancelled, fake.calls) == (1, False, [])
    assert "SSL_CERT_FILE" in str(error)
    assert "ssl_context=" in str(error)
    assert not file or str(other) in str(error)


def test_a_certificate_for_another_host_is_met_once(kind: str) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("elsewhere.example").configure_cert(context)
    trusting = ssl.create_default_context(cadata=authority.cert_pem.bytes().decode())
    with OrderServer(context=context) as server:
        error = failure(kind, base_url=server.base_url, ssl_context=trusting)

    assert (error.attempts, error.may_have_cancelled) == (1, False)


@pytest.mark.parametrize(("code", "attempts"), [(socket.EAI_NONAME, 1), (socket.EAI_AGAIN, 3)])
def test_a_host_that_does_not_exist_is_looked_up_once(
    kind: str, code: int, attempts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up(monkeypatch, socket.gaierror(code, "as the system says"))
    policy = RetryPolicy(max_attempts=3, backoff=0.001, cap=0.001)

    error = failure(kind, base_url="https://api.example.test", retry=policy)

    assert (error.attempts, error.may_have_cancelled) == (attempts, False)


def test_a_name_under_invalid_is_looked_up_once(kind: str) -> None:
    assert failure(kind, base_url="https://no-such-host.invalid").attempts in {1, 2}  # 2 without any name server


def test_a_refused_connection_is_retried(kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    error = failure(kind, base_url=f"http://127.0.0.1:{port}", retry=TWICE)

    assert (error.attempts, error.may_have_cancelled) == (2, False)


@pytest.mark.parametrize("content", [None, "", "no certificate"], ids=["missing", "empty", "garbage"])
def test_a_broken_ssl_cert_file_is_a_matter_of_configuration(
    kind: str, content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))

    with pytest.raises(ConfigurationError, match="SSL_CERT_FILE") as caught:
        cancel(kind, base_url="https://127.0.0.1:1")

    assert str(file) in str(caught.value)
    assert (caught.value.attempts, caught.value.may_have_cancelled) == (0, False)


def test_a_client_certificate_is_shown(kind: str) -> None:
    authority = trustme.CA()
    required = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    required.verify_mode = ssl.CERT_REQUIRED
    authority.issue_cert("127.0.0.1").configure_cert(required)
    authority.configure_trust(required)
    known, unknown = (ssl.create_default_context(cadata=authority.cert_pem.bytes().decode()) for _ in range(2))
    authority.issue_cert("client@example.org").configure_cert(known)
    settings: dict[str, Any] = {"timeout": 1.0}
    with OrderServer(context=required) as server:
        assert cancel(kind, base_url=server.base_url, ssl_context=known, **settings).id == 37294
        failure(kind, base_url=server.base_url, ssl_context=unknown, **settings)

    assert server.requests == [37294]
