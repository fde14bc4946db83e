"""Waivers: which object is spared which policy, until when, and by whom."""

from __future__ import annotations

from datetime import date, timedelta
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from governance.models.people import Team
from governance.models.policy import Policy
from governance.models.request import Request
from governance.models.resource import Environment

LONGEST = timedelta(days=367)  # a year, and the day it ends on


class Waiver(models.Model):
    """One object that a policy's objection does not stop, until `ends_at`.

    Declared state: one row for each policy and object, whose `generation` grows when it is granted
    anew or taken back. `name` is what requests call it, ``<policy>/<kind>/<object>``. `team` is the
    team that asked, `policy_version` the one in force when it was granted. Whether it holds is
    judged by PostgreSQL's clock, in queries. Only a worker that applies an approved request writes
    these rows.
    """

    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="waivers")
    policy_version = models.IntegerField()
    kind = models.CharField(max_length=40)
    place = models.CharField(max_length=120)
    object = models.CharField(max_length=400)
    name = models.CharField(max_length=400)
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="+")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="waivers")
    reason = models.TextField()
    generation = models.IntegerField(default=1)
    granted_at = models.DateTimeField(db_default=Now())
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)  # taken back before its time
    ended_reason = models.TextField(blank=True)
    asked_by = models.CharField(max_length=150, blank=True)
    granted_by = models.TextField(blank=True)
    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="+")
    ended_request = models.ForeignKey(
        Request, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["place", "name"], name="waiver_once"),
            models.CheckConstraint(
                condition=models.Q(ends_at__lte=models.F("granted_at") + LONGEST),
                name="waiver_a_year_at_most",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # What a check asks: the waivers of these objects.
            models.Index(fields=["kind", "place", "object"], name="waiver_by_object"),
            # The list: those that end first, and those of a team.
            models.Index(fields=["ends_at", "id"], name="waiver_by_end"),
            models.Index(fields=["team", "ends_at"], name="waiver_by_team"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def until(self) -> date:
        """Its last day, in UTC."""
        return (self.ends_at - timedelta(microseconds=1)).date()
