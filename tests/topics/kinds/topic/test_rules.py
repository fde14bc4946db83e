"""What is refused before anybody reviews it, in words."""

from dataclasses import replace

import pytest

from topics.kinds.topic import configs
from topics.kinds.topic.place import Known, Place
from topics.kinds.topic.plan import Observed
from topics.kinds.topic.reason import ReasonKind, RetentionReason
from topics.kinds.topic.rules import check_alter, check_create
from topics.kinds.topic.spec import TopicSpec
from topics.profiles import table

KAFKA = Place(
    "main",
    table.get("apache-kafka"),
    brokers=3,
    defaults={
        "retention.ms": {"value": "604800000", "source": "default"},
        "min.insync.replicas": {"value": "1", "source": "default"},
    },
    supported=sorted(configs.KEYS),
)
AUTOMQ = replace(KAFKA, profile=table.get("automq"), supported=())
DECLARED = TopicSpec(6, 3, {"retention.ms": "1000"})
THERE = Known(declared=DECLARED, observed=Observed(6, 3, DECLARED.configs), owner="payments")


def spec(partitions: int = 6, replication: int = 3, **overrides: str) -> TopicSpec:
    return TopicSpec(
        partitions, replication, {k.replace("_", "."): v for k, v in overrides.items()}
    )


CREATES = [
    (spec(), Known(), [], "all well"),
    (spec(), THERE, ["taken"], "declared already"),
    (spec(), Known(observed=Observed(1, 1)), ["taken"], "on the cluster, undeclared"),
    (spec(), Known(collides="t_1"), ["collides"], "metrics cannot tell them apart"),
    (spec(6, 4), Known(), ["replication_beyond_brokers"], "more replicas than brokers"),
    (spec(retention_msx="1"), Known(), ["unknown_key"], "unknown key"),
    (
        spec(leader_replication_throttled_replicas="*"),
        Known(),
        ["foreign_key"],
        "a key of the rebalancers",
    ),
    (spec(6, 1, min_insync_replicas="2"), Known(), ["insync_beyond_replicas"], "unwritable"),
    (spec(local_retention_ms="700000000"), Known(), ["local_beyond_total"], "above default total"),
    (
        spec(min_compaction_lag_ms="2", max_compaction_lag_ms="1"),
        Known(),
        ["compaction_lags"],
        "lags the wrong way round",
    ),
]


@pytest.mark.parametrize(("asked", "known", "rules", "words"), CREATES, ids=[c[3] for c in CREATES])
def test_creating(asked: TopicSpec, known: Known, rules: list[str], words: str) -> None:
    problems = check_create("t.1", asked, KAFKA, known)
    assert [p.rule for p in problems] == rules, words
    assert all(p.message.endswith(".") and p.way_out.endswith((".", "?")) for p in problems)


def test_an_illegal_name_is_refused_with_a_legal_one_near_it() -> None:
    (problem,) = check_create("pay ments", spec(), KAFKA, Known())
    assert "pay-ments" in problem.way_out


def test_an_unknown_key_names_the_one_that_was_meant() -> None:
    (problem,) = check_create("t", spec(retention_msx="1"), KAFKA, Known())
    assert problem.path == "configs.retention.msx"
    assert problem.way_out == "Did you mean retention.ms?"


def test_whose_the_taken_name_is_is_said() -> None:
    (problem,) = check_create("t", spec(), KAFKA, THERE)
    assert "payments" in problem.message


def test_a_name_that_a_failed_request_left_is_free() -> None:
    assert check_create("t", spec(), KAFKA, Known(generation=1)) == []


ALTERS = [
    (spec(12, retention_ms="1000"), THERE, [], "more partitions"),
    (spec(6, retention_ms="2000"), THERE, [], "another value"),
    (spec(6), THERE, [], "an override removed"),
    (spec(3, retention_ms="1000"), THERE, ["partition_decrease"], "fewer partitions"),
    (spec(6, 2, retention_ms="1000"), THERE, ["replication_change"], "other replication"),
    (spec(6, 5, retention_ms="1000"), THERE, ["replication_beyond_brokers"], "too many replicas"),
    (DECLARED, THERE, ["no_change"], "nothing changes"),
    (spec(), Known(), ["unknown_name"], "no such topic"),
    (spec(), Known(observed=Observed(6, 3)), ["unmanaged"], "nobody declared it"),
    (spec(12), Known(declared=DECLARED), ["vanished"], "gone from the cluster"),
    (
        spec(8, retention_ms="1000"),
        replace(THERE, observed=Observed(12, 3, DECLARED.configs)),
        ["partition_decrease"],
        "fewer than the cluster has",
    ),
    (
        spec(6, 1, retention_ms="1000"),
        replace(THERE, observed=Observed(6, 1, DECLARED.configs)),
        [],
        "accepting the replication that is there",
    ),
]


@pytest.mark.parametrize(("asked", "known", "rules", "words"), ALTERS, ids=[a[3] for a in ALTERS])
def test_altering(asked: TopicSpec, known: Known, rules: list[str], words: str) -> None:
    problems = check_alter("t", asked, KAFKA, known)
    assert [p.rule for p in problems] == rules, words
    assert all(p.message.endswith(".") and p.way_out.endswith((".", "?")) for p in problems)


@pytest.mark.parametrize(
    ("asked", "rules"),
    [
        (spec(6, 3), []),
        (spec(6, 3, min_insync_replicas="2"), []),
        (spec(2_000), ["platform_limit"]),
        (spec(remote_storage_enable="true"), ["forbidden_key"]),
        (spec(retention_ms="-1"), ["platform_limit"]),
        (spec(retention_ms="1000"), ["platform_limit"]),
        (spec(automq_table_topic_enable="true"), []),
    ],
)
def test_what_automq_makes_different(asked: TopicSpec, rules: list[str]) -> None:
    assert [p.rule for p in check_create("t", asked, AUTOMQ, Known())] == rules


def test_a_cluster_that_was_never_observed_is_judged_by_the_table() -> None:
    unknown = Place("new", table.get("apache-kafka"))
    assert check_create("t", spec(retention_ms="1", replication=9), unknown, Known()) == []
    problems = check_create("t", spec(retention_msx="1"), unknown, Known())
    assert [p.rule for p in problems] == ["unknown_key"]


@pytest.mark.parametrize(
    ("configs", "back", "rule"),
    [
        ({}, "1000", None),
        ({"local.retention.ms": "5000"}, "1000", "local_beyond_total"),
        ({"local.retention.ms": "1000"}, "1000", None),
    ],
)
def test_what_it_falls_back_to_must_be_possible_as_well(
    configs: dict[str, str], back: str, rule: str | None
) -> None:
    reason = RetentionReason(ReasonKind.AUDIT, "", None, None, back)
    asked = TopicSpec(6, 3, {"retention.ms": "9000", **configs}, reason=reason)
    found = check_create("t", asked, Place("main", table.get("apache-kafka")), Known())
    assert [p.rule for p in found] == ([] if rule is None else [rule])
    assert all(p.path == "retention_reason.falls_back_to" for p in found)
