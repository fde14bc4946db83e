"""When a delegation begins and ends, from what a person wrote: days on the wall of a zone; pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from governance import units
from governance.errors import Invalid
from governance.windows import read_local

LONGEST_DAYS: Final = 100
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_ZONE: Final = re.compile(r"[A-Za-z0-9_+/-]{1,64}", re.ASCII)


def period(begins: str, ends: str, *, zone: str, now: datetime) -> tuple[datetime, datetime]:
    """From when until when. `begins` is a day, which counts from its first moment in the zone, or
    a time; empty: `now`. `ends` is a day, which counts to its last moment, a time, or a length from
    the beginning (14 d). Raises Invalid, with its path."""
    where = _zone(zone or "UTC")
    start = _start(begins.strip(), where, now)
    end = _end(ends.strip(), where, start)
    if end <= max(start, now):
        raise Invalid("It would end before it begins. Choose a later end.", path="ends")
    if end > start + timedelta(days=LONGEST_DAYS):
        raise Invalid(
            f"This is longer than {LONGEST_DAYS} days. Hand over for less, and again when it ends; "
            "for good, let the platform team or the owners give the role.",
            path="ends",
        )
    if start > now + timedelta(days=366):
        raise Invalid("It begins more than a year ahead. Hand over nearer to it.", path="begins")
    return start, end


def _zone(name: str) -> ZoneInfo:
    try:
        if _ZONE.fullmatch(name):
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    raise Invalid(f"{name[:64]!r} is no time zone. Write it as Europe/Berlin.", path="zone")


def _start(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    if not text:
        return now
    if _DATE.fullmatch(text):
        return max(_moment(text, time(), zone, path="begins"), now)
    return max(read_local(text, zone, path="begins"), now)


def _end(text: str, zone: ZoneInfo, start: datetime) -> datetime:
    if not text:
        raise Invalid("It is not said until when. A delegation ends by itself.", path="ends")
    if _DATE.fullmatch(text):
        return _moment(text, time(), zone, path="ends", days=1)
    if re.match(r"\d{4}-", text):
        return read_local(text, zone, path="ends")
    try:
        if text.isdigit():
            raise ValueError(text)  # milliseconds, which nobody means here
        length = units.parse_duration_ms(text, path="ends", unlimited=False)
        return start + timedelta(milliseconds=length)
    except (Invalid, ValueError, OverflowError):
        raise Invalid(
            f"{text[:40]!r} is no day and no length of time. Write a day as 2027-01-06, or a "
            "length as 14 d.",
            path="ends",
        ) from None


def _moment(text: str, at: time, zone: ZoneInfo, *, path: str, days: int = 0) -> datetime:
    try:
        day = date.fromisoformat(text) + timedelta(days=days)
        return datetime.combine(day, at, zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid(f"There is no day {text}. Write it as 2027-01-06.", path=path) from None
