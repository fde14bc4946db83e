"""Tables of topics: what is declared, and what was last seen."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Replace

from topics.models.cluster import Cluster
from topics.models.declared import DeclaredOnCluster


class DeclaredTopic(DeclaredOnCluster):
    """A topic that was approved for one cluster. `configs` holds overrides only.

    `retention_reason` is why it keeps records longer for a while, as it was approved;
    `retention_ends_at` was reckoned when it was declared, by the database's clock. When that time
    is over, `fall_back` says what is still to be brought to the cluster: {"request", "to", "since",
    "error"}; it is null where nothing is.
    """

    partitions = models.IntegerField()
    replication_factor = models.IntegerField()
    configs = models.JSONField(default=dict)
    retention_reason = models.JSONField(null=True, blank=True)
    retention_ends_at = models.DateTimeField(null=True, blank=True)
    fall_back = models.JSONField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["cluster", "name"], name="declared_topic_once"),
            # An end without what it falls back to could not come.
            models.CheckConstraint(
                condition=models.Q(retention_ends_at__isnull=True)
                | models.Q(retention_reason__isnull=False),
                name="declared_topic_end_has_reason",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # The list of topics, across clusters: by name, and names that begin with what is typed.
            models.Index(fields=["name", "cluster"], name="declared_topic_by_name"),
            models.Index(
                fields=["name"], name="declared_topic_by_prefix", opclasses=["varchar_pattern_ops"]
            ),
            # Whose longer time is over: the sweep, and "ends soon".
            models.Index(
                fields=["retention_ends_at"],
                name="declared_topic_ending",
                condition=models.Q(retention_ends_at__isnull=False),
            ),
            # What is still to fall back on its cluster.
            models.Index(
                fields=["cluster"],
                name="declared_topic_falling",
                condition=models.Q(fall_back__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ObservedTopic(models.Model):
    """A topic as the cluster had it when it was last seen.

    `configs` is {key: {"value", "source"}} of what differs from the cluster's defaults, so mostly
    the overrides (source "topic"). A row is written when something changed (`row_hash`), or when
    this topic was read on purpose; otherwise the cluster's `observed_at` says how fresh it is.
    `previous_seen_at` is the last time the state before was seen.
    """

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=249)
    partitions = models.IntegerField()
    replication_factor = models.IntegerField()
    configs = models.JSONField(default=dict)
    internal = models.BooleanField(default=False)
    row_hash = models.BinaryField(max_length=16)
    seen_at = models.DateTimeField()
    previous_seen_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["cluster", "name"], name="observed_topic_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["name", "cluster"], name="observed_topic_by_name"),
            # Names that Kafka's metrics cannot tell apart: they differ only in '.' and '_'.
            models.Index(
                Replace(F("name"), Value("."), Value("_")),
                "cluster",
                name="observed_topic_flat_name",
            ),
        ]

    def __str__(self) -> str:
        return self.name
