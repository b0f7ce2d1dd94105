"""Tell of a bulk run on one page of HTML that needs no script, no other file and no network. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from thanksio.cli._wording import NONE_SKIPPED, many, money
from thanksio.cli.report._picture import picture
from thanksio.cli.report._style import PATTERNS, STYLE
from thanksio.cli.report._summary import FIRST, NAMES
from thanksio.cli.report._table import tables
from thanksio.cli.report._words import are, clock, duration, safe, stamp, stamp_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from thanksio.bulk import Verdict
    from thanksio.cli.report._summary import Run, Summary

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_WIDE, _NARROW = 120, 48  # columns, on a desk or paper and on a phone
_SMALLEST = 0.008  # part of the strip that a verdict has at least: one order among thousands must be seen
_NOTE = (
    "An order that was sent more than once stands where its last verdict came. Verdicts of few orders are drawn large "
    "enough to be seen. A request is not an order: one order can take several."
)


def page(summary: Summary) -> str:
    """Give the whole page."""
    done, total = summary.counts["cancelled"], summary.total
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="referrer" content="no-referrer">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{done:,} of {total:,} orders cancelled</title><style>{STYLE}</style></head>\n"
        f"<body>{PATTERNS}<main>\n{_head(summary)}\n{_skipped(summary)}{_verdicts(summary)}\n{_over_time(summary)}\n{tables(summary)}\n"
        "</main></body></html>\n"
    )


def headline(summary: Summary) -> str:
    """Say in one sentence what happened, and what to look at first."""
    total, done = summary.total, summary.counts["cancelled"]
    if not total:
        return "The journal holds no order."
    amount = f" ({'at least ' * bool(summary.without_total)}{money(summary.cents)} authorized)" if done else ""
    skipped = summary.skipped.count
    if skipped:
        orders = "its order was" if skipped == 1 else "their orders were"
        note = f" {many(skipped, 'row')} of the input could not be read, and {orders} not sent."
        return headline(evolve(summary, skipped=NONE_SKIPPED)) + note
    if done == total:
        return f"All {total:,} orders are cancelled{amount}." if total > 1 else f"The one order is cancelled{amount}."
    unknown = summary.counts["unknown"]
    look = f"; {unknown:,} {are(unknown)} unknown: look at {'it' if unknown == 1 else 'them'} first" if unknown else ""
    rest = ", ".join(_left(verdict, summary.counts[verdict]) for verdict in FIRST[1:] if summary.counts[verdict])
    return f"{done:,} of {total:,} orders {are(done)} cancelled{amount}{look}{'; ' * bool(rest)}{rest}."


def _left(verdict: Verdict, count: int) -> str:
    verb = are(count) if verdict == "not_cancelled" else "was" if count == 1 else "were"
    return f"{count:,} {verb} {NAMES[verdict]}"


def _hours(summary: Summary) -> str:
    """Say how much time is left for the orders that are not known to be cancelled."""
    hours = summary.hours
    parts = [
        f"{hours.within:,} {are(hours.within)} still within the hour of cancelling, and the next hour ends at "
        f"<strong>{clock(hours.next_end)} UTC</strong>"
        if hours.next_end is not None
        else "",
        f"the hour of {hours.over:,} is over" if hours.over else "",
        f"of {hours.untold:,} nobody said when they were placed" if hours.untold else "",
    ]
    said = "; ".join(part for part in parts if part)
    return f"<p>Of the others, when this page was made: {said}.</p>" if said else ""


def _head(summary: Summary) -> str:
    facts = {
        "Journal": safe(summary.path),
        "Server": safe(summary.base_url),
        "Contract": safe(", ".join(sorted(summary.contracts))) or "–",  # noqa: RUF001 - a dash is meant
        "Page made": f"{stamp(summary.made)} UTC",
    }
    listed = "".join(f"<dt>{name}</dt><dd>{fact}</dd>" for name, fact in facts.items())
    runs = "".join(_run(number, run) for number, run in enumerate(summary.runs, 1))
    return (
        f"<header><h1>{headline(summary)}</h1>{_hours(summary)}<dl>{listed}</dl>"
        '<div class="scroll" role="region" aria-label="Runs" tabindex="0"><table><caption>Runs, in UTC</caption>'
        '<thead><tr><th scope="col">Run</th><th scope="col">Began</th><th scope="col">Ended</th>'
        f'<th scope="col" class="n">Verdicts that stand</th></tr></thead><tbody>{runs}</tbody></table></div></header>'
    )


def _skipped(summary: Summary) -> str:
    """List the rows of the input that were skipped, because the journal does not hold them."""
    skipped = summary.skipped
    if not skipped.count:
        return ""
    rows = "".join(f"<tr><td>{safe(place)}</td><td>{safe(why)}</td></tr>" for place, why in skipped.rows)
    more = skipped.count - len(skipped.rows)
    note = f"<p>And {more:,} more.</p>" if more else ""
    return (
        f'<section aria-labelledby="skipped"><h2 id="skipped">Skipped rows ({skipped.count:,})</h2>'
        '<div class="scroll" role="region" aria-label="Skipped rows" tabindex="0"><table>'
        "<caption>Rows that could not be read: their orders were not sent</caption>"
        '<thead><tr><th scope="col">JournalRow</th><th scope="col">Reason</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{note}</section>\n"
    )


def _run(number: int, run: Run) -> str:
    last = f", not before {stamp_on(run.last, run.began)}" if run.last is not None else ""
    ended = f"interrupted{last}" if run.ended is None else stamp_on(run.ended, run.began)
    return (
        f'<tr><th scope="row">{number}</th><td>{stamp(run.began)}</td><td>{ended}</td>'
        f'<td class="n">{run.verdicts:,}</td></tr>'
    )


def swatch(verdict: Verdict) -> str:
    """Give a small field of a verdict's colour and pattern."""
    return (
        '<svg class="swatch" width="14" height="14" aria-hidden="true">'
        f'<rect class="{verdict}" width="14" height="14"/></svg>'
    )


