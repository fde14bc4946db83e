"""Measures read from rows: how fresh they are, whose groups are, and what stays unknown."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from governance import audit
from governance.models import ApplicationPrefix
from tests.factories import BY, make_team
from tests.topics.estate import make_application, make_cluster, make_grant, make_topic
from tests.topics.measures.estate import TOPIC, make_group, make_measure, make_round
from topics.measures import known
from topics.measures.values import Measured
from topics.models import Cluster

pytestmark = pytest.mark.django_db


@pytest.fixture
def cluster() -> Cluster:
    return make_cluster("main")


def of(cluster: Cluster, topic: str = "payments.captured") -> Measured:
    return known.measured(cluster, topic)


def teams(cluster: Cluster, topic: str = "payments.captured") -> dict[str, tuple[str, ...]]:
    return {one.group: one.teams for one in of(cluster, topic).readers}


def test_nothing_measured_is_nothing_known(cluster: Cluster) -> None:
    found = of(cluster)
    assert (found.records, found.local_bytes, found.growth) == (None, None, None)
    assert "measured" in found.unknown
    make_round(cluster, error="The cluster at x cannot be reached.")
    assert "cannot be reached" in of(cluster).unknown


def test_a_row_that_did_not_change_is_as_fresh_as_the_round(cluster: Cluster) -> None:
    make_measure(cluster, ago=timedelta(days=3))
    assert of(cluster).stale
    assert "too long to go by" in of(cluster).unknown
    make_round(cluster)
    found = of(cluster)
    assert not found.stale
    assert found.unknown == ""
    assert found.records == 1_000


def test_growth_is_known_since_when_it_was_seen(cluster: Cluster) -> None:
    make_round(cluster)
    make_measure(cluster, hours=2, records_an_hour=3_600, record_bytes=100.0)
    growth = of(cluster).growth
    assert growth is not None
    assert growth.records == pytest.approx(1, rel=0.01)
    assert growth.size == pytest.approx(100, rel=0.01)
    make_measure(cluster, "other", hours=2, records_an_hour=3_600, record_bytes=None)
    unknown_size = of(cluster, "other").growth
    assert unknown_size is not None
    assert unknown_size.size is None


def test_a_group_is_as_far_behind_as_its_record_is_old_by_now(cluster: Cluster) -> None:
    make_round(cluster)
    make_measure(cluster)
    make_group(cluster, "invoices", lag=5, behind=timedelta(hours=3))
    make_group(cluster, "done", lag=0)
    make_group(cluster, "lost", lag=9)
    found = {one.group: one.behind_ms for one in of(cluster).readers}
    assert found["done"] is found["lost"] is None
    assert found["invoices"] == pytest.approx(3 * 3_600_000, rel=0.01)


def test_a_group_belongs_to_who_was_granted_to_read_as_it(cluster: Cluster) -> None:
    make_round(cluster)
    make_measure(cluster)
    make_application("billing", team="billing")
    make_application("ledger", team="finance")
    make_grant(cluster, "billing/consumer/payments.*", group="invoices")
    make_grant(cluster, "ledger/consumer/orders.*", group="books")
    for group in ("invoices", "books", "ledger", "stranger"):
        make_group(cluster, group, lag=1)
    assert teams(cluster) == {
        "invoices": ("billing",),
        "books": (),  # of a grant on other topics
        "ledger": ("finance",),  # the name of an application
        "stranger": (),
    }


def test_a_grant_that_ended_says_nothing_and_a_prefix_does(cluster: Cluster) -> None:
    make_round(cluster)
    make_measure(cluster)
    application = make_application("risk", team="risk")
    make_grant(cluster, "risk/consumer/payments.captured", days=-1, group="scores")
    make_group(cluster, "scores", lag=1)
    make_group(cluster, "risk.daily", lag=1)
    assert teams(cluster) == {"scores": (), "risk.daily": ()}
    with transaction.atomic():
        ApplicationPrefix.objects.create(application=application, prefix="risk.")
        audit.record("application.changed", by=BY, about=application)
    assert teams(cluster) == {"scores": (), "risk.daily": ("risk",)}


def test_two_grants_as_one_group_name_both_teams(cluster: Cluster) -> None:
    make_round(cluster)
    make_measure(cluster)
    make_application("a", team="one")
    make_application("b", team="two")
    make_grant(cluster, "a/consumer/payments.captured", group="shared")
    make_grant(cluster, "b/consumer/payments.*", group="shared*")
    make_group(cluster, "shared", lag=1)
    assert teams(cluster) == {"shared": ("one", "two")}


def test_reading_many_costs_what_reading_one_costs(
    cluster: Cluster, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_round(cluster)
    make_team("payments")
    names = [f"payments.t{number}" for number in range(30)]
    for name in names:
        make_topic(cluster, name)
        make_measure(cluster, name)
        make_group(cluster, f"g-{name}", topic=name, lag=1)
    with known.reading([("main", name) for name in names]):
        with django_assert_num_queries(6):
            assert len(known.look_up("main", names[0]).readers) == 1
        with django_assert_num_queries(0):
            assert all(known.look_up("main", name).records for name in names)


def test_a_block_in_which_nobody_asks_reads_nothing(
    cluster: Cluster, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0), known.reading([("main", "t")]):
        pass


def test_of_many_readers_so_many_are_read_and_the_others_counted(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known, "MOST_READERS", 2)
    make_measure(cluster)
    for lag in range(4):
        make_group(cluster, f"g{lag}", lag=lag)
    found = known.measured(cluster, TOPIC)
    assert ([one.group for one in found.readers], found.more_readers) == (["g3", "g2"], 2)
    # Who may lose something is read whole; who has read all can lose nothing.
    behind = known.measures(cluster, [TOPIC])[TOPIC].readers
    assert [one.group for one in behind] == ["g3", "g2", "g1"]
