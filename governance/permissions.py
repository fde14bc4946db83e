"""Who may do what: one table of role × action × kind, read from top to bottom.

`MATRIX` is the whole of it. The first row that names the action and the kind decides; nothing
else in the product compares roles. A refusal says which rule refused and who could, since "no"
without a way out sends people to somebody's desk.

Four things hold for every row: an owner of a team may do what its approvers may, they what its
requesters may, and those what its viewers may; an auditor only reads, as does whoever has no role
and no team yet; a service token acts as a requester of its own team at most, within its scopes, and
in no row without a scope; Weir itself acts everywhere but never approves.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from governance.actors import Actor, StandsIn
from governance.errors import NotAllowed


class Role(StrEnum):
    """What somebody can be. The first four are of one team, the next of the installation.

    Nobody is given the last two: a member has some role in some team, whichever.
    """

    VIEWER = "viewer"
    REQUESTER = "requester"
    APPROVER = "approver"
    OWNER = "owner"
    PLATFORM = "platform"
    STEWARD = "steward"
    AUDITOR = "auditor"
    MEMBER = "member"
    SIGNED_IN = "signed_in"


class Scope(StrEnum):
    """What a token may be used for. Writing includes reading."""

    API_READ = "api:read"
    API_WRITE = "api:write"
    REGISTRY_READ = "registry:read"
    REGISTRY_WRITE = "registry:write"


class Action(StrEnum):
    """What can be done to a thing."""

    VIEW = "view"
    REQUEST = "request"
    EDIT = "edit"
    COMMENT = "comment"
    WITHDRAW = "withdraw"
    RETRY = "retry"
    SUPERSEDE = "supersede"
    APPROVE_AS_OWNER = "approve_as_owner"
    APPROVE_AS_PLATFORM = "approve_as_platform"
    APPROVE_AS_STEWARD = "approve_as_steward"
    BREAK_GLASS = "break_glass"
    LOOK_AT_GLASS = "look_at_glass"
    ACCEPT_DRIFT = "accept_drift"
    REVERT_DRIFT = "revert_drift"
    IGNORE_DRIFT = "ignore_drift"
    CREATE_TEAM = "create_team"
    MANAGE_TEAM = "manage_team"
    MANAGE_MEMBERS = "manage_members"
    MANAGE_APPLICATIONS = "manage_applications"
    MANAGE_TOKENS = "manage_tokens"
    LIMIT_RATE = "limit_rate"
    MANAGE_HOOKS = "manage_hooks"
    MANAGE_PEOPLE = "manage_people"
    MANAGE_ORG_ROLES = "manage_org_roles"
    MANAGE_POLICIES = "manage_policies"
    SIMULATE_POLICIES = "simulate_policies"
    MANAGE_CLUSTERS = "manage_clusters"
    MANAGE_ENVIRONMENTS = "manage_environments"
    FREEZE = "freeze"
    VERIFY_AUDIT = "verify_audit"
    READ_REGISTRY = "read_registry"
    WRITE_REGISTRY = "write_registry"
    GOVERN_SUBJECT = "govern_subject"


APPROVALS = frozenset(
    {Action.APPROVE_AS_OWNER, Action.APPROVE_AS_PLATFORM, Action.APPROVE_AS_STEWARD}
)
# What Weir itself never does, since a person must answer for it.
BY_PEOPLE = APPROVALS | {Action.BREAK_GLASS, Action.LOOK_AT_GLASS}

TEAM_ROLES = frozenset({Role.VIEWER, Role.REQUESTER, Role.APPROVER, Role.OWNER})
ORG_ROLES = frozenset({Role.PLATFORM, Role.STEWARD, Role.AUDITOR})

_KIND_WORDS = {
    "event": "line of the audit",
    "account": "person's account",
    "identity": "way to sign in",
    "hook": "webhook",
}

INCLUDES: dict[Role, frozenset[Role]] = {
    Role.OWNER: frozenset({Role.OWNER, Role.APPROVER, Role.REQUESTER, Role.VIEWER}),
    Role.APPROVER: frozenset({Role.APPROVER, Role.REQUESTER, Role.VIEWER}),
    Role.REQUESTER: frozenset({Role.REQUESTER, Role.VIEWER}),
}

SCOPE_INCLUDES: dict[str, frozenset[str]] = {
    Scope.API_WRITE: frozenset({Scope.API_WRITE, Scope.API_READ}),
    Scope.REGISTRY_WRITE: frozenset({Scope.REGISTRY_WRITE, Scope.REGISTRY_READ}),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the matrix.

    `kinds` None means every kind. `roles` are the least roles that suffice, any one of them.
    `scope` is what a token needs; None: no token may.
    """

    action: Action
    kinds: frozenset[str] | None
    roles: frozenset[Role]
    scope: Scope | None


