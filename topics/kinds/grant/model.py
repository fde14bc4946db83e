"""Tables of grants: what is declared, which ACL lines Weir made for it, what was last seen."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from governance.models import Application
from topics.kinds.grant.pattern import Pattern
from topics.kinds.grant.roles import ROLES, Role
from topics.models.cluster import Cluster
from topics.models.declared import DeclaredOnCluster


class GrantState(models.TextChoices):
    """Whether a grant is in force."""

    ACTIVE = "active", "In force"
    ENDED = "ended", "Ended"  # its time was over
    REVOKED = "revoked", "Revoked"  # somebody asked for its end, and it was agreed


class DeclaredGrant(DeclaredOnCluster):
    """A lease: an application may use a topic, or all that begin alike, until `ends_at`.

    `spec` is the normal form as it was approved; `ends_at` was reckoned when it was declared, by
    the database's clock. The resource belongs to the application's team. A name is used again when
    the same is granted after it had ended: `generation` counts on.
    """

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="grants")
    role = models.CharField(max_length=16)
    topic = models.CharField(max_length=250)  # without the star
    prefixed = models.BooleanField(default=False)
    spec = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=GrantState.choices, default=GrantState.ACTIVE)
    ends_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["cluster", "name"], name="declared_grant_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=GrantState.values), name="declared_grant_state"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # Whose time is over: the sweep, and "ends soon".
            models.Index(
                fields=["ends_at"],
                name="declared_grant_ending",
                condition=models.Q(state="active"),
            ),
            # What is still to be taken away.
            models.Index(
                fields=["cluster"],
                name="declared_grant_left",
                condition=models.Q(last_applied__isnull=False) & ~models.Q(state="active"),
            ),
            # Who uses this topic.
            models.Index(fields=["cluster", "topic"], name="declared_grant_by_topic"),
            models.Index(fields=["application", "cluster"], name="declared_grant_by_app"),
            models.Index(fields=["name", "cluster"], name="declared_grant_by_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def pattern(self) -> Pattern:
        """The topics it reaches."""
        return Pattern(self.topic, self.prefixed)

    @property
    def what(self) -> str:
        """ "consumes payments.captured", for pages that name the application beside it."""
        return f"{ROLES[Role(self.role)].verb} {self.pattern}"


class AclLine(models.Model):
    """The columns of one ACL line."""

    resource_type = models.CharField(max_length=20)
    resource_name = models.CharField(max_length=1000)
    prefixed = models.BooleanField(default=False)
    principal = models.CharField(max_length=400)
    operation = models.CharField(max_length=20)
    host = models.CharField(max_length=255, default="*")

    class Meta:
        abstract = True


class MadeBinding(AclLine):
    """A line that Weir made for grants, written down before it is sent: these alone it may take
    away again."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["cluster", "principal", "resource_type", "resource_name", "prefixed",
                        "operation", "host"],
                name="made_binding_once",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.principal} {self.operation} {self.resource_type} {self.resource_name}"


class ObservedBinding(AclLine):
    """A line as the cluster had it when it was last seen. A row is written when a line appears and
    removed when it is gone; the cluster's `acls_seen_at` says how fresh all of them are."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="+")
    allow = models.BooleanField(default=True)
    seen_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["cluster", "principal", "resource_type", "resource_name", "prefixed",
                        "operation", "host", "allow"],
                name="observed_binding_once",
            ),
        ]  # fmt: skip
        indexes: ClassVar[list[models.Index]] = [
            # Who may use this topic.
            models.Index(
                fields=["cluster", "resource_type", "resource_name"],
                name="observed_binding_by_name",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.principal} {self.operation} {self.resource_type} {self.resource_name}"
