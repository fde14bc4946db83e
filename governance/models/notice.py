"""What people are told: notices in the inbox, what they chose, webhooks, and what goes out."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from governance.models.people import Team
from governance.models.request import Request


class NoticeChoice(models.Model):
    """What one person chose: a channel for each sort (`channels`), the hour of her digest and the
    zone that it counts in. Whoever has no row chose nothing."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notice_choice"
    )
    channels = models.JSONField(default=dict)
    digest_hour = models.PositiveSmallIntegerField(default=8)
    time_zone = models.CharField(max_length=64, default="UTC")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(digest_hour__lte=23), name="notice_choice_hour_of_a_day"
            ),
        ]

    def __str__(self) -> str:
        return f"choice of {self.user_id}"


class Hook(models.Model):
    """Where a team's happenings are sent, or, without a team, those of the whole installation.

    A *signed* one is our own JSON to `address`, and `secret_ref` is what it is signed with. One of
    a *chat* service is an address of apprise, which is itself the secret: only its scheme is kept
    readable. Both secrets are references (`governance.secrets`). `failures` counts deliveries that
    failed in a row; `retry_at` holds the next one back meanwhile.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, related_name="hooks")
    name = models.CharField(max_length=120)
    scheme = models.CharField(max_length=20)  # http, https, or one of notices.chats.SERVICES
    address = models.CharField(max_length=2000, blank=True)
    secret_ref = models.TextField()
    happenings = ArrayField(models.CharField(max_length=24), default=list)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())
    paused_at = models.DateTimeField(null=True)
    paused_why = models.CharField(max_length=400, blank=True)
    failures = models.IntegerField(default=0)
    retry_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["team", "name"], name="hook_name_once", nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def signed(self) -> bool:
        """Whether it gets our own JSON; else it is a chat service's."""
        return self.scheme in {"http", "https"}


class DeliveryState(models.TextChoices):
    """Where something that goes out stands."""

    WAITING = "waiting", "Waiting"
    SENT = "sent", "Sent"
    GAVE_UP = "gave_up", "Gave up"
    DROPPED = "dropped", "Not needed"  # read meanwhile, or nobody to be told any more


class Delivery(models.Model):
    """Something that goes out: a mail about one notice, a digest, or a call of a webhook.

    `key` makes it once, however often the same is announced. `next_attempt_at` is also the lease
    of whoever is sending it: a sender that dies is followed by another one after that time.
    """

    key = models.CharField(max_length=160, unique=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+"
    )
    notice = models.ForeignKey(
        "Notification", on_delete=models.CASCADE, null=True, related_name="deliveries"
    )
    hook = models.ForeignKey(Hook, on_delete=models.CASCADE, null=True, related_name="deliveries")
    request = models.ForeignKey(Request, on_delete=models.CASCADE, null=True, related_name="+")
    happening = models.CharField(max_length=24, blank=True)
    told = models.JSONField(default=dict)  # who did it, in which words: never a secret
    state = models.CharField(
        max_length=10, choices=DeliveryState.choices, default=DeliveryState.WAITING
    )
    attempts = models.IntegerField(default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())
    last_error = models.CharField(max_length=400, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(state__in=DeliveryState.values), name="delivery_state_known"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # What the sweep looks for.
            models.Index(
                fields=["next_attempt_at"],
                name="delivery_due",
                condition=models.Q(state="waiting"),
            ),
            models.Index(fields=["hook", "-id"], name="delivery_by_hook"),  # a webhook's page
            # What is tidied away.
            models.Index(
                fields=["settled_at"],
                name="delivery_settled",
                condition=models.Q(settled_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"delivery {self.key}"


class Notification(models.Model):
    """One person is told of one thing that happened: a line of her inbox.

    `key` names the happening, so that telling it twice makes one row. `why` says why it is she.
    `digest_at` is set while it waits for a digest. The rest are words as they were at the time.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices"
    )
    key = models.CharField(max_length=120)
    happening = models.CharField(max_length=24)
    sort = models.CharField(max_length=16)
    request = models.ForeignKey(
        Request, on_delete=models.CASCADE, null=True, related_name="notices"
    )
    who = models.CharField(max_length=150, blank=True)
    sentence = models.CharField(max_length=400)
    title = models.CharField(max_length=200, blank=True)
    detail = models.TextField(blank=True)
    url = models.CharField(max_length=400, blank=True)
    why = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True)
    unread = models.GeneratedField(
        expression=models.ExpressionWrapper(
            models.Q(read_at__isnull=True), output_field=models.BooleanField()
        ),
        output_field=models.BooleanField(),
        db_persist=True,
    )
    digest_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-unread", "-id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user", "key"], name="notice_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # The inbox, unread first, and the count of unread ones on every page.
            models.Index(fields=["user", "-unread", "-id"], name="notice_inbox"),
            # Whose digest is due.
            models.Index(
                fields=["digest_at"],
                name="notice_digest_due",
                condition=models.Q(digest_at__isnull=False),
            ),
            # What was read long ago.
            models.Index(
                fields=["read_at"], name="notice_read", condition=models.Q(read_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.happening} for {self.user_id}"
