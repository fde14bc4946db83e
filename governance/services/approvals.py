"""Whether approvals still count: who gave one must hold the role that it was given in.

An approval is given on one day and takes effect on another. In between its giver may leave the
team, lose a role or be switched off; what she agreed to then has nobody's word any more. It is
asked twice: when the last approval arrives, and when a worker rechecks before it declares anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from governance.actors import actor_for_user
from governance.errors import NotAllowed
from governance.models import Delegation, Request, Requirement, Review, User
from governance.models.delegation import IN_FORCE
from governance.permissions import Role, can_approve_as, role_in_words
from governance.services import notices


@dataclass(frozen=True, slots=True)
class Lapsed:
    """A requirement that was met by somebody who could not meet it today."""

    requirement: Requirement
    why: str


def lapsed(request: Request) -> list[Lapsed]:
    """Approvals of the revision that stands which no longer count, each with a sentence that names
    whose and why. Those of policies have no giver, and stay.

    One that was given in another's name needs both: whoever gave it must be there, and whoever let
    her must hold the role today and not have taken it back. That its time is over takes nothing
    from it: while she decided she could.
    """
    met = request.requirements.filter(
        revision=request.revision, review__reviewer__isnull=False
    ).select_related("review__reviewer", "review__delegation__giver")
    found = []
    for requirement in met:
        review = requirement.review
        why = _why_lost(review, requirement.role) if review is not None else ""
        if review is not None and why:
            said = f"The approval of {review.by} no longer counts: {why}."
            found.append(Lapsed(requirement, said))
    return found


def _why_lost(review: Review, role: str) -> str:
    given = review.delegation
    if review.reviewer is None:
        return ""
    if given is None:
        return _lost(review.reviewer, role)
    if not review.reviewer.is_active:
        return f"the account of {review.reviewer} is switched off"
    if given.revoked_at is not None:
        return f"{given.giver} does not let {review.reviewer} decide any more"
    return _lost(given.giver, role)


def hold(pk: int) -> None:
    """Keeps a delegation from being taken back until the caller's transaction ends. Raises
    NotAllowed where it does not hold any more."""
    standing = Delegation.objects.select_for_update().filter(IN_FORCE, pk=pk)
    if not standing.exists():
        raise NotAllowed("You no longer stand in for anybody here: it has ended. Reload the page.")


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
