"""Finding out how old the records are that groups have not read, by asking brokers for offsets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from topics.errors import ClusterError
from topics.kafka.client import KafkaAdmin
from topics.kafka.values import Partition
from topics.measures.behind import ROUNDS, Search
from topics.measures.reading import Topic, Unread

MOST_SEARCHED: Final = 5_000  # (group, partition) whose age is searched for at once


@dataclass(slots=True)
class Reader:
    """A group of a topic, and what it has not read."""

    topic: Topic
    group: str
    unread: Mapping[int, Unread]
    positions: bytes
    oldest_at: datetime | None = None


def search(
    client: KafkaAdmin,
    readers: Sequence[Reader],
    leaders: Mapping[Partition, int],
    now: datetime,
) -> None:
    """Finds the time of each reader's oldest unread record; those that lag most come first, and
    what is left over stays unknown."""
    wanted = [
        (reader, index, found)
        for reader in sorted(
            readers, key=lambda one: -sum(found.lag for found in one.unread.values())
        )
        for index, found in reader.unread.items()
        if found.lag
    ]
    searches = {number: Search() for number in range(min(len(wanted), MOST_SEARCHED))}
    failed: dict[int, ClusterError] = {}  # what they lead is unknown this time
    now_ms = int(now.timestamp() * 1000)
    for _ in range(ROUNDS):
        # A broker takes one time a partition in a request; groups of one topic ask one by one.
        for numbers in _apart([(n, (wanted[n][0].topic.name, wanted[n][1])) for n in searches]):
            times = {one: now_ms - searches[number].probe_ms for one, number in numbers.items()}
            answers = client.offsets(times, leaders, failed)
            for one, number in numbers.items():
                if one not in answers:
                    searches.pop(number)  # its leader moved or is away: unknown this time
                else:
                    position = wanted[number][2].position
                    searches[number] = searches[number].narrowed(position, answers[one])
    ages: dict[int, list[int | None]] = {}
    for number, (reader, _, _) in enumerate(wanted):
        found = searches.get(number)
        ages.setdefault(id(reader), []).append(found.age_ms if found else None)
    for reader in readers:
        known = ages.get(id(reader), [])
        if known and None not in known:
            oldest = max(age for age in known if age is not None)
            reader.oldest_at = now - timedelta(milliseconds=oldest)


def _apart(wanted: Iterable[tuple[int, Partition]]) -> list[dict[Partition, int]]:
    """The numbers by partition, in as many parts as one partition is asked about."""
    parts: list[dict[Partition, int]] = []
    counts: dict[Partition, int] = {}
    for number, partition in wanted:
        turn = counts.get(partition, 0)
        counts[partition] = turn + 1
        if turn == len(parts):
            parts.append({})
        parts[turn][partition] = number
    return parts
