"""Suggestions, who becomes an author by them, and what changed since a review."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction

from governance.errors import Conflict, Invalid, NotAllowed, NotFound, Stale
from governance.models import Event, Request, Review, Suggestion
from governance.queries import request_page
from governance.services import requests, reviews, snapshots, suggestions
from governance.workflow import State
from tests.factories import Cast, make_cast, make_environment
from tests.governance.services.test_pipeline import draft, settle, toy

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast() -> Cast:
    make_environment("production", production=True)
    return make_cast("payments")


def waiting(cast: Cast) -> Request:
    return requests.submit(draft(cast), by=cast.requester)


def suggested(cast: Cast, request: Request, **other: str) -> Suggestion:
    values = {"path": "colour", "value": "blue", "comment": "Red fades."} | other
    return suggestions.suggest(
        request, revision=request.revision, position=0, by=cast.owner, **values
    )


def test_it_is_taken_over_as_a_new_revision_and_its_maker_is_an_author(cast: Cast) -> None:
    made = suggested(cast, waiting(cast))
    request = suggestions.accept(made, revision=1, by=cast.requester)
    assert (request.state, request.revision) == (State.DRAFT, 2)
    assert request.items.get().after == {"colour": "blue"}
    made.refresh_from_db()
    assert (made.state, made.settled_by_name) == ("accepted", "requester")
    request = requests.submit(request, by=cast.requester)
    with pytest.raises(NotAllowed, match="wrote or edited"):
        reviews.approve(request, revision=2, by=cast.owner)
    with pytest.raises(DatabaseError, match="wrote or edited"), transaction.atomic():
        Review.objects.create(
            request=request,
            revision=2,
            reviewer_id=cast.owner.user_id,
            verdict="approve",
            acted_as="owner:payments",
        )
    assert settle(reviews.approve(request, revision=2, by=cast.second_owner)).state == "applied"
    told = Event.objects.filter(request_id=request.pk).values_list("action", flat=True)
    assert {"request.suggested", "request.suggestion_accepted"} <= set(told)


def test_the_database_takes_none_over_whose_maker_is_no_author(cast: Cast) -> None:
    made = suggested(cast, waiting(cast))
    with pytest.raises(DatabaseError, match="counts among the authors"), transaction.atomic():
        Suggestion.objects.filter(pk=made.pk).update(state="accepted")


def test_dismissed_it_changes_nothing(cast: Cast) -> None:
    request = waiting(cast)
    made = suggested(cast, request)
    for by in (cast.viewer, cast.outsider, cast.platform):
        with pytest.raises(NotAllowed):
            suggestions.dismiss(made, by=by)
        with pytest.raises(NotAllowed):
            suggestions.accept(made, revision=1, by=by)
    suggestions.dismiss(made, by=cast.requester)
    with pytest.raises(Conflict, match="dismissed already"):
        suggestions.dismiss(made, by=cast.requester)
    with pytest.raises(Conflict, match="dismissed already"):
        suggestions.accept(made, revision=1, by=cast.requester)
    request.refresh_from_db()
    assert request.revision == 1
    assert reviews.approve(request, revision=1, by=cast.owner).state == State.APPROVED


def test_only_reviewers_suggest_what_the_kind_can_read(cast: Cast) -> None:
    request = waiting(cast)
    for by in (cast.requester, cast.viewer, cast.outsider, cast.platform):
        with pytest.raises(NotAllowed, match="asked to approve"):
            suggestions.suggest(request, revision=1, position=0, path="colour", value="blue", by=by)
    for other, words in (
        ({"value": "pink"}, "no toy of colour"),
        ({"value": "a\x00"}, "Shorten it"),
        ({"value": "x" * 1001}, "Shorten it"),
        ({"path": "size"}, "no value 'size'"),
        ({"path": ""}, "no value ''"),
    ):
        with pytest.raises(Invalid, match=words):
            suggested(cast, request, **other)
    with pytest.raises(Invalid, match="no item 8"):
        suggestions.suggest(
            request, revision=1, position=7, path="colour", value="blue", by=cast.owner
        )
    with pytest.raises(Stale):
        suggestions.suggest(
            request, revision=2, position=0, path="colour", value="blue", by=cast.owner
        )
    with pytest.raises(NotFound):
        suggestions.get(10**8, cast.owner)
    done = settle(reviews.approve(request, revision=1, by=cast.owner))
    with pytest.raises(Conflict, match="takes no suggestions"):
        suggested(cast, done)


def test_a_reviewer_sees_what_changed_since_she_reviewed(cast: Cast) -> None:
    request = requests.submit(draft(cast, toy("bear"), toy("fox")), by=cast.requester)
    reviews.request_changes(request, revision=1, comment="Blue.", by=cast.owner)
    request.refresh_from_db()
    requests.edit(
        request,
        title="",
        reason="",
        items=[toy("bear", "blue"), toy("owl")],
        revision=1,
        by=cast.requester,
    )
    request = requests.submit(Request.objects.get(pk=request.pk), by=cast.requester)
    assert [(c.name, c.label, c.was, c.now) for c in snapshots.changed_since(request, 1)] == [
        ("bear", "Colour", "red", "blue"),
        ("owl", "the whole item", "", "added"),
        ("fox", "the whole item", "was asked for", ""),
    ]
    assert len(request_page(request, cast.owner).ways.changed) == 3
    assert not request_page(request, cast.second_owner).ways.changed
    assert snapshots.changed_since(request, 2) == []
    assert snapshots.changed_since(request, 7) == []
