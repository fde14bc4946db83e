"""Service tokens: what there is, a new one (its secret is shown once), an end to one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from governance import lookups
from governance.errors import Conflict, Invalid, NotAllowed
from governance.forms import TokenForm
from governance.models import ServiceToken
from governance.permissions import Action, allowed, teams_where
from governance.services import tokens as service
from governance.views import carried
from governance.views.pages import PageRequest, go, page, show


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token as the list prints it."""

    token: ServiceToken
    state: str
    tone: str
    can_revoke: bool
    can_limit: bool = False


@never_cache
@page
@require_http_methods(["GET", "POST"])
def tokens(request: PageRequest) -> HttpResponse:
    """Tokens of the actor's teams. A POST issues one and answers with its secret: it is kept
    nowhere, so there is no page to be sent to that could show it again."""
    form = _form(request)
    if request.method == "POST":
        if form is None:
            raise NotAllowed(
                "You cannot issue tokens: this takes the owner of a team, or the platform team."
            )
        if form.is_valid():
            try:
                return _list(request, _form(request, blank=True), issued=_issue(request, form))
            except (Invalid, Conflict, NotAllowed) as error:
                form.add_error(None, error.message)
        return _list(request, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return _list(request, form)


@page
@require_POST
def revoke(request: PageRequest, number: int) -> HttpResponse:
    revoked = service.revoke(number, by=request.actor)
    said = f"The token {revoked.name} of {revoked.team} no longer works."
    messages.add_message(request, messages.SUCCESS, said, extra_tags="good")
    return go(request, reverse("tokens"))


@page
@require_POST
def rate(request: PageRequest, number: int) -> HttpResponse:
    """Gives a token its own limit at the registry; an empty field takes the installation's."""
    typed = request.POST.get("rate", "").strip()
    if typed and not (typed.isascii() and typed.isdigit() and len(typed) <= 9):
        raise Invalid("Requests a second are a whole number, or nothing at all.", path="rate")
    limited = service.set_rate(number, rate=int(typed) if typed else None, by=request.actor)
    own = limited.registry_rate
    what = "the limit of the installation" if own is None else f"{own} requests a second"
    said = f"The token {limited.name} of {limited.team} has {what if own != 0 else 'no limit'} now."
    messages.add_message(request, messages.SUCCESS, said, extra_tags="good")
    return go(request, reverse("tokens"))


def _issue(request: PageRequest, form: TokenForm) -> tuple[ServiceToken, str]:
    typed = form.cleaned_data
    return service.issue(
        name=typed["name"],
        team=typed["team"],
        scopes=typed["scopes"],
        expires_at=timezone.now() + timedelta(days=typed["days"]),
        context=typed["context"] or None,
        by=request.actor,
    )


def _form(request: PageRequest, *, blank: bool = False) -> TokenForm | None:
    """The form for a new token; None for somebody who may issue none."""
    teams = lookups.teams_for_tokens(request.actor)
    if not teams:
        return None
    contexts = lookups.registry_contexts()
    post = request.POST if request.method == "POST" and not blank else None
    typed = carried.initial(request)
    return TokenForm(post, initial=typed, teams=teams, contexts=contexts)


def _list(
    request: PageRequest,
    form: TokenForm | None,
    *,
    issued: tuple[ServiceToken, str] | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    context = {
        "form": form,
        "rows": _rows(request, lookups.tokens(request.actor)),
        "issued": issued[0] if issued else None,
        "secret": issued[1] if issued else "",
        "may_see": bool(teams_where(request.actor, Action.VIEW, "token"))
        or allowed(request.actor, Action.VIEW, "token").ok,
    }
    return show(request, "tokens/list.html", context, status=status)


def _rows(request: PageRequest, found: Sequence[ServiceToken]) -> list[TokenRow]:
    now = timezone.now()
    rows = []
    for token in found:
        if token.revoked_at:
            state, tone = "revoked", "grey"
        elif token.expires_at and token.expires_at <= now:
            state, tone = "ended", "grey"
        else:
            state, tone = "works", "green"
        may = allowed(request.actor, Action.MANAGE_TOKENS, "token", token.team.slug).ok
        limits = allowed(request.actor, Action.LIMIT_RATE, "token", token.team.slug).ok
        uses_registry = any(scope.startswith("registry:") for scope in token.scopes)
        rows.append(
            TokenRow(
                token,
                state,
                tone,
                can_revoke=may and state == "works",
                can_limit=limits and uses_registry and state == "works",
            )
        )
    return rows
