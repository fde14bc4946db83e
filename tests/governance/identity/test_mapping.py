"""Groups become roles by a table, and what a provider sends amiss is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.identity.mapping import (
    ClaimWrong,
    Grant,
    MappingWrong,
    Rule,
    folded,
    grants_for,
    groups_in,
    parse,
    text_in,
)

TABLE = """
# platform
/weir/platform => platform
pay-owners => owner:payments
cn=pay,ou=groups,dc=acme => requester:payments
pay-owners => viewer:billing
a => b => auditor
pay-leads => approver:payments
"""


def test_a_table_is_read_line_by_line() -> None:
    assert parse(TABLE) == (
        Rule("/weir/platform", Grant("platform")),
        Rule("pay-owners", Grant("owner", "payments")),
        Rule("cn=pay,ou=groups,dc=acme", Grant("requester", "payments")),
        Rule("pay-owners", Grant("viewer", "billing")),
        Rule("a => b", Grant("auditor")),
        Rule("pay-leads", Grant("approver", "payments")),
    )
    assert parse("") == ()


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("pay-owners", "line 1 is not group"),
        ("=> owner:payments", "line 1 is not group"),
        ("x => owner", "line 1 gives none of"),
        ("x => approver", "line 1 gives none of approver:team, owner:team, requester:team"),
        ("x => platform:payments", "line 1 gives none of"),
        ("x => superowner:payments", "line 1 gives none of"),
        ("x => member:payments", "line 1 gives none of"),
        ("x => owner:pay ments", "line 1 gives none of"),
        ("ok => auditor\nx =>", "line 2 gives none of"),
    ],
)
def test_a_line_that_is_none_is_named(line: str, why: str) -> None:
    with pytest.raises(MappingWrong, match=why):
        parse(line)


def test_groups_give_what_the_rules_say_and_no_more() -> None:
    rules = parse(TABLE)
    assert grants_for(["pay-owners", "unknown"], rules) == {
        Grant("owner", "payments"),
        Grant("viewer", "billing"),
    }
    assert grants_for([], rules) == frozenset()
    assert grants_for(["PAY-OWNERS"], rules) == frozenset()
    assert Grant("owner", "payments") in grants_for(
        ["pay-owners"], folded(parse("PAY-Owners => owner:payments"))
    )


@given(st.sets(st.text(max_size=8)), st.sets(st.text(max_size=8)))
def test_more_groups_never_take_a_right(some: set[str], more: set[str]) -> None:
    rules = [Rule(group, Grant("owner", group)) for group in some | more]
    assert grants_for(some, rules) <= grants_for(some | more, rules)


@pytest.mark.parametrize(
    ("claims", "claim", "groups"),
    [
        ({"groups": ["b", "a", "b"]}, "groups", ("a", "b")),
        ({"groups": "one"}, "groups", ("one",)),
        ({"groups": []}, "groups", ()),
        ({"realm_access": {"roles": ["x"]}}, "realm_access.roles", ("x",)),
        ({"https://acme.example/groups": ["x"]}, "https://acme.example/groups", ("x",)),
    ],
)
def test_groups_are_read(claims: dict[str, object], claim: str, groups: tuple[str, ...]) -> None:
    assert groups_in(claims, claim) == groups


@pytest.mark.parametrize(
    ("claims", "received"),
    [
        ({"sub": "1", "email": "x"}, "the claims that came are email, sub"),
        ({}, "the claims that came are none"),
        ({"groups": None}, "nothing of that name"),
        ({"groups": 7}, "a number where a list"),
        ({"groups": {"a": 1}}, "an object where a list"),
        ({"groups": [{"name": "a"}]}, "an object in it"),
        ({"groups": ["a", None]}, "null in it"),
        ({"groups": ["x"] * 5_001}, "5,001 entries"),
        ({"_claim_names": {"groups": "src1"}}, "only a reference"),
    ],
)
def test_a_claim_that_cannot_be_used_is_named_with_what_came(
    claims: dict[str, object], received: str
) -> None:
    with pytest.raises(ClaimWrong, match=received) as wrong:
        groups_in(claims, "groups")
    assert wrong.value.claim == "groups"


def test_a_name_must_be_a_text() -> None:
    assert text_in({"sub": " 1 "}, "sub") == "1"
    for odd in (None, "", " ", 1, ["x"]):
        with pytest.raises(ClaimWrong, match="where a name belongs"):
            text_in({"sub": odd}, "sub")
