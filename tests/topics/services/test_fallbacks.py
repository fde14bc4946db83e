"""The end of a longer retention: declared by a sweep, kept until the cluster has it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from governance import audit
from governance.clock import database_now
from governance.kinds import Outcome, OutcomeState
from governance.models import Event
from tests.factories import BY
from tests.topics.estate import get_ahead, make_cluster, make_seen, make_topic
from topics import reason_queries
from topics.kinds.topic.plan import Observed, plan_topic
from topics.kinds.topic.spec import TopicSpec
from topics.models import Cluster, DeclaredTopic, Drift
from topics.profiles import table as profiles
from topics.services import apply, fallbacks, scan

pytestmark = pytest.mark.django_db

YEAR = str(365 * 86_400_000)
WEEK = str(7 * 86_400_000)
REASON = {"kind": "audit", "text": "Audit of 2026", "ends": "90 d", "falls_back_to": WEEK}
DONE = Outcome(OutcomeState.APPLIED, "Set retention.ms to 7 d", {}, {"partitions": 6})
AWAY = Outcome(OutcomeState.RETRY, "main cannot be reached.")


@pytest.fixture
def cluster() -> Cluster:
    return make_cluster("main")


@transaction.atomic
def keep(
    cluster: Cluster, name: str = "t", *, ends: timedelta = -timedelta(seconds=1), **fields: Any
) -> DeclaredTopic:
    """A topic that keeps its records longer, until a time from now."""
    row = make_topic(cluster, name, configs={"retention.ms": YEAR, "segment.ms": "5"}, **{
        "retention_reason": REASON, "retention_ends_at": database_now() + ends, **fields,
    })  # fmt: skip
    row.origins = {"configs.retention.ms": "request:142", "retention_reason": "request:143"}
    row.save(update_fields=["origins"])
    return row


def test_what_is_due_falls_back_and_cites_the_request_that_agreed(cluster: Cluster) -> None:
    row = keep(cluster)
    keep(cluster, "later", ends=timedelta(minutes=5))
    assert fallbacks.end_due() == 1
    row.refresh_from_db()
    assert row.configs == {"retention.ms": WEEK, "segment.ms": "5"}
    assert (row.retention_reason, row.retention_ends_at, row.generation) == (None, None, 2)
    assert row.origins == {"configs.retention.ms": "request:143"}
    assert row.fall_back is not None
    assert (row.fall_back["request"], row.fall_back["to"]) == (143, WEEK)
    told = Event.objects.get(action="topic.fell_back")
    assert (told.request_id, told.team, told.actor_name) == (143, "payments", "leases")
    assert told.object_id == "main/t"
    assert (told.data["before"], told.data["after"]) == (YEAR, WEEK)
    assert told.data["message"] == "t: 365 d → 7 d"
    # A second sweep finds nothing to end, and the cluster still to bring it to.
    assert fallbacks.end_due() == 0
    assert fallbacks.waiting() == [cluster.pk]
    assert DeclaredTopic.objects.get(name="later").generation == 1


def test_the_default_of_the_cluster_can_be_what_it_falls_back_to(cluster: Cluster) -> None:
    row = keep(cluster, retention_reason={**REASON, "falls_back_to": "default"})
    fallbacks.end_due()
    row.refresh_from_db()
    assert row.configs == {"segment.ms": "5"}
    assert row.origins == {}
    assert row.fall_back is not None
    assert row.fall_back["to"] is None


def test_a_topic_that_never_came_to_be_waits_for_its_making(cluster: Cluster) -> None:
    keep(cluster, applied=False)
    assert fallbacks.end_due() == 0


def test_what_cannot_be_brought_stays_noted_and_is_tried_again(cluster: Cluster) -> None:
    row = keep(cluster)
    fallbacks.end_due()
    # Nothing listens where this cluster is said to be.
    assert fallbacks.bring(cluster.pk) == 0
    row.refresh_from_db()
    assert row.fall_back is not None
    assert "nothing listens there" in row.fall_back["error"]
    # Not at once: what cannot be done must not hold the cluster for ever.
    assert fallbacks.waiting() == []
    assert row.fall_back["tries"] == 1
    with transaction.atomic():
        row.fall_back = {**row.fall_back, "again_at": database_now().isoformat()}
        row.save(update_fields=["fall_back"])
    assert fallbacks.waiting() == [cluster.pk]
    assert fallbacks.bring(cluster.pk) == 0
    row.refresh_from_db()
    assert row.fall_back is not None
    assert row.fall_back["tries"] == 2
    assert not Event.objects.filter(action="topic.fall_back_applied").exists()


def test_each_pause_is_twice_the_one_before_up_to_ten_minutes() -> None:
    pauses = [fallbacks.pause(tries).total_seconds() for tries in (1, 2, 3, 7, 8, 9, 10_000)]
    assert pauses == [5, 10, 20, 320, 600, 600, 600]


def test_one_that_waits_does_not_keep_another_from_its_turn(cluster: Cluster) -> None:
    keep(cluster)
    keep(cluster, "u")
    fallbacks.end_due()
    fallbacks._settle(cluster, {"t": AWAY}, {"t": 2})
    assert [row.name for row in fallbacks._open()] == ["u"]


def test_when_the_cluster_has_it_the_note_goes_with_an_event(cluster: Cluster) -> None:
    row = keep(cluster)
    fallbacks.end_due()
    assert fallbacks._settle(cluster, {"t": AWAY}, {"t": 2}) == 0
    assert fallbacks._settle(cluster, {"t": DONE}, {"t": 2}) == 1
    row.refresh_from_db()
    assert row.fall_back is None
    assert row.last_applied is not None
    assert row.last_applied["configs"] == {"retention.ms": WEEK, "segment.ms": "5"}
    assert fallbacks.waiting() == []
    told = Event.objects.get(action="topic.fall_back_applied")
    assert (told.request_id, told.data["message"]) == (143, DONE.message)
    assert told.data["before"] == {"partitions": 6}


def test_an_answer_for_an_older_generation_settles_nothing(cluster: Cluster) -> None:
    row = keep(cluster)
    fallbacks.end_due()
    row.refresh_from_db()
    get_ahead(row, segment_ms="9")
    assert fallbacks._settle(cluster, {"t": DONE}, {"t": 2}) == 0
    row.refresh_from_db()
    assert row.fall_back is not None


def test_a_paused_topic_waits(cluster: Cluster) -> None:
    keep(cluster, paused=True)
    assert fallbacks.end_due() == 1
    assert fallbacks.waiting() == []


def test_the_retention_alone_is_brought_where_more_is_ahead(cluster: Cluster) -> None:
    row = keep(cluster)
    get_ahead(row, segment_ms="9")  # a request that could not be applied
    fallbacks.end_due()
    recorded = apply.load_declared(cluster.pk, ["t"])["t"]
    assert recorded.ahead == {"configs.retention.ms", "configs.segment.ms"}
    alone = fallbacks.retention_alone(recorded)
    seen = Observed(6, 3, {"retention.ms": YEAR, "segment.ms": "5"})
    profile = profiles.get("apache-kafka")
    plan = plan_topic("t", alone.spec, alone.last_applied, seen, profile)
    assert [action.words() for action in plan.actions] == ["Set retention.ms to 7 d"]
    assert alone.generation == recorded.applied_generation
    # To the default: the override is ours, so it goes.
    back = replace(recorded, spec=TopicSpec(6, 3, {"segment.ms": "9"}))
    alone = fallbacks.retention_alone(back)
    plan = plan_topic("t", alone.spec, alone.last_applied, seen, profile)
    assert [action.words() for action in plan.actions] == [
        "Let retention.ms go back to the broker's default"
    ]


def test_a_fall_back_on_its_way_is_no_drift(cluster: Cluster) -> None:
    keep(cluster)
    make_seen(cluster, "t", retention_ms=YEAR, segment_ms="5")
    fallbacks.end_due()
    scan.scan(cluster.pk)
    assert not Drift.objects.exists()


def test_a_renewal_that_came_first_keeps_it(cluster: Cluster) -> None:
    row = keep(cluster)
    with transaction.atomic():
        DeclaredTopic.objects.filter(pk=row.pk).update(
            retention_ends_at=database_now() + timedelta(days=1)
        )
        audit.record("topic.declared", by=BY, about=row)
    assert fallbacks.end_due() == 0


def test_who_ends_soon_is_found_with_its_owner(cluster: Cluster) -> None:
    keep(cluster, "second", ends=timedelta(days=2))
    keep(cluster, "first", ends=timedelta(days=1))
    keep(cluster, "far", ends=timedelta(days=20))
    make_topic(cluster, "usual")
    found = reason_queries.ending_within(timedelta(days=14))
    assert [(t.name, t.resource.owner.slug) for t in found] == [
        ("first", "payments"), ("second", "payments"),
    ]  # fmt: skip


def test_at_most_so_many_end_at_once_and_the_next_sweep_goes_on(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fallbacks, "ENDED_AT_ONCE", 2)
    for number in range(3):
        keep(cluster, f"t{number}")
    assert [fallbacks.end_due(), fallbacks.end_due(), fallbacks.end_due()] == [2, 1, 0]
