"""Clusters: how to reach them, what they are, and what was last seen of them."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from governance.models import Environment


class DriftMode(models.TextChoices):
    """What happens to drift on a cluster. A new cluster only reports."""

    OFF = "off", "Not looked for"
    REPORT = "report", "Reported"
    ENFORCE = "enforce", "Reverted by itself"


class Cluster(models.Model):
    """One Kafka cluster. `slug` is its name in addresses and in requests (an item's `place`).

    `security` holds protocol, mechanism, user and file names; secrets are references
    (`password_ref`, `key_password_ref`), never values. What was observed of the cluster itself:
    `brokers`, `default_configs` ({key: {"value", "source"}}: what a topic has that asks for
    nothing), `supported_keys`, `rights` (what Weir may do there); `observed_at` is when the last
    complete observation began, by the database's clock. `acls_error` says why the ACLs could not be
    read; `acls_seen_at` is when they were.
    """

    slug = models.SlugField(max_length=63, unique=True)
    name = models.CharField(max_length=120)
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="clusters")
    bootstrap = models.CharField(max_length=1000)
    security = models.JSONField(default=dict, blank=True)
    password_ref = models.TextField(blank=True)
    key_password_ref = models.TextField(blank=True)
    profile = models.CharField(max_length=40, default="apache-kafka")
    account = models.CharField(max_length=120, blank=True)
    region = models.CharField(max_length=80, blank=True)
    boundary = models.CharField(max_length=80, blank=True)
    zones = models.IntegerField(default=1)
    drift_mode = models.CharField(max_length=8, choices=DriftMode.choices, default=DriftMode.REPORT)
    created_at = models.DateTimeField(auto_now_add=True)

    cluster_id = models.CharField(max_length=64, blank=True)
    brokers = models.IntegerField(default=0)
    default_partitions = models.IntegerField(default=1)
    default_replication = models.IntegerField(default=1)
    default_configs = models.JSONField(default=dict, blank=True)
    supported_keys = ArrayField(models.TextField(), default=list, blank=True)
    rights = ArrayField(models.TextField(), default=list, blank=True)
    observed_at = models.DateTimeField(null=True, blank=True)
    attempted_at = models.DateTimeField(null=True, blank=True)
    reachable = models.BooleanField(default=False)
    error = models.TextField(blank=True)
    acls_seen_at = models.DateTimeField(null=True, blank=True)
    acls_error = models.TextField(blank=True, default="", db_default="")

    class Meta:
        ordering = ["environment__position", "slug"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(drift_mode__in=DriftMode.values), name="cluster_drift_mode"
            ),
        ]

    def __str__(self) -> str:
        return self.slug


class Lease(models.Model):
    """Who may write to a cluster now. `token` grows with every holder and never goes back."""

    cluster = models.OneToOneField(
        Cluster, on_delete=models.CASCADE, primary_key=True, related_name="lease"
    )
    holder = models.CharField(max_length=120, blank=True)
    token = models.BigIntegerField(default=0)
    expires_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"lease {self.token} of {self.cluster_id}"


class Run(models.Model):
    """One round of work on a cluster (observe, drift, apply), with what it counted."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="runs")
    kind = models.CharField(max_length=16)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    ok = models.BooleanField()
    counters = models.JSONField(default=dict)
    error = models.TextField(blank=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            # The last runs of a cluster on its page, and which ones are old enough to go.
            models.Index(fields=["cluster", "kind", "-id"], name="run_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.cluster_id}"
