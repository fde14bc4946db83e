"""Rolling back: a draft that restores, and what is said of the rest."""

from __future__ import annotations

import pytest

from governance import kinds
from governance.errors import Conflict, NotAllowed, NotFound, Refused
from governance.models import Request
from governance.services import requests, reviews, rollback
from governance.workflow import State
from tests.factories import Cast, make_cast, make_environment
from tests.governance.services.test_pipeline import approved, draft, settle, toy
from tests.toy.kind import TROUBLE, Toy
from tests.toy.models import DeclaredToy, ShelfToy

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast() -> Cast:
    make_environment("production", production=True)
    return make_cast("payments")


def painted(cast: Cast) -> Request:
    """A red bear that was painted blue, beside a new fox."""
    settle(approved(cast, toy("bear")))
    return settle(approved(cast, toy("bear", "blue", "paint"), toy("fox")))


def test_what_was_declared_before_is_asked_for_and_the_rest_is_said(cast: Cast) -> None:
    done = painted(cast)
    found = rollback.outlook(done)
    assert [r.item.name for r in found.restored] == ["bear"]
    assert [(k.item.name, k.why.message) for k in found.kept] == [
        ("fox", "fox was made, and stays.")
    ]
    back = rollback.roll_back(done, by=cast.requester)
    assert back.state == State.DRAFT
    assert f"Rolls back #{done.pk}" in back.reason
    assert "fox stays as it is: fox was made, and stays." in back.reason
    item = back.items.get()
    assert (item.operation, item.before, item.after) == (
        "paint",
        {"colour": "blue"},
        {"colour": "red"},
    )
    asked = requests.submit(back, by=cast.requester)
    reviews.approve(asked, revision=1, by=cast.owner)
    assert settle(asked).state == State.APPLIED
    assert ShelfToy.objects.get(name="bear").colour == "red"


def test_it_starts_from_what_is_now_and_says_so(cast: Cast) -> None:
    done = painted(cast)
    assert not rollback.outlook(done).restored[0].moved_on
    settle(approved(cast, toy("bear", "green", "paint")))
    done.refresh_from_db()
    assert rollback.outlook(done).restored[0].moved_on
    item = rollback.roll_back(done, by=cast.requester).items.get()
    assert (item.before, item.after) == ({"colour": "green"}, {"colour": "red"})
    assert item.base_generation == DeclaredToy.objects.get(name="bear").generation


def test_what_was_not_applied_is_not_taken_back(cast: Cast) -> None:
    settle(approved(cast, toy("bear")))
    TROUBLE.broken.add("owl")
    try:
        done = settle(approved(cast, toy("bear", "blue", "paint"), toy("owl")))
    finally:
        TROUBLE.broken.clear()
    assert done.state == State.PARTLY_APPLIED
    assert [k.why.message for k in rollback.outlook(done).kept] == ["It was not applied."]
    assert rollback.roll_back(done, by=cast.requester).items.get().name == "bear"


def test_where_nothing_can_be_taken_back_no_draft_is_made(cast: Cast) -> None:
    done = settle(approved(cast, toy("bear")))
    with pytest.raises(Refused, match="bear was made"):
        rollback.roll_back(done, by=cast.requester)
    assert Request.objects.count() == 1


def test_who_may_and_when(cast: Cast) -> None:
    with pytest.raises(Conflict, match="draft"):
        rollback.roll_back(draft(cast, toy("owl")), by=cast.requester)
    done = painted(cast)
    for by in (cast.outsider, cast.viewer, cast.platform, cast.auditor):
        assert not rollback.can_roll_back(done, by)
        with pytest.raises(NotAllowed):
            rollback.roll_back(done, by=by)
    assert rollback.can_roll_back(done, cast.requester)
    hidden = draft(cast, toy("cat"))
    with pytest.raises(NotFound):
        rollback.roll_back(hidden, by=cast.outsider)


class Kept(Toy):
    """A toy that cannot be taken back."""

    undo = None  # type: ignore[assignment]  # how a Protocol's member is said to be missing


def test_a_kind_that_takes_nothing_back_says_so(cast: Cast) -> None:
    done = painted(cast)
    kinds.unregister("toy")
    kinds.register(Kept())
    try:
        whys = {k.why.message for k in rollback.outlook(done).kept}
    finally:
        kinds.unregister("toy")
        kinds.register(Toy())
    assert whys == {"Nothing takes back what was done to a toy."}