def _row(action: Action, kinds: str, roles: str, scope: Scope | None) -> Row:
    return Row(
        action,
        None if kinds == "*" else frozenset(kinds.split()),
        frozenset(Role(role) for role in roles.split()),
        scope,
    )


A, S = Action, Scope

# fmt: off
MATRIX: tuple[Row, ...] = (
    #    action                 kinds          any of these roles           a token with
    _row(A.VIEW,                "event",       "auditor platform",          None),
    _row(A.VIEW,                "token",       "viewer auditor platform",   None),
    _row(A.VIEW,                "hook",        "viewer auditor platform",   None),
    _row(A.VIEW,                "draft",       "viewer auditor platform",   S.API_READ),
    _row(A.VIEW,                "account",     "auditor platform",          None),
    _row(A.VIEW,                "simulation",  "auditor platform",          None),
    _row(A.VIEW,                "identity",    "auditor platform",          None),
    _row(A.VIEW,                "*",           "signed_in",                 S.API_READ),
    _row(A.REQUEST,             "*",           "requester",                 S.API_WRITE),
    _row(A.EDIT,                "*",           "requester",                 S.API_WRITE),
    _row(A.COMMENT,             "*",           "member platform steward",   S.API_WRITE),
    _row(A.WITHDRAW,            "*",           "requester platform",        S.API_WRITE),
    _row(A.RETRY,               "*",           "requester platform",        S.API_WRITE),
    _row(A.SUPERSEDE,           "*",           "requester platform",        S.API_WRITE),
    _row(A.APPROVE_AS_OWNER,    "*",           "approver",                  None),
    _row(A.APPROVE_AS_PLATFORM, "*",           "platform",                  None),
    _row(A.APPROVE_AS_STEWARD,  "*",           "steward",                   None),
    _row(A.BREAK_GLASS,         "request",     "platform",                  None),
    _row(A.LOOK_AT_GLASS,       "request",     "platform",                  None),
    _row(A.ACCEPT_DRIFT,        "*",           "requester",                 S.API_WRITE),
    _row(A.REVERT_DRIFT,        "*",           "owner platform",            None),
    _row(A.IGNORE_DRIFT,        "*",           "owner platform",            None),
    _row(A.CREATE_TEAM,         "team",        "platform",                  None),
    _row(A.MANAGE_TEAM,         "team",        "owner platform",            None),
    _row(A.MANAGE_MEMBERS,      "team",        "owner platform",            None),
    _row(A.MANAGE_APPLICATIONS, "team",        "owner platform",            None),
    _row(A.MANAGE_TOKENS,       "token",       "owner platform",            None),
    _row(A.LIMIT_RATE,          "token",       "platform",                  None),
    _row(A.MANAGE_HOOKS,        "hook",        "owner platform",            None),
    _row(A.MANAGE_PEOPLE,       "person",      "platform",                  None),
    _row(A.MANAGE_ORG_ROLES,    "person",      "platform",                  None),
    _row(A.MANAGE_POLICIES,     "policy",      "platform",                  None),
    # What a draft would say of everybody's objects, so it takes who may put it in force.
    _row(A.SIMULATE_POLICIES,   "policy",      "platform",                  None),
    _row(A.MANAGE_CLUSTERS,     "cluster",     "platform",                  None),
    _row(A.MANAGE_ENVIRONMENTS, "environment", "platform",                  None),
    _row(A.FREEZE,              "environment", "platform",                  None),
    _row(A.VERIFY_AUDIT,        "event",       "auditor platform",          None),
    _row(A.READ_REGISTRY,       "subject",     "signed_in",                 S.REGISTRY_READ),
    _row(A.WRITE_REGISTRY,      "subject",     "requester",                 S.REGISTRY_WRITE),
    _row(A.GOVERN_SUBJECT,      "subject",     "owner platform",            None),
    _row(A.GOVERN_SUBJECT,      "context",     "platform",                  None),
)
# fmt: on

