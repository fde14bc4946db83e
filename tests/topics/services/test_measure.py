"""Measuring what cannot be reached, one at a time, and prices that never change unseen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connections, transaction

from governance.clock import database_now
from tests.topics.estate import make_cluster, make_topic
from tests.topics.measures.estate import TOPIC, make_measure, make_round
from topics.errors import ClusterError
from topics.measures import known
from topics.models import MeasureRound, PriceBook, Run, TopicMeasure
from topics.services import measure
from topics.services.alone import Work

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_cluster_that_is_away_keeps_its_measures_and_says_why() -> None:
    cluster = make_cluster("main")
    make_topic(cluster, TOPIC)
    make_round(cluster, ago=timedelta(hours=1))
    make_measure(cluster, ago=timedelta(hours=1))
    assert not measure.measure_cluster(cluster.pk)
    last = MeasureRound.objects.get(cluster=cluster)
    assert "cannot be reached" in last.error
    assert last.seen_at is not None
    assert TopicMeasure.objects.get().records == 1_000
    found = known.measured(cluster, TOPIC)
    assert found.stale
    assert "cannot be reached" in found.unknown
    assert not Run.objects.get(kind="measure").ok


def test_a_recheck_waits_for_a_cluster_that_is_away() -> None:
    cluster = make_cluster("main")
    make_topic(cluster, TOPIC)
    with pytest.raises(ClusterError) as raised:
        measure.measure_topics(cluster, [TOPIC])
    assert raised.value.retryable
    measure.measure_topics(cluster, ["payments.new"])  # of what is not there nothing is asked


def test_measuring_one_topic_does_not_say_that_all_groups_are_known() -> None:
    cluster = make_cluster("main")
    make_round(cluster, groups_error="The positions of 2 groups are hidden.")
    measure._note_topics(cluster, database_now(), measure.Counters(), "")
    assert MeasureRound.objects.get(cluster=cluster).groups_error.startswith("The positions of 2")
    measure._note_topics(cluster, database_now(), measure.Counters(), "Hidden.")
    assert MeasureRound.objects.get(cluster=cluster).groups_error == "Hidden."


def test_one_measures_a_cluster_at_a_time() -> None:
    cluster = make_cluster("main")
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [Work.MEASURING.value, cluster.pk])
        assert not measure.measure_cluster(cluster.pk)
        assert not MeasureRound.objects.exists()  # it did not even try
    finally:
        other.close()


def test_a_price_never_changes_without_an_event() -> None:
    cluster = make_cluster("main")
    with pytest.raises(IntegrityError, match="without an event"), transaction.atomic():
        PriceBook.objects.create(cluster=cluster, currency="EUR")
    assert not PriceBook.objects.exists()
