"""Access on a real broker: denied before, given by a request, and gone again by itself.

The client is confluent-kafka as it comes, and what stands on the broker is read by kafka-python.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from django.db import transaction
from django.db.models.functions import Now
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
)

from governance import audit
from governance.models import Event, Request
from governance.services import pipeline, requests, reviews, teams
from governance.services.items import NewItem
from governance.workflow import State
from tests.factories import BY, Cast, make_actor, make_cast, make_team
from tests.real import estate
from tests.real.estate import bare, eventually, unique
from tests.stack_plugin import KafkaAccess
from tests.topics.estate import make_topic
from topics.models import Cluster, DeclaredGrant, GrantState, MadeBinding, ObservedBinding
from topics.services import grants, observe

pytestmark = [pytest.mark.real, pytest.mark.django_db(transaction=True)]

PASSWORD = "swordfish-1"
DENIED = {KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED}


@dataclass(frozen=True, slots=True)
class Scene:
    """Topics of payments, and an application of billing with a user on the broker."""

    cluster: Cluster
    payments: Cast
    billing: Cast
    application: str
    access: KafkaAccess

    @property
    def principal(self) -> str:
        return f"User:{self.application}"

    def asked(self, cast: Cast, *items: NewItem) -> Request:
        draft = requests.create_draft(
            title="", reason="", team=cast.team, items=items, by=cast.requester
        )
        return requests.submit(draft, by=cast.requester)

    def granted(self, *items: NewItem) -> Request:
        """What billing asks for, agreed to by payments, and taken as far as it goes."""
        request = self.asked(self.billing, *items)
        reviews.approve(request, revision=request.revision, by=self.payments.owner)
        return advance(request)

    def topic(self) -> str:
        """A topic of payments that is on the cluster."""
        name = unique("payments")
        request = self.asked(self.payments, new_topic(self, name))
        reviews.approve(request, revision=1, by=self.payments.owner)
        assert advance(request).state == State.APPLIED
        return name

    def grant(self, topic: str, operation: str = "create", role: str = "consumer",
              **after: str) -> NewItem:  # fmt: skip
        return NewItem(
            "grant",
            operation,
            f"{self.application}/{role}/{topic}",
            self.cluster.slug,
            {"ends": "30 d", "purpose": "invoices", **after},
        )

    def read(self, topic: str, group: str = "") -> str:
        """What a client gets that reads the topic: "denied", or a record's value."""
        settings = self.access.client_settings(self.application, PASSWORD)
        consumer = Consumer(
            {**settings, "group.id": group or self.application, "auto.offset.reset": "earliest",
             "log_level": 0}
        )  # fmt: skip
        try:
            consumer.subscribe([topic])
            for _ in range(60):
                message = consumer.poll(1)
                if message is None:
                    continue
                error = message.error()
                if error is None:
                    return (message.value() or b"").decode()
                if error.code() in DENIED:
                    return "denied"
        except KafkaException as error:
            if error.args[0].code() in DENIED:
                return "denied"
            raise
        finally:
            consumer.close()
        raise AssertionError("the client got neither a record nor a refusal")

    def write(self, topic: str, value: str) -> str:
        """What a client gets that writes: "denied" or "delivered"."""
        said: list[str] = []
        producer = Producer(
            {**self.access.client_settings(self.application, PASSWORD), "log_level": 0}
        )

        def delivered(error: KafkaError | None, _message: object) -> None:
            refused = error is not None and error.code() in DENIED
            said.append("delivered" if error is None else "denied" if refused else str(error))

        producer.produce(topic, value.encode(), on_delivery=delivered)
        producer.flush(60)
        return said[0]


def new_topic(scene: Scene, name: str) -> NewItem:
    return NewItem(
        "topic", "create", name, scene.cluster.slug, {"partitions": 1, "replication_factor": 1}
    )


def advance(request: Request) -> Request:
    Request.objects.filter(pk=request.pk).update(next_attempt_at=None)
    pipeline.advance(request.pk)
    request.refresh_from_db()
    return request


@pytest.fixture
def scene(cluster: Cluster, kafka: KafkaAccess) -> Scene:
    application = f"billing-{uuid.uuid4().hex[:8]}"
    kafka.make_user(application, PASSWORD)
    payments = make_cast("payments")
    billing = _second_cast("billing")
    teams.create_application(
        "billing", name=application, principal=f"User:{application}", by=billing.owner
    )
    return Scene(cluster, payments, billing, application, kafka)


