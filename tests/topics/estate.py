"""Clusters and topics as rows, for tests that need no broker."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

from django.db import transaction

from governance import audit
from governance.models import Resource
from tests.factories import BY, make_environment, make_team
from topics.clock import database_now
from topics.kinds.topic.spec import TopicSpec
from topics.models import Cluster, DeclaredTopic, ObservedTopic

_numbers = itertools.count(1)


@transaction.atomic
def make_cluster(slug: str = "", *, environment: str = "development", **fields: Any) -> Cluster:
    """A cluster that was observed just now."""
    name = slug or f"cluster-{next(_numbers)}"
    values = {
        "name": name,
        "environment": make_environment(environment),
        "bootstrap": "127.0.0.1:1",
        "brokers": 3,
        "default_configs": {"retention.ms": {"value": "604800000", "source": "default"}},
        "supported_keys": ["cleanup.policy", "retention.ms", "segment.ms"],
        "reachable": True,
        "observed_at": database_now(),
        **fields,
    }
    cluster = Cluster.objects.create(slug=name, **values)
    audit.record("cluster.registered", by=BY, about=cluster)
    return cluster


@transaction.atomic
def make_topic(
    cluster: Cluster,
    name: str,
    *,
    team: str = "payments",
    partitions: int = 6,
    configs: dict[str, str] | None = None,
    applied: bool = True,
    **fields: Any,
) -> DeclaredTopic:
    """A declared topic, applied a minute ago unless told."""
    owner = make_team(team)
    resource, _ = Resource.objects.get_or_create(kind="topic", name=name, owner=owner)
    spec = TopicSpec(partitions, 3, configs or {})
    row = DeclaredTopic.objects.create(
        cluster=cluster,
        environment=cluster.environment,
        resource=resource,
        name=name,
        partitions=partitions,
        replication_factor=3,
        configs=configs or {},
        last_applied=spec.as_json() if applied else None,
        last_applied_generation=1 if applied else 0,
        applied_at=database_now() - timedelta(minutes=1) if applied else None,
        origins={"partitions": "request:142"},
        **fields,
    )
    audit.record("topic.declared", by=BY, about=row, team=team)
    return row


@transaction.atomic
def get_ahead(row: DeclaredTopic, **configs: str) -> None:
    """What an apply that failed leaves: these overrides are declared, and were not applied."""
    row.configs = {**row.configs, **{k.replace("_", "."): v for k, v in configs.items()}}
    row.generation += 1
    row.save(update_fields=["configs", "generation"])
    audit.record("topic.declared", by=BY, about=row)


def make_seen(
    cluster: Cluster, name: str, *, partitions: int = 6, replication: int = 3, **overrides: str
) -> ObservedTopic:
    """A topic as the cluster has it, seen just now."""
    now = database_now()
    return ObservedTopic.objects.create(
        cluster=cluster,
        name=name,
        partitions=partitions,
        replication_factor=replication,
        configs={
            key.replace("_", "."): {"value": value, "source": "topic"}
            for key, value in overrides.items()
        },
        row_hash=b"1",
        seen_at=now,
        changed_at=now,
    )
