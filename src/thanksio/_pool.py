"""Find the connection behind a socket in httpcore's pool, and tell whether it may be used again.

httpcore shows a pool's connections and not what is in them: two private names are read here, `_network_stream` and
`_h11_state`, and one, `_connection`, leads through the connection of a proxy. Where they are missing nothing is lost
but what this module adds.
"""

from __future__ import annotations

import h11
import httpcore


def holder(pool: object, stream: object) -> object:
    """Find the connection of a pool that holds a stream; the one of a proxy wraps another. None if it is not shown."""
    for connection in getattr(pool, "connections", ()):
        while connection is not None and getattr(connection, "_network_stream", None) is not stream:
            connection = getattr(connection, "_connection", None)  # noqa: PLW2901
        if connection is not None:
            return connection
    return None


def is_spent(connection: object, *, readable: bool) -> bool:
    """Whether an idle connection may not be used again: bytes came that nobody had asked for, or it was closed.

    httpcore asks only whether its socket is readable. That says too much when another thread has begun to use the
    connection meanwhile: then its answer is what can be read.
    """
    parser = getattr(connection, "_h11_state", None)
    if parser is None:
        return readable
    return parser.our_state is h11.IDLE and has_unasked(connection, readable=readable)


def has_unasked(connection: object, *, readable: bool) -> bool:
    """Whether there are bytes for which no request has left: on the socket, or read with the answer before.

    The next request would take them for its own. In HTTP/2 every answer has a number, so nothing is mistaken.
    """
    parser = getattr(connection, "_h11_state", None)
    return parser is not None and (readable or bool(parser.trailing_data[0]))


def close(connection: object) -> None:
    """Give up a connection, and its place in the pool."""
    if isinstance(connection, httpcore.ConnectionInterface):
        connection.close()


async def aclose(connection: object) -> None:
    """Do the same for an async one."""
    if isinstance(connection, httpcore.AsyncConnectionInterface):
        await connection.aclose()
