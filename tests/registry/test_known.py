"""What is registered of the subjects of a request is read once for a block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance import kinds
from governance.kinds import ItemView
from registry import known
from tests.factories import make_environment
from tests.registry.test_kind import ONE, OTHER, TWO, item, register

pytestmark = pytest.mark.django_db
KIND = kinds.get("subject")


@contextmanager
def block(*items: ItemView) -> Iterator[None]:
    with kinds.reading([(one.kind, one.place, one.name) for one in items]):
        yield


def everything(one: ItemView) -> list[object]:
    """All that a page and the rules ask of an item."""
    rows, steps, problems = KIND.rows(one), KIND.steps([one]), KIND.check(one)
    return [rows, steps, problems, KIND.facts(one), KIND.current(one.place, one.name)]


def asked(one: ItemView) -> tuple[list[object], int]:
    with CaptureQueriesContext(connection) as queries:
        return everything(one), len(queries)


def test_a_block_gives_the_same_answers_and_asks_once() -> None:
    make_environment("production", production=True, registry_context=".")
    register(ONE)
    one = item(TWO)
    apart, often = asked(one)
    with block(one):
        first, few = asked(one)
        again, none = asked(one)
    assert (first, again) == (apart, apart)
    assert often > 2 * few
    assert none == 1  # the data class, which the request itself may set


def test_what_is_asked_of_one_subject_in_two_ways_is_judged_twice() -> None:
    register(ONE)
    with block(item(TWO)):
        assert KIND.check(item(TWO)) == []
        assert [p.rule for p in KIND.check(item(OTHER))] == ["compatibility"]
        assert KIND.check(item(OTHER, compatibility="NONE")) == []


def test_what_is_written_meanwhile_is_seen_after_the_block() -> None:
    with block(item(ONE)):
        assert KIND.facts(item(ONE))["subject.exists"] is False
        register(ONE)
        assert KIND.facts(item(ONE))["subject.exists"] is False
    assert KIND.facts(item(ONE))["subject.exists"] is True


def test_a_block_holds_no_more_than_it_has_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    register(ONE)
    monkeypatch.setattr(known, "MOST_HELD", 0)
    with block(item(TWO)):
        first, few = asked(item(TWO))
        again, as_many = asked(item(TWO))
    assert first == again
    assert as_many == few - 1  # the environment of the context, of which there are few
