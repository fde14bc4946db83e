"""Changes behind Weir's back: found with when and what, and decided key by key."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from governance import audit
from governance.clock import database_now
from governance.errors import Conflict, Invalid, NotAllowed
from governance.models import Event
from governance.services import pipeline, requests, reviews
from governance.workflow import State
from tests.factories import BY, Cast
from tests.real import estate
from tests.real.estate import bare, eventually, look, overrides, partitions, settled, unique
from tests.stack_plugin import KafkaAccess
from topics.models import Cluster, DeclaredTopic, Drift, DriftMode, DriftState
from topics.services import drift

pytestmark = [pytest.mark.real, pytest.mark.django_db(transaction=True)]
DAY = 86_400_000


@pytest.fixture
def topic(cluster: Cluster, kafka: KafkaAccess) -> str:
    """A topic that is as declared and has been seen so."""
    name = unique("drift")
    estate.bring([estate.item(cluster, name, partitions=2, configs={"retention.ms": "7d"})])
    look(cluster)
    return name


def found(cluster: Cluster, name: str, state: DriftState = DriftState.OPEN) -> Drift:
    """The one difference of a topic in that state, once a round has found it."""

    def there() -> bool:
        look(cluster)
        return Drift.objects.filter(cluster=cluster, name=name, state=state).exists()

    eventually(there)
    return Drift.objects.get(cluster=cluster, name=name, state=state)


def change(kafka: KafkaAccess, name: str, key: str, value: str) -> None:
    with bare(kafka) as client:
        estate.set_config(client, name, key, value)
        eventually(lambda: overrides(client, name).get(key) == value)


def test_a_change_behind_weirs_back_shows_with_when_it_happened(
    cluster: Cluster, topic: str, kafka: KafkaAccess
) -> None:
    change(kafka, topic, "retention.ms", "5000")
    row = found(cluster, topic)
    assert (row.key, row.declared, row.observed) == ("configs.retention.ms", str(7 * DAY), "5000")
    assert row.team == estate.TEAM
    assert row.since_after is not None
    assert row.since_after < row.since_before
    assert Event.objects.filter(action="drift.found", object_id=str(row.pk)).count() == 1
    look(cluster)
    assert Drift.objects.filter(cluster=cluster, name=topic).count() == 1


def test_a_difference_that_goes_away_by_itself_is_gone(
    cluster: Cluster, topic: str, kafka: KafkaAccess
) -> None:
    change(kafka, topic, "retention.ms", "5000")
    row = found(cluster, topic)
    change(kafka, topic, "retention.ms", str(7 * DAY))
    found(cluster, topic, DriftState.GONE)
    row.refresh_from_db()
    assert row.state == DriftState.GONE


def test_revert_puts_back_what_is_declared(
    cluster: Cluster, topic: str, kafka: KafkaAccess, cast: Cast
) -> None:
    change(kafka, topic, "retention.ms", "5000")
    row = found(cluster, topic)
    with pytest.raises(NotAllowed):
        drift.revert(row.pk, by=cast.outsider)
    assert drift.revert(row.pk, by=cast.owner, reason="It was a mistake.").state == "reverting"
    with pytest.raises(Conflict):
        drift.revert(row.pk, by=cast.owner)
    drift.do_revert(row.pk)
    drift.do_revert(row.pk)  # a message that came twice
    row.refresh_from_db()
    assert row.state == DriftState.REVERTED
    with bare(kafka) as client:
        eventually(lambda: overrides(client, topic) == {"retention.ms": str(7 * DAY)})
    event = Event.objects.get(action="drift.reverted", object_id=str(row.pk))
    assert event.actor_name == cast.owner.name
    assert event.data["before"]["configs"] == {"retention.ms": "5000"}


def test_an_override_that_nobody_declared_is_drift_and_goes_when_somebody_says_so(
    cluster: Cluster, topic: str, kafka: KafkaAccess, cast: Cast
) -> None:
    change(kafka, topic, "max.message.bytes", "2000000")
    row = found(cluster, topic)
    assert (row.declared, row.observed) == (None, "2000000")
    drift.revert(row.pk, by=cast.owner)
    drift.do_revert(row.pk)
    row.refresh_from_db()
    assert row.state == DriftState.REVERTED
    with bare(kafka) as client:
        eventually(lambda: overrides(client, topic) == {"retention.ms": str(7 * DAY)})


def test_accept_becomes_a_request_that_declares_what_is_there(
    cluster: Cluster, topic: str, kafka: KafkaAccess, cast: Cast
) -> None:
    change(kafka, topic, "retention.ms", "86400000")
    row = found(cluster, topic)
    request = drift.accept(row.pk, by=cast.requester, reason="We need less.")
    row.refresh_from_db()
    assert (row.state, row.request_id) == (DriftState.ACCEPTED, request.pk)
    assert State(request.state) is State.IN_REVIEW
    look(cluster)
    row.refresh_from_db()
    assert row.state == DriftState.ACCEPTED
    reviews.approve(request, by=cast.owner, revision=request.revision)
    pipeline.advance(request.pk)
    request.refresh_from_db()
    assert State(request.state) is State.APPLIED
    declared = DeclaredTopic.objects.get(cluster=cluster, name=topic)
    assert declared.configs == {"retention.ms": "86400000"}
    found(cluster, topic, DriftState.GONE)


def test_an_accepted_difference_opens_again_when_its_request_comes_to_nothing(
    cluster: Cluster, topic: str, kafka: KafkaAccess, cast: Cast
) -> None:
    change(kafka, topic, "retention.ms", "86400000")
    request = drift.accept(found(cluster, topic).pk, by=cast.requester)
    requests.withdraw(request, by=cast.requester)
    assert found(cluster, topic).state == DriftState.OPEN


def test_ignored_for_a_time_a_reason_and_one_value(
    cluster: Cluster, topic: str, kafka: KafkaAccess, cast: Cast
) -> None:
    change(kafka, topic, "retention.ms", "5000")
    row = found(cluster, topic)
    tomorrow = database_now() + timedelta(days=1)
    for reason, until in (("", tomorrow), ("Load test.", tomorrow - timedelta(days=2))):
        with pytest.raises(Invalid):
            drift.ignore(row.pk, by=cast.owner, reason=reason, until=until)
    drift.ignore(row.pk, by=cast.owner, reason="Load test.", until=tomorrow)
    look(cluster)
    row.refresh_from_db()
    assert row.state == DriftState.IGNORED
    # It was this value that somebody decided to ignore.
    change(kafka, topic, "retention.ms", "6000")
    assert found(cluster, topic).observed == "6000"


def test_what_is_ignored_opens_again_when_its_time_is_over(
    cluster: Cluster, topic: str, kafka: KafkaAccess, cast: Cast
) -> None:
    change(kafka, topic, "retention.ms", "5000")
    row = found(cluster, topic)
    tomorrow = database_now() + timedelta(days=1)
    drift.ignore(row.pk, by=cast.owner, reason="Load test.", until=tomorrow)
    # A day later, as far as the row can tell.
    with transaction.atomic():
        Drift.objects.filter(pk=row.pk).update(until=tomorrow - timedelta(days=1))
        audit.record("drift.ignored", by=BY, about=cluster)
    assert found(cluster, topic).pk == row.pk


def test_partitions_that_were_added_can_be_accepted_and_not_reverted(
    cluster: Cluster, topic: str, kafka: KafkaAccess, cast: Cast
) -> None:
    with bare(kafka) as client:
        client.create_partitions({topic: 5})
        eventually(lambda: partitions(client, topic) == 5)
    row = found(cluster, topic)
    assert (row.key, row.declared, row.observed) == ("partitions", "2", "5")
    with pytest.raises(Invalid) as refused:
        drift.revert(row.pk, by=cast.owner)
    assert "never takes one away" in refused.value.message
    request = drift.accept(row.pk, by=cast.requester)
    assert request.items.get().after["partitions"] == 5


def test_a_topic_that_vanished_is_made_again_when_somebody_says_so(
    cluster: Cluster, topic: str, kafka: KafkaAccess, cast: Cast
) -> None:
    with bare(kafka) as client:
        client.delete_topics([topic])
        eventually(lambda: partitions(client, topic) == 0)
        row = found(cluster, topic)
        assert (row.key, row.observed) == ("", None)
        with pytest.raises(Invalid):
            drift.accept(row.pk, by=cast.requester)
        drift.revert(row.pk, by=cast.owner)
        drift.do_revert(row.pk)
        eventually(lambda: partitions(client, topic) == 2)
        eventually(lambda: overrides(client, topic) == {"retention.ms": str(7 * DAY)})


def test_what_is_under_way_is_no_drift(cluster: Cluster, topic: str, kafka: KafkaAccess) -> None:
    eventually(lambda: settled(cluster, topic))
    estate.declare([estate.item(cluster, topic, "alter", configs={"retention.ms": "9d"})])
    look(cluster)
    assert not Drift.objects.filter(cluster=cluster, name=topic).exists()


def test_enforced_drift_is_put_right_and_what_nobody_declared_stays(
    cluster: Cluster, topic: str, kafka: KafkaAccess
) -> None:
    change(kafka, topic, "retention.ms", str(9 * DAY))
    change(kafka, topic, "max.message.bytes", "2000000")
    eventually(lambda: settled(cluster, topic))
    with_enforcement(cluster)
    look(cluster)
    rows = {row.key: row for row in Drift.objects.filter(cluster=cluster, name=topic)}
    assert rows["configs.retention.ms"].state == DriftState.REVERTING
    assert rows["configs.max.message.bytes"].state == DriftState.OPEN
    drift.do_revert(rows["configs.retention.ms"].pk)
    with bare(kafka) as client:
        expected = {"retention.ms": str(7 * DAY), "max.message.bytes": "2000000"}
        eventually(lambda: overrides(client, topic) == expected)


def with_enforcement(cluster: Cluster) -> None:
    with transaction.atomic():
        Cluster.objects.filter(pk=cluster.pk).update(drift_mode=DriftMode.ENFORCE)
        audit.record("cluster.changed", by=BY, about=cluster)
