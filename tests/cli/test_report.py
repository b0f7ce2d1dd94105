"""The report of a run: what it shows, that text of a server cannot become markup, and how it looks in a browser."""

from __future__ import annotations

import os
import re
from collections import Counter
from datetime import UTC, datetime
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browser import WIDTHS, measure

from thanksio.bulk._journal import Journal
from thanksio.bulk._results import JournalRow
from thanksio.cli.report import page, write_report
from thanksio.cli.report._chart import HEIGHT, chart
from thanksio.cli.report._summary import ROWS, Summary, summarize
from thanksio.cli.report._text import duration, headline, stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from thanksio.bulk import Verdict

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC).timestamp()
VOID = {"meta"}
HOSTILE = "</td><script>alert('1')</script>\"&\u202egnp.exe\x00\x1b[31m\u2028<img src=x onerror=alert(1)>"


class Page(HTMLParser):
    """The parsed page; fails if a tag is closed that is not open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open += [] if tag in VOID else [tag]

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts += [(self._open[-1], data)] if data.strip() else []

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of all elements of a kind."""
        return [attributes for name, attributes in self.tags if name == tag]

    def texts_of(self, *tags: str) -> list[str]:
        """Return the texts in elements of some kinds."""
        return [text for tag, text in self.texts if tag in tags]

    @property
    def text(self) -> str:
        """Return all visible text in one line."""
        return " ".join(" ".join(text for tag, text in self.texts if tag != "style").split())


def entry(order_id: int, state: Any = "cancelled", **fields: Any) -> JournalRow:
    """Make the journal entry of one order."""
    told: dict[str, Any] = dict.fromkeys(("placed", "closes", "first_sent", "sent"))
    told |= {"attempts": 1, "seconds": 0.2, "decided": NOON + order_id, "status": "", "kind": "", "error": ""}
    told |= {
        "cents": 267 if state == "cancelled" else None,
        "allowed": 120,
        "contract": "0.1.0",
        "settled": state in ("cancelled", "not_cancelled", "refused"),
        "was_unknown": False,
    }
    return JournalRow(order_id=order_id, state=state, request_id="", server_date="", **told | fields)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "run.journal", "https://api.example/api/v2") as opened:
        yield opened


def fill(
    journal: Journal, *entries: JournalRow, runs: Iterable[tuple[float, float | None]] = ((NOON, NOON + 60),)
) -> None:
    """Bring the journal into the state that the entries describe, with runs at these times."""
    for made in entries:
        with journal.loading():
            journal.add([(made.order_id, made.placed)])
        if made.state != "waiting":
            journal.next()
        if made.state not in {"waiting", "in_flight"}:
            journal.settle(made)
    journal._db.execute("DELETE FROM runs")  # their times are the clock's
    journal._db.executemany("INSERT INTO runs (began, ended) VALUES (?, ?)", runs)


def shown(journal: Journal, now: float = NOON + 60) -> Page:
    """Write the page to a file and read it from there."""
    path = Path(journal.path).with_suffix(".html")
    write_report(journal, path, now=now)
    return Page(path.read_text("utf-8"))


def counted(**counts: int) -> Counter[Verdict]:
    numbers: Any = counts
    return Counter(numbers)


def summary(cents: int = 0, without_total: int = 0, skipped: int = 0, **counts: int) -> Summary:
    """Make a summary without a journal."""
    made = Summary("run.journal", "https://api.example/api/v2", NOON + 60, [], skipped, [])
    made.counts, made.cents, made.without_total = counted(**counts), cents, without_total
    for verdict, count in made.counts.items():
        if verdict != "cancelled":
            made.groups[verdict].count = count
    return made


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (summary(), "The journal contains no orders."),
        (summary(cents=267, cancelled=1), "1 order cancelled ($2.67 authorized)."),
        (summary(cents=801_000, cancelled=3000), "All 3,000 orders cancelled ($8,010.00 authorized)."),
        (summary(unknown=1), "0 of 1 order cancelled; 1 unknown."),
        (
            summary(cents=785_247, cancelled=2941, unknown=12, not_cancelled=26, refused=1, not_tried=20),
            (
                "2,941 of 3,000 orders cancelled ($7,852.47 authorized); "
                "12 unknown, 26 not cancelled, 1 refused, 20 not tried."
            ),
        ),
        (summary(cents=267, without_total=1, cancelled=2), "All 2 orders cancelled (at least $2.67 authorized)."),
        (summary(skipped=2, cancelled=1), "1 order cancelled ($0.00 authorized). 2 rows of the input skipped."),
    ],
)
def test_the_headline_summarizes_the_run(told: Summary, sentence: str) -> None:
    assert headline(told) == sentence
    assert Page(page(told)).texts_of("h1") == [sentence]


