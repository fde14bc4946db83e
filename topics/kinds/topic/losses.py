"""Which groups lose records that they have not read when less is kept; pure.

Measured from how far each group really is. What cannot be said counts against the change: people
decide then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from governance import units
from topics.kinds.topic.volume import Kept
from topics.measures.values import Measured, Reader, age_in_words

LONGEST: Final = 100  # characters of a group's name in a sentence


@dataclass(frozen=True, slots=True)
class Loss:
    """A group that loses records, or may, and how far it is, in words."""

    reader: Reader
    text: str


@dataclass(frozen=True, slots=True)
class Losses:
    """What a change takes from readers. `shrinks`: records go sooner than now. `unknown` says why
    there may be others than `groups`, empty where these are all."""

    shrinks: bool = False
    groups: Sequence[Loss] = ()
    unknown: str = ""


def losses(before: Kept, after: Kept, measured: Measured) -> Losses:
    """Who loses what by this change."""
    time, size = _shorter(before, after), _smaller(before, after)
    compacted = after.compacts and not before.compacts
    untiered = before.tiered and not after.tiered
    if not (time or size or compacted or untiered):
        return Losses()
    if untiered:
        return Losses(True, unknown="What only remote storage holds goes with it.")
    if measured.stale:
        return Losses(True, unknown=measured.unknown)
    found = [
        Loss(reader, _how_far(reader))
        for reader in measured.readers
        if reader.lag
        and (
            compacted
            or (time and _beyond(reader.behind_ms, after.retention_ms))
            or (size and _beyond(reader.unread_bytes, after.retention_bytes))
        )
    ]
    return Losses(True, found, measured.unknown)


def _shorter(before: Kept, after: Kept) -> bool:
    """Whether records are deleted at an age at which they are kept now."""
    if not after.deletes:
        return False
    if not before.deletes:
        return after.retention_ms is None or after.retention_ms >= 0
    return _tighter(before.retention_ms, after.retention_ms)


def _smaller(before: Kept, after: Kept) -> bool:
    if not after.deletes:
        return False
    if not before.deletes:
        return after.retention_bytes is None or after.retention_bytes >= 0
    return _tighter(before.retention_bytes, after.retention_bytes)


def _tighter(before: int | None, after: int | None) -> bool:
    """Whether a limit gets tighter, or may, where one of the two is unknown and they differ."""
    if before is None or after is None:
        return before is not after and (after is None or after >= 0)
    return after >= 0 and (before < 0 or after < before)


def _beyond(measure: int | None, limit: int | None) -> bool:
    """Whether what a group has not read reaches beyond the limit. What is unknown may."""
    return measure is None or limit is None or measure > limit


def _how_far(reader: Reader) -> str:
    name = reader.group if len(reader.group) <= LONGEST else f"{reader.group[:LONGEST]}…"
    count = f"{units.format_count(reader.lag)} record{'' if reader.lag == 1 else 's'} unread"
    if reader.behind_ms is None:
        return f"{name} has {count}, and how old they are is not known"
    return f"{name} is {age_in_words(reader.behind_ms)} behind, {count}"
