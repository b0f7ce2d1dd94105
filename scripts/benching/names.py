"""The names of the contenders of each section."""

from __future__ import annotations

from benching.contenders import ALONE, ASYNC, SYNC
from benching.peers import PEERS as PEER_MAKERS

PEERS = tuple(PEER_MAKERS)
CALLS = tuple(SYNC)
IN_THREADS = ("httpx", "httpx, a connection for each request", "thanksio")
IN_FLIGHT = (*ASYNC, *IN_THREADS)
PARSE = tuple(ALONE)


def in_threads(name: str) -> str:
    """Return the name of a sync contender that was called from threads."""
    first, comma, rest = name.partition(",")
    return f"{first} in threads{comma}{rest}"
