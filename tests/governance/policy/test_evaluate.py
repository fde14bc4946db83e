"""What policies say: in words, failing closed, and refused when they are written wrong."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.policy import facts
from governance.policy.evaluate import (
    PolicyRow,
    Severity,
    Verdict,
    check_expression,
    check_policy,
    covers,
    evaluate,
)
from governance.policy.facts import UNKNOWN, Fact, FactType, declare, fill, in_words
from governance.policy.load import starter

DAY = 86_400_000

TOPIC: dict[str, object] = {
    "item.kind": "topic",
    "item.operation": "create",
    "item.name": "payments.authorized",
    "item.place": "main",
    "request.team": "payments",
    "owner.team": "payments",
    "environment.name": "production",
    "environment.production": True,
    "environment.retention_limit_ms": 30 * DAY,
    "environment.max_partitions": None,
    "owner.on_call": True,
    "topic.profile": "apache-kafka",
    "topic.brokers": 3,
    "topic.cluster": "main",
    "topic.replication_factor": 3,
    "topic.min_insync_replicas": 2,
    "topic.partitions": 6,
    "topic.retention_ms": 7 * DAY,
    "change.risk": "safe",
    "change.irreversible": False,
    "topic.time_deletes": True,
    "topic.retention_changes": True,
    "topic.data_class": "internal",
    "topic.data_class_before": None,
    "topic.class_lowered": False,
    "topic.retention_limit_ms": 30 * DAY,
    "topic.retention_reason": None,
    "topic.retention_reason_text": "",
    "topic.retention_lasts_ms": None,
    "topic.retention_falls_back_ms": None,
}
REPLAY: dict[str, object] = {
    "topic.retention_reason": "replay",
    "topic.retention_reason_text": "Disputes of the last quarter",
    "topic.retention_lasts_ms": 90 * DAY,
    "topic.retention_falls_back_ms": 7 * DAY,
}
SUBJECT: dict[str, object] = {
    "item.kind": "subject",
    "item.operation": "register",
    "item.name": "payments.captured-value",
    "subject.name": "payments.captured-value",
    "owner.team": "payments",
    "environment.name": "production",
    "environment.production": True,
    "subject.compatibility": "BACKWARD_TRANSITIVE",
    "subject.personal_fields": [],
    "subject.data_class": "internal",
}

STARTER = [text.row(1) for text in starter()]

RULE = PolicyRow(
    name="small",
    version=3,
    kind="topic",
    expression="topic.partitions <= 6",
    severity="deny",
    message="{topic.partitions} partitions are many.",
    way_out="Ask for 6.",
    path="partitions",
    owner="platform",
)


@pytest.fixture(autouse=True)
def topic_facts() -> Iterator[None]:
    """The facts of a topic, whichever apps are installed around this test."""
    before = facts._DECLARED.get("topic")
    declare(
        "topic",
        [
            Fact("topic.partitions", FactType.COUNT, "partitions"),
            Fact("topic.retention_ms", FactType.DURATION_MS, "retention"),
            Fact("topic.readers", FactType.LIST, "who reads it"),
            Fact("topic.configs", FactType.MAP, "configs"),
        ],
    )
    yield
    if before is None:
        facts._DECLARED.pop("topic")
    else:
        facts._DECLARED["topic"] = before


def objections(changed: dict[str, object]) -> dict[str, str]:
    return {v.policy: v.message for v in evaluate(STARTER, TOPIC | changed) if not v.passed}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, {}),
        (
            {"topic.retention_ms": 400 * DAY, "topic.data_class": "personal"},
            {
                "retention-limit": "400 d is above production's limit of 30 d for the data class "
                "personal: a data steward must agree as well.",
                "retention-reason": "400 d is above production's limit of 30 d for the data class "
                "personal, and it is not said what for.",
            },
        ),
        ({"topic.retention_ms": 30 * DAY}, {}),
        (
            REPLAY | {"topic.retention_ms": -1},
            {"retention-limit": "unlimited is above production's limit of 30 d for"},
        ),
        ({"topic.retention_ms": -1, "topic.retention_limit_ms": None}, {}),
        # Only the latest record of a key is kept: no limit of time is a measure of that.
        ({"topic.retention_ms": -1, "topic.time_deletes": False}, {}),
        (
            {"topic.time_deletes": False, "topic.data_class": "personal"},
            {"compacted-personal": "payments.authorized would keep the latest record of each key"},
        ),
        ({"topic.time_deletes": True, "topic.data_class": "personal"}, {}),
        (
            {
                "topic.time_deletes": False,
                "topic.data_class": "personal",
                "topic.retention_limit_ms": None,
            },
            {},
        ),
        (
            REPLAY | {"topic.retention_ms": 31 * DAY},
            {"retention-limit": "31 d is above"},
        ),
        # Of what was so before, and stays, no reason is asked for.
        (
            {"topic.retention_ms": 31 * DAY, "topic.retention_changes": False},
            {"retention-limit": "31 d is above"},
        ),
        # In development a steward decides, and nothing more is asked for.
        (
            {"topic.retention_ms": 31 * DAY, "environment.production": False},
            {"retention-limit": "31 d is above"},
        ),
        (REPLAY, {}),
        (
            REPLAY | {"topic.retention_ms": 31 * DAY, "topic.retention_reason_text": "why"},
            {"retention-limit": "31 d is above", "retention-reason": "31 d is above"},
        ),
        (
            REPLAY | {"topic.retention_lasts_ms": None},
            {"retention-ends": "Records kept longer for replay need an end"},
        ),
        (
            REPLAY | {"topic.retention_lasts_ms": None, "topic.retention_reason": "legal"},
            {"retention-duty": "Records are to be kept for legal: a data steward"},
        ),
        (
            REPLAY | {"topic.retention_reason": "audit"},
            {"retention-duty": "Records are to be kept for audit: a data steward"},
        ),
        *(
            (
                REPLAY | {"topic.retention_falls_back_ms": back},
                {"retention-falls-back": f"It would fall back to {words}, which is above"},
            )
            for back, words in ((31 * DAY, "31 d"), (-1, "unlimited"))
        ),
        (
            {
                "topic.data_class": "internal",
                "topic.data_class_before": "personal",
                "topic.class_lowered": True,
            },
            {
                "class-lowered": "payments.authorized would have the data class internal, and has "
                "personal until now: a data steward must agree that it is less sensitive."
            },
        ),
        # What cannot be reckoned is no "none": the rule objects, and says that it cannot tell.
        (
            REPLAY | {"topic.retention_lasts_ms": UNKNOWN},
            {"retention-ends": "Policy retention-ends v1 needs topic.retention_lasts_ms"},
        ),
        ({"topic.partitions": 24}, {}),
        ({"topic.partitions": 25}, {"partitions-many": "25 partitions are a lot"}),
        ({"topic.partitions": 60}, {"partitions-many": "60 partitions are a lot"}),
        (
            {"topic.partitions": 61},
            {
                "partitions": "61 partitions are more than production allows.",
                "partitions-many": "61 partitions are a lot",
            },
        ),
        (
            {"topic.partitions": 12, "environment.max_partitions": 6},
            {"partitions": "12 partitions are more than production allows."},
        ),
        ({"topic.partitions": 0}, {"partitions": "0 partitions are more than production allows."}),
        ({"item.name": "payments.card.authorized-v2"}, {}),
        ({"item.name": "billing.authorized"}, {"naming": "billing.authorized is not named after"}),
        ({"item.name": "payments.Authorized"}, {"naming": "payments.Authorized is not named"}),
        ({"item.name": "payments"}, {"naming": "payments is not named after its owner"}),
        ({"item.name": "paymentsx.a"}, {"naming": "paymentsx.a is not named after its owner"}),
        ({"item.name": "payments."}, {"naming": "payments. is not named after its owner"}),
        ({"item.name": "payments.a\n"}, {"naming": "payments.a"}),
        ({"item.name": "legacy_name", "item.operation": "alter"}, {}),
        ({"item.kind": "credential", "topic.partitions": 1_000}, {}),
    ],
)
def test_the_starter_policies(changed: dict[str, object], expected: dict[str, str]) -> None:
    found = objections(changed)
    assert found.keys() == expected.keys()
    for policy, message in expected.items():
        assert found[policy].startswith(message)


def test_an_objection_stands_beside_its_field_with_its_owner_and_the_way_out() -> None:
    (verdict,) = evaluate([RULE], TOPIC | {"topic.partitions": 1_200})
    assert verdict == Verdict(
        policy="small",
        version=3,
        severity="deny",
        passed=False,
        path="partitions",
        message="1,200 partitions are many.",
        way_out="Ask for 6.",
        owner="platform",
        waiver="platform",
    )
    (passed,) = evaluate([RULE], TOPIC)
    assert (passed.passed, passed.message, passed.way_out) == (True, "", "")


@pytest.mark.parametrize("severity", ["info", "warn", "approval", "deny"])
def test_a_policy_that_cannot_be_evaluated_denies_whatever_its_severity(severity: str) -> None:
    broken = replace(RULE, severity=severity, expression="topic.partitions / 0 > 1")
    (verdict,) = evaluate([broken], TOPIC)
    assert (verdict.severity, verdict.passed, verdict.failed) == ("deny", False, True)
    assert verdict.message == (
        "Policy small v3 could not be evaluated and refuses: it divides by zero."
    )
    assert verdict.way_out == "Ask its owner, platform, to correct it."
    (unreadable,) = evaluate([replace(broken, expression="((")], TOPIC)
    assert (unreadable.severity, unreadable.failed) == ("deny", True)


@pytest.mark.parametrize("facts_given", [TOPIC | {"topic.partitions": UNKNOWN}, {}])
def test_an_unknown_fact_denies_and_is_named(facts_given: Mapping[str, object]) -> None:
    (verdict,) = evaluate([RULE], facts_given)
    assert (verdict.severity, verdict.unknown) == ("deny", ("topic.partitions",))
    assert "needs topic.partitions, which is unknown here, and refuses" in verdict.message


def test_a_policy_may_handle_the_unknown_itself() -> None:
    handled = replace(RULE, expression=f"is_unknown(topic.partitions) || {RULE.expression}")
    unknown = TOPIC | {"topic.partitions": UNKNOWN}
    assert [v.passed for v in evaluate([handled], unknown)] == [True]
    assert [v.passed for v in evaluate([handled], TOPIC | {"topic.partitions": 7})] == [False]


@pytest.mark.parametrize(
    ("scope", "included"),
    [
        ({}, True),
        ({"environments": []}, True),
        ({"environments": ["production"]}, True),
        ({"environments": ["dev"]}, False),
        ({"teams": ["payments", "billing"]}, True),
        ({"teams": ["billing"]}, False),
        ({"operations": ["create"]}, True),
        ({"operations": ["alter"]}, False),
        ({"production": True}, True),
        ({"production": False}, False),
        ({"production": None}, True),
        ({"environments": ["production"], "teams": ["billing"]}, False),
    ],
)
def test_a_scope_limits_where_a_policy_holds(scope: dict[str, object], included: bool) -> None:
    assert covers(replace(RULE, scope=scope), TOPIC) is included
    assert len(evaluate([replace(RULE, scope=scope)], TOPIC)) == included


def test_where_it_is_unknown_whether_a_scope_holds_the_policy_does() -> None:
    elsewhere = replace(RULE, scope={"environments": ["dev"]})
    assert covers(elsewhere, TOPIC | {"environment.name": UNKNOWN})


def test_an_automatic_approval_speaks_only_where_it_holds() -> None:
    auto = replace(RULE, severity=Severity.AUTO, message="{topic.partitions} is small.")
    (verdict,) = evaluate([auto], TOPIC)
    assert (verdict.passed, verdict.message) == (True, "6 is small.")
    assert evaluate([auto], TOPIC | {"topic.partitions": 7}) == []
    assert evaluate([auto], {}) == []
    assert evaluate([replace(auto, expression="1 / 0 == 1")], TOPIC) == []


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({}, "", ""),
        ({"severity": "maybe"}, "severity", "Choose one of: info, warn, approval, deny, auto."),
        ({"name": "No good"}, "name", "as in retention-limit"),
        ({"name": "x" * 81}, "name", "Shorten it."),
        ({"owner": " "}, "owner", "Say who answers"),
        ({"kind": ""}, "kind", "Name one kind"),
        ({"severity": "approval"}, "approver", "Choose platform, second, steward or owner:<team>."),
        ({"severity": "approval", "approver": "boss"}, "approver", "Choose platform"),
        ({"severity": "approval", "approver": "owner:"}, "approver", "Choose platform"),
        ({"severity": "approval", "approver": "owner:payments"}, "", ""),
        ({"message": " "}, "message", "Say in a sentence"),
        ({"message": "x" * 1_001}, "message", "Shorten it."),
        ({"message": "{topic.partitons}"}, "message", "Facts are:"),
        ({"way_out": "{nothing}"}, "way_out", "Facts are:"),
        ({"scope": {"clusters": ["x"]}}, "scope", "Use any of: environments, operations"),
        ({"scope": {"teams": "payments"}}, "scope.teams", "Write a list."),
        ({"scope": {"production": "yes"}}, "scope.production", "Say which."),
        ({"expression": "topic.partitons > 1"}, "expression", "Facts are:"),
        ({"expression": "topic.partitions + 1"}, "expression", "give a condition"),
        ({"expression": 'topic.partitions > "a"'}, "expression", "of their own type"),
        ({"expression": "topic.partitions >"}, "expression", "Correct the expression."),
        ({"expression": "[1].reduce(a, b, 1, a) == 1"}, "expression", "Correct the expression."),
        # What depends on the values is not known before there are any.
        ({"expression": 'topic.configs["retention.ms"] == "1"'}, "", ""),
        ({"expression": "has(topic.configs.x) && 4 / (topic.partitions - 1) > 0"}, "", ""),
        ({"expression": "topic.readers[3] == 'x'"}, "", ""),
    ],
)
def test_a_wrong_policy_is_refused_when_it_is_written(
    change: dict[str, object], path: str, says: str
) -> None:
    problems = check_policy(replace(RULE, **change))  # type: ignore[arg-type]  # by name, as written
    assert [problem.path for problem in problems] == ([path] if path else [])
    assert all(says in problem.way_out for problem in problems)


def test_a_kind_that_does_not_say_its_facts_cannot_be_checked_for_spelling() -> None:
    assert check_expression("unheard.of > 1", "a-kind-without-facts") == []


def test_messages_are_filled_with_facts_only() -> None:
    given = {"a.retention_ms": 90 * DAY, "a.size_bytes": 2**30, "a.flag": False, "a.none": None}
    assert fill("{a.retention_ms} {a.size_bytes} {a.flag} {a.none}", given) == "90 d 1 GiB no none"
    assert fill("{a.missing} {A} {a.__class__.__mro__} { a }", given) == (
        "unknown {A} unknown { a }"
    )
    assert fill("{a.readers}", {"a.readers": [f"r{n:02}" for n in range(12)]}) == (
        "r00, r01, r02, r03, r04, r05, r06, r07, r08, r09 and 2 more"
    )
    assert in_words("x", 50_000) == "50,000"


@given(st.text(max_size=60), st.text(max_size=20))
def test_filling_puts_values_in_as_they_are_and_once(text: str, value: str) -> None:
    assert fill("<{a.b}>", {"a.b": value}) == f"<{value}>"
    fill(text, {"a.b": value})  # and raises for no text


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"topic.replication_factor": 2}, ["replication"]),
        ({"topic.replication_factor": 2, "topic.brokers": 2}, []),
        ({"topic.replication_factor": 1, "topic.profile": "automq"}, []),
        ({"topic.replication_factor": 2, "environment.production": False}, []),
        ({"topic.replication_factor": 5, "topic.min_insync_replicas": 4}, []),
        ({"topic.min_insync_replicas": 1}, ["insync"]),
        ({"topic.min_insync_replicas": 3}, ["insync"]),
        ({"topic.min_insync_replicas": 1, "topic.profile": "automq"}, []),
        ({"topic.min_insync_replicas": 1, "environment.production": False}, []),
        ({"topic.brokers": UNKNOWN, "topic.replication_factor": 1}, ["replication"]),
        ({"topic.min_insync_replicas": UNKNOWN}, ["insync"]),
        ({"owner.on_call": False}, ["on-call"]),
        ({"owner.on_call": UNKNOWN}, ["on-call"]),
        ({"owner.on_call": False, "item.operation": "alter"}, []),
        ({"owner.on_call": False, "environment.production": False}, []),
    ],
)
def test_the_starter_policies_on_copies_and_who_is_called(
    changed: dict[str, object], expected: list[str]
) -> None:
    assert sorted(objections(changed)) == expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, {}),
        ({"subject.compatibility": "FULL_TRANSITIVE"}, {}),
        ({"subject.compatibility": "BACKWARD"}, {"compatibility-weak": "warn"}),
        ({"subject.compatibility": "NONE"}, {"compatibility-none": "deny"}),
        ({"subject.compatibility": "NONE", "environment.production": False}, {}),
        (
            {"subject.compatibility": UNKNOWN},
            {"compatibility-none": "deny", "compatibility-weak": "deny"},
        ),
        ({"subject.personal_fields": ["Payment.iban"]}, {"personal-data": "approval"}),
        ({"subject.personal_fields": ["Payment.iban"], "subject.data_class": "personal"}, {}),
        (
            {"subject.personal_fields": ["a"], "subject.data_class": "none"},
            {"personal-data": "approval"},
        ),
        ({"subject.personal_fields": UNKNOWN}, {"personal-data": "deny"}),
        ({"subject.data_class": "sensitive"}, {"personal-tags": "warn"}),
        ({"subject.data_class": "sensitive", "subject.name": "orders-key"}, {}),
    ],
)
def test_the_starter_policies_on_subjects(
    changed: dict[str, object], expected: dict[str, str]
) -> None:
    found = {v.policy: v.severity for v in evaluate(STARTER, SUBJECT | changed) if not v.passed}
    assert found == expected
