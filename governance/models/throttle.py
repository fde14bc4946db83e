"""Failed sign-ins, counted so that guessing becomes slow."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class SignInCount(models.Model):
    """Failures of one account, one address, or one account from one address.

    `key` is a digest: what somebody typed as a name may have been a password. In the database and
    not in the cache, so that a lost cache opens no door.
    """

    key = models.CharField(max_length=64, primary_key=True)
    failures = models.IntegerField(default=0)
    last_at = models.DateTimeField()
    blocked_until = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["last_at"], name="sign_in_by_age"),  # the hourly clean-up
        ]

    def __str__(self) -> str:
        return self.key[:8]
