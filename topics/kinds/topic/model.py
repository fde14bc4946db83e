"""Tables of topics: what is declared, and what was last seen."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Replace

from topics.models.cluster import Cluster
from topics.models.declared import DeclaredOnCluster


class DeclaredTopic(DeclaredOnCluster):
    """A topic that was approved for one cluster. `configs` holds overrides only."""

    partitions = models.IntegerField()
    replication_factor = models.IntegerField()
    configs = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["cluster", "name"], name="declared_topic_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # The list of topics, across clusters: by name, and names that begin with what is typed.
            models.Index(fields=["name", "cluster"], name="declared_topic_by_name"),
            models.Index(
                fields=["name"], name="declared_topic_by_prefix", opclasses=["varchar_pattern_ops"]
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
