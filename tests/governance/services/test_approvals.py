"""An approval counts as long as its giver holds the role: at the last one, and at the recheck."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import transaction

from governance import audit, queries
from governance.actors import Actor, actor_for_user
from governance.models import Event, Membership, OrgRole, Request, User
from governance.services import people, pipeline, requests, reviews, teams
from governance.services.items import NewItem
from governance.workflow import State
from tests.factories import BY, Cast, make_cast, make_environment, make_policy
from tests.toy.models import ShelfToy

pytestmark = pytest.mark.django_db(transaction=True)

OWNER, PLATFORM = "owner:payments", "platform"


@pytest.fixture
def cast() -> Cast:
    make_environment("production", production=True)
    make_policy("platform-too", expression="false", severity="approval", approver="platform")
    return make_cast("payments")


def asked(cast: Cast) -> Request:
    """A request that an owner and the platform team must agree to."""
    item = NewItem("toy", "create", "bear", "shelf-production", {"colour": "red"})
    draft = requests.create_draft(
        title="", reason="", team=cast.team, items=[item], by=cast.requester
    )
    return requests.submit(draft, by=cast.requester)


def leaves(cast: Cast) -> None:
    teams.remove_member("payments", username="owner", role="owner", by=cast.platform)


def switched_off(cast: Cast) -> None:
    people.switch_off("owner", by=cast.platform)


LOST: list[tuple[Callable[[Cast], None], str]] = [
    (
        leaves,
        "The approval of Owner no longer counts: "
        "Owner is no longer an approver or owner of payments.",
    ),
    (switched_off, "The approval of Owner no longer counts: the account is switched off."),
]


def now(actor: Actor) -> Actor:
    """The same person with the rights that she has by now."""
    assert actor.user_id is not None
    return actor_for_user(User.objects.get(pk=actor.user_id))


def still_open(request: Request) -> list[str]:
    found = request.requirements.filter(revision=request.revision, review__isnull=True)
    return sorted(found.values_list("role", flat=True))


@pytest.mark.parametrize(("lose", "why"), LOST)
def test_the_last_approval_finds_one_that_no_longer_counts(
    cast: Cast, lose: Callable[[Cast], None], why: str
) -> None:
    request = reviews.approve(asked(cast), revision=1, by=cast.owner)
    lose(cast)

    request = reviews.approve(request, revision=1, by=cast.platform)

    assert request.state == State.IN_REVIEW
    assert request.failure.startswith(why)
    assert still_open(request) == [OWNER]
    told = Event.objects.get(request_id=request.pk, action="request.approval_lapsed")
    assert str(told.data["why"]).startswith(why)
    request = reviews.approve(request, revision=1, by=cast.second_owner)
    assert (request.state, request.failure) == (State.APPROVED, "")


@pytest.mark.parametrize(("lose", "why"), LOST)
def test_the_recheck_sends_it_back_and_nothing_is_applied(
    cast: Cast, lose: Callable[[Cast], None], why: str
) -> None:
    request = reviews.approve(asked(cast), revision=1, by=cast.owner)
    request = reviews.approve(request, revision=1, by=cast.platform)
    assert request.state == State.APPROVED
    lose(cast)

    pipeline.advance(request.pk)
    request.refresh_from_db()

    assert (request.state, request.revision) == (State.IN_REVIEW, 1)
    assert request.failure.startswith(why)
    assert still_open(request) == [OWNER]
    assert not ShelfToy.objects.exists()
    entries = queries.timeline(request, (), began=False)
    told = [entry for entry in entries if entry.kind == "request.sent_back"]
    assert told[0].body.startswith(why)

    reviews.approve(request, revision=1, by=cast.second_owner)
    pipeline.advance(request.pk)
    request.refresh_from_db()
    assert request.state == State.APPLIED


def test_two_that_no_longer_count_are_both_named(cast: Cast) -> None:
    request = reviews.approve(asked(cast), revision=1, by=cast.owner)
    request = reviews.approve(request, revision=1, by=cast.platform)
    leaves(cast)
    with transaction.atomic():
        OrgRole.objects.filter(user__username="platform").delete()
        audit.record("person.roles_changed", by=BY, about=User.objects.get(username="platform"))

    pipeline.advance(request.pk)
    request.refresh_from_db()

    assert still_open(request) == [OWNER, PLATFORM]
    assert "Owner is no longer an approver or owner of payments" in request.failure
    assert "Platform is no longer the platform team" not in request.failure
    assert "Platform no longer belongs to the platform team" in request.failure


def test_a_role_that_was_never_missed_changes_nothing(cast: Cast) -> None:
    """Only the role that the approval was given in counts, not whatever else somebody is."""
    request = reviews.approve(asked(cast), revision=1, by=cast.owner)
    with transaction.atomic():
        Membership.objects.create(
            user=User.objects.get(username="owner"), team=cast.team, role="viewer"
        )
        audit.record("team.member_added", by=BY, about=cast.team, team="payments")
    request = reviews.approve(request, revision=1, by=cast.platform)
    pipeline.advance(request.pk)
    request.refresh_from_db()
    assert request.state == State.APPLIED


def test_who_got_the_role_back_can_approve_again(cast: Cast) -> None:
    request = reviews.approve(asked(cast), revision=1, by=cast.owner)
    leaves(cast)
    request = reviews.approve(request, revision=1, by=cast.platform)
    teams.add_member("payments", username="owner", role="owner", by=cast.platform)
    back = now(cast.owner)
    assert reviews.why_not(request, back) == ""
    assert request in queries.needs_me(back)
    assert reviews.approve(request, revision=1, by=back).state == State.APPROVED


def test_an_approval_by_a_policy_has_no_role_to_lose(cast: Cast) -> None:
    request = asked(cast)
    assert still_open(request) == [OWNER, PLATFORM]
    with transaction.atomic():
        review = request.reviews.create(
            revision=1, policy="toys", policy_version=1, verdict="approve", acted_as="auto"
        )
        request.requirements.create(revision=1, role="auto", reason="Small.", review=review)
        audit.record("request.reviewed", by=BY, about=request, request_id=request.pk)
    request = reviews.approve(request, revision=1, by=cast.owner)
    assert reviews.approve(request, revision=1, by=cast.platform).state == State.APPROVED
