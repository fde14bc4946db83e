"""The only way to load a row for somebody.

What an actor may not see looks like what is not there: NotFound, the same sentence. What she sees
but may not do raises NotAllowed, with who could. Lists are querysets that hold visible rows only.
"""

from __future__ import annotations

from django.db.models import Q, QuerySet

from governance.actors import Actor
from governance.errors import NotAllowed, NotFound
from governance.models import (
    BrokenGlass,
    Delegation,
    Event,
    Hook,
    Request,
    ServiceToken,
    Simulation,
    Team,
    User,
    Waiver,
)
from governance.permissions import Action, allowed, demand, teams_where
from governance.workflow import State


def visible_requests(actor: Actor) -> QuerySet[Request]:
    """Requests this actor may see: all that were submitted, and drafts of her own teams."""
    if not allowed(actor, Action.VIEW, "request"):
        return Request.objects.none()
    if allowed(actor, Action.VIEW, "draft"):
        return Request.objects.all()
    submitted = ~Q(state=State.DRAFT) | Q(submitted_at__isnull=False)
    teams = list(teams_where(actor, Action.VIEW, "draft"))
    return Request.objects.filter(submitted | Q(team__slug__in=teams))


def get_request(actor: Actor, pk: int, action: Action = Action.VIEW) -> Request:
    """The request, for somebody who may see it and do this with it."""
    request = (
        visible_requests(actor)
        .select_related("team", "environment", "author")
        .filter(pk=pk)
        .first()
    )
    if request is None:
        raise NotFound(f"There is no request #{pk} that you can see.", request=pk)
    demand(actor, action, "request", request.team.slug)
    return request


def get_glass(actor: Actor, pk: int) -> BrokenGlass:
    """The broken glass of a request that this actor may see."""
    found = BrokenGlass.objects.filter(pk=pk, request__in=visible_requests(actor)).first()
    if found is None:
        raise NotFound("There is no such broken glass that you can see.", glass=pk)
    return found


def lock_request(actor: Actor, pk: int, action: Action = Action.VIEW) -> Request:
    """The same, locked as it stands now until the caller's transaction ends."""
    get_request(actor, pk, action)
    return locked_request(pk)


def locked_request(pk: int) -> Request:
    """The row, locked, where nobody has to be asked any more."""
    return (
        Request.objects.select_related("team", "environment")
        .select_for_update(of=("self",))
        .get(pk=pk)
    )


def visible_teams(actor: Actor) -> QuerySet[Team]:
    """Teams this actor may see: all, for everybody who is signed in."""
    return Team.objects.all() if allowed(actor, Action.VIEW, "team") else Team.objects.none()


def get_team(actor: Actor, slug: str, action: Action = Action.VIEW, *, kind: str = "team") -> Team:
    """The team, for somebody who may do this with it (or with its things of that kind)."""
    team = visible_teams(actor).filter(slug=slug).first()
    if team is None:
        raise NotFound(f"There is no team {slug}.", team=slug)
    demand(actor, action, kind, slug)
    return team


def visible_people(actor: Actor) -> QuerySet[User]:
    """Accounts, for those who manage or watch over them. Raises NotAllowed for others, with who
    may: that somebody exists is no secret, her mail and whether she can sign in are."""
    demand(actor, Action.VIEW, "account")
    return User.objects.all()


def get_person(actor: Actor, username: str) -> User:
    """The account of that name, for somebody who may see accounts."""
    person = visible_people(actor).filter(username=username).first()
    if person is None:
        raise NotFound(f"There is nobody called {username}.", person=username)
    return person


def visible_tokens(actor: Actor) -> QuerySet[ServiceToken]:
    """Tokens this actor may see: those of her teams, or all with a role that watches over them."""
    tokens = ServiceToken.objects.select_related("team", "created_by")
    if allowed(actor, Action.VIEW, "token"):
        return tokens
    return tokens.filter(team__slug__in=list(teams_where(actor, Action.VIEW, "token")))


def get_token(actor: Actor, pk: int, action: Action = Action.VIEW) -> ServiceToken:
    """The token, for somebody who may see it and do this with it."""
    token = visible_tokens(actor).filter(pk=pk).first()
    if token is None:
        raise NotFound("There is no such token that you can see.", token=pk)
    demand(actor, action, "token", token.team.slug)
    return token


def visible_waivers(actor: Actor) -> QuerySet[Waiver]:
    """Waivers this actor may see: all, for everybody who is signed in. An exception that nobody
    else knows of would be a hole in the rule."""
    waivers = Waiver.objects.select_related("policy", "team", "environment", "request")
    return waivers if allowed(actor, Action.VIEW, "waiver") else waivers.none()


def get_waiver(actor: Actor, pk: int) -> Waiver:
    """The waiver, for somebody who may see it."""
    waiver = visible_waivers(actor).filter(pk=pk).first()
    if waiver is None:
        raise NotFound(f"There is no waiver {pk}.", waiver=pk)
    return waiver


def visible_delegations(actor: Actor) -> QuerySet[Delegation]:
    """Delegations this actor may see: all, for everybody who is signed in. Who waits for somebody
    who is away must find who decides for her."""
    found = Delegation.objects.select_related("giver", "taker")
    return found if allowed(actor, Action.VIEW, "delegation") else found.none()


def get_delegation(actor: Actor, pk: int) -> Delegation:
    """The delegation, for somebody who may see it."""
    found = visible_delegations(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such delegation.", delegation=pk)
    return found


def get_simulation(actor: Actor, pk: int) -> Simulation:
    """The simulation, for somebody who may see it: it tells of everybody's objects."""
    demand(actor, Action.VIEW, "simulation")
    found = Simulation.objects.select_related("author").filter(pk=pk).first()
    if found is None:
        raise NotFound(f"There is no simulation {pk}. It is kept for a week.", simulation=pk)
    return found


def visible_hooks(actor: Actor) -> QuerySet[Hook]:
    """Webhooks this actor may see: her teams', or all with a role that watches over them."""
    hooks = Hook.objects.select_related("team", "created_by")
    if allowed(actor, Action.VIEW, "hook"):
        return hooks
    return hooks.filter(team__slug__in=list(teams_where(actor, Action.VIEW, "hook")))


def get_hook(actor: Actor, pk: int, action: Action = Action.VIEW) -> Hook:
    """The webhook, for somebody who may see it and do this with it."""
    hook = visible_hooks(actor).filter(pk=pk).first()
    if hook is None:
        raise NotFound("There is no such webhook that you can see.", hook=pk)
    demand(actor, action, "hook", hook.team.slug if hook.team else None)
    return hook


def visible_events(actor: Actor) -> QuerySet[Event]:
    """The audit, for those who may read it. Raises NotAllowed for others, with who may: an empty
    list would look like a quiet day."""
    decision = allowed(actor, Action.VIEW, "event")
    if not decision:
        raise NotAllowed(decision.why, rule=decision.rule, who=decision.who)
    return Event.objects.all()