def test_what_needs_attention_comes_first_and_the_most_urgent_orders_first(journal: Journal) -> None:
    placed = NOON - 1800
    fill(
        journal,
        *(entry(1), entry(2, "refused", status="422", kind="CancellationRefusedError", error="Too late.")),
        *(entry(3, "unknown", placed=placed + 60), entry(4, "waiting"), entry(5, "unknown", placed=placed - 1e5)),
        *(entry(6, "not_cancelled", status="fulfilled"), entry(7, "in_flight", placed=placed), entry(8, "unknown")),
    )
    journal._db.execute("UPDATE orders SET sent = ? WHERE order_id IN (3, 7)", (NOON + 7,))

    told = shown(journal)

    assert told.texts_of("h2") == ["Needs attention", "Totals", "Verdicts over time", "Runs"]
    assert told.texts_of("h3") == ["Unknown: 4", "Not cancelled: 1", "Refused: 1", "Not tried: 1"]
    listed = told.text.partition("Needs attention")[2].partition("Totals")[0]
    assert re.findall(r"\b([1-8]) (?:unknown|not|refused)", listed) == ["7", "3", "8", "5", "6", "2", "4"]
    assert "7 unknown It was in flight when the run ended. Run the same command again. 2026-03-14 12:30:00 0 " in listed
    assert "2 refused Too late. HTTP 422 not known 1 " in listed
    assert "Run the same command again: repeating a cancel is harmless" in listed
    assert "2 orders without a confirmed cancellation can still be cancelled. The next window closes at" in told.text
    assert "2026-03-14 12:30:00 UTC" in told.text


def test_an_order_with_a_final_result_is_not_one_that_can_still_be_cancelled(journal: Journal) -> None:
    placed = NOON - 600
    printed = entry(1, "not_cancelled", status="printed", placed=placed)
    refused = entry(2, "refused", status="422", kind="CancellationRefusedError", placed=placed)
    fill(journal, printed, refused, entry(3, "not_cancelled", status="reviewing", settled=False, placed=placed + 60))

    told = shown(journal)

    assert "1 order without a confirmed cancellation can still be cancelled. The next window closes at" in told.text
    assert stamp(placed + 60 + 3600) in told.text


def test_skipped_rows_and_what_was_unknown_before_are_shown(journal: Journal) -> None:
    fill(journal, entry(1), entry(2, "not_cancelled", status="printed"), entry(3))
    journal._db.execute("UPDATE orders SET was_unknown = 1 WHERE order_id < 3")
    journal.add_skipped(1, [("in.csv, line 4", "invalid order id 'x'")])

    told = shown(journal)

    assert told.texts_of("h3") == ["Not cancelled: 1", "Skipped rows: 1", "Unknown before, settled now: 2"]
    assert "in.csv, line 4 invalid order id 'x'" in told.text
    settled = told.text.partition("Orders that were unknown")[2].partition("Totals")[0]
    assert re.findall(r"\b(\d) (cancelled|not cancelled)", settled) == [("1", "cancelled"), ("2", "not cancelled")]


def test_totals_runs_and_where_the_orders_were_sent_are_shown(journal: Journal) -> None:
    fill(
        journal,
        *(entry(1), entry(2), entry(3, cents=None), entry(4, "not_cancelled", cents=999)),
        *(entry(5, "refused"), entry(6, "unknown"), entry(7, "in_flight"), entry(8, "not_tried"), entry(9, "waiting")),
        runs=[(NOON, None), (NOON + 600, NOON + 1200)],
    )

    told = shown(journal, NOON + 20_060)

    totals = told.text.partition("Orders by verdict")[2].partition("Verdicts over time")[0]
    assert totals.split() == [
        "Verdict",
        "Orders",
        "Authorized",
        "cancelled",
        "3",
        "$5.34",
        "not",
        "cancelled",
        "1",
        "refused",
        "1",
        "unknown",
        "2",
        "not",
        "tried",
        "2",
        "For",
        "1",
        "order",
        "cancelled",
        "the",
        "server",
        "did",
        "not",
        "state",
        "an",
        "amount.",
    ]
    assert "1 2026-03-14 12:00:00 interrupted 2 2026-03-14 12:10:00 2026-03-14 12:20:00" in told.text
    assert told.texts_of("dd") == [journal.path, "https://api.example/api/v2", "0.1.0", "2026-03-14 17:34:20 UTC"]
    assert "Rate limit: 120 requests a minute." in told.text


def test_a_run_without_problems_needs_no_attention(journal: Journal) -> None:
    fill(journal, entry(1))

    assert "Nothing: all orders are cancelled." in shown(journal).text


