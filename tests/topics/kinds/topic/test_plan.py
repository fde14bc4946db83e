"""The plan of one topic."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.kinds import Risk
from topics.kinds.topic import configs
from topics.kinds.topic.plan import (
    AddPartitions,
    AlterConfigs,
    CreateTopic,
    Observed,
    plan_topic,
)
from topics.kinds.topic.spec import TopicSpec
from topics.profiles.apache_kafka import PROFILE as KAFKA
from topics.profiles.apache_kafka import THROTTLES
from topics.profiles.automq import PROFILE as AUTOMQ
from topics.profiles.base import Profile
from topics.reconcile.actions import Action, Plan

WEEK = "604800000"


def spec(partitions: int = 6, replication: int = 3, **overrides: str) -> TopicSpec:
    return TopicSpec(partitions, replication, _keys(overrides))


def seen(partitions: int = 6, replication: int = 3, **overrides: str) -> Observed:
    return Observed(partitions, replication, _keys(overrides))


def _keys(overrides: Mapping[str, str]) -> dict[str, str]:
    return {key.replace("_", "."): value for key, value in overrides.items()}


def rules(plan: Plan) -> set[str]:
    return {held.rule for held in plan.held_back}


def test_a_new_topic_is_created_with_all_it_asks_for() -> None:
    plan = plan_topic("t", spec(retention_ms=WEEK), None, None, KAFKA)
    assert plan.actions == (CreateTopic("t", 6, 3, {"retention.ms": WEEK}),)


def test_what_is_as_declared_needs_nothing() -> None:
    declared = spec(retention_ms=WEEK)
    assert not plan_topic("t", declared, declared, seen(retention_ms=WEEK), KAFKA)


def test_removed_override_goes_back_to_the_broker_default() -> None:
    plan = plan_topic("t", spec(), spec(retention_ms=WEEK), seen(retention_ms=WEEK), KAFKA)
    (action,) = plan.actions
    assert isinstance(action, AlterConfigs)
    assert (dict(action.to_set), action.to_remove) == ({}, ("retention.ms",))
    assert "broker's default" in action.words()


def test_an_override_of_others_is_left_alone_and_said() -> None:
    plan = plan_topic("t", spec(), spec(), seen(retention_ms=WEEK), KAFKA)
    assert not plan.actions
    assert rules(plan) == {"unmanaged"}


@pytest.mark.parametrize("key", sorted(THROTTLES))
def test_replication_throttles_stay_while_replicas_move(key: str) -> None:
    observed = Observed(6, 3, {key: "0:1,1:2"})
    for last in (spec(), TopicSpec(6, 3, {key: "*"})):
        plan = plan_topic("t", spec(), last, observed, KAFKA)
        assert not plan.actions
        assert rules(plan) == {"foreign"}


def test_partitions_are_added_and_that_is_called_disruptive() -> None:
    (action,) = plan_topic("t", spec(12), spec(6), seen(6), KAFKA).actions
    assert action == AddPartitions("t", 12, 6, before={"partitions": 6})
    assert action.risk is Risk.DISRUPTIVE
    assert "6 → 12" in action.words()
    assert "cannot be undone" in action.words()


def test_fewer_partitions_are_held_back() -> None:
    plan = plan_topic("t", spec(3), spec(6), seen(6), KAFKA)
    assert not plan.actions
    assert rules(plan) == {"decrease"}


def test_another_replication_is_held_back_where_it_is_real_and_nothing_where_it_is_not() -> None:
    assert rules(plan_topic("t", spec(6, 3), spec(6, 3), seen(6, 1), KAFKA)) == {"replication"}
    assert plan_topic("t", spec(6, 3), spec(6, 3), seen(6, 1), AUTOMQ) == Plan()


def test_automq_forces_min_insync_so_it_is_never_set_again() -> None:
    declared = TopicSpec(6, 3, {"min.insync.replicas": "2"})
    for overrides in ({"min.insync.replicas": "1"}, {}):
        assert not plan_topic("t", declared, declared, Observed(6, 1, overrides), AUTOMQ)


def test_a_topic_that_vanished_is_not_made_again_by_itself() -> None:
    plan = plan_topic("t", spec(), spec(), None, KAFKA)
    assert not plan.actions
    assert rules(plan) == {"vanished"}


def test_a_paused_topic_is_left_alone() -> None:
    plan = plan_topic("t", spec(12), spec(6), seen(6), KAFKA, paused=True)
    assert not plan.actions
    assert rules(plan) == {"paused"}


@pytest.mark.parametrize(
    ("before", "after", "risk"),
    [
        ({"retention.ms": "1000"}, {"retention.ms": "999"}, Risk.DESTRUCTIVE),
        ({"retention.ms": "-1"}, {"retention.ms": "999"}, Risk.DESTRUCTIVE),
        ({"retention.ms": "1000"}, {"retention.ms": "-1"}, Risk.SAFE),
        ({"retention.ms": "1000"}, {"retention.ms": "2000"}, Risk.SAFE),
        ({"cleanup.policy": "delete"}, {"cleanup.policy": "compact"}, Risk.DESTRUCTIVE),
        ({"cleanup.policy": "compact,delete"}, {"cleanup.policy": "compact"}, Risk.SAFE),
        ({"segment.ms": "1000"}, {"segment.ms": "10"}, Risk.SAFE),
    ],
)
def test_what_makes_the_broker_throw_records_away_is_destructive(
    before: dict[str, str], after: dict[str, str], risk: Risk
) -> None:
    (action,) = plan_topic(
        "t", TopicSpec(6, 3, after), TopicSpec(6, 3, before), Observed(6, 3, before), KAFKA
    ).actions
    assert action.risk is risk


def test_shorter_than_the_default_is_destructive_too() -> None:
    observed = Observed(6, 3, {}, {"retention.ms": WEEK})
    (action,) = plan_topic("t", spec(retention_ms="1000"), spec(), observed, KAFKA).actions
    assert action.risk is Risk.DESTRUCTIVE


# --- Properties over all of it ----------------------------------------------------------------

KEYS = st.sampled_from([*sorted(configs.KEYS), "unknown.key", "automq.kafka.links.id"])
OVERRIDES = st.dictionaries(KEYS, st.sampled_from(["1", "2", "true", "compact,delete"]))
SPECS = st.builds(TopicSpec, st.integers(1, 50), st.integers(1, 5), OVERRIDES)
OBSERVED = st.none() | st.builds(Observed, st.integers(1, 50), st.integers(1, 5), OVERRIDES)
PROFILES = st.sampled_from([KAFKA, AUTOMQ])


def carried_out(
    actions: tuple[Action, ...], observed: Observed | None, profile: Profile
) -> Observed | None:
    """What a cluster of that platform has afterwards."""
    for action in actions:
        if isinstance(action, CreateTopic):
            made = {k: profile.forced.get(k, v) for k, v in action.configs.items()}
            observed = Observed(
                action.partitions, profile.normal_replication(action.replication_factor), made
            )
        assert observed is not None
        if isinstance(action, AlterConfigs):
            left = {k: v for k, v in observed.overrides.items() if k not in action.to_remove}
            observed = Observed(
                observed.partitions, observed.replication_factor, left | dict(action.to_set)
            )
        elif isinstance(action, AddPartitions):
            observed = Observed(action.count, observed.replication_factor, observed.overrides)
    return observed


@given(declared=SPECS, last=st.none() | SPECS, observed=OBSERVED, profile=PROFILES)
def test_what_was_applied_plans_empty(
    declared: TopicSpec, last: TopicSpec | None, observed: Observed | None, profile: Profile
) -> None:
    first = plan_topic("t", declared, last, observed, profile)
    after = carried_out(first.actions, observed, profile)
    assert not plan_topic("t", declared, declared, after, profile)


@given(declared=SPECS, last=st.none() | SPECS, observed=OBSERVED, profile=PROFILES)
def test_nothing_is_deleted_and_nothing_unmanaged_is_touched(
    declared: TopicSpec, last: TopicSpec | None, observed: Observed | None, profile: Profile
) -> None:
    ours = declared.configs.keys() | (last.configs.keys() if last else set())
    for action in plan_topic("t", declared, last, observed, profile).actions:
        assert isinstance(action, CreateTopic | AlterConfigs | AddPartitions)
        if isinstance(action, CreateTopic):
            assert observed is None
            assert last is None
        if isinstance(action, AlterConfigs):
            assert {*action.to_set, *action.to_remove} <= ours
            foreign = {k for k in action.to_remove if profile.is_foreign(k)}
            assert not foreign
        if isinstance(action, AddPartitions):
            assert observed is not None
            assert action.count > observed.partitions
