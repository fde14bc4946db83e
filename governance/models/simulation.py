"""Simulations: what a draft of a policy would say of all there is. Nothing of the policy is kept
anywhere else, and the row itself goes after a while."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class SimulationState(models.TextChoices):
    """Where a simulation stands."""

    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


UNFINISHED = (SimulationState.WAITING, SimulationState.RUNNING)


class Simulation(models.Model):
    """One draft, tried out. `draft` holds the members of a policy as a YAML file has them.

    `against` is the version in force that it was compared with, 0 for none; `beat_at` is when a
    worker last said that it is on it, and `judged` how far it was; `found` is the result.
    """

    draft = models.JSONField()
    policy = models.CharField(max_length=80)
    kind = models.CharField(max_length=40)
    against = models.IntegerField(default=0)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    author_name = models.CharField(max_length=150, blank=True)
    state = models.CharField(
        max_length=8, choices=SimulationState.choices, default=SimulationState.WAITING
    )
    attempts = models.IntegerField(default=0)
    judged = models.IntegerField(default=0)
    found = models.JSONField(default=dict)
    failure = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now())
    beat_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(state__in=SimulationState.values), name="simulation_state_known"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # Which are old enough to go.
            models.Index(fields=["created_at"], name="simulation_by_age"),
            # What a sweep looks for, and how many somebody has under way.
            models.Index(
                fields=["beat_at"],
                name="simulation_unfinished",
                condition=models.Q(state__in=["waiting", "running"]),
            ),
        ]

    def __str__(self) -> str:
        return f"simulation {self.pk} of {self.policy}"
