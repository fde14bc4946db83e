"""What is done at a request's page about its time: "not before", the glass, a look at it after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from governance import access
from governance.actors import Actor
from governance.clock import database_now
from governance.errors import Conflict, Invalid, NotAllowed
from governance.models import BrokenGlass, Request
from governance.permissions import Action, allowed
from governance.services import glass, timing
from governance.views.pages import PageRequest, go, page
from governance.ways import Ways
from governance.windows import read_local


@dataclass(frozen=True, slots=True)
class GlassLine:
    """A broken glass as pages print it; `why_not` says why this reader is not the second person."""

    glass: BrokenGlass
    request: Request
    overdue: bool
    can_look: bool
    why_not: str


@dataclass(frozen=True, slots=True)
class Timing:
    """The part of a request's page that is about its time."""

    why: str
    until: datetime | None
    not_before: str
    not_before_value: str
    zone: str
    can_set: bool
    can_break: bool
    glasses: Sequence[GlassLine]


def timing_of(request: Request, ways: Ways, actor: Actor) -> Timing:
    """What the page says of the time of a request."""
    zone = request.environment.time_zone if request.environment else "UTC"
    wall = request.not_before.astimezone(ZoneInfo(zone)) if request.not_before else None
    return Timing(
        why=ways.waits_why,
        until=ways.wait.until if ways.wait else None,
        not_before=timing.in_zone(request, request.not_before),
        not_before_value=f"{wall:%Y-%m-%dT%H:%M}" if wall else "",
        zone=zone,
        can_set=ways.can_set_not_before,
        can_break=ways.can_break_glass,
        glasses=glass_lines(ways.glasses, actor, of=request),
    )


def glass_lines(
    found: Sequence[BrokenGlass], actor: Actor, *, of: Request | None = None
) -> list[GlassLine]:
    """Lines for these, for somebody who may see them."""
    if not found:
        return []
    now, watches = database_now(), allowed(actor, Action.LOOK_AT_GLASS, "request").ok
    hers = set(glass.waits_for(actor).filter(pk__in=[g.pk for g in found]).values_list("pk"))
    lines = []
    for one in found:
        waits = one.reviewer_id is None
        can = waits and (one.pk,) in hers
        lines.append(
            GlassLine(
                glass=one,
                request=of or one.request,
                overdue=waits and one.due <= now,
                can_look=can,
                why_not=glass.why_not_look(one, actor) if waits and watches and not can else "",
            )
        )
    return lines


@page
@require_POST
def not_before(request: PageRequest, number: int) -> HttpResponse:
    """Chooses the earliest time, by the clock of the request's environment; empty takes it away."""
    found = access.get_request(request.actor, number)
    typed = request.POST.get("not_before", "").strip()
    zone = ZoneInfo(found.environment.time_zone if found.environment else "UTC")
    if request.POST.get("do") == "none":
        typed = ""
    try:
        at = read_local(typed, zone, path="not_before") if typed else None
        timing.set_not_before(found, at, by=request.actor)
    except (Conflict, Invalid, NotAllowed) as error:
        _say(request, error.message)
    return go(request, reverse("request", args=[number]))


@page
@require_POST
def break_glass(request: PageRequest, number: int) -> HttpResponse:
    """Applies the revision that was on the page at once."""
    found = access.get_request(request.actor, number)
    text = request.POST.get("revision", "")
    revision = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    reason = request.POST.get("reason", "")
    try:
        glass.break_glass(found, revision=revision, reason=reason, by=request.actor)
    except (Conflict, Invalid) as error:
        _say(request, error.message)
    return go(request, reverse("request", args=[number]))


@page
@require_POST
def look(request: PageRequest, number: int) -> HttpResponse:
    """The second person's word on a broken glass."""
    found = access.get_glass(request.actor, number)
    verdict, comment = request.POST.get("verdict", ""), request.POST.get("comment", "")
    try:
        glass.look_at(found, verdict=verdict, comment=comment, by=request.actor)
    except (Conflict, Invalid) as error:
        _say(request, error.message)
    return go(request, reverse("request", args=[found.request_id]))


def _say(request: PageRequest, what: str) -> None:
    messages.add_message(request, messages.ERROR, what, extra_tags="bad")
