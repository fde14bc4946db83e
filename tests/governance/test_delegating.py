"""From when until when: days on the wall of a zone, lengths, and what is none."""

from datetime import UTC, datetime

import pytest

from governance.delegating import period
from governance.errors import Invalid

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("begins", "ends", "zone", "start", "end"),
    [
        ("", "14 d", "UTC", NOW, at("2026-12-15T12:00+00:00")),
        ("", "2026-12-24", "UTC", NOW, at("2026-12-25T00:00+00:00")),
        ("2026-12-01", "2026-12-24", "UTC", NOW, at("2026-12-25T00:00+00:00")),  # begun already
        (
            "2026-12-20",
            "2027-01-06",
            "Europe/Berlin",
            at("2026-12-20T00:00+01:00"),
            at("2027-01-07T00:00+01:00"),
        ),
        (
            "2026-12-20 09:00",
            "2026-12-20 17:30",
            "America/New_York",
            at("2026-12-20T09:00-05:00"),
            at("2026-12-20T17:30-05:00"),
        ),
        ("2026-12-20", "36 h", "UTC", at("2026-12-20T00:00+00:00"), at("2026-12-21T12:00+00:00")),
        # The day on which clocks go forward has 23 hours, all of which count.
        (
            "2027-03-28",
            "2027-03-28",
            "Europe/Berlin",
            at("2027-03-28T00:00+01:00"),
            at("2027-03-29T00:00+02:00"),
        ),
        ("", "100 d", "", NOW, at("2027-03-11T12:00+00:00")),
    ],
)
def test_from_when_until_when(
    begins: str, ends: str, zone: str, start: datetime, end: datetime
) -> None:
    assert period(begins, ends, zone=zone, now=NOW) == (start, end)


@pytest.mark.parametrize(
    ("begins", "ends", "zone", "path"),
    [
        ("", "", "UTC", "ends"),
        ("", "soon", "UTC", "ends"),
        ("", "1209600000", "UTC", "ends"),
        ("", "-1", "UTC", "ends"),
        ("", "unlimited", "UTC", "ends"),
        ("", "0 d", "UTC", "ends"),
        ("", "2026-11-30", "UTC", "ends"),
        ("2026-12-20", "2026-12-19", "UTC", "ends"),
        ("", "2026-02-30", "UTC", "ends"),
        ("", "101 d", "UTC", "ends"),
        ("", "99999999999999 d", "UTC", "ends"),
        ("", "9999-12-31", "UTC", "ends"),
        ("tomorrow", "14 d", "UTC", "begins"),
        ("2026-13-01", "14 d", "UTC", "begins"),
        ("2028-06-01", "14 d", "UTC", "begins"),
        ("", "14 d", "Mars/Olympus", "zone"),
        ("", "14 d", "../../etc/passwd", "zone"),
        ("", "14 d", "a\x00b", "zone"),
    ],
)
def test_what_is_no_period(begins: str, ends: str, zone: str, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        period(begins, ends, zone=zone, now=NOW)
    assert refused.value.facts["path"] == path
