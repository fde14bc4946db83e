"""Deciding in another's name: what it opens, what it never opens, and how it ends."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from governance import audit, queries
from governance.actors import Actor, actor_for_token, actor_for_user, system_actor
from governance.clock import database_now
from governance.errors import Conflict, Invalid, NotAllowed, NotFound
from governance.models import Delegation, Event, ItemAuthor, Request, Review, User
from governance.notices.table import Whom
from governance.permissions import approver_roles, own_approver_roles
from governance.services import (
    circles,
    delegations,
    people,
    pipeline,
    requests,
    reviews,
    teams,
    tokens,
)
from governance.services.items import NewItem
from governance.workflow import State
from tests.factories import BY, Cast, make_actor, make_cast, make_environment, make_policy

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast() -> Cast:
    make_environment("production", production=True)
    return make_cast("payments")


@pytest.fixture
def ann(cast: Cast) -> Actor:
    """Somebody who decides on nothing herself."""
    return make_actor("ann", team="shop", roles=("requester",))


def now(actor: Actor) -> Actor:
    """The same person with the rights that she has by now."""
    return actor_for_user(user_of(actor))


def user_of(actor: Actor) -> User:
    """The person behind an actor."""
    return User.objects.get(username=actor.name)


def let(giver: Actor, to: str = "ann", ends: str = "14 d", **more: object) -> Delegation:
    return delegations.give(to=to, ends=ends, reason="Holiday.", by=giver, **more)  # type: ignore[arg-type]  # by name


def asked(cast: Cast, name: str = "bear", *, by: Actor | None = None) -> Request:
    item = NewItem("toy", "create", name, "shelf-production", {"colour": "red"})
    author = by or cast.requester
    draft = requests.create_draft(title="", reason="", team=cast.team, items=[item], by=author)
    return requests.submit(draft, by=author)


@transaction.atomic
def over(given: Delegation) -> None:
    """Its time ends, as time does."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE governance_delegation DISABLE TRIGGER delegation_stands")
    Delegation.objects.filter(pk=given.pk).update(
        starts_at=given.starts_at - timedelta(days=30), ends_at=given.ends_at - timedelta(days=30)
    )
    audit.record("test.time_passed", by=BY, about=given)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE governance_delegation ENABLE TRIGGER delegation_stands")


def test_she_decides_where_he_could_and_it_is_said_for_whom(cast: Cast, ann: Actor) -> None:
    request = asked(cast)
    with pytest.raises(NotAllowed, match="You are not asked"):
        reviews.approve(request, revision=1, by=ann)
    assert not queries.needs_me(ann).exists()

    given = let(cast.owner)
    ann = now(ann)
    assert list(queries.needs_me(ann)) == [request]
    page = queries.request_page(request, ann)
    assert (page.can_approve, page.can_decide) == (True, True)
    assert page.acting_as == "an approver or owner of payments, for Owner"
    assert [one.you_could for one in page.agreements] == [True]

    request = reviews.approve(request, revision=1, by=ann)
    assert request.state == State.APPROVED
    review = Review.objects.get(request=request)
    assert (review.by, review.reviewer_id, review.delegation) == ("Ann for Owner", ann.id, given)
    told = Event.objects.get(request_id=request.pk, action="request.reviewed").data
    assert told["as"] == "owner:payments"
    assert (told["for"], told["delegation"]) == ("owner", given.pk)
    page = queries.request_page(request, ann)
    assert [one.by for one in page.agreements] == ["Ann for Owner"]
    assert "Ann for Owner" in {entry.who for entry in page.timeline}

    pipeline.advance(request.pk)
    request.refresh_from_db()
    assert request.state == State.APPLIED


def test_she_asks_for_changes_and_declines_for_him_too(cast: Cast, ann: Actor) -> None:
    let(cast.owner)
    ann = now(ann)
    request = reviews.request_changes(asked(cast), revision=1, comment="Blue.", by=ann)
    assert request.state == State.CHANGES_REQUESTED
    told = Event.objects.get(request_id=request.pk, action="request.changes_requested").data
    assert told["for"] == "owner"
    declined = reviews.decline(asked(cast, "lion"), revision=1, comment="No.", by=ann)
    assert declined.state == State.DECLINED
    assert {review.by for review in Review.objects.all()} == {"Ann for Owner"}


