"""List the orders that need a person, the most urgent first, with what to do about them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thanksio.cli.report._summary import NAMES
from thanksio.cli.report._words import safe, stamp, stamp_on

if TYPE_CHECKING:
    from thanksio.bulk import Verdict
    from thanksio.bulk._results import JournalRow
    from thanksio.cli.report._summary import Group, Summary

_ADVICE: dict[Verdict, str] = {
    "unknown": "Each of these may be cancelled or not: a request may have reached the server, and no answer showed the "
    "order. Run the same command again: repeating a cancel is harmless, and the answer shows the order as it is.",
    "not_cancelled": "The server showed each of these orders, and it is not cancelled. In status reviewing it can "
    "still be cancelled: run the same command again. If it is printed or later, it is too late. "
    "Otherwise look at it in the thanks.io dashboard.",
    "refused": "The server refused, and its words say why; the hour may be over, or the order cancelled already. Look "
    "at the order in the thanks.io dashboard. After 403 or 404 check the token, the number and the server, then run "
    "the same command again: what was refused with 400, 409 or 422 is not sent again.",
    "not_tried": "Nothing has come of these orders: no request was sent, or the server turned it away before it looked "
    "at the order. Mend what the words name, if there are any, then run the same command again: the orders whose hour "
    "ends first go first.",
}
_COLUMNS = ("Order", "Verdict", "Status", "Its hour (UTC)", "Attempts", "Last sent (UTC)", "Words of the error")
_HEAD = "".join(f'<th scope="col"{" class=n" * (name == "Attempts")}>{name}</th>' for name in _COLUMNS)


def tables(summary: Summary) -> str:
    """Give a table for each verdict but the first."""
    groups = "".join(_table(verdict, group, summary.made) for verdict, group in summary.groups.items() if group.count)
    note = (
        '<p class="soft">The hour that ends first stands at the top. Times are UTC, and of '
        f"{stamp(summary.made)[:10]} unless they name another day.</p>"
    )
    return (
        '<section aria-labelledby="person"><h2 id="person">What needs a person</h2>'
        f"{note + groups if groups else '<p>Nothing: no order is other than cancelled.</p>'}</section>"
    )


def _table(verdict: Verdict, group: Group, now: float) -> str:
    rows = "".join(_row(entry, verdict, now) for entry in group.rows)
    more = group.count - len(group.rows)
    note = f'<p class="soft">{more:,} more {"is" if more == 1 else "are"} in the journal.</p>' if more else ""
    name = NAMES[verdict].capitalize()
    table = (
        f'<div class="scroll" role="region" aria-labelledby="{verdict}" tabindex="0"><table>'
        f'<caption class="unseen">{name} orders</caption>'
        f"<thead><tr>{_HEAD}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
    return f'<h3 id="{verdict}">{name}: {group.count:,}</h3><p>{_ADVICE[verdict]}</p>{table * bool(rows)}{note}'


def _row(entry: JournalRow, verdict: Verdict, now: float) -> str:
    status = f"HTTP {entry.status}" if entry.status.isdecimal() else entry.status
    attempts, words = str(entry.attempts), ": ".join(part for part in (entry.kind, entry.error) if part)
    name = NAMES[verdict]
    if entry.state == "in_flight":  # what else its row says is of an earlier run
        name, status, attempts = "unknown (in flight)", "", f"{entry.attempts} before"
        words = "It was being sent, and no answer was written down."
    return (
        f'<tr><th scope="row">{entry.order_id}</th><td>{name}</td><td>{safe(status)}</td><td>{_hour(entry, now)}</td>'
        f'<td class="n">{attempts}</td><td>{stamp_on(entry.sent, now)}</td><td class="words">{safe(words)}</td></tr>'
    )


def _hour(entry: JournalRow, now: float) -> str:
    if entry.closes is None:
        return "not known"
    return f"{'ends' if entry.closes > now else 'ended'} {stamp_on(entry.closes, now)}"
