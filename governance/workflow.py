"""States of a request and of its items, and the moves between them: the one place that decides.

`TRANSITIONS` is read top to bottom; everything that moves a request asks `target`. The state of
a request that is being applied is derived from its items by `settled`.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from governance.errors import Conflict


class State(StrEnum):
    """Where a request stands."""

    DRAFT = "draft"
    CHECKING = "checking"
    IN_REVIEW = "in_review"
    CHANGES_REQUESTED = "changes_requested"
    APPROVED = "approved"
    RECHECKING = "rechecking"
    SCHEDULED = "scheduled"
    APPLYING = "applying"
    APPLIED = "applied"
    PARTLY_APPLIED = "partly_applied"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"
    DECLINED = "declined"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"

    @property
    def words(self) -> str:
        """In words, as pages print it."""
        return self.value.replace("_", " ").capitalize()


class Move(StrEnum):
    """What can happen to a request. The event of a move is ``request.<move>``."""

    EDIT = "edited"
    SUBMIT = "submitted"
    REFUSE = "refused"  # checks found what no approval can lift
    ASK_REVIEW = "review_asked"
    APPROVE = "approved"  # the last approval that was needed
    REQUEST_CHANGES = "changes_requested"
    DECLINE = "declined"
    WITHDRAW = "withdrawn"
    EXPIRE = "expired"
    SUPERSEDE = "superseded"
    RECHECK = "recheck_started"
    SEND_BACK = "sent_back"  # the world changed since the approval: people must look again
    SCHEDULE = "scheduled"
    APPLY = "apply_started"
    COMPLETE = "applied"
    COMPLETE_PARTLY = "partly_applied"
    FAIL = "failed"
    RETRY = "retried"
    BREAK_GLASS = "glass_broken"  # applied at once, past missing approvals and freezes


class ItemState(StrEnum):
    """Where one item stands."""

    PENDING = "pending"
    APPLYING = "applying"
    APPLIED = "applied"
    FAILED = "failed"
    SKIPPED = "skipped"  # something it depends on failed

    @property
    def words(self) -> str:
        """In words, as pages print it."""
        return self.value.capitalize()


S, M = State, Move

TRANSITIONS: dict[tuple[State, Move], State] = {
    (S.DRAFT, M.EDIT): S.DRAFT,
    (S.DRAFT, M.SUBMIT): S.CHECKING,
    (S.DRAFT, M.WITHDRAW): S.WITHDRAWN,
    (S.CHECKING, M.REFUSE): S.DRAFT,
    (S.CHECKING, M.ASK_REVIEW): S.IN_REVIEW,
    (S.CHECKING, M.APPROVE): S.APPROVED,
    (S.IN_REVIEW, M.EDIT): S.DRAFT,
    (S.IN_REVIEW, M.APPROVE): S.APPROVED,
    (S.IN_REVIEW, M.BREAK_GLASS): S.APPROVED,
    (S.IN_REVIEW, M.REQUEST_CHANGES): S.CHANGES_REQUESTED,
    (S.IN_REVIEW, M.DECLINE): S.DECLINED,
    (S.IN_REVIEW, M.WITHDRAW): S.WITHDRAWN,
    (S.IN_REVIEW, M.EXPIRE): S.EXPIRED,
    (S.IN_REVIEW, M.SUPERSEDE): S.SUPERSEDED,
    (S.CHANGES_REQUESTED, M.EDIT): S.DRAFT,
    (S.CHANGES_REQUESTED, M.SUBMIT): S.CHECKING,
    (S.CHANGES_REQUESTED, M.WITHDRAW): S.WITHDRAWN,
    (S.CHANGES_REQUESTED, M.EXPIRE): S.EXPIRED,
    (S.CHANGES_REQUESTED, M.SUPERSEDE): S.SUPERSEDED,
    (S.APPROVED, M.RECHECK): S.RECHECKING,
    (S.APPROVED, M.WITHDRAW): S.WITHDRAWN,
    (S.RECHECKING, M.SEND_BACK): S.IN_REVIEW,
    (S.RECHECKING, M.REFUSE): S.CHANGES_REQUESTED,
    (S.RECHECKING, M.SCHEDULE): S.SCHEDULED,
    (S.RECHECKING, M.APPLY): S.APPLYING,
    (S.RECHECKING, M.FAIL): S.FAILED,
    (S.RECHECKING, M.COMPLETE_PARTLY): S.PARTLY_APPLIED,
    (S.SCHEDULED, M.RECHECK): S.RECHECKING,
    (S.SCHEDULED, M.WITHDRAW): S.WITHDRAWN,
    (S.SCHEDULED, M.SUPERSEDE): S.SUPERSEDED,
    (S.SCHEDULED, M.BREAK_GLASS): S.APPROVED,
    (S.APPLYING, M.COMPLETE): S.APPLIED,
    (S.APPLYING, M.COMPLETE_PARTLY): S.PARTLY_APPLIED,
    (S.APPLYING, M.FAIL): S.FAILED,
    (S.PARTLY_APPLIED, M.RETRY): S.APPROVED,
    (S.FAILED, M.RETRY): S.APPROVED,
}

OPEN = frozenset(
    {S.DRAFT, S.CHECKING, S.IN_REVIEW, S.CHANGES_REQUESTED, S.APPROVED, S.RECHECKING, S.SCHEDULED,
     S.APPLYING}
)  # fmt: skip
FINAL = frozenset(State) - OPEN
EDITABLE = frozenset({S.DRAFT, S.IN_REVIEW, S.CHANGES_REQUESTED})
ENDED_UNDONE = FINAL - {S.APPLIED, S.PARTLY_APPLIED, S.FAILED}  # the same can be asked for again
UNDER_WAY = frozenset({S.APPROVED, S.RECHECKING, S.APPLYING})  # a worker must be on it
IN_FLIGHT = OPEN - {S.DRAFT}  # these hold the name they ask for
WAITING = frozenset({S.IN_REVIEW, S.CHANGES_REQUESTED})  # people must do something; these expire

_WAY_OUT: dict[State, str] = {
    S.APPLIED: "Ask for a new change instead.",
    S.DECLINED: "Ask again, with a new request; this one was declined.",
    S.WITHDRAWN: "Ask again, with a new request; this one was withdrawn.",
    S.EXPIRED: "Ask again; nobody decided on this one in time.",
    S.SUPERSEDED: "Look at the request that replaced it.",
    S.APPLYING: "Wait until the worker has finished.",
}


def target(state: State, move: Move) -> State:
    """The state that `move` leads to. Raises Conflict where the move is not possible."""
    try:
        return TRANSITIONS[state, move]
    except KeyError:
        way_out = _WAY_OUT.get(state, "Reload the page to see where it stands now.")
        raise Conflict(
            f"A request that is {state.words.lower()} cannot become "
            f"{move.value.replace('_', ' ')}. {way_out}",
            state=state.value,
            move=move.value,
        ) from None


def settled(states: Iterable[ItemState]) -> Move | None:
    """The move that ends an apply, once no item is left to do; None while one is.

    All applied: COMPLETE. None applied: FAIL. A mix: COMPLETE_PARTLY.
    """
    seen = set(states)
    if seen & {ItemState.PENDING, ItemState.APPLYING}:
        return None
    if seen <= {ItemState.APPLIED}:
        return Move.COMPLETE
    return Move.COMPLETE_PARTLY if ItemState.APPLIED in seen else Move.FAIL
