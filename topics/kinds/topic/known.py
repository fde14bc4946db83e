"""Reading what is known of places and topics from rows, as the core's plain values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db.models import F, Value
from django.db.models.functions import Replace

from topics.kinds.topic.model import DeclaredTopic, ObservedTopic
from topics.kinds.topic.place import Known, Place
from topics.kinds.topic.plan import Observed
from topics.kinds.topic.spec import TopicSpec, collides
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
    )


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


def known_topic(cluster: Cluster, name: str, *, with_collision: bool = False) -> Known:
    """What is known of one topic on a cluster: two queries, one more to look for a collision."""
    declared = (
        DeclaredTopic.objects.filter(cluster=cluster, name=name)
        .select_related("resource__owner")
        .first()
    )
    observed = ObservedTopic.objects.filter(cluster=cluster, name=name).first()
    came_to_be = declared is not None and declared.last_applied is not None
    return Known(
        declared=spec_of(declared) if declared is not None and came_to_be else None,
        generation=declared.generation if declared is not None else 0,
        observed=(
            observed_of(observed.partitions, observed.replication_factor, observed.configs)
            if observed is not None
            else None
        ),
        paused=declared.paused if declared is not None else False,
        owner=declared.resource.owner.slug if declared is not None and came_to_be else "",
        collides=_collision(cluster, name) if with_collision else "",
    )


def spec_of(declared: DeclaredTopic) -> TopicSpec:
    """A declared row as the core's spec."""
    return TopicSpec(declared.partitions, declared.replication_factor, declared.configs)


def seen_at(cluster: Cluster, name: str) -> datetime | None:
    """When this topic was last looked at: in a round of the cluster, or on purpose."""
    own = (
        ObservedTopic.objects.filter(cluster=cluster, name=name)
        .values_list("seen_at", flat=True)
        .first()
    )
    times = [at for at in (own, cluster.observed_at) if at is not None]
    return max(times, default=None)


def _collision(cluster: Cluster, name: str) -> str:
    """Another topic of the cluster that differs from `name` only in '.' and '_'."""
    if "." not in name and "_" not in name:
        return ""
    # Narrowed by what stands before the first of the two, so that the index on names serves it.
    stem = min(name.split(".")[0], name.split("_")[0], key=len)
    found = (
        ObservedTopic.objects.filter(cluster=cluster, name__startswith=stem)
        .annotate(flat=Replace(F("name"), Value("."), Value("_")))
        .filter(flat=collides(name))
        .exclude(name=name)
        .values_list("name", flat=True)
        .first()
    )
    return found or ""
