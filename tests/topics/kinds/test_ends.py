"""Ends as people write them: what they mean by the clock of a zone, and that they read back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from governance.errors import Problem
from topics.kinds import ends

NOTHING = (None, None)


def at(*parts: int) -> tuple[None, datetime]:
    return None, datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]  # year, month, day…


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("90d", "UTC", (timedelta(days=90), None)),
        ("1 d 12 h", "UTC", (timedelta(hours=36), None)),
        ("never", "UTC", NOTHING),
        ("None", "UTC", NOTHING),
        (None, "UTC", NOTHING),
        # A day ends with its last second, by the clock of the zone.
        ("2027-03-01", "UTC", at(2027, 3, 1, 23, 59, 59)),
        ("2027-03-01", "Europe/Berlin", at(2027, 3, 1, 22, 59, 59)),
        ("2027-07-01", "Europe/Berlin", at(2027, 7, 1, 21, 59, 59)),
        # In Chile the clock goes back at midnight: the last hour of that day comes twice.
        ("2027-04-03", "America/Santiago", at(2027, 4, 4, 3, 59, 59)),
        ("2027-03-01", "Asia/Kathmandu", at(2027, 3, 1, 18, 14, 59)),
        # The day on which the clock goes forward has 23 hours, that on which it goes back 25.
        ("2027-03-28", "Europe/Berlin", at(2027, 3, 28, 21, 59, 59)),
        ("2027-10-31", "Europe/Berlin", at(2027, 10, 31, 22, 59, 59)),
        # A time that is skipped, and one that comes twice: the first of the two.
        ("2027-03-28T02:30", "Europe/Berlin", at(2027, 3, 28, 1, 30)),
        ("2027-10-31T02:30", "Europe/Berlin", at(2027, 10, 31, 0, 30)),
        ("2027-03-01T12:00:00Z", "Europe/Berlin", at(2027, 3, 1, 12)),
        ("2027-03-01T12:00:00+05:30", "UTC", at(2027, 3, 1, 6, 30)),
    ],
)
def test_an_end_is_read(text: object, zone: str, expected: ends.End) -> None:
    problems: list[Problem] = []
    found = ends.parse(text, zone, problems)
    assert (found, problems) == (expected, [])
    assert ends.stored(ends.in_words(*found)) == found


def test_a_moment_is_as_far_away_as_a_length_of_time_at_most() -> None:
    now = datetime(2027, 1, 1, tzinfo=UTC)
    assert not ends.too_far(now + ends.LONGEST, now)
    assert ends.too_far(now + ends.LONGEST + timedelta(seconds=1), now)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("3 months", "no fixed length"),
        ("soon", "cannot be read"),
        ("10 ms", "between a minute and ten years"),
        ("20000 d", "between a minute and ten years"),
        ("9" * 19 + " d", "more than Kafka can hold"),
        ("2027-02-30", "no day and no time"),
        ("2027-13-01T00:00", "no day and no time"),
        ("0000-01-01", "no day and no time"),
        ("<b>90 d</b>", "cannot be read"),
        ("1" * 500, "too long"),
        ("-5 d", "is negative"),
    ],
)
def test_what_is_no_end_is_said_beside_its_field(text: str, said: str) -> None:
    problems: list[Problem] = []
    assert ends.parse(text, "Europe/Berlin", problems, path="x.ends") == NOTHING
    (problem,) = problems
    assert problem.path == "x.ends"
    assert said in problem.message
    assert len(problem.message) < 300
