"""What no approval lifts, whose agreement it takes, and what policies are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from governance.kinds import ItemView
from governance.policy.evaluate import evaluate
from governance.policy.load import starter
from governance.policy.routing import route
from topics.kinds.grant.facts import facts
from topics.kinds.grant.pattern import Pattern
from topics.kinds.grant.rules import check
from topics.kinds.grant.situation import ApplicationFacts, Situation
from topics.kinds.grant.spec import GrantSpec, name_of

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
BILLING = ApplicationFacts("billing", "billing", "User:billing", ("bills.",))
KNOWN = Situation(application=BILLING, topic_there=True, owners=("payments",), now=NOW)
IN_FORCE = replace(KNOWN, declared=GrantSpec(ends_at=NOW + timedelta(days=9)))
SPEC = GrantSpec(group=Pattern("billing"), lasts=timedelta(days=90), purpose="Sends invoices")


@pytest.mark.parametrize(
    ("operation", "known", "spec", "team", "rules"),
    [
        ("create", KNOWN, SPEC, "billing", []),
        ("create", KNOWN, SPEC, "payments", ["other_teams_application"]),
        ("create", replace(KNOWN, application=None), SPEC, "billing", ["unknown_application"]),
        ("create", replace(KNOWN, topic_there=False), SPEC, "billing", ["unknown_topic"]),
        ("create", IN_FORCE, SPEC, "billing", ["taken"]),
        (
            "create",
            KNOWN,
            GrantSpec(ends_at=NOW - timedelta(seconds=1)),
            "billing",
            ["end_is_past"],
        ),
        ("alter", IN_FORCE, SPEC, "billing", []),
        ("alter", IN_FORCE, IN_FORCE.declared, "billing", ["no_change"]),
        ("alter", KNOWN, SPEC, "billing", ["not_in_force"]),
        ("revoke", IN_FORCE, SPEC, "billing", []),  # who has it gives it up
        ("revoke", IN_FORCE, SPEC, "payments", []),  # whose topic it is takes it back
        ("revoke", IN_FORCE, SPEC, "logistics", ["other_teams_grant"]),
        ("revoke", KNOWN, SPEC, "billing", ["not_in_force"]),
    ],
)
def test_hard_rules(
    operation: str, known: Situation, spec: GrantSpec, team: str, rules: list[str]
) -> None:
    name = name_of("billing/consumer/pay.ok")
    assert name is not None
    found = check(operation, name, spec, known, team)
    assert [problem.rule for problem in found] == rules
    assert all(problem.message and problem.way_out for problem in found)


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("billing", True),
        ("billing-nightly", True),
        ("billing*", True),
        ("bills.nightly", True),
        ("connect-billing", True),
        ("bill", False),
        ("bill*", False),
        ("payments", False),
    ],
)
def test_names_of_its_own(text: str, own: bool) -> None:
    assert BILLING.owns(Pattern.of(text)) is own


def judged(
    *,
    operation: str = "create",
    topic: str = "pay.ok",
    known: Situation = KNOWN,
    spec: GrantSpec = SPEC,
    production: bool = True,
    team: str = "billing",
) -> tuple[set[str], list[str]]:
    """Names of the starter policies that object, and who must agree."""
    name = name_of(f"billing/consumer/{topic}")
    assert name is not None
    item = ItemView(0, "grant", operation, str(name), "main", {}, team=team, production=production)
    given = {
        "item.kind": "grant",
        "item.operation": operation,
        "item.name": item.name,
        "item.place": "main",
        "request.team": team,
        "environment.name": "x",
        "environment.production": production,
        **facts(item, name, spec, known),
    }
    verdicts = evaluate([p.row() for p in starter() if p.kind == "grant"], given)
    assert not [v for v in verdicts if v.failed], verdicts
    return {v.policy for v in verdicts if not v.passed}, [n.role for n in route(verdicts, given)]


@pytest.mark.parametrize(
    ("changes", "objects", "roles"),
    [
        ({}, set(), ["owner:payments"]),
        ({"topic": "*"}, {"no-wildcard-access"}, ["owner:payments"]),
        (
            {"spec": replace(SPEC, group=Pattern("payments"))},
            {"own-names"},
            ["owner:payments"],
        ),
        (
            {"spec": replace(SPEC, lasts=None)},
            {"production-access-ends"},
            ["owner:payments"],
        ),
        (
            {"spec": replace(SPEC, lasts=timedelta(days=400))},
            {"production-access-ends"},
            ["owner:payments"],
        ),
        ({"spec": replace(SPEC, lasts=None), "production": False}, set(), ["owner:payments"]),
        (
            {"spec": replace(SPEC, purpose="")},
            {"production-access-has-purpose"},
            ["owner:payments"],
        ),
        (
            {"known": replace(KNOWN, data_class="personal")},
            {"personal-data-access"},
            ["owner:payments", "steward"],
        ),
        (
            {"known": replace(KNOWN, data_class="personal", owners=("billing",))},
            set(),
            ["owner:billing"],
        ),
        ({"known": replace(KNOWN, owners=(), unowned=True)}, set(), ["platform"]),
        (
            {"topic": "pay.*", "known": replace(KNOWN, owners=("a", "b"), unowned=True)},
            set(),
            ["owner:a", "owner:b", "platform"],
        ),
        (
            {"known": replace(KNOWN, owners=tuple(f"t{n}" for n in range(11)))},
            set(),
            ["platform"],
        ),
        ({"operation": "revoke", "known": IN_FORCE}, set(), ["owner:billing"]),
        (
            {"operation": "revoke", "known": IN_FORCE, "team": "payments"},
            set(),
            ["owner:payments"],
        ),
    ],
)
def test_starter_policies_and_who_must_agree(
    changes: dict[str, object], objects: set[str], roles: list[str]
) -> None:
    assert judged(**changes) == (objects, roles)  # type: ignore[arg-type]  # a table


@pytest.mark.parametrize(
    ("operation", "known", "spec", "risk"),
    [
        ("create", KNOWN, SPEC, "safe"),
        ("alter", IN_FORCE, GrantSpec(lasts=timedelta(days=90)), "safe"),
        ("alter", replace(IN_FORCE, declared=SPEC), GrantSpec(), "disruptive"),
        ("revoke", IN_FORCE, SPEC, "disruptive"),
    ],
)
def test_what_a_change_of_access_may_cost(
    operation: str, known: Situation, spec: GrantSpec, risk: str
) -> None:
    name = name_of("billing/consumer/pay.ok")
    assert name is not None
    item = ItemView(0, "grant", operation, str(name), "main", {}, team="billing")
    given = facts(item, name, spec, known)
    assert (given["change.risk"], given["change.irreversible"]) == (risk, False)
