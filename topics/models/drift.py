"""Drift: where a cluster is not as declared, key by key, and what was decided about it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from governance.models import Request
from topics.models.cluster import Cluster


class DriftState(models.TextChoices):
    """What became of a difference."""

    OPEN = "open", "Open"
    IGNORED = "ignored", "Ignored"
    REVERTING = "reverting", "Being reverted"
    REVERTED = "reverted", "Reverted"
    ACCEPTED = "accepted", "Accepted"
    GONE = "gone", "Gone by itself"


LIVE = (DriftState.OPEN, DriftState.IGNORED, DriftState.REVERTING, DriftState.ACCEPTED)


class Drift(models.Model):
    """One key of one object that is not as declared.

    `key` is a path of the spec (``configs.retention.ms``, ``partitions``), empty when the whole
    object is gone. `declared` and `observed` are None where there is no such value. The change
    happened after `since_after` (the last observation that knew nothing of it) and before
    `since_before`. One row a key is live at a time; what was decided stays in the table.
    """

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="drifts")
    kind = models.CharField(max_length=40)
    name = models.CharField(max_length=400)
    key = models.CharField(max_length=200, blank=True)
    declared = models.TextField(null=True)
    observed = models.TextField(null=True)
    team = models.CharField(max_length=63, blank=True)
    since_after = models.DateTimeField(null=True)
    since_before = models.DateTimeField()
    state = models.CharField(max_length=10, choices=DriftState.choices, default=DriftState.OPEN)
    state_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    decided_by_name = models.CharField(max_length=150, blank=True)
    reason = models.TextField(blank=True)
    until = models.DateTimeField(null=True)
    request = models.ForeignKey(Request, on_delete=models.SET_NULL, null=True, related_name="+")
    error = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(state__in=DriftState.values), name="drift_state_known"
            ),
            # Ignoring for ever is not deciding.
            models.CheckConstraint(
                condition=~models.Q(state="ignored") | models.Q(until__isnull=False),
                name="drift_ignored_ends",
            ),
            models.UniqueConstraint(
                fields=["cluster", "kind", "name", "key"],
                condition=models.Q(state__in=[s.value for s in LIVE]),
                name="drift_live_once",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # The drift page: newest first, and its counts by state.
            models.Index(fields=["state", "-since_before", "-id"], name="drift_by_state"),
            # The drift of one topic, on its page.
            models.Index(fields=["cluster", "kind", "name"], name="drift_by_object"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.key}".strip()
