"""Waivers: which object is spared which policy, until when, by whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from governance import access, kinds, lookups
from governance.models import Waiver
from governance.permissions import Action, allowed
from governance.policy.waiving import day
from governance.views.pages import PageRequest, page, show
from governance.views.paging import by_number, narrowed_by
from governance.waivers import inforce
from governance.waivers.form import WaiverForm  # noqa: F401 -- puts it into the composer's table

STATES = (
    ("in_force", "In force"),
    ("ends_soon", "Ends soon"),
    ("ended", "Ended"),
    ("taken_back", "Taken back"),
)
MOST_TO_LOOK_AT = 20


@dataclass(frozen=True, slots=True)
class WaiverLine:
    """A waiver as lists and its page print it."""

    waiver: Waiver
    state: str
    until: str
    object_url: str


@page
@require_GET
def waivers(request: PageRequest) -> HttpResponse:
    """All waivers, narrowed by policy, owner and state; above them those to look at now."""
    teams = list(lookups.every_team())
    rules = list(lookups.policies())
    choices = {
        "state": {name for name, _ in STATES},
        "policy": {rule.name for rule in rules},
        "owner": {team.slug for team in teams},
    }
    narrow = narrowed_by(request, [], choices)
    narrowed = any(narrow.values())
    found = inforce.listed(policy=narrow["policy"], team=narrow["owner"], state=narrow["state"])
    listed = by_number(request, found, one="waiver")
    context = {
        "narrow": narrow,
        "narrowed": narrowed,
        "listed": listed,
        "rows": lines(listed.rows),
        "near": [] if narrowed else lines(inforce.ending(MOST_TO_LOOK_AT)),
        "states": STATES,
        "policies": [(rule.name, rule.name) for rule in rules],
        "teams": teams,
    }
    return show(request, "waivers/list.html", context, fragment="waivers/_table.html")


@page
@require_GET
def waiver(request: PageRequest, number: int) -> HttpResponse:
    """One waiver, and how to let it end or go on."""
    found = access.get_waiver(request.actor, number)
    (line,) = lines([found])
    holds = line.state in ("in_force", "ends_soon")
    again = {"kind": "waiver", "operation": "grant", "place": found.place, "name": found.name}
    address = reverse("request-new")
    context = {
        "line": line,
        "holds": holds,
        "may": allowed(request.actor, Action.REQUEST, "request", found.team.slug).ok,
        "end_url": f"{address}?{urlencode(again | {'operation': 'end'})}" if holds else "",
        "again_url": f"{address}?{urlencode(again)}",
    }
    return show(request, "waivers/detail.html", context)


def lines(rows: Sequence[Waiver]) -> list[WaiverLine]:
    """Waivers with the state that the database finds them in."""
    states = inforce.states([row.pk for row in rows])
    return [
        WaiverLine(
            waiver=row,
            state=states.get(row.pk, "ended"),
            until=day(row.until),
            object_url=kinds.get(row.kind).url(row.place, row.object),
        )
        for row in rows
    ]