def test_it_covers_the_roles_that_were_handed_over_and_nothing_else(cast: Cast, ann: Actor) -> None:
    teams.add_member("outside", username="owner", role="owner", by=BY)
    both = now(cast.owner)
    assert delegations.can_give(both) == ["owner:outside", "owner:payments"]
    let(both, roles=["owner:outside"])
    assert approver_roles(now(ann)) == {"owner:outside", "second:outside"}
    with pytest.raises(NotAllowed, match="You are not asked"):
        reviews.approve(asked(cast), revision=1, by=now(ann))
    with pytest.raises(NotAllowed, match="You are not the platform team, so you cannot"):
        let(both, roles=["platform"])
    with pytest.raises(NotAllowed, match="cannot hand that over"):
        let(both, roles=["second:payments"])
    with pytest.raises(NotAllowed, match="nothing to hand over"):
        let(cast.viewer)
    # Nothing but deciding comes with it.
    let(cast.platform)
    ann = now(ann)
    assert "platform" in approver_roles(ann)
    with pytest.raises(NotAllowed):
        people.switch_off("viewer", by=ann)
    with pytest.raises(NotAllowed):
        requests.create_draft(title="", reason="", team=cast.team, items=[], by=ann)


def test_it_does_not_go_on_to_a_third(cast: Cast, ann: Actor) -> None:
    make_actor("cleo", team="shop", roles=("owner",))
    let(cast.owner)
    with pytest.raises(NotAllowed, match="nothing to hand over"):
        let(now(ann), to="cleo")
    let(now(actor_for_user(User.objects.get(username="cleo"))), to="viewer")
    cleo = User.objects.get(username="cleo")
    let(cast.second_owner, to="cleo")
    # Cleo stands in for an owner, and the viewer for Cleo: that is Cleo's own role alone.
    assert approver_roles(actor_for_user(cleo)) >= {"owner:payments", "owner:shop"}
    assert approver_roles(now(cast.viewer)) == {"owner:shop", "second:shop"}


def test_four_eyes_count_for_both(cast: Cast, ann: Actor) -> None:
    let(cast.owner)
    ann = now(ann)
    his = asked(cast, "his", by=cast.owner)
    assert not queries.needs_me(ann).exists()
    with pytest.raises(NotAllowed, match="stand in for wrote this request"):
        reviews.approve(his, revision=1, by=ann)
    with pytest.raises(NotAllowed, match="You are not asked"):
        reviews.decline(his, revision=1, comment="No.", by=ann)
    page = queries.request_page(his, ann)
    assert (page.can_approve, page.can_decide) == (False, False)

    teams.add_member("payments", username="ann", role="requester", by=BY)
    hers = asked(cast, "hers", by=now(ann))
    with pytest.raises(NotAllowed, match="You wrote or edited this request"):
        reviews.approve(hers, revision=1, by=now(ann))
    assert not queries.needs_me(now(ann)).exists()

    # What either did not write is hers to decide.
    other = asked(cast, "other")
    assert list(queries.needs_me(now(ann))) == [other]
    assert reviews.approve(other, revision=1, by=now(ann)).state == State.APPROVED


def test_one_person_one_requirement_counts_for_both(cast: Cast, ann: Actor) -> None:
    make_policy("two-people", expression="false", severity="approval", approver="second")
    let(cast.owner)
    let(cast.second_owner)
    ann = now(ann)

    request = reviews.approve(asked(cast), revision=1, by=cast.owner)
    # He has agreed himself, so she agrees for the other one.
    request = reviews.approve(request, revision=1, by=ann)
    assert request.state == State.APPROVED
    assert {r.by for r in Review.objects.filter(request=request)} == {
        "Owner",
        "Ann for Second-owner",
    }

    again = reviews.approve(asked(cast, "lion"), revision=1, by=ann)
    assert again.reviews.get().by == "Ann for Owner"
    for person in (ann, cast.owner):
        assert again not in queries.needs_me(person)
        with pytest.raises(NotAllowed, match="You have approved already"):
            reviews.approve(again, revision=1, by=person)
    assert reviews.approve(again, revision=1, by=cast.second_owner).state == State.APPROVED


def test_her_own_right_comes_first(cast: Cast) -> None:
    let(cast.owner, to="second-owner")
    second = now(cast.second_owner)
    reviews.approve(asked(cast), revision=1, by=second)
    assert Review.objects.get().by == "Second-owner"


