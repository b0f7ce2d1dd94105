"""Certificates for the fake: one of its own authority, and one of an untrusted authority."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from attrs import define, field

if TYPE_CHECKING:
    from trustme import CA

_HOSTS = ("127.0.0.1", "localhost")


def _authority() -> CA:
    try:
        import trustme  # noqa: PLC0415 - it brings cryptography, which few tests need
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("A fake with TLS needs its extra: pip install 'thanksio[testing]'") from error
    return trustme.CA()


def _server_context(authority: CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # trustme names a type of pyOpenSSL, which may not be installed
    authority.issue_cert(*_HOSTS).configure_cert(context)  # pyright: ignore[reportUnknownMemberType]
    return context


@define
class Certificates:
    """The certificates of a server, and the authority that its clients must trust."""

    _authority: CA = field(factory=_authority, init=False)
    server: ssl.SSLContext = field(init=False)
    stranger: ssl.SSLContext = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.server = _server_context(self._authority)
        self.stranger = _server_context(_authority())

    @property
    def pem(self) -> bytes:
        """The authority's certificate, which clients of the fake must trust."""
        return self._authority.cert_pem.bytes()

    def trust(self) -> ssl.SSLContext:
        """Return an SSL context that trusts the fake."""
        return ssl.create_default_context(cadata=self.pem.decode("ascii"))
