"""How long ago the oldest record was written that a group has not read; pure.

A broker tells the first offset at or after a time, and no time of an offset, short of reading
records, for which Weir has no right. So the time is searched for: ask whether the position lies
before the first offset of half the age, and so on. Halving the logarithm makes the answer equally
good for minutes and for months.

Where times go back and forth along a partition it is the age by which everything up to that record
is older: the retention that would reach it, since brokers delete from the start.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

YOUNGEST_MS: Final = 1_000
OLDEST_MS: Final = 20 * 366 * 86_400_000
ROUNDS: Final = 12  # leaves half a percent of the age


@dataclass(frozen=True, slots=True)
class Search:
    """What is known of an age: it is more than `least_ms` and not more than `most_ms`."""

    least_ms: float = YOUNGEST_MS
    most_ms: float = OLDEST_MS

    @property
    def probe_ms(self) -> int:
        """The age to ask about next."""
        return round(math.sqrt(self.least_ms * self.most_ms))

    def narrowed(self, position: int, first_offset: int) -> Search:
        """What is known after the broker said which offset is the first of the probed age or
        younger; -1 where there is no such record, so that all are older."""
        if first_offset < 0 or position < first_offset:
            return Search(self.probe_ms, self.most_ms)
        return Search(self.least_ms, self.probe_ms)

    @property
    def age_ms(self) -> int:
        """The age, rather too much than too little: who loses data because of it is asked."""
        return round(self.most_ms)
