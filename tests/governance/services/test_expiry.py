"""Requests that nobody decides on end by themselves, and let go of the names they ask for."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import Settings as SettingsWrapper

from governance.errors import Conflict, Refused
from governance.models import Event, Request
from governance.services import expiry, pipeline, requests, reviews
from governance.services.heartbeat import Clock
from governance.services.items import NewItem
from governance.tasks import expire as task
from governance.workflow import State
from tests.factories import Cast, make_cast, make_environment
from tests.toy.models import DeclaredToy

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast() -> Cast:
    make_environment("production", production=True)
    return make_cast("payments")


def toy(name: str, colour: str = "red") -> NewItem:
    return NewItem("toy", "create", name, "shelf-production", {"colour": colour})


def draft(cast: Cast, name: str = "bear") -> Request:
    return requests.create_draft(
        title="Toys", reason="", team=cast.team, items=[toy(name)], by=cast.requester
    )


def asked(cast: Cast, name: str = "bear") -> Request:
    request = requests.submit(draft(cast, name), by=cast.requester)
    request.refresh_from_db()
    return request


def let_time_pass(request: Request) -> None:
    Request.objects.filter(pk=request.pk).update(expires_at=Clock() - timedelta(seconds=1))


def state(request: Request) -> State:
    request.refresh_from_db()
    return State(request.state)


def test_the_time_counts_from_when_people_are_asked(cast: Cast, settings: SettingsWrapper) -> None:
    settings.REQUEST_LIFETIME = timedelta(days=3)
    request = draft(cast)
    assert request.expires_at is None
    request = requests.submit(request, by=cast.requester)
    request.refresh_from_db()
    assert request.expires_at is not None
    left = request.expires_at - timezone.now()
    assert timedelta(days=2, hours=23) < left <= timedelta(days=3, minutes=1)
    assert expiry.expire() == 0
    assert state(request) is State.IN_REVIEW


def test_one_that_nobody_decided_on_expires(cast: Cast) -> None:
    request, other = asked(cast), asked(cast, "duck")
    let_time_pass(request)
    assert task() == 1
    assert (state(request), state(other)) == (State.EXPIRED, State.IN_REVIEW)
    event = Event.objects.filter(request_id=request.pk).order_by("-id")[0]
    assert (event.action, event.actor_name) == ("request.expired", "clock")
    assert event.data["from"] == "in_review"
    assert expiry.expire() == 0
    with pytest.raises(Conflict, match="nobody decided on this one in time"):
        requests.submit(request, by=cast.requester)


def test_the_name_it_asked_for_is_free_again(cast: Cast) -> None:
    request = asked(cast)
    with pytest.raises(Refused, match="is asked for in request"):
        asked(cast)
    let_time_pass(request)
    expiry.expire()
    assert state(asked(cast)) is State.IN_REVIEW


def test_so_does_one_whose_author_never_changed_it(cast: Cast) -> None:
    request = asked(cast)
    reviews.request_changes(request, revision=1, comment="Blue, please.", by=cast.owner)
    let_time_pass(request)
    expiry.expire()
    assert state(request) is State.EXPIRED


def test_asking_again_begins_a_new_time(cast: Cast) -> None:
    request = asked(cast)
    first = request.expires_at
    request = requests.edit(
        request, title="Toys", reason="", items=[toy("bear", "blue")], revision=1, by=cast.requester
    )
    request.refresh_from_db()
    assert request.expires_at is None  # a draft waits for nobody
    request = requests.submit(request, by=cast.requester)
    request.refresh_from_db()
    assert first is not None
    assert request.expires_at is not None
    assert request.expires_at > first


def test_what_is_approved_or_done_does_not_expire(cast: Cast) -> None:
    request = asked(cast)
    reviews.approve(request, revision=1, by=cast.owner)
    assert state(request) is State.APPROVED
    assert request.expires_at is None
    pipeline.advance(request.pk)
    assert state(request) is State.APPLIED
    assert request.expires_at is None


def test_what_a_worker_sends_back_waits_anew(cast: Cast) -> None:
    reviews.approve(asked(cast), revision=1, by=cast.owner)
    pipeline.advance(Request.objects.get().pk)
    paint = NewItem("toy", "paint", "bear", "shelf-production", {"colour": "blue"})
    request = requests.create_draft(
        title="Paint", reason="", team=cast.team, items=[paint], by=cast.requester
    )
    reviews.approve(requests.submit(request, by=cast.requester), revision=1, by=cast.owner)
    DeclaredToy.objects.update(colour="green", generation=7)
    pipeline.advance(request.pk)
    assert state(request) is State.IN_REVIEW
    assert request.expires_at is not None


def test_whoever_decides_at_the_last_moment_has_decided(cast: Cast) -> None:
    request = asked(cast)
    let_time_pass(request)
    begun, over = threading.Event(), threading.Event()

    def decide() -> None:
        try:
            with transaction.atomic():
                reviews.approve(request, revision=1, by=cast.owner)
                begun.set()
                over.wait(5)
        finally:
            connection.close()

    def sweep() -> int:
        try:
            begun.wait(30)
            over.set()
            return expiry.expire()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        deciding, swept = pool.submit(decide), pool.submit(sweep)
        deciding.result()
        assert swept.result() == 0
    assert state(request) is State.APPROVED


def test_two_sweeps_end_each_once(cast: Cast) -> None:
    for number in range(6):
        let_time_pass(asked(cast, f"toy{number}"))

    def sweep(_: int) -> int:
        try:
            return expiry.expire()
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(sweep, range(3))) == 6
    assert Event.objects.filter(action="request.expired").count() == 6
    assert not Request.objects.filter(state=State.IN_REVIEW, expires_at__lte=Now()).exists()
