"""Inbox, list of requests, the page of one, and what is done there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from django.contrib import messages
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from governance import access, kinds, lookups, queries
from governance.errors import Conflict, Invalid, NotAllowed, Refused
from governance.models import Item, Request
from governance.permissions import Action, approver_roles, role_in_words
from governance.services import glass, reviews
from governance.services import requests as service
from governance.views import carried
from governance.views.context import NEEDS_ME, count_words, needs_me
from governance.views.pages import PageRequest, go, page, show
from governance.views.paging import by_id, by_number, narrowed_by
from governance.views.request_page import marker, shown
from governance.views.request_time import glass_lines
from governance.workflow import State

MOST_GLASSES = 20


@dataclass(frozen=True, slots=True)
class Tab:
    """One of the views of the inbox."""

    title: str
    url: str
    count: int | str | None
    current: bool


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A request as a list prints it."""

    request: Request
    what: str
    waits_for: str
    can_pick: bool


@page
@require_GET
def inbox(request: PageRequest) -> HttpResponse:
    """What waits for this person, what is hers, what is her teams'."""
    wanted = request.GET.get("view", "needs-me")
    wanted = wanted if wanted in _INBOX else "needs-me"
    found = _INBOX[wanted](request)
    listed = by_number(request, with_items(found), one="request")
    if wanted == "needs-me":
        setattr(request, NEEDS_ME, listed.total)
    broken = list(glass.unreviewed(request.actor)[:MOST_GLASSES])
    context = {
        "glasses": glass_lines(broken, request.actor),
        "tabs": inbox_tabs(request, wanted, listed.total),
        "view": wanted,
        "listed": listed,
        "rows": rows(listed.rows),
        "bulk": wanted == "needs-me",
        "standing_in": sorted({one.title for one in request.actor.stands_in}),
        "title": "Inbox",
    }
    return show(request, "requests/inbox.html", context, fragment="requests/_table.html")


@page
@require_GET
def request_list(request: PageRequest) -> HttpResponse:
    """Every request there is, newest first, narrowed by the address."""
    teams, environments = list(lookups.every_team()), list(lookups.environments())
    choices = {
        "state": {state.value for state in State},
        "kind": {kind.name for kind in kinds.every()},
        "team": {team.slug for team in teams},
        "environment": {environment.slug for environment in environments},
    }
    narrow = narrowed_by(request, ["q", "mine"], choices)
    listed = by_id(request, with_items(_narrowed(request, narrow)))
    context = {
        "tabs": inbox_tabs(request, "all"),
        "narrow": narrow,
        "narrowed": any(narrow.values()),
        "listed": listed,
        "rows": rows(listed.rows),
        "bulk": bool(approver_roles(request.actor)),
        "states": [(s.value, s.words) for s in State],
        "kinds": [(k.name, k.title) for k in kinds.every()],
        "environments": environments,
        "teams": teams,
    }
    return show(request, "requests/list.html", context, fragment="requests/_table.html")


@page
@require_GET
def detail(request: PageRequest, number: int) -> HttpResponse:
    typed = carried.taken(request) or QueryDict()
    drafts = {"comment_draft": typed.get("body", ""), "decision_draft": typed.get("comment", "")}
    return _detail(request, number, HTTPStatus.OK, **drafts)


@page
@require_GET
def live(request: PageRequest, number: int) -> HttpResponse:
    """What changed since the page was shown; nothing (204) when nothing did."""
    found = access.get_request(request.actor, number, Action.VIEW)
    if request.GET.get("seen") == marker(found):
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    return show(request, "requests/_live.html", {"shown": shown(found, request.actor)})


@page
@require_POST
def decide(request: PageRequest, number: int) -> HttpResponse:
    """Approve, ask for changes or decline, for the revision that was on the page."""
    found = access.get_request(request.actor, number, Action.VIEW)
    comment, revision = request.POST.get("comment", ""), _revision(request)
    try:
        match request.POST.get("verdict"):
            case "approve":
                reviews.approve(found, revision=revision, comment=comment, by=request.actor)
            case "request_changes":
                reviews.request_changes(found, revision=revision, comment=comment, by=request.actor)
            case "decline":
                reviews.decline(found, revision=revision, comment=comment, by=request.actor)
            case _:
                raise Invalid("Choose Approve, Request changes or Decline.", path="verdict")
    except (Conflict, Invalid, NotAllowed) as error:
        # What was typed stays on the page, beside the reason why it was not taken.
        return _detail(request, number, decision_error=error.message, decision_draft=comment)
    return go(request, reverse("request", args=[number]))


