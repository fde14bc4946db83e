"""Two people of one team: who is asked, who can answer, and what becomes of it when one leaves."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from governance import kinds, queries
from governance.errors import NotAllowed
from governance.kinds import ItemView, Json
from governance.models import Request, Requirement, Review
from governance.services import people, pipeline, requests, reviews, teams
from governance.services.items import NewItem
from governance.workflow import State
from tests.factories import Cast, make_cast, make_environment, make_policy
from tests.toy.kind import Toy

pytestmark = pytest.mark.django_db(transaction=True)

OWNER, SECOND, PLATFORM = "owner:payments", "second:payments", "platform"


@pytest.fixture
def cast() -> Cast:
    make_environment("production", production=True)
    make_policy("two-people", expression="false", severity="approval", approver="second")
    return make_cast("payments")


def asked(cast: Cast) -> Request:
    item = NewItem("toy", "create", "bear", "shelf-production", {"colour": "red"})
    draft = requests.create_draft(
        title="", reason="", team=cast.team, items=[item], by=cast.requester
    )
    return requests.submit(draft, by=cast.requester)


def roles(request: Request, *, still_open: bool = False) -> list[str]:
    found = request.requirements.filter(revision=request.revision)
    if still_open:
        found = found.filter(review__isnull=True)
    return sorted(found.values_list("role", flat=True))


def leaves(username: str, cast: Cast) -> None:
    teams.remove_member("payments", username=username, role="owner", by=cast.platform)


def test_two_owners_agree_and_one_is_not_enough(cast: Cast) -> None:
    request = asked(cast)
    assert roles(request) == [OWNER, SECOND]
    with pytest.raises(NotAllowed, match=r"not asked\. Who must agree: an approver or owner"):
        reviews.approve(request, revision=1, by=cast.platform)

    request = reviews.approve(request, revision=1, by=cast.owner)
    assert request.state == State.IN_REVIEW
    with pytest.raises(NotAllowed, match="another person: a second approver or owner of payments"):
        reviews.approve(request, revision=1, by=cast.owner)

    assert list(queries.needs_me(cast.second_owner)) == [request]
    assert not queries.needs_me(cast.owner).exists()
    request = reviews.approve(request, revision=1, by=cast.second_owner)
    assert request.state == State.APPROVED


def test_the_database_lets_nobody_be_both(cast: Cast) -> None:
    request = reviews.approve(asked(cast), revision=1, by=cast.owner)
    second = request.requirements.get(role=SECOND)
    given = Review.objects.get(request=request)
    with (
        pytest.raises(IntegrityError, match="One person cannot meet two requirements"),
        transaction.atomic(),
    ):
        Requirement.objects.filter(pk=second.pk).update(review=given)
    request = reviews.approve(request, revision=1, by=cast.second_owner)
    assert request.state == State.APPROVED


def test_the_platform_team_takes_the_place_where_there_is_no_second(cast: Cast) -> None:
    leaves("second-owner", cast)
    request = asked(cast)
    assert roles(request) == [OWNER, PLATFORM]
    why = request.requirements.get(role=PLATFORM)
    assert "payments has no second person who could" in why.reason
    assert (why.policy, why.policy_version) == ("two-people", 1)
    reviews.approve(request, revision=1, by=cast.owner)
    request = reviews.approve(request, revision=1, by=cast.platform)
    assert request.state == State.APPROVED


def test_an_author_is_not_the_second(cast: Cast) -> None:
    """Three owners, two of whom wrote it; two owners, one of whom wrote it."""
    teams.add_member("payments", username="viewer", role="owner", by=cast.platform)
    item = NewItem("toy", "create", "bear", "shelf-production", {"colour": "red"})
    draft = requests.create_draft(title="", reason="", team=cast.team, items=[item], by=cast.owner)
    found = requests.preview([item], team=cast.team, by=cast.owner).examination
    assert found is not None
    assert [need.role for need in found.needs] == [OWNER, SECOND]
    assert roles(requests.submit(draft, by=cast.requester)) == [OWNER, SECOND]

    requests.withdraw(draft, by=cast.owner)
    leaves("viewer", cast)
    found = requests.preview([item], team=cast.team, by=cast.owner).examination
    assert found is not None
    assert [need.role for need in found.needs] == [OWNER, PLATFORM]
    again = requests.create_draft(title="", reason="", team=cast.team, items=[item], by=cast.owner)
    # Whoever sends it off is not its author for that.
    assert roles(requests.submit(again, by=cast.second_owner)) == [OWNER, PLATFORM]


def test_switched_off_people_do_not_count(cast: Cast) -> None:
    people.switch_off("second-owner", by=cast.platform)
    assert roles(asked(cast)) == [OWNER, PLATFORM]


def test_when_the_second_leaves_the_platform_team_is_asked_and_nobody_waits_for_ever(
    cast: Cast,
) -> None:
    request = reviews.approve(asked(cast), revision=1, by=cast.owner)
    request = reviews.approve(request, revision=1, by=cast.second_owner)
    leaves("second-owner", cast)

    pipeline.advance(request.pk)

    request.refresh_from_db()
    assert request.state == State.IN_REVIEW
    assert "The approval of Second-owner no longer counts" in request.failure
    assert roles(request, still_open=True) == [PLATFORM]
    request = reviews.approve(request, revision=1, by=cast.platform)
    pipeline.advance(request.pk)
    request.refresh_from_db()
    assert request.state == State.APPLIED


def test_a_second_owner_who_comes_later_sends_nothing_back(cast: Cast) -> None:
    leaves("second-owner", cast)
    request = reviews.approve(asked(cast), revision=1, by=cast.owner)
    request = reviews.approve(request, revision=1, by=cast.platform)
    teams.add_member("payments", username="second-owner", role="owner", by=cast.platform)

    pipeline.advance(request.pk)

    request.refresh_from_db()
    assert request.state == State.APPLIED


def test_the_platform_team_has_agreed_for_every_policy_that_asked_it(cast: Cast) -> None:
    make_policy("big", expression="false", severity="approval", approver="platform")
    leaves("second-owner", cast)
    request = reviews.approve(asked(cast), revision=1, by=cast.owner)
    assert request.requirements.get(role=PLATFORM).asked_by == [("big", 1), ("two-people", 1)]
    request = reviews.approve(request, revision=1, by=cast.platform)
    teams.add_member("payments", username="second-owner", role="owner", by=cast.platform)

    pipeline.advance(request.pk)

    request.refresh_from_db()
    assert request.state == State.APPLIED


class WeighedToy(Toy):
    """A toy that says what a change of it may cost."""

    def facts(self, item: ItemView) -> Json:
        return {**super().facts(item), "consumers.teams": ["shop", "ads"]}


class BorrowedToy(Toy):
    """A toy that belongs to whom it says itself."""

    def facts(self, item: ItemView) -> Json:
        return {**super().facts(item), "owner.team": "outside"}


def test_what_is_known_of_the_owner_is_known_of_whom_the_kind_names(cast: Cast) -> None:
    """The team that asks has two owners, the one that owns it has one."""
    kinds.unregister("toy")
    kinds.register(BorrowedToy())
    try:
        request = asked(cast)
    finally:
        kinds.unregister("toy")
        kinds.register(Toy())
    assert roles(request) == ["owner:outside", PLATFORM]
    assert "outside has no second person" in request.requirements.get(role=PLATFORM).reason


def test_facts_of_a_request_and_its_draft_page(cast: Cast) -> None:
    make_policy(
        "counts",
        expression="request.items == 2 && consumers.count == 2 && owner.approvers == 2",
        severity="approval",
        approver="steward",
    )
    items = [
        NewItem("toy", "create", name, "shelf-production", {"colour": "red"})
        for name in ("bear", "lion")
    ]
    kinds.unregister("toy")
    kinds.register(WeighedToy())
    try:
        draft = requests.create_draft(
            title="", reason="", team=cast.team, items=items, by=cast.requester
        )
        page = queries.request_page(draft, cast.requester)
        assert [need.role for need in page.foreseen] == [OWNER, SECOND]
        assert page.foreseen[1].asked_by == (("two-people", 1),)
        submitted = requests.submit(draft, by=cast.requester)
        assert roles(submitted) == [OWNER, SECOND]
        assert queries.request_page(submitted, cast.requester).foreseen == ()
    finally:
        kinds.unregister("toy")
        kinds.register(Toy())


def test_what_nobody_can_count_is_unknown_to_a_policy(cast: Cast) -> None:
    make_policy("counts", expression="consumers.count < 5", message="Many read it.")
    found = requests.preview(
        [NewItem("toy", "create", "bear", "shelf-production", {"colour": "red"})],
        team=cast.team,
        by=cast.requester,
    ).examination
    assert found is not None
    assert [p.rule for p in found.refusals] == ["counts v1"]
    assert "needs consumers.count, which is unknown" in found.refusals[0].message


def test_every_policy_that_asks_for_one_person_is_on_record(cast: Cast) -> None:
    make_policy("also", expression="false", severity="approval", approver="second", message="Big.")
    request = asked(cast)
    requirement = request.requirements.get(role=SECOND)
    assert requirement.asked_by == [("also", 1), ("two-people", 1)]
    assert "Big." in requirement.reason
    assert "The rule objects." in requirement.reason
