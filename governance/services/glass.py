"""Break-glass: a request applied at once, past missing approvals and freezes, and looked at after.

Rules that deny, and the hard rules of kinds, still count: the glass replaces people, not rules. It
counts for the revision it was broken for, until it should have been looked at.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from governance import access, audit, dispatch
from governance.actors import Actor
from governance.errors import Conflict, Invalid, NotAllowed, NotFound, Stale
from governance.models import BrokenGlass, GlassVerdict, ItemAuthor, Request
from governance.permissions import Action, allowed, demand
from governance.services import notices, reviews
from governance.services.moves import move
from governance.services.requests import plain_text
from governance.workflow import Move, State

REVIEW_WITHIN = timedelta(hours=24)
BREAKABLE = frozenset({State.IN_REVIEW, State.SCHEDULED})


@transaction.atomic
def break_glass(request: Request, *, revision: int, reason: str, by: Actor) -> Request:
    """Lets a worker apply the revision at once; somebody else must look at it within 24 h.

    Raises Conflict where it waits neither for people nor for its time, Stale for another revision.
    """
    request = access.lock_request(by, request.pk)
    demand(by, Action.BREAK_GLASS, "request", request.team.slug)
    if State(request.state) not in BREAKABLE:
        raise Conflict(
            f"Request #{request.pk} is {State(request.state).words.lower()}: it waits neither for "
            "an approval nor for its time, so there is no glass to break.",
            request=request.pk,
        )
    if request.revision != revision:
        raise Stale(
            f"Request #{request.pk} was edited since you looked: read the new revision first.",
            revision=request.revision,
        )
    why = plain_text(reason, "reason").strip()
    if not why:
        raise Invalid(
            "Say why it cannot wait: who looks at it afterwards judges by that.", path="reason"
        )
    if by.user_id is None:
        raise NotAllowed("A person breaks the glass, since she answers for it afterwards.")
    missing = request.requirements.filter(revision=revision, review__isnull=True)
    BrokenGlass.objects.create(
        request=request,
        revision=revision,
        reason=why,
        broken_by_id=by.user_id,
        due=Now() + REVIEW_WITHIN,
    )
    move(
        request,
        Move.BREAK_GLASS,
        by=by,
        said=why,
        break_glass=True,
        review_due=Now() + REVIEW_WITHIN,
        approved_at=Now(),
        scheduled_for=None,
        failure="",
        attempts=0,
        next_attempt_at=None,
        data={
            "why": why,
            "revision": revision,
            "without": list(missing.values_list("role", flat=True)),
        },
    )
    dispatch.after_commit("governance.advance", request.pk)
    return request


@transaction.atomic
def look_at(glass: BrokenGlass, *, verdict: str, comment: str = "", by: Actor) -> BrokenGlass:
    """Says of a broken glass that it was right, or objects, with words.

    Raises NotAllowed for whoever broke it or wrote the request, Conflict where it was done.
    """
    access.get_request(by, glass.request_id)
    found = (
        BrokenGlass.objects.select_related("request__team", "broken_by")
        .select_for_update(of=("self",))
        .filter(pk=glass.pk)
        .first()
    )
    if found is None:
        raise NotFound("There is no such broken glass.", glass=glass.pk)
    demand(by, Action.LOOK_AT_GLASS, "request", found.request.team.slug)
    reason = why_not_look(found, by)
    if reason:
        raise NotAllowed(reason, request=found.request_id)
    if found.reviewer_id is not None:
        raise Conflict(
            f"Somebody has looked at request #{found.request_id} already.",
            request=found.request_id,
        )
    words = plain_text(comment, "comment").strip()
    if verdict not in GlassVerdict.values:
        raise Invalid("Choose to confirm or to object.", path="verdict")
    if verdict == GlassVerdict.OBJECTED and not words:
        raise Invalid("Say what was wrong, so that it can be put right.", path="comment")
    found.reviewer_id, found.verdict, found.comment = by.user_id, verdict, words
    BrokenGlass.objects.filter(pk=found.pk).update(
        reviewer=by.user_id, verdict=verdict, comment=words, reviewed_at=Now()
    )
    event = audit.record(
        f"request.glass_{verdict}",
        by=by,
        about=found.request,
        request_id=found.request_id,
        team=found.request.team.slug,
        data={"glass": found.pk, "broken_by": found.broken_by.get_username(), "why": words},
    )
    notices.happened(event, found.request, by=by, detail=words, named=[found.broken_by_id])
    return found


def why_not_look(glass: BrokenGlass, by: Actor) -> str:
    """Why this actor is not the second person; empty when she can be."""
    if by.user_id == glass.broken_by_id:
        return "You broke the glass, so somebody else of the platform team must look at it."
    if reviews.wrote_it(glass.request, by):
        return "You wrote this request, so somebody else of the platform team must look at it."
    return ""


def can_break(request: Request, by: Actor) -> bool:
    """Whether this actor could break the glass now."""
    may = allowed(by, Action.BREAK_GLASS, "request", request.team.slug)
    return may.ok and State(request.state) in BREAKABLE


def unreviewed(actor: Actor) -> QuerySet[BrokenGlass]:
    """What still has to be looked at, the most urgent first, for those who watch over it."""
    watches = allowed(actor, Action.LOOK_AT_GLASS, "request").ok
    if not watches and not allowed(actor, Action.VIEW, "event").ok:
        return BrokenGlass.objects.none()
    return (
        BrokenGlass.objects.filter(reviewer__isnull=True)
        .select_related("request__team", "request__environment", "broken_by")
        .order_by("due", "pk")
    )


def waits_for(actor: Actor) -> QuerySet[BrokenGlass]:
    """What this actor herself can look at."""
    if actor.user_id is None or not allowed(actor, Action.LOOK_AT_GLASS, "request").ok:
        return BrokenGlass.objects.none()
    wrote = ItemAuthor.objects.filter(item__request=OuterRef("request"), user_id=actor.user_id)
    hers = Q(broken_by=actor.user_id) | Q(request__author=actor.user_id)
    return unreviewed(actor).exclude(hers).exclude(Exists(wrote))
