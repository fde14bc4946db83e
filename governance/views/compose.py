"""The request composer: a topic and its schema in one, a change of what is there, an edit.

What is typed is checked by the same service that submitting uses; nothing is stored until it is
saved, and nothing typed is lost when something objects.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from governance import access, kinds, lookups, queries
from governance.errors import Conflict, Invalid, NotAllowed, NotFound, Refused, WeirError
from governance.forms import RequestForm
from governance.models import Request, Team
from governance.permissions import Action
from governance.services import requests as service
from governance.views import carried
from governance.views.composer import (
    Composer,
    Part,
    companions,
    parts_of_items,
    parts_of_post,
    with_waiver,
)
from governance.views.composer import change as parts_of_change
from governance.views.pages import PageRequest, go, page, show
from governance.workflow import State

WAIVE = "waive:"  # a button's value: the part's position and the policy follow


@page
@require_http_methods(["GET", "POST"])
def new(request: PageRequest) -> HttpResponse:
    """A new request: ``?kind=subject``, or ``?change=topic&place=…&name=…``, else a new topic.

    A change is an alter unless ``&operation=`` says otherwise. It starts from what is declared;
    with ``&from=applied`` from what was applied last.
    """
    if request.method == "POST":
        return _posted(request, None)
    typed = carried.taken(request)
    if typed is not None:
        return _typed_before(request, typed, None)
    teams = _teams(request)
    initial = {"team": _owner(request.GET), "reason": _reason(request.GET)}
    form = RequestForm(teams=teams, initial=initial)
    return _show(request, _composer(request, _asked_for(request.GET), form))


@page
@require_http_methods(["GET", "POST"])
def edit(request: PageRequest, number: int) -> HttpResponse:
    """The same composer over a request that can still be edited."""
    found = access.get_request(request.actor, number, Action.EDIT)
    if request.method == "POST":
        return _posted(request, found)
    typed = carried.taken(request)
    if typed is not None:
        return _typed_before(request, typed, found)
    initial = {"team": found.team.slug, "title": found.title, "reason": found.reason}
    form = RequestForm(initial=initial, teams=[found.team])
    composer = _composer(request, parts_of_items(found.items.all()), form, found)
    return _show(request, composer)


@page
@require_POST
def check(request: PageRequest) -> HttpResponse:
    """What the rules say of what is typed so far: one fragment for each field, and the verdict."""
    composer = _read(request, request.POST, _edited(request))
    composer.check(request.actor, complete=False)
    return show(request, "requests/_checked.html", {"composer": composer})


def _posted(request: PageRequest, found: Request | None) -> HttpResponse:
    do = request.POST.get("do", "check")
    if do.startswith(WAIVE):
        return _with_waiver(request, do.removeprefix(WAIVE), found)
    composer = _read(request, request.POST, found)
    composer.check(request.actor, complete=True)
    if do == "check" or composer.unreadable or (do == "submit" and composer.refused):
        if do == "check":
            return _show(request, composer)
        composer.failure = composer.failure or (
            "Nothing was saved yet: the reasons stand beside the values below."
        )
        return _show(request, composer, HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        saved = _save(request, composer)
    except (Conflict, Invalid, NotAllowed, Refused) as error:
        composer.failure = error.message
        return _show(request, composer, HTTPStatus.UNPROCESSABLE_ENTITY)
    if do == "submit":
        _submit(request, saved)
    return go(request, reverse("request", args=[saved.pk]))


def _with_waiver(request: PageRequest, asked: str, found: Request | None) -> HttpResponse:
    """The form with one part more, for the waiver of a policy that refuses: ``0:partitions``."""
    position, _, policy = asked.partition(":")
    at = int(position) if position.isascii() and position.isdigit() and len(position) < 4 else -1
    composer = _read(request, with_waiver(request.POST, at, policy), found)
    composer.check(request.actor, complete=False)
    return _show(request, composer)


def _typed_before(request: PageRequest, typed: QueryDict, found: Request | None) -> HttpResponse:
    """The form as it was when the session ended; sent by nobody, so nothing is refused yet."""
    composer = _read(request, typed, found)
    composer.check(request.actor, complete=False)
    return _show(request, composer)


def _save(request: PageRequest, composer: Composer) -> Request:
    form = composer.form
    title, reason = form.cleaned_data["title"], form.cleaned_data["reason"]
    items = [part.item for part in composer.included]
    if composer.request is None:
        team = form.cleaned_data["team"]
        return service.create_draft(
            title=title, reason=reason, team=team, items=items, by=request.actor
        )
    return service.edit(
        composer.request,
        title=title,
        reason=reason,
        items=items,
        revision=composer.revision,
        by=request.actor,
    )


def _submit(request: PageRequest, saved: Request) -> None:
    """Asks for review; what came up since the check is said on the request's page."""
    try:
        service.submit(saved, by=request.actor)
    except WeirError as error:
        messages.add_message(request, messages.ERROR, error.message, extra_tags="bad")


def _asked_for(query: Mapping[str, str]) -> list[Part]:
    if "change" in query:
        place, name = query.get("place", ""), query.get("name", "")
        operation = query.get("operation", "alter")
        return parts_of_change(
            query["change"], place, name, operation=operation, applied=_goes_back(query)
        )
    return companions(query.get("kind", "topic"), query)


def _goes_back(query: Mapping[str, str]) -> bool:
    return query.get("from") == "applied"


def _reason(query: Mapping[str, str]) -> str:
    return "Goes back to what is applied." if _goes_back(query) else ""


def _owner(query: Mapping[str, str]) -> str:
    """The team that owns what is to be changed: it is the one that asks, where it may."""
    if "change" not in query:
        return ""
    current = kinds.get(query["change"]).current(query.get("place", ""), query.get("name", ""))
    return current.owner if current else ""


def _edited(request: PageRequest) -> Request | None:
    number = request.POST.get("request", "")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    return access.get_request(request.actor, int(number), Action.EDIT)


def _read(request: PageRequest, typed: QueryDict, found: Request | None) -> Composer:
    teams = [found.team] if found else _teams(request)
    form = RequestForm(typed, teams=teams)
    composer = _composer(request, parts_of_post(typed), form, found)
    revision = typed.get("revision", "")
    composer.revision = int(revision) if revision.isascii() and revision.isdigit() else 0
    return composer


def _composer(
    request: PageRequest, parts: list[Part], form: RequestForm, found: Request | None = None
) -> Composer:
    if not parts:
        raise NotFound("There is no form for this kind of thing. Use the API to ask for it.")
    return Composer(form=form, parts=parts, request=found, revision=found.revision if found else 0)


def _teams(request: PageRequest) -> list[Team]:
    teams = lookups.request_teams(request.actor)
    if not teams:
        raise NotAllowed(f"You cannot ask for changes. {queries.why_cannot_ask(request.actor)}")
    return teams


def _show(
    request: PageRequest, composer: Composer, status: HTTPStatus = HTTPStatus.OK
) -> HttpResponse:
    context = {"composer": composer, "draft": _is_draft(composer.request)}
    return show(request, "requests/compose.html", context, status=status)


def _is_draft(found: Request | None) -> bool:
    return found is None or found.state in (State.DRAFT, State.CHANGES_REQUESTED)
