"""Deciding on a request: approve, ask for changes, decline."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models.functions import Now

from governance import access, audit, dispatch
from governance.actors import Actor, system_actor
from governance.errors import Conflict, Invalid, NotAllowed, Stale
from governance.models import Request, Requirement, Review, Verdict
from governance.permissions import approver_roles, role_in_words
from governance.services import approvals, notices
from governance.services.moves import move
from governance.services.requests import authors_of, plain_text
from governance.workflow import Move, State


def open_requirements(request: Request, by: Actor) -> list[Requirement]:
    """What is still to be agreed to and this actor could agree to, four eyes left aside."""
    return list(
        request.requirements.filter(
            revision=request.revision, review__isnull=True, role__in=approver_roles(by)
        )
    )


def wrote_it(request: Request, by: Actor) -> bool:
    """Whether this actor wrote or edited any of it, and so cannot approve it."""
    return by.user_id is not None and by.user_id in authors_of(request)


def why_not(request: Request, by: Actor) -> str:
    """Why this actor cannot approve now, in one sentence; empty when she can."""
    if State(request.state) is not State.IN_REVIEW:
        return f"This request is {State(request.state).words.lower()}; there is nothing to decide."
    if wrote_it(request, by):
        return "You wrote or edited this request, so somebody else must approve it."
    open_now = list(request.requirements.filter(revision=request.revision, review__isnull=True))
    mine = [r for r in open_now if r.role in approver_roles(by)]
    if not mine:
        return f"You are not asked. Who must agree: {_people(open_now)}."
    if request.requirements.filter(
        revision=request.revision, review__reviewer_id=by.user_id
    ).exists():
        return f"You have approved already. Still to agree, as another person: {_people(open_now)}."
    return ""


def _people(requirements: Sequence[Requirement]) -> str:
    return ", ".join(role_in_words(r.role) for r in requirements) or "nobody"


@transaction.atomic
def approve(request: Request, *, revision: int, comment: str = "", by: Actor) -> Request:
    """Agrees to the revision seen, in one role. The last approval needed sets the worker going,
    unless an earlier one no longer counts: then that requirement is open again.

    One person answers for one requirement: where two roles must agree, two people do. Raises
    NotAllowed (who can), Stale (edited meanwhile), Conflict (decided already).
    """
    request = _locked(request.pk, by, revision)
    reason = why_not(request, by)
    if reason:
        raise NotAllowed(reason, request=request.pk)
    requirement = open_requirements(request, by)[0]
    review = _review(request, Verdict.APPROVE, requirement.role, comment, by)
    requirement.review = review
    requirement.save(update_fields=["review"])
    event = audit.record(
        "request.reviewed",
        by=by,
        about=request,
        request_id=request.pk,
        team=request.team.slug,
        data={"verdict": "approve", "as": requirement.role, "revision": revision},
    )
    if not request.requirements.filter(revision=revision, review__isnull=True).exists():
        _settle(request, by, comment)
    else:
        notices.happened(event, request, by=by, detail=review.comment)
    return request


def _settle(request: Request, by: Actor, comment: str) -> None:
    """All have agreed: approved, if each of them could agree today as well."""
    gone = approvals.lapsed(request)
    if not gone:
        move(request, Move.APPROVE, by=by, said=comment, approved_at=Now(), failure="")
        dispatch.after_commit("governance.advance", request.pk)
        return
    request.failure = approvals.reopen(gone)
    request.save(update_fields=["failure"])
    event = audit.record(
        "request.approval_lapsed",
        by=system_actor("policies"),
        about=request,
        request_id=request.pk,
        team=request.team.slug,
        data={"why": request.failure, "roles": [one.requirement.role for one in gone]},
    )
    notices.happened(event, request, by=system_actor("policies"), detail=request.failure)


@transaction.atomic
def request_changes(request: Request, *, revision: int, comment: str, by: Actor) -> Request:
    """Sends the request back to its author with what should change."""
    request = _locked(request.pk, by, revision)
    acted_as = _acting(request, by)
    if not comment.strip():
        raise Invalid("Say what should change, so that the author can do it.", path="comment")
    _review(request, Verdict.REQUEST_CHANGES, acted_as, comment, by)
    move(request, Move.REQUEST_CHANGES, by=by, said=comment, data={"as": acted_as})
    return request


@transaction.atomic
def decline(request: Request, *, revision: int, comment: str, by: Actor) -> Request:
    """Ends the request: it will not be done. A reason is owed to the author."""
    request = _locked(request.pk, by, revision)
    acted_as = _acting(request, by)
    if not comment.strip():
        raise Invalid("Say why it is declined: the author is owed a reason.", path="comment")
    _review(request, Verdict.DECLINE, acted_as, comment, by)
    move(request, Move.DECLINE, by=by, said=comment, data={"as": acted_as})
    return request


def _acting(request: Request, by: Actor) -> str:
    """The role in which this actor decides; somebody whose approval counted may still object."""
    asked = request.requirements.filter(
        revision=request.revision, role__in=approver_roles(by)
    ).first()
    if asked is None:
        asked_for = list(request.requirements.filter(revision=request.revision))
        raise NotAllowed(f"You are not asked. Who decides: {_people(asked_for)}.")
    return asked.role


def _review(request: Request, verdict: str, acted_as: str, comment: str, by: Actor) -> Review:
    return Review.objects.create(
        request=request,
        revision=request.revision,
        reviewer_id=by.user_id,
        verdict=verdict,
        acted_as=acted_as,
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
