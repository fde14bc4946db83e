"""When changes may be applied: weekly windows and freezes, by the wall clock of a time zone.

A moment is open when the clock on the wall of the zone stands in a window and no freeze covers it.
Everything follows from that one sentence, daylight saving time too: a window lies in the hour that
is skipped and is empty that day, or in the one that comes twice and is open both times.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from governance.errors import Invalid

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MOST_WINDOWS = 50
LOOKS_AHEAD = timedelta(days=366)
MINUTES_A_DAY = 24 * 60

_DASH = r"\s*(?:-|–|—|\bto\b)\s*"
_RULE = re.compile(
    rf"(?P<days>.+?)\s+(?P<start>\d{{1,2}}:\d\d){_DASH}(?P<end>\d{{1,2}}:\d\d)", re.ASCII
)
_SPLIT = re.compile(_DASH)
_EXAMPLE = "Write it as “Mon–Thu 09:00–16:00”, “Sat, Sun 00:00–24:00” or “Fri 22:00–04:00”."


@dataclass(frozen=True, slots=True)
class Window:
    """A weekly rule. `days` counts from Monday, 0; times are minutes of the day. A window whose end
    is not after its start goes on into the next day."""

    days: frozenset[int]
    start: int
    end: int

    def __str__(self) -> str:
        return f"{_days_in_words(self.days)} {_clock(self.start)}–{_clock(self.end)}"

    def holds(self, wall: datetime) -> bool:
        """Whether the clock on the wall stands in it."""
        minute = wall.hour * 60 + wall.minute
        if self.end > self.start:
            return wall.weekday() in self.days and self.start <= minute < self.end
        yesterday = (wall.weekday() - 1) % 7
        return (wall.weekday() in self.days and minute >= self.start) or (
            yesterday in self.days and minute < self.end
        )


@dataclass(frozen=True, slots=True)
class Freeze:
    """From `starts_at`, included, to `ends_at`, not included, nothing is applied."""

    starts_at: datetime
    ends_at: datetime
    reason: str = ""

    def covers(self, at: datetime) -> bool:
        """Whether this moment lies in it."""
        return self.starts_at <= at < self.ends_at


@dataclass(frozen=True, slots=True)
class Calendar:
    """When changes may be applied somewhere. No window at all: always, but for the freezes."""

    zone: ZoneInfo
    windows: tuple[Window, ...] = ()
    freezes: tuple[Freeze, ...] = ()

    def is_open(self, at: datetime) -> bool:
        """Whether a change may be applied at this moment."""
        if self.freeze_at(at) is not None:
            return False
        wall = at.astimezone(self.zone)
        return not self.windows or any(window.holds(wall) for window in self.windows)

    def freeze_at(self, at: datetime) -> Freeze | None:
        """The freeze that covers this moment; of several the one that ends last."""
        standing = [freeze for freeze in self.freezes if freeze.covers(at)]
        return max(standing, key=lambda freeze: freeze.ends_at, default=None)

    def why_closed(self, at: datetime, *, where: str, now: datetime | None = None) -> str:
        """Why nothing is applied there at this moment and from when on something is, in words as
        people say them `now`; empty while it is open."""
        if self.is_open(at):
            return ""
        opens = next_open(at, self)
        until = f"until {self.in_words(opens, now or at)}" if opens else "for more than a year"
        freeze = self.freeze_at(at)
        if freeze is not None:
            return f"{where} is frozen {until}: {freeze.reason.rstrip('.')}."
        rules = "; ".join(str(window) for window in self.windows)
        return f"{where} takes no changes {until}: its change windows are {rules} ({self.zone})."

    def in_words(self, at: datetime, now: datetime) -> str:
        """A moment on the wall of the zone: “16:00” today, “Monday 09:00” within a week, else with
        its date."""
        wall, today = at.astimezone(self.zone), now.astimezone(self.zone).date()
        days = (wall.date() - today).days
        if days == 0:
            return f"{wall:%H:%M}"
        if 0 < days < 7:
            return f"{wall:%A %H:%M}"
        return f"{wall:%A} {wall.day} {wall:%B %Y %H:%M}"


def next_open(now: datetime, calendar: Calendar) -> datetime | None:
    """The first moment from `now` on at which a change may be applied: `now` itself where that is
    open, None where there is none within a year."""
    if calendar.is_open(now):
        return now
    # What is closed opens only where a window begins, the clock on the wall jumps or a freeze ends.
    ends = sorted(f.ends_at for f in calendar.freezes if now < f.ends_at <= now + LOOKS_AHEAD)
    first = next((end for end in ends if calendar.is_open(end)), None)
    for moments in _beginnings(now, calendar):
        for at in sorted(moments):
            if first is not None and first <= at:
                return first
            if now < at <= now + LOOKS_AHEAD and calendar.is_open(at):
                return at
    return first


def _beginnings(now: datetime, calendar: Calendar) -> Iterator[set[datetime]]:
    """Day by day, the moments at which a window may begin to hold."""
    if not calendar.windows:
        return
    day = now.astimezone(calendar.zone).date() - timedelta(days=1)
    for offset in range(LOOKS_AHEAD.days + 3):
        yield set(_of_day(day + timedelta(days=offset), calendar))


def _of_day(day: date, calendar: Calendar) -> Iterator[datetime]:
    zone = calendar.zone
    starts = {w.start for w in calendar.windows if day.weekday() in w.days}
    # One that goes on into this day holds from its first moment, should midnight be skipped.
    starts |= {0}
    for minute in starts:
        wall = datetime.combine(day, time(minute // 60, minute % 60), tzinfo=zone)
        # An hour that comes twice begins twice.
        yield wall.astimezone(UTC)
        yield wall.replace(fold=1).astimezone(UTC)
    yield from _jumps(day, zone)


def _jumps(day: date, zone: ZoneInfo) -> Iterator[datetime]:
    """The moment of this day at which the clock on the wall is put forward or back, if any."""
    before = datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
    after = datetime.combine(day + timedelta(days=1), time(), tzinfo=zone).astimezone(UTC)
    offset = _offset(before, zone)
    if offset == _offset(after, zone):
        return
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if _offset(middle, zone) == offset:
            before = middle
        else:
            after = middle
    yield after


def _offset(at: datetime, zone: ZoneInfo) -> timedelta | None:
    return at.astimezone(zone).utcoffset()


def read_local(text: str, zone: ZoneInfo, *, path: str) -> datetime:
    """The moment that a person wrote: “2026-12-20 09:00” on the wall of the zone, or with an offset
    of its own. Raises Invalid for what is no time."""
    try:
        read = datetime.fromisoformat(text.strip()[:40])
        return (read if read.tzinfo else read.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid(
            f"{text[:40]!r} is no date and time. Write it as 2026-12-20 09:00; the clock is that "
            f"of {zone}.",
            path=path,
        ) from None


# --- As people write them ---------------------------------------------------------------------


def parse(rules: Iterable[str], *, path: str = "change_windows") -> tuple[Window, ...]:
    """The windows of these lines, empty ones left out, each once. Raises Invalid, which names the
    line and how to write it."""
    found: list[Window] = []
    for line in rules:
        text = " ".join(line.split())
        if text and (window := _parse(text, path)) not in found:
            found.append(window)
    if len(found) > MOST_WINDOWS:
        raise Invalid(
            f"These are {len(found)} change windows; {MOST_WINDOWS} at most. Put days together.",
            path=path,
        )
    return tuple(found)


def _parse(text: str, path: str) -> Window:
    match = _RULE.fullmatch(text) if len(text) <= 80 else None
    days = _days(match["days"]) if match else None
    start = _minute(match["start"]) if match else None
    end = _minute(match["end"]) if match else None
    if not days or start is None or end is None or start in (MINUTES_A_DAY, end):
        raise Invalid(f"“{text[:80]}” is no change window. {_EXAMPLE}", path=path)
    return Window(days, start, end)


def _days(text: str) -> frozenset[int] | None:
    if text.lower() in {"daily", "every day"}:
        return frozenset(range(7))
    found: set[int] = set()
    for part in text.split(","):
        ends = [_day(word) for word in _SPLIT.split(part.strip())]
        first, last = ends[0], ends[-1]
        if first is None or last is None or len(ends) > 2:
            return None
        found |= {(first + n) % 7 for n in range((last - first) % 7 + 1)}
    return frozenset(found)


def _day(word: str) -> int | None:
    names = [name.lower() for name in DAYS]
    full = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    lower = word.lower()
    return names.index(lower) if lower in names else full.index(lower) if lower in full else None


def _minute(text: str) -> int | None:
    hours, minutes = (int(part) for part in text.split(":"))
    minute = hours * 60 + minutes
    return minute if minutes < 60 and minute <= MINUTES_A_DAY else None


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _days_in_words(days: frozenset[int]) -> str:
    if len(days) == 7:
        return "daily"
    return ", ".join(_run(run) for run in _runs(sorted(days)))


def _run(run: Sequence[int]) -> str:
    if len(run) < 3:
        return ", ".join(DAYS[day] for day in run)
    return f"{DAYS[run[0]]}–{DAYS[run[-1]]}"


def _runs(days: Sequence[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for day in days:
        if runs and day == runs[-1][-1] + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs
