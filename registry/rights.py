"""Rights on the wire: who may change which subject, where an installation wants that told apart.

With WEIR_REGISTRY_RIGHTS=open whoever may write at all writes anywhere. With `owned`, and with
`closed`, which tells reads apart as well (`registry.reading`), a write wants one of three things: a
right that was given to the caller's team or token; ownership of the subject, which needs no row;
or, for a first version, that nobody owns the name: then the team does from then on. Whoever was
there before the switch was thrown has a subject without an owner, which is nobody's to take over
silently: that goes by request, where a person sees it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from governance.actors import Actor
from governance.errors import Invalid, NotFound
from governance.models import ServiceToken, Team
from registry import levels, lookup, owners
from registry.changes import record
from registry.covering import Covered, covering
from registry.errors import Forbidden
from registry.locks import lock_settings
from registry.models import SubjectRight
from registry.naming import SubjectName


class Right(StrEnum):
    """What may be done. ADMIN is all of it, and importing with ids and numbers as they are; each
    of them is also the right to read."""

    READ = "read"
    WRITE = "write"
    COMPATIBILITY = "compatibility"
    DELETE = "delete"
    ADMIN = "admin"

    @property
    def words(self) -> str:
        return {
            Right.READ: "read schemas, and check others against them",
            Right.WRITE: "register versions, associate",
            Right.COMPATIBILITY: "change config and mode",
            Right.DELETE: "delete versions",
            Right.ADMIN: "all of these, and import",
        }[self]


OF_OWNERS: Final = frozenset({Right.READ, Right.WRITE, Right.COMPATIBILITY, Right.DELETE})


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose a right is: a team's, with all of its tokens, or one token's."""

    team: str = ""
    token: int | None = None


def ensure(right: Right, subject: SubjectName, by: Actor, *, first: bool = False) -> bool:
    """Raises Forbidden without the right. True where the caller's team comes to own the subject by
    this, as it may with its `first` version."""
    if settings.REGISTRY_RIGHTS == "open" or by.kind == "system" or given(right, subject, by):
        return False
    owner = owners.owner_of(subject)
    if owner is not None:
        if owner.team in by.teams and right in OF_OWNERS:
            return False
        raise Forbidden(
            f"{by.name} may not {right.words} in {subject}: it belongs to {owner.team}. "
            f"{owner.why} Ask {owner.team} for the right '{right}' on it."
        )
    if first and by.team and subject.name and not lookup.versions(subject):
        return True
    raise Forbidden(
        f"{by.name} may not {right.words} in {subject}, which nobody owns. Ask for a version by "
        f"request, which makes it your team's, or the platform team for the right '{right}'."
    )


def given(right: Right, subject: SubjectName, by: Actor) -> bool:
    """Whether a row gives it to the caller's team or token today."""
    return _covering(right, subject).filter(held_by(by)).exists()


def held_by(actor: Actor) -> Q:
    """Rights of the actor's teams, and of the token that it is."""
    mine = Q(team__slug__in=list(actor.teams))
    return mine | Q(token=actor.id) if actor.kind == "token" else mine


def team_has(team: str, right: Right, subject: SubjectName) -> bool:
    """Whether a row gives it to that team today."""
    return _covering(right, subject).filter(team__slug=team).exists()


def _covering(right: Right, subject: SubjectName) -> QuerySet[SubjectRight]:
    rows = SubjectRight.objects.filter(rights__overlap=[right.value, Right.ADMIN.value])
    return covering(rows.filter(today()), subject)


def today() -> Q:
    """Rights that have not ended."""
    return Q(until__isnull=True) | Q(until__gt=Now())


def of_place(subject: SubjectName) -> QuerySet[SubjectRight]:
    """Rights that reach a subject, those that ended too."""
    return covering(SubjectRight.objects.select_related("team", "token__team"), subject)


def give(
    holder: Holder,
    place: Covered,
    rights: Collection[str],
    *,
    by: Actor,
    until: datetime | None = None,
) -> SubjectRight:
    """Gives rights to a place, in the place of those that the holder had there. The event is
    `right.given`. Raises Invalid, NotFound, NotAllowed."""
    levels.ensure_valid(place)
    levels.ensure_may_govern(place, by)
    unknown = [name for name in rights if name not in set(Right)]
    if unknown or not rights:
        said = f"There is no right {str(unknown[0])[:40]!r}." if unknown else "No right is named."
        raise Invalid(f"{said} Choose among {', '.join(Right)}.", path="rights")
    if until is not None and until <= timezone.now():
        raise Invalid("The right would have ended already. Choose a later day.", path="until")
    team, token = _held_by(holder)
    with transaction.atomic():
        lock_settings()
        row, _ = SubjectRight.objects.update_or_create(
            team=team,
            token=token,
            context=place.context,
            subject=place.subject,
            prefix=place.prefix,
            defaults={"rights": sorted(set(rights)), "until": until, "created_by": by.name},
        )
        _told("right.given", row, by)
    return row


def _held_by(holder: Holder) -> tuple[Team | None, ServiceToken | None]:
    if bool(holder.team) == (holder.token is not None):
        raise Invalid("A right is a team's or a token's: name one of the two.", path="team")
    if holder.token is None:
        team = Team.objects.filter(slug=holder.team).first()
        if team is None:
            raise Invalid(f"There is no team {holder.team[:80]}.", path="team")
        return team, None
    token = ServiceToken.objects.filter(pk=holder.token, revoked_at__isnull=True).first()
    if token is None:
        raise Invalid(f"There is no token {holder.token} that works.", path="token")
    return None, token


def take(number: int, *, by: Actor) -> None:
    """Takes a right away. The event is `right.taken`. Raises NotFound, NotAllowed."""
    with transaction.atomic():
        lock_settings()
        rows = SubjectRight.objects.select_related("team", "token__team")
        row = rows.select_for_update(of=("self",)).filter(pk=number).first()
        if row is None:
            raise NotFound("There is no such right. It may have been taken away just now.")
        levels.ensure_may_govern(Covered(row.context, row.subject, row.prefix), by)
        _told("right.taken", row, by)
        row.delete()


def _told(action: str, row: SubjectRight, by: Actor) -> None:
    data = {
        "team": row.team.slug if row.team else None,
        "token": row.token_id,
        "rights": row.rights,
        "prefix": row.prefix,
        "until": row.until.isoformat() if row.until else None,
    }
    record(action, SubjectName(row.context, row.subject), by, data)
