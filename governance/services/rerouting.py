"""Asking again whom the rules ask, where things have changed hands while requests waited."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Exists, OuterRef, Q, QuerySet

from governance import access
from governance.actors import Actor
from governance.models import Item, Request, Requirement
from governance.services import settling
from governance.workflow import State

MOST = 50  # requests that are asked again of each sort; the rest is found at its recheck
WHY = "What it is about has another owner now, who is asked."


def ask_new_owners(
    things: Collection[tuple[str, str]], *, givers: Collection[str] = (), by: Actor
) -> None:
    """Has requests in review about these (kind, name) ask the owners of today, in the caller's
    transaction, and those that wait for an owner of a team that gave: a grant on a topic, or what
    follows it, is known by another name. What was agreed to stays; whoever is not an owner any more
    is not waited for."""
    about = Q(pk__in=[])
    for kind in {kind for kind, _ in things}:
        about |= Q(kind=kind, name__in=[name for one, name in things if one == kind])
    items = Item.objects.filter(about, request=OuterRef("pk"))
    in_review = Request.objects.filter(state=State.IN_REVIEW).order_by("pk")
    pks = list(in_review.filter(Exists(items)).values_list("pk", flat=True)[:MOST])
    pks += waiting_for(givers).values_list("pk", flat=True)[:MOST]
    for pk in sorted(set(pks)):
        settling.ask_again(access.locked_request(pk), by=by, why=WHY)


def waiting_for(teams: Collection[str]) -> QuerySet[Request]:
    """Requests in review that wait for whoever decides for one of these teams."""
    roles = [f"{role}:{team}" for team in teams for role in ("owner", "second")]
    unmet = Requirement.objects.filter(
        request=OuterRef("pk"),
        revision=OuterRef("revision"),
        role__in=roles,
        review__isnull=True,
    )
    return Request.objects.filter(Exists(unmet), state=State.IN_REVIEW).order_by("pk")
