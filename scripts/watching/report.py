"""Write what the watch found, as a table for people, as JSON for machines, as YAML to paste. Pure."""

from __future__ import annotations

import json
import textwrap
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import yaml
from attrs import asdict, frozen

from thanksio._verdict import sanitize
from watching.fields import nearest
from watching.paste import RULE
from watching.values import GROUPS, Contract, Difference, Operation
from watching.verdict import told, verdict, wanted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from watching.propose import Proposal

WIDTH = 100
_COLUMNS = (15, 36, 18, 23)  # with two spaces before each
_LONGEST = 200  # characters of one cell
_FOLD = 70  # characters from which on a text is folded


@frozen
class Found:
    """What there is to report."""

    source: str
    vendor: Sequence[Operation]
    contract: Contract
    differences: Sequence[Difference]


def table(found: Found) -> str:
    """Return the report for people, at most 100 columns wide."""
    lines = [f"The document {_clean(found.source)}", ""]
    for operation in found.vendor:
        known = nearest(operation.answer, found.contract).name
        lines += [f"  {operation.methods[0].upper()} {_clean(operation.path)}, compared with the document of {known}"]
        lines += [f"    its example: {told(example)}" for example in operation.answer.examples]
    for title, kinds in GROUPS.items():
        rows = [difference for difference in found.differences if difference.kind in kinds]
        lines += ["", title, _row("", "where", "we say", "the document says"), *map(_difference, rows)] if rows else []
    return "\n".join([*(_cut(line) for line in lines), "", _headline(len(found.differences))])


def _headline(count: int) -> str:
    if not count:
        return "Nothing differs: the contract covers this document."
    differ = "1 thing differs" if count == 1 else f"{count:,} things differ"
    return f"{differ}. `make vendor-drift PROPOSE=1` prints what to paste into openapi.yaml."


def _difference(difference: Difference) -> str:
    return _row(difference.kind, difference.where, difference.ours, difference.theirs)


def _row(*cells: str) -> str:
    columns = [_wrapped(cell, width) for cell, width in zip(cells, _COLUMNS, strict=True)]
    lines = zip_longest(*columns, fillvalue="")
    padded = (zip(line, _COLUMNS, strict=True) for line in lines)
    return "\n".join("".join(f"  {part:<{width}}" for part, width in line).rstrip() for line in padded)


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(_clean(text), width, break_on_hyphens=False) or [""]


def _cut(line: str) -> str:
    return "\n".join(part if len(part) <= WIDTH else part[: WIDTH - 1] + "…" for part in line.split("\n"))


def _clean(text: str) -> str:
    return sanitize(text, str, _LONGEST)


def as_json(found: Found) -> str:
    """Return the report for machines."""
    examples = [
        {"path": operation.path, "verdict": verdict(example), "should_be": wanted(example)}
        for operation in found.vendor
        for example in operation.answer.examples
    ]
    paths = [
        {"path": operation.path, "compared_with": nearest(operation.answer, found.contract).name}
        for operation in found.vendor
    ]
    differences = [asdict(difference) for difference in found.differences]
    report = {"document": found.source, "operations": paths, "examples": examples, "differences": differences}
    return json.dumps(report, indent=2, ensure_ascii=False)


def as_yaml(proposal: Proposal) -> str:
    """Return a proposal as YAML in the shape of openapi.yaml, with what is left to do by hand as comments."""
    if not proposal.entries and not proposal.by_hand:
        return "# Nothing to propose: the contract covers this document.\n"
    head = (
        ["For openapi.yaml. " + RULE, "Then fill in each REVIEW, run make generate, and read the diff."]
        if proposal.entries
        else []
    )
    head += ["Not proposed, for it takes a decision:"] if proposal.by_hand else []
    head += [f"  {_sentence(difference)}" for difference in proposal.by_hand]
    comments = "".join(f"# {part}\n" for line in head for part in textwrap.wrap(line, 110, subsequent_indent="    "))
    return comments + (_dumped(proposal.entries) if proposal.entries else "")


def _sentence(difference: Difference) -> str:
    parts = (difference.kind, difference.where, difference.ours, difference.theirs)
    kind, where, ours, theirs = map(_clean, parts)
    return f"{kind} at {where}: we say {ours}, the document says {theirs}"


def _dumped(entries: dict[str, Any]) -> str:
    return yaml.dump(entries, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


class _Dumper(yaml.SafeDumper):
    """Write YAML as openapi.yaml is written: short lists on one line, long texts folded, nothing by reference."""

    def ignore_aliases(self, _data: object) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001, FBT002, ARG002 - PyYAML's
        super().increase_indent(flow, indentless=False)


def _write_text(dumper: _Dumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text and "\r" not in text else ">" if len(text) > _FOLD and " " in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


def _write_list(dumper: _Dumper, items: Iterable[object]) -> yaml.Node:
    listed = list(items)
    is_short = all(isinstance(item, str | int) and len(str(item)) < 40 for item in listed)  # noqa: PLR2004 - a word
    return dumper.represent_sequence("tag:yaml.org,2002:seq", listed, flow_style=is_short)


_Dumper.add_representer(str, _write_text)
_Dumper.add_representer(list, _write_list)
