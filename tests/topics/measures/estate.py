"""Measures as rows, for tests that need no broker."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django.db import transaction

from governance import audit
from governance.clock import database_now
from tests.factories import BY
from topics.models import Cluster, GroupMeasure, MeasureRound, PriceBook, TopicMeasure

TOPIC = "payments.captured"


def make_round(
    cluster: Cluster, *, ago: timedelta = timedelta(0), error: str = "", groups_error: str = ""
) -> MeasureRound:
    """A round of measuring that began just now; one with an `error` came to nothing."""
    at = database_now() - ago
    values = {
        "attempted_at": at, "error": error, "groups_error": groups_error,
        "seen_at": None if error else at,
    }  # fmt: skip
    row, _ = MeasureRound.objects.update_or_create(cluster=cluster, defaults=values)
    return row


def make_measure(
    cluster: Cluster,
    name: str = TOPIC,
    *,
    ago: timedelta = timedelta(0),
    leader_bytes: int | None = 100_000,
    copies: int = 3,
    record_bytes: float | None = 100.0,
    hours: int = 0,
    records_an_hour: int = 0,
) -> TopicMeasure:
    """A topic of 1,000 records that was measured just now, and for that many hours before."""
    at = database_now() - ago
    first = (int((at - timedelta(hours=hours)).timestamp()), 5_000 - hours * records_an_hour)
    return TopicMeasure.objects.create(
        cluster=cluster,
        name=name,
        partitions=6,
        end_offset=5_000,
        records=1_000,
        leader_bytes=leader_bytes,
        local_bytes=None if leader_bytes is None else leader_bytes * copies,
        remote_bytes=0,
        record_bytes=record_bytes,
        samples=[list(first)],
        seen_at=at,
    )


def make_group(
    cluster: Cluster,
    group: str,
    *,
    topic: str = TOPIC,
    lag: int,
    behind: timedelta | None = None,
    unread_bytes: int | None = 0,
    state: str = "stable",
) -> GroupMeasure:
    """A group that reads the topic."""
    now = database_now()
    return GroupMeasure.objects.create(
        cluster=cluster,
        topic=topic,
        group=group,
        state=state,
        lag=lag,
        oldest_unread_at=None if behind is None else now - behind,
        unread_bytes=unread_bytes,
        positions=b"1",
        seen_at=now,
    )


@transaction.atomic
def make_prices(cluster: Cluster, currency: str = "EUR", **amounts: str) -> PriceBook:
    """What things cost on the cluster; what is not named is unknown."""
    given = {name: Decimal(amount) for name, amount in amounts.items()}
    book = PriceBook.objects.create(cluster=cluster, currency=currency, **given)
    audit.record("cluster.prices_changed", by=BY, about=cluster)
    return book
