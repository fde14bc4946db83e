"""A longer retention on a real broker: agreed on with its end, applied, and gone again by itself.

What stands on the broker is read by kafka-python, which shares no code with Weir.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.db.models.functions import Now

from governance import audit
from governance.models import Event, Request
from governance.services import pipeline, requests, reviews
from governance.services.items import NewItem
from governance.workflow import State
from tests.factories import BY, Cast
from tests.real import estate
from tests.real.estate import bare, eventually, unique
from tests.stack_plugin import KafkaAccess
from topics.kafka import client as kafka_client
from topics.models import Cluster, DeclaredTopic, Drift
from topics.services import fallbacks

pytestmark = [pytest.mark.real, pytest.mark.django_db(transaction=True)]

DAY = 86_400_000
REASON = {"kind": "replay", "text": "Disputes of the last quarter", "ends": "90 d"}


@dataclass(frozen=True, slots=True)
class Scene:
    """A topic of payments on the broker, which keeps its records for a week."""

    cluster: Cluster
    cast: Cast
    access: KafkaAccess
    topic: str

    def ask(self, operation: str = "alter", **after: Any) -> Request:
        """A request for the topic, agreed to by its owner and taken as far as it goes."""
        draft = requests.create_draft(
            title="",
            reason="",
            team=self.cast.team,
            items=[NewItem("topic", operation, self.topic, self.cluster.slug, after)],
            by=self.cast.requester,
        )
        request = requests.submit(draft, by=self.cast.requester)
        reviews.approve(request, revision=request.revision, by=self.cast.owner)
        Request.objects.filter(pk=request.pk).update(next_attempt_at=None)
        pipeline.advance(request.pk)
        request.refresh_from_db()
        return request

    def on_broker(self) -> dict[str, str]:
        """The overrides that the broker has."""
        with bare(self.access) as client:
            return estate.overrides(client, self.topic)

    @property
    def row(self) -> DeclaredTopic:
        return DeclaredTopic.objects.get(cluster=self.cluster, name=self.topic)


@pytest.fixture
def scene(cluster: Cluster, cast: Cast, kafka: KafkaAccess) -> Scene:
    found = Scene(cluster, cast, kafka, unique("payments"))
    made = found.ask(
        "create",
        partitions=1,
        replication_factor=1,
        configs={"retention.ms": "7 d", "segment.ms": "1 d"},
    )
    assert made.state == State.APPLIED
    return found


@transaction.atomic
def time_is_over(row: DeclaredTopic) -> None:
    """As if it had been agreed on long ago."""
    DeclaredTopic.objects.filter(pk=row.pk).update(retention_ends_at=Now())
    audit.record("topic.shortened", by=BY, about=row)


@transaction.atomic
def move_broker(cluster: Cluster, bootstrap: str) -> None:
    """Weir finds the broker elsewhere, or nowhere."""
    Cluster.objects.filter(pk=cluster.pk).update(bootstrap=bootstrap)
    audit.record("cluster.changed", by=BY, about=cluster)
    kafka_client.forget(cluster.pk)


def test_a_longer_retention_is_applied_and_falls_back_by_itself(scene: Scene) -> None:
    request = scene.ask(
        configs={"retention.ms": "90 d", "segment.ms": "1 d"}, retention_reason=REASON
    )
    assert request.state == State.APPLIED
    longer = {"retention.ms": str(90 * DAY), "segment.ms": str(DAY)}
    eventually(lambda: scene.on_broker() == longer)
    assert fallbacks.end_due() == 0  # its time is not over

    time_is_over(scene.row)
    assert fallbacks.end_due() == 1
    assert fallbacks.bring(scene.cluster.pk) == 1
    shorter = {"retention.ms": str(7 * DAY), "segment.ms": str(DAY)}
    eventually(lambda: scene.on_broker() == shorter)

    row = scene.row
    assert (row.fall_back, row.retention_reason) == (None, None)
    assert row.last_applied_generation == row.generation
    for action in ("topic.fell_back", "topic.fall_back_applied"):
        assert Event.objects.get(action=action).request_id == request.pk
    # It is over for good, and no drift: the cluster is as declared.
    assert (fallbacks.end_due(), fallbacks.waiting()) == (0, [])
    eventually(lambda: estate.settled(scene.cluster, scene.topic))
    assert not Drift.objects.exists()


def test_a_cluster_that_is_away_gets_it_when_it_is_back(scene: Scene) -> None:
    scene.ask(configs={"retention.ms": "90 d"}, retention_reason=REASON)
    eventually(lambda: scene.on_broker() == {"retention.ms": str(90 * DAY)})
    there = scene.cluster.bootstrap
    move_broker(scene.cluster, "127.0.0.1:1")
    time_is_over(scene.row)
    fallbacks.sweep()
    assert fallbacks.bring(scene.cluster.pk) == 0
    assert scene.row.fall_back is not None
    assert scene.row.fall_back["error"]
    assert scene.on_broker() == {"retention.ms": str(90 * DAY)}

    move_broker(scene.cluster, there)
    eventually(lambda: fallbacks.waiting() == [scene.cluster.pk])  # after its pause
    assert fallbacks.bring(scene.cluster.pk) == 1
    eventually(lambda: scene.on_broker() == {"retention.ms": str(7 * DAY)})


def test_it_goes_back_to_the_broker_s_own_and_to_what_is_there_already(
    scene: Scene, kafka: KafkaAccess
) -> None:
    scene.ask(
        configs={"retention.ms": "unlimited"},
        retention_reason={**REASON, "falls_back_to": "default"},
    )
    eventually(lambda: scene.on_broker() == {"retention.ms": "-1"})
    time_is_over(scene.row)
    fallbacks.end_due()
    assert fallbacks.bring(scene.cluster.pk) == 1
    eventually(lambda: scene.on_broker() == {})

    reason = {**REASON, "falls_back_to": "10 d"}
    scene.ask(configs={"retention.ms": "90 d"}, retention_reason=reason)
    with bare(kafka) as client:  # somebody did it by hand
        estate.set_config(client, scene.topic, "retention.ms", str(10 * DAY))
    time_is_over(scene.row)
    fallbacks.end_due()
    assert fallbacks.bring(scene.cluster.pk) == 1
    told = Event.objects.filter(action="topic.fall_back_applied").latest("pk")
    assert "as declared already" in told.data["message"]


def test_another_class_alone_is_applied_without_touching_the_broker(scene: Scene) -> None:
    before = scene.on_broker()
    request = scene.ask(data_class="personal", description="Payments of people.")
    assert request.state == State.APPLIED
    item = request.items.get()
    assert (item.state, item.outcome["state"]) == ("applied", "unchanged")
    assert scene.row.resource.data_class == "personal"
    assert scene.on_broker() == before
    assert scene.row.last_applied_generation == scene.row.generation
