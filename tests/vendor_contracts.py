"""Contracts as they would be if only one of the vendor's documents were known."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import yaml
from conftest import ROOT

from watching.document import read
from watching.paste import paste
from watching.propose import propose
from watching.values import spelling

VENDOR = ROOT / "tests" / "vendor"
NAMES = ("2025-07", "2025-09", "2026-09")
CONTRACT = yaml.safe_load((ROOT / "openapi.yaml").read_text("utf-8"))
TEXTS = {name: (VENDOR / f"{name}.json").read_text("utf-8") for name in NAMES}


def made_from(name: str) -> dict[str, Any]:
    """Make a contract from one document alone: what it says of the order is what the watch proposes."""
    vendor = read(TEXTS[name]).operations
    frame = deepcopy(CONTRACT)
    frame["info"]["x-vendor-documents"] = []
    spelled = {operation.spelling for operation in vendor}
    frame["paths"] = {path: item for path, item in frame["paths"].items() if spelling(path) in spelled}
    frame["components"]["parameters"]["OrderId"]["x-vendor-names"] = [vendor[0].parameters[0].names[0]]
    frame["components"]["schemas"]["Order"]["properties"] = {}
    for title in frame["components"]["responses"]["OrderAnswer"]["content"]["application/json"].pop("examples"):
        del frame["components"]["examples"][title]
    return paste(frame, propose(vendor, frame, name).entries)
