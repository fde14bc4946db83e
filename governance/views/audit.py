"""The audit: who did what, and how far it is sealed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from governance import lookups
from governance.models import Event
from governance.services import glass
from governance.views.pages import PageRequest, page, show
from governance.views.paging import by_id, narrowed_by
from governance.views.request_time import glass_lines

MOST_GLASSES = 20
_NAMES = frozenset({"topic", "subject", "cluster", "drift"})


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event as the list prints it."""

    event: Event
    seal: int | None
    request_url: str
    details: str
    on_cluster: bool  # a name that is printed as names on a cluster are


@page
@require_GET
def events(request: PageRequest) -> HttpResponse:
    """Newest first, narrowed by the address; says who may read it to everybody else."""
    teams = list(lookups.every_team())
    narrow = narrowed_by(request, ["q", "action"], {"team": {team.slug for team in teams}})
    found = lookups.events(
        request.actor, words=narrow["q"], action=narrow["action"], team=narrow["team"]
    )
    listed = by_id(request, found)
    context = {
        "glasses": glass_lines(list(glass.unreviewed(request.actor)[:MOST_GLASSES]), request.actor),
        "narrow": narrow,
        "narrowed": any(narrow.values()),
        "listed": listed,
        "rows": _rows(listed.rows),
        "seals": lookups.seal_status(),
        "teams": teams,
    }
    return show(request, "audit/list.html", context, fragment="audit/_table.html")


def _rows(found: Sequence[Event]) -> list[EventRow]:
    return [
        EventRow(
            event=event,
            seal=event.sealed.seal_id if hasattr(event, "sealed") else None,
            request_url=reverse("request", args=[event.request_id]) if event.request_id else "",
            on_cluster=event.object_kind in _NAMES,
            details=json.dumps(event.data, indent=2, ensure_ascii=False) if event.data else "",
        )
        for event in found
    ]
