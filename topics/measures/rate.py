"""How fast a topic grows, from what its end was at times when somebody looked; pure.

Offsets are counted and not bytes, since what is deleted meanwhile makes sizes say nothing of what
came in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WINDOW_S: Final = 86_400  # a day holds the daily peak and the night
APART_S: Final = 3_600
SHORTEST_S: Final = 60  # a rate of a shorter look is noise

Sample = tuple[int, int]  # second, end offset


@dataclass(frozen=True, slots=True)
class Rate:
    """Records a second, on average since that second."""

    records: float
    since_s: int


def with_sample(samples: Sequence[Sample], at_s: int, end: int) -> list[Sample]:
    """The samples with what was seen now, where it is worth keeping: one an hour, as far back as
    the window reaches. They begin anew where the end went back: it is another topic of that name.
    """
    kept = [(int(second), int(offset)) for second, offset in samples]
    if not kept or end < kept[-1][1] or at_s < kept[-1][0]:
        return [(at_s, end)]
    if at_s - kept[-1][0] >= APART_S:
        kept.append((at_s, end))
    begin = _beginning(kept, at_s)
    return kept[begin:]


def rate_of(samples: Sequence[Sample], at_s: int, end: int) -> Rate | None:
    """The rate over the window up to `at_s`, when the end was `end`, or as far as anybody looked;
    None while that is too short to say."""
    if not samples:
        return None
    since, before = samples[_beginning(samples, at_s)]
    seconds = at_s - since
    if seconds < SHORTEST_S or end < before:
        return None
    return Rate((end - before) / seconds, since)


def _beginning(samples: Sequence[Sample], at_s: int) -> int:
    """Where the window begins: the last sample that is as old as it, or the first there is."""
    old = [index for index, (second, _) in enumerate(samples) if at_s - second >= WINDOW_S]
    return old[-1] if old else 0
