"""Measures of a real broker: what a topic holds, how far a group has read it, and that nobody takes
unread records from a team that has not agreed.

Records are written and read by confluent-kafka as it comes; what is checked stands in Weir's rows.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
)

from governance.actors import Actor
from governance.models import Request
from governance.services import pipeline, requests, reviews
from governance.services.items import NewItem
from governance.workflow import State
from tests.factories import Cast, make_actor
from tests.real import estate
from tests.real.estate import eventually, unique
from tests.stack_plugin import KafkaAccess
from tests.topics.estate import make_application
from topics.measures import known
from topics.measures.values import Measured, Reader
from topics.models import Cluster, DeclaredTopic, GroupMeasure, MeasureRound, TopicMeasure
from topics.services import measure

pytestmark = [pytest.mark.real, pytest.mark.django_db(transaction=True)]

HOUR_MS = 3_600_000
PASSWORD = "swordfish-1"


def write(access: KafkaAccess, topic: str, ages_ms: Sequence[int], *, size: int = 1_000) -> None:
    """Records of these ages in partition 0."""
    producer = Producer({**access.client_settings(), "log_level": 0})
    now = int(time.time() * 1000)
    for age in ages_ms:
        producer.produce(topic, b"x" * size, partition=0, timestamp=now - age)
    assert producer.flush(60) == 0


def read_up_to(access: KafkaAccess, topic: str, group: str, offset: int) -> None:
    """A group reads partition 0 up to that offset, as an unmodified client does, and leaves."""
    consumer = Consumer(
        {**access.client_settings(), "group.id": group, "auto.offset.reset": "earliest",
         "enable.auto.commit": False, "log_level": 0}
    )  # fmt: skip
    try:
        consumer.subscribe([topic])
        for _ in range(120):
            message = consumer.poll(1)
            if message is not None and message.error() is None and message.offset() == offset - 1:
                consumer.commit(offsets=[TopicPartition(topic, 0, offset)], asynchronous=False)
                return
    finally:
        consumer.close()
    raise AssertionError("the group never got as far")


def made(cluster: Cluster, **configs: str) -> str:
    """A topic of payments that is declared and on the cluster."""
    name = unique("payments")
    own = {key.replace("_", "."): value for key, value in configs.items()}
    estate.bring([estate.item(cluster, name, partitions=2, replication_factor=1, configs=own)])
    return name


def of(cluster: Cluster, topic: str) -> Measured:
    return known.measured(cluster, topic)


def reader(cluster: Cluster, topic: str, group: str) -> Reader | None:
    return next((one for one in of(cluster, topic).readers if one.group == group), None)


def test_sizes_growth_and_how_far_behind_a_group_is(
    cluster: Cluster, cast: Cast, kafka: KafkaAccess
) -> None:
    topic, group = made(cluster), f"group-{uuid.uuid4().hex[:8]}"
    assert of(cluster, topic).records is None  # unknown, and not 0

    ages = [72 * HOUR_MS, 48 * HOUR_MS, 5 * HOUR_MS, 2 * HOUR_MS, 0]
    write(kafka, topic, ages)
    read_up_to(kafka, topic, group, 2)
    eventually(lambda: measure.measure_cluster(cluster.pk) and reader(cluster, topic, group))

    found = of(cluster, topic)
    assert found.unknown == ""
    assert found.sizes_unknown == ""
    assert found.records == 5
    assert found.leader_bytes is not None
    assert 5_000 < found.leader_bytes < 10_000
    assert found.local_bytes == found.leader_bytes  # one copy
    assert found.remote_bytes == 0
    lagging = reader(cluster, topic, group)
    assert lagging is not None
    assert lagging.lag == 3
    assert lagging.behind_ms is not None
    # The oldest that it did not read is five hours old; told rather too old than too young.
    assert 5 * HOUR_MS <= lagging.behind_ms < 5.2 * HOUR_MS
    assert lagging.unread_bytes is not None
    assert 3_000 < lagging.unread_bytes < 6_000

    read_up_to(kafka, topic, group, 5)
    eventually(
        lambda: (
            measure.measure_cluster(cluster.pk)
            and (one := reader(cluster, topic, group)) is not None
            and (one.lag, one.behind_ms, one.unread_bytes) == (0, None, 0)
        )
    )


def test_what_did_not_change_is_not_written_again(
    cluster: Cluster, cast: Cast, kafka: KafkaAccess
) -> None:
    topic, group = made(cluster), f"group-{uuid.uuid4().hex[:8]}"
    write(kafka, topic, [HOUR_MS, 0])
    read_up_to(kafka, topic, group, 1)
    eventually(lambda: measure.measure_cluster(cluster.pk) and reader(cluster, topic, group))

    def rows() -> set[object]:
        topics = TopicMeasure.objects.filter(name=topic).values_list("pk", "seen_at")
        groups = GroupMeasure.objects.filter(topic=topic).values_list("group", "seen_at")
        return {*topics, *groups}

    before, last = rows(), MeasureRound.objects.get(cluster=cluster).seen_at
    assert measure.measure_cluster(cluster.pk)
    assert rows() == before
    newest = MeasureRound.objects.get(cluster=cluster).seen_at
    assert newest is not None
    assert last is not None
    assert newest > last
    assert of(cluster, topic).seen_at == newest  # as fresh as the round


def test_without_the_rights_everything_is_unknown_with_the_reason_and_never_0(
    cluster: Cluster, cast: Cast, kafka: KafkaAccess
) -> None:
    topic, group = made(cluster), f"group-{uuid.uuid4().hex[:8]}"
    write(kafka, topic, [HOUR_MS, 0])
    read_up_to(kafka, topic, group, 1)
    user = f"poor-{uuid.uuid4().hex[:8]}"
    kafka.make_user(user, PASSWORD)
    poor = estate.register(kafka, username=user, password=PASSWORD)
    estate.declare([estate.item(poor, topic, partitions=2, replication_factor=1)])
    DeclaredTopic.objects.filter(cluster=poor).update(last_applied={"partitions": 2})
    assert measure.measure_cluster(poor.pk)
    found = of(poor, topic)
    assert found.records is None
    assert found.local_bytes is None
    assert "Describe" in MeasureRound.objects.get(cluster=poor).groups_error


def test_hidden_groups_are_said_while_sizes_are_known(
    cluster: Cluster, cast: Cast, kafka: KafkaAccess
) -> None:
    topic, group = made(cluster), f"group-{uuid.uuid4().hex[:8]}"
    write(kafka, topic, [HOUR_MS, 0])
    read_up_to(kafka, topic, group, 1)
    user = f"half-{uuid.uuid4().hex[:8]}"
    kafka.make_user(user, PASSWORD)
    with estate.bare(kafka) as client:
        for resource, name in ((ResourceType.CLUSTER, "kafka-cluster"), (ResourceType.TOPIC, "*")):
            client.create_acls([describe(user, resource, name)])
    half = estate.register(kafka, username=user, password=PASSWORD)
    estate.declare([estate.item(half, topic, partitions=2, replication_factor=1)])
    DeclaredTopic.objects.filter(cluster=half).update(last_applied={"partitions": 2})
    eventually(lambda: measure.measure_cluster(half.pk) and of(half, topic).local_bytes)
    found = of(half, topic)
    assert found.records == 2
    assert not found.readers
    assert "hidden" in found.unknown


def describe(user: str, resource: ResourceType, name: str) -> ACL:
    return ACL(
        principal=f"User:{user}",
        host="*",
        operation=ACLOperation.DESCRIBE,
        permission_type=ACLPermissionType.ALLOW,
        resource_pattern=ResourcePattern(resource, name, ACLResourcePatternType.LITERAL),
    )


# --- Shrinking ----------------------------------------------------------------------------------


def shrinking(cluster: Cluster, cast: Cast, topic: str, retention: str) -> Request:
    after = {"configs": {"retention.ms": retention}}
    draft = requests.create_draft(
        title="",
        reason="",
        team=cast.team,
        items=[NewItem("topic", "alter", topic, cluster.slug, after)],
        by=cast.requester,
    )
    return requests.submit(draft, by=cast.requester)


def advance(request: Request) -> Request:
    Request.objects.filter(pk=request.pk).update(next_attempt_at=None)
    pipeline.advance(request.pk)
    request.refresh_from_db()
    return request


def billing(group: str) -> Actor:
    """An owner of the team whose application the group is."""
    make_application(group, team="billing")
    return make_actor(f"bill-{group}", team="billing", roles=("owner",))


def roles(request: Request) -> set[str]:
    return set(
        request.requirements.filter(revision=request.revision).values_list("role", flat=True)
    )


def retention(access: KafkaAccess, topic: str) -> str | None:
    with estate.bare(access) as client:
        return estate.overrides(client, topic).get("retention.ms")


def test_shrinking_waits_for_the_team_whose_group_lags(
    cluster: Cluster, cast: Cast, kafka: KafkaAccess
) -> None:
    topic, group = made(cluster, retention_ms="7 d"), f"invoices-{uuid.uuid4().hex[:6]}"
    owner = billing(group)
    write(kafka, topic, [72 * HOUR_MS, 48 * HOUR_MS, HOUR_MS])
    read_up_to(kafka, topic, group, 1)
    eventually(lambda: measure.measure_cluster(cluster.pk) and reader(cluster, topic, group))

    request = shrinking(cluster, cast, topic, "1 d")
    reasons = dict(request.requirements.values_list("role", "reason"))
    assert reasons.keys() == {"owner:payments", "owner:billing"}
    assert f"{group} is 2 d behind, 2 records unread" in reasons["owner:billing"]
    request = reviews.approve(request, revision=1, by=cast.owner)
    assert advance(request).state == State.IN_REVIEW
    assert retention(kafka, topic) == "604800000"

    request = reviews.approve(request, revision=1, by=owner)
    assert advance(request).state == State.APPLIED
    eventually(lambda: retention(kafka, topic) == "86400000")


def test_a_group_that_fell_behind_after_the_approval_is_asked_at_the_recheck(
    cluster: Cluster, cast: Cast, kafka: KafkaAccess
) -> None:
    topic, group = made(cluster, retention_ms="7 d"), f"invoices-{uuid.uuid4().hex[:6]}"
    owner = billing(group)
    write(kafka, topic, [72 * HOUR_MS])
    read_up_to(kafka, topic, group, 1)
    eventually(lambda: measure.measure_cluster(cluster.pk) and reader(cluster, topic, group))
    request = shrinking(cluster, cast, topic, "1 d")
    assert roles(request) == {"owner:payments"}  # it has read all there is
    request = reviews.approve(request, revision=1, by=cast.owner)

    write(kafka, topic, [60 * HOUR_MS])  # and nobody looked since
    assert advance(request).state == State.IN_REVIEW
    assert roles(request) == {"owner:payments", "owner:billing"}
    assert "more people must agree" in request.failure
    assert retention(kafka, topic) == "604800000"
    request = reviews.approve(request, revision=request.revision, by=owner)
    if request.state == State.IN_REVIEW:  # the owner's approval was for what was known before
        request = reviews.approve(request, revision=request.revision, by=cast.owner)
    assert advance(request).state == State.APPLIED
    eventually(lambda: retention(kafka, topic) == "86400000")
