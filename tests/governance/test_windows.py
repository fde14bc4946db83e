"""When changes may be applied: a table of the clock's jumps, and what holds for any calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.errors import Invalid
from governance.windows import Calendar, Freeze, Window, next_open, parse

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> datetime:
    """A moment, with its offset written out."""
    return datetime.fromisoformat(text).astimezone(UTC)


def calendar(
    *rules: str, zone: str = "Europe/Berlin", freezes: tuple[Freeze, ...] = ()
) -> Calendar:
    return Calendar(ZoneInfo(zone), parse(rules), freezes)


# In Berlin 2026 the clock goes from 02:00 to 03:00 on 29 March, from 03:00 to 02:00 on 25 October.
@pytest.mark.parametrize(
    ("rules", "zone", "now", "opens", "why"),
    [
        (("Mon–Thu 09:00–16:00",), "Europe/Berlin", "2026-06-05T12:00+02:00",
         "2026-06-08T09:00+02:00", "from Friday to Monday"),
        (("Mon–Thu 09:00–16:00",), "Europe/Berlin", "2026-06-08T09:00+02:00",
         "2026-06-08T09:00+02:00", "its first minute is in it"),
        (("Mon–Thu 09:00–16:00",), "Europe/Berlin", "2026-06-08T16:00+02:00",
         "2026-06-09T09:00+02:00", "its end is not"),
        (("Mon 09:00–16:00",), "Europe/Berlin", "2026-03-27T12:00+01:00",
         "2026-03-30T09:00+02:00", "nine o'clock stays nine o'clock over the jump in spring"),
        (("Mon 09:00–16:00",), "Europe/Berlin", "2026-10-23T12:00+02:00",
         "2026-10-26T09:00+01:00", "and over the one in autumn"),
        (("Sun 02:30–04:00",), "Europe/Berlin", "2026-03-29T00:00+01:00",
         "2026-03-29T03:00+02:00", "half past two is skipped: it begins with the jump"),
        (("Sun 02:00–03:00",), "Europe/Berlin", "2026-03-29T00:00+01:00",
         "2026-04-05T02:00+02:00", "all of it is skipped: a week later"),
        (("Sun 02:30–02:45",), "Europe/Berlin", "2026-10-25T02:45+02:00",
         "2026-10-25T02:30+01:00", "half past two comes twice"),
        (("Sun 01:30–02:15",), "Europe/Berlin", "2026-10-25T02:20+02:00",
         "2026-10-25T02:00+01:00", "the clock is put back into it"),
        (("Fri 22:00–04:00",), "Europe/Berlin", "2026-06-06T03:59+02:00",
         "2026-06-06T03:59+02:00", "over midnight, it is Friday's still"),
        (("Fri 22:00–04:00",), "Europe/Berlin", "2026-06-06T04:00+02:00",
         "2026-06-12T22:00+02:00", "and has an end"),
        (("Sun 22:00–04:00",), "Africa/Cairo", "2026-04-24T12:00+02:00",
         "2026-04-26T22:00+03:00", "where midnight itself is skipped"),
        (("Thu 23:00–00:30",), "Africa/Cairo", "2026-04-23T23:10+02:00",
         "2026-04-23T23:10+02:00", "before a midnight that is skipped"),
        (("Mon 00:00–24:00",), "Asia/Kathmandu", "2026-06-06T00:00+05:45",
         "2026-06-08T00:00+05:45", "an offset of a quarter"),
        (("Sat 10:00–11:00",), "Pacific/Kiritimati", "2026-06-05T10:00+00:00",
         "2026-06-05T20:00+00:00", "where it is tomorrow already"),
        ((), "Europe/Berlin", "2026-06-05T12:00+02:00",
         "2026-06-05T12:00+02:00", "without windows it is always open"),
    ],
)  # fmt: skip
def test_the_next_time(rules: tuple[str, ...], zone: str, now: str, opens: str, why: str) -> None:
    assert next_open(at(now), calendar(*rules, zone=zone)) == at(opens), why


def test_freezes_stand_before_windows() -> None:
    closing = Freeze(at("2026-06-05T00:00+02:00"), at("2026-06-09T12:00+02:00"), "year-end closing")
    after = Freeze(at("2026-06-09T12:00+02:00"), at("2026-06-09T17:00+02:00"), "the same, longer")
    works = calendar("Mon–Thu 09:00–16:00", freezes=(closing,))
    assert next_open(at("2026-06-08T10:00+02:00"), works) == closing.ends_at
    works = calendar("Mon–Thu 09:00–16:00", freezes=(closing, after))
    assert next_open(at("2026-06-08T10:00+02:00"), works) == at("2026-06-10T09:00+02:00")
    assert next_open(at("2026-06-04T10:00+02:00"), works) == at("2026-06-04T10:00+02:00")


def test_frozen_for_longer_than_a_year_never_opens() -> None:
    now = at("2026-06-08T10:00+02:00")
    for rules in ((), ("Mon–Fri 09:00–16:00",)):
        until = calendar(*rules, freezes=(Freeze(now, now + timedelta(days=364), "x"),))
        assert next_open(now, until) is not None
        forever = calendar(*rules, freezes=(Freeze(now, now + timedelta(days=400), "x"),))
        assert next_open(now, forever) is None
        assert "for more than a year" in forever.why_closed(now, where="Production")


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (
            "2026-06-06T10:00+02:00",
            "Production is frozen until Monday 09:00: year-end closing.",
        ),
        (
            "2026-06-10T17:00+02:00",
            "Production takes no changes until Thursday 09:00: its change windows are "
            "Mon–Thu 09:00–16:00 (Europe/Berlin).",
        ),
        (
            "2026-06-10T07:30+02:00",
            "Production takes no changes until 09:00: its change windows are "
            "Mon–Thu 09:00–16:00 (Europe/Berlin).",
        ),
        ("2026-06-10T10:00+02:00", ""),
    ],
)
def test_why_it_is_closed_in_words(now: str, words: str) -> None:
    freeze = Freeze(at("2026-06-05T18:00+02:00"), at("2026-06-08T06:00+02:00"), "year-end closing")
    works = calendar("Mon–Thu 09:00–16:00", freezes=(freeze,))
    assert works.why_closed(at(now), where="Production") == words


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("mon-thu 9:00-16:00", "Mon–Thu 09:00–16:00"),
        ("Monday to Thursday 09:00 to 16:00", "Mon–Thu 09:00–16:00"),
        ("Sat,Sun 00:00–24:00", "Sat, Sun 00:00–24:00"),
        ("daily 22:00–04:00", "daily 22:00–04:00"),
        ("Fri–Mon 08:00–09:00", "Mon, Fri–Sun 08:00–09:00"),
        ("Tue, Thu–Sat 08:15–09:45", "Tue, Thu–Sat 08:15–09:45"),
    ],
)
def test_a_window_is_read_and_written(typed: str, read: str) -> None:
    (window,) = parse([typed, "", f"  {read}  "])
    assert str(window) == read
    assert parse([read]) == (window,)


@pytest.mark.parametrize(
    "typed",
    ["Mon", "Mon 9–16", "Mun 09:00–16:00", "Mon 25:00–26:00", "Mon 09:00–09:00", "Mon 24:00–01:00",
     "Mon 09:60–10:00", "Mon–Tue–Wed 09:00–10:00", "Mon 09:00–16:00 x", "\x00", "Mon," * 900,
     "Mon 09:00–16:00\nTue 09:00–16:00", "٣ 09:00–16:00", "<b> 09:00–16:00"],
)  # fmt: skip
def test_what_is_no_window_says_how_to_write_one(typed: str) -> None:
    with pytest.raises(Invalid, match=r"is no change window\. Write it as") as refused:
        parse([typed])
    assert refused.value.path == "change_windows"


def test_there_are_not_too_many() -> None:
    with pytest.raises(Invalid, match="50 at most"):
        parse([f"Mon {h:02}:{m:02}–23:59" for h in range(10) for m in range(10, 17)])


minutes = st.integers(0, 24 * 60 - 1)
windows = st.builds(
    Window, st.frozensets(st.integers(0, 6), min_size=1), minutes, st.integers(1, 24 * 60)
).filter(lambda window: window.start != window.end)
moments = st.integers(0, 2 * 365 * 86_400).map(
    lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
freezes = st.builds(
    lambda start, hours: Freeze(start, start + timedelta(hours=hours), "x"),
    moments,
    st.integers(1, 24 * 30),
)
zones = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo",
     "Asia/Kathmandu", "America/Sao_Paulo", "Pacific/Apia"]
).map(ZoneInfo)  # fmt: skip
calendars = st.builds(
    Calendar,
    zones,
    st.lists(windows, max_size=3).map(tuple),
    st.lists(freezes, max_size=3).map(tuple),
)


@given(now=moments, works=calendars)
def test_it_opens_when_it_says_and_at_no_time_before(now: datetime, works: Calendar) -> None:
    opens = next_open(now, works)
    if opens is None:
        # No freeze here is longer than a month, and each of three may follow the other.
        assert works.windows
        opens = now + timedelta(days=7)
    else:
        assert works.is_open(opens)
        assert now <= opens <= now + timedelta(days=366)
    before = now
    while before < min(opens, now + timedelta(days=8)):
        assert not works.is_open(before), before
        before += timedelta(minutes=7)
    if opens > now:
        assert not works.is_open(opens - timedelta(seconds=1))


@given(windows)
def test_what_is_written_is_read_as_the_same(window: Window) -> None:
    assert parse([str(window)]) == (window,)
