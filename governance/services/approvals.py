"""Whether approvals still count: who gave one must hold the role that it was given in.

An approval is given on one day and takes effect on another. In between its giver may leave the
team, lose a role or be switched off; what she agreed to then has nobody's word any more. It is
asked twice: when the last approval arrives, and when a worker rechecks before it declares anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from governance.actors import actor_for_user
from governance.models import Request, Requirement, User
from governance.permissions import Role, can_approve_as, role_in_words
from governance.services import notices


@dataclass(frozen=True, slots=True)
class Lapsed:
    """A requirement that was met by somebody who could not meet it today."""

    requirement: Requirement
    why: str


def lapsed(request: Request) -> list[Lapsed]:
    """Approvals of the revision that stands which no longer count, each with a sentence that names
    whose and why. Those of policies have no giver, and stay."""
    met = request.requirements.filter(
        revision=request.revision, review__reviewer__isnull=False
    ).select_related("review__reviewer")
    found = []
    for requirement in met:
        giver = requirement.review.reviewer if requirement.review else None
        why = _lost(giver, requirement.role) if giver is not None else ""
        if why:
            found.append(Lapsed(requirement, f"The approval of {giver} no longer counts: {why}."))
    return found


def reopen(found: Sequence[Lapsed]) -> str:
    """Opens those requirements again and tells whoever gave the approvals, in the caller's
    transaction, which records the event. Gives back what to tell people; the reviews stay on
    record."""
    Requirement.objects.filter(pk__in=[one.requirement.pk for one in found]).update(review=None)
    for one in found:
        notices.approval_lapsed(one.requirement, one.why)
    whys = " ".join(one.why for one in found)
    return f"{whys} Somebody who holds the role now must agree."


def _lost(giver: User, role: str) -> str:
    """Why this person's approval in that role does not count today; empty where it does."""
    if not giver.is_active:
        return "the account is switched off"
    if can_approve_as(actor_for_user(giver), role).ok:
        return ""
    if role == Role.PLATFORM:
        return f"{giver} no longer belongs to the platform team"
    return f"{giver} is no longer {role_in_words(role)}"
