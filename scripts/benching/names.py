"""The contenders of each section by name, for those who must not import them."""

from __future__ import annotations

from benching.contenders import ALONE, ASYNC, SYNC
from benching.peers import PEERS as PEER_MAKERS

PEERS = tuple(PEER_MAKERS)
CALLS = tuple(SYNC)
IN_FLIGHT = (*ASYNC, "httpx", "thanksio")  # the last two are called from threads
PARSE = tuple(ALONE)