def _second_cast(slug: str) -> Cast:
    team = make_team(slug)
    requester = make_actor(f"{slug}-requester", team=slug, roles=("requester",))
    owner = make_actor(f"{slug}-owner", team=slug, roles=("owner",))
    return Cast(team, requester, owner, owner, owner, owner, owner, owner, owner)


def lines_on(scene: Scene) -> set[tuple[str, str, str]]:
    """The principal's lines as the broker has them, by kafka-python alone."""
    with bare(scene.access) as client:
        return _lines(client, scene.principal)


def _lines(client: KafkaAdminClient, principal: str) -> set[tuple[str, str, str]]:
    every = ACLFilter(
        principal=principal,
        host=None,
        operation=ACLOperation.ANY,
        permission_type=ACLPermissionType.ANY,
        resource_pattern=ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY),
    )
    found, _ = client.describe_acls(every)
    return {
        (
            acl.resource_pattern.resource_type.name,
            acl.resource_pattern.resource_name,
            acl.operation.name,
        )
        for acl in found
    }


def time_is_over(name: str) -> None:
    """As if the lease had been given long ago."""
    with transaction.atomic():
        row = DeclaredGrant.objects.get(name=name)
        DeclaredGrant.objects.filter(pk=row.pk).update(ends_at=Now())
        audit.record("grant.shortened", by=BY, about=row)


def test_a_client_is_denied_then_reads_and_is_denied_again_when_its_time_is_over(
    scene: Scene,
) -> None:
    topic = scene.topic()
    item = scene.grant(topic)
    assert scene.read(topic) == "denied"
    assert scene.write(topic, "x") == "denied"

    request = scene.asked(scene.billing, item)
    (need,) = request.requirements.values_list("role", flat=True)
    assert need == "owner:payments"  # whose topic it is, not who asks
    assert scene.read(topic) == "denied"
    reviews.approve(request, revision=1, by=scene.payments.owner)
    assert advance(request).state == State.APPLIED
    scene.granted(scene.grant(topic, role="producer"))

    eventually(lambda: scene.write(topic, "invoice 1") == "delivered")
    assert scene.read(topic) == "invoice 1"

    time_is_over(item.name)
    assert grants.end_due() == 1
    assert grants.take_away(scene.cluster.pk) == 1
    eventually(lambda: scene.read(topic) == "denied")
    assert scene.write(topic, "invoice 2") == "delivered"  # by its other grant
    row = DeclaredGrant.objects.get(name=item.name)
    assert (row.state, row.last_applied) == (GrantState.ENDED, None)
    ended = Event.objects.get(action="grant.ended")
    assert ended.request_id == request.pk
    assert grants.end_due() == 0
    assert grants.waiting() == []


def test_topic_and_access_in_one_request_before_the_topic_exists(scene: Scene) -> None:
    topic = f"billing.{uuid.uuid4().hex[:8]}"
    request = scene.asked(
        scene.billing, scene.grant(topic), scene.grant(topic, role="producer"),
        new_topic(scene, topic),
    )  # fmt: skip
    assert request.requirements.get().role == "owner:billing"
    reviews.approve(request, revision=1, by=scene.billing.owner)
    assert advance(request).state == State.APPLIED
    eventually(lambda: scene.write(topic, "first") == "delivered")
    assert scene.read(topic) == "first"


def test_what_another_grant_needs_stays_when_one_is_revoked(scene: Scene) -> None:
    first, second = scene.topic(), scene.topic()
    scene.granted(scene.grant(first), scene.grant(second))
    both = {
        ("TOPIC", first, "READ"),
        ("TOPIC", second, "READ"),
        ("GROUP", scene.application, "READ"),
    }
    eventually(lambda: lines_on(scene) == both)

    given_up = scene.asked(scene.billing, scene.grant(first, "revoke"))
    assert given_up.requirements.get().role == "owner:billing"  # what it gives up is its own
    reviews.approve(given_up, revision=1, by=scene.billing.owner)
    assert advance(given_up).state == State.APPLIED
    eventually(lambda: lines_on(scene) == both - {("TOPIC", first, "READ")})

    taken = scene.asked(scene.payments, scene.grant(second, "revoke"))
    assert taken.requirements.get().role == "owner:payments"
    reviews.approve(taken, revision=1, by=scene.payments.owner)
    assert advance(taken).state == State.APPLIED
    eventually(lambda: lines_on(scene) == set())
    assert not MadeBinding.objects.exists()


