"""Policies as YAML: read with every mistake named, and written without loss."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.errors import Refused
from governance.policy.load import PolicyText, read_policies, starter, write_policies

GOOD = """
- name: small
  kind: toy
  owner: platform
  severity: warn
  expression: item.name != ""
  message: It is small.
"""


def test_the_starter_file_reads_and_its_names_are_these() -> None:
    assert [policy.name for policy in starter()] == [
        "naming",
        "partitions",
        "partitions-many",
        "retention-limit",
        "retention-reason",
        "retention-ends",
        "retention-falls-back",
        "retention-duty",
        "compacted-personal",
        "class-lowered",
        "no-wildcard-access",
        "own-names",
        "production-access-ends",
        "production-access-has-purpose",
        "personal-data-access",
        "replication",
        "insync",
        "on-call",
        "compatibility-none",
        "compatibility-weak",
        "personal-data",
        "personal-tags",
        "small-change",
        "irreversible",
        "destructive",
        "costly",
        "large-request",
        "large-request-access",
        "large-request-schemas",
    ]


def test_the_starter_policies_survive_a_round_trip() -> None:
    assert read_policies(write_policies(starter())) == starter()


WORDS = st.text(st.characters(blacklist_categories=("C", "Z")), min_size=1, max_size=30)


@given(
    st.builds(
        PolicyText,
        name=st.from_regex(r"[a-z0-9]{1,20}(-[a-z0-9]{1,5})?", fullmatch=True),
        kind=st.just("toy"),
        owner=WORDS,
        severity=st.sampled_from(["info", "warn", "deny"]),
        expression=st.just('item.name.startsWith(owner.team + ".") || true'),
        message=WORDS,
        title=st.just("") | WORDS,
        description=st.just("") | WORDS,
        path=st.just("") | WORDS,
        way_out=st.just("") | WORDS,
        scope=st.fixed_dictionaries({}, optional={"teams": st.lists(WORDS, min_size=1)}),
    )
)
def test_any_policy_survives_a_round_trip(policy: PolicyText) -> None:
    assert read_policies(write_policies([policy])) == [policy]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: x", "no list of policies"),
        ("- [", "not YAML at line 2"),
        ("- 3", "Entry 1 is no policy"),
        ("", "no list of policies"),
        ("- &a {name: x}\n- *a", "anchors"),
        ("- !!python/object/apply:os.system ['true']", "not YAML"),
        ("- 2026-13-45", "not YAML"),
        (GOOD + "  colour: red", "small: “colour” is no member"),
        (GOOD.replace("owner: platform", "owner: [a]"), "small: “owner” is no text"),
        (GOOD.replace("  owner: platform\n", ""), "small: “owner” is missing"),
        (GOOD + "  scope: everywhere", "“scope” holds no members"),
        (GOOD + GOOD, "small stands in it twice"),
        (GOOD.replace("warn", "loud"), "small: “loud” is no severity"),
        ("[" * 3_000, "not YAML"),
        ("#" * 1_000_001, "1,000,000 characters"),
    ],
)
def test_a_wrong_file_is_refused_in_words(text: str, says: str) -> None:
    with pytest.raises(Refused) as refused:
        read_policies(text)
    assert says in refused.value.message


def test_every_mistake_of_a_file_is_named() -> None:
    twice = GOOD.replace("warn", "loud").replace("It is small.", "''") + GOOD.replace("toy", "''")
    with pytest.raises(Refused) as refused:
        read_policies(twice)
    assert {(p.position, p.path) for p in refused.value.problems} >= {(0, "message"), (1, "kind")}