def _verdicts(summary: Summary) -> str:
    rows = "".join(_verdict(summary, verdict) for verdict in NAMES)
    note = (
        f'<p class="soft">Of {summary.without_total:,} cancelled the server did not say what was authorized.</p>'
        if summary.without_total
        else ""
    )
    return (
        f'<section aria-labelledby="verdicts"><h2 id="verdicts">Verdicts</h2>{_strip(summary)}'
        '<table><caption>Orders by verdict</caption><thead><tr><th scope="col">Verdict</th>'
        '<th scope="col" class="n">Orders</th><th scope="col" class="n">Authorized</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>{note}</section>"
    )


def _verdict(summary: Summary, verdict: Verdict) -> str:
    count = summary.counts[verdict]
    amount = money(summary.cents) if verdict == "cancelled" else ""
    name = f'<a href="#{verdict}">{NAMES[verdict]}</a>' if verdict in FIRST and count else NAMES[verdict]
    return (
        f'<tr><th scope="row">{swatch(verdict)}{name}</th><td class="n">{count:,}</td><td class="n">{amount}</td></tr>'
    )


def _strip(summary: Summary) -> str:
    """Draw how large the verdicts are beside each other."""
    counts = summary.counts
    shares: dict[Verdict, float] = {}
    for verdict in _present(summary):
        shares[verdict] = max(_SMALLEST, counts[verdict] / summary.total)
    if not shares:
        return ""
    bars, x, whole = "", 0.0, sum(shares.values()) / 100
    for verdict, share in shares.items():
        bars += f'<rect class="{verdict}" x="{x:.3f}%" width="{share / whole:.3f}%" height="28"/>'
        x += share / whole
    told = ", ".join(f"{counts[verdict]:,} {NAMES[verdict]}" for verdict in shares)
    return (
        '<svg class="strip" role="img" aria-labelledby="strip-t strip-d">'
        f'<title id="strip-t">Share of each verdict</title><desc id="strip-d">{told}.</desc>{bars}</svg>'
    )


def _present(summary: Summary) -> Iterator[Verdict]:
    for verdict in NAMES:
        if summary.counts[verdict]:
            yield verdict


def _over_time(summary: Summary) -> str:
    wide = summary.timeline.fitted(_WIDE)
    if not wide.stretches:
        return (
            "<section><h2>Verdicts over time</h2><p>No order has a verdict yet: there is nothing to draw.</p></section>"
        )
    began = [run.began for run in summary.runs]
    narrow = summary.timeline.fitted(_NARROW)
    return (
        '<section aria-labelledby="time"><h2 id="time">Verdicts over time</h2><figure>'
        + picture(wide, began, width=900, height=330, name="wide")
        + picture(narrow, began, width=336, height=300, name="narrow")
        + f"{_legend(summary)}<figcaption>Times are UTC. {_bucket(wide.size, narrow.size)} {_NOTE}</figcaption>"
        "</figure></section>"
    )


def _bucket(wide: int, narrow: int) -> str:
    small = "" if wide == narrow else f" ({duration(narrow)} on a small screen)"
    return f"A column counts the orders that got their verdict in {duration(wide)}{small}."


def _legend(summary: Summary) -> str:
    items = [f"{swatch(verdict)}{NAMES[verdict]}" for verdict in _present(summary)]
    rates = sorted({column.allowed for column in summary.timeline.fitted(_WIDE).columns if column.allowed is not None})
    if rates:
        told = f"{rates[0]:,}" if len(rates) == 1 else f"{rates[0]:,} to {rates[-1]:,}"
        items.append(f"{_key('allowed')}requests allowed ({told} a minute)")
    if len(summary.runs) > 1:
        items.append(f"{_key('start')}a run begins again")
    return f'<ul class="legend">{"".join(f"<li>{item}</li>" for item in items)}</ul>'


def _key(line: str) -> str:
    path = "M0 7H22" if line == "allowed" else "M11 0V14"
    return f'<svg class="key" width="22" height="14" aria-hidden="true"><path class="{line}" d="{path}"/></svg>'
