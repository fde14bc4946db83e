"""Handing one's approvals over for a time, and taking them back."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from governance import access, audit, delegating
from governance.actors import Actor
from governance.clock import database_now
from governance.errors import Conflict, Invalid, NotAllowed
from governance.models import Delegation, User
from governance.models.delegation import MOST_AT_ONCE, NOT_OVER
from governance.permissions import Action, allowed, own_approver_roles, role_in_words

MAX_REASON = 300


def can_give(by: Actor) -> list[str]:
    """The roles that this actor can hand over: those she holds herself, of teams and of the
    installation. Who can be the second can be the first."""
    return sorted(role for role in own_approver_roles(by) if not role.startswith("second:"))


@transaction.atomic
def give(
    *,
    to: str,
    roles: Sequence[str] = (),
    begins: str = "",
    ends: str,
    zone: str = "UTC",
    reason: str,
    by: Actor,
) -> Delegation:
    """Lets the person called `to` decide where `by` may, from `begins` until `ends`; see
    `delegating.period` for how they are written. Without roles, all of hers.

    Raises NotAllowed for who decides on nothing, or for a role that she does not hold, Invalid with
    its path, Conflict where somebody stands in for too many already.
    """
    held = can_give(by)
    if by.user_id is None or not held:
        raise NotAllowed(
            "You decide on no requests, so there is nothing to hand over. Approvers and owners "
            "of teams, the platform team and data stewards do."
        )
    wanted = list(dict.fromkeys(roles)) or held
    beyond = next((role for role in wanted if role not in held), None)
    if beyond is not None:
        raise NotAllowed(
            f"You are not {role_in_words(beyond)[:120]}, so you cannot hand that over. What you "
            f"can: {', '.join(held)}."
        )
    taker = _taker(to, by)
    starts_at, ends_at = delegating.period(begins, ends, zone=zone, now=database_now())
    made = Delegation.objects.create(
        giver_id=by.user_id,
        taker=taker,
        roles=wanted,
        reason=_reason(reason),
        starts_at=starts_at,
        ends_at=ends_at,
    )
    audit.record(
        "delegation.given",
        by=by,
        about=made,
        data={
            "to": taker.get_username(),
            "roles": wanted,
            "from": starts_at.isoformat(),
            "until": ends_at.isoformat(),
            "reason": made.reason,
        },
    )
    return made


@transaction.atomic
def revoke(pk: int, *, by: Actor) -> Delegation:
    """Takes it back at once; what was decided by it and is not applied yet is asked for again.

    Either of the two may, and the platform team. Raises Conflict for one that is over.
    """
    found = access.get_delegation(by, pk)
    found = (
        Delegation.objects.select_for_update(of=("self",))
        .select_related("giver", "taker")
        .get(pk=found.pk)
    )
    if not can_revoke(found, by):
        raise NotAllowed(
            f"You cannot take this back: {found.giver} can, who gave it, or {found.taker}, or the "
            "platform team."
        )
    if not Delegation.objects.filter(NOT_OVER, pk=pk).exists():
        raise Conflict("This delegation is over already; there is nothing to take back.")
    Delegation.objects.filter(pk=pk).update(revoked_at=Now(), revoked_by_name=by.name[:150])
    audit.record(
        "delegation.revoked",
        by=by,
        about=found,
        data={"from": found.giver.get_username(), "to": found.taker.get_username()},
    )
    found.refresh_from_db()
    return found


def can_revoke(found: Delegation, by: Actor) -> bool:
    """Whether this actor may end it: one of the two, or who answers for people's accounts."""
    hers = by.user_id is not None and by.user_id in (found.giver_id, found.taker_id)
    return hers or allowed(by, Action.MANAGE_PEOPLE, "person").ok


def of_person(actor: Actor) -> QuerySet[Delegation]:
    """Those that this actor gave or was given, the one that ends last first."""
    found = access.visible_delegations(actor)
    return found.filter(giver=actor.user_id or 0) | found.filter(taker=actor.user_id or 0)


def _taker(username: str, by: Actor) -> User:
    """The person, locked, so that two cannot hand over to her past the limit at once."""
    found = (
        User.objects.select_for_update(no_key=True)
        .filter(username=username[:150], is_active=True)
        .first()
        if "\x00" not in username
        else None
    )
    if found is None:
        raise Invalid(
            f"There is nobody called {username[:150]!r} who can sign in.".replace("\x00", ""),
            path="to",
        )
    if found.pk == by.user_id:
        raise Invalid("This is you. Choose somebody else.", path="to")
    if found.delegations_taken.filter(NOT_OVER).count() >= MOST_AT_ONCE:
        raise Conflict(
            f"{found} stands in for {MOST_AT_ONCE} people already. Choose somebody else."
        )
    return found


def _reason(text: str) -> str:
    reason = " ".join(text.split())
    if not reason:
        raise Invalid("Say what for, in a word: holiday. Everybody reads it.", path="reason")
    if len(reason) > MAX_REASON or "\x00" in reason:
        raise Invalid(f"Say it in {MAX_REASON} characters at most.", path="reason")
    return reason
