"""Tables of measures: what a cluster holds of each declared topic, how far groups have read it, and
what holding it costs."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from topics.models.cluster import Cluster


class MeasureRound(models.Model):
    """The last round of measuring a cluster.

    `seen_at` is when the last round that was carried out began: rows that are not newer are as they
    were then. `error` says why the last attempt failed, or did not read all topics, `sizes_error`
    and `groups_error` why that part of it is unknown.
    """

    cluster = models.OneToOneField(
        Cluster, on_delete=models.CASCADE, primary_key=True, related_name="measured"
    )
    attempted_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    sizes_error = models.TextField(blank=True)
    groups_error = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"measures of {self.cluster_id}"


class TopicMeasure(models.Model):
    """What a cluster holds of one declared topic. Null is unknown.

    `records` counts offsets between start and end, of which a compacted topic holds fewer.
    `leader_bytes` is one copy, `local_bytes` all copies on brokers, `remote_bytes` what is in
    remote storage, 0 where the topic has none there. `samples` are (second, end offset) pairs, the
    sum over partitions, from which the rate is reckoned. A row is written when something changed,
    or when the topic was measured on purpose; otherwise the round says how fresh it is.
    """

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=249)
    partitions = models.IntegerField()
    end_offset = models.BigIntegerField()
    records = models.BigIntegerField()
    leader_bytes = models.BigIntegerField(null=True)
    local_bytes = models.BigIntegerField(null=True)
    remote_bytes = models.BigIntegerField(null=True)
    record_bytes = models.FloatField(null=True)
    samples = models.JSONField(default=list)
    seen_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["cluster", "name"], name="topic_measure_once"),
        ]

    def __str__(self) -> str:
        return self.name


class GroupMeasure(models.Model):
    """How far one group has read one declared topic.

    `lag` counts records. `oldest_unread_at` is the time of the oldest record that it has not read,
    as the record itself says; null where it has read all, or where that is unknown. `unread_bytes`
    is the most that is unread of one partition. `positions` tells whether it moved.
    """

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="+")
    topic = models.CharField(max_length=249)
    group = models.CharField(max_length=1000)
    state = models.CharField(max_length=24, blank=True)
    lag = models.BigIntegerField()
    oldest_unread_at = models.DateTimeField(null=True)
    unread_bytes = models.BigIntegerField(null=True)
    positions = models.BinaryField(max_length=16)
    seen_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            # Also answers who reads a topic.
            models.UniqueConstraint(
                fields=["cluster", "topic", "group"], name="group_measure_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.group} of {self.topic}"


class PriceBook(models.Model):
    """What things cost on a cluster, in `currency`. Null is a price that nobody has said: what it
    is needed for is unknown then, never 0."""

    cluster = models.OneToOneField(
        Cluster, on_delete=models.CASCADE, primary_key=True, related_name="prices"
    )
    currency = models.CharField(max_length=3)
    local_gib_month = models.DecimalField(max_digits=14, decimal_places=6, null=True)
    remote_gib_month = models.DecimalField(max_digits=14, decimal_places=6, null=True)
    ingress_gib = models.DecimalField(max_digits=14, decimal_places=6, null=True)
    cross_zone_gib = models.DecimalField(max_digits=14, decimal_places=6, null=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(currency__regex="^[A-Z]{3}$"), name="price_book_currency"
            ),
        ]

    def __str__(self) -> str:
        return f"prices of {self.cluster_id}"
