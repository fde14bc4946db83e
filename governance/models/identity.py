"""Where people come from who do not sign in with a password of Weir's, and second factors."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models


class Source(models.TextChoices):
    """Who gave a right, or vouches for a person."""

    MANUAL = "manual", "By hand"
    OIDC = "oidc", "OpenID Connect"
    LDAP = "ldap", "LDAP"


class Identity(models.Model):
    """Somebody as a provider knows her: (issuer, subject), never her name or her mail.

    Without a `subject` the platform team expects her: the next who comes from that issuer under
    her sign-in name is she. `groups` are those that the provider told last.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="identities"
    )
    source = models.CharField(max_length=8, choices=Source.choices)
    issuer = models.CharField(max_length=400)
    subject = models.CharField(max_length=255, null=True)
    groups = ArrayField(models.CharField(max_length=500), default=list)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["source", "issuer", "subject"], name="identity_subject_once"
            ),
            models.UniqueConstraint(fields=["user", "source"], name="identity_source_once"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.subject or 'expected'}"


class ProviderSession(models.Model):
    """A session of somebody whom a provider vouches for, and when it last did.

    `tokens` is ciphertext. The row, not the cookie, is what is asked again and again.
    """

    identity = models.ForeignKey(Identity, on_delete=models.CASCADE, related_name="sessions")
    tokens = models.TextField(blank=True)
    checked_at = models.DateTimeField()
    refreshing_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["checked_at"], name="provider_session_by_age"),  # the clean-up
        ]

    def __str__(self) -> str:
        return f"session of {self.identity_id}"


class SecondFactor(models.Model):
    """The app that a person's codes come from; `secret` is ciphertext.

    `last_step` is the step of the last code that was taken, so that none is taken twice.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="second_factor"
    )
    secret = models.TextField()
    set_up_at = models.DateTimeField(auto_now_add=True)
    last_step = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"second factor of {self.user_id}"


class RecoveryCode(models.Model):
    """A code for a lost app, good once. Only a digest is kept."""

    factor = models.ForeignKey(SecondFactor, on_delete=models.CASCADE, related_name="codes")
    digest = models.BinaryField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"recovery code of {self.factor_id}"