def test_the_database_sees_to_it(cast: Cast, ann: Actor) -> None:
    make_policy("two-people", expression="false", severity="approval", approver="second")
    given = let(cast.owner)
    his = asked(cast, "his", by=cast.owner)
    request = reviews.approve(asked(cast), revision=1, by=now(ann))

    @transaction.atomic
    def review(of: Request, **values: object) -> Review:
        said: dict[str, object] = {
            "verdict": "approve",
            "acted_as": "owner:payments",
            "reviewer_id": ann.user_id,
            "delegation": given,
        }
        made = Review.objects.create(request=of, revision=1, **said | values)
        audit.record("test.reviewed", by=BY, about=made)
        return made

    def refused(words: str, of: Request, **values: object) -> None:
        with pytest.raises(DatabaseError, match=words), transaction.atomic():
            review(of, **values)

    refused("cannot be approved by somebody who wrote or edited it", his)
    refused("needs a delegation of that role in force", request, acted_as="platform")
    refused("needs a delegation of that role in force", request, reviewer_id=cast.outsider.user_id)
    second = request.requirements.filter(role="second:payments")
    his_own = review(request, delegation=None, reviewer_id=cast.owner.user_id)
    with (
        pytest.raises(DatabaseError, match="One person cannot meet two requirements"),
        transaction.atomic(),
    ):
        second.update(review=his_own)
    with (
        pytest.raises(DatabaseError, match="cannot become one of its authors"),
        transaction.atomic(),
    ):
        ItemAuthor.objects.create(item=request.items.get(), user=user_of(cast.owner))
    for change in ({"roles": ["platform"]}, {"ends_at": given.ends_at + timedelta(days=900)}):
        with pytest.raises(DatabaseError, match="only revoked, once"), transaction.atomic():
            Delegation.objects.filter(pk=given.pk).update(**change)
    with pytest.raises(DatabaseError, match="without an event"), transaction.atomic():
        Delegation.objects.filter(pk=given.pk).update(revoked_by_name="nobody")
    delegations.revoke(given.pk, by=cast.owner)
    refused("needs a delegation of that role in force", request)


def test_it_ends_by_itself_and_what_was_decided_counts(cast: Cast, ann: Actor) -> None:
    given = let(cast.owner)
    request = reviews.approve(asked(cast), revision=1, by=now(ann))
    late = asked(cast, "late")
    stale = now(ann)
    over(given)
    assert approver_roles(now(ann)) == set()
    with pytest.raises(NotAllowed, match="it has ended"):
        reviews.approve(late, revision=1, by=stale)  # whose page was loaded before
    pipeline.advance(request.pk)
    request.refresh_from_db()
    assert request.state == State.APPLIED


def test_it_begins_when_it_begins(cast: Cast, ann: Actor) -> None:
    day = (database_now() + timedelta(days=5)).date()
    let(cast.owner, begins=day.isoformat())
    assert approver_roles(now(ann)) == set()
    assert delegations.of_person(now(ann)).count() == 1


def test_taken_back_it_ends_at_once_and_what_was_decided_by_it_is_asked_again(
    cast: Cast, ann: Actor
) -> None:
    given = let(cast.owner)
    request = reviews.approve(asked(cast), revision=1, by=now(ann))
    stale = now(ann)
    with pytest.raises(NotAllowed, match="You cannot take this back: Owner can"):
        delegations.revoke(given.pk, by=cast.outsider)
    delegations.revoke(given.pk, by=cast.owner)
    assert Event.objects.filter(action="delegation.revoked").count() == 1
    assert approver_roles(now(ann)) == set()
    with pytest.raises(NotAllowed, match="it has ended"):
        reviews.approve(asked(cast, "lion"), revision=1, by=stale)
    with pytest.raises(Conflict, match="over already"):
        delegations.revoke(given.pk, by=cast.owner)

    pipeline.advance(request.pk)
    request.refresh_from_db()
    assert request.state == State.IN_REVIEW
    assert request.failure.startswith(
        "The approval of Ann for Owner no longer counts: Owner does not let Ann decide any more."
    )
    request = reviews.approve(request, revision=1, by=cast.second_owner)
    pipeline.advance(request.pk)
    request.refresh_from_db()
    assert request.state == State.APPLIED


