"""Break-glass: who may, what still counts, and the second person afterwards."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models.functions import Now

from governance import audit
from governance.actors import actor_for_token, system_actor
from governance.clock import database_now
from governance.errors import Conflict, Invalid, NotAllowed, Stale
from governance.models import BrokenGlass, Event, Request, User
from governance.services import freezes, glass, pipeline, requests, reviews
from governance.workflow import State
from tests.factories import (
    BY,
    Cast,
    make_actor,
    make_cast,
    make_environment,
    make_policy,
    make_token,
)
from tests.governance.services.test_pipeline import actions, approved, draft, settle, toy
from tests.toy.models import ShelfToy

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)


@pytest.fixture
def cast() -> Cast:
    make_environment("production", production=True)
    return make_cast("payments")


def freeze(cast: Cast) -> None:
    starts = database_now()
    freezes.declare(
        "production", starts_at=starts, ends_at=starts + DAY, reason="closing", by=cast.platform
    )


def broken(cast: Cast) -> Request:
    request = requests.submit(draft(cast), by=cast.requester)
    return glass.break_glass(request, revision=1, reason="Payments stand still.", by=cast.platform)


def test_it_is_applied_at_once_without_approvals_in_a_freeze(cast: Cast) -> None:
    freeze(cast)
    request = settle(broken(cast))
    assert request.state == State.APPLIED
    assert ShelfToy.objects.get().colour == "red"
    assert request.break_glass
    assert request.review_due is not None
    left = request.review_due - database_now()
    assert timedelta(hours=23) < left <= DAY
    told = Event.objects.get(action="request.glass_broken")
    assert told.data["why"] == "Payments stand still."
    assert told.data["without"] == ["owner:payments"]
    assert told.actor_name == "platform"


def test_a_scheduled_request_is_applied_now(cast: Cast) -> None:
    freeze(cast)
    request = settle(approved(cast))
    assert request.state == State.SCHEDULED
    glass.break_glass(request, revision=1, reason="It cannot wait.", by=cast.platform)
    assert settle(request).state == State.APPLIED
    assert "request.glass_broken" in actions(request)


def test_only_platform_in_person_breaks_it(cast: Cast) -> None:
    request = requests.submit(draft(cast), by=cast.requester)
    token = actor_for_token(make_token("payments", "api:write")[0])
    for by in (cast.requester, cast.owner, cast.steward, cast.auditor, token, system_actor()):
        with pytest.raises(NotAllowed, match="break the glass"):
            glass.break_glass(request, revision=1, reason="Now.", by=by)
    assert not BrokenGlass.objects.exists()
    glass.break_glass(request, revision=1, reason="Now.", by=cast.platform)


def test_it_takes_a_reason_the_revision_and_something_that_waits(cast: Cast) -> None:
    request = requests.submit(draft(cast), by=cast.requester)
    with pytest.raises(Invalid, match="why it cannot wait"):
        glass.break_glass(request, revision=1, reason="  ", by=cast.platform)
    with pytest.raises(Invalid, match="NUL"):
        glass.break_glass(request, revision=1, reason="a\x00", by=cast.platform)
    with pytest.raises(Stale):
        glass.break_glass(request, revision=2, reason="Now.", by=cast.platform)
    with pytest.raises(Conflict, match="draft"):
        glass.break_glass(draft(cast, toy("fox")), revision=1, reason="Now.", by=cast.platform)
    done = glass.break_glass(request, revision=1, reason="Now.", by=cast.platform)
    with pytest.raises(Conflict, match="approved"):
        glass.break_glass(done, revision=1, reason="Twice.", by=cast.platform)
    assert BrokenGlass.objects.count() == 1


def test_a_rule_that_denies_still_counts(cast: Cast) -> None:
    request = requests.submit(draft(cast), by=cast.requester)
    make_policy("no-red", expression='toy.colour != "red"', message="Red is not allowed.")
    glass.break_glass(request, revision=1, reason="Now.", by=cast.platform)
    request = settle(request)
    assert request.state == State.CHANGES_REQUESTED
    assert not ShelfToy.objects.exists()


def test_it_counts_for_the_revision_it_was_broken_for_alone(cast: Cast) -> None:
    request = requests.submit(draft(cast), by=cast.requester)
    policy = make_policy("no-red", expression='toy.colour != "red"', message="No red.")
    glass.break_glass(request, revision=1, reason="Now.", by=cast.platform)
    request = settle(request)
    with transaction.atomic():
        policy.active = False
        policy.save()
        audit.record("test.off", by=BY, about=policy)
    freeze(cast)
    items = [toy("bear", "blue")]
    requests.edit(request, title="", reason="", items=items, revision=1, by=cast.requester)
    request.refresh_from_db()
    request = requests.submit(request, by=cast.requester)
    assert request.state == State.IN_REVIEW
    reviews.approve(request, revision=2, by=cast.owner)
    assert settle(request).state == State.SCHEDULED


def test_after_its_time_a_retry_needs_the_approvals_again(cast: Cast) -> None:
    request = broken(cast)
    with transaction.atomic():
        Request.objects.filter(pk=request.pk).update(state="failed")
        audit.record("test.failed", by=BY, about=request)
    _later(request)
    request.refresh_from_db()
    requests.retry(request, by=cast.requester)
    request = settle(request)
    assert request.state == State.IN_REVIEW
    assert not ShelfToy.objects.exists()


@transaction.atomic
def _later(request: Request) -> None:
    """Has its time to be looked at be over. The trigger would not let a service do this."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE governance_brokenglass DISABLE TRIGGER brokenglass_stands")
        cursor.execute(
            "UPDATE governance_brokenglass SET due = now() - interval '1 hour' "
            "WHERE request_id = %s",
            [request.pk],
        )
        audit.record("test.later", by=BY, about=request)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE governance_brokenglass ENABLE TRIGGER brokenglass_stands")


