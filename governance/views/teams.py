"""Teams: who belongs to them, which applications act for them, what they own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from governance import access, kinds, lookups
from governance.errors import Conflict, Invalid, NotFound
from governance.forms import ApplicationForm, MemberForm, TeamForm, refuse
from governance.models import Membership, Resource, Source
from governance.permissions import Action, allowed, demand
from governance.services import teams as service
from governance.services.identities import label_of
from governance.views import carried
from governance.views.pages import PageRequest, go, page, show
from governance.views.paging import by_number
from governance.views.tabs import organisation


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of a team with all she is in it."""

    name: str
    username: str
    email: str
    roles: Sequence[tuple[str, str]]


@page
@require_GET
def teams(request: PageRequest) -> HttpResponse:
    words = request.GET.get("q", "").strip()[:80]
    listed = by_number(request, lookups.teams(words), one="team")
    may_create = allowed(request.actor, Action.CREATE_TEAM, "team")
    context = {
        "listed": listed,
        "words": words,
        "mine": set(request.actor.teams),
        "may_create": may_create.ok,
        "why_not": may_create.why,
        "tabs": organisation(request.actor, "teams"),
    }
    return show(request, "teams/list.html", context, fragment="teams/_table.html")


@page
@require_http_methods(["GET", "POST"])
def new(request: PageRequest) -> HttpResponse:
    """A new team, by the platform team."""
    demand(request.actor, Action.CREATE_TEAM, "team")
    form = TeamForm(request.POST or None, initial=carried.initial(request))
    if request.method == "POST" and form.is_valid():
        try:
            made = service.create(**form.cleaned_data, by=request.actor)
        except (Conflict, Invalid) as error:
            refuse(form, error)
        else:
            return go(request, reverse("team", args=[made.slug]))
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return show(request, "teams/form.html", {"form": form}, status=status)


@page
@require_GET
def team(request: PageRequest, slug: str) -> HttpResponse:
    return _team(request, slug)


@page
@require_POST
def add_member(request: PageRequest, slug: str) -> HttpResponse:
    form = MemberForm(request.POST)
    if form.is_valid():
        try:
            service.add_member(slug, **form.cleaned_data, by=request.actor)
        except (Invalid, NotFound) as error:
            refuse(form, error)
        else:
            return go(request, reverse("team", args=[slug]))
    return _team(request, slug, member_form=form)


@page
@require_POST
def remove_member(request: PageRequest, slug: str) -> HttpResponse:
    username, role = request.POST.get("username", ""), request.POST.get("role", "")
    try:
        service.remove_member(slug, username=username, role=role, by=request.actor)
    except (Conflict, NotFound) as error:
        messages.add_message(request, messages.ERROR, error.message, extra_tags="bad")
    return go(request, reverse("team", args=[slug]))


@page
@require_POST
def add_application(request: PageRequest, slug: str) -> HttpResponse:
    form = ApplicationForm(request.POST)
    if form.is_valid():
        typed = {**form.cleaned_data, "prefixes": form.cleaned_data["prefixes"].split()}
        try:
            service.create_application(slug, **typed, by=request.actor)
        except (Conflict, Invalid) as error:
            refuse(form, error)
        else:
            return go(request, reverse("team", args=[slug]))
    return _team(request, slug, application_form=form)


def _team(
    request: PageRequest,
    slug: str,
    *,
    member_form: MemberForm | None = None,
    application_form: ApplicationForm | None = None,
) -> HttpResponse:
    """The page of a team, with the form that was refused, if one was."""
    found = access.get_team(request.actor, slug)
    owned = by_number(request, lookups.resources_of(found), one="resource")
    members = allowed(request.actor, Action.MANAGE_MEMBERS, "team", slug)
    programs = allowed(request.actor, Action.MANAGE_APPLICATIONS, "team", slug)
    refused = member_form or application_form
    typed = carried.initial(request)
    context = {
        "team": found,
        "people": _people(lookups.people_of(found)),
        "applications": lookups.applications_of(found),
        "listed": owned,
        "owned": [_owned(resource) for resource in owned.rows],
        "may_people": members,
        "may_change": allowed(request.actor, Action.MANAGE_TEAM, "team", slug).ok,
        "member_form": (member_form or MemberForm(initial=typed)) if members.ok else None,
        "application_form": (
            (application_form or ApplicationForm(initial=typed)) if programs.ok else None
        ),
        "application_open": application_form is not None or "principal" in typed,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK
    return show(request, "teams/detail.html", context, status=status)


def _people(memberships: Iterable[Membership]) -> list[Person]:
    roles: dict[int, list[tuple[str, str]]] = {}
    users = {}
    for membership in memberships:
        users[membership.user_id] = membership.user
        title = membership.get_role_display().lower()
        if membership.source != Source.MANUAL:
            title = f"{title} by {label_of(membership.source)}"
        roles.setdefault(membership.user_id, []).append((membership.role, title))
    return [Person(str(u), u.username, u.email, roles[pk]) for pk, u in users.items()]


def _owned(resource: Resource) -> tuple[Resource, str]:
    """A resource and the list that shows it: it may live in several places."""
    known = {kind.name for kind in kinds.every()}
    plural = f"{resource.kind}s"
    return resource, f"/{plural}/?q={resource.name}" if resource.kind in known else ""
