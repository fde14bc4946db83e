"""The three-column difference and the facts."""

import pytest

from topics.kinds.topic import diff
from topics.kinds.topic.place import Known, Place
from topics.kinds.topic.plan import Observed
from topics.kinds.topic.spec import TopicSpec
from topics.profiles import table

DAY = 86_400_000
PLACE = Place(
    "main",
    table.get("apache-kafka"),
    brokers=3,
    defaults={"retention.ms": {"value": str(7 * DAY), "source": "static"}},
)
DECLARED = TopicSpec(12, 3, {"retention.ms": str(7 * DAY)})
KNOWN = Known(declared=DECLARED, observed=Observed(12, 3, DECLARED.configs))


def test_three_columns_with_units_and_how_far_a_value_moves() -> None:
    asked = TopicSpec(12, 3, {"retention.ms": str(90 * DAY)})
    row = next(r for r in diff.rows(asked, PLACE, KNOWN) if r.path == "configs.retention.ms")
    assert (row.observed, row.declared, row.requested) == ("7 d", "7 d", "90 d")
    assert (row.delta, row.source, row.changed) == ("+83 d", "topic", True)
    assert row.requested_exact == "7,776,000,000 ms"


def test_more_partitions_cannot_be_undone_and_move_keys() -> None:
    row = diff.rows(TopicSpec(24, 3, DECLARED.configs), PLACE, KNOWN)[0]
    assert row.irreversible
    assert row.delta == "+12"
    assert row.note.startswith("12 → 24 cannot be undone.")
    assert "order" in row.note


def test_a_removed_override_shows_the_default_it_goes_back_to() -> None:
    row = diff.rows(TopicSpec(12, 3), PLACE, KNOWN)[-1]
    assert row.requested == "7 d (default)"
    assert "default" in row.note
    assert row.changed


def test_shorter_retention_is_marked_as_not_to_be_undone() -> None:
    row = diff.rows(TopicSpec(12, 3, {"retention.ms": str(DAY)}), PLACE, KNOWN)[-1]
    assert row.irreversible
    assert "deletes records" in row.note
    assert row.delta == "−6 d"


def test_a_default_shows_where_it_comes_from() -> None:
    known = Known(declared=TopicSpec(12, 3), observed=Observed(12, 3))
    row = diff.rows(TopicSpec(12, 3, {"retention.ms": str(DAY)}), PLACE, known)[-1]
    assert (row.observed, row.declared, row.source) == ("7 d", "–", "static")


def test_what_others_set_is_shown_and_said_to_be_left_alone() -> None:
    known = Known(declared=TopicSpec(12, 3), observed=Observed(12, 3, {"segment.ms": "1000"}))
    row = diff.rows(TopicSpec(24, 3), PLACE, known)[-1]
    assert row.path == "configs.segment.ms"
    assert row.note == "Set outside Weir; left alone."
    assert not row.changed


def test_facts_are_what_the_topic_will_really_have() -> None:
    facts = diff.facts("t", TopicSpec(6, 3), PLACE, Known())
    assert facts["topic.retention_ms"] == 7 * DAY
    assert facts["topic.partitions"] == 6
    assert facts["topic.brokers"] == 3
    assert facts["topic.exists"] is False


def test_a_fact_that_nobody_can_give_is_absent() -> None:
    facts = diff.facts("t", TopicSpec(6, 3), Place("new", table.get("apache-kafka")), Known())
    assert "topic.retention_ms" not in facts
    assert "topic.brokers" not in facts


def test_automq_gives_one_replica_as_the_fact() -> None:
    place = Place("a", table.get("automq"))
    facts = diff.facts("t", TopicSpec(6, 3), place, Known())
    assert facts["topic.replication_factor"] == 1
    assert facts["topic.min_insync_replicas"] == 1


def test_a_value_that_is_declared_and_was_not_applied_says_so() -> None:
    applied = TopicSpec(12, 3, {"retention.ms": str(7 * DAY), "segment.ms": "1"})
    declared = TopicSpec(12, 3, {"retention.ms": str(9 * DAY)})
    known = Known(declared=declared, applied=applied, observed=Observed(12, 3, applied.configs))
    kept = {row.path: row.note for row in diff.rows(declared, PLACE, known)}
    assert kept["configs.retention.ms"] == diff.NOT_APPLIED
    assert kept["configs.segment.ms"] == diff.NOT_APPLIED, "its removal"
    assert kept["partitions"] != diff.NOT_APPLIED
    back = {row.path: row for row in diff.rows(applied, PLACE, known)}
    assert back["configs.retention.ms"].changed
    assert back["configs.retention.ms"].note != diff.NOT_APPLIED


SEEN = Known(declared=DECLARED, observed=Observed(12, 3, DECLARED.configs))
UNSEEN = Known(declared=DECLARED)
FOREVER = Known(
    declared=TopicSpec(12, 3, {"retention.ms": "-1"}),
    observed=Observed(12, 3, {"retention.ms": "-1"}),
)


@pytest.mark.parametrize(
    ("partitions", "configs", "known", "risk", "irreversible"),
    [
        (12, {}, Known(), "safe", False),  # a new one
        (12, DECLARED.configs, SEEN, "safe", False),
        (12, {"retention.ms": str(8 * DAY)}, SEEN, "safe", False),
        (12, {"retention.ms": "-1"}, SEEN, "safe", False),
        (24, DECLARED.configs, SEEN, "disruptive", True),
        (24, DECLARED.configs, UNSEEN, "disruptive", True),
        (12, {"retention.ms": str(DAY)}, SEEN, "destructive", True),
        (12, {"retention.ms": str(DAY)}, UNSEEN, "destructive", True),
        (24, {"retention.ms": str(DAY)}, SEEN, "destructive", True),
        (12, {}, FOREVER, "destructive", True),  # back to the cluster's seven days
        (12, {**DECLARED.configs, "retention.bytes": "1000"}, SEEN, "safe", False),  # not known
        (12, {**DECLARED.configs, "cleanup.policy": "compact"}, SEEN, "destructive", True),
        (12, {**DECLARED.configs, "max.message.bytes": "1000"}, SEEN, "safe", False),
        # Somebody else set it, and it is left alone.
        (
            12,
            {},
            Known(declared=TopicSpec(12, 3), observed=Observed(12, 3, {"retention.ms": "-1"})),
            "safe",
            False,
        ),
    ],
)
def test_what_a_change_may_cost(
    partitions: int, configs: dict[str, str], known: Known, risk: str, irreversible: bool
) -> None:
    found = diff.change_facts(TopicSpec(partitions, 3, configs), PLACE, known)
    assert found == {"change.risk": risk, "change.irreversible": irreversible}
