"""A topic that was made behind Weir gets an owner, and is governed from then on."""

from __future__ import annotations

import pytest
from django.db import transaction

from governance import audit, kinds
from governance.clock import database_now
from governance.errors import Refused
from governance.models import Request, Team
from governance.services import pipeline, requests, reviews
from governance.services.items import NewItem
from governance.workflow import State
from tests.factories import BY, Cast, make_actor, make_cast, make_environment
from tests.topics.estate import make_cluster, make_seen, make_topic
from topics.kinds.topic import adopt
from topics.kinds.topic.model import DeclaredTopic
from topics.models import Cluster

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cluster() -> Cluster:
    return make_cluster("main")


@pytest.fixture
def cast() -> Cast:
    return make_cast("payments")


def asked(
    cast: Cast, operation: str, name: str, to: str, *, place: str = "main", **more: str
) -> Request:
    item = NewItem("ownership", operation, f"topic/{name}", place, {"to": to, **more})
    draft = requests.create_draft(
        title="", reason="", team=cast.team, items=[item], by=cast.requester
    )
    return requests.submit(draft, by=cast.requester)


def test_it_is_declared_as_the_cluster_has_it(cast: Cast, cluster: Cluster) -> None:
    make_seen(cluster, "stray", partitions=7, retention_ms="1000")
    kind = kinds.get("topic")
    before = kind.current("main", "stray")
    assert before is not None
    assert (before.declared, before.owner) == (None, "")

    request = asked(cast, "claim", "stray", "payments")
    assert [q.role for q in request.requirements.all()] == ["platform"]
    reviews.approve(request, revision=1, by=cast.platform)
    pipeline.advance(request.pk)

    request.refresh_from_db()
    assert request.state == State.APPLIED
    after = kind.current("main", "stray")
    assert after is not None
    assert after.owner == "payments"
    assert after.declared == after.applied
    assert after.observed is not None
    assert after.declared is not None
    assert after.declared.items() >= after.observed.items()
    row = DeclaredTopic.objects.get(name="stray")
    assert (row.partitions, row.configs) == (7, {"retention.ms": "1000"})
    assert set(row.origins.values()) == {f"request:{request.pk}"}


def test_a_claim_leaves_nothing_of_a_request_that_failed(cast: Cast, cluster: Cluster) -> None:
    with transaction.atomic():
        make_topic(
            cluster, "stray", applied=False, paused=True, configs={"retention.ms": "9"},
            retention_reason={"kind": "audit", "text": "", "ends": "90 d", "falls_back_to": "1"},
            retention_ends_at=database_now(), fall_back={"to": "1", "error": ""},
        )  # fmt: skip
    make_seen(cluster, "stray", retention_ms="1000")
    with transaction.atomic():
        adopt.adopt("main", "stray", "payments", request_id=7)
        row = DeclaredTopic.objects.get(name="stray")
        audit.record("topic.declared", by=BY, about=row)
    assert (row.retention_reason, row.retention_ends_at, row.fall_back) == (None, None, None)
    assert (row.paused, row.configs, row.generation) == (False, {"retention.ms": "1000"}, 2)


def test_what_the_platform_forbids_is_not_declared(cast: Cast) -> None:
    cluster = make_cluster("shared", profile="automq")
    make_seen(cluster, "stray", retention_ms="1000", local_retention_ms="500")
    with transaction.atomic():
        adopt.adopt("shared", "stray", "payments", request_id=7)
        row = DeclaredTopic.objects.get(name="stray")
        audit.record("topic.declared", by=BY, about=row)
    assert row.configs == {"retention.ms": "1000"}


def test_what_cannot_be_claimed(cast: Cast, cluster: Cluster) -> None:
    make_topic(cluster, "payments.captured")
    internal = make_seen(cluster, "__consumer_offsets")
    internal.internal = True
    internal.save()
    for name, words in (
        ("ghost", "No topic ghost was seen on main"),
        ("__consumer_offsets", "belongs to the cluster itself"),
        ("payments.captured", "belongs to payments"),
    ):
        with pytest.raises(Refused, match=words):
            asked(cast, "claim", name, "payments")
    assert not DeclaredTopic.objects.filter(name="ghost").exists()


def test_a_topic_changes_hands_on_all_its_clusters(cast: Cast, cluster: Cluster) -> None:
    shop = make_actor("sam", team="shop", roles=("owner",))
    make_topic(cluster, "payments.captured")
    request = asked(cast, "transfer", "payments.captured", "shop")
    reviews.approve(request, revision=1, by=cast.owner)
    reviews.approve(request, revision=1, by=shop)
    pipeline.advance(request.pk)
    current = kinds.get("topic").current("main", "payments.captured")
    assert current is not None
    assert current.owner == "shop"
    assert Team.objects.get(slug="payments").resources.count() == 0


def test_what_lives_in_production_too_is_judged_as_in_production(
    cast: Cast, cluster: Cluster
) -> None:
    make_environment("production", production=True)
    make_actor("sam", team="shop", roles=("owner",))
    for place in (cluster, make_cluster("prod", environment="production")):
        make_topic(place, "payments.captured")
    with pytest.raises(Refused, match="lives in production too"):
        asked(cast, "transfer", "payments.captured", "shop")
    with pytest.raises(Refused, match="lives in production too"):
        asked(cast, "transfer", "payments.*", "shop", **{"from": "payments"})
    assert asked(cast, "transfer", "payments.captured", "shop", place="prod").state == "in_review"
