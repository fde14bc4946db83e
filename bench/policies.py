"""A draft of a policy tried out on 50,000 topics, in a database of its own."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from dataclasses import replace

from django.db import transaction

from bench.table import Clock, Row
from config.stack.throwaway import Throwaway
from governance import audit
from governance.models import Lifecycle, Resource
from governance.policy.load import PolicyText, starter
from governance.services import policies, simulations
from tests.factories import BY, make_environment, make_team
from topics.models import Cluster, DeclaredTopic

TITLE = "A policy tried out on 50,000 topics"
ABOUT = (
    "One draft, judged beside the version in force on every declared topic and on the items of the "
    "last 500 requests. *Naming* reads the name of each topic, so that no answer serves twice; "
    "*partitions* reads numbers that many share. Memory is the most that Python held meanwhile, "
    "above what it held before, measured in a run of its own."
)
TOPICS = 50_000
TEAMS = 50
ROUNDS = 3
MIB = 2**20


def run(servers: Throwaway) -> list[Row]:
    """Each draft several times, then once more for its memory."""
    _estate()
    policies.load_starter(by=BY)
    known = {text.name: text for text in starter()}
    rows = []
    for name, expression in DRAFTS.items():
        draft = _changed(known[name], expression)
        clock = Clock()
        clock.repeat(lambda draft=draft: _judge(draft), ROUNDS)  # type: ignore[misc]
        rows.append(Row(f"{name}: all topics judged", clock.seconds, limit=10))
        rows.append(Row(f"{name}: memory", [_memory(draft)], limit=100, unit="MiB"))
    return rows


DRAFTS = {
    "naming": 'item.name.matches("^[a-z0-9.-]+$") && item.name.startsWith(owner.team + ".")'
    ' && !item.name.endsWith("7")',
    "partitions": "topic.partitions <= 12 && topic.retention_ms <= 864000000",
}


def _changed(text: PolicyText, expression: str) -> PolicyText:
    return replace(text, expression=expression)


def _judge(draft: PolicyText) -> None:
    found, against = simulations.simulate(draft)
    sources = found["sources"]
    assert isinstance(sources, dict)
    assert sources["estate"]["judged"] >= TOPICS
    assert sources["estate"]["newly_refused"] > 0
    assert against == 1


def _memory(draft: PolicyText) -> float:
    tracemalloc.start()
    try:
        _judge(draft)
        return tracemalloc.get_traced_memory()[1] / MIB
    finally:
        tracemalloc.stop()


@transaction.atomic
def _estate() -> None:
    environment = make_environment("simulated", production=True)
    cluster = Cluster.objects.create(
        slug="simulated",
        name="Simulated",
        environment=environment,
        bootstrap="127.0.0.1:1",
        brokers=3,
        default_configs={
            "retention.ms": {"value": "604800000", "source": "default"},
            "min.insync.replicas": {"value": "1", "source": "default"},
        },
    )
    teams = [make_team(f"team-{number}") for number in range(TEAMS)]
    resources = Resource.objects.bulk_create(
        [
            Resource(
                kind="topic",
                name=f"{teams[number % TEAMS].slug}.topic-{number}",
                owner=teams[number % TEAMS],
                lifecycle=Lifecycle.ACTIVE,
            )
            for number in range(TOPICS)
        ],
        batch_size=5_000,
    )
    DeclaredTopic.objects.bulk_create(_topics(cluster, resources), batch_size=5_000)
    audit.record("bench.estate", by=BY, about=cluster)


def _topics(cluster: Cluster, resources: Sequence[Resource]) -> list[DeclaredTopic]:
    found = []
    for number, resource in enumerate(resources):
        configs = {"retention.ms": str(86_400_000 * (1 + number % 30)), "cleanup.policy": "delete"}
        partitions, replication = 1 + number % 24, 3
        found.append(
            DeclaredTopic(
                cluster=cluster,
                environment=cluster.environment,
                resource=resource,
                name=resource.name,
                partitions=partitions,
                replication_factor=replication,
                configs=configs,
                last_applied={
                    "partitions": partitions,
                    "replication_factor": replication,
                    "configs": configs,
                },
                last_applied_generation=1,
            )
        )
    return found
