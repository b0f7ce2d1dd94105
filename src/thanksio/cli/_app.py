"""Parse the command line, and report an error in one line. Slow imports happen in the command that needs them."""

from __future__ import annotations

import logging
import math
import os
import sys
import traceback
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click
from attrs import define

from thanksio.cli._format import Exit
from thanksio.cli._output import echo, prepare, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from thanksio.testing._orders import Shape

_HELP: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_FILE = click.Path(exists=True, dir_okay=False, readable=True, allow_dash=True)
_NEW = click.Path(dir_okay=False)
_SHELLS = click.Choice(["bash", "zsh", "fish"])
_RECORD = "%(asctime)s %(name)s: %(message)s"
_MOST = 1000  # orders in flight, as the client has it
_CODES = """\b
Exit codes:
  0  all orders are cancelled
  1  something unexpected happened
  2  the command or its input is wrong
  3  some order is not cancelled, was refused, or was not tried, or a row was
     skipped
  4  the outcome of some order is unknown (takes precedence over 3)
  5  the token, the billing or the configuration is wrong (takes precedence
     over 4)"""
_CHECK_CODES = """\b
Exit codes:
  0  everything that a run needs is in order
  2  the command is wrong
  4  the response does not show it: try again
  5  the token, the billing, the address, the proxy or a certificate is wrong"""
_EXAMPLES = """\b
Examples:
  thanksio cancel 37294
  thanksio cancel --from orders.csv --dry-run
  thanksio cancel --from orders.csv --yes --json > results.jsonl"""
_DRIFT_CODES = """\b
Exit codes:
  0  all responses match the contract
  2  the command is wrong, or a file does not contain responses
  3  some response does not match the contract"""
_DRIFT_EXAMPLES = """\b
Examples:
  thanksio drift responses.jsonl
  curl ... | thanksio drift - --propose"""
_SETUP = """\b
Environment:
  THANKSIO_TOKEN     the token, unless --token-file is used
  THANKSIO_BASE_URL  API base URL, unless --base-url is used"""


@define
class _Talk:
    """How much of an error is shown."""

    verbose: bool = False


class _App(click.Group):
    """Convert every exception into an exit code and one line."""

    def main(self, args: Sequence[str] | None = None, *arguments: Any, **settings: Any) -> Any:  # noqa: ANN401 - click's own
        """Run a command, and exit."""
        talk = settings.setdefault("obj", _Talk())
        settings["standalone_mode"] = False
        prepare()
        try:
            code = super().main(args, *arguments, **settings)
        except Exception as error:  # noqa: BLE001 - the last one that can say it in words
            line, code = _explain(error)
            if talk.verbose:
                traceback.print_exception(error)
            echo(printable(f"thanksio: {line}"), err=True)
        sys.exit(int(code or 0))


def _explain(error: Exception) -> tuple[str, Exit]:
    """Return what happened and what to do next, and the exit code."""
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx else "thanksio"
        return f"{error.format_message().rstrip('.')}. See: {path} --help", Exit.USAGE
    if isinstance(error, click.ClickException):
        return error.format_message(), Exit(error.exit_code)
    if isinstance(error, click.Abort):
        return "stopped", Exit.NOT_CANCELLED
    errors = import_module("thanksio.errors")  # imported late: any command has already loaded it
    if isinstance(error, errors.ThanksIOError):
        return str(error), Exit.CONFIGURATION if isinstance(error, errors.ConfigurationError) else Exit.UNEXPECTED
    what = str(error) if isinstance(error, OSError) else type(error).__name__  # others may quote private data
    return f"unexpected: {what}. Run it again with -v to see where", Exit.UNEXPECTED


class _Stderr(logging.Handler):
    """Print warnings as one line each, and with -v all records with their time."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record to the current stderr, which a live display replaces."""
        echo(self.format(record), err=True)


