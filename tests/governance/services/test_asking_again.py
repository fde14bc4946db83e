"""Whom the rules ask may be another by the time it is rechecked: who is asked again, and who is not
waited for any more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from governance import kinds
from governance.kinds import ItemView, Json
from governance.models import Notification, Request
from governance.services import people, pipeline, reminders, requests, reviews
from governance.services.items import NewItem
from governance.workflow import State
from tests.factories import Cast, make_cast, make_environment, make_policy
from tests.toy.kind import Toy

pytestmark = pytest.mark.django_db(transaction=True)

OWNER, SECOND, PLATFORM = "owner:payments", "second:payments", "platform"


class ReadToy(Toy):
    """A toy whose repainting loses what somebody has not read."""

    lost: dict[str, str] = {}

    def facts(self, item: ItemView) -> Json:
        return {**super().facts(item), "topic.losses": dict(self.lost)}


@pytest.fixture
def read_toy() -> Iterator[ReadToy]:
    kinds.unregister("toy")
    found = ReadToy()
    kinds.register(found)
    yield found
    kinds.unregister("toy")
    kinds.register(Toy())


@pytest.fixture
def cast() -> Cast:
    make_environment("production", production=True)
    return make_cast("payments")


def asked(cast: Cast) -> Request:
    item = NewItem("toy", "create", "bear", "shelf-production", {"colour": "red"})
    draft = requests.create_draft(
        title="", reason="", team=cast.team, items=[item], by=cast.requester
    )
    return requests.submit(draft, by=cast.requester)


def rechecked(request: Request) -> Request:
    pipeline.advance(request.pk)
    request.refresh_from_db()
    return request


def still_open(request: Request) -> list[str]:
    found = request.requirements.filter(revision=request.revision, review__isnull=True)
    return sorted(found.values_list("role", flat=True))


def leaves(username: str, cast: Cast) -> None:
    people.switch_off(username, by=cast.platform)


def test_who_agreed_before_records_were_lost_is_asked_once_more(
    cast: Cast, read_toy: ReadToy
) -> None:
    request = reviews.approve(asked(cast), revision=1, by=cast.owner)
    read_toy.lost = {"payments": "invoices is 3 d behind"}

    request = rechecked(request)

    assert (request.state, still_open(request)) == (State.IN_REVIEW, [OWNER])
    assert "invoices is 3 d behind" in request.requirements.get(role=OWNER).reason
    assert request.requirements.get(role=OWNER).asked_by == []
    assert rechecked(reviews.approve(request, revision=1, by=cast.owner)).state == State.APPLIED


def test_who_knew_of_it_is_not_asked_twice(cast: Cast, read_toy: ReadToy) -> None:
    read_toy.lost = {"payments": "invoices is 3 d behind"}
    request = reviews.approve(asked(cast), revision=1, by=cast.owner)
    read_toy.lost = {"payments": "invoices is 4 d behind"}
    assert rechecked(request).state == State.APPLIED


def test_an_owner_who_left_alone_is_not_waited_for(cast: Cast) -> None:
    request = reviews.approve(asked(cast), revision=1, by=cast.owner)
    for username in ("owner", "second-owner"):
        leaves(username, cast)

    request = rechecked(request)

    assert (request.state, still_open(request)) == (State.IN_REVIEW, [PLATFORM])
    assert rechecked(reviews.approve(request, revision=1, by=cast.platform)).state == "applied"


def test_the_last_approval_finds_that_the_owner_left_alone(cast: Cast) -> None:
    make_policy("big", expression="false", severity="approval", approver="steward")
    request = reviews.approve(asked(cast), revision=1, by=cast.owner)
    for username in ("owner", "second-owner"):
        leaves(username, cast)

    request = reviews.approve(request, revision=1, by=cast.steward)

    assert (request.state, still_open(request)) == (State.IN_REVIEW, [PLATFORM])
    request = reviews.approve(request, revision=1, by=cast.platform)
    assert request.state == State.APPROVED


def test_a_reminder_goes_to_whom_the_rules_ask_today(cast: Cast) -> None:
    request = asked(cast)
    for username in ("owner", "second-owner"):
        leaves(username, cast)
    Request.objects.filter(pk=request.pk).update(remind_at=Now() - timedelta(hours=1))

    assert reminders.remind() == 1

    assert still_open(request) == [PLATFORM]
    told = Notification.objects.filter(request=request, happening="reminded")
    assert [notice.user.username for notice in told] == ["platform"]


def test_where_all_who_are_asked_today_have_agreed_it_goes_on(cast: Cast) -> None:
    make_policy("big", expression="false", severity="approval", approver="platform")
    request = reviews.approve(asked(cast), revision=1, by=cast.owner)
    request = reviews.approve(request, revision=1, by=cast.platform)
    for username in ("owner", "second-owner"):
        leaves(username, cast)

    request = rechecked(request)

    assert (request.state, still_open(request)) == (State.APPROVED, [])
    assert rechecked(request).state == State.APPLIED
