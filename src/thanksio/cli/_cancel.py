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
from attrs import field, frozen

from thanksio import ThanksIO
from thanksio._config import read_base_url
from thanksio._rate_limit import DOCUMENTED, Pace
from thanksio.bulk._journal import Journal
from thanksio.cli import _outcome, _plan
from thanksio.cli._before import (
    agreed,
    check_report,
    condition,
    journal_path,
    read_orders,
    read_token,
    settled_in,
    zone_of,
)
from thanksio.cli._output import echo
from thanksio.cli._run import Run
from thanksio.cli._screen import choose, say
from thanksio.cli._stop import Stop
from thanksio.cli._wording import NONE_SKIPPED, Exit, Skipped
from thanksio.cli.input import Selection

if TYPE_CHECKING:
    from collections.abc import Iterable

    from thanksio.cli._plan import Plan
    from thanksio.cli._screen import Screen
    from thanksio.cli._tally import Tally
    from thanksio.cli.input import Orders
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
    id_column: str | None
    where: tuple[str, ...]
    timezone: str
    base_url: str | None
    proxy: str | None = field(repr=False)  # it can hold a password
    token_file: str | None
    deadline: float | None
    rate: int | None
    redis: str | None
    in_flight: int
    verbose: bool


def cancel_all(ids: Iterable[str], source: str | None, options: Options) -> Exit:
    """Cancel the orders, and give the exit code. Raises UsageError and ThanksIOError before anything is sent."""
    selection = Selection(options.id_column or "", tuple(map(condition, options.where)), zone_of(options.timezone))
    orders = read_orders(ids, source, selection, skip_bad_rows=options.skip_bad_rows)
    path = journal_path(orders.placed, source, options.journal, none=options.no_journal)
    if options.report and not path:
        raise click.UsageError("--report is made from a journal. Add --journal FILE.")
    check_report(options.report, [source, path, options.token_file])
    base_url = read_base_url(options.base_url)
    rate = min(DOCUMENTED, options.rate or DOCUMENTED)
    plan = _plan.make_plan(orders.placed, time.time(), rate, settled=settled_in(path, base_url))
    _tell(plan, options, path, orders)
    skipped = Skipped(orders.bad, tuple((problem.place, problem.why) for problem in orders.problems))
    if options.dry_run:
        return Exit.NOT_CANCELLED if skipped.count else Exit.CANCELLED
    drifts: list[Drift] = []
    token = read_token(options.token_file)
    with ThanksIO(token, base_url=base_url, proxy=options.proxy, on_drift=drifts.append) as client:
        agreed(plan.sending, yes=options.yes)
        run = Run(plan, client, options.as_json, options.in_flight, drifts, skipped)
        return _carry_out(run, path, base_url, options)


def _tell(plan: Plan, options: Options, path: str | None, orders: Orders) -> None:
    """Show the plan: on stdout if it is all that was asked for."""
    if options.dry_run and options.as_json:
        echo(json.dumps({"plan": _plan.as_json(plan) | _plan.of_input(orders)}))
        return
    if (options.quiet or len(plan.rows) == 1) and not options.dry_run:
        return
    told = _plan.told(plan, cap=options.rate, known=DOCUMENTED, journal=path)
    nothing = ["Nothing was sent."] if options.dry_run else []
    for line in [*_plan.left_out(orders), *told, *_plan.columns(orders, options.timezone), *nothing]:
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
            report(journal, options.report, run.skipped, quiet=options.quiet, err=options.as_json)
    return run.tally.exit


def report(journal: Journal, path: str, skipped: Skipped = NONE_SKIPPED, *, quiet: bool, err: bool) -> None:
    """Write the report. That it cannot be written is said, and does not hide what came of the orders."""
    from thanksio.cli.report import write_report  # noqa: PLC0415 - few ask for it

    try:
        write_report(journal, path, skipped=skipped)
    except OSError as error:
        say(f"thanksio: the report {path} cannot be written: {error.strerror}", err=True)
    else:
        if not quiet:
            say(f"Report: {path}", err=err)


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
        echo(json.dumps(_outcome.as_json(tally, path)))
    tell = _outcome.needs if options.quiet else _outcome.summary
    for line in tell(tally, path):
        say(line, err=options.as_json)
    if tally.doomed:
        say(f"thanksio: {tally.doomed.error}", err=True)