def _verbose(context: click.Context, _option: click.Parameter, value: bool) -> bool:  # noqa: FBT001 - click's own
    value = value or os.environ.get("THANKSIO_LOG", "").lower() == "debug"
    context.obj.verbose = value
    logger, drift, handler = logging.getLogger("thanksio"), logging.getLogger("thanksio.drift"), _Stderr()
    handler.setFormatter(logging.Formatter(_RECORD if value else "thanksio: %(message)s", "%H:%M:%S%z"))
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if value else logging.WARNING)
    drift.setLevel(logging.NOTSET if value else logging.ERROR)  # for maintainers of the contract

    def undo() -> None:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
        drift.setLevel(logging.NOTSET)

    context.call_on_close(undo)
    return value


def _given(_context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    if value is not None and not value.strip():  # a variable that is not set
        raise click.BadParameter("must not be empty.", param=option)
    return value


def _seconds(_context: click.Context, option: click.Parameter, value: float | None) -> float | None:
    if value is not None and not 0 < value < math.inf:  # NaN is neither
        raise click.BadParameter("it must be a positive number of seconds.", param=option)
    return value


_BASE_URL = click.option("--base-url", callback=_given, metavar="URL", help="API base URL.")
_PROXY = click.option(
    "--proxy", callback=_given, metavar="URL", help="Send through this proxy.  [default: HTTPS_PROXY or ALL_PROXY]"
)
_TOKEN_FILE = click.option(
    "--token-file", type=_NEW, callback=_given, metavar="FILE", help="Read the token from a file."
)


@click.group(cls=_App, context_settings=_HELP, epilog=_SETUP, invoke_without_command=True)
@click.version_option(package_name="thanksio", message="thanksio %(version)s")
@click.pass_context
def app(context: click.Context) -> None:
    """Cancel thanks.io orders, and show for each whether it is cancelled."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@app.command(epilog=f"{_CODES}\n\n{_EXAMPLES}\n\n{_SETUP}")
@click.argument("ids", nargs=-1)
@click.option("source", "--from", type=_FILE, metavar="FILE", help="Read the orders of a file, - for stdin.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")
@click.option("--dry-run", is_flag=True, help="Show the plan, and cancel nothing.")
@click.option("--check", "with_check", is_flag=True, help="With --dry-run: check the settings and the rate limit.")
@click.option("--until-settled", is_flag=True, help="Repeat unknown and reviewing orders until all are settled.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per order, and a summary.")
@click.option("--quiet", "-q", is_flag=True, help="Show only what needs attention.")
@click.option("--report", type=_NEW, callback=_given, metavar="FILE.html", help="Write an HTML report about the run.")
@click.option("--output", type=_NEW, callback=_given, metavar="FILE.csv", help="Write the input rows with verdicts.")
@click.option(
    "--journal", type=_NEW, callback=_given, metavar="FILE", help="Record of the run.  [default: beside the input]"
)
@click.option("--no-journal", is_flag=True, help="Do not keep a journal: a stopped run cannot be resumed.")
@click.option("--skip-bad-rows", is_flag=True, help="Skip rows that cannot be read.")
@click.option("--id-column", callback=_given, metavar="NAME", help="Column of the order ids.")
@click.option("--where", multiple=True, metavar="COLUMN=VALUE", help="Only rows with this value; can be repeated.")
@click.option("--timezone", default="UTC", show_default=True, metavar="NAME", help="Time zone of times without one.")
@_BASE_URL
@_PROXY
@_TOKEN_FILE
@click.option(
    "--deadline",
    type=float,
    callback=_seconds,
    metavar="SECONDS",
    help="Longest time for one call; after a 429, an order gets up to 3.  [default: 90]",
)
@click.option("--rate", type=click.IntRange(1), metavar="PER_MINUTE", help="Maximum requests per minute.")
@click.option("--redis", callback=_given, metavar="URL", help="Share the rate limit through this Redis URL.")
@click.option(
    "--in-flight",
    type=click.IntRange(1, _MOST),
    default=8,
    show_default=True,
    metavar="N",
    help="Orders in flight at a time.",
)
@click.option(
    "-v", "--verbose", is_flag=True, callback=_verbose, help="Show every attempt, and the traceback of an error."
)
@click.pass_context
def cancel(context: click.Context, /, ids: tuple[str, ...], source: str | None, **options: Any) -> int:  # noqa: ANN401
    """Cancel the orders with these IDS, or those of a file.

    The file has a column order_id or id, and optionally placed_at or created_at: the orders with the least time left go
    first. It is CSV, JSON, JSON lines, plain lines of numbers or an .xlsx workbook (extra xlsx). To resume a run that
    was stopped, run the same command again.
    """
    from thanksio.cli._cancel import Options, cancel_all  # noqa: PLC0415 - the help must not wait for httpx and rich

    if bool(ids) == bool(source):
        raise click.UsageError(f"Pass order ids, or a file with --from{', not both' if ids else ''}.", context)
    if options["with_check"] and not options["dry_run"]:
        raise click.UsageError("--check needs --dry-run. To check only the settings: thanksio check.", context)
    return cancel_all(ids, source, Options(**options))


@app.command(epilog=f"{_CHECK_CODES}\n\n{_SETUP}")
@_BASE_URL
@_PROXY
@_TOKEN_FILE
@click.option("--deadline", type=float, callback=_seconds, metavar="SECONDS", help="Longest time.  [default: 30]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "-v", "--verbose", is_flag=True, callback=_verbose, help="Show every attempt, and the traceback of an error."
)
def check(as_json: bool, verbose: bool, **settings: Any) -> int:  # noqa: ANN401, FBT001 - click passes by name
    """Check address, proxy, certificate, token, path and rate limit, and cancel nothing.

    One cancel request is sent, for an order id that cannot exist.
    """
    from thanksio.cli._cancel import check_settings  # noqa: PLC0415 - the help must not wait for httpx

    del verbose  # its callback configures logging
    return check_settings(**settings, as_json=as_json)


@app.command()
@click.argument("file", type=_NEW)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per order, and a summary.")
@click.option("--report", type=_NEW, callback=_given, metavar="FILE.html", help="Write an HTML report about the run.")
def journal(file: str, report: str | None, *, as_json: bool) -> int:
    """Show the results of a run again, and exit as it did."""
    from thanksio.cli._replay import replay  # noqa: PLC0415 - the help must not wait for sqlite and httpx

    return replay(file, report, as_json=as_json)


@app.command(epilog=f"{_DRIFT_CODES}\n\n{_DRIFT_EXAMPLES}")
@click.argument("files", nargs=-1, required=True, type=_FILE, metavar="FILE...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--propose", is_flag=True, help="Print what to add to openapi.yaml, for a person to review.")
@click.pass_context
def drift(context: click.Context, /, files: tuple[str, ...], *, as_json: bool, propose: bool) -> int:
    """Show where saved responses do not match the contract, without their values.

    A FILE, - for stdin, holds responses {"order": {...}} or bare orders as JSON: one, a list of them, or JSON lines.
    """
    from thanksio.cli._drift import look  # noqa: PLC0415 - the help must not wait for httpx

    if as_json and propose:
        raise click.UsageError("Use --json or --propose, not both.", context)
    return look(files, as_json=as_json, propose=propose)


@app.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 for any free port.")
@click.option("--fault", metavar="NAME", help="Apply this fault to every request.")
@click.option("--list-faults", is_flag=True, help="List the names of all faults.")
@click.option("--shape", type=click.Choice(["2025", "2026"]), default="2025", help="Year whose order fields are used.")
def fake(port: int, fault: str | None, shape: Shape, *, list_faults: bool) -> None:
    """Run a test server on this machine, without an account."""
    from thanksio.cli import _fake  # noqa: PLC0415 - it is a server

    if list_faults:
        _fake.list_faults()
    else:
        _fake.serve(port, fault, shape)


@app.command(epilog='\b\nExample:\n  eval "$(thanksio completion bash)"')
@click.argument("shell", type=_SHELLS)
def completion(shell: str) -> None:
    """Print the completion script for SHELL."""
    from click.shell_completion import get_completion_class  # noqa: PLC0415 - few ask for it

    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - the choice above holds nothing else
    click.echo(kind(app, {}, "thanksio", "_THANKSIO_COMPLETE").source())
