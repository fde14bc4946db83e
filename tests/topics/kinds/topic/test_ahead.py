"""What is declared and was not applied, key by key."""

from __future__ import annotations

import pytest

from topics.kinds.topic.ahead import agreed, ahead
from topics.kinds.topic.plan import AlterConfigs, Observed, plan_topic
from topics.kinds.topic.spec import TopicSpec
from topics.profiles import table

APPLIED = TopicSpec(6, 3, {"retention.ms": "1", "segment.ms": "2"})


@pytest.mark.parametrize(
    ("declared", "paths"),
    [
        (APPLIED, set()),
        (TopicSpec(6, 3, {"retention.ms": "9", "segment.ms": "2"}), {"configs.retention.ms"}),
        (TopicSpec(6, 3, {"retention.ms": "1"}), {"configs.segment.ms"}),
        (TopicSpec(6, 3, {**APPLIED.configs, "cleanup.policy": "x"}), {"configs.cleanup.policy"}),
        (TopicSpec(9, 2, APPLIED.configs), {"partitions", "replication_factor"}),
    ],
)
def test_paths_that_are_ahead(declared: TopicSpec, paths: set[str]) -> None:
    assert ahead(declared, APPLIED) == paths


def test_a_topic_of_which_nothing_was_applied_is_ahead_as_a_whole() -> None:
    assert ahead(APPLIED, None) == {""}


def test_planned_from_what_the_two_agree_on_a_key_that_is_ahead_is_left_alone() -> None:
    declared = TopicSpec(9, 3, {"retention.ms": "1", "remote.storage.enable": "true"})
    part = agreed(declared, APPLIED)
    assert part == TopicSpec(6, 3, {"retention.ms": "1"})
    # retention.ms was changed behind Weir; segment.ms is given up, and not yet gone.
    there = Observed(6, 3, {"retention.ms": "5", "segment.ms": "2"})
    plan = plan_topic("t", part, part, there, table.get("apache-kafka"))
    (action,) = plan.actions
    assert isinstance(action, AlterConfigs)
    assert (action.to_set, action.to_remove) == ({"retention.ms": "1"}, ())