# What completes "You cannot …".
VERBS: dict[Action, str] = {
    A.VIEW: "see a {kind} of {team}",
    A.REQUEST: "ask for changes for {team}",
    A.EDIT: "edit a request of {team}",
    A.COMMENT: "comment",
    A.WITHDRAW: "withdraw a request of {team}",
    A.RETRY: "try a request of {team} again",
    A.SUPERSEDE: "replace a request of {team}",
    A.APPROVE_AS_OWNER: "decide for the owner, {team}",
    A.APPROVE_AS_PLATFORM: "decide for the platform team",
    A.APPROVE_AS_STEWARD: "decide as data steward",
    A.BREAK_GLASS: "break the glass",
    A.LOOK_AT_GLASS: "look at a broken glass",
    A.ACCEPT_DRIFT: "accept drift for {team}, which asks for a change",
    A.REVERT_DRIFT: "revert drift of {team}",
    A.IGNORE_DRIFT: "ignore drift of {team}",
    A.CREATE_TEAM: "create a team",
    A.MANAGE_TEAM: "change team {team}",
    A.MANAGE_MEMBERS: "change who belongs to {team}",
    A.MANAGE_APPLICATIONS: "change the applications of {team}",
    A.MANAGE_TOKENS: "issue or revoke tokens of {team}",
    A.LIMIT_RATE: "say how many requests a second a token may send",
    A.MANAGE_HOOKS: "change webhooks of {team}",
    A.MANAGE_PEOPLE: "change people's accounts",
    A.MANAGE_ORG_ROLES: "give roles of the whole installation",
    A.MANAGE_POLICIES: "change policies",
    A.SIMULATE_POLICIES: "try out policies on everybody's objects",
    A.MANAGE_CLUSTERS: "change clusters",
    A.MANAGE_ENVIRONMENTS: "change environments",
    A.FREEZE: "freeze an environment, or lift a freeze",
    A.VERIFY_AUDIT: "verify the audit",
    A.READ_REGISTRY: "read schemas",
    A.WRITE_REGISTRY: "write schemas of {team}",
    A.GOVERN_SUBJECT: "say how a {kind} of {team} is written, and by whom",
}


@dataclass(frozen=True, slots=True)
class Decision:
    """Yes or no, and why. `who` are the roles that could ("owner:payments", "platform")."""

    ok: bool
    why: str
    rule: str
    who: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.ok


@lru_cache(maxsize=512)
def row_for(action: Action, kind: str) -> Row | None:
    """The row that decides; None where the action does not exist for that kind."""
    for row in MATRIX:
        if row.action is action and (row.kinds is None or kind in row.kinds):
            return row
    return None