def test_only_so_many_orders_are_listed_and_the_urgent_ones_first(journal: Journal) -> None:
    with journal.loading():
        journal.add((number, NOON - 3000 - number) for number in range(1, 2 * ROWS + 3))
    work = [journal.next(), journal.next()]
    assert work[1]
    journal.settle(entry(int(work[1].order_id), "refused"))

    told = summarize(journal, NOON)

    assert {verdict: (group.count, len(group.orders)) for verdict, group in told.groups.items() if group.count} == {
        "unknown": (1, 1),
        "refused": (1, 1),
        "not_tried": (2 * ROWS, ROWS - 2),
    }
    assert told.groups["not_tried"].orders[0].row.order_id == 599  # the first of the windows that are still open
    assert f"{ROWS + 2:,} more are in the journal." in Page(page(told)).text


def test_text_of_a_server_or_a_path_cannot_become_markup(tmp_path: Path) -> None:
    path = tmp_path / "a<b>&\"'\u202e\udc80.journal"
    with Journal(path, f"https://api.example/{HOSTILE}") as journal:
        fill(journal, entry(1, "unknown", status=HOSTILE, kind=HOSTILE, error=HOSTILE, contract=HOSTILE))
        journal.add_skipped(1, [(HOSTILE, HOSTILE)])
        write_report(journal, tmp_path / "page.html", now=NOON)

    text = (tmp_path / "page.html").read_text("utf-8")
    told = Page(text)

    assert not {"script", "img", "link", "iframe", "object"} & {tag for tag, _ in told.tags}
    assert all(character == "\n" or character.isprintable() for character in text)
    assert told.text.count("</td><script>alert('1')</script>\"&\N{REPLACEMENT CHARACTER}gnp.exe") == 6
    assert "a<b>&\"'\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}.journal" in told.text


def test_the_page_loads_nothing_and_a_screen_reader_can_read_it(journal: Journal) -> None:
    fill(journal, entry(1), entry(2, "unknown"), entry(3, "refused"))

    told = shown(journal)

    metas = {meta.get("http-equiv") or meta.get("name"): meta.get("content") for meta in told.all("meta")}
    assert metas["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    )
    assert not any(name in {"src", "srcset", "href", "xlink:href", "style"} for _, given in told.tags for name in given)
    assert not re.search(r"@import|url\(", "".join(told.texts_of("style")))
    assert told.all("html") == [{"lang": "en"}]
    assert told.texts_of("title")[0] == "1 of 3 orders cancelled"
    assert all(given.get("scope") in {"col", "row"} for given in told.all("th"))
    assert len(told.all("caption")) == len(told.all("table"))
    assert all(svg.get("role") == "img" or "aria-hidden" in svg for svg in told.all("svg"))


@pytest.mark.parametrize(
    ("seconds", "size", "columns"),
    [(60, 60, 12), (1500, 60, 25), (7200, 300, 24), (50_000, 1800, 28), (86400 * 200, 367_660, 47)],
)
def test_columns_have_a_size_at_which_they_fit(seconds: int, size: int, columns: int) -> None:
    start = size * 10_000

    drawn = chart({minute: counted(cancelled=1) for minute in range(start, start + seconds, 60)})

    assert drawn
    assert (drawn.size, round((drawn.end - drawn.start) / drawn.size)) == (size, columns)
    assert all(0 <= bar.x < bar.x + bar.width <= 100 and 0 <= bar.y <= HEIGHT for bar in drawn.bars)


def test_one_order_among_hundreds_is_visible_and_a_column_as_high_as_its_orders() -> None:
    drawn = chart({0: counted(cancelled=999, unknown=1), 60: counted(cancelled=500)})

    assert drawn
    full, one, half = drawn.bars
    assert (drawn.highest, full.verdict, one.verdict) == (1000, "cancelled", "unknown")
    assert full.height + one.height == HEIGHT
    assert one.height == 3
    assert half.height == HEIGHT / 2


def test_without_a_verdict_there_is_no_chart(journal: Journal) -> None:
    fill(journal, entry(1, "waiting"), entry(2, "in_flight"))

    assert "No order has a verdict yet." in shown(journal).text


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (NOON, "2026-03-14 12:00:00"),
        (None, "–"),  # noqa: RUF001 - a dash is meant
        (1e15, "1000000000000000 s after 1970"),
        (-62_135_650_800.0, "-62135650800 s after 1970"),
    ],
)
def test_a_time_is_written_even_if_no_calendar_has_it(moment: float | None, text: str) -> None:
    assert stamp(moment) == text


