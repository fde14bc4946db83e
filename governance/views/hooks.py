"""Webhooks: what there is, a new one (its secret is shown once), one with its last deliveries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from governance import access, lookups
from governance.errors import Conflict, Invalid, NotAllowed
from governance.forms import HookForm, refuse
from governance.models import Delivery, Hook
from governance.notices.chats import SERVICES
from governance.notices.table import FOR_HOOKS
from governance.permissions import Action, allowed, teams_where
from governance.secrets import SecretError
from governance.services import hooks as service
from governance.views.pages import PageRequest, go, page, show
from governance.views.paging import by_id

_TONES = {
    "waiting": ("blue", "clock"),
    "sent": ("green", "check"),
    "gave_up": ("red", "circle-x"),
    "dropped": ("grey", "minus"),
}


@dataclass(frozen=True, slots=True)
class HookRow:
    """A webhook as pages print it. `goes_to` is what of its address is no secret."""

    hook: Hook
    goes_to: str
    team: str
    state: str
    tone: str


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery as the page of its webhook prints it."""

    delivery: Delivery
    state: str
    tone: str
    icon: str


@sensitive_post_parameters("address")
@never_cache
@page
@require_http_methods(["GET", "POST"])
def hooks(request: PageRequest) -> HttpResponse:
    """Webhooks of the actor's teams. A POST registers one and answers with its signing secret,
    which no page shows again."""
    teams = lookups.teams_for_hooks(request.actor)
    form = _form(request, teams)
    if request.method != "POST":
        return _list(request, form)
    if form is None:
        raise NotAllowed(
            "You cannot register webhooks: this takes the owner of a team, or the platform team."
        )
    if form.is_valid():
        typed = form.cleaned_data
        slug = typed.pop("team")
        team = access.get_team(request.actor, slug) if slug else None
        try:
            made = service.create(**typed, team=team, by=request.actor)
        except (Conflict, Invalid, NotAllowed, SecretError) as error:
            refuse(form, error)
        else:
            return _list(request, _blank(teams), made=made)
    return _list(request, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)


@page
@require_GET
def hook(request: PageRequest, number: int) -> HttpResponse:
    """One webhook with its last deliveries."""
    found = access.get_hook(request.actor, number)
    listed = by_id(request, lookups.deliveries_of(found))
    team = found.team.slug if found.team else None
    manage = allowed(request.actor, Action.MANAGE_HOOKS, "hook", team)
    context = {
        "row": _row(found),
        "all_happenings": len(found.happenings) == len(FOR_HOOKS),
        "listed": listed,
        "deliveries": [_delivery(d) for d in listed.rows],
        "may_manage": manage.ok,
        "why_not": manage.why,
    }
    return show(request, "hooks/detail.html", context, fragment="hooks/_deliveries.html")


@page
@require_POST
def test(request: PageRequest, number: int) -> HttpResponse:
    said = "A test is on its way; how it ends stands below. Reload the page in a moment."
    return _do(request, number, lambda: service.send_test(number, by=request.actor), said)


@page
@require_POST
def pause(request: PageRequest, number: int) -> HttpResponse:
    said = "It is paused: nothing is sent until you resume it."
    return _do(request, number, lambda: service.pause(number, by=request.actor), said)


@page
@require_POST
def resume(request: PageRequest, number: int) -> HttpResponse:
    said = "It goes on from now."
    return _do(request, number, lambda: service.resume(number, by=request.actor), said)


@page
@require_POST
def delete(request: PageRequest, number: int) -> HttpResponse:
    name = access.get_hook(request.actor, number, Action.MANAGE_HOOKS).name
    service.delete(number, by=request.actor)
    said = f"The webhook {name} is gone."
    messages.add_message(request, messages.SUCCESS, said, extra_tags="good")
    return go(request, reverse("hooks"))


def _do(request: PageRequest, number: int, action: Callable[[], object], said: str) -> HttpResponse:
    try:
        action()
    except Conflict as error:
        messages.add_message(request, messages.ERROR, error.message, extra_tags="bad")
    else:
        messages.add_message(request, messages.SUCCESS, said, extra_tags="good")
    return go(request, reverse("hook", args=[number]))


def _form(request: PageRequest, teams: list[tuple[str, str]]) -> HookForm | None:
    if not teams:
        return None
    return HookForm(request.POST, teams=teams) if request.method == "POST" else _blank(teams)


def _blank(teams: list[tuple[str, str]]) -> HookForm:
    return HookForm(teams=teams, initial={"happenings": [h.value for h in FOR_HOOKS]})


def _list(
    request: PageRequest,
    form: HookForm | None,
    *,
    made: tuple[Hook, str] | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    context = {
        "form": form,
        "rows": _rows(lookups.hooks(request.actor)),
        "made": made[0] if made else None,
        "secret": made[1] if made else "",
        "may_see": bool(teams_where(request.actor, Action.VIEW, "hook"))
        or allowed(request.actor, Action.VIEW, "hook").ok,
    }
    return show(request, "hooks/list.html", context, status=status)


def _rows(found: Sequence[Hook]) -> list[HookRow]:
    return [_row(hook) for hook in found]


def _row(hook: Hook) -> HookRow:
    if hook.paused_at is not None:
        state, tone = ("switched off", "red") if hook.paused_why else ("paused", "grey")
    else:
        state, tone = ("failing", "amber") if hook.failures else ("on", "green")
    service_title = SERVICES[hook.scheme].title if hook.scheme in SERVICES else hook.scheme
    return HookRow(
        hook=hook,
        goes_to=_shown_address(hook.address) if hook.signed else service_title,
        team=hook.team.slug if hook.team else "everything here",
        state=state,
        tone=tone,
    )


def _delivery(delivery: Delivery) -> DeliveryRow:
    tone, icon = _TONES[delivery.state]
    return DeliveryRow(delivery, delivery.get_state_display(), tone, icon)


def _shown_address(address: str) -> str:
    """Scheme and host: what follows may be as secret as a password."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}/…"
