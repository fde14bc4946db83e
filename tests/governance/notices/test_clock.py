"""When digests go out, over the change of the clocks; pauses between tries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.errors import Invalid
from governance.notices.clock import LONGEST_PAUSE, next_digest, pause, zone_named

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu",
                         "Australia/Lord_Howe", "Pacific/Apia", "America/Sao_Paulo"])  # fmt: skip


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "hour", "expected", "why"),
    [
        ("2026-03-28T12:00", 8, "2026-03-29T06:00", "summer time began that night"),
        ("2026-03-28T06:00", 8, "2026-03-28T07:00", "still winter time"),
        ("2026-03-28T12:00", 2, "2026-03-29T01:00", "02:00 does not exist: it is 03:00 then"),
        ("2026-10-24T12:00", 2, "2026-10-25T00:00", "02:00 comes twice: the first one"),
        ("2026-10-25T00:00", 2, "2026-10-26T01:00", "and not the second one too"),
        ("2026-10-25T00:30", 2, "2026-10-26T01:00", "nor between the two"),
        ("2026-06-01T06:00", 8, "2026-06-02T06:00", "at the very moment it is the next day's"),
    ],
)
def test_the_hour_is_that_of_the_zone(now: str, hour: int, expected: str, why: str) -> None:
    assert next_digest(utc(now), hour=hour, zone=BERLIN) == utc(expected), why


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)),  # noqa: DTZ001 -- made aware below
    st.integers(0, 23),
    ZONES,
)
def test_there_is_one_within_two_days_and_one_a_day(naive: datetime, hour: int, name: str) -> None:
    now, zone = naive.replace(tzinfo=UTC), ZoneInfo(name)
    first = next_digest(now, hour=hour, zone=zone)
    assert now < first <= now + timedelta(hours=50)
    second = next_digest(first, hour=hour, zone=zone)
    assert second.astimezone(zone).date() > first.astimezone(zone).date()


def test_zones_are_iana_names() -> None:
    assert zone_named("Europe/Berlin").key == "Europe/Berlin"
    for wrong in ("", "Berlin", "../../etc/passwd", "localtime", "europe/berlin ", "UTC\x00"):
        with pytest.raises(Invalid, match="There is no time zone"):
            zone_named(wrong)


@given(st.integers(-3, 1_000), st.floats(0, 1))
def test_pauses_grow_and_are_bounded(attempt: int, draw: float) -> None:
    assert timedelta(seconds=15) <= pause(attempt, draw=draw) <= LONGEST_PAUSE
    assert pause(attempt + 1, draw=1) >= pause(attempt, draw=1)
