"""Run `thanksio journal`: show the results of a run again from its journal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from thanksio.bulk._journal import Journal
from thanksio.cli import _outcome
from thanksio.cli._cancel import report as write
from thanksio.cli._files import check_targets
from thanksio.cli._finding import remembered
from thanksio.cli._format import Skipped
from thanksio.cli._output import echo
from thanksio.cli._progress import say
from thanksio.cli._tally import Tally

if TYPE_CHECKING:
    from thanksio.cli._format import Exit

_SHOWN = 10_000  # orders that are listed; what is more is for a program
_REST = "thanksio journal {} --json"


def replay(path: str, report: str | None, *, as_json: bool) -> Exit:
    """Show the run, and return its exit code. Raises UsageError if there is no such journal."""
    if not Path(path).exists():
        raise click.UsageError(f"There is no journal at {path}.")
    check_targets({"--report": report}, path, [])
    with Journal(path) as journal:
        count, rows = journal.skipped()
        skipped = Skipped(count, tuple(rows))
        tally = Tally(sum(count for count, _ in journal.totals().values()), _SHOWN, journal.drifts(), skipped=skipped)
        for entry in journal.entries():
            finding = remembered(entry)
            tally.add(finding)
            if as_json:
                echo(json.dumps(finding.as_json()))
        for line in [json.dumps(_outcome.as_json(tally, path))] if as_json else _outcome.summary(tally, path, _REST):
            echo(line) if as_json else say(line)
        if report:
            write(journal, report, quiet=False, err=as_json)
    return tally.exit
