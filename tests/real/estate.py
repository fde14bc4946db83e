"""A cluster under Weir for tests on a real broker, and a reader that shares no code with Weir."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any

from django.db import transaction
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from governance import audit, kinds
from governance.kinds import ApplyRun, ItemView, Outcome
from tests.factories import BY, make_environment, make_team
from tests.stack_plugin import KafkaAccess
from topics.models import Cluster, DeclaredTopic
from topics.services import clusters, observe, scan

TEAM = "payments"
ENVIRONMENT = "development"


def unique(stem: str = "t") -> str:
    """A name that no other test means."""
    return f"{stem}.{uuid.uuid4().hex[:10]}"


def register(
    access: KafkaAccess, *, username: str = "", password: str = "", **fields: Any
) -> Cluster:
    """A cluster record for the broker, as Weir's own principal or as another user."""
    make_environment(ENVIRONMENT)
    make_team(TEAM)
    spec = clusters.ClusterSpec(
        name="Test",
        environment=ENVIRONMENT,
        bootstrap=access.clients if username else access.bootstrap,
        security={
            "protocol": "SASL_PLAINTEXT",
            "mechanism": "SCRAM-SHA-512",
            "username": username or access.username,
        },
        password=password or access.password,
        **fields,
    )
    return clusters.register(f"c-{uuid.uuid4().hex[:10]}", spec, by=BY)


def item(
    cluster: Cluster, name: str, operation: str = "create", number: int = 1, **after: object
) -> ItemView:
    """An item as a request would hold it, its spec parsed; fails when it cannot be read."""
    spec, problems = kinds.get("topic").parse(operation, name, cluster.slug, after)
    assert not problems
    return ItemView(
        position=number,
        kind="topic",
        operation=operation,
        name=name,
        place=cluster.slug,
        after=spec,
        id=number,
        request_id=7,
        team=TEAM,
        environment=ENVIRONMENT,
    )


def items(
    cluster: Cluster, names: Sequence[str], operation: str = "create", **after: object
) -> list[ItemView]:
    """Items that ask the same for many names."""
    return [item(cluster, name, operation, n, **after) for n, name in enumerate(names, start=1)]


def declare(asked: Sequence[ItemView]) -> None:
    """What the pipeline does when a request was approved."""
    with transaction.atomic():
        kinds.get("topic").declare(asked, by=BY)
        audit.record("request.apply_started", by=BY, about=make_team(TEAM))


def apply(asked: Sequence[ItemView]) -> dict[str, Outcome]:
    """What the pipeline does then: the last outcome of each name."""
    names = {one.id: one.name for one in asked}
    found: dict[str, Outcome] = {}

    def record(outcomes: Mapping[int, Outcome]) -> None:
        found.update({names[number]: outcome for number, outcome in outcomes.items()})

    kinds.get("topic").apply(ApplyRun(7, asked, BY, record))
    return found


def bring(asked: Sequence[ItemView]) -> dict[str, Outcome]:
    """Declares, then applies."""
    declare(asked)
    return apply(asked)


@contextmanager
def bare(access: KafkaAccess) -> Iterator[KafkaAdminClient]:
    """kafka-python, as its makers offer it."""
    client = KafkaAdminClient(
        bootstrap_servers=access.bootstrap,
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="SCRAM-SHA-512",
        sasl_plain_username=access.username,
        sasl_plain_password=access.password,
    )
    with closing(client):
        yield client


def overrides(client: KafkaAdminClient, name: str) -> dict[str, str]:
    """The configs that are set on the topic itself."""
    resource = ConfigResource(ConfigResourceType.TOPIC, name)
    found = client.describe_configs([resource], config_filter="all")["topic"][name]
    return {
        key: value["value"]
        for key, value in found.items()
        if value["config_source"] == "DYNAMIC_TOPIC_CONFIG"
    }


def partitions(client: KafkaAdminClient, name: str) -> int:
    """How many partitions the topic has; 0 for one that is not there."""
    if name not in client.list_topics():
        return 0
    (found,) = client.describe_topics([name])
    return len(found["partitions"])


def set_config(client: KafkaAdminClient, name: str, key: str, value: str) -> None:
    """Changes a topic behind Weir's back."""
    client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, {key: value})])


def look(cluster: Cluster) -> None:
    """A round of the scan: everything is read, and compared with what is declared."""
    assert observe.observe_cluster(cluster.pk)
    scan.scan(cluster.pk)


def settled(cluster: Cluster, name: str) -> bool:
    """Whether one more round looks at the topic after it was last changed."""
    look(cluster)
    applied = DeclaredTopic.objects.get(cluster=cluster, name=name).applied_at
    cluster.refresh_from_db()
    assert applied is not None
    assert cluster.observed_at is not None
    return cluster.observed_at > applied + scan.GRACE


def eventually(what: Callable[[], object], *, within: float = 20.0) -> None:
    """Asks until it is so: a broker's reads trail behind its answers to writes."""
    deadline = time.monotonic() + within
    while not what():
        if time.monotonic() > deadline:
            raise AssertionError("it did not come about in time")
        time.sleep(0.05)
