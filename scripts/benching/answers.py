"""The responses of the server, by path: the documented order for us, and for each peer the smallest that it accepts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
ORDER = ROOT / "tests" / "answers" / "cancel" / "200-cancelled-id37294-2025-07.json"
ORDER_ID = 37294
TOKEN = "tk-no-token-at-all"  # noqa: S105 - no account has it

_LETTER = {
    "id": "letter_1",
    "addressPlacement": "top_first_page",
    "color": False,
    "createdAt": "2025-07-01T00:00:00Z",
    "doubleSided": False,
    "envelope": "standard",
    "from": {"id": "contact_1", "addressStatus": "verified", "countryCode": "US"},
    "live": False,
    "mailingClass": "first_class",
    "object": "letter",
    "sendDate": "2025-07-01T00:00:00Z",
    "size": "us_letter",
    "status": "cancelled",
    "to": {"id": "contact_2", "addressStatus": "verified", "countryCode": "US"},
    "updatedAt": "2025-07-01T00:00:00Z",
}
_BATCH = {
    "id": "batch_1",
    "completion_window": "24h",
    "created_at": 1,
    "endpoint": "/v1/responses",
    "input_file_id": "file_1",
    "object": "batch",
    "status": "cancelling",
}
_INTENT = {"id": "pi_1", "object": "payment_intent", "status": "canceled", "amount": 267, "currency": "usd"}


def order() -> dict[str, Any]:
    """Return the documented response to a cancel that succeeded."""
    answer: dict[str, Any] = json.loads(ORDER.read_text("utf-8"))
    return answer


def bodies() -> dict[str, bytes]:
    """Return the body for each path that is served, as compact as a server writes it."""
    answers = {
        f"/order/{ORDER_ID}/cancel": order(),
        "/print-mail/v1/letters/letter_1/cancellation": _LETTER,
        "/v1/letters/ltr_1": {"id": "ltr_1", "deleted": True, "object": "letter_deleted"},
        "/batches/batch_1/cancel": _BATCH,
        "/v1/payment_intents/pi_1/cancel": _INTENT,
    }
    return {path: json.dumps(answer, separators=(",", ":")).encode() for path, answer in answers.items()}
