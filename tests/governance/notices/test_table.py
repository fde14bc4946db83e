"""Who is told of what: the table against stories written apart from it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.notices.table import (
    FOR_HOOKS,
    OUTSIDE,
    SORTS,
    TABLE,
    Channel,
    Circle,
    Happening,
    Sort,
    Whom,
    channel_of,
    of_event,
    recipients,
    rows_of,
)
from governance.workflow import Move

MAYA, JONAS, PRIYA, AUDE = 1, 2, 3, 4
AROUND = {Whom.AUTHORS: [MAYA], Whom.APPROVERS: [JONAS], Whom.PARTICIPANTS: [PRIYA, MAYA]}
PEOPLE = st.sets(st.integers(1, 6))
CIRCLES = st.builds(
    Circle,
    st.dictionaries(st.sampled_from(Whom), PEOPLE),
    st.none() | PEOPLE,
)


@pytest.mark.parametrize(
    ("happening", "told"),
    [
        (Happening.SUBMITTED, {MAYA, JONAS, PRIYA}),
        (Happening.COMMENTED, {MAYA, PRIYA, AUDE}),
        (Happening.APPROVED, {MAYA, PRIYA, AUDE}),
        (Happening.DECLINED, {MAYA, PRIYA, AUDE}),
        (Happening.REMINDED, {JONAS}),
        (Happening.EXPIRES_SOON, {MAYA, JONAS}),
        (Happening.SENT_BACK, {MAYA, JONAS, PRIYA}),
        (Happening.APPLIED, {MAYA, PRIYA}),
        (Happening.ENDS_SOON, set()),
    ],
)
def test_who_is_told(happening: Happening, told: set[int]) -> None:
    circle = Circle({**AROUND, Whom.MENTIONED: [AUDE]})
    assert set(recipients(happening, circle, did_it=None)) == told


def test_the_first_row_that_holds_a_person_is_hers() -> None:
    circle = Circle({**AROUND, Whom.MENTIONED: [MAYA]})
    assert recipients(Happening.COMMENTED, circle, did_it=None)[MAYA].sort is Sort.MENTIONS
    assert recipients(Happening.COMMENTED, Circle(AROUND), did_it=None)[MAYA].whom is Whom.AUTHORS


@given(st.sampled_from(Happening), CIRCLES, st.integers(1, 6))
def test_nobody_is_told_of_her_own_doing_nor_of_what_she_may_not_see(
    happening: Happening, circle: Circle, did_it: int
) -> None:
    told = recipients(happening, circle, did_it=did_it)
    assert did_it not in told
    for person, row in told.items():
        assert row.happening is happening
        assert person in circle.people[row.whom]
        assert circle.may_see is None or person in circle.may_see


def test_the_table_is_whole() -> None:
    assert {row.happening for row in TABLE} == set(Happening) - {Happening.TEST}
    assert len({(row.happening, row.whom) for row in TABLE}) == len(TABLE)
    assert {row.sort for row in TABLE} == set(Sort) == set(SORTS)
    assert set(FOR_HOOKS) == set(OUTSIDE) - {Happening.TEST}
    for happening in Happening:
        assert len(happening.value) <= 24
    for row in TABLE:
        assert len(row.sentence) <= 100
        assert row in rows_of(row.happening)


QUIET = {
    Move.EDIT, Move.SUBMIT, Move.RECHECK, Move.APPLY, Move.RETRY,
}  # fmt: skip


@pytest.mark.parametrize("move", Move)
def test_every_move_is_told_or_quiet_on_purpose(move: Move) -> None:
    told = of_event(f"request.{move.value}", state="changes_requested")
    assert (told is None) == (move in QUIET)


def test_a_refusal_is_told_only_where_a_worker_found_it() -> None:
    assert of_event("request.refused", state="changes_requested") is Happening.REFUSED
    assert of_event("request.refused", state="draft") is None


def test_a_choice_counts_and_nonsense_does_not() -> None:
    assert channel_of(Sort.MENTIONS, {}) is Channel.MAIL
    assert channel_of(Sort.MENTIONS, {"mentions": "inbox"}) is Channel.INBOX
    assert channel_of(Sort.MENTIONS, {"mentions": "pigeon"}) is Channel.MAIL
