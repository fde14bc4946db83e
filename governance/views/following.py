"""Requests that follow from another: one that takes it back, one that takes its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from governance import access, kinds
from governance.errors import Conflict, Refused
from governance.kinds import DiffRow
from governance.services import rollback, superseding
from governance.services.items import views
from governance.services.rollback import Kept, Restored
from governance.views.pages import PageRequest, go, page, show

MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class RestoredLine:
    """An item that would be taken back, and which values change by it."""

    restored: Restored
    title: str
    rows: Sequence[DiffRow]


@dataclass(frozen=True, slots=True)
class KeptLine:
    """An item that stays, and why."""

    kept: Kept
    title: str


@page
@require_http_methods(["GET", "POST"])
def roll_back(request: PageRequest, number: int) -> HttpResponse:
    """What rolling back would do, before the draft is made; a POST makes it."""
    found = access.get_request(request.actor, number)
    if request.method == "POST":
        try:
            draft = rollback.roll_back(found, by=request.actor)
        except (Conflict, Refused) as error:
            messages.add_message(request, messages.ERROR, error.message, extra_tags="bad")
            return go(request, reverse("request", args=[number]))
        return go(request, reverse("request", args=[draft.pk]))
    outlook = rollback.outlook(found)
    restored, kept = outlook.restored[:MOST_SHOWN], outlook.kept[:MOST_SHOWN]
    context = {
        "found": found,
        "restored": [_line(one) for one in restored],
        "kept": [KeptLine(one, kinds.get(one.item.kind).title) for one in kept],
        "more": len(outlook.restored) + len(outlook.kept) - len(restored) - len(kept),
        "may": rollback.can_roll_back(found, request.actor),
        "production": bool(found.environment and found.environment.production),
    }
    return show(request, "requests/roll_back.html", context)


@page
@require_POST
def replacement(request: PageRequest, number: int) -> HttpResponse:
    """A draft of the same, to be edited and submitted in its place."""
    found = access.get_request(request.actor, number)
    try:
        number = superseding.replace(found, by=request.actor).pk
    except (Conflict, Refused) as error:
        messages.add_message(request, messages.ERROR, error.message, extra_tags="bad")
    return go(request, reverse("request", args=[number]))


def _line(one: Restored) -> RestoredLine:
    kind = kinds.get(one.item.kind)
    (seen,) = views(one.item.request, [one.item])
    back = replace(seen, operation=one.undone.operation, after=one.undone.after)
    return RestoredLine(one, kind.title, [row for row in kind.rows(back) if row.changed])
