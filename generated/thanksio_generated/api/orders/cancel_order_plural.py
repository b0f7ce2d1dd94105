# Generated from openapi.yaml by openapi-python-client: do not edit, run `make generate`.
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.error_answer import ErrorAnswer
from ...models.order_answer import OrderAnswer
from ...types import Response


def _get_kwargs(
    order_id: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "put",
        "url": "/orders/{order_id}/cancel".format(
            order_id=quote(str(order_id), safe=""),
        ),
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> ErrorAnswer | OrderAnswer | None:
    if response.status_code == 200:
        response_200 = OrderAnswer.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = ErrorAnswer.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = ErrorAnswer.from_dict(response.json())

        return response_401

    if response.status_code == 402:
        response_402 = ErrorAnswer.from_dict(response.json())

        return response_402

    if response.status_code == 403:
        response_403 = ErrorAnswer.from_dict(response.json())

        return response_403

    if response.status_code == 404:
        response_404 = ErrorAnswer.from_dict(response.json())

        return response_404

    if response.status_code == 405:
        response_405 = ErrorAnswer.from_dict(response.json())

        return response_405

    if response.status_code == 422:
        response_422 = ErrorAnswer.from_dict(response.json())

        return response_422

    if response.status_code == 429:
        response_429 = ErrorAnswer.from_dict(response.json())

        return response_429

    if 500 <= response.status_code <= 599:
        response_5xx = ErrorAnswer.from_dict(response.json())

        return response_5xx

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[ErrorAnswer | OrderAnswer]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    order_id: str,
    *,
    client: AuthenticatedClient,
) -> Response[ErrorAnswer | OrderAnswer]:
    """Cancel an order (plural path).

     The same operation under the path of the documents from 2025-09 on, which name the parameter
    `orderId`. No document states whether the server still supports the singular path.

    Args:
        order_id (str): ID of the order, in decimal digits. Documented as a string in the path and
            as an integer in every body. The pattern is a rule of this client.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErrorAnswer | OrderAnswer]
    """

    kwargs = _get_kwargs(
        order_id=order_id,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    order_id: str,
    *,
    client: AuthenticatedClient,
) -> ErrorAnswer | OrderAnswer | None:
    """Cancel an order (plural path).

     The same operation under the path of the documents from 2025-09 on, which name the parameter
    `orderId`. No document states whether the server still supports the singular path.

    Args:
        order_id (str): ID of the order, in decimal digits. Documented as a string in the path and
            as an integer in every body. The pattern is a rule of this client.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErrorAnswer | OrderAnswer
    """

    return sync_detailed(
        order_id=order_id,
        client=client,
    ).parsed


async def asyncio_detailed(
    order_id: str,
    *,
    client: AuthenticatedClient,
) -> Response[ErrorAnswer | OrderAnswer]:
    """Cancel an order (plural path).

     The same operation under the path of the documents from 2025-09 on, which name the parameter
    `orderId`. No document states whether the server still supports the singular path.

    Args:
        order_id (str): ID of the order, in decimal digits. Documented as a string in the path and
            as an integer in every body. The pattern is a rule of this client.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErrorAnswer | OrderAnswer]
    """

    kwargs = _get_kwargs(
        order_id=order_id,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    order_id: str,
    *,
    client: AuthenticatedClient,
) -> ErrorAnswer | OrderAnswer | None:
    """Cancel an order (plural path).

     The same operation under the path of the documents from 2025-09 on, which name the parameter
    `orderId`. No document states whether the server still supports the singular path.

    Args:
        order_id (str): ID of the order, in decimal digits. Documented as a string in the path and
            as an integer in every body. The pattern is a rule of this client.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErrorAnswer | OrderAnswer
    """

    return (
        await asyncio_detailed(
            order_id=order_id,
            client=client,
        )
    ).parsed
