"""From many small plans to what one run sends: order, batches, caps, breaker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from topics.reconcile.actions import Action, HeldBack, Plan, Risk

# A controller refuses a whole request that would write more than 10,000 records
# (`kafka-admin`: POLICY_VIOLATION "excessively large batch"). A broker may add records that nobody
# counted on, such as one for each config that a create policy sets, so a fifth is left free.
RECORDS_A_REQUEST = 8_000
# More objects a request gain nothing, and one answer that is lost leaves them all unknown.
OBJECTS_A_REQUEST = 1_000


@dataclass(frozen=True, slots=True)
class Caps:
    """How much one run may do without a person looking again.

    `destructive` bounds the actions that lose data. The breaker opens when more than `share` of all
    managed objects, and more than `few` of them, would change at once: that is rather a wrong
    reading of the cluster than so much wish for change.
    """

    destructive: int = 10
    share: float = 0.2
    few: int = 20


def combined(plans: Iterable[Plan]) -> Plan:
    """One plan of many, its actions in order of phase, then name."""
    actions: list[Action] = []
    held_back: list[HeldBack] = []
    for plan in plans:
        actions.extend(plan.actions)
        held_back.extend(plan.held_back)
    return Plan(tuple(ordered(actions)), tuple(held_back))


def ordered(actions: Iterable[Action]) -> list[Action]:
    """Actions by phase, then name; the same input in any order gives the same list."""
    return sorted(actions, key=lambda action: (action.phase, type(action).__name__, action.name))


def batches(
    actions: Sequence[Action],
    *,
    records: int = RECORDS_A_REQUEST,
    objects: int = OBJECTS_A_REQUEST,
) -> Iterator[list[Action]]:
    """Actions cut into requests: one class each, in order, at most `records` and `objects` each.

    An action that is larger than `records` by itself goes alone, so that the broker's refusal meets
    it and nobody else.
    """
    batch: list[Action] = []
    written = 0
    for action in actions:
        full = written + action.records > records or len(batch) >= objects
        if batch and (full or type(action) is not type(batch[0])):
            yield batch
            batch, written = [], 0
        batch.append(action)
        written += action.records
    if batch:
        yield batch


def capped(plan: Plan, caps: Caps) -> Plan:
    """The plan without the destructive actions, when there are more of them than `caps` allows.

    All of them are held back, not the surplus: which ones would have been the surplus is chance.
    """
    destructive = [a for a in plan.actions if a.risk is Risk.DESTRUCTIVE]
    if len(destructive) <= caps.destructive:
        return plan
    reason = (
        f"{len(destructive)} actions of this run lose data, and {caps.destructive} a run are "
        "allowed. Split the change, or raise the cap for this cluster."
    )
    held = tuple(HeldBack(a.name, "", "cap", reason) for a in destructive)
    kept = tuple(a for a in plan.actions if a.risk is not Risk.DESTRUCTIVE)
    return Plan(kept, plan.held_back + held)


def breaker(plan: Plan, *, managed: int, caps: Caps) -> str:
    """Why this plan must not run unattended, as a sentence; empty when it may.

    For runs that nobody approved one by one (drift that is enforced); an approved request says
    itself how much it changes.
    """
    touched = len({action.name for action in plan.actions})
    if touched <= caps.few or touched <= managed * caps.share:
        return ""
    return (
        f"{touched} of {managed} managed objects would change at once, and more than "
        f"{caps.share:.0%} of them is not done unattended. Look at the drift list, then revert "
        "what is wrong or accept what is right."
    )
