"""From what was typed to a spec."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topics.kinds.topic import configs
from topics.kinds.topic.spec import TopicSpec, from_json, name_problem, parse

BASE = TopicSpec(3, 2, {"retention.ms": "1000"})


def test_what_is_left_out_keeps_its_value() -> None:
    assert parse({}, base=BASE) == (BASE, [])
    assert parse({"partitions": None, "configs": None}, base=BASE) == (BASE, [])


def test_configs_are_the_whole_set_so_a_key_left_out_goes_back_to_the_default() -> None:
    spec, problems = parse({"configs": {"segment.ms": "1h", "retention.ms": None}}, base=BASE)
    assert problems == []
    assert spec.configs == {"segment.ms": "3600000"}


@pytest.mark.parametrize(
    ("given", "path", "rule"),
    [
        ({"partitions": "many"}, "partitions", "not_a_number"),
        ({"partitions": True}, "partitions", "not_a_number"),
        ({"partitions": 0}, "partitions", "too_small"),
        ({"partitions": -1}, "partitions", "too_small"),
        ({"partitions": 9_001}, "partitions", "too_large"),
        ({"replication_factor": "1.5"}, "replication_factor", "not_a_number"),
        ({"partition": 3}, "partition", "unknown_field"),
        ({"configs": "retention.ms=7d"}, "configs", "not_a_mapping"),
        ({"configs": {"retention.ms": "soon"}}, "configs.retention.ms", "bad_value"),
    ],
)
def test_each_bad_field_is_told_by_its_path(given: dict[str, object], path: str, rule: str) -> None:
    _, problems = parse(given, base=BASE)
    assert [(p.path, p.rule) for p in problems] == [(path, rule)]
    assert problems[0].message.endswith((".", "”."))
    assert problems[0].way_out


def test_all_problems_are_told_at_once() -> None:
    _, problems = parse(
        {"partitions": "x", "configs": {"retention.ms": "x", "segment.ms": "y"}}, base=BASE
    )
    assert len(problems) == 3


VALUES = {
    "retention.ms": st.integers(-1, 2**62).map(str),
    "cleanup.policy": st.sampled_from(["compact", "delete", "delete,compact"]),
    "preallocate": st.booleans(),
}


@given(
    partitions=st.integers(1, 9_000),
    replication=st.integers(1, 20),
    overrides=st.fixed_dictionaries({}, optional=VALUES),
)
def test_a_normal_form_reads_as_itself(
    partitions: int, replication: int, overrides: dict[str, object]
) -> None:
    spec, problems = parse(
        {"partitions": partitions, "replication_factor": replication, "configs": overrides},
        base=BASE,
    )
    assert problems == []
    assert from_json(spec.as_json()) == spec
    assert parse(spec.as_json(), base=BASE) == (spec, [])


@pytest.mark.parametrize("name", ["a", "payments.authorized", "A_b-3", "x" * 249])
def test_legal_names(name: str) -> None:
    assert name_problem(name) is None


@pytest.mark.parametrize("name", ["", ".", "..", "a b", "ä", "a/b", "x" * 250, "a\n"])
def test_names_that_kafka_does_not_allow(name: str) -> None:
    problem = name_problem(name)
    assert problem is not None
    assert problem.path == "name"
    assert problem.way_out


def test_the_table_knows_every_key_once() -> None:
    assert len(configs.KEYS) == len(configs._KEYS)


HUGE = "x" * 10_000
WORDS = [
    ("partitions", 2**31, "The number of partitions cannot be 2147483648: 9,000 is the most"),
    ("partitions", 1e30, "cannot be 1e+30: 9,000 is the most"),
    ("partitions", "9" * 400, f"cannot be {'9' * 60}…: 9,000 is the most"),
    ("partitions", -1, "The number of partitions cannot be -1: there is one at least."),
    ("partitions", 1.5, "The number of partitions is a whole number, not 1.5."),
    ("partitions", True, "is a whole number, not true."),
    ("partitions", [6], "is a whole number, not a list."),
    ("partitions", {"a": 6}, "is a whole number, not an object."),
    ("partitions", "six", "is a whole number, not 'six'."),
    ("partitions", HUGE, "…."),
    (
        "replication_factor",
        2**31,
        "factor cannot be 2147483648: 32,767 is the most",
    ),
    ("replication_factor", "-3", "The replication factor cannot be -3: there is one at least."),
]


@pytest.mark.parametrize(("path", "value", "words"), WORDS)
def test_a_count_that_cannot_be_is_repeated_as_it_was_sent(
    path: str, value: object, words: str
) -> None:
    _, (problem,) = parse({path: value}, base=BASE)
    assert problem.path == path
    assert words in problem.message
    assert len(problem.message) < 160


@pytest.mark.parametrize(
    ("name", "words"),
    [(".", "Kafka has no topic called .: one dot or two alone are no name."), ("..", "called ..:")],
)
def test_dots_alone_are_no_name(name: str, words: str) -> None:
    problem = name_problem(name)
    assert problem is not None
    assert words in problem.message
