"""Asking again whom the rules ask, where things have changed hands while requests waited."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Exists, OuterRef, Q

from governance import access, audit
from governance.actors import Actor
from governance.models import Item, Request
from governance.services import notices, reviews
from governance.services.checks import examine
from governance.services.items import views
from governance.services.requests import write_requirements
from governance.workflow import State

MOST = 50  # requests in review about what changed hands; the rest is found at its recheck


def ask_new_owners(things: Collection[tuple[str, str]], *, by: Actor) -> None:
    """Has requests in review about these (kind, name) ask the owners of today, in the caller's
    transaction. What was agreed to stays; whoever is not an owner any more is not waited for."""
    if not things:
        return
    about = Q()
    for kind in {kind for kind, _ in things}:
        about |= Q(kind=kind, name__in=[name for one, name in things if one == kind])
    items = Item.objects.filter(about, request=OuterRef("pk"))
    waiting = Request.objects.filter(Exists(items), state=State.IN_REVIEW).order_by("pk")
    for pk in list(waiting.values_list("pk", flat=True)[:MOST]):
        _ask(access.locked_request(pk), by)


def _ask(request: Request, by: Actor) -> None:
    if State(request.state) is not State.IN_REVIEW:
        return
    found = examine(views(request, request.items.all()), team=request.team.slug)
    examination = found.before_people()
    if examination.refusals:
        return  # its recheck tells the author
    of_revision = request.requirements.filter(revision=request.revision)
    before = set(of_revision.values_list("role", "review"))
    write_requirements(request, examination)
    after = set(of_revision.values_list("role", "review"))
    if after == before:
        return
    event = audit.record(
        "request.rerouted",
        by=by,
        about=request,
        request_id=request.pk,
        team=request.team.slug,
        data={
            "why": "What it is about has another owner now, who is asked.",
            "before": sorted(role for role, _ in before),
            "after": sorted(role for role, _ in after),
        },
    )
    notices.happened(event, request, by=by)
    if not of_revision.filter(review__isnull=True).exists():
        reviews.settle(request, by)
