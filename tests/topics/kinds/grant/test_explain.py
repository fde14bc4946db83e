"""Who may do what, decided as the broker decides."""

from __future__ import annotations

import pytest

from topics.kinds.grant.bindings import Binding, Resource
from topics.kinds.grant.bindings import Operation as Op
from topics.kinds.grant.explain import may, who_may

T = Resource.TOPIC


def line(
    name: str,
    operation: Op,
    *,
    who: str = "User:a",
    deny: bool = False,
    host: str = "*",
    resource: Resource = T,
) -> Binding:
    prefixed = name.endswith("*") and name != "*"
    return Binding(resource, name.removesuffix("*") if prefixed else name, prefixed, who,
                   operation, host, not deny)  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "operation", "expected"),
    [
        ([], Op.READ, False),
        ([line("pay.ok", Op.READ)], Op.READ, True),
        ([line("pay.ok", Op.READ)], Op.WRITE, False),
        ([line("pay.*", Op.READ)], Op.READ, True),
        ([line("*", Op.READ)], Op.READ, True),
        ([line("pay.ok", Op.ALL)], Op.DELETE, True),
        ([line("pay.ok", Op.READ)], Op.DESCRIBE, True),  # reading includes describing
        ([line("pay.ok", Op.ALTER_CONFIGS)], Op.DESCRIBE_CONFIGS, True),
        ([line("pay.ok", Op.READ)], Op.DESCRIBE_CONFIGS, False),
        ([line("pay.ok", Op.READ, who="User:*")], Op.READ, True),
        ([line("pay.ok", Op.READ, who="User:b")], Op.READ, False),
        ([line("pay.ok", Op.READ), line("pay.*", Op.READ, deny=True)], Op.READ, False),
        ([line("pay.ok", Op.READ), line("pay.ok", Op.ALL, deny=True)], Op.READ, False),
        ([line("pay.ok", Op.READ), line("*", Op.READ, who="User:*", deny=True)], Op.READ, False),
        ([line("pay.ok", Op.READ), line("pay.ok", Op.READ, deny=True)], Op.DESCRIBE, True),
        ([line("pay.ok", Op.READ), line("pay.ok", Op.WRITE, deny=True)], Op.READ, True),
        ([line("pay.ok", Op.READ), line("pay.ok", Op.READ, deny=True, host="10.1.1.1")], Op.READ,
         True),  # only that host is shut out
        ([line("pay.ok", Op.READ, resource=Resource.GROUP)], Op.READ, False),
    ],
)  # fmt: skip
def test_the_authorizers_rule(lines: list[Binding], operation: Op, expected: bool) -> None:
    assert may("User:a", operation, T, "pay.ok", lines).allowed is expected


def test_the_answer_says_through_what() -> None:
    allow, deny = line("pay.*", Op.READ), line("*", Op.ALL, who="User:*", deny=True)
    answer = may("User:a", Op.READ, T, "pay.ok", [allow, deny])
    assert (answer.allowed, answer.through, answer.denied_by) == (False, (allow,), (deny,))
    assert may("User:a", Op.READ, T, "pay.ok", [line("pay.ok", Op.READ, host="10.1.1.1")]).somewhere


def test_everybody_who_is_spoken_of_is_listed() -> None:
    lines = [
        line("pay.*", Op.READ),
        line("pay.ok", Op.WRITE, who="User:b"),
        line("pay.ok", Op.READ, who="User:c", deny=True),
        line("other", Op.READ, who="User:d"),
    ]
    answers = who_may(Op.READ, T, "pay.ok", lines)
    assert {who: answer.allowed for who, answer in answers.items()} == {
        "User:a": True,
        "User:c": False,
    }
