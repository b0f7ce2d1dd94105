"""Run `thanksio cancel`: read and plan, confirm, send, show progress, and summarize."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from attrs import field, frozen

from thanksio import ThanksIO
from thanksio._config import read_base_url
from thanksio._rate_limit import DOCUMENTED, Pace
from thanksio.bulk._journal import Journal
from thanksio.cli import _check, _outcome, _plan, _settle
from thanksio.cli._annotate import write_output
from thanksio.cli._files import check_targets, replacing
from thanksio.cli._format import Exit, Skipped
from thanksio.cli._output import echo
from thanksio.cli._preflight import (
    condition,
    confirm,
    earlier_run,
    journal_path,
    opened_input,
    read_orders,
    read_token,
    zone_of,
)
from thanksio.cli._progress import choose, say
from thanksio.cli._signals import Stop
from thanksio.cli._tracker import RunTracker
from thanksio.cli.input import Selection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TypeAlias

    from thanksio.cli._plan import Plan
    from thanksio.cli._preflight import EarlierRun, Input
    from thanksio.cli._progress import Progress
    from thanksio.cli._tally import Tally
    from thanksio.cli.input import Orders
    from thanksio.drift import Drift

    WriteOutput: TypeAlias = Callable[[Journal, str], None]

_STEP = 0.2  # seconds


@frozen(kw_only=True)
class Options:
    """The options of the command line, without the orders."""

    yes: bool
    dry_run: bool
    with_check: bool
    until_settled: bool
    as_json: bool
    quiet: bool
    report: str | None
    output: str | None
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


def cancel_all(ids: tuple[str, ...], source: str | None, options: Options) -> Exit:
    """Cancel the orders, and return the exit code. Raises UsageError and ThanksIOError before anything is sent."""
    with opened_input(ids, source, is_read_twice=options.output is not None) as given:
        return _cancel(given, source, options)


def _cancel(given: Input, source: str | None, options: Options) -> Exit:
    selection = Selection(options.id_column or "", tuple(map(condition, options.where)), zone_of(options.timezone))
    orders = read_orders(given, selection, skip_bad_rows=options.skip_bad_rows)
    path = journal_path(
        orders.placed, source, options.journal, none=options.no_journal, is_needed=options.until_settled
    )
    needs = [name for name in ("report", "output", "until_settled") if getattr(options, name)]
    if needs and not path:
        raise click.UsageError(f"--{needs[0].replace('_', '-')} needs a journal. Add --journal FILE.")
    check_targets({"--report": options.report, "--output": options.output}, path, [source, options.token_file])
    base_url = read_base_url(options.base_url)
    checked = _checked(options, base_url) if options.with_check else None
    before = earlier_run(path, base_url)
    limit, basis = _limit(checked, before)
    plan = _plan.make_plan(orders.placed, time.time(), min(limit, options.rate or limit), settled=before.settled)
    lines = _plan.lines(plan, cap=options.rate, limit=limit, basis=basis, journal=path)
    _show_plan(plan, lines, options, orders)
    skipped = Skipped(orders.bad, tuple((problem.place, problem.why) for problem in orders.problems))
    if options.dry_run:
        return (checked and checked.exit) or (Exit.NOT_CANCELLED if skipped.count else Exit.CANCELLED)
    drifts: list[Drift] = []
    token = read_token(options.token_file)
    with ThanksIO(token, base_url=base_url, proxy=options.proxy, on_drift=drifts.append) as client:
        confirm(plan.sending, yes=options.yes)
        run = RunTracker(plan, client, options.as_json, options.in_flight, drifts, skipped)
        return _carry_out(run, partial(_write_output, given, selection), path, base_url, options)


def _limit(checked: _check.Checked | None, before: EarlierRun) -> tuple[int, str]:
    """Return the requests a minute to plan with, and where that number comes from."""
    if checked:
        return checked.requests, "as checked"
    return (before.allowed, "as in the last run") if before.allowed else (DOCUMENTED, _plan.AS_DOCUMENTED)


def check_settings(
    base_url: str | None, proxy: str | None, token_file: str | None, deadline: float | None, *, as_json: bool
) -> Exit:
    """Run `thanksio check`, and return the exit code. Raises ConfigurationError for unusable settings."""
    settings = _check.Settings(read_token(token_file), read_base_url(base_url), proxy, deadline)
    checked = _check.check(settings)
    _check.show(checked, as_json=as_json)
    return checked.exit


def _checked(options: Options, base_url: str) -> _check.Checked:
    settings = _check.Settings(read_token(options.token_file), base_url, options.proxy, options.deadline)
    checked = _check.check(settings)
    _check.show(checked, as_json=options.as_json)
    return checked


def _show_plan(plan: Plan, lines: Iterator[str], options: Options, orders: Orders) -> None:
    """Show the plan: on stdout if it is all that was asked for."""
    if options.dry_run and options.as_json:
        echo(json.dumps({"plan": _plan.as_json(plan) | _plan.of_input(orders)}))
        return
    if (options.quiet or len(plan.rows) == 1) and not options.dry_run:
        return
    sent = "No order was cancelled." if options.with_check else "Nothing was sent."
    nothing = [sent] if options.dry_run else []
    for line in [*_plan.left_out(orders), *lines, *_plan.columns(orders, options.timezone), *nothing]:
        say(line, err=not options.dry_run)


def _carry_out(run: RunTracker, write: WriteOutput, path: str | None, base_url: str, options: Options) -> Exit:
    # Nothing else may be written to the terminal of a live display: neither log records nor results.
    plain = options.verbose or (options.as_json and sys.stdout.isatty()) or len(run.plan.rows) == 1
    progress = choose(run.view, quiet=options.quiet or not run.plan.sending, plain=plain)
    with ExitStack() as stack:
        journal = stack.enter_context(Journal(path, base_url)) if path else None
        try:
            if journal:
                journal.add_skipped(run.skipped.count, run.skipped.rows)
            _send_all(run, progress, journal, options)
            if journal:
                run.note(journal)
        finally:  # also if the journal can no longer be written
            run.stopped(journal)
            _sum_up(run.tally, path, options)
            if journal:
                _write_files(journal, write, options)
    return run.tally.exit


def _write_files(journal: Journal, write: WriteOutput, options: Options) -> None:
    if options.output:
        written(options.output, partial(write, journal), quiet=options.quiet, err=options.as_json)
    if options.report:
        report(journal, options.report, quiet=options.quiet, err=options.as_json)


def _write_output(given: Input, selection: Selection, journal: Journal, path: str) -> None:
    with replacing(
        Path(path), encoding="utf-8-sig", is_private=True
    ) as file:  # Excel needs a byte order mark to detect UTF-8
        write_output(file, given, selection, journal.find)


def report(journal: Journal, path: str, *, quiet: bool, err: bool) -> None:
    """Write the report."""
    from thanksio.cli.report import write_report  # noqa: PLC0415 - few ask for it

    written(path, partial(write_report, journal), quiet=quiet, err=err)


def written(path: str, write: Callable[[str], None], *, quiet: bool, err: bool) -> None:
    """Write a file. A failure is reported, and does not hide the results of the run."""
    try:
        write(path)
    except OSError as error:
        say(f"thanksio: {path} cannot be written: {error.strerror}", err=True)
    else:
        if not quiet:
            say(f"Written: {path}", err=err)


def _send_all(run: RunTracker, progress: Progress, journal: Journal | None, options: Options) -> None:
    """Send the orders until all are settled, or the run is stopped."""

    def announce() -> None:
        run.is_stopping = True
        progress.stopping()

    with progress, Stop(announce, partial(leave, progress, is_kept=journal is not None)) as stop:
        _send([(row.order_id, row.placed) for row in run.plan.rows], run, stop, journal, options)
        asked = 0
        while journal and options.until_settled and not (stop.is_requested or run.tally.fatal):
            again = _settle.to_ask_again(journal.entries(), run.order_ids, time.time())
            if not again:
                return
            _wait(run, stop, len(again), _settle.pause(asked))
            if not stop.is_requested:
                _send(again, run, stop, journal, options)
            asked += 1


def _send(
    orders: Iterable[tuple[int, float | None]], run: RunTracker, stop: Stop, journal: Journal | None, options: Options
) -> None:
    results = run.client.cancel_orders(
        orders,
        max_in_flight=options.in_flight,
        pace=Pace(options.rate, storage=options.redis or "memory://"),
        journal=journal,
        deadline=options.deadline,
    )
    with closing(results):
        for result in stop.follow(results):
            run.take(result)


def _wait(run: RunTracker, stop: Stop, orders: int, seconds: float) -> None:
    """Wait in short steps, because a Python signal handler does not end a sleep."""
    end = time.monotonic() + seconds
    run.pause = (orders, end)
    while not stop.is_requested and (left := end - time.monotonic()) > 0:
        time.sleep(min(left, _STEP))
    run.pause = None


def leave(progress: Progress, *, is_kept: bool) -> None:
    """End the process at once without waiting for locks or threads, and report the unfinished orders."""
    progress.abandon()
    known = "the journal has them as in flight. Run the same command again" if is_kept else "their outcome is unknown"
    say(f"thanksio: ended without waiting for the orders in flight: {known}.", err=True)
    os._exit(Exit.UNKNOWN)


def _sum_up(tally: Tally, path: str | None, options: Options) -> None:
    """Print the summary: on stdout, or on stderr if stdout is for a program."""
    if options.as_json:
        echo(json.dumps(_outcome.as_json(tally, path)))
    tell = _outcome.needs if options.quiet else _outcome.summary
    for line in tell(tally, path):
        say(line, err=options.as_json)
    if tally.fatal:
        say(f"thanksio: {tally.fatal.error}", err=True)
