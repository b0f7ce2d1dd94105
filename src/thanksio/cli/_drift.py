"""Run `thanksio drift`: count where saved responses do not match the contract."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, BinaryIO, cast

import click
from attrs import asdict

from thanksio._verdict import sanitize
from thanksio.cli._format import pluralize
from thanksio.cli._proposal import proposal
from thanksio.cli._saved import UnusableError, orders_of
from thanksio.drift import differences, order_contract

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from thanksio.drift import Drift

DRIFT = 3  # the exit code of this command, which is about no order's outcome


def look(files: Iterable[str], *, as_json: bool, propose: bool) -> int:
    """Show where responses do not match the contract, and return the exit code. Raises UsageError."""
    orders = [order for file in files for order in _read(file)]
    contract = order_contract()
    counts = Counter(drift for order in orders for drift in set(differences(contract, order)))
    found = dict(sorted(counts.items()))
    if as_json:
        drifts = [asdict(drift) | {"responses": count} for drift, count in found.items()]
        click.echo(json.dumps({"responses": len(orders), "drift": drifts}))
    else:
        for line in proposal(found, contract, len(orders)) if propose else _table(found, len(orders)):
            click.echo(line)
    return DRIFT if found else 0


def _read(file: str) -> list[dict[str, object]]:
    name = "stdin" if file == "-" else sanitize(file, str)
    try:
        with click.open_file(file, "rb") as stream:
            return orders_of(cast("BinaryIO", stream).read())
    except OSError as error:
        raise click.UsageError(f"{name} cannot be read: {error.strerror}.") from None
    except UnusableError as error:
        raise click.UsageError(f"{name} cannot be used: {error}.") from None


def _table(found: Mapping[Drift, int], total: int) -> Iterator[str]:
    """Return the differences as lines with aligned columns."""
    if not found:
        yield f"{pluralize(total, 'response')}: all match the contract."
        return
    rows = [("where", "what", "JSON type", "responses")]
    rows += [(drift.pointer, drift.kind, drift.json_type, f"{count:,} of {total:,}") for drift, count in found.items()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    yield "Please report this. --propose prints what to add to openapi.yaml."
