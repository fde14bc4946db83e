"""Looking at clusters: what is read, and what of it is written down.

Observed rows are written when something changed, not when something was seen: an unchanged cluster
costs one row a round (its own). Reads are bounded: everything is listed, configs that somebody
declared are read each round, and the full configs of at most `FULL_READS` topics, the others in
turn.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson
import structlog
from django.db import connection

from governance.clock import database_now
from governance.errors import WeirError
from topics import rights
from topics.errors import ClusterError, Fault
from topics.kafka import client as kafka
from topics.kafka.client import KafkaAdmin
from topics.kafka.values import ConfigValue, TopicFacts
from topics.kinds.topic.kafka import Seen, read
from topics.models import Cluster, DeclaredTopic, ObservedTopic, Run
from topics.services import acls, clusters
from topics.services.alone import Work, alone

log = structlog.get_logger(__name__)

FULL_READS = 2_000
RUNS_KEPT = 200

Configs = dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Row:
    """One observed topic as it is stored."""

    name: str
    partitions: int
    replication_factor: int
    internal: bool
    configs: Configs

    def digest(self) -> bytes:
        """Equal for rows that say the same."""
        said = [self.partitions, self.replication_factor, self.internal, self.configs]
        return hashlib.blake2b(
            orjson.dumps(said, option=orjson.OPT_SORT_KEYS), digest_size=16
        ).digest()


@dataclass(slots=True)
class Counters:
    """What one round did."""

    topics: int = 0
    full: int = 0
    written: int = 0
    removed: int = 0
    turn: int = 0
    missing_rights: list[str] = field(default_factory=list)
    acls: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """For the run's row."""
        return {
            "topics": self.topics,
            "full": self.full,
            "written": self.written,
            "removed": self.removed,
            "turn": self.turn,
            "missing_rights": self.missing_rights,
            **self.acls,
        }


def observe_cluster(cluster_id: int) -> bool:
    """Observes the whole cluster; whether it worked.

    A cluster that cannot be read keeps its rows, and its record says why and since when. A second
    call while one is under way does nothing and gives False.
    """
    with alone(Work.OBSERVING, cluster_id) as first:
        if not first:
            return False
        cluster = Cluster.objects.get(pk=cluster_id)
        began = database_now()
        counters = Counters()
        try:
            _observe(cluster, began, counters)
        except WeirError as error:
            # After a failure the connection may be half dead; the next round makes its own.
            kafka.forget(cluster_id)
            Cluster.objects.filter(pk=cluster_id).update(
                reachable=False, error=error.message, attempted_at=began
            )
            _finish(cluster, began, counters, error=error.message)
            log.warning("cluster_not_observed", cluster=cluster.slug, error=error.message)
            return False
        _finish(cluster, began, counters)
        return True


def observe_topics(cluster: Cluster, names: Sequence[str]) -> dict[str, Seen]:
    """Reads the named topics now, writes them down, and gives back those that are there.

    Raises ClusterError when they cannot be read.
    """
    client = clusters.connect(cluster)
    began = database_now()
    if cluster.observed_at is None and not cluster.default_configs:
        _learn_defaults(cluster, client)
    try:
        seen = read(client, sorted(set(names)))
    except ClusterError:
        kafka.forget(cluster.pk)
        raise
    store_seen(cluster, names, seen, began)
    return seen


def store_seen(
    cluster: Cluster, names: Sequence[str], seen: Mapping[str, Seen], began: datetime
) -> None:
    """Writes down topics that were read on purpose, at `began`: also that they are unchanged.

    The reads must have had all configs; names that are not in `seen` are not on the cluster.
    """
    rows = [_row(found, cluster.default_configs) for found in seen.values()]
    _upsert(cluster, rows, began, refresh=True)
    gone = [name for name in names if name not in seen]
    ObservedTopic.objects.filter(cluster=cluster, name__in=gone).delete()


def _observe(cluster: Cluster, began: datetime, counters: Counters) -> None:
    """1. brokers, rights; 2. defaults; 3. the list; 4. configs, written where changed; 5. ACLs."""
    client = clusters.connect(cluster)
    facts = client.cluster()
    topic_rights = client.topic_rights()
    granted = rights.granted(facts.rights, topic_rights)
    lacking = rights.missing(granted)
    counters.missing_rights = [right.name for right in lacking]
    complete = "describe" in topic_rights
    _learn_defaults(cluster, client)
    listed = {
        name: topic for name, topic in client.topics().items() if isinstance(topic, TopicFacts)
    }
    counters.topics = len(listed)
    before = _stored(cluster)
    rows = _read_rows(cluster, client, listed, before, counters)
    changed = [row for row in rows if before.get(row.name) != row]
    counters.written = len(changed)
    _upsert(cluster, changed, began, refresh=False)
    if complete:
        # An incomplete list proves nothing about what it leaves out.
        gone = [name for name in before if name not in listed]
        counters.removed = len(gone)
        ObservedTopic.objects.filter(cluster=cluster, name__in=gone).delete()
    counters.acls = acls.observe(cluster, client, began)
    Cluster.objects.filter(pk=cluster.pk).update(
        cluster_id=facts.cluster_id,
        brokers=len(facts.brokers),
        rights=granted,
        reachable=True,
        attempted_at=began,
        error="" if complete else _incomplete(lacking),
        **({"observed_at": began} if complete else {}),
    )