@page
@require_POST
def comment(request: PageRequest, number: int) -> HttpResponse:
    found = access.get_request(request.actor, number, Action.VIEW)
    body = request.POST.get("body", "")
    try:
        service.comment(found, body=body, by=request.actor)
    except (Invalid, NotAllowed) as error:
        return _detail(request, number, comment_error=error.message, comment_draft=body)
    return go(request, reverse("request", args=[number]) + "#id_body")


@page
@require_POST
def submit(request: PageRequest, number: int) -> HttpResponse:
    return _do(request, number, lambda found: service.submit(found, by=request.actor))


@page
@require_POST
def withdraw(request: PageRequest, number: int) -> HttpResponse:
    return _do(request, number, lambda found: service.withdraw(found, by=request.actor))


@page
@require_POST
def retry(request: PageRequest, number: int) -> HttpResponse:
    return _do(request, number, lambda found: service.retry(found, by=request.actor))


@page
@require_POST
def ask_again(request: PageRequest, number: int) -> HttpResponse:
    """A new draft of the same, shown at once."""
    return _do(request, number, lambda found: service.ask_again(found, by=request.actor))


def with_items(found: QuerySet[Request]) -> QuerySet[Request]:
    """The same requests with the items whose names a list prints."""
    return found.prefetch_related("items")


def rows(found: Sequence[Request]) -> list[RequestRow]:
    """Requests with what they are about and who must still agree, in words."""
    waiting = lookups.open_requirements([r.pk for r in found if r.state == State.IN_REVIEW])
    return [
        RequestRow(
            request=r,
            what=_what(r),
            waits_for=", ".join(role_in_words(role) for role in waiting.get(r.pk, [])),
            can_pick=r.state == State.IN_REVIEW,
        )
        for r in found
    ]


def _narrowed(request: PageRequest, narrow: Mapping[str, str]) -> QuerySet[Request]:
    found = queries.search(queries.requests(request.actor), narrow["q"])
    if narrow["mine"]:
        found = found.filter(author=request.actor.user_id)
    if narrow["state"]:
        found = found.filter(state=narrow["state"])
    if narrow["team"]:
        found = found.filter(team__slug=narrow["team"])
    if narrow["environment"]:
        found = found.filter(environment__slug=narrow["environment"])
    if narrow["kind"]:
        of_kind = Item.objects.filter(request=OuterRef("pk"), kind=narrow["kind"])
        found = found.filter(Exists(of_kind))
    return found


def _what(request: Request) -> str:
    items = list(request.items.all())
    names = [item.name for item in items[:2]]
    more = f" and {len(items) - 2:,} more" if len(items) > 2 else ""
    return ", ".join(names) + more


def _do(request: PageRequest, number: int, action: Callable[[Request], Request]) -> HttpResponse:
    """Runs one service and goes to the request it gives; a refusal is said at this one."""
    found = access.get_request(request.actor, number, Action.VIEW)
    try:
        number = action(found).pk
    except (Conflict, NotAllowed, Refused) as error:
        messages.add_message(request, messages.ERROR, error.message, extra_tags="bad")
    return go(request, reverse("request", args=[number]))


def _detail(
    request: PageRequest,
    number: int,
    status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY,
    **said: str,
) -> HttpResponse:
    """The page; `said` are texts that were not taken (``comment_draft``), each with its error
    (``comment_error``), for the place where they were typed."""
    found = access.get_request(request.actor, number, Action.VIEW)
    ready = shown(found, request.actor)
    context = {"shown": ready, "production": ready.production, **said}
    return show(request, "requests/detail.html", context, status=status)


def _revision(request: PageRequest) -> int:
    text = request.POST.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def inbox_tabs(request: PageRequest, current: str, total: int = 0) -> list[Tab]:
    """The views of the inbox; `total` is how many the current one has, which is counted already."""
    titles = {"needs-me": "Needs me", "mine": "Mine", "my-teams": "My teams'"}

    def count(name: str) -> str:
        if name == current:
            return count_words(total)
        return count_words(
            needs_me(request) if name == "needs-me" else queries.counted(_INBOX[name](request))
        )

    tabs = [
        Tab(title, f"{reverse('inbox')}?view={name}", count(name), name == current)
        for name, title in titles.items()
    ]
    return [
        *tabs,
        Tab("Notices", reverse("notices"), None, current == "notices"),
        Tab("All requests", reverse("requests"), None, current == "all"),
    ]


_INBOX: dict[str, Callable[[PageRequest], QuerySet[Request]]] = {
    "needs-me": lambda request: queries.needs_me(request.actor),
    "mine": lambda request: queries.mine(request.actor),
    "my-teams": lambda request: queries.of_my_teams(request.actor),
}
