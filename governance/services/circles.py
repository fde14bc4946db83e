"""The people around a request, by id, in a constant number of queries each."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q
from django.db.models.functions import Lower

from governance.mentions import mentions
from governance.models import (
    Comment,
    Delegation,
    ItemAuthor,
    Membership,
    OrgRole,
    Request,
    Requirement,
    Review,
    User,
)
from governance.notices.table import Whom
from governance.permissions import (
    DECIDING,
    Action,
    Role,
    could_meet,
    including,
    row_for,
    who_could,
)
from governance.workflow import State


def people_in(roles: Collection[str]) -> set[int]:
    """Everybody who holds one of the roles (``owner:payments``, ``platform``), as the matrix names
    them: a role in a team is held by those, too, whose own role includes it."""
    in_teams, whole = Q(), set[str]()
    for role in roles:
        name, _, team = role.partition(":")
        if team:
            in_teams |= Q(team__slug=team, role__in=including(Role(name)))
        else:
            whole.add(name)
    found = set[int]()
    if in_teams:
        found |= set(Membership.objects.filter(in_teams).values_list("user_id", flat=True))
    if whole:
        found |= set(OrgRole.objects.filter(role__in=whole).values_list("user_id", flat=True))
    if Role.PLATFORM in whole:  # whom `actor_for_user` counts as platform, too
        found |= set(User.objects.filter(is_superuser=True).values_list("pk", flat=True))
    return found


def meets(role: str) -> Q:
    """Of accounts: those who could meet a requirement of that role by their own right."""
    name, _, team = role.partition(":")
    if team:
        return Q(memberships__team__slug=team, memberships__role__in=DECIDING)
    held = Q(org_roles__role=name)
    # As `actor_for_user` has it.
    return held | Q(is_superuser=True) if name == Role.PLATFORM else held


def owners_of(team: str | None) -> set[int]:
    """Who answers for a team; for the whole installation the platform team."""
    return people_in([f"owner:{team}" if team else "platform"])


def around(
    request: Request, wanted: Collection[Whom], *, text: str = "", named: Collection[int] = ()
) -> dict[Whom, set[int]]:
    """The circles that are wanted. `text` is what mentions people."""
    found: dict[Whom, set[int]] = {Whom.NAMED: set(named)}
    authors = authors_of(request)
    if Whom.AUTHORS in wanted:
        # What a program wrote is its team's.
        found[Whom.AUTHORS] = authors or owners_of(request.team.slug)
    if Whom.APPROVERS in wanted:
        found[Whom.APPROVERS] = _approvers(request, authors) - authors
    if Whom.PARTICIPANTS in wanted:
        found[Whom.PARTICIPANTS] = _participants(request)
    if Whom.SECOND in wanted:
        row = row_for(Action.LOOK_AT_GLASS, "request")
        seconds = people_in(who_could(row, request.team.slug)) if row else set()
        found[Whom.SECOND] = seconds - authors
    if Whom.MENTIONED in wanted:
        found[Whom.MENTIONED] = _mentioned(text)
    return {whom: people for whom, people in found.items() if whom in wanted}


def authors_of(request: Request) -> set[int]:
    """Ids of everybody who wrote or edited any of it."""
    found = ItemAuthor.objects.filter(item__request=request).order_by()
    authors = set(found.values_list("user_id", flat=True).distinct())
    return authors | ({request.author_id} if request.author_id is not None else set())


def who_may_see(request: Request) -> set[int] | None:
    """Who may see it; None where everybody may, as `access.visible_requests` has it."""
    if request.state != State.DRAFT or request.submitted_at is not None:
        return None
    row = row_for(Action.VIEW, "draft")
    return people_in(who_could(row, request.team.slug)) if row else set()


def _approvers(request: Request, authors: Collection[int]) -> set[int]:
    """Who could meet a requirement that is open, while it is in review; whoever agreed already, or
    in whose name somebody did, does not count twice."""
    if request.state != State.IN_REVIEW:
        return set()
    needs = Requirement.objects.filter(request=request, revision=request.revision)
    rows = list(
        needs.values_list(
            "role", "review_id", "review__reviewer_id", "review__delegation__giver_id"
        )
    )
    # Who can be the second can be the first.
    unmet = {role.replace("second:", "owner:", 1) for role, review, *_ in rows if review is None}
    agreed = {person for _, _, *people in rows for person in people if person is not None}
    could = {one for role in unmet for one in could_meet(role)}
    return (people_in(could) | _standing_in(unmet, not_for=agreed.union(authors))) - agreed


def _standing_in(roles: set[str], *, not_for: Collection[int]) -> set[int]:
    """Who decides today for somebody who could meet one of the roles and is away, and is none of
    these."""
    rows = Delegation.objects.filter(roles__overlap=sorted(roles)).standing() if roles else []
    return {
        row.taker_id
        for row, teams, org_roles in rows
        if row.giver_id not in not_for
        and roles.intersection(row.roles, {*org_roles, *(f"owner:{team}" for team in teams)})
    }


def _participants(request: Request) -> set[int]:
    reviewers = Review.objects.filter(request=request, reviewer__isnull=False).order_by()
    speakers = Comment.objects.filter(request=request, author__isnull=False).order_by()
    both = reviewers.values_list("reviewer_id").union(speakers.values_list("author_id"))
    return {person for (person,) in both if person is not None}


def _mentioned(text: str) -> set[int]:
    names = {name.lower() for name in mentions(text)}
    if not names:
        return set()
    # As the index of names has it, which knows no case.
    found = User.objects.annotate(small=Lower("username")).filter(small__in=names)
    return set(found.values_list("pk", flat=True))