def allowed(actor: Actor, action: Action, kind: str, team: str | None = None) -> Decision:
    """Whether the actor may do this to a thing of that kind that belongs to `team`.

    Without a team (a thing nobody owns, or one of the whole installation) a role in some team
    gives no right: only roles of the installation count.
    """
    row = row_for(action, kind)
    if row is None:
        return Decision(False, f"There is no “{action}” for a {kind}.", f"{action}/{kind}")
    rule, who = f"{action}/{kind}", who_could(row, team)

    def no(reason: str) -> Decision:
        whose = team or "this installation"
        verb = VERBS[action].format(kind=_KIND_WORDS.get(kind, kind), team=whose)
        return Decision(False, f"You cannot {verb}: {reason}", rule, who)

    if actor.kind == "system":
        if action in BY_PEOPLE:
            return no(f"Weir itself never approves, {_people(row.roles, team)} must.")
        return Decision(True, "Weir itself acts under what was approved.", rule, who)
    if actor.scopes is not None and not _in_scope(actor.scopes, row.scope):
        if row.scope is None:
            return no(f"no token may, {_people(row.roles, team)} must do it in person.")
        return no(f"{actor.name} lacks the scope {row.scope}. Use a token that has it.")
    if actor.kind == "anonymous":
        if actor.scopes is not None:
            return Decision(True, "This installation lets everybody do this.", rule, who)
        return no("you are not signed in. Sign in first.")
    held = row.roles & roles_of(actor, team)
    if held:
        return Decision(True, f"You are {_article(min(held), team)}.", rule, who)
    return no(f"this takes {_people(row.roles, team)}.")


def demand(actor: Actor, action: Action, kind: str, team: str | None = None) -> None:
    """Raise NotAllowed, with the reason and who could, where `allowed` says no."""
    decision = allowed(actor, action, kind, team)
    if not decision.ok:
        raise NotAllowed(decision.why, rule=decision.rule, who=decision.who)


def roles_of(actor: Actor, team: str | None) -> frozenset[Role]:
    """All roles that the actor holds towards a thing of that team, those included by others too."""
    if not actor.signed_in:
        return frozenset()
    held = {Role.SIGNED_IN}
    held |= {Role(name) for name in actor.org_roles if name in ORG_ROLES}
    if any(TEAM_ROLES.intersection(roles) for roles in actor.teams.values()):
        held.add(Role.MEMBER)
    for name in actor.teams.get(team, frozenset()) if team else ():
        if name in TEAM_ROLES:
            held |= INCLUDES.get(Role(name), frozenset({Role(name)}))
    if actor.kind == "token":  # whatever the row says, no more than a requester of its team
        held -= {Role.APPROVER, Role.OWNER, *ORG_ROLES}
    return frozenset(held)


def including(role: Role) -> frozenset[Role]:
    """Every role whose holders have this one: itself, and those that include it."""
    return frozenset({role} | {other for other, less in INCLUDES.items() if role in less})


# Who decides for the owner of a thing, as a member of the team that owns it.
DECIDING = including(Role.APPROVER)


def teams_where(actor: Actor, action: Action, kind: str) -> frozenset[str]:
    """The actor's teams for which she may do this: choices of a form, "needs me" of the inbox."""
    return frozenset(team for team in actor.teams if allowed(actor, action, kind, team).ok)


def approval(role: str) -> tuple[Action, str | None]:
    """The action and the team of a requirement's role ("owner:payments", "platform", "steward").

    "owner:payments" is asked for the owner, which an approver can answer as well as an owner.
    "second:payments" takes the same; that it is another person is a matter of four eyes.

    Raises ValueError for a role that nobody can approve as.
    """
    name, _, team = role.partition(":")
    match name, team:
        case ("owner" | "second", _) if team:
            return Action.APPROVE_AS_OWNER, team
        case ("platform", ""):
            return Action.APPROVE_AS_PLATFORM, None
        case ("steward", ""):
            return Action.APPROVE_AS_STEWARD, None
    raise ValueError(f"Nobody can approve as {role!r}.")


def could_meet(role: str) -> tuple[str, ...]:
    """The roles that meet a requirement's, named as `who_could` names them; none for what nobody
    approves as."""
    try:
        action, team = approval(role)
    except ValueError:
        return ()
    row = row_for(action, "request")
    return who_could(row, team) if row else ()


def can_approve_as(actor: Actor, role: str, kind: str = "request") -> Decision:
    """Whether the actor's rights meet a requirement of that role; four eyes are checked apart."""
    action, team = approval(role)
    return allowed(actor, action, kind, team)


