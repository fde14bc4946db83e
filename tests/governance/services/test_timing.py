"""Requests that wait for their time: freezes, change windows, "not before"."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.db.models.functions import Now

from governance import audit
from governance.actors import Actor
from governance.clock import database_now
from governance.errors import Conflict, Invalid, NotAllowed, NotFound
from governance.models import Environment, Event, Freeze, Request
from governance.services import environments, freezes, pipeline, requests, reviews, timing
from governance.services.environments import EnvironmentSpec
from governance.workflow import State
from tests.factories import BY, Cast, make_cast, make_environment
from tests.governance.services.test_pipeline import actions, approved, draft, settle, toy
from tests.toy.models import DeclaredToy, ShelfToy

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)


@pytest.fixture
def cast() -> Cast:
    make_environment("production", production=True)
    return make_cast("payments")


def now() -> datetime:
    return database_now()


def freeze(by: Actor, *, begins: timedelta = -DAY, lasts: timedelta = 3 * DAY) -> Freeze:
    starts = now() + begins
    return freezes.declare(
        "production", starts_at=starts, ends_at=starts + lasts, reason="year-end closing", by=by
    )


@transaction.atomic
def closed_windows(by: Actor) -> None:
    """A window of two hours that lies twelve hours from now."""
    begins = (now() + timedelta(hours=12)).astimezone(UTC)
    ends = begins + timedelta(hours=2)
    rule = f"{begins:%a} {begins:%H:%M}–{ends:%H:%M}"
    environments.change("production", EnvironmentSpec("Production", change_windows=(rule,)), by=by)


def test_in_a_freeze_an_approved_request_is_scheduled_and_applied_when_it_is_lifted(
    cast: Cast,
) -> None:
    frozen = freeze(cast.platform)
    request = settle(approved(cast))
    assert request.state == State.SCHEDULED
    assert request.scheduled_for == frozen.ends_at
    assert not ShelfToy.objects.exists()
    told = Event.objects.get(action="request.scheduled")
    assert told.data["why"].startswith("Production is frozen until")
    assert told.data["why"].endswith("year-end closing.")

    assert pipeline.sweep() == 0
    assert settle(request).state == State.SCHEDULED

    freezes.lift(frozen.pk, by=cast.platform)
    assert pipeline.sweep() == 1
    assert settle(request).state == State.APPLIED
    assert actions(request)[-6:] == [
        "request.recheck_started",
        "request.scheduled",
        "request.recheck_started",
        "request.apply_started",
        "item.applied",
        "request.applied",
    ]


def test_outside_a_window_it_waits_and_without_windows_it_does_not(cast: Cast) -> None:
    closed_windows(cast.platform)
    waits = settle(approved(cast))
    assert waits.state == State.SCHEDULED
    assert waits.scheduled_for is not None
    assert timedelta(hours=11) < waits.scheduled_for - now() < timedelta(hours=13)
    environments.change("production", EnvironmentSpec("Production"), by=cast.platform)
    assert settle(waits).state == State.APPLIED


def test_when_its_time_comes_it_is_rechecked_and_the_world_may_have_changed(cast: Cast) -> None:
    frozen = freeze(cast.platform)
    request = settle(approved(cast))
    with transaction.atomic():
        Freeze.objects.filter(pk=frozen.pk).update(ends_at=Now())
        Request.objects.filter(pk=request.pk).update(scheduled_for=Now())
        audit.record("test.later", by=BY, about=request)
    with transaction.atomic():
        resource = cast.team.resources.create(kind="toy", name="bear")
        DeclaredToy.objects.create(
            resource=resource,
            environment=Environment.objects.get(),
            name="bear",
            place="shelf-production",
            colour="blue",
        )
        audit.record("test.declared", by=BY, about=resource)
    assert pipeline.sweep() == 1
    assert settle(request).state == State.CHANGES_REQUESTED


def test_a_window_that_closed_again_schedules_it_again(cast: Cast) -> None:
    request = settle(_put_off(cast))
    frozen = freeze(cast.platform, begins=timedelta(seconds=-1))
    Request.objects.filter(pk=request.pk).update(scheduled_for=Now())
    request = settle(request)
    assert request.state == State.SCHEDULED
    assert request.scheduled_for == frozen.ends_at


def _put_off(cast: Cast) -> Request:
    request = approved(cast)
    return timing.set_not_before(request, now() + DAY, by=cast.requester)


def test_not_before_is_kept_and_said(cast: Cast) -> None:
    asked = now() + DAY
    request = approved(cast)
    timing.set_not_before(request, asked, by=cast.owner)
    request = settle(request)
    assert (request.state, request.scheduled_for) == (State.SCHEDULED, asked)
    assert "as was asked for" in Event.objects.get(action="request.scheduled").data["why"]
    assert pipeline.sweep() == 0
    timing.set_not_before(request, None, by=cast.owner)
    assert pipeline.sweep() == 1
    assert settle(request).state == State.APPLIED


def test_who_may_choose_the_time(cast: Cast) -> None:
    request = requests.submit(draft(cast), by=cast.requester)
    later, latest = now() + DAY, now() + 2 * DAY
    for stranger in (cast.outsider, cast.viewer, cast.steward, cast.platform):
        with pytest.raises(NotAllowed, match="asked to approve"):
            timing.set_not_before(request, later, by=stranger)
    assert timing.set_not_before(request, latest, by=cast.requester).not_before == latest
    assert timing.set_not_before(request, later, by=cast.requester).not_before == later
    request = reviews.approve(request, revision=1, by=cast.owner)
    for earlier in (None, now() + DAY / 2):
        with pytest.raises(NotAllowed, match="approved for that time"):
            timing.set_not_before(request, earlier, by=cast.requester)
    assert timing.set_not_before(request, latest, by=cast.requester).not_before == latest
    assert timing.set_not_before(request, None, by=cast.second_owner).not_before is None


@pytest.mark.parametrize(("days", "words"), [(-1, "is over"), (400, "a year away")])
def test_a_time_that_is_no_time_to_wait_for(cast: Cast, days: int, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        timing.set_not_before(draft(cast), now() + days * DAY, by=cast.requester)


def test_what_is_applied_has_no_time_any_more(cast: Cast) -> None:
    request = settle(approved(cast))
    with pytest.raises(Conflict, match="applied"):
        timing.set_not_before(request, now() + DAY, by=cast.requester)


def test_while_it_waits_it_can_be_withdrawn(cast: Cast) -> None:
    freeze(cast.platform)
    request = settle(approved(cast))
    requests.withdraw(request, by=cast.requester)
    Request.objects.filter(pk=request.pk).update(scheduled_for=Now())
    assert pipeline.sweep() == 0
    request.refresh_from_db()
    assert request.state == State.WITHDRAWN


def test_without_any_time_within_a_year_it_is_looked_at_each_day(cast: Cast) -> None:
    freeze(cast.platform, lasts=366 * DAY)
    freeze(cast.platform, begins=360 * DAY, lasts=300 * DAY)
    request = settle(approved(cast))
    assert (request.state, request.scheduled_for) == (State.SCHEDULED, None)
    assert pipeline.sweep() == 0
    with transaction.atomic():
        Request.objects.filter(pk=request.pk).update(state_at=Now() - DAY)
        audit.record("test.later", by=BY, about=request)
    assert pipeline.sweep() == 1


def test_only_platform_freezes_and_lifts(cast: Cast) -> None:
    for by in (cast.owner, cast.auditor, cast.outsider):
        with pytest.raises(NotAllowed, match="freeze an environment"):
            freeze(by)
    frozen = freeze(cast.platform)
    with pytest.raises(NotAllowed):
        freezes.lift(frozen.pk, by=cast.owner)
    freezes.lift(frozen.pk, by=cast.platform)
    with pytest.raises(Conflict, match="over already"):
        freezes.lift(frozen.pk, by=cast.platform)
    with pytest.raises(NotFound):
        freezes.lift(frozen.pk + 1_000, by=cast.platform)
    told = Event.objects.filter(object_kind="environment").values_list("action", flat=True)
    assert list(told.order_by("id"))[-2:] == ["environment.frozen", "environment.freeze_lifted"]


@pytest.mark.parametrize(
    ("begins", "lasts", "reason", "words"),
    [
        (DAY, -DAY, "x", "ends before it begins"),
        (-2 * DAY, DAY, "x", "is over"),
        (DAY, 500 * DAY, "x", "a year at most"),
        (500 * DAY, DAY, "x", "within a year"),
        (DAY, DAY, "  ", "what the freeze is for"),
        (DAY, DAY, "x" * 301, "300 characters"),
        (DAY, DAY, "a\x00b", "300 characters"),
    ],
)
def test_a_freeze_that_makes_no_sense(
    cast: Cast, begins: timedelta, lasts: timedelta, reason: str, words: str
) -> None:
    starts = now() + begins
    with pytest.raises(Invalid, match=words):
        freezes.declare(
            "production",
            starts_at=starts,
            ends_at=starts + lasts,
            reason=reason,
            by=cast.platform,
        )
    assert not Freeze.objects.exists()


def test_windows_are_kept_in_their_normal_form(cast: Cast) -> None:
    spec = EnvironmentSpec("Production", change_windows=("mon - thu 9:00-16:00", ""))
    changed = environments.change("production", spec, by=cast.platform)
    assert changed.change_windows == ["Mon–Thu 09:00–16:00"]
    assert environments.spec_of(changed).change_windows == ("Mon–Thu 09:00–16:00",)
    with pytest.raises(Invalid, match="is no change window"):
        environments.change("production", EnvironmentSpec("P", change_windows=("x",)), by=BY)


def test_an_author_who_owns_is_not_asked_for_that(cast: Cast) -> None:
    written = requests.create_draft(
        title="", reason="", team=cast.team, items=[toy("bear")], by=cast.owner
    )
    request = requests.submit(written, by=cast.owner)
    timing.set_not_before(request, now() + 3 * DAY, by=cast.owner)
    freeze(cast.platform)
    request = settle(reviews.approve(request, revision=1, by=cast.second_owner))
    assert request.state == State.SCHEDULED
    for earlier in (now() + DAY, None):
        with pytest.raises(NotAllowed, match="approved for that time"):
            timing.set_not_before(request, earlier, by=cast.owner)
    assert timing.set_not_before(request, None, by=cast.second_owner).not_before is None
