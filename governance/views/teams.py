"""Teams: who belongs to them, which applications act for them, what they own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from governance import kinds, lookups
from governance.errors import NotFound
from governance.models import Membership, Resource, Team
from governance.permissions import Action, allowed
from governance.views.pages import PageRequest, page, show
from governance.views.paging import by_number


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of a team with all she is in it."""

    name: str
    username: str
    email: str
    roles: Sequence[str]


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
    }
    return show(request, "teams/list.html", context, fragment="teams/_table.html")


@page
@require_GET
def team(request: PageRequest, slug: str) -> HttpResponse:
    found = Team.objects.filter(slug=slug).first()
    if found is None:
        raise NotFound(f"There is no team called {slug}. See the list of teams.")
    owned = by_number(request, lookups.resources_of(found), one="resource")
    context = {
        "team": found,
        "people": _people(lookups.people_of(found)),
        "applications": lookups.applications_of(found),
        "listed": owned,
        "owned": [_owned(resource) for resource in owned.rows],
        "may_manage": allowed(request.actor, Action.MANAGE_TEAM, "team", slug),
    }
    return show(request, "teams/detail.html", context)


def _people(memberships: Iterable[Membership]) -> list[Person]:
    roles: dict[int, list[str]] = {}
    users = {}
    for membership in memberships:
        users[membership.user_id] = membership.user
        roles.setdefault(membership.user_id, []).append(membership.get_role_display().lower())
    return [Person(str(u), u.username, u.email, roles[pk]) for pk, u in users.items()]


def _owned(resource: Resource) -> tuple[Resource, str]:
    """A resource and the list that shows it: it may live in several places."""
    known = {kind.name for kind in kinds.every()}
    plural = f"{resource.kind}s"
    return resource, f"/{plural}/?q={resource.name}" if resource.kind in known else ""