def _incomplete(lacking: Sequence[rights.Right]) -> str:
    names = ", ".join(right.operation for right in lacking)
    return (
        "Weir does not see all topics of this cluster, so what it sees is not compared with what "
        f"is declared. Give its principal these rights: {names}."
    )


def _learn_defaults(cluster: Cluster, client: KafkaAdmin) -> None:
    """What a topic gets by default, by a creation that is only validated; kept as it was where
    Weir may not create topics."""
    try:
        found = client.topic_defaults()
    except ClusterError as error:
        if error.fault is not Fault.DENIED:
            raise
        return
    cluster.default_partitions = found.partitions
    cluster.default_replication = found.replication_factor
    if found.configs:
        cluster.default_configs = {
            key: {"value": value.value, "source": value.source}
            for key, value in sorted(found.configs.items())
        }
        cluster.supported_keys = sorted(found.configs)
    Cluster.objects.filter(pk=cluster.pk).update(
        default_partitions=cluster.default_partitions,
        default_replication=cluster.default_replication,
        default_configs=cluster.default_configs,
        supported_keys=cluster.supported_keys,
    )


def _read_rows(
    cluster: Cluster,
    client: KafkaAdmin,
    listed: Mapping[str, TopicFacts],
    before: Mapping[str, Row],
    counters: Counters,
) -> list[Row]:
    """Rows of all listed topics: read in full, by declared keys, or as they were last time."""
    full = _names_in_turn(cluster, sorted(listed), counters)
    counters.full = len(full)
    values: dict[str, Mapping[str, ConfigValue]] = _good(client.configs(full))
    partly: dict[str, Mapping[str, ConfigValue]] = {}
    if len(full) < len(listed):
        keys, names = _declared_keys(cluster)
        rest = sorted((names & listed.keys()) - values.keys())
        if keys and rest:
            partly = _good(client.configs(rest, sorted(keys)))
    rows = []
    for name, facts in listed.items():
        if name in values:
            configs = stored_configs(values[name], cluster.default_configs)
        else:
            old = before[name].configs if name in before else {}
            configs = _patched(old, partly.get(name, {}), cluster.default_configs)
        rows.append(Row(name, facts.partitions, facts.replication_factor, facts.internal, configs))
    return rows


def _good(
    answers: Mapping[str, dict[str, ConfigValue] | ClusterError],
) -> dict[str, Mapping[str, ConfigValue]]:
    """The answers without those that vanished; any other error of one counts for all."""
    good: dict[str, Mapping[str, ConfigValue]] = {}
    for name, answer in answers.items():
        if not isinstance(answer, ClusterError):
            good[name] = answer
        elif answer.fault not in (Fault.GONE, Fault.DENIED):
            raise answer
    return good


