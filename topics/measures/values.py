"""What is known of one topic's size, growth and readers, as plain values for the core."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from governance import units
from topics.cost import Prices

MOST_READERS: Final = 100  # shown of one topic, those that lag most
_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS


def age_in_words(ms: int) -> str:
    """ "3 d 2 h", "5 h 10 min", "12 s": an age that was searched for is not known better."""
    unit = 1_000 if ms < _HOUR_MS else _MINUTE_MS if ms < 24 * _HOUR_MS else _HOUR_MS
    return units.format_duration(max(1, round(ms / unit)) * unit)


@dataclass(frozen=True, slots=True)
class Growth:
    """How fast a topic grows: records a second and bytes a second of one copy, on average since
    that time. `size` None: records are counted, and their size is not known."""

    records: float
    size: float | None
    since: datetime

    def over(self, until: datetime) -> str:
        """How long it was watched, in words."""
        return age_in_words(round((until - self.since).total_seconds() * 1000))


@dataclass(frozen=True, slots=True)
class Reader:
    """A group that reads a topic.

    `lag` counts the records it has not read, `behind_ms` says how old the oldest of them is, None
    where that is unknown; `unread_bytes` is the most of one partition. `teams` are those whose
    applications it belongs to; none: nobody knows. `state` is the broker's word (stable, empty).
    """

    group: str
    lag: int
    behind_ms: int | None = None
    unread_bytes: int | None = None
    teams: tuple[str, ...] = ()
    state: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """The measures of one topic. None is unknown.

    `seen_at` is when they were right. `unknown` says why nothing is known of readers, empty where
    `readers` are all there are; `sizes_unknown` why sizes are not. `stale`: too old to go by.
    `leader_bytes` is one copy, `more_readers` how many there are beside `readers`.
    """

    seen_at: datetime | None = None
    records: int | None = None
    leader_bytes: int | None = None
    local_bytes: int | None = None
    remote_bytes: int | None = None
    growth: Growth | None = None
    readers: Sequence[Reader] = ()
    more_readers: int = 0
    unknown: str = "Nobody has measured it yet."
    sizes_unknown: str = "Nobody has measured it yet."
    stale: bool = False
    prices: Prices = field(default_factory=Prices)
    zones: int = 1

    @property
    def one_copy(self) -> int | None:
        """Bytes of one copy of all that is kept, wherever it lies."""
        if self.leader_bytes is None or self.remote_bytes is None:
            return None
        # What is on brokers was copied to remote storage but for the newest: not counted twice.
        return max(self.leader_bytes, self.remote_bytes)
