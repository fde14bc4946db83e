"""Clusters and topics as rows, for tests that need no broker."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

from django.db import transaction

from governance import audit
from governance.clock import database_now
from governance.models import Application, Resource
from tests.factories import BY, make_environment, make_team
from topics.kinds.grant.spec import from_json, name_of, parse
from topics.kinds.topic.spec import TopicSpec
from topics.models import (
    Cluster,
    DeclaredGrant,
    DeclaredTopic,
    GrantState,
    ObservedBinding,
    ObservedTopic,
)
from topics.services import grants

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


@transaction.atomic
def make_application(name: str = "checkout", *, team: str = "payments") -> Application:
    """An application that acts as the user of its name; made when it is not there yet."""
    owner = make_team(team)
    application, made = Application.objects.get_or_create(
        name=name, defaults={"team": owner, "principal": f"User:{name}"}
    )
    if made:
        audit.record("application.created", by=BY, about=application, team=team)
    return application


@transaction.atomic
def make_grant(
    cluster: Cluster, name: str, *, days: float | None = 30, applied: bool = True, **after: str
) -> DeclaredGrant:
    """A grant that was applied, with its lines on the cluster; one whose `days` are over ended."""
    grant = name_of(name)
    assert grant is not None
    spec, problems = parse({"purpose": "Shows what was paid.", **after}, grant, base=None)
    assert not problems
    application = make_application(grant.application)
    resource, _ = Resource.objects.get_or_create(kind="grant", name=name, owner=application.team)
    ended = days is not None and days < 0
    row = DeclaredGrant.objects.create(
        cluster=cluster,
        environment=cluster.environment,
        resource=resource,
        application=application,
        name=name,
        role=grant.role.value,
        topic=grant.topic.name,
        prefixed=grant.topic.prefixed,
        spec=spec.as_json(),
        state=GrantState.ENDED if ended else GrantState.ACTIVE,
        ends_at=None if days is None else database_now() + timedelta(days=days),
        ended_at=database_now() + timedelta(days=days or 0) if ended else None,
        last_applied=spec.as_json() if applied and not ended else None,
        last_applied_generation=1 if applied else 0,
        origins={"spec": "request:142"},
    )
    audit.record("grant.declared", by=BY, about=row, team=application.team.slug)
    if applied and not ended:
        for line in grants.bindings_of(row, row.spec):
            make_line(
                cluster,
                line.name,
                line.principal,
                prefixed=line.prefixed,
                operation=line.operation.value,
                resource=line.resource.value,
            )
    assert from_json(row.spec) == spec
    return row


def make_line(
    cluster: Cluster,
    name: str,
    principal: str,
    *,
    prefixed: bool = False,
    operation: str = "read",
    resource: str = "topic",
    allow: bool = True,
) -> None:
    """An ACL line that the cluster has, whoever made it."""
    Cluster.objects.filter(pk=cluster.pk).update(acls_seen_at=database_now())
    ObservedBinding.objects.get_or_create(
        cluster=cluster,
        resource_type=resource,
        resource_name=name,
        prefixed=prefixed,
        principal=principal,
        operation=operation,
        allow=allow,
        defaults={"seen_at": database_now()},
    )
