"""Reads of teams, people, policies, tokens and the audit. Requests are in `queries.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Func, IntegerField, OuterRef, Q, QuerySet, Subquery

from governance import access, sealer
from governance.actors import Actor
from governance.models import (
    Application,
    Delivery,
    Environment,
    Event,
    Freeze,
    Hook,
    Membership,
    Policy,
    PolicyVersion,
    Request,
    Requirement,
    Resource,
    Seal,
    ServiceToken,
    Team,
    User,
)
from governance.permissions import Action, allowed, teams_where
from governance.workflow import OPEN

MOST_TOKENS = 500


def open_requirements(request_ids: Sequence[int]) -> Mapping[int, list[str]]:
    """Roles that still have to agree, by request."""
    found: dict[int, list[str]] = {}
    rows = Requirement.objects.filter(
        request__in=request_ids, review__isnull=True, revision=F("request__revision")
    )
    for request_id, role in rows.values_list("request_id", "role"):
        found.setdefault(request_id, []).append(role)
    return found


# --- The audit --------------------------------------------------------------------------------


def events(actor: Actor, *, words: str = "", action: str = "", team: str = "") -> QuerySet[Event]:
    """Events of the audit with the seal they lie in. Raises NotAllowed, which says who may."""
    found = access.visible_events(actor).select_related("sealed")
    if action:
        found = found.filter(action=action)
    if team:
        found = found.filter(team=team)
    if words:
        found = found.filter(
            Q(actor_name__istartswith=words)
            | Q(object_name__istartswith=words)
            | Q(action__istartswith=words)
        )
    return found


@dataclass(frozen=True, slots=True)
class SealStatus:
    """How far the audit is sealed."""

    latest: Seal | None
    unsealed: int
    counted_all: bool


def seal_status() -> SealStatus:
    """The latest seal, and how many events came after it (counted up to a limit)."""
    waiting = sealer.waiting().count
    latest = Seal.objects.order_by("-number").first()
    return SealStatus(latest, waiting, waiting < sealer.MOST_COUNTED)


# --- Teams ------------------------------------------------------------------------------------


def every_team() -> QuerySet[Team]:
    """All teams, as a choice of them needs no more."""
    return Team.objects.order_by("slug")


def teams(words: str = "") -> QuerySet[Team]:
    """Teams whose name contains the words, with how much each has."""
    matches = Q(slug__icontains=words) | Q(name__icontains=words)
    return (
        Team.objects.filter(matches)
        .select_related("successor")
        # Each counted by itself: joined, every person would meet every thing of her team.
        .annotate(
            people=_counted(Membership.objects.filter(team=OuterRef("pk")), "user", distinct=True),
            programs=_counted(Application.objects.filter(team=OuterRef("pk"))),
            things=_counted(Resource.objects.filter(owner=OuterRef("pk"))),
        )
        .order_by("slug")
    )


def _counted(rows: QuerySet[Any], of: str = "pk", *, distinct: bool = False) -> Subquery:
    counted = Func(F(of), function="COUNT", template=_DISTINCT if distinct else _COUNT)
    return Subquery(rows.order_by().annotate(n=counted).values("n"), output_field=IntegerField())


_COUNT = "%(function)s(%(expressions)s)"
_DISTINCT = "%(function)s(DISTINCT %(expressions)s)"


def people_of(team: Team) -> QuerySet[Membership]:
    """Roles held in a team, by person."""
    members = Membership.objects.filter(team=team).select_related("user")
    return members.order_by("user__name", "user_id", "role", "source")


def applications_of(team: Team) -> QuerySet[Application]:
    """A team's applications with their prefixes."""
    return Application.objects.filter(team=team).prefetch_related("prefixes").order_by("name")


def resources_of(team: Team) -> QuerySet[Resource]:
    """What a team owns."""
    return Resource.objects.filter(owner=team).order_by("kind", "name")


def request_teams(actor: Actor) -> list[Team]:
    """Teams that the actor may ask for changes for."""
    slugs = teams_where(actor, Action.REQUEST, "request")
    return list(Team.objects.filter(slug__in=slugs).order_by("slug"))


# --- People -----------------------------------------------------------------------------------


def people(actor: Actor, words: str = "") -> QuerySet[User]:
    """Accounts whose name, sign-in name or mail contains the words, with their roles. Raises
    NotAllowed, which says who may see them."""
    matches = (
        Q(username__icontains=words) | Q(name__icontains=words) | Q(email__icontains=words)
        if words
        else Q()
    )
    found = access.visible_people(actor).filter(matches)
    return found.prefetch_related("org_roles", "memberships__team").order_by("username")


