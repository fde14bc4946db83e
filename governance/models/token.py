"""Service tokens, and the keys that make a repeated API call happen once."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from governance.models.people import Team


class ServiceToken(models.Model):
    """A team's credential for programs. Only a digest of the secret is kept.

    `registry_rate` and `registry_burst` are its own limit of requests a second to the registry;
    None: the installation's. A rate of 0 is no limit.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=16, unique=True)
    digest = models.BinaryField()
    scopes = ArrayField(models.CharField(max_length=40), default=list)
    context = models.CharField(max_length=120, null=True, blank=True)
    registry_rate = models.PositiveIntegerField(null=True, blank=True)
    registry_burst = models.PositiveIntegerField(null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["team", "name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["team", "name"],
                condition=models.Q(revoked_at__isnull=True),
                name="token_name_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.team.slug}"


class IdempotencyKey(models.Model):
    """The answer of a write that carried an Idempotency-Key, to be given again."""

    actor = models.CharField(max_length=40)
    key = models.CharField(max_length=200)
    fingerprint = models.BinaryField()
    status = models.IntegerField(null=True)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["actor", "key"], name="idempotency_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["created_at"], name="idempotency_by_age"),  # the daily clean-up
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.key}"
