"""A server that responds at once: with the documented order, and to each peer with a small body that it accepts.

It runs in a process of its own and prints its URL: `python -m bench.server`.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

ORDER_ID = 37294
CANCEL = f"/order/{ORDER_ID}/cancel"
TOKEN = "tk-no-token-at-all"  # noqa: S105 - of no account
ROOT = Path(__file__).resolve().parents[2]
_ORDER = ROOT / "tests" / "responses" / "cancel" / "200-cancelled-id37294-2025-07.json"
_CONTACT = '{"id":"contact_1","addressStatus":"verified","countryCode":"US"}'

# The body of each path, without white space, as a server writes it.
BODIES = {
    CANCEL: json.dumps(json.loads(_ORDER.read_text("utf-8")), separators=(",", ":")).encode(),
    "/print-mail/v1/letters/letter_1/cancellation": (
        '{"id":"letter_1","object":"letter","status":"cancelled","live":false,"color":false,"doubleSided":false,'
        '"addressPlacement":"top_first_page","envelope":"standard","mailingClass":"first_class","size":"us_letter",'
        '"createdAt":"2025-07-01T00:00:00Z","sendDate":"2025-07-01T00:00:00Z","updatedAt":"2025-07-01T00:00:00Z",'
        f'"from":{_CONTACT},"to":{_CONTACT}}}'
    ).encode(),
    "/v1/letters/ltr_1": b'{"id":"ltr_1","deleted":true,"object":"letter_deleted"}',
    "/batches/batch_1/cancel": (
        b'{"id":"batch_1","object":"batch","status":"cancelling","completion_window":"24h","created_at":1,'
        b'"endpoint":"/v1/responses","input_file_id":"file_1"}'
    ),
    "/v1/payment_intents/pi_1/cancel": (
        b'{"id":"pi_1","object":"payment_intent","status":"canceled","amount":267,"currency":"usd"}'
    ),
}


async def _serve_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    is_last = False
    try:
        while not is_last:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            _, _, length = head.partition(b"content-length:")
            await reader.readexactly(int(length.split(b"\r\n")[0]) if length else 0)
            body = BODIES.get(head.split()[1].decode())
            is_last = b"connection: close" in head
            status, close = "200 OK" if body else "404 Not Found", "Connection: close\r\n" if is_last else ""
            fields = f"Content-Type: application/json\r\nContent-Length: {len(body or b'{}')}\r\n{close}"
            writer.write(f"HTTP/1.1 {status}\r\n{fields}\r\n".encode() + (body or b"{}"))
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    writer.close()


async def _serve() -> None:
    server = await asyncio.start_server(_serve_connection, "127.0.0.1", 0, backlog=1000)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
