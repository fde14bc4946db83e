"""What an approved request writes of a topic beside its settings: what it holds, and why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from governance import audit, kinds
from governance.clock import database_now
from governance.kinds import ItemView
from governance.models import Event, Resource
from tests.factories import BY, make_team
from tests.topics.estate import make_cluster, make_topic
from topics.kinds.topic.about import About
from topics.kinds.topic.known import known_topic
from topics.models import Cluster, DeclaredTopic

pytestmark = pytest.mark.django_db

DAY = 86_400_000
REASON = {"kind": "audit", "text": "Audit of 2026", "ends": "90 d", "falls_back_to": "7 d"}
Asked = Callable[..., ItemView]


@pytest.fixture
def cluster() -> Cluster:
    return make_cluster("main")


def item(
    cluster: Cluster, operation: str = "alter", *, number: int = 7, team: str = "payments",
    **after: Any,
) -> ItemView:  # fmt: skip
    spec, problems = kinds.get("topic").parse(operation, "t", cluster.slug, after)
    assert not problems
    return ItemView(1, "topic", operation, "t", cluster.slug, spec, request_id=number, team=team)


@transaction.atomic
def declare(*asked: ItemView) -> DeclaredTopic:
    kinds.get("topic").declare(asked, by=BY)
    audit.record("request.apply_started", by=BY, about=make_team("payments"))
    return DeclaredTopic.objects.get(cluster__slug=asked[0].place, name="t")


def test_a_new_topic_has_what_is_said_of_it(cluster: Cluster) -> None:
    make_team("payments")
    row = declare(
        item(cluster, "create", partitions=3, data_class="personal", labels={"domain": "cards"},
             configs={"retention.ms": "365 d"}, retention_reason=REASON)
    )  # fmt: skip
    made = Resource.objects.get(kind="topic", name="t")
    assert (made.data_class, made.labels, made.description) == ("personal", {"domain": "cards"}, "")
    assert row.retention_reason == {**REASON, "falls_back_to": str(7 * DAY)}
    assert row.retention_ends_at is not None
    left = row.retention_ends_at - database_now()
    assert timedelta(days=89, hours=23) < left <= timedelta(days=90)
    assert row.origins["retention_reason"] == "request:7"
    told = Event.objects.get(action="topic.described")
    assert (told.request_id, told.team) == (7, "payments")
    assert told.data == {
        "before": {"data_class": "internal", "labels": {}},
        "after": {"data_class": "personal", "labels": {"domain": "cards"}},
    }


def test_a_class_alone_changes_nothing_on_the_cluster_and_is_declared(cluster: Cluster) -> None:
    make_topic(cluster, "t", configs={"retention.ms": "1000"})
    asked = item(cluster, data_class="personal")
    assert asked.after == {
        "partitions": 6, "replication_factor": 3, "configs": {"retention.ms": "1000"},
        "data_class": "personal", "retention_reason": None,
    }  # fmt: skip
    kind = kinds.get("topic")
    assert kind.check(asked) == [] or {p.rule for p in kind.check(asked)} == {"vanished"}
    row = declare(asked)
    assert row.resource.data_class == "personal"
    assert (row.generation, row.configs) == (2, {"retention.ms": "1000"})
    again = declare(asked)
    assert (again.generation, Event.objects.filter(action="topic.described").count()) == (2, 1)


def test_what_a_request_does_not_say_stays_though_it_was_changed_elsewhere(
    cluster: Cluster,
) -> None:
    """The topic lives on two clusters; a request on one was written before the other's."""
    other = make_cluster("other")
    make_topic(cluster, "t")
    make_topic(other, "t")
    early = item(other, partitions=12, data_class="internal")
    declare(item(cluster, data_class="sensitive"))
    assert "data_class" not in early.after
    row = declare(early)
    assert (row.partitions, row.resource.data_class) == (12, "sensitive")


def test_a_second_call_is_no_renewal_and_another_request_is(cluster: Cluster) -> None:
    make_topic(cluster, "t", configs={"retention.ms": "1000"})
    asked = item(cluster, configs={"retention.ms": "365 d"}, retention_reason=REASON)
    first = declare(asked)
    second = declare(asked)
    assert (second.retention_ends_at, second.generation) == (first.retention_ends_at, 2)
    # Another request that leaves the reason as it is moves nothing either.
    third = declare(item(cluster, number=8, partitions=12))
    assert (third.retention_ends_at, third.generation) == (first.retention_ends_at, 3)
    assert third.origins["retention_reason"] == "request:7"
    renewed = declare(item(cluster, number=9, retention_reason=REASON))
    assert renewed.retention_ends_at is not None
    assert first.retention_ends_at is not None
    assert renewed.retention_ends_at >= first.retention_ends_at
    assert renewed.origins["retention_reason"] == "request:9"
    dropped = declare(item(cluster, number=10, configs={"retention.ms": "100 d"}))
    assert (dropped.retention_reason, dropped.retention_ends_at) == (None, None)
    assert "retention_reason" not in dropped.origins


def test_the_time_of_a_topic_that_was_not_made_begins_when_it_is(cluster: Cluster) -> None:
    make_team("payments")
    asked = item(cluster, "create", configs={"retention.ms": "365 d"}, retention_reason=REASON)
    row = declare(asked)
    long_ago = database_now() - timedelta(days=1)
    with transaction.atomic():
        DeclaredTopic.objects.filter(pk=row.pk).update(retention_ends_at=long_ago)
        audit.record("topic.declared", by=BY, about=row)
    again = declare(asked)
    assert again.retention_ends_at is not None
    assert again.retention_ends_at > database_now()


def test_a_topic_of_the_same_name_elsewhere_is_known_by_team(cluster: Cluster) -> None:
    make_topic(cluster, "t")
    Resource.objects.filter(name="t").update(data_class="personal")
    audit.record("topic.described", by=BY, about=make_team("payments"))
    other = make_cluster("other")
    known = known_topic(other, "t")
    assert known.said_before("payments") == About("personal", "", {})
    assert known.said_before("billing") is None
    asked = item(other, "create", data_class="internal")
    assert kinds.get("topic").facts(asked)["topic.class_lowered"] is True
    (line,) = (r for r in kinds.get("topic").rows(asked) if r.path == "data_class")
    assert "other clusters as well" in line.note
    # Not said, it is what it is elsewhere.
    row = declare(item(other, "create"))
    assert row.resource.data_class == "personal"


def test_the_database_takes_no_end_without_what_comes_then(cluster: Cluster) -> None:
    with pytest.raises(IntegrityError, match="end_has_reason"):
        make_topic(cluster, "t", retention_ends_at=database_now())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("column", ["retention_ends_at", "retention_reason"])
def test_nobody_moves_an_end_without_an_event(cluster: Cluster, column: str) -> None:
    row = make_topic(cluster, "t", retention_reason={**REASON, "kind": "legal"})
    value = {"retention_ends_at": database_now(), "retention_reason": REASON}[column]
    with pytest.raises(IntegrityError, match="without an event"):
        DeclaredTopic.objects.filter(pk=row.pk).update(**{column: value})
