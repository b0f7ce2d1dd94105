# Generated from openapi.yaml by openapi-python-client: do not edit, run `make generate`.
"""A client library for accessing thanks.io, cancelling an order"""

from .client import AuthenticatedClient, Client

__all__ = (
    "AuthenticatedClient",
    "Client",
)
