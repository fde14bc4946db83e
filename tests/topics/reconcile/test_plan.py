"""Order, batches, caps, breaker."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topics.kinds.topic.plan import AddPartitions, AlterConfigs, CreateTopic
from topics.reconcile.actions import Action, Plan
from topics.reconcile.plan import Caps, batches, breaker, capped, combined, ordered

RECORDS = 10_000  # what a controller takes in one request


def create(name: str, partitions: int = 1, configs: int = 0) -> CreateTopic:
    return CreateTopic(name, partitions, 1, {f"k{i}": "1" for i in range(configs)})


def shorten(name: str) -> AlterConfigs:
    return AlterConfigs(name, {"retention.ms": "1"}, (), {"retention.ms": "1000"})


def test_creates_come_before_alters_before_partitions_whatever_the_order_was() -> None:
    actions: list[Action] = [
        AddPartitions("a", 3, 1),
        AlterConfigs("b", {"x": "1"}),
        create("d"),
        create("c"),
    ]
    for shuffled in permutations(actions):
        assert [(type(a).__name__, a.name) for a in ordered(shuffled)] == [
            ("CreateTopic", "c"),
            ("CreateTopic", "d"),
            ("AlterConfigs", "b"),
            ("AddPartitions", "a"),
        ]


ACTIONS = st.lists(
    st.one_of(
        st.builds(create, st.text("abc", min_size=1), st.integers(1, 9_000), st.integers(0, 40)),
        st.builds(shorten, st.text("abc", min_size=1)),
        st.builds(lambda n, c: AddPartitions(n, c + 1, 1), st.text("ab"), st.integers(1, 9_000)),
    ),
    max_size=60,
)


@given(actions=ACTIONS)
def test_batches_keep_order_and_hold_one_class_and_no_more_than_a_request_may(
    actions: list[Action],
) -> None:
    cut = list(batches(ordered(actions)))
    assert [a for batch in cut for a in batch] == ordered(actions)
    for batch in cut:
        assert len({type(a) for a in batch}) == 1
        assert len(batch) <= 1_000
        assert sum(a.records for a in batch) <= RECORDS


def test_a_topic_too_large_for_any_request_goes_alone() -> None:
    cut = list(batches([create("a"), create("b", 20_000), create("c")]))
    assert [[a.name for a in batch] for batch in cut] == [["a"], ["b"], ["c"]]


def test_records_are_the_topic_its_partitions_and_its_configs() -> None:
    assert create("a", 6, 4).records == 11
    assert AlterConfigs("a", {"x": "1"}, ("y",)).records == 2
    assert AddPartitions("a", 10, 4).records == 6


def test_more_losses_than_the_cap_holds_all_of_them_back_and_nothing_else() -> None:
    plan = combined([Plan((shorten(f"t{i}"),)) for i in range(3)] + [Plan((create("new"),))])
    assert capped(plan, Caps(destructive=3)) == plan
    kept = capped(plan, Caps(destructive=2))
    assert [a.name for a in kept.actions] == ["new"]
    assert {h.name for h in kept.held_back} == {"t0", "t1", "t2"}
    assert all("3 actions" in h.reason for h in kept.held_back)


@pytest.mark.parametrize(
    ("touched", "managed", "opens"),
    [(20, 30, False), (21, 30, True), (21, 200, False), (41, 200, True)],
)
def test_the_breaker_opens_for_many_and_for_a_large_share(
    touched: int, managed: int, opens: bool
) -> None:
    plan = Plan(tuple(shorten(f"t{i}") for i in range(touched)))
    assert bool(breaker(plan, managed=managed, caps=Caps())) is opens
