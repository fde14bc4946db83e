"""What every template may use: the places of the top bar, the theme, who is signed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from structlog.contextvars import get_contextvars

from governance import queries
from governance.actors import Actor
from governance.middleware import actor_of
from governance.models import TeamRole
from governance.permissions import Action, allowed, teams_where
from governance.services import glass

THEME_COOKIE = "weir_theme"
KEYS_COOKIE = "weir_keys"
THEMES = ("light", "dark")
# Where the number of what needs its reader is kept for one page, so that it is counted once.
NEEDS_ME = "needs_me_counted"

# Title, address, what must be seen to have it, and the beginnings of addresses that belong to it.
PLACES = (
    ("Inbox", "inbox", "request", ("/inbox/", "/requests/")),
    ("Topics", "topics", "topic", ("/topics/", "/drift/")),
    ("Subjects", "subjects", "subject", ("/subjects/",)),
    ("Clusters", "clusters", "cluster", ("/clusters/",)),
    ("Policies", "policies", "policy", ("/policies/", "/waivers/", "/simulations/", "/facts/")),
    ("Audit", "audit", "event", ("/audit/",)),
    (
        "Teams",
        "teams",
        "team",
        ("/teams/", "/people/", "/environments/", "/tokens/", "/hooks/", "/sign-in-setup/"),
    ),
)


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the top bar."""

    title: str
    url: str
    current: bool
    count: str = ""


@dataclass(frozen=True, slots=True)
class Chrome:
    """What stands around every page, and whether its reader can ask for changes."""

    actor: Actor
    places: tuple[Place, ...]
    theme: str
    next_theme: str
    keys: bool
    query: str
    roles: str
    unread: int = 0

    @property
    def unread_words(self) -> str:
        """How many notices are unread, as the top bar has room for."""
        return count_words(self.unread)

    @property
    def can_ask(self) -> bool:
        """Whether a link to a new request would open it."""
        return bool(teams_where(self.actor, Action.REQUEST, "request"))

    @property
    def why_not_ask(self) -> str:
        """Why it would not, and what to do; reads the database, so only where it is printed."""
        return queries.why_cannot_ask(self.actor)


def page(request: HttpRequest) -> Mapping[str, object]:
    """The context processor; reads the database only when a template prints it."""
    return {
        "chrome": SimpleLazyObject(lambda: chrome(request)),
        "request_uid": get_contextvars().get("request_id", ""),
    }


def chrome(request: HttpRequest) -> Chrome:
    """Theme and keys for everybody; places and counts for people who are signed in."""
    theme = request.COOKIES.get(THEME_COOKIE, "")
    theme = theme if theme in THEMES else ""
    actor = actor_of(request)
    return Chrome(
        actor=actor,
        places=_places(request, actor) if actor.signed_in else (),
        theme=theme,
        next_theme="light" if theme == "dark" else "dark",
        keys=request.COOKIES.get(KEYS_COOKIE) != "off",
        query=request.GET.get("q", "") if request.path == reverse("search") else "",
        roles=roles_in_words(actor),
        unread=queries.unread_notices(actor),
    )


def roles_in_words(actor: Actor) -> str:
    """``owner of payments, platform``: what somebody is, for the menu under her name."""
    rank = TeamRole.values.index
    teams = [f"{max(roles, key=rank)} of {team}" for team, roles in actor.teams.items()]
    return ", ".join([*teams, *sorted(actor.org_roles)])


def count_words(count: int) -> str:
    """A number that `queries.counted` gave, as far as it was counted: ``7``, ``99+``."""
    most = queries.MOST_COUNTED
    return f"{most}+" if count > most else str(count)


def needs_me(request: HttpRequest) -> int:
    """How many requests wait for whoever reads the page; counted once for it."""
    known: int | None = getattr(request, NEEDS_ME, None)
    if known is None:
        known = queries.counted(queries.needs_me(actor_of(request)))
        setattr(request, NEEDS_ME, known)
    return known


def _places(request: HttpRequest, actor: Actor) -> tuple[Place, ...]:
    waiting = needs_me(request) + queries.counted(glass.waits_for(actor))
    return tuple(
        Place(
            title=title,
            url=reverse(name),
            current=request.path.startswith(beginnings),
            count=count_words(waiting) if waiting and name == "inbox" else "",
        )
        for title, name, kind, beginnings in PLACES
        if allowed(actor, Action.VIEW, kind).ok
    )
