"""People and things for tests: builders with good defaults, and a small cast.

Each builder writes the event that a governed row needs, in the same transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from django.db import transaction

from governance import audit
from governance.actors import Actor, actor_for_user, system_actor
from governance.models import (
    Environment,
    Hook,
    Membership,
    OrgRole,
    Policy,
    PolicyVersion,
    ServiceToken,
    Team,
    User,
)
from governance.notices.table import FOR_HOOKS
from governance.services import tokens

BY = system_actor("tests")
DAY_MS = 86_400_000
_numbers = count(1)


@transaction.atomic
def make_team(slug: str = "payments") -> Team:
    """The team of that name; made when it is not there yet."""
    team, made = Team.objects.get_or_create(slug=slug, defaults={"name": slug.capitalize()})
    if made:
        audit.record("team.created", by=BY, about=team, team=slug)
    return team


@transaction.atomic
def make_user(
    username: str = "", *, team: str = "", roles: tuple[str, ...] = (), org: tuple[str, ...] = ()
) -> User:
    """A person with roles in one team and in the installation; the password is the username."""
    name = username or f"person-{next(_numbers)}"
    user = User.objects.create_user(name, password=name)
    user.name = name.capitalize()
    user.save(update_fields=["name"])
    for role in roles:
        Membership.objects.create(user=user, team=make_team(team), role=role)
    for role in org:
        OrgRole.objects.create(user=user, role=role)
    audit.record("person.created", by=BY, about=user)
    return user


def make_actor(
    username: str = "", *, team: str = "", roles: tuple[str, ...] = (), org: tuple[str, ...] = ()
) -> Actor:
    """The actor of a new person."""
    return actor_for_user(make_user(username, team=team, roles=roles, org=org))


def make_approver(username: str = "approver", team: str = "payments") -> Actor:
    """Somebody who decides for a team and does not own it."""
    return make_actor(username, team=team, roles=("approver",))


@transaction.atomic
def make_environment(
    slug: str = "production",
    *,
    production: bool = False,
    retention_limit_ms: int | None = 30 * DAY_MS,
    max_partitions: int | None = None,
    registry_context: str = ".",
) -> Environment:
    """The environment of that name; made when it is not there yet."""
    environment, made = Environment.objects.get_or_create(
        slug=slug,
        defaults={
            "name": slug.capitalize(),
            "production": production,
            "retention_limit_ms": retention_limit_ms,
            "max_partitions": max_partitions,
            "registry_context": registry_context,
        },
    )
    if made:
        audit.record("environment.created", by=BY, about=environment)
    return environment


@transaction.atomic
def make_policy(
    name: str,
    *,
    kind: str = "toy",
    expression: str = "true",
    severity: str = "deny",
    approver: str = "",
    path: str = "",
    message: str = "The rule objects.",
    way_out: str = "Do it another way.",
    waiver: str = "platform",
) -> PolicyVersion:
    """An active first version of a policy."""
    policy = Policy.objects.create(name=name, owner="platform")
    version = PolicyVersion.objects.create(
        policy=policy,
        version=1,
        active=True,
        kind=kind,
        expression=expression,
        severity=severity,
        approver=approver,
        waiver=waiver,
        path=path,
        message=message,
        way_out=way_out,
    )
    audit.record("policy.created", by=BY, about=policy)
    return version


def make_token(team: str = "payments", *scopes: str, name: str = "") -> tuple[ServiceToken, str]:
    """A token of that team with these scopes (reading through the API without any), and its plain
    text."""
    return tokens.issue(
        name=name or f"token-{next(_numbers)}",
        team=make_team(team),
        scopes=scopes or ("api:read",),
        expires_at=None,
        by=BY,
    )


@transaction.atomic
def make_hook(
    team: str = "payments", address: str = "https://hooks.example.com/in", *, name: str = ""
) -> Hook:
    """A signed webhook of that team ("": of the whole installation), told of everything. Its
    secret is ``env:HOOK_SECRET``, so that no key is needed."""
    hook = Hook.objects.create(
        team=make_team(team) if team else None,
        name=name or f"hook-{next(_numbers)}",
        scheme=address.partition(":")[0],
        address=address,
        secret_ref="env:HOOK_SECRET",
        happenings=[h.value for h in FOR_HOOKS],
    )
    audit.record("hook.created", by=BY, about=hook, team=team)
    return hook


@dataclass(frozen=True, slots=True)
class Cast:
    """The people of a story, as actors, and their team."""

    team: Team
    requester: Actor
    owner: Actor
    second_owner: Actor
    viewer: Actor
    platform: Actor
    steward: Actor
    auditor: Actor
    outsider: Actor


def make_cast(slug: str = "payments") -> Cast:
    """A team with its people, one person for each role of the installation, and an outsider who
    owns another team."""
    team = make_team(slug)
    return Cast(
        team=team,
        requester=make_actor("requester", team=slug, roles=("requester",)),
        owner=make_actor("owner", team=slug, roles=("owner",)),
        second_owner=make_actor("second-owner", team=slug, roles=("owner",)),
        viewer=make_actor("viewer", team=slug, roles=("viewer",)),
        platform=make_actor("platform", org=("platform",)),
        steward=make_actor("steward", org=("steward",)),
        auditor=make_actor("auditor", org=("auditor",)),
        outsider=make_actor("outsider", team="outside", roles=("owner",)),
    )
