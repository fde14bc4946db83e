"""What tests of topics on a real broker begin with."""

from __future__ import annotations

import pytest

from tests.factories import Cast, make_cast
from tests.real import estate
from tests.stack_plugin import KafkaAccess
from topics.models import Cluster
from topics.services import observe


@pytest.fixture
def cast() -> Cast:
    """People of the team whose topics they are."""
    return make_cast(estate.TEAM)


@pytest.fixture
def cluster(kafka: KafkaAccess) -> Cluster:
    """The tests' broker under Weir, read once."""
    cluster = estate.register(kafka)
    assert observe.observe_cluster(cluster.pk)
    cluster.refresh_from_db()
    return cluster
