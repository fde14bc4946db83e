"""When nothing is applied, and what was applied all the same."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from governance.models.request import Request
from governance.models.resource import Environment


class Freeze(models.Model):
    """A time in which nothing is applied in an environment. Lifted, it no longer counts."""

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="freezes")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=300)
    declared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    declared_at = models.DateTimeField(auto_now_add=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["starts_at", "id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="freeze_has_a_length"
            ),
            models.CheckConstraint(condition=~models.Q(reason=""), name="freeze_has_a_reason"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # What stands or is to come, which is asked before anything is applied.
            models.Index(
                fields=["environment", "ends_at"],
                name="freeze_standing",
                condition=models.Q(lifted_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.environment}: {self.reason}"


class GlassVerdict(models.TextChoices):
    """What the second person says of a broken glass afterwards."""

    CONFIRMED = "confirmed", "Confirmed"
    OBJECTED = "objected", "Objected"


class BrokenGlass(models.Model):
    """A request that was applied at once, past missing approvals and freezes, and who looked at it
    afterwards: by trigger somebody who neither wrote it nor broke the glass."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="glasses")
    revision = models.IntegerField()
    reason = models.TextField()
    broken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    broken_at = models.DateTimeField(auto_now_add=True)
    due = models.DateTimeField()
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    verdict = models.CharField(max_length=12, choices=GlassVerdict.choices, blank=True)
    comment = models.TextField(blank=True)
    reviewed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["due", "id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~models.Q(reason=""), name="glass_has_a_reason"),
            models.CheckConstraint(
                condition=models.Q(reviewer__isnull=True, verdict="", reviewed_at__isnull=True)
                | models.Q(
                    reviewer__isnull=False,
                    verdict__in=GlassVerdict.values,
                    reviewed_at__isnull=False,
                ),
                name="glass_reviewed_wholly",
            ),
            models.CheckConstraint(
                condition=models.Q(reviewer__isnull=True)
                | ~models.Q(reviewer=models.F("broken_by")),
                name="glass_reviewed_by_another",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # What still has to be looked at: the top of the inbox.
            models.Index(
                fields=["due"], name="glass_open", condition=models.Q(reviewer__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.request_id}: {self.reason[:60]}"
