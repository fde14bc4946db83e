"""1,000 topics × 4 configs in one request, beside a bare kafka-python loop on the same broker."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any, cast

from django.db.models import Max
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from bench.table import Clock, Row
from config.stack.kafka import ADMIN, admin_client
from config.stack.throwaway import Throwaway
from governance.models import Event, Item, Request
from governance.services import pipeline, requests, reviews
from governance.services.items import NewItem
from governance.workflow import State
from tests.factories import BY, Cast, make_cast, make_environment
from topics.models import Cluster
from topics.profiles import table as profiles
from topics.services import apply, clusters, observe

TITLE = "1,000 topics × 4 configs"
ABOUT = (
    "One request with 1,000 items (one partition, four overrides each), approved, on one broker. "
    "*Apply* is from the start of the apply until the last topic is acknowledged by the broker "
    "and recorded, with its event. *No-op plan* is a fresh read of the broker, the declared rows "
    "and the decision. *Bare* is kafka-python alone, without a database, a lease or a record: one "
    "`create_topics` with all topics; `describe_topics` and `describe_configs` of the four keys, "
    "compared with what was wanted."
)
TOPICS = 1_000
ROUNDS = 3
PLANS = 9
CONFIGS: Mapping[str, str] = {
    "cleanup.policy": "delete",
    "max.message.bytes": "1000000",
    "retention.ms": "604800000",
    "segment.bytes": "104857600",
}


def run(servers: Throwaway) -> list[Row]:
    """Bare and Weir in turns, so that a broker that warms up helps neither."""
    servers.ensure(servers.kafka)
    cluster, people = _estate(servers)
    bare_create, bare_plan = Clock(), Clock()
    applied, whole, submitted, plan = Clock(), Clock(), Clock(), Clock()
    with _bare(servers) as client:
        _create_bare(client, _names(100))
        for _ in range(ROUNDS):
            names = _names()
            with bare_create.measure():
                _create_bare(client, names)
            _wait(client, names)
            bare_plan.repeat(lambda names=names: _plan_bare(client, names), PLANS)  # type: ignore[misc]
            client.delete_topics(names)

            names = _names()
            with submitted.measure():
                request = _approved(cluster, people, names)
            with whole.measure():
                pipeline.advance(request.pk)
            applied.seconds.append(_seconds_of_apply(request))
            _wait(client, names)
            plan.repeat(lambda names=names: _plan_ours(cluster, names), PLANS)  # type: ignore[misc]
            client.delete_topics(names)
    return [
        Row("create: apply, acknowledged and recorded", applied.seconds, bare_create.seconds, 3.0),
        Row("no-op plan, warm process", plan.seconds, bare_plan.seconds, 0.5),
        Row("recheck, declare, apply, read again", whole.seconds),
        Row("write, check, submit, approve", submitted.seconds),
    ]


def _names(count: int = TOPICS) -> list[str]:
    mark = uuid.uuid4().hex[:8]
    return [f"bench.{mark}.{number:04}" for number in range(count)]


# --- Bare -------------------------------------------------------------------------------------


@contextmanager
def _bare(servers: Throwaway) -> Iterator[KafkaAdminClient]:
    client = admin_client(servers.kafka.bootstrap, ADMIN, servers.kafka.password)
    with closing(client):
        yield client


def _create_bare(client: KafkaAdminClient, names: Sequence[str]) -> None:
    spec = {"num_partitions": 1, "replication_factor": 1, "configs": dict(CONFIGS)}
    client.create_topics(dict.fromkeys(names, spec))


def _plan_bare(client: KafkaAdminClient, names: Sequence[str]) -> None:
    topics = {t["name"]: len(t["partitions"]) for t in client.describe_topics(list(names))}
    keys = dict.fromkeys(CONFIGS)
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, keys) for name in names]
    found = client.describe_configs(resources, config_filter="all")["topic"]
    for name in names:
        assert topics[name] == 1
        assert all(found[name][key]["value"] == value for key, value in CONFIGS.items())


def _wait(client: KafkaAdminClient, names: Sequence[str]) -> None:
    while not set(names) <= set(client.list_topics()):
        pass


# --- Weir -------------------------------------------------------------------------------------


def _estate(servers: Throwaway) -> tuple[Cluster, Cast]:
    people = make_cast("bench")
    make_environment("development")
    cluster = clusters.register(
        "bench",
        clusters.ClusterSpec(
            name="Bench",
            environment="development",
            bootstrap=servers.kafka.bootstrap,
            security={
                "protocol": "SASL_PLAINTEXT",
                "mechanism": "SCRAM-SHA-512",
                "username": ADMIN,
            },
            password=servers.kafka.password,
        ),
        by=BY,
    )
    assert observe.observe_cluster(cluster.pk)
    cluster.refresh_from_db()
    return cluster, people


def _approved(cluster: Cluster, people: Cast, names: Sequence[str]) -> Request:
    after = cast("dict[str, Any]", {"partitions": 1, "configs": dict(CONFIGS)})
    request = requests.create_draft(
        title="Bench",
        reason="",
        team=people.team,
        items=[NewItem("topic", "create", name, cluster.slug, after) for name in names],
        by=people.requester,
    )
    request = requests.submit(request, by=people.requester)
    reviews.approve(request, by=people.owner, revision=request.revision)
    request.refresh_from_db()
    assert State(request.state) is State.APPROVED
    return request


def _seconds_of_apply(request: Request) -> float:
    """By the database's clock: from the event that starts the apply to the last item's."""
    request.refresh_from_db()
    assert State(request.state) is State.APPLIED, request.failure
    events = Event.objects.filter(request_id=request.pk)
    began = events.get(action="request.apply_started").at
    last = events.filter(action="item.applied").aggregate(at=Max("at"))["at"]
    assert Item.objects.filter(request=request, state="applied").count() == TOPICS
    return float((last - began).total_seconds())


def _plan_ours(cluster: Cluster, names: Sequence[str]) -> None:
    declared = apply.load_declared(cluster.pk, names)
    client = clusters.connect(cluster)
    plan, _ = apply.fresh_plan(client, declared, profiles.get(cluster.profile))
    assert len(declared) == TOPICS
    assert not plan
