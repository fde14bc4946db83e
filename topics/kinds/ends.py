"""Ends that come by themselves, as people write them: "90 d", a day, a time, never; pure.

A length of time counts from when the thing is applied. A day without a time ends at its last moment
by the clock of the environment, daylight saving time included.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from governance import units
from governance.errors import Invalid, Problem

SHORTEST: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(days=3_660)
NO_END: Final = frozenset({"", "never", "none", "unlimited"})

End = tuple[timedelta | None, datetime | None]  # how long, or until when; neither: never

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def in_words(lasts: timedelta | None, ends_at: datetime | None) -> str:
    """The end as it reads back: a time, a length of time, or "never"."""
    if ends_at is not None:
        return ends_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if lasts is not None:
        return units.whole_duration(lasts // timedelta(milliseconds=1))
    return "never"


def stored(text: str) -> End:
    """The end that `in_words` wrote."""
    if text in NO_END:
        return None, None
    if text.endswith("Z"):
        return None, datetime.fromisoformat(text)
    return timedelta(milliseconds=units.parse_duration_ms(text)), None


def parse(value: object, zone: str, problems: list[Problem], *, path: str = "ends") -> End:
    """The end that somebody wrote; what cannot be read is added to `problems`."""
    text = str(value if value is not None else "").strip()
    if text.lower() in NO_END:
        return None, None
    if text[:4].isdigit() and text[4:5] == "-":
        return None, _moment(text, zone, problems, path)
    try:
        lasts = timedelta(milliseconds=units.parse_duration_ms(text, path=path, unlimited=False))
    except (Invalid, OverflowError) as error:
        why = error.message if isinstance(error, Invalid) else f"{text[:40]!r} is too long."
        problems.append(
            Problem(path, why, "Write a length of time (90 d), a day (2027-03-01), or never.")
        )
        return None, None
    if not SHORTEST <= lasts <= LONGEST:
        problems.append(
            Problem(
                path,
                f"{text[:40]!r} is not between a minute and ten years.",
                "Write a time between them, or never.",
            )
        )
        return None, None
    return lasts, None


def _moment(text: str, zone: str, problems: list[Problem], path: str) -> datetime | None:
    try:
        if _DAY.fullmatch(text):
            day = datetime.fromisoformat(text).date()
            local = datetime.combine(day, time(23, 59, 59), ZoneInfo(zone))
            # Where the clock goes back at midnight that hour comes twice: the day ends with the
            # second.
            local = local.replace(fold=1)
            return local.astimezone(UTC)
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(zone))
        return moment.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        problems.append(
            Problem(
                path,
                f"{text[:40]!r} is no day and no time.",
                "Write a day as 2027-03-01, or a time as 2027-03-01T12:00:00Z.",
            )
        )
        return None


def too_far(ends_at: datetime, now: datetime) -> bool:
    """Whether that moment is further away than the longest length of time."""
    return ends_at > now + LONGEST
