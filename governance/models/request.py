"""Requests: like pull requests, with 1..n items over any mix of kinds."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from governance.models.people import Team
from governance.models.resource import Environment
from governance.workflow import ItemState, State


class Request(models.Model):
    """A change somebody asks for. Its `id` is the number people see.

    `lease` and `lease_until` say which worker run is on it; `revision` grows with every edit, and a
    review or a finding belongs to one revision. `expires_at` is set while it waits for people,
    `remind_at` to when they are reminded of it next, `scheduled_for` while it
    waits for its time; `not_before` is when somebody asked for that.
    """

    title = models.CharField(max_length=200)
    reason = models.TextField(blank=True)
    state = models.CharField(
        max_length=20, choices=[(s.value, s.words) for s in State], default=State.DRAFT
    )
    state_at = models.DateTimeField(auto_now_add=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="requests"
    )
    author_name = models.CharField(max_length=150, blank=True)  # a token or the system, too
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="requests")
    environment = models.ForeignKey(
        Environment, on_delete=models.PROTECT, null=True, related_name="requests"
    )
    revision = models.IntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    submitted_at = models.DateTimeField(null=True)
    approved_at = models.DateTimeField(null=True)
    applied_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
    scheduled_for = models.DateTimeField(null=True)
    remind_at = models.DateTimeField(null=True)
    lease = models.BigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    attempts = models.IntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    failure = models.TextField(blank=True)
    break_glass = models.BooleanField(default=False)
    review_due = models.DateTimeField(null=True)
    superseded_by = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, related_name="supersedes"
    )
    # What it takes the place of once it is submitted.
    replaces = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        related_name="replacements",
        db_index=False,  # most rows have none: `request_replacing`
    )

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(state__in=[s.value for s in State]), name="request_state_known"
            ),
            models.CheckConstraint(
                condition=models.Q(break_glass=False) | models.Q(review_due__isnull=False),
                name="request_break_glass_review_due",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["state", "state_at"], name="request_inbox"),
            models.Index(fields=["team", "-id"], name="request_by_team"),
            models.Index(fields=["author", "-id"], name="request_by_author"),
            # Whose time to be decided on is over.
            models.Index(
                fields=["expires_at"],
                name="request_expiring",
                condition=models.Q(state__in=["in_review", "changes_requested"]),
            ),
            # Whom to remind now.
            models.Index(
                fields=["remind_at"],
                name="request_reminding",
                condition=models.Q(remind_at__isnull=False),
            ),
            # What the sweep looks for: requests a worker must be on.
            models.Index(
                fields=["lease_until"],
                name="request_under_way",
                condition=models.Q(state__in=["approved", "rechecking", "applying"]),
            ),
            # Drafts that are to take the place of a request.
            models.Index(
                fields=["replaces"],
                name="request_replacing",
                condition=models.Q(replaces__isnull=False),
            ),
            # What waits for its time, and whose time has come.
            models.Index(
                fields=["scheduled_for"],
                name="request_scheduled",
                condition=models.Q(state="scheduled"),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.title}"


class Item(models.Model):
    """One change of one thing, with its own state."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="items")
    position = models.IntegerField()
    kind = models.CharField(max_length=40)
    operation = models.CharField(max_length=40)
    name = models.CharField(max_length=400)
    place = models.CharField(max_length=120)
    before = models.JSONField(null=True)
    after = models.JSONField()
    base_generation = models.IntegerField(default=0)
    depends_on = ArrayField(models.IntegerField(), default=list)
    state = models.CharField(
        max_length=16, choices=[(s.value, s.words) for s in ItemState], default=ItemState.PENDING
    )
    attempts = models.IntegerField(default=0)
    outcome = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    before_image = models.JSONField(null=True)
    applied_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["position"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["request", "position"], name="item_position_once"),
            # One request does not change one thing twice.
            models.UniqueConstraint(
                fields=["request", "kind", "place", "name"], name="item_target_once"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=[s.value for s in ItemState]), name="item_state_known"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # Is anybody else asking for this name; the requests of one thing.
            models.Index(fields=["kind", "place", "name"], name="item_by_target"),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.kind} {self.name}"


class ItemAuthor(models.Model):
    """Everybody who wrote or edited an item: none of them counts among its approvers."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="authors")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["item", "user"], name="item_author_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} wrote {self.item_id}"


class Finding(models.Model):
    """What one policy said of one item, at one stage, for one revision."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="findings")
    item = models.ForeignKey(Item, on_delete=models.CASCADE, null=True, related_name="findings")
    revision = models.IntegerField()
    stage = models.CharField(max_length=10)
    policy = models.CharField(max_length=80)
    policy_version = models.IntegerField(default=0)
    severity = models.CharField(max_length=10)
    passed = models.BooleanField(default=False)
    path = models.CharField(max_length=200, blank=True)
    message = models.TextField()
    way_out = models.TextField(blank=True)
    owner = models.CharField(max_length=120, blank=True)
    waived = models.TextField(blank=True, db_default="")  # the waiver that let it pass, in words
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["request", "revision", "stage"], name="finding_by_revision"),
        ]

    def __str__(self) -> str:
        return f"{self.policy} v{self.policy_version}: {self.message}"
