"""From what brokers answered of partitions to what is kept of topics and groups; pure.

Whatever is missing from an answer is unknown, and makes unknown what needs it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

PartitionIndex = int


@dataclass(frozen=True, slots=True)
class Ends:
    """Where one partition begins and ends. `local_start` is where the leader's own part begins,
    `last_remote` the last offset in remote storage (-1: none); None is unknown."""

    start: int
    end: int
    local_start: int | None = None
    last_remote: int | None = None


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes of one partition: its leader's copy, and all copies; None is unknown."""

    leader: int | None = None
    copies: int | None = None


@dataclass(frozen=True, slots=True)
class Topic:
    """What was read of one topic, by partition. `tiered`: it uses remote storage; `compacted`: its
    offsets are more than its records."""

    name: str
    ends: Mapping[PartitionIndex, Ends]
    sizes: Mapping[PartitionIndex, Size] = field(default_factory=dict)
    partitions: int = 0
    tiered: bool = False
    compacted: bool = False

    @property
    def complete(self) -> bool:
        """Whether each partition's ends are known."""
        return self.partitions > 0 and len(self.ends) == self.partitions

    @property
    def end_offset(self) -> int:
        """The sum of the ends: what grows with each record."""
        return sum(found.end for found in self.ends.values())

    @property
    def records(self) -> int:
        """Offsets between start and end."""
        return sum(max(0, found.end - found.start) for found in self.ends.values())

    @property
    def leader_bytes(self) -> int | None:
        """Bytes of one copy on brokers."""
        return _sum(self._size(index).leader for index in range(self.partitions))

    @property
    def local_bytes(self) -> int | None:
        """Bytes of all copies on brokers."""
        return _sum(self._size(index).copies for index in range(self.partitions))

    @property
    def record_bytes(self) -> float | None:
        """The average size of a record on disk; unknown where offsets do not count records."""
        return None if self.compacted else _average(self.leader_bytes, self._local_records())

    @property
    def remote_bytes(self) -> int | None:
        """Bytes in remote storage, from the offsets that it holds: brokers tell no size of it."""
        if not self.tiered:
            return 0
        average = self.record_bytes
        held = _sum(
            None if found.last_remote is None else max(0, found.last_remote + 1 - found.start)
            for found in self.ends.values()
        )
        if held == 0:
            return 0
        return None if average is None or held is None else round(average * held)

    def unread_bytes(self, index: PartitionIndex, unread: int) -> int | None:
        """How much so many records of a partition are on one copy; unknown where offsets do not
        count records."""
        if self.compacted:
            return None
        ends = self.ends[index]
        size = self._size(index).leader
        average = _average(size, _local_of(ends, tiered=self.tiered)) or self.record_bytes
        return None if average is None else round(average * unread)

    def _size(self, index: PartitionIndex) -> Size:
        return self.sizes.get(index, Size())

    def _local_records(self) -> int | None:
        return _sum(_local_of(found, tiered=self.tiered) for found in self.ends.values())


@dataclass(frozen=True, slots=True)
class Unread:
    """What a group has not read of one partition: from `position` on, `lag` records."""

    position: int
    lag: int


def unread(
    ends: Mapping[PartitionIndex, Ends], committed: Mapping[PartitionIndex, int]
) -> dict[PartitionIndex, Unread]:
    """What a group that committed these positions has not read, by partition. A position before the
    start counts from there: what was before it is gone already. So does a partition of which it
    committed nothing, beside others: it may not have come to it yet."""
    if not committed:
        return {}
    found = {}
    for index, edges in ends.items():
        at = max(committed.get(index, edges.start), edges.start)
        found[index] = Unread(at, max(0, edges.end - at))
    return found


def digest(unread: Mapping[PartitionIndex, Unread]) -> bytes:
    """Equal where a group stands as it stood: then its oldest unread record is the same too."""
    said = ",".join(
        f"{index}:{found.position if found.lag else 'all'}"
        for index, found in sorted(unread.items())
    )
    return hashlib.blake2b(said.encode(), digest_size=16).digest()


def _local_of(ends: Ends, *, tiered: bool) -> int | None:
    begins = ends.local_start if tiered else ends.start
    return None if begins is None else max(0, ends.end - begins)


def _average(size: int | None, records: int | None) -> float | None:
    return None if size is None or not records else size / records


def _sum(numbers: Iterable[int | None]) -> int | None:
    """The sum; None where one is unknown."""
    total = 0
    for number in numbers:
        if number is None:
            return None
        total += number
    return total
