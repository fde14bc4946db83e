"""Which ACL lines each role takes, and nothing beyond."""

from __future__ import annotations

import pytest

from topics.kinds.grant.bindings import Binding, Resource, derive
from topics.kinds.grant.bindings import Operation as Op
from topics.kinds.grant.pattern import Pattern
from topics.kinds.grant.spec import name_of, parse

WHO = "User:billing"
T, G, X = Resource.TOPIC, Resource.GROUP, Resource.TRANSACTIONAL_ID


def lines(name: str, **given: str) -> set[tuple[Resource, str, Op]]:
    found = name_of(name)
    assert found is not None
    spec, problems = parse(given, found, base=None)
    assert not problems
    derived = derive(found, spec, WHO)
    assert all(one.principal == WHO and one.allow and one.host == "*" for one in derived)
    return {(one.resource, str(one.pattern), one.operation) for one in derived}


INTERNAL = {
    (T, "app*", operation)
    for operation in (Op.CREATE, Op.DELETE, Op.READ, Op.WRITE, Op.DESCRIBE_CONFIGS)
}


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("billing/consumer/pay.ok", {}, {(T, "pay.ok", Op.READ), (G, "billing", Op.READ)}),
        (
            "billing/consumer/pay.*",
            {"group": "billing.*"},
            {(T, "pay.*", Op.READ), (G, "billing.*", Op.READ)},
        ),
        ("billing/producer/pay.ok", {}, {(T, "pay.ok", Op.WRITE)}),
        (
            "billing/transactional/pay.ok",
            {"transactional_id": "billing-tx*"},
            {(T, "pay.ok", Op.WRITE), (X, "billing-tx*", Op.WRITE)},
        ),
        (
            "app/streams/pay.ok",
            {"access": "both"},
            {
                (T, "pay.ok", Op.READ),
                (T, "pay.ok", Op.WRITE),
                (G, "app*", Op.READ),
                (X, "app*", Op.WRITE),
                *INTERNAL,
            },
        ),
        (
            "sink/connect/pay.ok",
            {"access": "read", "group": "connect-sink"},
            {(T, "pay.ok", Op.READ), (G, "connect-sink", Op.READ)},
        ),
        ("source/connect/pay.ok", {"access": "write"}, {(T, "pay.ok", Op.WRITE)}),
    ],
)
def test_a_role_takes_these_lines(
    name: str, given: dict[str, str], expected: set[tuple[Resource, str, Op]]
) -> None:
    assert lines(name, **given) == expected


@pytest.mark.parametrize(
    ("text", "covered", "not_covered"),
    [
        ("pay.ok", ["pay.ok"], ["pay.ok2", "pay.o", ""]),
        ("pay.*", ["pay.", "pay.ok"], ["pay", "repay.ok"]),
        ("*", ["pay.ok", ""], []),
    ],
)
def test_a_pattern_covers_names(text: str, covered: list[str], not_covered: list[str]) -> None:
    pattern = Pattern.of(text)
    assert str(pattern) == text
    assert all(pattern.covers(name) for name in covered)
    assert not any(pattern.covers(name) for name in not_covered)


def test_every_name_is_the_literal_star_that_kafka_knows() -> None:
    assert (Pattern.of("*").name, Pattern.of("*").prefixed) == ("*", False)
    assert Pattern.of("*").every
    assert not Pattern.of("pay.*").every


def test_a_line_reads_as_a_sentence() -> None:
    line = Binding(T, "pay.", True, WHO, Op.READ)
    assert line.words() == "User:billing may read topic pay.*"
    denied = Binding(X, "t", False, WHO, Op.WRITE, host="10.0.0.1", allow=False)
    assert denied.words() == "User:billing may not write transactional id t from 10.0.0.1"