def test_a_line_that_was_there_before_is_used_and_never_taken_away(scene: Scene) -> None:
    topic = scene.topic()
    before = ACL(
        principal=scene.principal,
        host="*",
        operation=ACLOperation.READ,
        permission_type=ACLPermissionType.ALLOW,
        resource_pattern=ResourcePattern(ResourceType.TOPIC, topic, ACLResourcePatternType.LITERAL),
    )
    with bare(scene.access) as client:
        assert not client.create_acls([before])["failed"]
    eventually(lambda: ("TOPIC", topic, "READ") in lines_on(scene))
    request = scene.granted(scene.grant(topic))
    assert "Was there before" in str(request.items.get().outcome["did"])
    ended = scene.asked(scene.billing, scene.grant(topic, "revoke"))
    reviews.approve(ended, revision=1, by=scene.billing.owner)
    assert advance(ended).state == State.APPLIED
    eventually(lambda: lines_on(scene) == {("TOPIC", topic, "READ")})


def test_a_changed_group_moves_its_line_and_a_longer_lease_moves_none(scene: Scene) -> None:
    topic = scene.topic()
    scene.granted(scene.grant(topic))
    end = DeclaredGrant.objects.get().ends_at
    renewed = scene.granted(scene.grant(topic, "alter", ends="90 d"))
    assert renewed.state == State.APPLIED
    row = DeclaredGrant.objects.get()
    assert end is not None
    assert row.ends_at is not None
    assert row.ends_at > end
    assert renewed.items.get().outcome["state"] == "unchanged"

    scene.granted(scene.grant(topic, "alter", group=f"{scene.application}-2*"))
    eventually(
        lambda: (
            lines_on(scene)
            == {("TOPIC", topic, "READ"), ("GROUP", f"{scene.application}-2", "READ")}
        )
    )


def test_a_worker_that_died_before_it_sent_leaves_nothing_behind(scene: Scene) -> None:
    topic = scene.topic()
    scene.granted(scene.grant(topic))
    # It wrote down what it was about to send for a grant that has come to an end since.
    MadeBinding.objects.create(
        cluster=scene.cluster, resource_type="topic", resource_name="payments.never",
        principal=scene.principal, operation="read",
    )  # fmt: skip
    time_is_over(scene.grant(topic).name)
    grants.sweep()
    assert grants.take_away(scene.cluster.pk) == 1
    assert not MadeBinding.objects.exists()
    eventually(lambda: lines_on(scene) == set())


def test_without_the_right_to_change_acls_it_is_said_before_anything_is_declared(
    scene: Scene, kafka: KafkaAccess
) -> None:
    topic = scene.topic()
    poor = f"poor-{uuid.uuid4().hex[:8]}"
    kafka.make_user(poor, PASSWORD)
    cluster = estate.register(kafka, username=poor, password=PASSWORD)
    make_topic(cluster, topic, team="payments")
    request = scene.asked(
        scene.billing,
        NewItem("grant", "create", f"{scene.application}/consumer/{topic}", cluster.slug,
                {"ends": "1 d", "purpose": "invoices"}),
    )  # fmt: skip
    reviews.approve(request, revision=1, by=scene.payments.owner)
    advance(request)
    assert request.state == State.CHANGES_REQUESTED
    assert "lacks the right" in request.failure
    assert not DeclaredGrant.objects.exists()


def test_lines_are_seen_and_what_stays_is_not_written_again(scene: Scene) -> None:
    topic = scene.topic()
    scene.granted(scene.grant(topic))
    mine = ObservedBinding.objects.filter(cluster=scene.cluster, principal=scene.principal)
    assert mine.count() == 2  # as soon as it was applied
    assert observe.observe_cluster(scene.cluster.pk)
    before = set(ObservedBinding.objects.filter(cluster=scene.cluster).values_list("pk", "seen_at"))
    assert observe.observe_cluster(scene.cluster.pk)
    after = set(ObservedBinding.objects.filter(cluster=scene.cluster).values_list("pk", "seen_at"))
    assert before <= after
    scene.cluster.refresh_from_db()
    assert scene.cluster.acls_seen_at is not None
    assert scene.cluster.acls_error == ""
