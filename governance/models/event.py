"""The audit: events, and the seals over them.

Writers only insert, in the transaction of the change. Triggers (migration ``0002_guards``) refuse
UPDATE and DELETE, and refuse a commit that changed a governed row without an event of the same
transaction.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.expressions import RawSQL


class Xid8Field(models.Field):  # type: ignore[type-arg]  # a column type Django does not know
    """PostgreSQL's 64-bit transaction id, read as text."""

    def db_type(self, connection: object) -> str:
        return "xid8"


class Event(models.Model):
    """Something that happened: who did what to which object.

    `data` holds references and plain values, never a secret. `request_uid` is the id that ties a
    page view, its tasks and their log lines together.
    """

    at = models.DateTimeField(db_default=RawSQL("clock_timestamp()", ()))
    txid = Xid8Field(db_default=RawSQL("pg_current_xact_id()", ()))
    actor_kind = models.CharField(max_length=12)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150)
    action = models.CharField(max_length=60)
    object_kind = models.CharField(max_length=40)
    object_id = models.CharField(max_length=120)
    object_name = models.CharField(max_length=400, blank=True)
    team = models.CharField(max_length=63, blank=True)
    request_id = models.BigIntegerField(null=True)
    data = models.JSONField(default=dict)
    request_uid = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["txid"], name="event_by_transaction"),  # the commit guard
            models.Index(fields=["request_id", "id"], name="event_by_request"),  # a timeline
            models.Index(fields=["object_kind", "object_id", "id"], name="event_by_object"),
            models.Index(fields=["action", "id"], name="event_by_action"),
            models.Index(fields=["actor_name", "id"], name="event_by_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.action} {self.object_name}"


class Seal(models.Model):
    """A Merkle root over a batch of events, linked to the root before."""

    number = models.BigIntegerField(primary_key=True)
    previous = models.BinaryField()
    root = models.BinaryField()
    count = models.IntegerField()
    sealed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["number"]

    def __str__(self) -> str:
        return f"seal {self.number}"


class SealedEvent(models.Model):
    """Where an event lies in its seal, and its leaf hash."""

    event = models.OneToOneField(
        Event, on_delete=models.DO_NOTHING, primary_key=True, related_name="sealed"
    )
    seal = models.ForeignKey(Seal, on_delete=models.PROTECT, related_name="events")
    position = models.IntegerField()
    leaf = models.BinaryField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["seal", "position"], name="sealed_position_once"),
        ]

    def __str__(self) -> str:
        return f"event {self.event_id} in seal {self.seal_id}"
