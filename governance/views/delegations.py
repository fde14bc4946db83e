"""Handing one's approvals over while one is away: who decides for whom, until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from governance import lookups
from governance.actors import Actor
from governance.clock import database_now
from governance.delegation_form import DelegationForm
from governance.errors import Conflict, Invalid, NotAllowed
from governance.forms import refuse
from governance.models import Delegation
from governance.permissions import role_in_words
from governance.services import delegations as service
from governance.views import carried
from governance.views.pages import PageRequest, go, page, show
from governance.views.paging import by_number


@dataclass(frozen=True, slots=True)
class DelegationRow:
    """A delegation as the list prints it."""

    delegation: Delegation
    who: str
    roles: Sequence[str]
    state: str
    tone: str
    can_revoke: bool


@page
@require_http_methods(["GET", "POST"])
def delegations(request: PageRequest) -> HttpResponse:
    """Those that one gave and was given; a POST hands over."""
    roles = service.can_give(request.actor)
    initial = carried.initial(request) or {"zone": _zone()}
    form = DelegationForm(request.POST or None, initial=initial, roles=roles)
    if request.method == "POST" and form.is_valid():
        try:
            made = service.give(**form.cleaned_data, by=request.actor)
        except (Conflict, Invalid) as error:
            refuse(form, error)
        else:
            said = f"{made.taker} decides for you, as you said."
            messages.add_message(request, messages.SUCCESS, said, extra_tags="good")
            return go(request, reverse("delegations"))
    listed = by_number(request, service.of_person(request.actor), one="delegation")
    now = database_now()
    context = {
        "form": form if roles else None,
        "listed": listed,
        "rows": [_row(one, request.actor, now) for one in listed.rows],
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return show(request, "account/delegations.html", context, status=status)


@page
@require_POST
def revoke(request: PageRequest, number: int) -> HttpResponse:
    """Ends it at once."""
    try:
        found = service.revoke(number, by=request.actor)
    except (Conflict, NotAllowed) as error:
        messages.add_message(request, messages.ERROR, error.message, extra_tags="bad")
    else:
        said = f"{found.taker} no longer decides for {found.giver}."
        messages.add_message(request, messages.SUCCESS, said, extra_tags="good")
    return go(request, reverse("delegations"))


def _row(one: Delegation, actor: Actor, now: datetime) -> DelegationRow:
    mine = one.giver_id == actor.user_id
    state, tone = _state(one, now)
    return DelegationRow(
        delegation=one,
        who=f"{one.taker} for you" if mine else f"you for {one.giver}",
        roles=[role_in_words(role) for role in one.roles],
        state=state,
        tone=tone,
        can_revoke=state in _STANDING and service.can_revoke(one, actor),
    )


_STANDING = frozenset({"in force", "to come"})


def _state(one: Delegation, now: datetime) -> tuple[str, str]:
    if one.revoked_at is not None:
        return "taken back", "grey"
    if one.ends_at <= now:
        return "over", "grey"
    return ("in force", "green") if one.starts_at <= now else ("to come", "blue")


def _zone() -> str:
    """The clock that most of this installation goes by: that of its strictest environment."""
    zones = lookups.environments().values_list("time_zone", flat=True)
    return zones.last() or "UTC"
