"""Cancel an order with nothing installed but the wheel, at a server of the standard library: bare.py BACKEND."""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import anyio

from thanksio import AsyncThanksIO, ThanksIO


class Handler(BaseHTTPRequestHandler):
    """Answers that order 37294 is cancelled."""

    def do_PUT(self) -> None:
        """Answer a cancel."""
        body = json.dumps({"order": {"id": 37294, "status": "cancelled"}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Send nothing."""


async def cancel(base_url: str) -> str:
    """Cancel it from async code."""
    async with AsyncThanksIO("token", base_url=base_url) as client:
        return str((await client.cancel_order(37294)).status)


def main(backend: str) -> None:
    """Cancel it from sync code and under `backend`."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base_url = f"http://127.0.0.1:{server.server_port}"
        with ThanksIO("token", base_url=base_url) as client:
            print("order 37294, sync:", client.cancel_order(37294).status)
        print(f"order 37294, {backend}:", anyio.run(cancel, base_url, backend=backend))
        server.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
