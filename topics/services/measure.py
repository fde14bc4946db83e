"""Measuring clusters: what they hold of each declared topic, and how far groups have read it.

Bounded: topics are read in parts of `TOPICS_A_PART`. What the cluster does not tell is unknown,
with the reason, and no other part of a round waits for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from governance.clock import database_now
from governance.errors import WeirError
from topics.errors import ClusterError
from topics.kafka import client as kafka
from topics.kafka.client import KafkaAdmin
from topics.kafka.values import Partition
from topics.measures.model import MeasureRound, TopicMeasure
from topics.measures.rate import with_sample
from topics.measures.reading import Topic, digest, unread
from topics.models import Cluster, DeclaredTopic, ObservedTopic
from topics.services import ages, clusters, measure_reads, observe
from topics.services import measure_store as store
from topics.services.ages import Reader
from topics.services.alone import Work, alone
from topics.services.measure_reads import Groups
from topics.services.measure_store import GroupRow, TopicRow

log = structlog.get_logger(__name__)

TOPICS_A_PART: Final = 2_000


@dataclass(slots=True)
class Counters:
    """What one round did."""

    topics: int = 0
    groups: int = 0
    written: int = 0
    removed: int = 0
    sizes_error: str = ""
    ends_error: str = ""

    def as_json(self) -> dict[str, object]:
        """For the run's row."""
        return {"topics": self.topics, "groups": self.groups,
                "written": self.written, "removed": self.removed}  # fmt: skip


def measure_cluster(cluster_id: int) -> bool:
    """Measures all that is declared on a cluster; whether it worked.

    A cluster that cannot be read keeps its rows, and the round says why. A second call while one is
    under way does nothing and gives False.
    """
    with alone(Work.MEASURING, cluster_id) as first:
        if not first:
            return False
        cluster = Cluster.objects.get(pk=cluster_id)
        began = database_now()
        names = _declared(cluster)
        counters = Counters()
        try:
            groups = _measure(cluster, names, began, counters, whole=True)
        except WeirError as error:
            kafka.forget(cluster_id)
            _note(cluster, began, error=error.message)
            observe.record_run(cluster, "measure", began, counters.as_json(), error=error.message)
            log.warning("cluster_not_measured", cluster=cluster.slug, error=error.message)
            return False
        counters.removed += _tidy(cluster, names)
        _note(
            cluster,
            began,
            seen_at=began,
            error=counters.ends_error,
            sizes=counters.sizes_error,
            groups=groups.error,
        )
        observe.record_run(cluster, "measure", began, counters.as_json())
        return True


def measure_topics(cluster: Cluster, names: Iterable[str]) -> None:
    """Measures the named topics now, as far as they are declared, and writes them down. Raises
    ClusterError when that may work later."""
    declared = _declared(cluster, names)
    if not declared:
        return
    began = database_now()
    counters = Counters()
    try:
        groups = _measure(cluster, declared, began, counters, whole=False)
    except ClusterError as error:
        kafka.forget(cluster.pk)
        if error.retryable:
            raise
        # What was not measured counts as unknown, which people then decide on.
        _note(cluster, began, error=error.message)
        return
    _note_topics(cluster, began, counters, groups.error)


def _declared(cluster: Cluster, names: Iterable[str] | None = None) -> list[str]:
    rows = DeclaredTopic.objects.filter(cluster=cluster, last_applied__isnull=False)
    if names is not None:
        rows = rows.filter(name__in=list(names))
    return list(rows.order_by("name").values_list("name", flat=True))


def _note(
    cluster: Cluster,
    at: datetime,
    *,
    seen_at: datetime | None = None,
    error: str = "",
    sizes: str | None = None,
    groups: str | None = None,
) -> None:
    """Keeps how an attempt ended; what is None stays as it was."""
    values: dict[str, object] = {"attempted_at": at, "error": error}
    if seen_at is not None:
        values["seen_at"] = seen_at
    if sizes is not None:
        values["sizes_error"] = sizes
    if groups is not None:
        values["groups_error"] = groups
    MeasureRound.objects.update_or_create(cluster=cluster, defaults=values)


def _note_topics(cluster: Cluster, at: datetime, counters: Counters, groups: str) -> None:
    """Keeps how measuring some topics ended. What failed is as unknown for these as for all others;
    what worked says nothing of those."""
    _note(
        cluster,
        at,
        error=counters.ends_error,
        sizes=counters.sizes_error or None,
        groups=groups or None,
    )


def _tidy(cluster: Cluster, names: Collection[str]) -> int:
    """Removes rows of what is declared no more."""
    have = set(TopicMeasure.objects.filter(cluster=cluster).values_list("name", flat=True))
    gone = have - set(names)
    return store.forget_topics(cluster, gone)


def _measure(
    cluster: Cluster, names: Sequence[str], began: datetime, counters: Counters, *, whole: bool
) -> Groups:
    """1. groups and their positions; 2. part by part: ends, sizes, ages, written where changed."""
    client = clusters.connect(cluster)
    facts = client.cluster()
    brokers = [broker.id for broker in facts.brokers]
    wanted = frozenset(names)
    groups = measure_reads.groups(
        client,
        brokers,
        wanted,
        may_list="describe" in facts.rights,
        stored=store.group_names(cluster, names),
    )
    counters.groups = len(groups.states)
    for start in range(0, len(names), TOPICS_A_PART):
        part = names[start : start + TOPICS_A_PART]
        _measure_part(cluster, client, part, groups, began, counters, whole=whole)
    return groups


