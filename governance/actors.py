"""Who acts: a person, a service token, Weir itself, or nobody who signed in.

An `Actor` is a plain value made once at the edge and handed to every service as `by`. It carries
the rights as they were read at that moment and reads nothing itself, so that one page or call
costs a constant number of queries. Nothing here imports a model at run time: permissions, which
are core, depend on the dataclass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from governance.models import ServiceToken, User

ActorKind = Literal["user", "token", "system", "anonymous"]


@dataclass(frozen=True, slots=True)
class StandsIn:
    """For whom somebody may decide now. `roles` are those of requirements that were handed over;
    `giver` carries the rights that he has today, which they cannot exceed."""

    delegation: int
    giver: Actor
    title: str  # his name, as people say it
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, with which rights.

    `id` is the row's id (a user's, a token's); `teams` maps the slug of a team to the roles held
    in it; `scopes` is set for tokens only; `context` binds a token to one registry context;
    `user_id` is the person behind it, None where there is none, and is what four eyes compare.
    `stands_in` says in whose names a person may decide beside her own; it never goes on to a third.
    `rate` is a token's own limit at the registry (requests a second, and at once), None where that
    of the installation holds.
    """

    kind: ActorKind
    id: int | None
    name: str
    teams: Mapping[str, frozenset[str]] = field(default_factory=dict)
    org_roles: frozenset[str] = frozenset()
    scopes: frozenset[str] | None = None
    context: str | None = None
    user_id: int | None = None
    rate: tuple[int, int] | None = None
    stands_in: tuple[StandsIn, ...] = ()

    @property
    def signed_in(self) -> bool:
        """Whether somebody known stands behind this."""
        return self.kind != "anonymous"

    @property
    def team(self) -> str | None:
        """A token's team; None for everybody else, who may be in several."""
        return next(iter(self.teams)) if self.kind == "token" else None


ANONYMOUS = Actor(kind="anonymous", id=None, name="anonymous")


def actor_for_user(user: User) -> Actor:
    """The actor that a signed-in person is: two queries, whatever she belongs to.

    Somebody who was switched off is nobody. A superuser counts as platform, so that the first
    account of an installation can set up the rest.
    """
    if not user.is_active or user.pk is None:
        return ANONYMOUS
    teams: dict[str, set[str]] = {}
    for slug, role in user.held():
        teams.setdefault(slug, set()).add(role)
    org_roles = teams.pop("", set())
    return _person(user, teams, org_roles, stands_in=_stands_in(user))


def _stands_in(user: User) -> tuple[StandsIn, ...]:
    """Whom she stands in for now. What others stand in for does not come with it."""
    return tuple(
        StandsIn(
            delegation=row.pk,
            giver=_person(row.giver, {team: ["approver"] for team in teams}, org_roles),
            title=str(row.giver),
            roles=frozenset(row.roles),
        )
        for row, teams, org_roles in user.delegations_taken.standing()
    )


def _person(
    user: User,
    teams: Mapping[str, Iterable[str]],
    org_roles: Iterable[str],
    stands_in: tuple[StandsIn, ...] = (),
) -> Actor:
    everywhere = frozenset(org_roles) | ({"platform"} if user.is_superuser else set())
    return Actor(
        kind="user",
        id=user.pk,
        name=user.get_username(),
        teams={slug: frozenset(roles) for slug, roles in teams.items()},
        org_roles=everywhere,
        user_id=user.pk,
        stands_in=stands_in,
    )


def actor_for_token(token: ServiceToken) -> Actor:
    """The actor that a token is: never more than a requester of its team, within its scopes.

    Whether the token is still good is decided before, in `services.tokens.authenticate`. No query
    when the token was loaded with its team.
    """
    return Actor(
        kind="token",
        id=token.pk,
        name=f"{token.team.slug}/{token.name}",
        teams={token.team.slug: frozenset({"requester"})},
        scopes=frozenset(token.scopes),
        context=token.context,
        rate=None
        if token.registry_rate is None
        else (token.registry_rate, token.registry_burst or 2 * token.registry_rate),
    )


def system_actor(name: str = "weir") -> Actor:
    """Weir itself: workers, sweeps, policies. It never approves and signs nothing as a person."""
    return Actor(kind="system", id=None, name=name)


def anonymous_with(*scopes: str) -> Actor:
    """Somebody unknown whom an installation lets in all the same (WEIR_REGISTRY_ANONYMOUS)."""
    return Actor(kind="anonymous", id=None, name="anonymous", scopes=frozenset(scopes))
