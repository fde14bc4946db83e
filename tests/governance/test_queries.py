"""What pages read: whose inbox has what, one request as a whole, in how many queries."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from governance import queries
from governance.actors import Actor
from governance.models import Request
from governance.services import pipeline, requests, reviews
from governance.services.items import NewItem
from tests.factories import Cast, make_cast, make_environment, make_policy

pytestmark = pytest.mark.django_db

Counts = Callable[[int], AbstractContextManager[object]]


@pytest.fixture
def cast() -> Cast:
    make_environment("production", production=True)
    make_policy("loud", expression='toy.colour != "red"', severity="approval", approver="steward")
    return make_cast()


def ask(cast: Cast, *names: str, colour: str = "blue", by: Actor | None = None) -> Request:
    items = [
        NewItem("toy", "create", name, "shelf-production", {"colour": colour}) for name in names
    ]
    author = by or cast.requester
    draft = requests.create_draft(
        title=" ".join(names), reason="", team=cast.team, items=items, by=author
    )
    return requests.submit(draft, by=author)


def numbers(found: object) -> list[int]:
    return [r.pk for r in found]  # type: ignore[attr-defined]


def test_an_inbox_has_what_its_person_can_decide_now(cast: Cast) -> None:
    quiet = ask(cast, "bear")
    loud = ask(cast, "fox", colour="red")
    own = ask(cast, "owl", by=cast.owner)

    assert numbers(queries.needs_me(cast.owner)) == [quiet.pk, loud.pk], "oldest first, not her own"
    assert numbers(queries.needs_me(cast.second_owner)) == [quiet.pk, loud.pk, own.pk]
    assert numbers(queries.needs_me(cast.steward)) == [loud.pk]
    for somebody in (cast.requester, cast.viewer, cast.auditor, cast.outsider):
        assert numbers(queries.needs_me(somebody)) == []

    reviews.approve(loud, revision=1, by=cast.owner)
    assert numbers(queries.needs_me(cast.owner)) == [quiet.pk]
    assert numbers(queries.needs_me(cast.second_owner)) == [quiet.pk, own.pk]
    assert numbers(queries.needs_me(cast.steward)) == [loud.pk]


def test_mine_and_my_teams(cast: Cast) -> None:
    asked = ask(cast, "bear")
    assert numbers(queries.mine(cast.requester)) == [asked.pk]
    assert numbers(queries.mine(cast.owner)) == []
    assert numbers(queries.of_my_teams(cast.viewer)) == [asked.pk]
    assert numbers(queries.of_my_teams(cast.outsider)) == []
    requests.withdraw(asked, by=cast.requester)
    assert numbers(queries.mine(cast.requester)) == []


def test_drafts_are_seen_by_their_team_alone(cast: Cast) -> None:
    items = [NewItem("toy", "create", "bear", "shelf-production", {"colour": "blue"})]
    draft = requests.create_draft(
        title="", reason="", team=cast.team, items=items, by=cast.requester
    )
    assert numbers(queries.requests(cast.viewer)) == [draft.pk]
    assert numbers(queries.requests(cast.outsider)) == []


@pytest.mark.parametrize("words", ["#{pk}", "{pk}", "be", "bear", "BEAR fox"])
def test_search_finds_a_request_by_number_title_or_thing(cast: Cast, words: str) -> None:
    asked = ask(cast, "bear", "fox")
    ask(cast, "owl")
    found = queries.search(queries.requests(cast.viewer), words.format(pk=asked.pk))
    assert numbers(found) == [asked.pk]


def test_the_page_says_what_each_person_can_do(cast: Cast) -> None:
    asked = ask(cast, "fox", colour="red")
    owner = queries.request_page(asked, cast.owner)
    assert owner.can_approve
    assert owner.acting_as == "an approver or owner of payments"
    author = queries.request_page(asked, cast.requester)
    assert not author.can_approve
    assert "wrote or edited" in author.why_not
    assert author.can_withdraw
    outsider = queries.request_page(asked, cast.outsider)
    assert not outsider.can_approve
    assert "an approver or owner of payments" in outsider.why_not
    assert not outsider.can_withdraw
    agreements = {a.who: (a.by, list(a.could)) for a in owner.agreements}
    assert agreements == {
        "an approver or owner of payments": ("", ["Owner", "Second-owner"]),
        "a data steward": ("", ["Steward"]),
    }


@pytest.mark.django_db(transaction=True)
def test_the_timeline_tells_the_story_and_folds_a_crowd(cast: Cast) -> None:
    asked = ask(cast, *[f"bear-{n}" for n in range(10)])
    requests.comment(asked, body="Why so many?", by=cast.owner)
    reviews.approve(asked, revision=1, comment="Fine.", by=cast.owner)
    pipeline.advance(asked.pk)
    asked.refresh_from_db()
    entries = queries.timeline(asked, list(asked.reviews.all()), began=True)
    told = [(e.who, e.sentence, e.body) for e in entries]
    assert ("Owner", "", "Why so many?") in told
    assert ("Owner", "approved as an approver or owner of payments", "Fine.") in told
    assert ("worker", "applied 10 items", "") in told
    assert told[-1][:2] == ("worker", "applied all of it")


@pytest.mark.parametrize("size", [1, 20])
def test_a_list_takes_a_constant_number_of_queries(
    cast: Cast, size: int, django_assert_max_num_queries: Counts
) -> None:
    for n in range(size):
        ask(cast, f"bear-{n}")
    with django_assert_max_num_queries(5):
        for row in queries.needs_me(cast.owner)[:50]:
            assert str(row.team), str(row.environment)
