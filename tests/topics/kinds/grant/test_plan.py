"""Lines come and go with the grants that need them, and nobody else's is touched."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from topics.kinds.grant.bindings import Binding, Operation, Resource
from topics.kinds.grant.plan import plan_bindings

LINES = [
    Binding(Resource.TOPIC, name, prefixed, "User:a", operation)
    for name in ("a", "b", "c")
    for prefixed in (False, True)
    for operation in (Operation.READ, Operation.WRITE)
]
some = st.frozensets(st.sampled_from(LINES))


@given(wanted=some, made=some, observed=some)
def test_what_was_applied_plans_empty(
    wanted: frozenset[Binding], made: frozenset[Binding], observed: frozenset[Binding]
) -> None:
    plan = plan_bindings(wanted, made, observed)
    now = (observed | set(plan.add)) - set(plan.remove)
    ours = (made | set(plan.add)) - set(plan.remove) - set(plan.forget)
    assert wanted <= now
    again = plan_bindings(wanted, ours, now)
    assert not again
    assert not again.forget


@given(wanted=some, made=some, observed=some)
def test_what_nobody_made_here_is_never_taken_away(
    wanted: frozenset[Binding], made: frozenset[Binding], observed: frozenset[Binding]
) -> None:
    plan = plan_bindings(wanted, made, observed)
    assert set(plan.remove) <= made & observed
    assert not set(plan.remove) & wanted
    assert set(plan.foreign) <= observed - made


@given(first=some, second=some, made=some)
def test_taking_one_grant_away_leaves_what_another_needs(
    first: frozenset[Binding], second: frozenset[Binding], made: frozenset[Binding]
) -> None:
    there = first | second | made
    plan = plan_bindings(second, there, there)
    assert not set(plan.remove) & second
    assert set(plan.remove) == there - second