def test_a_second_person_looks_at_it(cast: Cast) -> None:
    settle(broken(cast))
    row = BrokenGlass.objects.get()
    second = make_actor("second", org=("platform",))
    with pytest.raises(NotAllowed, match="You broke the glass"):
        glass.look_at(row, verdict="confirmed", by=cast.platform)
    for by in (cast.owner, cast.auditor):
        with pytest.raises(NotAllowed, match="look at a broken glass"):
            glass.look_at(row, verdict="confirmed", by=by)
    with pytest.raises(Invalid, match="what was wrong"):
        glass.look_at(row, verdict="objected", comment=" ", by=second)
    with pytest.raises(Invalid, match="confirm or to object"):
        glass.look_at(row, verdict="yes", by=second)
    assert list(glass.waits_for(second)) == [row]
    assert not glass.waits_for(cast.platform).exists()
    assert list(glass.unreviewed(cast.platform)) == [row]
    assert list(glass.unreviewed(cast.auditor)) == [row]
    assert not glass.unreviewed(cast.owner).exists()
    looked = glass.look_at(row, verdict="objected", comment="Nobody was called.", by=second)
    assert looked.reviewer_id == second.user_id
    assert not glass.unreviewed(cast.platform).exists()
    with pytest.raises(Conflict, match="looked at request"):
        glass.look_at(row, verdict="confirmed", by=make_actor("third", org=("platform",)))
    assert Event.objects.filter(action="request.glass_objected").count() == 1


def test_whoever_wrote_the_request_does_not_look_at_it(cast: Cast) -> None:
    author = make_actor("author", team="payments", roles=("requester",), org=("platform",))
    made = requests.create_draft(
        title="", reason="", team=cast.team, items=[toy("bear")], by=author
    )
    request = requests.submit(made, by=author)
    glass.break_glass(request, revision=1, reason="Now.", by=cast.platform)
    row = BrokenGlass.objects.get()
    assert not glass.waits_for(author).exists()
    with pytest.raises(NotAllowed, match="You wrote this request"):
        glass.look_at(row, verdict="confirmed", by=author)
    for person in (author.user_id, cast.platform.user_id):
        with pytest.raises(DatabaseError, match=r"wrote nothing|by_another"), transaction.atomic():
            BrokenGlass.objects.filter(pk=row.pk).update(
                reviewer=person, verdict="confirmed", reviewed_at=Now()
            )


def test_the_database_keeps_what_is_on_record(cast: Cast) -> None:
    request = broken(cast)
    row = BrokenGlass.objects.get()
    for change in ({"reason": "Another."}, {"due": Now() + 2 * DAY}, {"revision": 7}):
        with pytest.raises(DatabaseError, match="only looked at"), transaction.atomic():
            BrokenGlass.objects.filter(pk=row.pk).update(**change)
    with pytest.raises(DatabaseError, match="review_due"), transaction.atomic():
        Request.objects.filter(pk=request.pk).update(review_due=None)
    glass.look_at(row, verdict="confirmed", by=make_actor("second", org=("platform",)))
    third = User.objects.get(username="steward")
    with pytest.raises(DatabaseError, match="only looked at"), transaction.atomic():
        BrokenGlass.objects.filter(pk=row.pk).update(reviewer=third)


def test_without_a_broken_glass_the_database_approves_nothing(cast: Cast) -> None:
    request = requests.submit(draft(cast), by=cast.requester)
    with pytest.raises(DatabaseError, match="lacks an approval"), transaction.atomic():
        Request.objects.filter(pk=request.pk).update(
            state="approved", break_glass=True, review_due=Now() + DAY
        )
    assert pipeline.sweep() == 0
