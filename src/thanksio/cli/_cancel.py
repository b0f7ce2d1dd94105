"""Carry out `thanksio cancel`: plan, ask, send, show, sum up."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import deque
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, BinaryIO

import click
from attrs import define, field, frozen

from thanksio import ThanksIO, _settings
from thanksio._journal import Journal
from thanksio._pace import DOCUMENTED, Pace, Rate
from thanksio.cli import _outcome, _plan
from thanksio.cli._before import agreed, journal_path, read_orders, read_token, settled_in
from thanksio.cli._finding import found
from thanksio.cli._screen import choose
from thanksio.cli._stop import Stop
from thanksio.cli._tally import Hours, Tally
from thanksio.cli._view import View
from thanksio.cli._wording import Exit, many

if TYPE_CHECKING:
    from collections.abc import Iterable

    from thanksio.bulk import CancelResult
    from thanksio.cli._plan import Plan
    from thanksio.cli._screen import Screen


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


def cancel_all(ids: Iterable[str], source: BinaryIO | None, options: Options) -> Exit:
    """Cancel the orders, and give the exit code. Raises UsageError and ThanksIOError before anything is sent."""
    orders = read_orders(ids, source, skip_bad_rows=options.skip_bad_rows)
    path = journal_path(orders.rows, source.name if source else None, options.journal, none=options.no_journal)
    if options.report and not path:
        raise click.UsageError("--report is made from a journal. Add --journal FILE.")
    base_url = _settings.read_base_url(options.base_url)
    rate = min(DOCUMENTED, options.rate or DOCUMENTED)
    plan = _plan.make_plan(orders.rows, time.time(), rate, settled=settled_in(path, base_url))
    _tell(plan, options, path, len(orders.problems), orders.repeated)
    if options.dry_run:
        return Exit.CANCELLED
    with ThanksIO(read_token(options.token_file), base_url=base_url) as client:
        agreed(plan.sending, yes=options.yes)
        return _carry_out(_Run(plan, client, options, path), base_url)


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
        click.echo(line, err=not options.dry_run)


@define
class _Run:
    """A run that goes on: what is counted of it, and what it looks like."""

    plan: Plan
    client: ThanksIO
    options: Options
    path: str | None
    began: float = field(factory=time.monotonic)
    tally: Tally = field(init=False)
    hours: Hours = field(init=False)
    answered: deque[float] = field(factory=deque[float])  # when the latest orders got their verdict
    is_stopping: bool = False

    def __attrs_post_init__(self) -> None:
        self.tally = Tally(len(self.plan.rows))
        self.hours = Hours.of(self.plan.rows)

    def take(self, result: CancelResult) -> None:
        """Count an order, and give it to whoever reads stdout."""
        finding = found(result)
        self.tally.add(finding)
        self.hours.done(int(finding.order_id))
        if self.tally.done > self.plan.settled:
            self.answered.append(time.monotonic())
        if self.options.as_json:
            click.echo(json.dumps(finding.as_json()))

    def view(self) -> View:
        """Look at it."""
        now = time.monotonic()
        rate = self.client._rate() or Rate(self.plan.rate, 0, 60.0, 0, 0.0)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - of this package
        return View(
            now=time.time(),
            total=self.tally.total,
            counts=self.tally.counts,
            rate=rate,
            speed=max(0, self.tally.done - self.plan.settled) / max(0.001, now - self.began),
            pause=self._pause(rate, now),
            hour=self.hours.next(time.time()),
            is_stopping=self.is_stopping,
        )

    def _pause(self, rate: Rate, now: float) -> float:
        """Give the seconds for which all wait: after a 429, or until the first request of the minute counts no more."""
        while self.answered and self.answered[0] + rate.per <= now:
            self.answered.popleft()
        full = not rate.in_flight and rate.used >= rate.allowed and self.answered
        return rate.closed or (self.answered[0] + rate.per - now if full else 0.0)


def _carry_out(run: _Run, base_url: str) -> Exit:
    options = run.options
    # Nothing may be written between the pictures of a display: neither log records nor results on the same terminal.
    plain = options.verbose or (options.as_json and sys.stdout.isatty())
    screen = choose(run.view, quiet=options.quiet or len(run.plan.rows) == 1, plain=plain)
    with ExitStack() as stack:
        journal = stack.enter_context(Journal(run.path, base_url)) if run.path else None
        _send(run, screen, journal)
        run.tally.stop()
        _sum_up(run)
        if journal and options.report:
            from thanksio.cli._report import write_report  # noqa: PLC0415 - few ask for it

            write_report(journal, options.report)
            _say(options, f"Report: {options.report}")
    return run.tally.exit


def _send(run: _Run, screen: Screen, journal: Journal | None) -> None:
    """Send the orders until all are settled, or somebody stops it."""

    def announce() -> None:
        run.is_stopping = True
        screen.stopping()

    def leave() -> None:
        screen.abandon()
        known = "the journal knows them as in flight, and" if journal else "nobody can say what came of them;"
        click.echo(
            f"thanksio: left without the answers of the orders in flight: {known} the same command goes on.", err=True
        )
        os._exit(Exit.UNKNOWN)  # the threads that wait for the answers would keep it alive

    pace = Pace(run.options.rate, storage=run.options.redis or "memory://")
    results = run.client.cancel_orders(
        ((row.order_id, row.placed) for row in run.plan.rows),
        max_in_flight=run.options.in_flight,
        pace=pace,
        journal=journal,
        deadline=run.options.deadline,
    )
    with screen, Stop(announce, leave) as stop, closing(results):
        for result in stop.follow(results):
            run.take(result)


def _sum_up(run: _Run) -> None:
    """Say what came of it: on stdout, or on stderr if that is for a program."""
    options, tally = run.options, run.tally
    if options.as_json:
        click.echo(json.dumps(_outcome.as_json(tally, run.path)))
    tell = _outcome.needs if options.quiet else _outcome.summary
    for line in tell(tally, run.path):
        click.echo(line, err=options.as_json)
    if tally.doomed:
        click.echo(f"thanksio: {tally.doomed.error}", err=True)


def _say(options: Options, line: str) -> None:
    if not options.quiet:
        click.echo(line, err=options.as_json)
