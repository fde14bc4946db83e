"""Deciding on a request: approve, ask for changes, decline."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db import transaction
from django.db.models import Q

from governance import access, audit
from governance.actors import Actor
from governance.errors import Conflict, Invalid, NotAllowed, Stale
from governance.models import Request, Requirement, Review, User, Verdict
from governance.permissions import Capacity, approver_roles, capacity, role_in_words
from governance.services import approvals, notices
from governance.services.circles import authors_of, meets
from governance.services.moves import move
from governance.services.requests import plain_text
from governance.services.settling import settle
from governance.workflow import Move, State


def asked(request: Request) -> list[Requirement]:
    """Who must agree to the revision that stands, and who did, in the order the rules asked for it.
    What is given back here can be handed to the functions below, which read it otherwise."""
    of_revision = request.requirements.filter(revision=request.revision)
    return list(of_revision.select_related("review__reviewer", "review__delegation__giver"))


def open_requirements(
    request: Request, by: Actor, rows: Sequence[Requirement] | None = None
) -> list[tuple[Requirement, Capacity]]:
    """What is still to be agreed to and this actor could agree to, and how, first what the fewest
    others could: one person answers for one, and nothing is to be left that nobody can answer for.
    Whether she wrote the request, or has agreed already, is left aside."""
    rows = asked(request) if rows is None else rows
    mine = _of_roles(_still_open(rows), by)
    hers = _hers(mine, by, not_for=_spoken_for(request, by, rows) if mine else ())
    if len(hers) < 2:
        return hers
    gone = authors_of(request) | _have_agreed(rows)
    # Keeps the order among equals.
    return sorted(hers, key=lambda one: _people_of(one[0].role, without=gone))


def _people_of(role: str, *, without: Collection[int]) -> int:
    """How many people could still meet a requirement of that role."""
    found = User.objects.filter(meets(role), is_active=True).exclude(pk__in=without)
    return found.distinct().count()


def _still_open(rows: Sequence[Requirement]) -> list[Requirement]:
    return [row for row in rows if row.review_id is None]


def _of_roles(rows: Sequence[Requirement], by: Actor) -> list[Requirement]:
    roles = approver_roles(by)
    return [row for row in rows if row.role in roles]


def _have_agreed(rows: Sequence[Requirement]) -> set[int]:
    """Who has agreed, by themselves or through another."""
    given = [row.review for row in rows if row.review is not None]
    through = [one.delegation.giver_id for one in given if one.delegation is not None]
    return {*through, *(one.reviewer_id for one in given if one.reviewer_id is not None)}


def _hers(
    rows: Sequence[Requirement], by: Actor, *, not_for: Collection[int]
) -> list[tuple[Requirement, Capacity]]:
    found = [(row, capacity(by, row.role, not_for=not_for)) for row in rows]
    return [(row, how) for row, how in found if how is not None]


def _spoken_for(request: Request, by: Actor, rows: Sequence[Requirement]) -> set[int]:
    """People in whose name nobody can agree to it: they wrote it, or have agreed already, by
    themselves or through another. No query for somebody who speaks for herself alone."""
    if not by.stands_in:
        return set()
    return authors_of(request) | _have_agreed(rows)


def agreed_by(person: int | None) -> Q:
    """Requirements that this person has met, by herself or through another."""
    return Q(review__reviewer_id=person) | Q(review__delegation__giver_id=person)


def wrote_it(request: Request, by: Actor, authors: Collection[int] | None = None) -> bool:
    """Whether this actor wrote or edited any of it, and so cannot approve it. `authors` are those
    who did, where they are known already."""
    if by.user_id is None:
        return False
    return by.user_id in (authors_of(request) if authors is None else authors)


def why_not(
    request: Request,
    by: Actor,
    rows: Sequence[Requirement] | None = None,
    authors: Collection[int] | None = None,
) -> str:
    """Why this actor cannot approve now, in one sentence; empty when she can. `authors` are those
    who wrote it, where they are known already."""
    if State(request.state) is not State.IN_REVIEW:
        return f"This request is {State(request.state).words.lower()}; there is nothing to decide."
    if wrote_it(request, by, authors):
        return "You wrote or edited this request, so somebody else must approve it."
    rows = asked(request) if rows is None else rows
    open_now = _still_open(rows)
    mine = _of_roles(open_now, by)
    if not mine:
        return f"You are not asked. Who must agree: {_people(open_now)}."
    if not _hers(mine, by, not_for=_spoken_for(request, by, rows)):
        return (
            "Whom you stand in for wrote this request, or has agreed to it already. Who must "
            f"agree: {_people(open_now)}."
        )
    if by.user_id in _have_agreed(rows):
        return f"You have approved already. Still to agree, as another person: {_people(open_now)}."
    return ""


def _people(requirements: Sequence[Requirement]) -> str:
    return ", ".join(role_in_words(r.role) for r in requirements) or "nobody"


@transaction.atomic
def approve(request: Request, *, revision: int, comment: str = "", by: Actor) -> Request:
    """Agrees to the revision seen, in one role. The last approval needed sets the worker going,
    unless an earlier one no longer counts: then that requirement is open again.

    One person answers for one requirement: where two roles must agree, two people do. Somebody who
    stands in for another answers in his name, which then is his one answer too. Raises NotAllowed
    (who can), Stale (edited meanwhile), Conflict (decided already).
    """
    request = _locked(request.pk, by, revision)
    reason = why_not(request, by)
    if reason:
        raise NotAllowed(reason, request=request.pk)
    requirement, how = open_requirements(request, by)[0]
    review = _review(request, Verdict.APPROVE, how, comment, by)
    requirement.review = review
    requirement.save(update_fields=["review"])
    event = audit.record(
        "request.reviewed",
        by=by,
        about=request,
        request_id=request.pk,
        team=request.team.slug,
        data={"verdict": "approve", "revision": revision, **_told(how)},
    )
    if not request.requirements.filter(revision=revision, review__isnull=True).exists():
        settle(request, by, comment)
    else:
        notices.happened(event, request, by=by, detail=review.comment)
    return request


@transaction.atomic
def request_changes(request: Request, *, revision: int, comment: str, by: Actor) -> Request:
    """Sends the request back to its author with what should change."""
    request = _locked(request.pk, by, revision)
    acted_as = _acting(request, by)
    if not comment.strip():
        raise Invalid("Say what should change, so that the author can do it.", path="comment")
    _review(request, Verdict.REQUEST_CHANGES, acted_as, comment, by)
    move(request, Move.REQUEST_CHANGES, by=by, said=comment, data=_told(acted_as))
    return request


@transaction.atomic
def decline(request: Request, *, revision: int, comment: str, by: Actor) -> Request:
    """Ends the request: it will not be done. A reason is owed to the author."""
    request = _locked(request.pk, by, revision)
    acted_as = _acting(request, by)
    if not comment.strip():
        raise Invalid("Say why it is declined: the author is owed a reason.", path="comment")
    _review(request, Verdict.DECLINE, acted_as, comment, by)
    move(request, Move.DECLINE, by=by, said=comment, data=_told(acted_as))
    return request


def acting(
    request: Request,
    by: Actor,
    rows: Sequence[Requirement] | None = None,
    authors: Collection[int] | None = None,
) -> Capacity | None:
    """How this actor may decide on it; None where she is not asked. Somebody whose approval counted
    may still object; nobody decides in the name of somebody who wrote it."""
    rows = _of_roles(asked(request) if rows is None else rows, by)
    wrote = authors if authors is not None else authors_of(request) if by.stands_in else ()
    return next((how for _, how in _hers(rows, by, not_for=wrote)), None)


def _acting(request: Request, by: Actor) -> Capacity:
    found = acting(request, by)
    if found is None:
        asked_for = list(request.requirements.filter(revision=request.revision))
        raise NotAllowed(f"You are not asked. Who decides: {_people(asked_for)}.")
    return found


def _told(how: Capacity) -> dict[str, object]:
    """What an event says of the capacity in which somebody decided."""
    if how.stands_in is None:
        return {"as": how.role}
    return {"as": how.role, "for": how.stands_in.giver.name, "delegation": how.delegation}


def _review(request: Request, verdict: str, how: Capacity, comment: str, by: Actor) -> Review:
    if how.delegation is not None:
        approvals.hold(how.delegation)
    return Review.objects.create(
        request=request,
        revision=request.revision,
        reviewer_id=by.user_id,
        verdict=verdict,
        acted_as=how.role,
        delegation_id=how.delegation,
        comment=plain_text(comment, "comment").strip(),
    )


def _locked(pk: int, by: Actor, revision: int) -> Request:
    request = access.lock_request(by, pk)
    if State(request.state) is not State.IN_REVIEW:
        raise Conflict(
            f"Request #{pk} is {State(request.state).words.lower()}; there is nothing to decide.",
            request=pk,
        )
    if request.revision != revision:
        raise Stale(
            f"Request #{pk} was edited since you looked: read the new revision, then decide.",
            revision=request.revision,
        )
    return request
