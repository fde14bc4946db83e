"""Drift of topics whose declared state is ahead of what was applied."""

from __future__ import annotations

import pytest

from tests.topics.estate import get_ahead, make_cluster, make_seen, make_topic
from topics.models import Cluster, Drift, ObservedTopic
from topics.services import scan

pytestmark = pytest.mark.django_db


def live(cluster: Cluster) -> set[str]:
    """The keys that drift after one more round."""
    scan.scan(cluster.pk)
    return set(Drift.objects.filter(cluster=cluster, state="open").values_list("key", flat=True))


def test_keys_that_were_applied_are_looked_after_while_others_are_not() -> None:
    cluster = make_cluster()
    row = make_topic(cluster, "t", configs={"retention.ms": "1000"})
    seen = make_seen(cluster, "t", retention_ms="1000")
    get_ahead(row, segment_ms="5")
    assert live(cluster) == set()

    ObservedTopic.objects.filter(pk=seen.pk).update(partitions=9)
    assert live(cluster) == {"partitions"}
    drifted = {"retention.ms": {"value": "7", "source": "topic"}}
    ObservedTopic.objects.filter(pk=seen.pk).update(configs=drifted)
    assert live(cluster) == {"partitions", "configs.retention.ms"}
    # What somebody else set under a key that is declared and not applied is no drift either.
    drifted["segment.ms"] = {"value": "8", "source": "topic"}
    ObservedTopic.objects.filter(pk=seen.pk).update(configs=drifted)
    assert live(cluster) == {"partitions", "configs.retention.ms"}


def test_a_decision_that_waits_is_kept_while_its_key_is_under_way() -> None:
    cluster = make_cluster()
    row = make_topic(cluster, "t", configs={"retention.ms": "1000"})
    make_seen(cluster, "t", retention_ms="7")
    assert live(cluster) == {"configs.retention.ms"}
    get_ahead(row, retention_ms="7")
    assert live(cluster) == {"configs.retention.ms"}


def test_a_topic_that_was_never_made_does_not_drift() -> None:
    cluster = make_cluster()
    make_topic(cluster, "t", applied=False)
    assert live(cluster) == set()


def test_one_that_vanished_does_although_a_key_is_ahead() -> None:
    cluster = make_cluster()
    row = make_topic(cluster, "t")
    get_ahead(row, segment_ms="5")
    assert live(cluster) == {""}
