"""Declared toys, and the shelf that plays the remote system."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from governance.models import DeclaredBase


class DeclaredToy(DeclaredBase):
    """What was approved."""

    place = models.CharField(max_length=40)
    colour = models.CharField(max_length=40)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["place", "name"], name="toy_once"),
        ]

    def __str__(self) -> str:
        return self.name


class ShelfToy(models.Model):
    """What stands on the shelf. `painted` counts how often somebody painted it."""

    place = models.CharField(max_length=40)
    name = models.CharField(max_length=100)
    colour = models.CharField(max_length=40)
    painted = models.IntegerField(default=1)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["place", "name"], name="shelf_toy_once"),
        ]

    def __str__(self) -> str:
        return self.name