def approver_roles(actor: Actor) -> frozenset[str]:
    """Every requirement role that the actor could meet, by her own right or for somebody whom she
    stands in for."""
    return own_approver_roles(actor).union(*(handed_over(one) for one in actor.stands_in))


def own_approver_roles(actor: Actor) -> frozenset[str]:
    """Every requirement role that the actor could meet by her own right, which is what she can hand
    over to another."""
    teams = teams_where(actor, Action.APPROVE_AS_OWNER, "request")
    roles = {f"{name}:{team}" for name in ("owner", "second") for team in teams}
    return frozenset(
        roles | {name for name in ("platform", "steward") if can_approve_as(actor, name).ok}
    )


def handed_over(one: StandsIn) -> frozenset[str]:
    """The roles that can be met for him now: what he handed over and holds himself today. Who may
    be the owner's voice may be the second one."""
    given = one.roles | {
        f"second:{role.removeprefix('owner:')}" for role in one.roles if role.startswith("owner:")
    }
    return own_approver_roles(one.giver) & given


@dataclass(frozen=True, slots=True)
class Capacity:
    """How somebody may meet a requirement: by her own right, or for another."""

    role: str
    stands_in: StandsIn | None = None

    @property
    def delegation(self) -> int | None:
        """The delegation that it rests on."""
        return self.stands_in.delegation if self.stands_in else None

    @property
    def words(self) -> str:
        """ "an approver or owner of payments", "an approver or owner of payments, for Ben"."""
        for_whom = f", for {self.stands_in.title}" if self.stands_in else ""
        return role_in_words(self.role) + for_whom


def capacity(actor: Actor, role: str, *, not_for: Collection[int] = ()) -> Capacity | None:
    """How the actor may meet a requirement of that role; None where she may not at all.

    Her own right comes first. `not_for` are ids of people in whose name she may not: whoever wrote
    the request, or has agreed to it already.
    """
    if role in own_approver_roles(actor):
        return Capacity(role)
    for one in actor.stands_in:
        if one.giver.user_id not in not_for and role in handed_over(one):
            return Capacity(role, one)
    return None


def role_in_words(role: str) -> str:
    """Who meets a requirement of that role: "an approver or owner of payments", "the platform
    team", "a data steward". A policy says "second" of whatever team owns the thing."""
    name, _, team = role.partition(":")
    if team and name == "owner":
        return _article(Role.APPROVER, team)
    if name == "second":
        return f"a second approver or owner of {team or 'the team that owns it'}"
    return _article(Role(name), team or None) if name in set(Role) else role


@lru_cache(maxsize=1_024)
def who_could(row: Row, team: str | None) -> tuple[str, ...]:
    """Requirement-style names of the roles that suffice, so that a page can name the people."""
    names = []
    for role in Role:
        if role not in row.roles:
            continue
        if role in TEAM_ROLES:
            if team:
                names.append(f"{role}:{team}")
        else:
            names.append(str(role))
    return tuple(names)


def _in_scope(scopes: frozenset[str], needed: Scope | None) -> bool:
    return needed is not None and any(
        needed in SCOPE_INCLUDES.get(scope, frozenset({scope})) for scope in scopes
    )


@lru_cache(maxsize=1_024)
def _people(roles: frozenset[Role], team: str | None) -> str:
    words = [
        _article(role, team) for role in Role if role in roles and (team or role not in TEAM_ROLES)
    ]
    if not words:
        return "an owning team, which it does not have: the platform team can set one"
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def _article(role: Role, team: str | None) -> str:
    match role:
        case Role.VIEWER:
            return f"a member of {team}"
        case Role.REQUESTER:
            return f"a requester, approver or owner of {team}"
        case Role.APPROVER:
            return f"an approver or owner of {team}"
        case Role.OWNER:
            return f"an owner of {team}"
        case Role.PLATFORM:
            return "the platform team"
        case Role.STEWARD:
            return "a data steward"
        case Role.AUDITOR:
            return "an auditor"
        case Role.MEMBER:
            return "a member of a team"
        case Role.SIGNED_IN:
            return "somebody who is signed in"
