"""Lists and details from rows."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.clock import database_now
from tests.topics.estate import get_ahead, make_cluster, make_seen, make_topic
from topics import queries
from topics.models import Drift, ObservedTopic
from topics.services import scan

pytestmark = pytest.mark.django_db


def names(search: str, sort: str = "name") -> list[str]:
    return [row.name for row in queries.topics(search, sort)]


def test_the_search_narrows_by_words_and_by_what_is_known() -> None:
    main, other = make_cluster("main"), make_cluster("other", environment="production")
    make_topic(main, "orders.placed")
    make_topic(main, "orders.paid", team="billing", applied=False)
    make_topic(other, "stock.moved", partitions=12, paused=True)
    make_seen(main, "orders.placed", partitions=9)
    make_seen(other, "stock.moved", partitions=12)
    scan.scan(main.pk)
    assert names("") == ["orders.paid", "orders.placed", "stock.moved"]
    assert names("orders") == ["orders.paid", "orders.placed"]
    assert names("orders placed") == ["orders.placed"]
    assert names("owner:billing") == ["orders.paid"]
    assert names("env:production") == ["stock.moved"]
    assert names("cluster:main") == ["orders.paid", "orders.placed"]
    assert names("drift:yes") == ["orders.placed"]
    assert names("drift:no") == ["orders.paid", "stock.moved"]
    assert names("state:pending") == ["orders.paid"]
    assert names("state:paused") == ["stock.moved"]
    assert names("", "-partitions")[0] == "stock.moved"
    assert queries.counts("cluster:main").drifting == 1


def test_a_part_of_a_search_that_means_nothing_is_told() -> None:
    found = queries.read_search("orders colour:red drift:maybe owner:pay")
    assert found.words == ("orders",)
    assert found.filters == (("owner", "pay"),)
    assert found.unknown == ("colour:red", "drift:maybe")


def test_a_list_costs_the_same_number_of_queries_for_one_row_and_for_many() -> None:
    cluster = make_cluster()
    make_topic(cluster, "a")
    with CaptureQueriesContext(connection) as few:
        list(queries.topics())
    for number in range(20):
        make_topic(cluster, f"b{number}")
    with CaptureQueriesContext(connection) as many:
        rows = list(queries.topics())
        found = {(r.owner, r.cluster.environment.slug, r.drift_count) for r in rows}
    assert found == {("payments", cluster.environment.slug, 0)}
    assert len(few) == len(many) == 2


def test_what_nobody_declared_is_a_list_of_its_own() -> None:
    cluster = make_cluster("main")
    make_topic(cluster, "ours")
    for name in ("ours", "theirs"):
        make_seen(cluster, name)
    assert [row.name for row in queries.unmanaged()] == ["theirs"]
    assert [row.name for row in queries.unmanaged("cluster:other")] == []


def test_one_topic_key_by_key() -> None:
    cluster = make_cluster("main")
    make_topic(cluster, "t", configs={"retention.ms": "1000"})
    make_seen(cluster, "t", partitions=9, retention_ms="2000", segment_ms="5")
    scan.scan(cluster.pk)
    found = queries.topic("main", "t")
    assert found is not None
    rows = {row.path: row for row in found.rows}
    assert (rows["partitions"].declared, rows["partitions"].observed) == ("6", "9")
    assert rows["partitions"].origin == 142
    assert not rows["partitions"].in_step
    assert rows["replication_factor"].in_step
    kept = rows["configs.retention.ms"]
    assert (kept.declared, kept.observed, kept.source, kept.in_step) == (
        "1 s",
        "2 s",
        "topic",
        False,
    )
    assert not rows["configs.segment.ms"].in_step
    assert {row.key for row in found.drifts} == {
        "partitions",
        "configs.retention.ms",
        "configs.segment.ms",
    }
    assert not found.stale
    assert queries.topic("main", "none") is None
    assert queries.topic("none", "t") is None


def test_clusters_with_counts_and_freshness() -> None:
    fresh = make_cluster("fresh")
    make_cluster("never", observed_at=None)
    make_topic(fresh, "t")
    make_seen(fresh, "t")
    make_seen(fresh, "u")
    rows = {row.cluster.slug: row for row in queries.cluster_rows()}
    assert (rows["fresh"].declared, rows["fresh"].observed) == (1, 2)
    assert not rows["fresh"].stale
    assert rows["never"].stale
    one = queries.cluster("fresh")
    assert one is not None
    assert one.observed == 2
    assert queries.cluster("none") is None


def test_drift_is_not_looked_for_where_the_observation_is_not_complete() -> None:
    cluster = make_cluster(error="Weir does not see all topics.")
    make_topic(cluster, "t")
    assert scan.scan(cluster.pk) == 0
    assert not Drift.objects.exists()


def test_a_topic_seen_before_it_was_changed_is_no_drift() -> None:
    cluster = make_cluster()
    row = make_topic(cluster, "t")
    make_seen(cluster, "t", partitions=9)
    type(row).objects.filter(pk=row.pk).update(applied_at=database_now())
    assert scan.scan(cluster.pk) == 0


def test_what_is_declared_and_not_applied_is_told_apart_from_drift() -> None:
    cluster = make_cluster("main")
    row = make_topic(cluster, "t", configs={"retention.ms": "1000"})
    make_seen(cluster, "t", partitions=9, retention_ms="1000")
    found = queries.topic("main", "t")
    assert found is not None
    assert found.behind is None

    get_ahead(row, retention_ms="3000", segment_ms="5")
    found = queries.topic("main", "t")
    assert found is not None
    assert found.behind is not None
    late = [r.path for r in found.behind.rows]
    assert late == ["configs.retention.ms", "configs.segment.ms"]
    assert not found.behind.under_way
    # Whoever brought the value there: then it is not missing.
    ObservedTopic.objects.filter(name="t").update(
        configs={
            key: {"value": value, "source": "topic"}
            for key, value in (("retention.ms", "3000"), ("segment.ms", "5"))
        }
    )
    found = queries.topic("main", "t")
    assert found is not None
    assert found.behind is None


def test_a_topic_that_was_never_made_is_behind_as_a_whole() -> None:
    make_topic(make_cluster("main"), "t", applied=False)
    found = queries.topic("main", "t")
    assert found is not None
    assert found.behind is not None
    assert found.behind.rows == []
