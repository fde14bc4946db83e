"""Writing down what was measured: rows that changed, in one statement a thousand.

An older reading never replaces a newer one: a round and the recheck of a request may meet.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TypeVar

import orjson
from django.db import connection

from topics.measures.model import GroupMeasure, TopicMeasure
from topics.measures.rate import Sample
from topics.models.cluster import Cluster

BATCH = 1_000
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TopicRow:
    """One topic as it is stored."""

    name: str
    partitions: int
    end_offset: int
    records: int
    leader_bytes: int | None
    local_bytes: int | None
    remote_bytes: int | None
    record_bytes: float | None
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One group of one topic as it is stored."""

    topic: str
    group: str
    state: str
    lag: int
    oldest_unread_at: datetime | None
    unread_bytes: int | None
    positions: bytes


def stored_topics(cluster: Cluster, names: Collection[str]) -> dict[str, TopicRow]:
    """What is stored of these topics."""
    rows = TopicMeasure.objects.filter(cluster=cluster, name__in=list(names))
    return {
        row.name: TopicRow(
            row.name,
            row.partitions,
            row.end_offset,
            row.records,
            row.leader_bytes,
            row.local_bytes,
            row.remote_bytes,
            row.record_bytes,
            tuple((int(at), int(end)) for at, end in row.samples),
        )
        for row in rows.iterator(BATCH)
    }


def stored_groups(cluster: Cluster, names: Collection[str]) -> dict[tuple[str, str], GroupRow]:
    """What is stored of groups of these topics, by (topic, group)."""
    rows = GroupMeasure.objects.filter(cluster=cluster, topic__in=list(names))
    return {
        (row.topic, row.group): GroupRow(
            row.topic,
            row.group,
            row.state,
            row.lag,
            row.oldest_unread_at,
            row.unread_bytes,
            bytes(row.positions),
        )
        for row in rows.iterator(BATCH)
    }


def group_names(cluster: Cluster, names: Collection[str]) -> set[str]:
    """The groups of which something of these topics is stored."""
    rows = GroupMeasure.objects.filter(cluster=cluster, topic__in=list(names))
    return set(rows.order_by().values_list("group", flat=True).distinct())


_TOPICS = """
    INSERT INTO topics_topicmeasure AS had (
        cluster_id, name, partitions, end_offset, records, leader_bytes, local_bytes, remote_bytes,
        record_bytes, samples, seen_at
    )
    SELECT %(cluster)s, r.name, r.partitions, r.end_offset, r.records, r.leader, r.local, r.remote,
        r.record, r.samples::jsonb, %(at)s
    FROM unnest(%(name)s::text[], %(partitions)s::int[], %(end_offset)s::bigint[],
        %(records)s::bigint[], %(leader_bytes)s::bigint[], %(local_bytes)s::bigint[],
        %(remote_bytes)s::bigint[], %(record_bytes)s::float8[], %(samples)s::text[])
        AS r (name, partitions, end_offset, records, leader, local, remote, record, samples)
    ON CONFLICT (cluster_id, name) DO UPDATE SET
        partitions = excluded.partitions, end_offset = excluded.end_offset,
        records = excluded.records, leader_bytes = excluded.leader_bytes,
        local_bytes = excluded.local_bytes, remote_bytes = excluded.remote_bytes,
        record_bytes = excluded.record_bytes, samples = excluded.samples,
        seen_at = excluded.seen_at
    WHERE had.seen_at <= excluded.seen_at
"""

_GROUPS = """
    INSERT INTO topics_groupmeasure AS had (
        cluster_id, topic, "group", state, lag, oldest_unread_at, unread_bytes, positions, seen_at
    )
    SELECT %(cluster)s, r.topic, r.name, r.state, r.lag, r.oldest, r.unread, r.positions, %(at)s
    FROM unnest(%(topic)s::text[], %(group)s::text[], %(state)s::text[], %(lag)s::bigint[],
        %(oldest_unread_at)s::timestamptz[], %(unread_bytes)s::bigint[], %(positions)s::bytea[])
        AS r (topic, name, state, lag, oldest, unread, positions)
    ON CONFLICT (cluster_id, topic, "group") DO UPDATE SET
        state = excluded.state, lag = excluded.lag, oldest_unread_at = excluded.oldest_unread_at,
        unread_bytes = excluded.unread_bytes, positions = excluded.positions,
        seen_at = excluded.seen_at
    WHERE had.seen_at <= excluded.seen_at
"""


def store_topics(cluster: Cluster, rows: Sequence[TopicRow], at: datetime) -> None:
    """Writes these rows."""
    for part in _parts(sorted(rows, key=lambda row: row.name)):
        columns = _columns(TopicRow, part)
        columns["samples"] = [orjson.dumps(one).decode() for one in columns["samples"]]
        _run(_TOPICS, cluster, at, columns)


def store_groups(cluster: Cluster, rows: Sequence[GroupRow], at: datetime) -> None:
    """Writes these rows."""
    for part in _parts(sorted(rows, key=lambda row: (row.topic, row.group))):
        _run(_GROUPS, cluster, at, _columns(GroupRow, part))


def forget_groups(cluster: Cluster, gone: Collection[tuple[str, str]], at: datetime) -> None:
    """Removes what is stored of groups that read a topic no more."""
    by_topic: dict[str, list[str]] = {}
    for topic, group in gone:
        by_topic.setdefault(topic, []).append(group)
    for topic, groups in by_topic.items():
        GroupMeasure.objects.filter(
            cluster=cluster, topic=topic, group__in=groups, seen_at__lte=at
        ).delete()


def forget_topics(cluster: Cluster, names: Collection[str]) -> int:
    """Removes what is stored of these topics; how many there were."""
    if not names:
        return 0
    GroupMeasure.objects.filter(cluster=cluster, topic__in=list(names)).delete()
    return TopicMeasure.objects.filter(cluster=cluster, name__in=list(names)).delete()[0]


def _columns(kind: type, rows: Sequence[TopicRow] | Sequence[GroupRow]) -> dict[str, list[object]]:
    names = [field.name for field in fields(kind)]
    found: dict[str, list[object]] = {name: [] for name in names}
    for row in rows:
        for name in names:
            found[name].append(getattr(row, name))
    return found


def _run(
    statement: str, cluster: Cluster, at: datetime, columns: Mapping[str, list[object]]
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"cluster": cluster.pk, "at": at, **columns})


def _parts(rows: Sequence[T]) -> Iterable[Sequence[T]]:
    return (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))
