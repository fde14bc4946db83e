"""Reading what is known of places and topics from rows, as the core's plain values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from django.db.models import F, Value
from django.db.models.functions import Replace

from governance.clock import database_now
from governance.models import Environment, Resource
from topics.kinds.snapshot import Snapshot
from topics.kinds.topic import reason
from topics.kinds.topic.about import About
from topics.kinds.topic.model import DeclaredTopic, ObservedTopic
from topics.kinds.topic.place import Known, Place
from topics.kinds.topic.plan import Observed
from topics.kinds.topic.reason import Limits
from topics.kinds.topic.spec import TopicSpec, collides, from_json
from topics.models import Cluster
from topics.profiles import table as profiles


def place_of(cluster: Cluster) -> Place:
    """A cluster's row as the core needs it."""
    return Place(
        slug=cluster.slug,
        profile=profiles.get(cluster.profile),
        brokers=cluster.brokers,
        default_partitions=cluster.default_partitions,
        default_replication=cluster.default_replication,
        defaults=cluster.default_configs,
        supported=cluster.supported_keys,
        zone=cluster.environment.time_zone,
        limits=limits_of(cluster.environment),
    )


def limits_of(environment: Environment) -> Limits:
    """How long topics may keep records in an environment."""
    return Limits(environment.retention_limit_ms, environment.retention_limits_ms)


def find_cluster(slug: str) -> Cluster | None:
    """The cluster of that short name."""
    return Cluster.objects.select_related("environment").filter(slug=slug).first()


def observed_of(
    partitions: int, replication: int, stored: Mapping[str, Mapping[str, str]]
) -> Observed:
    """A stored observation as the planner wants it."""
    own = {key: found["value"] for key, found in stored.items() if found["source"] == "topic"}
    other = {key: found["value"] for key, found in stored.items() if found["source"] != "topic"}
    return Observed(partitions, replication, own, other)


def known_topic(cluster: Cluster, name: str) -> Known:
    """What is known of one topic on a cluster."""
    return known_topics(cluster, [name])[name]


def known_topics(cluster: Cluster, names: Sequence[str]) -> dict[str, Known]:
    """What is known of each of these topics, in a few queries however many they are."""
    declared = {
        row.name: row
        for row in DeclaredTopic.objects.filter(
            cluster=cluster, name__in=list(names)
        ).select_related("resource__owner")
    }
    observed = {
        row.name: row for row in ObservedTopic.objects.filter(cluster=cluster, name__in=list(names))
    }
    new = [name for name in names if not _came_to_be(declared.get(name))]
    alike = _collisions(cluster, [name for name in new if name not in observed])
    elsewhere = _elsewhere(new)
    also_on = _also_on([row for row in declared.values() if _came_to_be(row)])
    now = database_now()
    return {
        name: replace(
            _known(cluster, declared.get(name), observed.get(name)),
            collides=alike.get(name, ""),
            elsewhere=elsewhere.get(name, {}),
            also_on=also_on.get(name, ()),
            now=now,
        )
        for name in names
    }


def _came_to_be(row: DeclaredTopic | None) -> bool:
    return row is not None and row.last_applied is not None


def _known(
    cluster: Cluster, declared: DeclaredTopic | None, observed: ObservedTopic | None
) -> Known:
    came_to_be = _came_to_be(declared)
    times = [observed.seen_at if observed else None, cluster.observed_at]
    return Known(
        declared=spec_of(declared) if declared is not None and came_to_be else None,
        applied=from_json(declared.last_applied) if declared and declared.last_applied else None,
        generation=declared.generation if declared is not None else 0,
        observed=(
            observed_of(observed.partitions, observed.replication_factor, observed.configs)
            if observed is not None
            else None
        ),
        paused=declared.paused if declared is not None else False,
        owner=declared.resource.owner.slug if declared is not None and came_to_be else "",
        seen_at=max((at for at in times if at is not None), default=None),
    )


def _elsewhere(names: Sequence[str]) -> dict[str, dict[str, About]]:
    """What is said of topics of these names, by name and by the team that owns one."""
    found: dict[str, dict[str, About]] = {}
    if names:
        for row in Resource.objects.filter(kind="topic", name__in=names).select_related("owner"):
            found.setdefault(row.name, {})[row.owner.slug] = about_of(row)
    return found


def _also_on(rows: Sequence[DeclaredTopic]) -> dict[str, tuple[str, ...]]:
    """For each topic, the other clusters on which it lives."""
    if not rows:
        return {}
    names = {row.resource_id: row.name for row in rows}
    others = (
        DeclaredTopic.objects.filter(resource__in=list(names))
        .exclude(cluster=rows[0].cluster_id)
        .order_by("cluster__slug")
        .values_list("resource", "cluster__slug")
    )
    found: dict[str, tuple[str, ...]] = {}
    for resource, slug in others:
        found[names[resource]] = (*found.get(names[resource], ()), slug)
    return found


def _collisions(cluster: Cluster, names: Sequence[str]) -> dict[str, str]:
    """For each name, another topic of the cluster that differs from it only in '.' and '_'."""
    flat = {name: collides(name) for name in names if "." in name or "_" in name}
    if not flat:
        return {}
    found: dict[str, set[str]] = {}
    rows = (
        ObservedTopic.objects.annotate(flat=Replace(F("name"), Value("."), Value("_")))
        .filter(cluster=cluster, flat__in=list(flat.values()))
        .values_list("flat", "name")
    )
    for alike, name in rows:
        found.setdefault(alike, set()).add(name)
    others = {name: found.get(alike, set()) - {name} for name, alike in flat.items()}
    return {name: min(alike) for name, alike in others.items() if alike}


def spec_of(declared: DeclaredTopic) -> TopicSpec:
    """A declared row, loaded with its resource, as the core's spec: a reason that holds has its end
    as a moment."""
    why = reason.from_json(declared.retention_reason)
    return TopicSpec(
        declared.partitions,
        declared.replication_factor,
        declared.configs,
        about_of(declared.resource),
        None if why is None else why.fixed(declared.retention_ends_at),
    )


def about_of(resource: Resource) -> About:
    """What is said of a topic."""
    return About(resource.data_class, resource.description, resource.labels)


# --- Reading once for many questions -----------------------------------------------------------

_READ: Snapshot[tuple[Cluster, Known]] = Snapshot("topics_read")


def look_up(place: str, name: str) -> tuple[Cluster, Known] | None:
    """The cluster and what is known of a topic there; None for an unknown cluster.

    Within `reading` the rows that were read then answer, else they are read now.
    """
    found = _READ.get(place, name)
    if found is not None:
        return found
    cluster = find_cluster(place)
    return None if cluster is None else (cluster, known_topic(cluster, name))


@contextmanager
def reading(targets: Iterable[tuple[str, str]]) -> Iterator[None]:
    """Reads the rows of these (place, name) once, for all that is asked of them in the block.

    A request of 1,000 topics asks each of them five times; without this that is 15,000 queries.
    What is written within the block is not seen in it.
    """
    by_place: dict[str, list[str]] = {}
    for place, name in targets:
        by_place.setdefault(place, []).append(name)
    snapshot: dict[tuple[str, str], tuple[Cluster, Known]] = {}
    for place, names in by_place.items():
        cluster = find_cluster(place)
        if cluster is not None:
            for name, known in known_topics(cluster, names).items():
                snapshot[place, name] = (cluster, known)
    with _READ.holding(snapshot):
        yield
