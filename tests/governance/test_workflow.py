"""The table of moves, read as a whole."""

from __future__ import annotations

import pytest

from governance.errors import Conflict
from governance.workflow import (
    EDITABLE,
    FINAL,
    OPEN,
    TRANSITIONS,
    UNDER_WAY,
    ItemState,
    Move,
    State,
    settled,
    target,
)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("move", Move)
def test_a_move_is_in_the_table_or_refused_in_words(state: State, move: Move) -> None:
    if (state, move) in TRANSITIONS:
        assert target(state, move) is TRANSITIONS[state, move]
        return
    with pytest.raises(Conflict) as refused:
        target(state, move)
    assert state.words.lower() in refused.value.message
    assert refused.value.message.count(". ") >= 1, "it says the way out"


def test_every_state_can_be_reached_from_a_draft() -> None:
    reached, new = {State.DRAFT}, {State.DRAFT}
    while new:
        new = {after for (before, _), after in TRANSITIONS.items() if before in new} - reached
        reached |= new
    assert reached == set(State)


def test_only_failures_leave_a_final_state() -> None:
    leaving = {before for before, _ in TRANSITIONS if before in FINAL}
    assert leaving == {State.FAILED, State.PARTLY_APPLIED}


def test_every_open_state_has_a_way_on() -> None:
    assert {before for before, _ in TRANSITIONS} >= OPEN


def test_nothing_is_edited_while_a_worker_is_on_it() -> None:
    assert not EDITABLE & UNDER_WAY
    assert all(before in EDITABLE for before, move in TRANSITIONS if move is Move.EDIT)


def test_approved_is_reached_by_approval_retry_or_broken_glass_alone() -> None:
    moves = {move for (_, move), after in TRANSITIONS.items() if after is State.APPROVED}
    assert moves == {Move.APPROVE, Move.RETRY, Move.BREAK_GLASS}


I = ItemState  # noqa: E741  # read as a table


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([I.APPLIED, I.APPLIED], Move.COMPLETE),
        ([I.APPLIED, I.FAILED], Move.COMPLETE_PARTLY),
        ([I.APPLIED, I.SKIPPED], Move.COMPLETE_PARTLY),
        ([I.FAILED, I.SKIPPED], Move.FAIL),
        ([I.FAILED, I.PENDING], None),
        ([I.APPLIED, I.APPLYING], None),
    ],
)
def test_how_a_request_ends_is_derived_from_its_items(
    states: list[ItemState], expected: Move | None
) -> None:
    assert settled(states) is expected
