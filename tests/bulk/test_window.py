"""The forms in which the time of an order is written, and the hour that begins then."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thanksio.bulk._window import placed_time, window_end

if TYPE_CHECKING:
    from collections.abc import Iterator

PLACED = 1755189764.0  # 2025-08-14 16:42:44 UTC
DATE = "2025-08-14 16:42:44.000000"
TOKYO = timezone(timedelta(hours=9))


class Undecided(tzinfo):
    """A time zone without an offset from UTC."""

    def utcoffset(self, _: datetime | None, /) -> None:
        return None

    dst = utcoffset
    tzname = utcoffset


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set another local time zone, because a time without a zone is UTC everywhere."""
    monkeypatch.setenv("TZ", "JST-9")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


WRITTEN = {
    "cancel, track, send": "2025-08-14 16:42:44",
    "list": "2025-08-14T16:42:44.000000Z",
    "old list": {"date": DATE, "timezone_type": 3, "timezone": "UTC"},
    "PHP, an offset": {"date": DATE, "timezone_type": 1, "timezone": "+00:00"},
    "PHP, an abbreviation": {"date": DATE, "timezone_type": 2, "timezone": "Z"},
    "PHP, the date alone": {"date": DATE},
    "RFC 3339": "2025-08-14T16:42:44Z",
    "RFC 3339, lower case": "2025-08-14t16:42:44z",
    "RFC 3339, east": "2025-08-14T18:42:44+02:00",
    "RFC 3339, west": "2025-08-14T12:42:44-04:00",
    "RFC 3339, over midnight": "2025-08-15 01:42:44+09:00",
    "an offset without a colon": "2025-08-14T22:12:44+0530",
    "an offset of hours": "2025-08-14 16:42:44+00",
    "spaces around": " 2025-08-14 16:42:44\r\n",
    "naive datetime": datetime(2025, 8, 14, 16, 42, 44),  # noqa: DTZ001 - it is the example
    "datetime in UTC": datetime(2025, 8, 14, 16, 42, 44, tzinfo=UTC),
    "datetime elsewhere": datetime(2025, 8, 15, 1, 42, 44, tzinfo=TOKYO),
    "datetime with an undecided zone": datetime(2025, 8, 14, 16, 42, 44, tzinfo=Undecided()),
}


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN.keys())
@pytest.mark.usefixtures("tokyo")
def test_every_known_form_is_the_same_moment(written: object) -> None:
    assert placed_time(written) == PLACED


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("2025-08-14 16:42", PLACED - 44),
        ("2025-08-14 16:42:44.5", PLACED + 0.5),
        ("2025-08-14T16:42:44.25Z", PLACED + 0.25),
        ("2025-08-14T16:42:44.500000999Z", PLACED + 0.5),
    ],
    ids=["no seconds", "tenths", "hundredths", "nanoseconds"],
)
def test_seconds_may_be_missing_or_broken(written: str, seconds: float) -> None:
    assert placed_time(written) == seconds


@pytest.mark.parametrize("written", [None, "", " \t"])
def test_an_empty_time_is_none(written: str | None) -> None:
    assert placed_time(written) is None


GARBAGE = {
    "word": "yesterday",
    "date alone": "2025-08-14",
    "time alone": "16:42:44",
    "American": "8/14/2025 16:42",
    "month 13": "2025-13-14 16:42:44",
    "30 February": "2025-02-30 16:42:44",
    "hour 25": "2025-08-14 25:42:44",
    "leap second": "2025-08-14 16:42:60",
    "year 0": "0000-08-14 16:42:44",
    "a database's zero": "0000-00-00 00:00:00",
    "five digits of year": "12025-08-14 16:42:44",
    "offset of a day": "2025-08-14T16:42:44+24:00",
    "zone by name": "2025-08-14 16:42:44 Europe/Berlin",
    "text after": "2025-08-14 16:42:44 or so",
    "two lines": "2025-08-14 16:42:44\n2025-08-14 16:42:44",
    "digits of another script": "٢٠٢٥-٠٨-١٤ ١٦:٤٢:٤٤",
    "half a surrogate pair": "2025-08-14 16:42:44\ud800",
    "NUL": "2025-08-14\x0016:42:44",
    "Unix time": 1755189764,
    "Unix time in text": "1755189764",
    "fraction": 1755189764.5,
    "not a number": float("nan"),
    "true": True,
    "false": False,
    "list": ["2025-08-14 16:42:44"],
    "bytes": b"2025-08-14 16:42:44",
    "date": date(2025, 8, 14),
    "empty object": {},
    "object without a date": {"timezone": "UTC"},
    "object with a number": {"date": 1755189764, "timezone": "UTC"},
    "object within an object": {"date": {"date": DATE}, "timezone": "UTC"},
    "object with an empty date": {"date": "", "timezone": "UTC"},
    "PHP elsewhere": {"date": DATE, "timezone_type": 3, "timezone": "Europe/Berlin"},
    "PHP, another offset": {"date": DATE, "timezone_type": 1, "timezone": "+02:00"},
    "PHP, a list of zones": {"date": DATE, "timezone_type": 3, "timezone": ["UTC"]},
    "PHP, no zone": {"date": DATE, "timezone_type": 3, "timezone": None},
}


@pytest.mark.parametrize("written", GARBAGE.values(), ids=GARBAGE.keys())
def test_anything_else_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match=r"^(is not a time such as 2026|has a timezone that is not UTC)") as caught:
        placed_time(written)

    assert type(caught.value) is ValueError


@given(st.datetimes(timezones=st.just(UTC)), st.integers(-23, 23), st.sampled_from([" ", "T", "t"]))
def test_a_time_that_is_written_is_read_back(moment: datetime, hours: int, separator: str) -> None:
    elsewhere = moment.replace(tzinfo=timezone(timedelta(hours=hours)))
    bare = moment.isoformat(separator).removesuffix("+00:00")

    assert placed_time(bare) == placed_time(bare + "+00:00") == moment.timestamp()
    assert placed_time(bare + f"{hours:+03}:00") == elsewhere.timestamp()


texts = st.text() | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}[Z+-]?", fullmatch=True)
leaves = st.none() | st.booleans() | st.integers() | st.floats() | texts | st.binary() | st.datetimes()
objects = st.fixed_dictionaries({}, optional={"date": leaves, "timezone": leaves | st.just("UTC") | st.lists(leaves)})


@given(leaves | objects)
def test_any_value_returns_a_time_or_raises_a_value_error(value: object) -> None:
    try:
        placed = placed_time(value)
    except ValueError:
        return
    assert placed is None or -62135596800 - 86400 <= placed <= 253402300800 + 86400


def test_the_hour_ends_3600_seconds_after_the_order_was_placed() -> None:
    assert window_end(PLACED) == PLACED + 3600


def test_without_a_time_the_end_of_the_hour_is_not_known() -> None:
    assert window_end(None) is None
