"""Jobs by the names that others send them by."""

import pytest
from celery import current_app

from tests.topics.estate import make_cluster
from topics import tasks
from topics.models import Run

NAMES = {"topics.observe", "topics.drift", "topics.revert", "topics.scan_all"}


def test_the_names_are_those_that_are_sent() -> None:
    assert set(current_app.tasks) >= NAMES


@pytest.mark.django_db(transaction=True)
def test_a_cluster_that_cannot_be_reached_ends_a_round_in_words_and_not_in_an_error() -> None:
    cluster = make_cluster()
    tasks.observe_cluster(cluster.pk)
    cluster.refresh_from_db()
    assert not cluster.reachable
    assert "nothing listens there" in cluster.error
    run = Run.objects.get(cluster=cluster)
    assert (run.kind, run.ok) == ("observe", False)
