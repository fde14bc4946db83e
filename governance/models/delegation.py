"""Delegations: in whose name somebody decides while he is away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from governance.models.people import Membership, OrgRole, User
from governance.permissions import DECIDING

MOST_AT_ONCE = 20  # that one person takes, in force or to come

IN_FORCE = Q(revoked_at__isnull=True, starts_at__lte=Now(), ends_at__gt=Now())
NOT_OVER = Q(revoked_at__isnull=True, ends_at__gt=Now())


class Standing(NamedTuple):
    """A delegation by which somebody may decide now, with the rights that its giver has today."""

    row: Delegation
    teams: Sequence[str]  # for which he decides
    org_roles: Sequence[str]


class Delegations(models.QuerySet["Delegation"]):
    """Delegations, by PostgreSQL's clock."""

    def standing(self) -> list[Standing]:
        """Those in force, in one query where there is none and three otherwise. Of somebody who was
        switched off none is."""
        found = self.filter(IN_FORCE, giver__is_active=True).select_related("giver")
        rows = list(found.order_by("pk"))
        if not rows:  # as for most people at most times
            return []
        givers = {row.giver_id for row in rows}
        decides = _by_giver(
            Membership.objects.filter(user__in=givers, role__in=DECIDING), "team__slug"
        )
        held = _by_giver(OrgRole.objects.filter(user__in=givers), "role")
        return [
            Standing(row, decides.get(row.giver_id, []), held.get(row.giver_id, [])) for row in rows
        ]


def _by_giver(rights: models.QuerySet[Any], what: str) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for giver, right in rights.order_by(what).values_list("user_id", what):
        found.setdefault(giver, []).append(right)
    return found


class Delegation(models.Model):
    """One person's approvals in the hands of another, from `starts_at` until `ends_at`.

    `roles` are those of requirements (``owner:payments``, ``platform``); they count as far as the
    giver holds them at the moment somebody decides. Whether it holds is judged by PostgreSQL's
    clock. A row stays as it was made but for its end: migration ``0020_delegations`` sees to that.
    """

    giver = models.ForeignKey(User, on_delete=models.PROTECT, related_name="delegations_given")
    taker = models.ForeignKey(User, on_delete=models.PROTECT, related_name="delegations_taken")
    roles = ArrayField(models.CharField(max_length=80))
    reason = models.CharField(max_length=300)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())
    revoked_at = models.DateTimeField(null=True)
    revoked_by_name = models.CharField(max_length=150, blank=True)

    objects = Delegations.as_manager()

    class Meta:
        ordering = ["-ends_at", "-id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=~Q(giver=models.F("taker")), name="delegation_to_another"
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=models.F("starts_at")), name="delegation_has_a_length"
            ),
            models.CheckConstraint(condition=~Q(roles=[]), name="delegation_of_something"),
            models.CheckConstraint(condition=~Q(reason=""), name="delegation_has_a_reason"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # Asked for with every request of a person: for whom she stands in.
            models.Index(
                fields=["taker", "ends_at"],
                name="delegation_standing",
                condition=Q(revoked_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.taker} for {self.giver}"
