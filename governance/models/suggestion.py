"""What reviewers suggest, and what earlier revisions asked for."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from governance.models.request import Request


class ItemSnapshot(models.Model):
    """An item as a revision had it when it was submitted: what a reviewer has seen."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="snapshots")
    revision = models.IntegerField()
    position = models.IntegerField()
    kind = models.CharField(max_length=40)
    operation = models.CharField(max_length=40)
    name = models.CharField(max_length=400)
    place = models.CharField(max_length=120)
    after = models.JSONField()

    class Meta:
        ordering = ["position"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["request", "revision", "position"], name="item_snapshot_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} in revision {self.revision}"


class SuggestionState(models.TextChoices):
    """Where a suggestion stands."""

    OPEN = "open", "Open"
    ACCEPTED = "accepted", "Accepted"
    DISMISSED = "dismissed", "Dismissed"


class Suggestion(models.Model):
    """Another value for one path of an item, from a reviewer.

    By trigger it is accepted only where whoever suggested it has become an author of the request.
    """

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="suggestions")
    revision = models.IntegerField()
    kind = models.CharField(max_length=40)
    place = models.CharField(max_length=120)
    name = models.CharField(max_length=400)
    path = models.CharField(max_length=200)
    value = models.CharField(max_length=1_000)
    comment = models.TextField(blank=True)
    suggested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(
        max_length=12, choices=SuggestionState.choices, default=SuggestionState.OPEN
    )
    settled_by_name = models.CharField(max_length=150, blank=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(state__in=SuggestionState.values), name="suggestion_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.path} of {self.name}: {self.value[:60]}"
