"""The report of a run: what it says, that text of a server cannot become markup, and how it looks in a browser."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections import Counter
from datetime import UTC, datetime
from html import escape, unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve

from thanksio.bulk._journal import Journal
from thanksio.bulk._results import JournalRow
from thanksio.cli.report import write_report
from thanksio.cli.report._page import headline, page
from thanksio.cli.report._picture import _round_steps
from thanksio.cli.report._summary import ROWS, Run, Summary, summarize
from thanksio.cli.report._timeline import Stretches, Timeline
from thanksio.cli.report._words import duration, stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from thanksio.bulk import Verdict

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC).timestamp()
VOID = {"meta", "rect", "path", "circle"}
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

    def said(self, *tags: str) -> list[str]:
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
    told |= {"cents": 267 if state == "cancelled" else None, "allowed": 120, "contract": "0.1.0", "settled": True}
    return JournalRow(order_id=order_id, state=state, **told | fields)


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


def summary(runs: Iterable[Run] = (), **counts: int) -> Summary:
    """Make a summary without a journal."""
    numbers: Any = counts
    made = Summary("run.journal", "https://api.example/api/v2", NOON + 60, list(runs))
    made.counts = Counter(numbers)
    return made


SENTENCES: dict[str, tuple[Summary, str]] = {
    "nothing": (summary(), "The journal holds no order."),
    "one, cancelled": (evolve(summary(cancelled=1), cents=267), "The one order is cancelled ($2.67 authorized)."),
    "all cancelled": (
        evolve(summary(cancelled=3000), cents=801_000),
        "All 3,000 orders are cancelled ($8,010.00 authorized).",
    ),
    "one, unknown": (summary(unknown=1), "0 of 1 orders are cancelled; 1 is unknown: look at it first."),
    "some of each": (
        evolve(summary(cancelled=2941, unknown=12, not_cancelled=26, refused=1, not_tried=20), cents=785_247),
        (
            "2,941 of 3,000 orders are cancelled ($7,852.47 authorized); 12 are unknown: look at them first; "
            "26 are not cancelled, 1 was refused, 20 were not tried."
        ),
    ),
    "no unknown": (
        evolve(summary(cancelled=1, not_cancelled=1), cents=100),
        "1 of 2 orders is cancelled ($1.00 authorized); 1 is not cancelled.",
    ),
    "a total that the server kept to itself": (
        evolve(summary(cancelled=2), cents=267, without_total=1),
        "All 2 orders are cancelled (at least $2.67 authorized).",
    ),
}


@pytest.mark.parametrize(("told", "sentence"), SENTENCES.values(), ids=SENTENCES)
def test_the_head_says_in_one_sentence_what_happened(told: Summary, sentence: str) -> None:
    assert headline(told) == sentence
    assert Page(page(told)).said("h1") == [sentence]


def test_the_head_says_of_what_journal_and_server_and_when_each_run_began_and_ended(journal: Journal) -> None:
    fill(
        journal,
        entry(1),
        entry(2, decided=NOON + 900),
        runs=[(NOON, None), (NOON + 600, NOON + 1200), (NOON + 2e4, None)],
    )

    told = shown(journal, NOON + 20_060)

    assert told.said("dd") == [journal.path, "https://api.example/api/v2", "0.1.0", "2026-03-14 17:34:20 UTC"]
    assert "1 2026-03-14 12:00:00 interrupted, not before 12:00:01 1" in told.text
    assert "2 2026-03-14 12:10:00 12:20:00 1" in told.text
    assert "3 2026-03-14 17:33:20 interrupted 0" in told.text


def test_verdicts_are_counted_in_order_and_what_is_still_in_flight_is_unknown(journal: Journal) -> None:
    fill(
        journal,
        *(entry(1), entry(2), entry(3, cents=None), entry(4, "not_cancelled", cents=999, status="fulfilled")),
        *(entry(5, "refused"), entry(6, "unknown"), entry(7, "in_flight"), entry(8, "not_tried"), entry(9, "waiting")),
    )

    told = shown(journal)

    table = told.text.partition("Orders by verdict")[2].partition("Verdicts over time")[0].split()
    assert " ".join(table) == (
        "Verdict Orders Authorized cancelled 3 $5.34 not cancelled 1 refused 1 unknown 2 not tried 2 "
        "Of 1 cancelled the server did not say what was authorized."
    )
    assert {a["href"] for a in told.all("a")} == {"#not_cancelled", "#refused", "#unknown", "#not_tried"}
    assert told.said("desc")[0] == "3 cancelled, 1 not cancelled, 1 refused, 2 unknown, 2 not tried."


def test_the_hours_that_are_left_are_counted(journal: Journal) -> None:
    hour_ago = NOON - 3600
    fill(
        journal,
        *(entry(1, "unknown", placed=hour_ago + 900), entry(2, "unknown", placed=hour_ago + 600)),
        *(entry(3, "refused", placed=hour_ago - 1), entry(4, "waiting"), entry(5, placed=hour_ago + 120)),
        entry(6, "not_cancelled", placed=hour_ago + 1800),
    )

    told = shown(journal)

    assert (
        "Of the others, when this page was made: 3 are still within the hour of cancelling, and the next hour ends at "
        "12:10 UTC ; the hour of 1 is over; of 1 nobody said when they were placed."
    ) in told.text


def test_what_needs_a_person_is_listed_the_most_urgent_first_each_with_what_to_do(journal: Journal) -> None:
    placed = NOON - 1800
    fill(
        journal,
        *(entry(1), entry(2, "refused", status="422", kind="CancellationRefusedError", error="Too late.")),
        *(entry(3, "unknown", placed=placed + 60), entry(4, "waiting"), entry(5, "unknown", placed=placed - 1e5)),
        *(entry(6, "not_cancelled", status="fulfilled"), entry(7, "in_flight", placed=placed), entry(8, "unknown")),
    )
    journal._db.execute("UPDATE orders SET sent = ?1 WHERE order_id IN (3, 7)", (NOON + 7,))

    told = shown(journal)

    assert told.said("h3") == ["Unknown: 4", "Not cancelled: 1", "Refused: 1", "Not tried: 1"]
    listed = told.text.partition("What needs a person")[2]
    assert re.findall(r"\b([1-8]) (?:unknown|not|refused)", listed) == ["7", "3", "8", "5", "6", "2", "4"]
    assert (
        "7 unknown (in flight) ends 12:30:00 0 before 12:00:07 It was being sent, and no answer was written" in listed
    )
    assert "3 unknown ends 12:31:00 1 12:00:07" in listed
    assert "5 unknown ended 2026-03-13 08:43:20 1" in listed
    assert "2 refused HTTP 422 not known 1" in listed
    assert "CancellationRefusedError: Too late." in listed
    assert "Run the same command again: repeating a cancel is harmless" in listed


def test_after_a_run_without_problems_nothing_needs_a_person(journal: Journal) -> None:
    fill(journal, entry(1))

    told = shown(journal)

    assert "Nothing: no order is other than cancelled." in told.text
    assert "Of the others" not in told.text


def test_only_so_many_orders_are_listed_the_urgent_ones_first_and_how_many_more_is_said(journal: Journal) -> None:
    with journal.loading():
        journal.add((number, NOON - 3000 - number) for number in range(1, 2 * ROWS + 3))
    work = [journal.next(), journal.next()]
    assert work[1]
    journal.settle(entry(int(work[1].order_id), "refused"))

    told = summarize(journal, NOON)

    assert {verdict: (group.count, len(group.rows)) for verdict, group in told.groups.items() if group.count} == {
        "unknown": (1, 1),
        "refused": (1, 1),
        "not_tried": (2 * ROWS, ROWS - 2),
    }
    assert told.groups["not_tried"].rows[0].order_id == 599  # of those whose hour is not over the first to end
    assert f"{ROWS + 2:,} more are in the journal." in Page(page(told)).text


def test_text_of_a_server_or_a_path_cannot_become_markup(tmp_path: Path) -> None:
    path = tmp_path / "a<b>&\"'\u202e\udc80.journal"
    with Journal(path, f"https://api.example/{HOSTILE}") as journal:
        fill(journal, entry(1, "unknown", status=HOSTILE, kind=HOSTILE, error=HOSTILE, contract=HOSTILE))
        write_report(journal, tmp_path / "page.html", now=NOON)

    text = (tmp_path / "page.html").read_text("utf-8")
    told = Page(text)

    assert not {"script", "img", "link", "iframe", "object"} & {tag for tag, _ in told.tags}
    assert all(character == "\n" or character.isprintable() for character in text)
    assert told.text.count("</td><script>alert('1')</script>\"&\N{REPLACEMENT CHARACTER}gnp.exe") == 5
    assert "a<b>&\"'\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}.journal" in told.text


def test_the_page_loads_nothing_and_sends_nothing(journal: Journal) -> None:
    fill(journal, entry(1), entry(2, "unknown"))

    told = shown(journal)

    metas = {meta.get("http-equiv") or meta.get("name"): meta.get("content") for meta in told.all("meta")}
    assert metas["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    )
    assert metas["referrer"] == "no-referrer"
    assert not any(name in {"src", "srcset", "xlink:href", "style"} for _, given in told.tags for name in given)
    assert all((given.get("href") or "#").startswith("#") for _, given in told.tags)
    assert "@import" not in "".join(told.said("style"))
    assert set(re.findall(r"url\((.)", "".join(told.said("style")))) == {"#"}


def test_a_screen_reader_can_read_the_page(journal: Journal) -> None:
    fill(journal, entry(1), entry(2, "unknown"), entry(3, "refused"))

    told = shown(journal)

    names = {name for _, given in told.tags if (name := given.get("id"))}
    assert told.all("html") == [{"lang": "en"}]
    assert told.said("title")[0] == "1 of 3 orders cancelled"
    assert [tag for tag, _ in told.tags if re.fullmatch("h[1-6]", tag)] == ["h1", "h2", "h2", "h2", "h3", "h3"]
    assert all(given.get("scope") in {"col", "row"} for given in told.all("th"))
    assert len(told.all("caption")) == len(told.all("table"))
    assert all(
        (svg.get("role") == "img" and set((svg["aria-labelledby"] or "").split()) <= names) or "aria-hidden" in svg
        for svg in told.all("svg")
    )
    assert len(names) == sum("id" in given for _, given in told.tags)
    assert {(given["href"] or "")[1:] for given in told.all("a")} <= names


def stretches(*moments: float, most: int = 120) -> Stretches:
    line = Timeline()
    for moment in moments:
        line.add("cancelled", moment, 120)
    return line.fitted(most)


@pytest.mark.parametrize(
    ("seconds", "size", "columns"),
    [
        pytest.param(1, 60, 10, id="a moment, and a bit of time after it"),
        pytest.param(1500, 60, 25, id="25 min"),
        pytest.param(7200, 60, 120, id="2 h"),
        pytest.param(50_000, 900, 56, id="14 h"),
        pytest.param(86400 * 200, 172_800, 100, id="200 d"),
    ],
)
def test_columns_are_of_a_round_size_at_which_they_fit(seconds: int, size: int, columns: int) -> None:
    start = 172_800 * 10_000

    fitted = stretches(*range(start, start + seconds, max(1, seconds // 3000)))

    assert (fitted.size, len(fitted.columns)) == (size, columns)
    assert all(column.start % size == 0 for column in fitted.columns)


def test_a_timeline_of_any_length_is_held_in_little_memory() -> None:
    line = Timeline()
    for number in range(20_000):
        line.add("cancelled", NOON + number, None)

    assert len(line._columns) <= 2000
    assert sum(column.counts.total() for column in line.fitted(120).columns) == 20_000


def test_a_long_pause_is_left_out_and_a_short_one_shown() -> None:
    fitted = stretches(NOON, NOON + 600, NOON + 7200, most=60)

    assert [[column.start - NOON for column in part][:: len(part) - 1 or 1] for part in fitted.stretches] == [
        [0, 600],
        [7200],
    ]


def test_the_last_known_limit_continues_and_the_latest_one_counts() -> None:
    line = Timeline()
    line.add("unknown", NOON + 1, None)
    line.add("cancelled", NOON + 189, 90)
    line.add("cancelled", NOON + 181, 60)

    allowed = [column.allowed for column in line.fitted(60).columns]

    assert allowed == [None] * 3 + [90, None]


@pytest.mark.parametrize(
    ("highest", "step", "ticks"),
    [
        (0, 1, 1),
        (1, 1, 1),
        (5, 1, 5),
        (6, 2, 3),
        (30, 10, 3),
        (60, 20, 3),
        (130, 50, 3),
        (6000, 2000, 3),
        (99_999, 20_000, 5),
    ],
)
def test_the_axis_has_round_steps(highest: int, step: int, ticks: int) -> None:
    assert _round_steps(highest) == (step, ticks)


def test_a_column_tells_its_numbers_and_stands_as_high_as_they_are() -> None:
    told = summary(cancelled=30)
    for number in range(30):
        told.timeline.add("cancelled", NOON + number / 100, 30)

    drawn = Page(page(told))

    bar = next(rect for rect in drawn.all("rect") if rect.get("class") == "v cancelled")
    line = next(path["d"] for path in drawn.all("path") if path.get("class") == "allowed") or ""
    assert "12:00: 30 cancelled" in drawn.said("title")
    assert bar["y"] == line.split()[1].partition("H")[0]
    assert "requests allowed (30 a minute)" in drawn.text
    assert "From 2026-03-14 12:00:00 to 2026-03-14 12:01:00 UTC in columns of 1 min" in drawn.text


def test_where_the_limit_is_not_known_no_line_is_drawn() -> None:
    told = summary(cancelled=1)
    told.timeline.add("cancelled", NOON, None)

    drawn = Page(page(told))

    assert not {"allowed", "halo"} & {path.get("class") for path in drawn.all("path")}
    assert "a minute)" not in drawn.text


def test_without_a_verdict_there_is_nothing_to_draw(journal: Journal) -> None:
    fill(journal, entry(1, "waiting"), entry(2, "in_flight"))

    told = shown(journal)

    assert "No order has a verdict yet: there is nothing to draw." in told.text
    assert {given.get("class") for given in told.all("svg")} == {"defs", "strip", "swatch"}


def test_an_empty_journal_has_a_page(journal: Journal) -> None:
    assert shown(journal).said("h1") == ["The journal holds no order."]


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
    assert [duration(seconds) for seconds in (15, 60, 3600, 9000, 90_061)] == [
        "15 s",
        "1 min",
        "1 h",
        "2 h 30 min",
        "1 d 1 h",
    ]


def test_a_page_is_replaced_atomically(journal: Journal, tmp_path: Path) -> None:
    """A symbolic link to it stays one, and an incomplete file is removed."""
    fill(journal, entry(1))
    (tmp_path / "real.html").write_text("old")
    (tmp_path / "link.html").symlink_to("real.html")

    write_report(journal, tmp_path / "link.html")

    assert (tmp_path / "link.html").is_symlink()
    assert (tmp_path / "real.html").read_text("utf-8").startswith("<!doctype html>")
    assert sorted(path.suffix for path in tmp_path.iterdir() if "run.journal" not in path.name) == [".html", ".html"]


@pytest.mark.parametrize(
    "target", ["missing/page.html", ".", "x" * 300], ids=["no such folder", "a folder", "too long"]
)
def test_a_page_that_cannot_be_written_is_an_os_error_and_leaves_nothing(
    journal: Journal, tmp_path: Path, target: str
) -> None:
    with pytest.raises(OSError, match=r"\[Errno"):
        write_report(journal, tmp_path / target)

    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith("run.journal")] == []


def test_a_device_is_written_to_and_not_replaced(journal: Journal) -> None:
    write_report(journal, os.devnull)

    assert Path(os.devnull).is_char_device()


def a_resumed_run(**more: int) -> Summary:
    """Make a run of 3,000 orders that was interrupted, and resumed after hours that end on another day."""
    told = summary([Run(NOON, None), Run(NOON + 43_300, NOON + 45_000)], cancelled=2900, unknown=12, refused=88, **more)
    others: list[Verdict] = ["unknown", "refused", "not_cancelled", "not_tried"]
    for number in range(3000):
        late = 43_300 if number > 1700 else 0
        told.timeline.add("cancelled" if number % 20 else others[number // 20 % 4], NOON + number / 2 + late, 120)
    return told


def a_long_run() -> Summary:
    told = summary([Run(NOON, NOON + 5e4)], cancelled=10**7)
    for number in range(0, 50_000, 25):
        told.timeline.add("cancelled", NOON + number, 10**6)
    return told


def some_moments() -> Summary:
    told = summary([Run(NOON + 40_000 * number, None) for number in range(9)], cancelled=9, not_tried=1)
    for number in range(9):
        told.timeline.add("cancelled", NOON + 1 + 40_007 * number, 60 if number else None)
    return told


def one_order() -> Summary:
    told = summary([Run(NOON, NOON + 1)], cancelled=1)
    told.timeline.add("cancelled", NOON + 1, 60)
    return told


MEASURE = """
const found = {};
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
document.title = JSON.stringify(found);
"""


def measured(pages: dict[str, str], tmp_path: Path) -> dict[str, Any]:
    """Show each page in browser windows of two widths, and return what is wrong with it."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    assert browser, "Chromium is not installed. Install it, as with apt-get install chromium, and run the tests again."
    frames = "".join(
        f'<iframe name="{name} {width}" width="{width}" height="900" srcdoc="{escape(text)}"></iframe>'
        for name, text in pages.items()
        for width in (360, 1200)
    )
    shell = tmp_path / "pages.html"
    shell.write_text(
        f"<!doctype html><meta charset=utf-8>{frames}<script>window.onload = () => {{{MEASURE}}}</script>", "utf-8"
    )
    flags = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-sync"
    more = f"--disable-component-update --virtual-time-budget=5000 --user-data-dir={tmp_path / 'profile'} --dump-dom"
    run = subprocess.run(
        [browser, *flags.split(), *more.split(), shell.as_uri()], capture_output=True, text=True, check=True, timeout=50
    )
    title = re.search(r"<title>(.*?)</title>", run.stdout)
    assert title, run.stderr
    found: dict[str, Any] = json.loads(unescape(title[1]))
    return found


