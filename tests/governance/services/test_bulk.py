"""Several requests at once: each by itself, with brakes."""

from __future__ import annotations

import pytest

from governance.errors import Invalid
from governance.models import Request
from governance.services import bulk, requests, reviews
from governance.services.bulk import BulkOutcome, Picked
from governance.services.items import NewItem
from governance.workflow import State
from tests.factories import Cast, make_cast, make_environment

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast() -> Cast:
    make_environment("production", production=True)
    make_environment("dev")
    return make_cast("payments")


def asked(cast: Cast, name: str, where: str = "dev", *, by: str = "requester") -> Request:
    author = getattr(cast, by)
    item = NewItem("toy", "create", name, f"shelf-{where}", {"colour": "red"})
    made = requests.create_draft(title="", reason="", team=cast.team, items=[item], by=author)
    return requests.submit(made, by=author)


def picked(*found: Request) -> list[Picked]:
    return [Picked(one.pk, one.revision) for one in found]


def state(request: Request) -> str:
    return Request.objects.get(pk=request.pk).state


def test_each_is_decided_by_itself_and_says_what_became_of_it(cast: Cast) -> None:
    good, own = asked(cast, "a"), asked(cast, "b", by="owner")
    edited, done = asked(cast, "c"), asked(cast, "d")
    reviews.decline(done, revision=1, comment="No.", by=cast.second_owner)
    item = NewItem("toy", "create", "c", "shelf-dev", {"colour": "blue"})
    requests.edit(edited, title="", reason="", items=[item], revision=1, by=cast.requester)
    requests.submit(edited, by=cast.requester)
    draft = requests.create_draft(
        title="", reason="", team=cast.team, items=[item], by=cast.requester
    )
    wanted = [*picked(good, own), Picked(edited.pk, 1), *picked(done), Picked(10**8, 1)]
    results = bulk.decide(wanted, verdict="approve", comment="Fine.", by=cast.owner)
    assert [r.outcome for r in results] == [
        BulkOutcome.APPROVED,
        BulkOutcome.REFUSED,
        BulkOutcome.STALE,
        BulkOutcome.REFUSED,
        BulkOutcome.REFUSED,
    ]
    assert "wrote or edited" in results[1].why
    assert "edited since you looked" in results[2].why
    assert "declined" in results[3].why
    assert "There is no request" in results[4].why
    assert state(good) == State.APPROVED
    assert good.reviews.get().comment == "Fine."
    assert state(own) == state(edited) == State.IN_REVIEW
    hidden = bulk.decide(picked(draft), verdict="approve", comment="", by=cast.outsider)
    assert "There is no request" in hidden[0].why


def test_somebody_who_is_not_asked_decides_nothing(cast: Cast) -> None:
    one = asked(cast, "a")
    for by in (cast.viewer, cast.outsider, cast.platform):
        for verdict in ("approve", "decline"):
            (result,) = bulk.decide(picked(one), verdict=verdict, comment="No.", by=by)
            assert result.outcome is BulkOutcome.REFUSED
    assert state(one) == State.IN_REVIEW


def test_in_production_the_number_is_typed(cast: Cast) -> None:
    found = [asked(cast, "a"), asked(cast, "b", "production")]
    for typed in (None, 1, 3):
        with pytest.raises(Invalid, match=r"in production\. Type 2"):
            bulk.decide(picked(*found), verdict="approve", comment="", typed=typed, by=cast.owner)
    assert {state(one) for one in found} == {State.IN_REVIEW}
    results = bulk.decide(picked(*found), verdict="approve", comment="", typed=2, by=cast.owner)
    assert {r.outcome for r in results} == {BulkOutcome.APPROVED}


def test_one_that_is_named_twice_is_decided_once(cast: Cast) -> None:
    one = asked(cast, "a")
    twice = picked(one, one)
    assert len(bulk.decide(twice, verdict="decline", comment="No.", by=cast.owner)) == 1
    assert state(one) == State.DECLINED


@pytest.mark.parametrize(
    ("count", "verdict", "comment", "path"),
    [
        (0, "approve", "", "requests"),
        (101, "approve", "", "requests"),
        (1, "decline", " ", "comment"),
        (1, "request_changes", "x", "verdict"),
        (1, "", "x", "verdict"),
    ],
)
def test_what_cannot_be_said_of_several_is_refused_before_anything(
    cast: Cast, count: int, verdict: str, comment: str, path: str
) -> None:
    one = asked(cast, "a")
    wanted = [Picked(one.pk + n, 1) for n in range(count)]
    with pytest.raises(Invalid) as refused:
        bulk.decide(wanted, verdict=verdict, comment=comment, by=cast.owner)
    assert refused.value.path == path
    assert state(one) == State.IN_REVIEW
