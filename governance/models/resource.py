"""Environments, the resources people talk about, and the base of declared rows."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from governance.models.people import Team


class Environment(models.Model):
    """Development, staging, production: how strict the rules are, and which registry context."""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    colour = models.CharField(max_length=16, default="teal")
    time_zone = models.CharField(max_length=64, default="UTC")
    production = models.BooleanField(default=False)
    retention_limit_ms = models.BigIntegerField(null=True, blank=True)
    # {data class: milliseconds} where a class has a limit of its own; -1: none for this class.
    retention_limits_ms = models.JSONField(default=dict, db_default={}, blank=True)
    max_partitions = models.IntegerField(null=True, blank=True)
    registry_context = models.CharField(max_length=120, default=".")
    position = models.IntegerField(default=0)
    # Weekly rules as `windows.parse` reads them; none: changes may be applied at any time.
    change_windows = ArrayField(
        models.CharField(max_length=80), default=list, db_default=[], blank=True
    )

    class Meta:
        ordering = ["position", "slug"]

    def __str__(self) -> str:
        return self.slug


class Lifecycle(models.TextChoices):
    """Where a resource stands in its life."""

    REQUESTED = "requested", "Requested"
    ACTIVE = "active", "Active"
    DEPRECATED = "deprecated", "Deprecated"
    RETIRED = "retired", "Retired"


class DataClass(models.TextChoices):
    """How sensitive the content is."""

    NONE = "none", "No personal data"
    INTERNAL = "internal", "Internal"
    PERSONAL = "personal", "Personal data"
    SENSITIVE = "sensitive", "Sensitive personal data"


class Resource(models.Model):
    """The thing people talk about; it has one declared row per place it lives in."""

    kind = models.CharField(max_length=40)
    name = models.CharField(max_length=400)
    owner = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="resources")
    data_class = models.CharField(
        max_length=16, choices=DataClass.choices, default=DataClass.INTERNAL
    )
    labels = models.JSONField(default=dict, blank=True)
    lifecycle = models.CharField(
        max_length=16, choices=Lifecycle.choices, default=Lifecycle.REQUESTED
    )
    description = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["kind", "name", "owner"], name="resource_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # What a team owns, by kind: the team page and `owner:` in lists.
            models.Index(fields=["owner", "kind", "name"], name="resource_by_owner"),
            models.Index(
                fields=["kind", "name"],
                name="resource_by_prefix",
                opclasses=["", "varchar_pattern_ops"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class DeclaredBase(models.Model):
    """What was declared and approved for one resource in one place.

    `generation` grows with every change of the spec; `last_applied` is the spec that a worker last
    brought to the cluster, which makes plans three-way. `origins` maps a key of the spec to the
    request it came from. Only a worker that applies an approved request writes these rows.
    """

    resource = models.ForeignKey(Resource, on_delete=models.PROTECT, related_name="+")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=400)
    generation = models.IntegerField(default=1)
    last_applied = models.JSONField(null=True, blank=True)
    last_applied_generation = models.IntegerField(default=0)
    origins = models.JSONField(default=dict, blank=True)
    paused = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True
