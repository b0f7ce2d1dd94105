"""Carry out `thanksio cancel`: plan, ask, send, show, sum up."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import ExitStack, closing
from functools import partial
from typing import TYPE_CHECKING

import click
from attrs import frozen

from thanksio import ThanksIO
from thanksio._config import read_base_url
from thanksio._journal import Journal
from thanksio._rate_limit import DOCUMENTED, Pace
from thanksio.cli import _outcome, _plan
from thanksio.cli._before import agreed, journal_path, read_orders, read_token, settled_in
from thanksio.cli._run import Run
from thanksio.cli._screen import choose, say
from thanksio.cli._stop import Stop
from thanksio.cli._wording import Exit, many

if TYPE_CHECKING:
    from collections.abc import Iterable

    from thanksio.cli._plan import Plan
    from thanksio.cli._screen import Screen
    from thanksio.cli._tally import Tally
    from thanksio.drift import Drift


@frozen(kw_only=True)
class Options:
    """What the command line was told, apart from the orders."""

    yes: bool
    dry_run: bool
    as_json: bool
    quiet: bool
    report: str | None
    journal: str | None
    no_journal: bool
    skip_bad_rows: bool
    base_url: str | None
    token_file: str | None
    deadline: float | None
    rate: int | None
    redis: str | None
    in_flight: int
    verbose: bool


def cancel_all(ids: Iterable[str], source: str | None, options: Options) -> Exit:
    """Cancel the orders, and give the exit code. Raises UsageError and ThanksIOError before anything is sent."""
    orders = read_orders(ids, source, skip_bad_rows=options.skip_bad_rows)
    path = journal_path(orders.placed, source, options.journal, none=options.no_journal)
    if options.report and not path:
        raise click.UsageError("--report is made from a journal. Add --journal FILE.")
    base_url = read_base_url(options.base_url)
    rate = min(DOCUMENTED, options.rate or DOCUMENTED)
    plan = _plan.make_plan(orders.placed, time.time(), rate, settled=settled_in(path, base_url))
    _tell(plan, options, path, orders.bad, orders.repeated)
    if options.dry_run:
        return Exit.CANCELLED
    drifts: list[Drift] = []
    with ThanksIO(read_token(options.token_file), base_url=base_url, on_drift=drifts.append) as client:
        agreed(plan.sending, yes=options.yes)
        return _carry_out(Run(plan, client, options.as_json, options.in_flight, drifts), path, base_url, options)


def _tell(plan: Plan, options: Options, path: str | None, bad: int, repeated: int) -> None:
    """Show the plan: on stdout if it is all that was asked for."""
    if options.dry_run and options.as_json:
        click.echo(json.dumps({"plan": _plan.as_json(plan)}))
        return
    if (options.quiet or len(plan.rows) == 1) and not options.dry_run:
        return
    left_out = [f"{many(bad, 'bad row')} left out."] if bad else []
    left_out += [f"{many(repeated, 'number')} given more than once, sent once."] if repeated else []
    told = _plan.told(plan, cap=options.rate, known=DOCUMENTED, journal=path)
    for line in [*left_out, *told, *(["Nothing was sent."] if options.dry_run else [])]:
        say(line, err=not options.dry_run)


def _carry_out(run: Run, path: str | None, base_url: str, options: Options) -> Exit:
    # Nothing may be written between the pictures of a display: neither log records nor results on the same terminal.
    plain = options.verbose or (options.as_json and sys.stdout.isatty())
    screen = choose(run.view, quiet=options.quiet or len(run.plan.rows) == 1, plain=plain)
    with ExitStack() as stack:
        journal = stack.enter_context(Journal(path, base_url)) if path else None
        try:
            _send(run, screen, journal, options)
            if journal:
                run.note(journal)
        finally:  # also if the journal can no longer be written
            run.stopped(journal)
            _sum_up(run.tally, path, options)
        if journal and options.report:
            from thanksio.cli.report import write_report  # noqa: PLC0415 - few ask for it

            write_report(journal, options.report)
            if not options.quiet:
                say(f"Report: {options.report}", err=options.as_json)
    return run.tally.exit


def _send(run: Run, screen: Screen, journal: Journal | None, options: Options) -> None:
    """Send the orders until all are settled, or somebody stops it."""

    def announce() -> None:
        run.is_stopping = True
        screen.stopping()

    results = run.client.cancel_orders(
        ((row.order_id, row.placed) for row in run.plan.rows),
        max_in_flight=options.in_flight,
        pace=Pace(options.rate, storage=options.redis or "memory://"),
        journal=journal,
        deadline=options.deadline,
    )
    with screen, Stop(announce, partial(leave, screen, is_kept=journal is not None)) as stop, closing(results):
        for result in stop.follow(results):
            run.take(result)


def leave(screen: Screen, *, is_kept: bool) -> None:
    """Say what is left, and end the process at once: no lock is waited for, and no thread that waits for an answer."""
    screen.abandon()
    known = "the journal knows them as in flight, and" if is_kept else "nobody can say what came of them;"
    say(f"thanksio: left the orders in flight without their answers: {known} the same command goes on", err=True)
    os._exit(Exit.UNKNOWN)


def _sum_up(tally: Tally, path: str | None, options: Options) -> None:
    """Say what came of it: on stdout, or on stderr if that is for a program."""
    if options.as_json:
        click.echo(json.dumps(_outcome.as_json(tally, path)))
    tell = _outcome.needs if options.quiet else _outcome.summary
    for line in tell(tally, path):
        say(line, err=options.as_json)
    if tally.doomed:
        say(f"thanksio: {tally.doomed.error}", err=True)