def _names_in_turn(cluster: Cluster, names: Sequence[str], counters: Counters) -> list[str]:
    """The names whose configs are read in full this round; each has its turn."""
    parts = -(-len(names) // FULL_READS)
    if parts <= 1:
        return list(names)
    last = (
        Run.objects.filter(cluster=cluster, kind="observe", ok=True)
        .order_by("-id")
        .values_list("counters", flat=True)
        .first()
    )
    counters.turn = (int((last or {}).get("turn", -1)) + 1) % parts
    return [name for name in names if zlib.crc32(name.encode()) % parts == counters.turn]


def _declared_keys(cluster: Cluster) -> tuple[set[str], set[str]]:
    """All config keys that are declared somewhere on the cluster, and the declared names."""
    keys: set[str] = set()
    names: set[str] = set()
    declared = DeclaredTopic.objects.filter(cluster=cluster).values_list("name", "configs")
    for name, configs in declared.iterator(chunk_size=5_000):
        names.add(name)
        keys |= configs.keys()
    return keys, names


def _row(seen: Seen, defaults: Mapping[str, Mapping[str, str]]) -> Row:
    facts = seen.facts
    return Row(
        facts.name,
        facts.partitions,
        facts.replication_factor,
        facts.internal,
        stored_configs(seen.configs, defaults),
    )


def stored_configs(
    values: Mapping[str, ConfigValue], defaults: Mapping[str, Mapping[str, str]]
) -> Configs:
    """The configs worth a place in the row: overrides, and what differs from the defaults."""
    return {
        key: {"value": found.value, "source": found.source}
        for key, found in sorted(values.items())
        if found.source == "topic" or _differs(found, defaults.get(key))
    }


def _differs(found: ConfigValue, default: Mapping[str, str] | None) -> bool:
    return (
        default is None
        or default.get("value") != found.value
        or default.get("source") != found.source
    )


def _patched(
    old: Configs, values: Mapping[str, ConfigValue], defaults: Mapping[str, Mapping[str, str]]
) -> Configs:
    """The old configs with the keys that were read this time replaced."""
    kept = {key: value for key, value in old.items() if key not in values}
    return dict(sorted({**kept, **stored_configs(values, defaults)}.items()))


def _stored(cluster: Cluster) -> dict[str, Row]:
    rows = ObservedTopic.objects.filter(cluster=cluster).values_list(
        "name", "partitions", "replication_factor", "internal", "configs"
    )
    return {values[0]: Row(*values) for values in rows.iterator(chunk_size=5_000)}


# `previous_seen_at` is when the state before was last seen: by this row's own read, or by the last
# complete round, whichever is later.
_UPSERT = """
    INSERT INTO topics_observedtopic AS had (
        cluster_id, name, partitions, replication_factor, internal, configs, row_hash,
        seen_at, changed_at, previous_seen_at
    )
    SELECT %(cluster)s, r.name, r.partitions, r.replication, r.internal, r.configs::jsonb, r.hash,
        %(at)s, %(at)s, %(before)s
    FROM unnest(%(names)s::text[], %(partitions)s::int[], %(replication)s::int[],
        %(internal)s::bool[], %(configs)s::text[], %(hashes)s::bytea[])
        AS r (name, partitions, replication, internal, configs, hash)
    ON CONFLICT (cluster_id, name) DO UPDATE SET
        partitions = excluded.partitions,
        replication_factor = excluded.replication_factor,
        internal = excluded.internal,
        configs = excluded.configs,
        row_hash = excluded.row_hash,
        seen_at = excluded.seen_at,
        changed_at = CASE WHEN had.row_hash = excluded.row_hash
            THEN had.changed_at ELSE excluded.changed_at END,
        previous_seen_at = CASE WHEN had.row_hash = excluded.row_hash
            THEN had.previous_seen_at ELSE greatest(had.seen_at, %(before)s) END
    WHERE had.seen_at <= excluded.seen_at
        AND (%(refresh)s OR had.row_hash <> excluded.row_hash)
"""


def _upsert(cluster: Cluster, rows: Sequence[Row], at: datetime, *, refresh: bool) -> None:
    """Writes rows in one statement a thousand. An older reading never replaces a newer one."""
    for part in _parts(sorted(rows, key=lambda row: row.name), 1_000):
        with connection.cursor() as cursor:
            cursor.execute(
                _UPSERT,
                {
                    "cluster": cluster.pk,
                    "at": at,
                    "before": cluster.observed_at,
                    "refresh": refresh,
                    "names": [row.name for row in part],
                    "partitions": [row.partitions for row in part],
                    "replication": [row.replication_factor for row in part],
                    "internal": [row.internal for row in part],
                    "configs": [orjson.dumps(row.configs).decode() for row in part],
                    "hashes": [row.digest() for row in part],
                },
            )


def _parts(rows: Sequence[Row], size: int) -> Iterable[Sequence[Row]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))


def _finish(cluster: Cluster, began: datetime, counters: Counters, *, error: str = "") -> None:
    record_run(cluster, "observe", began, counters.as_json(), error=error)


def record_run(
    cluster: Cluster, kind: str, began: datetime, counters: Mapping[str, object], *, error: str = ""
) -> None:
    """Keeps what a round did; the last `RUNS_KEPT` of a kind stay."""
    run = Run.objects.create(
        cluster=cluster,
        kind=kind,
        started_at=began,
        finished_at=database_now(),
        ok=not error,
        counters=dict(counters),
        error=error,
    )
    oldest = (
        Run.objects.filter(cluster=cluster, kind=kind, pk__lte=run.pk)
        .order_by("-id")
        .values_list("pk", flat=True)[RUNS_KEPT : RUNS_KEPT + 1]
    )
    for pk in oldest:
        Run.objects.filter(cluster=cluster, kind=kind, pk__lte=pk).delete()