def _measure_part(
    cluster: Cluster,
    client: KafkaAdmin,
    names: Sequence[str],
    groups: Groups,
    began: datetime,
    counters: Counters,
    *,
    whole: bool,
) -> None:
    layout = client.layout(names)
    leaders = {
        (name, index): found.leader
        for name, partitions in layout.items()
        for index, found in partitions.items()
    }
    tiered, compacted = _special(cluster, names)
    ends, counters.ends_error = measure_reads.ends(client, leaders, tiered, counters.ends_error)
    sizes, counters.sizes_error = measure_reads.sizes(client, layout, counters.sizes_error)
    topics = [
        Topic(
            name,
            ends={i: ends[name, i] for i in partitions if (name, i) in ends},
            sizes={i: sizes[name, i] for i in partitions if (name, i) in sizes},
            partitions=len(partitions),
            tiered=name in tiered,
            compacted=name in compacted,
        )
        for name, partitions in layout.items()
    ]
    counters.topics += len(topics)
    known = [topic for topic in topics if topic.complete]
    # Rows that stay count as seen in this round, so what could not be read must not stay.
    store.forget_topics(cluster, set(names) - {topic.name for topic in known})
    counters.written += _write_topics(cluster, known, began, refresh=not whole)
    _write_groups(cluster, client, known, groups, leaders, began, counters, refresh=not whole)


def _write_topics(
    cluster: Cluster, topics: Sequence[Topic], began: datetime, *, refresh: bool
) -> int:
    before = store.stored_topics(cluster, [topic.name for topic in topics])
    rows = [_topic_row(topic, before.get(topic.name), began) for topic in topics]
    changed = rows if refresh else [row for row in rows if before.get(row.name) != row]
    store.store_topics(cluster, changed, began)
    return len(changed)


def _topic_row(topic: Topic, before: TopicRow | None, began: datetime) -> TopicRow:
    samples = before.samples if before else ()
    if before is None or before.end_offset != topic.end_offset:
        samples = tuple(with_sample(samples, int(began.timestamp()), topic.end_offset))
    return TopicRow(
        name=topic.name,
        partitions=topic.partitions,
        end_offset=topic.end_offset,
        records=topic.records,
        leader_bytes=topic.leader_bytes,
        local_bytes=topic.local_bytes,
        remote_bytes=topic.remote_bytes,
        record_bytes=topic.record_bytes,
        samples=samples,
    )


def _write_groups(
    cluster: Cluster,
    client: KafkaAdmin,
    topics: Sequence[Topic],
    groups: Groups,
    leaders: Mapping[Partition, int],
    began: datetime,
    counters: Counters,
    *,
    refresh: bool,
) -> None:
    readers = [
        Reader(topic, group, found, digest(found))
        for topic in topics
        for group, committed in groups.positions.get(topic.name, {}).items()
        if (found := unread(topic.ends, committed))
    ]
    before = store.stored_groups(cluster, [topic.name for topic in topics])
    moved = []
    for reader in readers:
        had = before.get((reader.topic.name, reader.group))
        if had is not None and had.positions == reader.positions and had.oldest_unread_at:
            # The record that it did not read is the same, and so is its time.
            reader.oldest_at = had.oldest_unread_at
        elif any(found.lag for found in reader.unread.values()):
            moved.append(reader)
    ages.search(client, moved, leaders, began)
    rows = [_group_row(reader, groups.states.get(reader.group, "")) for reader in readers]
    changed = rows if refresh else [r for r in rows if before.get((r.topic, r.group)) != r]
    store.store_groups(cluster, changed, began)
    counters.written += len(changed)
    if not groups.error:
        gone = before.keys() - {(row.topic, row.group) for row in rows}
        store.forget_groups(cluster, gone, began)
        counters.removed += len(gone)


def _group_row(reader: Reader, state: str) -> GroupRow:
    sizes = [
        reader.topic.unread_bytes(index, found.lag)
        for index, found in reader.unread.items()
        if found.lag
    ]
    known = [size for size in sizes if size is not None]
    return GroupRow(
        topic=reader.topic.name,
        group=reader.group,
        state=state[:24],
        lag=sum(found.lag for found in reader.unread.values()),
        oldest_unread_at=reader.oldest_at,
        unread_bytes=(max(known, default=0) if len(known) == len(sizes) else None),
        positions=reader.positions,
    )


def _special(cluster: Cluster, names: Sequence[str]) -> tuple[set[str], set[str]]:
    """Those of the topics that use remote storage, and those that are compacted."""
    tiered, compacted = set(), set()
    default = cluster.default_configs.get("cleanup.policy", {}).get("value", "delete")
    rows = ObservedTopic.objects.filter(cluster=cluster, name__in=list(names))
    for name, configs in rows.values_list("name", "configs"):
        if configs.get("remote.storage.enable", {}).get("value") == "true":
            tiered.add(name)
        if "compact" in configs.get("cleanup.policy", {}).get("value", default):
            compacted.add(name)
    return tiered, compacted
