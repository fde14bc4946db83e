"""When something is sent: the hour of a digest, and the pauses between tries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from governance.errors import Invalid

MAX_ATTEMPTS = 12  # with these pauses: about a day and a half
LONGEST_PAUSE = timedelta(hours=6)


def zone_named(name: str) -> ZoneInfo:
    """The time zone of that IANA name. Raises Invalid."""
    if name not in available_timezones() or name == "localtime":
        raise Invalid(
            f"There is no time zone {name[:64]!r}. Write it as Europe/Berlin or UTC.",
            path="time_zone",
        )
    return ZoneInfo(name)


def next_digest(now: datetime, *, hour: int, zone: ZoneInfo) -> datetime:
    """The next moment after `now` at which it is that hour in the zone, in UTC.

    Once a day whatever the clocks do: an hour that a day does not have comes an hour later on that
    day, and of one that it has twice the first counts.
    """
    day = now.astimezone(zone).date()
    for ahead in range(3):
        date = day + timedelta(days=ahead)
        wanted = datetime(date.year, date.month, date.day, hour, tzinfo=zone, fold=0)
        moment = wanted.astimezone(UTC)
        if moment > now:
            return moment
    raise AssertionError("One of three days holds the hour.")


def pause(attempt: int, *, draw: float) -> timedelta:
    """How long to wait after that many tries: 30 s, doubled each time, never above six hours.

    `draw`, from 0 to 1, spreads what failed together: the pause is between half and all of it.
    """
    doubled: int = 2 ** min(max(attempt - 1, 0), 12)
    return min(timedelta(seconds=30) * doubled, LONGEST_PAUSE) * (0.5 + draw / 2)
