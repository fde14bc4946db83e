"""Who must agree to a request, who did, and what was said.

Four eyes are kept by triggers of migration ``0002_guards``: an approval by somebody who wrote or
edited the request, or a second requirement settled by the same person, is refused by the
database, whatever a service does. For whoever decides in another's name, ``0020_delegations`` sees
to it that this counts for both.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from governance.models.delegation import Delegation
from governance.models.request import Request


class Verdict(models.TextChoices):
    """What a reviewer decided."""

    APPROVE = "approve", "Approved"
    REQUEST_CHANGES = "request_changes", "Asked for changes"
    DECLINE = "decline", "Declined"


class Review(models.Model):
    """One decision of one person, or of a policy version, on one revision."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="reviews")
    revision = models.IntegerField()
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="reviews"
    )
    policy = models.CharField(max_length=80, blank=True)
    policy_version = models.IntegerField(default=0)
    verdict = models.CharField(max_length=16, choices=Verdict.choices)
    acted_as = models.CharField(max_length=80)
    # In whose name, where it was not the reviewer's own.
    delegation = models.ForeignKey(
        Delegation, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    comment = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(reviewer__isnull=False) | ~models.Q(policy=""),
                name="review_by_person_or_policy",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} of {self.request_id} by {self.reviewer_id or self.policy}"

    @property
    def by(self) -> str:
        """Who it was, in words: "Ann", "Ann for Ben", "small-change v1"."""
        if self.reviewer is None:
            return f"{self.policy} v{self.policy_version}"
        return (
            f"{self.reviewer} for {self.delegation.giver}"
            if self.delegation
            else str(self.reviewer)
        )


class Requirement(models.Model):
    """One agreement that a revision needs: by which role, and why.

    `role` is ``owner:<team slug>``, ``second:<team slug>``, ``platform``, ``steward`` or ``auto``.
    `also` holds further policies that ask for it, as [name, version].
    """

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="requirements")
    revision = models.IntegerField()
    role = models.CharField(max_length=80)
    reason = models.TextField()
    policy = models.CharField(max_length=80, blank=True)
    policy_version = models.IntegerField(default=0)
    also = models.JSONField(default=list, db_default=[], blank=True)
    review = models.ForeignKey(
        Review, on_delete=models.CASCADE, null=True, related_name="requirements"
    )

    class Meta:
        ordering = ["id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["request", "revision", "role"], name="requirement_role_once"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # The inbox: what is still to be agreed to by this role.
            models.Index(
                fields=["role"], name="requirement_open", condition=models.Q(review__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} for {self.request_id}"

    @property
    def asked_by(self) -> list[tuple[str, int]]:
        """Name and version of every policy that asks for it."""
        return [one for one in self.rules if one[1]]

    @property
    def rules(self) -> list[tuple[str, int]]:
        """The same with what asks for it that is no policy, and has no version."""
        first = [(self.policy, self.policy_version)] if self.policy else []
        return [*first, *((str(name), int(version)) for name, version in self.also)]


class Comment(models.Model):
    """Something said about a request."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    author_name = models.CharField(max_length=150, blank=True)
    body = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.body[:60]
