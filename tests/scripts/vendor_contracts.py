"""Contracts as they would be if only one of the vendor's documents were known."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import TYPE_CHECKING, Any

import yaml
from conftest import ROOT

from vendor_drift.__main__ import DOCUMENTS
from vendor_drift.compare import compare
from vendor_drift.contract import read_contract
from vendor_drift.document import Document, parse_document
from vendor_drift.propose import propose
from vendor_drift.report import Report

if TYPE_CHECKING:
    from vendor_drift.values import Contract

CONTRACT = yaml.safe_load((ROOT / "openapi.yaml").read_text("utf-8"))
TEXTS = {path.stem: path.read_text("utf-8") for path in sorted(DOCUMENTS.glob("*.json"))}
COVERED = {name: parse_document(text) for name, text in TEXTS.items()}


def report(document: Document, raw: dict[str, Any], covered: dict[str, Document]) -> Report:
    contract = read_contract(raw, covered)
    return Report("document.json", document, contract, compare(document, contract))


def pasted(found: Report, raw: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the contract with the proposal pasted: an entry replaces an existing one."""
    proposal = yaml.safe_load("\n".join(propose(found, raw, name))) or {"info": {}, "components": {"schemas": {}}}
    merged = deepcopy(raw)
    merged["info"]["x-evidence-keys"].update(proposal["info"].get("x-evidence-keys", {}))
    for schema, entries in proposal["components"]["schemas"].items():
        merged["components"]["schemas"][schema]["properties"].update(entries["properties"])
    return merged


@cache
def made_from(name: str) -> dict[str, Any]:
    """Return a contract made from one document alone: its fields are those that are proposed."""
    (operation,) = COVERED[name].operations
    frame = deepcopy(CONTRACT)
    frame["paths"] = {
        path: item
        for path, item in frame["paths"].items()
        if path.replace("order_id", "orderId") == operation.path.replace("order_id", "orderId")
    }
    frame["components"]["parameters"]["OrderId"]["x-vendor-names"] = [operation.parameters[0].names[0]]
    frame["components"]["schemas"]["Order"]["properties"] = {}
    for title in frame["components"]["responses"]["OrderResponse"]["content"]["application/json"].pop("examples"):
        del frame["components"]["examples"][title]
    made = pasted(report(COVERED[name], frame, {}), frame, name)
    for field, schema in made["components"]["schemas"]["Order"]["properties"].items():
        if (
            schema.get("type") == ["object", "null"]
            and "null" not in operation.response.fields[f"/order/{field}"].types
        ):
            schema["type"] = "object"  # null was added for the generated code; the document does not have it
    return made


@cache
def contract(name: str) -> Contract:
    return read_contract(made_from(name), {name: COVERED[name]})