# --- Policies and environments ----------------------------------------------------------------


def policies(words: str = "") -> QuerySet[Policy]:
    """Policies by name; those whose name or title contains the words."""
    matches = Q(name__icontains=words) | Q(title__icontains=words)
    return Policy.objects.filter(matches).order_by("name")


def active_versions(rows: Sequence[Policy]) -> Mapping[int, PolicyVersion]:
    """The version in force of each policy, by its id."""
    found = PolicyVersion.objects.filter(policy__in=rows, active=True)
    return {version.policy_id: version for version in found}


def environments() -> QuerySet[Environment]:
    """All environments in their order."""
    return Environment.objects.order_by("position", "slug")


def freezes(environment: Environment) -> QuerySet[Freeze]:
    """The environment's freezes, the one that ends last first; those that were lifted too."""
    found = Freeze.objects.filter(environment=environment)
    people = found.select_related("environment", "declared_by", "lifted_by")
    return people.order_by("-ends_at", "-pk")


def environment_of_context(context: str) -> Environment | None:
    """The environment of a registry context; of several that share it the last by their order,
    which is the strictest."""
    rows = Environment.objects.filter(registry_context=context)
    return rows.order_by("-position", "-slug").first()


def environments_of_context(context: str) -> list[str]:
    """Short names of all environments whose subjects lie in a registry context."""
    rows = Environment.objects.filter(registry_context=context).order_by("position", "slug")
    return list(rows.values_list("slug", flat=True))


def registry_contexts() -> list[str]:
    """Registry contexts of the environments."""
    names = Environment.objects.order_by("registry_context").values_list(
        "registry_context", flat=True
    )
    return list(names.distinct())


# --- Tokens -----------------------------------------------------------------------------------


def tokens(actor: Actor) -> list[ServiceToken]:
    """Tokens of the teams whose tokens the actor may see, those that work first."""
    by_state = F("revoked_at").desc(nulls_first=True)
    found = access.visible_tokens(actor)
    return list(found.order_by(by_state, "team__slug", "name")[:MOST_TOKENS])


def teams_for_tokens(actor: Actor) -> list[Team]:
    """Teams that the actor may issue tokens for."""
    if allowed(actor, Action.MANAGE_TOKENS, "token").ok:
        return list(Team.objects.order_by("slug"))
    slugs = teams_where(actor, Action.MANAGE_TOKENS, "token")
    return list(Team.objects.filter(slug__in=slugs).order_by("slug"))


# --- The installation -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WhatThereIs:
    """How much an installation holds."""

    environments: int
    teams: int
    requests: int
    resources: int
    open: int


def what_there_is() -> WhatThereIs:
    """Counts for the start page."""
    return WhatThereIs(
        environments=Environment.objects.count(),
        teams=Team.objects.count(),
        requests=Request.objects.count(),
        resources=Resource.objects.count(),
        open=Request.objects.filter(state__in=OPEN).count(),
    )


def history(kind: str, object_id: str, *, limit: int = 100) -> list[Event]:
    """What happened to one thing, newest first."""
    found = Event.objects.filter(object_kind=kind, object_id=object_id)
    return list(found.order_by("-pk")[:limit])


# --- Webhooks ---------------------------------------------------------------------------------

MOST_HOOKS = 500


def hooks(actor: Actor) -> list[Hook]:
    """Webhooks this actor may see, those of the whole installation first."""
    found = access.visible_hooks(actor)
    return list(found.order_by(F("team__slug").asc(nulls_first=True), "name")[:MOST_HOOKS])


def teams_for_hooks(actor: Actor) -> list[tuple[str, str]]:
    """Where the actor may register one: short names of teams and "", the installation, each with
    its title; none for somebody who may not."""
    whole = allowed(actor, Action.MANAGE_HOOKS, "hook").ok
    slugs = teams_where(actor, Action.MANAGE_HOOKS, "hook")
    found = Team.objects.all() if whole else Team.objects.filter(slug__in=slugs)
    teams = [(slug, slug) for slug in found.order_by("slug").values_list("slug", flat=True)]
    return [*teams, ("", "Everything here")] if whole else teams


def deliveries_of(hook: Hook) -> QuerySet[Delivery]:
    """What was sent to a webhook, or is to be, newest first."""
    return Delivery.objects.filter(hook=hook).select_related("request").order_by("-pk")
