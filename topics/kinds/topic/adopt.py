"""A topic that was made behind Weir gets an owner: it is declared as the cluster has it.

Nothing is changed on the cluster. From then on it is asked for like any other, and drift shows.
"""

from __future__ import annotations

from django.db.models.functions import Now

from governance.errors import NotFound, Problem
from governance.models import Lifecycle, Resource, Team
from topics.kinds.topic.known import find_cluster, observed_of
from topics.kinds.topic.model import DeclaredTopic, ObservedTopic
from topics.kinds.topic.spec import TopicSpec
from topics.models import Cluster
from topics.profiles import table as profiles


def unclaimed(place: str, name: str) -> Problem | None:
    """Why this topic cannot be claimed; None where it can."""
    cluster = find_cluster(place)
    row = _seen(cluster, name) if cluster is not None else None
    if row is None:
        return Problem(
            "object",
            f"No topic {name[:249]} was seen on {place}.",
            "Check the name, or ask to create it.",
        )
    if row.internal:
        message = f"{name} belongs to the cluster itself."
        return Problem("object", message, "Nobody needs to own it.")
    return None


def adopt(place: str, name: str, team: str, *, request_id: int) -> None:
    """Declares it as it was last seen, in the caller's transaction, which records the event. What
    belongs to other tools stays theirs. Raises NotFound for a topic that is gone."""
    cluster = find_cluster(place)
    row = _seen(cluster, name) if cluster is not None else None
    if cluster is None or row is None:
        raise NotFound(f"No topic {name} was seen on {place}.", name=name)
    spec = _as_seen(cluster, row)
    resource, _ = Resource.objects.get_or_create(
        kind="topic",
        name=name,
        owner=Team.objects.get(slug=team),
        defaults={"lifecycle": Lifecycle.ACTIVE},
    )
    values: dict[str, object] = {
        "environment": cluster.environment,
        "resource": resource,
        "partitions": spec.partitions,
        "replication_factor": spec.replication_factor,
        "configs": dict(spec.configs),
        "origins": dict.fromkeys(_paths(spec), f"request:{request_id}"),
        "last_applied": spec.on_cluster(),
        "applied_at": Now(),
        # A request that failed may have left a row of that name, with what it asked for.
        "retention_reason": None,
        "retention_ends_at": None,
        "fall_back": None,
        "paused": False,
    }
    left = DeclaredTopic.objects.select_for_update().filter(cluster=cluster, name=name).first()
    generation = left.generation + 1 if left is not None else 1
    numbers = {"generation": generation, "last_applied_generation": generation}
    DeclaredTopic.objects.update_or_create(
        cluster=cluster, name=name, defaults={**values, **numbers}
    )


def _seen(cluster: Cluster | None, name: str) -> ObservedTopic | None:
    return ObservedTopic.objects.filter(cluster=cluster, name=name).first()


def _as_seen(cluster: Cluster, row: ObservedTopic) -> TopicSpec:
    profile = profiles.get(cluster.profile)
    seen = observed_of(row.partitions, row.replication_factor, row.configs)
    configs = {
        key: value
        for key, value in seen.overrides.items()
        if not (profile.is_foreign(key) or key in profile.forced or key in profile.forbidden)
    }
    return TopicSpec(seen.partitions, seen.replication_factor, configs)


def _paths(spec: TopicSpec) -> list[str]:
    return ["partitions", "replication_factor", *(f"configs.{key}" for key in spec.configs)]
