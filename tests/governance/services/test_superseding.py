"""A request that takes the place of another."""

from __future__ import annotations

import pytest

from governance.errors import Conflict, NotAllowed, Refused
from governance.models import Event, Request
from governance.services import requests, reviews, superseding
from governance.workflow import State
from tests.factories import Cast, make_actor, make_cast, make_environment, make_policy
from tests.governance.services.test_pipeline import approved, draft, settle, toy

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast() -> Cast:
    make_environment("production", production=True)
    return make_cast("payments")


def waiting(cast: Cast) -> Request:
    return requests.submit(draft(cast), by=cast.requester)


def test_the_new_one_takes_names_and_place_when_it_is_submitted(cast: Cast) -> None:
    old = waiting(cast)
    new = superseding.replace(old, by=cast.owner)
    old.refresh_from_db()
    assert (new.state, new.replaces_id, old.state) == (State.DRAFT, old.pk, State.IN_REVIEW)
    assert [i.after for i in new.items.all()] == [{"colour": "red"}]
    requests.edit(
        new, title="Blue", reason="", items=[toy("bear", "blue")], revision=1, by=cast.owner
    )
    requests.submit(new, by=cast.owner)
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.state, old.superseded_by_id) == (State.SUPERSEDED, new.pk)
    assert new.state == State.IN_REVIEW
    assert Event.objects.filter(request_id=old.pk, action="request.superseded").count() == 1
    with pytest.raises(Conflict):
        reviews.approve(old, revision=1, by=cast.second_owner)


def test_another_request_still_finds_the_name_held(cast: Cast) -> None:
    waiting(cast)
    with pytest.raises(Refused, match="asked for in request"):
        requests.submit(draft(cast), by=cast.requester)


def test_a_replacement_that_is_refused_leaves_the_old_one_as_it_was(cast: Cast) -> None:
    old = waiting(cast)
    new = superseding.replace(old, by=cast.requester)
    make_policy("no-red", expression='toy.colour != "red"', message="No red.")
    with pytest.raises(Refused, match="No red"):
        requests.submit(new, by=cast.requester)
    old.refresh_from_db()
    assert (old.state, old.superseded_by_id) == (State.IN_REVIEW, None)


def test_of_two_replacements_the_first_wins(cast: Cast) -> None:
    old = waiting(cast)
    first = superseding.replace(old, by=cast.requester)
    second = superseding.replace(old, by=cast.owner)
    requests.submit(first, by=cast.requester)
    with pytest.raises(Refused, match="asked for in request"):
        requests.submit(second, by=cast.owner)


def test_what_is_approved_meanwhile_is_not_replaced(cast: Cast) -> None:
    old = waiting(cast)
    new = superseding.replace(old, by=cast.requester)
    reviews.approve(old, revision=1, by=cast.owner)
    with pytest.raises(Conflict, match="approved by now"):
        requests.submit(new, by=cast.requester)
    new.refresh_from_db()
    assert new.state == State.DRAFT
    assert settle(old).state == State.APPLIED


def test_who_wrote_the_old_one_does_not_approve_the_new(cast: Cast) -> None:
    author = make_actor("author", team="payments", roles=("owner",))
    old = requests.submit(
        requests.create_draft(title="", reason="", team=cast.team, items=[toy("bear")], by=author),
        by=author,
    )
    new = requests.submit(superseding.replace(old, by=cast.requester), by=cast.requester)
    with pytest.raises(NotAllowed, match="wrote or edited"):
        reviews.approve(new, revision=1, by=author)
    assert reviews.approve(new, revision=1, by=cast.owner).state == State.APPROVED


def test_the_same_holds_for_what_is_asked_for_again(cast: Cast) -> None:
    author = make_actor("author", team="payments", roles=("owner",))
    old = requests.submit(
        requests.create_draft(title="", reason="", team=cast.team, items=[toy("bear")], by=author),
        by=author,
    )
    old = requests.withdraw(old, by=author)
    again = requests.submit(requests.ask_again(old, by=cast.requester), by=cast.requester)
    with pytest.raises(NotAllowed, match="wrote or edited"):
        reviews.approve(again, revision=1, by=author)


def test_who_may_and_when(cast: Cast) -> None:
    old = waiting(cast)
    for by in (cast.outsider, cast.viewer, cast.steward):
        with pytest.raises(NotAllowed, match="replace a request"):
            superseding.replace(old, by=by)
    assert superseding.replace(old, by=cast.platform).team == cast.team
    done = settle(approved(cast, toy("fox")))
    with pytest.raises(Conflict, match="no longer be replaced"):
        superseding.replace(done, by=cast.requester)
