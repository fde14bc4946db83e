"""The table of moves, walked: each changes the row once, with one event, from its state alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models.functions import Now

from governance import audit
from governance.errors import Conflict, Overtaken
from governance.models import BrokenGlass, Event, Item, Request, Requirement, Review, User
from governance.services.moves import move
from governance.workflow import TRANSITIONS, WAITING, Move, State
from tests.factories import BY, make_team, make_user

pytestmark = pytest.mark.django_db(transaction=True)


@transaction.atomic
def standing(state: State) -> Request:
    """A request that stands there and lacks nothing for any move."""
    owner: User = make_user()
    request = Request.objects.create(title="t", team=make_team(), state=state)
    Item.objects.create(
        request=request, position=0, kind="toy", operation="create", name="x", place="p", after={}
    )
    review = Review.objects.create(
        request=request, revision=1, reviewer=owner, verdict="approve", acted_as="platform"
    )
    Requirement.objects.create(
        request=request, revision=1, role="platform", reason="because", review=review
    )
    BrokenGlass.objects.create(
        request=request,
        revision=1,
        reason="because",
        broken_by=owner,
        due=Now() + timedelta(days=1),
    )
    audit.record("test.made", by=BY, about=request)
    return request


@pytest.mark.parametrize(("state", "what"), TRANSITIONS, ids=lambda value: str(value.value))
def test_each_move_is_one_event_and_happens_once(state: State, what: Move) -> None:
    request = standing(state)
    late = Request.objects.get(pk=request.pk)
    with transaction.atomic():
        move(request, what, by=BY)
    found = Request.objects.get(pk=request.pk)
    after = TRANSITIONS[state, what]
    assert found.state == request.state == after
    assert (found.expires_at is not None) == (after in WAITING and state not in WAITING)
    (event,) = Event.objects.filter(request_id=request.pk)
    assert event.action == f"request.{what.value}"
    assert (event.data["from"], event.data["to"]) == (state.value, after.value)
    if after is not state:
        with pytest.raises(Overtaken), transaction.atomic():
            move(late, what, by=BY)
        assert Event.objects.filter(request_id=request.pk).count() == 1


@pytest.mark.parametrize("state", State)
def test_every_other_move_is_refused_and_changes_nothing(state: State) -> None:
    request = standing(state)
    for what in set(Move) - {known for before, known in TRANSITIONS if before is state}:
        with pytest.raises(Conflict), transaction.atomic():
            move(request, what, by=BY)
    assert Request.objects.get(pk=request.pk).state == state
    assert not Event.objects.filter(request_id=request.pk).exists()