@pytest.mark.parametrize("who", ["ann", "platform"])
def test_the_other_one_and_the_platform_team_may_end_it_too(
    cast: Cast, ann: Actor, who: str
) -> None:
    given = let(cast.owner)
    delegations.revoke(given.pk, by={"ann": now(ann), "platform": cast.platform}[who])
    assert approver_roles(now(ann)) == set()
    given.refresh_from_db()
    assert given.revoked_by_name == who


def test_when_he_loses_the_role_she_loses_it(cast: Cast, ann: Actor) -> None:
    let(cast.owner)
    request = reviews.approve(asked(cast), revision=1, by=now(ann))
    teams.remove_member("payments", username="owner", role="owner", by=cast.platform)
    assert approver_roles(now(ann)) == set()
    with pytest.raises(NotAllowed, match="You are not asked"):
        reviews.approve(asked(cast, "lion"), revision=1, by=now(ann))
    pipeline.advance(request.pk)
    request.refresh_from_db()
    assert request.state == State.IN_REVIEW
    assert "Owner is no longer an approver or owner of payments" in request.failure


@pytest.mark.parametrize(
    ("who", "why"),
    [
        ("owner", "the account is switched off"),
        ("ann", "the account of Ann is switched off"),
    ],
)
def test_when_either_is_switched_off_it_holds_no_more(
    cast: Cast, ann: Actor, who: str, why: str
) -> None:
    let(cast.owner)
    request = reviews.approve(asked(cast), revision=1, by=now(ann))
    people.switch_off(who, by=cast.platform)
    assert approver_roles(now(ann)) == set()
    pipeline.advance(request.pk)
    request.refresh_from_db()
    assert request.state == State.IN_REVIEW
    assert why in request.failure


def test_what_cannot_be_handed_over(cast: Cast, ann: Actor) -> None:
    for to, words in (
        ("owner", "This is you"),
        ("ghost", "There is nobody called"),
        ("a\x00b", "There is nobody called"),
        ("x" * 400, "There is nobody called"),
    ):
        with pytest.raises(Invalid, match=words):
            let(cast.owner, to=to)
    with pytest.raises(Invalid, match="Say what for"):
        delegations.give(to="ann", ends="14 d", reason="  ", by=cast.owner)
    with pytest.raises(Invalid, match="characters at most"):
        delegations.give(to="ann", ends="14 d", reason="x" * 301, by=cast.owner)
    token, _ = tokens.issue(name="ci", team=cast.team, scopes=["api:write"], expires_at=None, by=BY)
    for nobody in (actor_for_token(token), system_actor()):
        with pytest.raises(NotAllowed, match="nothing to hand over"):
            let(nobody)
    with pytest.raises(NotFound):
        delegations.revoke(987_654, by=cast.platform)
    assert not Delegation.objects.exists()


def test_nobody_stands_in_for_everybody(cast: Cast, ann: Actor) -> None:
    for _ in range(20):
        let(cast.owner)
    with pytest.raises(Conflict, match="stands in for 20 people already"):
        let(cast.second_owner)
    assert len(now(ann).stands_in) == 20


def test_what_is_own_and_what_is_handed_over(cast: Cast, ann: Actor) -> None:
    let(cast.steward)
    ann = now(ann)
    assert own_approver_roles(ann) == set()
    assert approver_roles(ann) == {"steward"}


def told(request: Request) -> list[str]:
    """Who is told that it waits for them."""
    found = circles.around(request, {Whom.APPROVERS})[Whom.APPROVERS]
    names = User.objects.filter(pk__in=found).order_by("username")
    return list(names.values_list("username", flat=True))


def test_nobody_is_told_to_agree_in_the_name_of_who_wrote_it_or_has_agreed(
    cast: Cast, ann: Actor
) -> None:
    let(cast.owner)
    assert told(asked(cast)) == ["ann", "owner", "second-owner"]
    assert told(asked(cast, "lion", by=cast.owner)) == ["second-owner"]
    make_policy("two-people", expression="false", severity="approval", approver="second")
    request = asked(cast, "fox")
    assert told(request) == ["ann", "owner", "second-owner"]
    assert told(reviews.approve(request, revision=1, by=now(ann))) == ["second-owner"]
    request = asked(cast, "owl")
    assert told(reviews.approve(request, revision=1, by=cast.owner)) == ["second-owner"]
