"""When changes may be applied in an environment: its windows, its freezes, and the form for one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from governance import lookups
from governance.clock import database_now
from governance.errors import Conflict, Invalid, NotFound
from governance.forms import FreezeForm, refuse
from governance.models import Environment, Freeze
from governance.permissions import Action, allowed
from governance.services import freezes as service
from governance.services import timing
from governance.views import carried
from governance.views.pages import PageRequest, go, page, show
from governance.views.paging import by_number
from governance.windows import read_local


@dataclass(frozen=True, slots=True)
class FreezeRow:
    """A freeze as the list prints it, by the clock of its environment."""

    freeze: Freeze
    begins: str
    ends: str
    state: str
    can_lift: bool


@page
@require_http_methods(["GET", "POST"])
def freezes(request: PageRequest, slug: str) -> HttpResponse:
    """What holds now and later; a POST declares a freeze, by the platform team."""
    found = lookups.environments().filter(slug=slug).first()
    if found is None:
        raise NotFound(f"There is no environment {slug}.", environment=slug)
    form = FreezeForm(request.POST or None, initial=carried.initial(request))
    if request.method == "POST" and form.is_valid():
        try:
            _declare(request, found, form)
        except Invalid as error:
            refuse(form, error)
        else:
            said = f"{found.name} is frozen as you said. What is being applied goes on."
            messages.add_message(request, messages.SUCCESS, said, extra_tags="good")
            return go(request, reverse("environment-freezes", args=[slug]))
    return _show(request, found, form)


@page
@require_POST
def lift(request: PageRequest, number: int) -> HttpResponse:
    """Ends a freeze, or calls it off."""
    freeze = Freeze.objects.select_related("environment").filter(pk=number).first()
    to = reverse("environment-freezes", args=[freeze.environment.slug]) if freeze else ""
    try:
        service.lift(number, by=request.actor)
    except Conflict as error:
        messages.add_message(request, messages.ERROR, error.message, extra_tags="bad")
    return go(request, to or reverse("environments"))


def _declare(request: PageRequest, found: Environment, form: FreezeForm) -> None:
    typed, zone = form.cleaned_data, ZoneInfo(found.time_zone)
    starts = typed["starts_at"].strip()
    service.declare(
        found.slug,
        starts_at=read_local(starts, zone, path="starts_at") if starts else None,
        ends_at=read_local(typed["ends_at"], zone, path="ends_at"),
        reason=typed["reason"],
        by=request.actor,
    )


def _show(request: PageRequest, found: Environment, form: FreezeForm) -> HttpResponse:
    may, now = allowed(request.actor, Action.FREEZE, "environment"), database_now()
    calendar = timing.calendar_of(found)
    listed = by_number(request, lookups.freezes(found), one="freeze")
    context = {
        "found": found,
        "form": form,
        "may": may,
        "closed": calendar.why_closed(now, where=found.name),
        "listed": listed,
        "rows": [_row(freeze, now, may.ok) for freeze in listed.rows],
        "production": found.production,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return show(request, "environments/freezes.html", context, status=status)


def _row(freeze: Freeze, now: datetime, may: bool) -> FreezeRow:
    zone = ZoneInfo(freeze.environment.time_zone)
    over = freeze.lifted_at is not None or freeze.ends_at <= now
    standing = "in force" if freeze.starts_at <= now else "to come"
    return FreezeRow(
        freeze=freeze,
        begins=_clock(freeze.starts_at, zone),
        ends=_clock(freeze.ends_at, zone),
        state="lifted" if freeze.lifted_at else "over" if over else standing,
        can_lift=may and not over,
    )


def _clock(at: datetime, zone: ZoneInfo) -> str:
    wall = at.astimezone(zone)
    return f"{wall:%a} {wall.day} {wall:%b %Y, %H:%M}"
