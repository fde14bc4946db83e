"""Policies and their versions. A version never changes once written; one at most is active."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from governance.policy.evaluate import GRANTS


class Severity(models.TextChoices):
    """What a policy's objection means."""

    INFO = "info", "Information"
    WARN = "warn", "Warning"
    APPROVAL = "approval", "Needs approval"
    DENY = "deny", "Refused"
    AUTO = "auto", "Approves by itself"  # where it holds, outside production; never an objection


class Policy(models.Model):
    """A rule by name, with who owns it."""

    name = models.SlugField(max_length=80, unique=True)
    title = models.CharField(max_length=160, blank=True)
    owner = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "policies"

    def __str__(self) -> str:
        return self.name


class PolicyVersion(models.Model):
    """One version: a CEL expression that is true when all is well.

    `path` is the field that an objection stands beside; `approver` the role that must agree when
    the severity is *approval*; `waiver` who may grant one ("never": nobody); `scope` limits it:
    ``{"environments": [], "teams": [], "operations": [], "production": true}``, absent members mean
    all.
    """

    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="versions")
    version = models.IntegerField()
    active = models.BooleanField(default=False)
    kind = models.CharField(max_length=40)
    expression = models.TextField()
    severity = models.CharField(max_length=10, choices=Severity.choices)
    approver = models.CharField(max_length=40, blank=True)
    waiver = models.CharField(max_length=80, default=GRANTS, db_default=GRANTS)
    scope = models.JSONField(default=dict, blank=True)
    path = models.CharField(max_length=200, blank=True)
    message = models.TextField()
    way_out = models.TextField(blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-version"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["policy", "version"], name="policy_version_once"),
            models.UniqueConstraint(
                fields=["policy"], condition=models.Q(active=True), name="policy_one_active"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.policy_id} v{self.version}"