def test_durations_are_written_for_people() -> None:
    texts = ["15 s", "1 min", "1 h", "2 h 30 min", "1 d 1 h"]
    assert [duration(seconds) for seconds in (15, 60, 3600, 9000, 90_061)] == texts


def test_a_page_is_replaced_atomically(journal: Journal, tmp_path: Path) -> None:
    """A symbolic link to it stays one, and an incomplete file is removed."""
    fill(journal, entry(1))
    (tmp_path / "real.html").write_text("old")
    (tmp_path / "link.html").symlink_to("real.html")

    write_report(journal, tmp_path / "link.html")

    assert (tmp_path / "link.html").is_symlink()
    assert (tmp_path / "real.html").read_text("utf-8").startswith("<!doctype html>")
    assert sorted(path.suffix for path in tmp_path.iterdir() if "run.journal" not in path.name) == [".html", ".html"]


@pytest.mark.parametrize("target", ["missing/page.html", ".", "x" * 300])
def test_a_page_that_cannot_be_written_is_an_os_error_and_leaves_nothing(
    journal: Journal, tmp_path: Path, target: str
) -> None:
    with pytest.raises(OSError, match=r"\[Errno"):
        write_report(journal, tmp_path / target)

    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith("run.journal")] == []


def test_a_device_is_written_to_and_not_replaced(journal: Journal) -> None:
    write_report(journal, os.devnull)

    assert Path(os.devnull).is_char_device()


MEASURE = """
for (const frame of document.querySelectorAll('iframe')) {
  const page = frame.contentDocument, wrong = [], view = frame.contentWindow;
  const under = (a, b) => a.top >= b.bottom - .5, right = (a, b) => a.left >= b.right - .5;
  const apart = (a, b) => under(a, b) || under(b, a) || right(a, b) || right(b, a);
  const within = (a, b) =>
    a.left >= b.left - .5 && a.right <= b.right + .5 && a.top >= b.top - .5 && a.bottom <= b.bottom + .5;
  const room = page.documentElement.scrollWidth;
  if (room > view.innerWidth) wrong.push(`the page is ${room} px wide`);
  const drawn = [...page.querySelectorAll('svg[role=img]')].filter(svg => svg.getBoundingClientRect().width);
  for (const svg of drawn) {
    const whole = svg.getBoundingClientRect();
    for (const bar of svg.querySelectorAll('rect')) {
      const box = bar.getBoundingClientRect();
      if (box.width <= 0 || box.height <= 0) wrong.push(`${bar.outerHTML} cannot be seen`);
      if (!within(box, whole)) wrong.push(`${bar.outerHTML} leaves the picture`);
      if (view.getComputedStyle(bar).fill === 'rgb(0, 0, 0)') wrong.push(`${bar.outerHTML} has no colour`);
    }
    const texts = [...svg.querySelectorAll('text')], boxes = texts.map(text => text.getBoundingClientRect());
    boxes.forEach((box, i) => {
      if (!box.width || !within(box, whole)) wrong.push(`${texts[i].textContent} is cut off`);
      boxes.slice(0, i).forEach((other, j) => {
        if (!apart(box, other)) wrong.push(`${texts[i].textContent} lies on ${texts[j].textContent}`);
      });
    });
  }
  found[frame.name] = {pictures: drawn.map(svg => svg.getAttribute('class')).join(), wrong};
}
"""


def test_in_a_browser_nothing_is_cut_off_on_a_phone_or_a_desktop(journal: Journal, tmp_path: Path) -> None:
    """The last page is broken on purpose, to test the check itself."""
    fill(journal, *(entry(n, "unknown", placed=NOON, error="x" * 300, kind="E", status="y" * 80) for n in (1, 2)))
    told = {"listed": summarize(journal, NOON), "long": summary(cancelled=10**7), "none": summary()}
    told["long"].minutes = {minute: counted(cancelled=10**5, unknown=1) for minute in range(0, 90_000, 60)}
    pages = {name: page(one) for name, one in told.items()}
    pages["broken"] = pages["long"].replace("<h1>", '<h1 style="width:2000px">').replace('y="', 'y="9')

    found = measure({name: f'srcdoc="{escape(text)}"' for name, text in pages.items()}, MEASURE, tmp_path)

    broken = [found.pop("broken 360")["wrong"], found.pop("broken 1200")["wrong"]]
    assert {name: one["wrong"] for name, one in found.items() if one["wrong"]} == {}
    assert {name: one["pictures"] for name, one in found.items()} == {
        f"{name} {width}": "chart" if name != "none" else "" for name in told for width in WIDTHS
    }
    assert all("the page is" in wrong[0] and any("leaves the picture" in one for one in wrong) for wrong in broken)
