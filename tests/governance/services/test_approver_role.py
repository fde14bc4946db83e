"""An approver of a team decides for it as an owner would, counts wherever it is asked who could,
and has none of an owner's other rights."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from pytest_django import Settings as SettingsWrapper

from governance import audit, queries
from governance.actors import Actor, actor_for_user
from governance.clock import database_now
from governance.errors import Conflict, NotAllowed
from governance.identity.mapping import parse
from governance.identity.options import OidcOptions
from governance.models import (
    Delegation,
    Event,
    Membership,
    Notification,
    Request,
    Review,
    Suggestion,
    User,
)
from governance.permissions import Action, allowed
from governance.services import (
    circles,
    delegations,
    identities,
    people,
    pipeline,
    requests,
    reviews,
    suggestions,
    teams,
    timing,
    tokens,
)
from governance.services.identities import Arrival
from governance.services.items import NewItem
from governance.workflow import State
from tests.factories import (
    BY,
    Cast,
    make_actor,
    make_approver,
    make_cast,
    make_environment,
    make_policy,
)

pytestmark = pytest.mark.django_db(transaction=True)

OWNER, SECOND, PLATFORM = "owner:payments", "second:payments", "platform"


@pytest.fixture
def cast() -> Cast:
    make_environment("production", production=True)
    return make_cast("payments")


@pytest.fixture
def kim(cast: Cast) -> Actor:
    """An approver of the team."""
    return make_approver("kim")


def now(actor: Actor) -> Actor:
    """The same person with the rights that she has by now."""
    return actor_for_user(User.objects.get(username=actor.name))


def asked(cast: Cast, name: str = "bear", *, by: Actor | None = None) -> Request:
    item = NewItem("toy", "create", name, "shelf-production", {"colour": "red"})
    author = by or cast.requester
    draft = requests.create_draft(title="", reason="", team=cast.team, items=[item], by=author)
    return requests.submit(draft, by=author)


def roles(request: Request) -> list[str]:
    found = request.requirements.filter(revision=request.revision)
    return sorted(found.values_list("role", flat=True))


def told(request: Request) -> set[str]:
    """Who was told of it, but for its author."""
    found = Notification.objects.filter(request=request).exclude(user=request.author_id)
    return set(found.values_list("user__username", flat=True))


def alone(cast: Cast, *stay: str) -> None:
    """Nobody who decides for the team is left but these."""
    for username in {"owner", "second-owner"} - set(stay):
        people.switch_off(username, by=cast.platform)


def test_an_approver_approves_for_the_owner_and_it_is_applied(cast: Cast, kim: Actor) -> None:
    request = asked(cast)
    assert list(queries.needs_me(kim)) == [request]
    page = queries.request_page(request, kim)
    assert (page.can_approve, page.can_decide) == (True, True)
    assert page.acting_as == "an approver or owner of payments"
    assert [list(one.could) for one in page.agreements] == [["Kim", "Owner", "Second-owner"]]
    assert told(request) == {"kim", "owner", "second-owner"}
    assert kim.user_id not in circles.owners_of("payments")

    request = reviews.approve(request, revision=1, by=kim)

    assert request.state == State.APPROVED
    assert Review.objects.get().acted_as == OWNER
    pipeline.advance(request.pk)
    request.refresh_from_db()
    assert request.state == State.APPLIED


def test_an_approver_asks_for_changes_suggests_chooses_a_time_and_declines(
    cast: Cast, kim: Actor
) -> None:
    request = asked(cast)
    suggestions.suggest(request, revision=1, position=0, path="colour", value="blue", by=kim)
    assert Suggestion.objects.count() == 1
    at = database_now().replace(microsecond=0) + timedelta(days=2)
    assert timing.set_not_before(request, at=at, by=kim).not_before == at
    changed = reviews.request_changes(request, revision=1, comment="Blue.", by=kim)
    assert changed.state == State.CHANGES_REQUESTED
    declined = reviews.decline(asked(cast, "lion"), revision=1, comment="No.", by=kim)
    assert declined.state == State.DECLINED


def test_an_approver_does_not_decide_on_what_she_wrote(cast: Cast, kim: Actor) -> None:
    request = asked(cast, by=kim)
    assert not queries.needs_me(kim).exists()
    with pytest.raises(NotAllowed, match="wrote or edited"):
        reviews.approve(request, revision=1, by=kim)
    given = Review(
        request=request,
        reviewer_id=kim.user_id,
        revision=1,
        verdict="approve",
        acted_as=OWNER,
    )
    with pytest.raises(IntegrityError, match="wrote or edited"), transaction.atomic():
        given.save()
    assert reviews.approve(request, revision=1, by=cast.owner).state == State.APPROVED


def test_an_approver_of_another_team_is_not_asked(cast: Cast) -> None:
    stranger = make_approver("sam", team="outside")
    request = asked(cast)
    with pytest.raises(NotAllowed, match="You are not asked"):
        reviews.approve(request, revision=1, by=stranger)
    assert not queries.needs_me(stranger).exists()


def test_an_approver_manages_nothing(cast: Cast, kim: Actor) -> None:
    with pytest.raises(NotAllowed, match="an owner of payments or the platform team"):
        teams.add_member("payments", username="kim", role="owner", by=kim)
    with pytest.raises(NotAllowed, match="an owner of payments or the platform team"):
        teams.remove_member("payments", username="owner", role="owner", by=kim)
    with pytest.raises(NotAllowed, match="an owner of payments or the platform team"):
        tokens.issue(name="ci", team=cast.team, scopes=["api:read"], expires_at=None, by=kim)
    for action, kind in [
        (Action.MANAGE_HOOKS, "hook"),
        (Action.MANAGE_APPLICATIONS, "team"),
        (Action.REVERT_DRIFT, "topic"),
        (Action.IGNORE_DRIFT, "topic"),
        (Action.GOVERN_SUBJECT, "subject"),
    ]:
        assert not allowed(kim, action, kind, "payments"), action
        assert allowed(cast.owner, action, kind, "payments"), action


def test_an_owner_makes_somebody_an_approver_and_the_last_owner_still_stays(cast: Cast) -> None:
    teams.add_member("payments", username="viewer", role="approver", by=cast.owner)
    assert now(cast.viewer).teams == {"payments": {"viewer", "approver"}}
    told = Event.objects.get(action="team.member_added").data
    assert (told["person"], told["role"]) == ("viewer", "approver")
    teams.remove_member("payments", username="second-owner", role="owner", by=cast.owner)
    with pytest.raises(Conflict, match="is the only owner of payments"):
        teams.remove_member("payments", username="owner", role="owner", by=cast.platform)
    teams.remove_member("payments", username="viewer", role="approver", by=cast.owner)
    assert now(cast.viewer).teams == {"payments": {"viewer"}}


def test_the_database_knows_the_role_and_no_other(cast: Cast) -> None:
    for role, taken in (("approver", True), ("king", False)):
        made = Membership(user_id=cast.outsider.user_id or 0, team=cast.team, role=role)
        if taken:
            with transaction.atomic():
                made.save()
                audit.record("team.member_added", by=BY, about=cast.team)
        else:
            with pytest.raises(IntegrityError, match="membership_role_known"), transaction.atomic():
                made.save()


def test_an_approver_answers_where_nobody_else_of_the_team_could(cast: Cast, kim: Actor) -> None:
    alone(cast)
    request = asked(cast)
    assert roles(request) == [OWNER]
    assert reviews.approve(request, revision=1, by=kim).state == State.APPROVED


def test_where_the_only_approver_wrote_it_the_platform_team_decides(cast: Cast, kim: Actor) -> None:
    alone(cast)
    assert roles(asked(cast, by=kim)) == [PLATFORM]


def test_an_approver_is_the_second_person(cast: Cast, kim: Actor) -> None:
    make_policy("two-people", expression="false", severity="approval", approver="second")
    make_policy(
        "counted", expression="owner.approvers != 2", severity="approval", approver="steward"
    )
    alone(cast, "owner")
    request = asked(cast)
    assert roles(request) == [OWNER, SECOND, "steward"]
    request = reviews.approve(request, revision=1, by=kim)
    with pytest.raises(NotAllowed, match="as another person"):
        reviews.approve(request, revision=1, by=kim)
    request = reviews.approve(request, revision=1, by=cast.owner)
    assert reviews.approve(request, revision=1, by=cast.steward).state == State.APPROVED


def test_who_is_owner_and_approver_counts_and_is_named_once(cast: Cast) -> None:
    make_policy("two-people", expression="false", severity="approval", approver="second")
    alone(cast, "owner")
    teams.add_member("payments", username="owner", role="approver", by=cast.platform)
    request = asked(cast)
    assert roles(request) == [OWNER, PLATFORM]
    assert queries.people_for(OWNER) == ["Owner"]


def test_what_the_fewest_could_meet_counts_approvers_too(cast: Cast, kim: Actor) -> None:
    """Of two roles that she could meet she takes the one that fewer others could."""
    make_policy("outside-too", expression="false", severity="approval", approver="owner:outside")
    make_approver("sam", team="outside")
    make_approver("ida", team="outside")
    alone(cast, "owner")
    teams.add_member("outside", username="kim", role="approver", by=cast.platform)
    request = asked(cast)
    # For payments could Kim and Owner, for outside Kim, Outsider, Sam and Ida.
    hers = reviews.open_requirements(request, now(kim))
    assert [requirement.role for requirement, _ in hers] == [OWNER, "owner:outside"]


def test_when_she_is_an_approver_no_more_what_she_agreed_to_counts_no_more(
    cast: Cast, kim: Actor
) -> None:
    request = reviews.approve(asked(cast), revision=1, by=kim)
    teams.remove_member("payments", username="kim", role="approver", by=cast.owner)

    pipeline.advance(request.pk)

    request.refresh_from_db()
    assert request.state == State.IN_REVIEW
    assert "Kim is no longer an approver or owner of payments" in request.failure


def test_an_approval_outlives_a_change_of_role_that_keeps_the_right(cast: Cast, kim: Actor) -> None:
    """From owner to approver, and from approver to owner."""
    first = reviews.approve(asked(cast), revision=1, by=cast.second_owner)
    second = reviews.approve(asked(cast, "lion"), revision=1, by=kim)
    for username, before, after in (
        ("second-owner", "owner", "approver"),
        ("kim", "approver", "owner"),
    ):
        teams.add_member("payments", username=username, role=after, by=cast.owner)
        teams.remove_member("payments", username=username, role=before, by=cast.owner)
    for request in (first, second):
        pipeline.advance(request.pk)
        request.refresh_from_db()
        assert request.state == State.APPLIED


def test_an_approver_hands_her_approvals_over_and_nothing_else(cast: Cast, kim: Actor) -> None:
    ann = make_actor("ann", team="shop", roles=("requester",))
    assert delegations.can_give(kim) == [OWNER]
    given = delegations.give(to="ann", ends="14 d", reason="Holiday.", by=kim)
    ann = now(ann)
    assert [one.giver.teams for one in ann.stands_in] == [{"payments": {"approver"}}]
    assert not allowed(ann, Action.REQUEST, "request", "payments")

    request = asked(cast)
    assert list(queries.needs_me(ann)) == [request]
    assert told(request) == {"kim", "ann", "owner", "second-owner"}
    request = reviews.approve(request, revision=1, by=ann)
    assert request.state == State.APPROVED
    assert Review.objects.get().delegation == given

    # It follows what she is today.
    teams.remove_member("payments", username="kim", role="approver", by=cast.owner)
    with pytest.raises(NotAllowed, match="You are not asked"):
        reviews.approve(asked(cast, "lion"), revision=1, by=now(ann))
    pipeline.advance(request.pk)
    request.refresh_from_db()
    assert request.state == State.IN_REVIEW
    with pytest.raises(NotAllowed, match="nothing to hand over"):
        delegations.give(to="ann", ends="14 d", reason="Holiday.", by=now(kim))
    assert Delegation.objects.count() == 1


def test_a_viewer_is_told_of_owners_who_alone_can_make_her_a_requester(
    cast: Cast, kim: Actor
) -> None:
    assert "made a requester by Owner or Second-owner" in queries.why_cannot_ask(cast.viewer)
    assert queries.why_cannot_ask(kim) == ""


def test_a_group_makes_somebody_an_approver_and_takes_it_again(
    cast: Cast, settings: SettingsWrapper
) -> None:
    rules = parse("pay-leads => approver:payments")
    settings.OIDC = OidcOptions("https://sso.example.com", "weir", "secret", rules=rules)
    lou = Arrival("oidc", "https://sso.example.com", "lou-1", "lou", "Lou", "", ("pay-leads",))
    user = identities.arrive(lou).user
    assert actor_for_user(user).teams == {"payments": {"approver"}}
    request = reviews.approve(asked(cast), revision=1, by=actor_for_user(user))
    assert request.state == State.APPROVED
    identities.settle(user.identities.get(), ())
    assert actor_for_user(user).teams == {}