def test_in_a_browser_nothing_is_cut_off_or_overlaps_on_a_phone_or_a_desktop(journal: Journal, tmp_path: Path) -> None:
    """The last page is broken on purpose, to test the check itself."""
    fill(journal, *(entry(n, "unknown", placed=NOON, error="x" * 300, kind="E", status="y" * 80) for n in (1, 2)))
    told = {"listed": summarize(journal, NOON), "resumed": a_resumed_run(), "long": a_long_run()}
    told |= {"moments": some_moments(), "one": one_order(), "none": summary()}
    pages = {name: page(one) for name, one in told.items()}
    pages["broken"] = re.sub(r'y="\d+">', 'y="14">', pages["one"]).replace("<h1>", '<h1 style="width:2000px">')

    found = measured(pages, tmp_path)

    broken = [found.pop("broken 360")["wrong"], found.pop("broken 1200")["wrong"]]
    assert {name: page["wrong"] for name, page in found.items() if page["wrong"]} == {}
    assert {name: page["pictures"] for name, page in found.items()} == {
        f"{name} {width}": pictures if name != "none" else ""
        for name in told
        for width, pictures in ((360, "strip,narrow"), (1200, "strip,wide"))
    }
    assert all("the page is" in wrong[0] and any("lies on" in one for one in wrong) for wrong in broken)
