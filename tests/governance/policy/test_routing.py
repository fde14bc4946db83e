"""Who must approve, and why."""

from collections.abc import Collection, Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.policy.evaluate import Verdict, evaluate
from governance.policy.facts import UNKNOWN
from governance.policy.load import starter
from governance.policy.routing import UNREAD, Need, answerable, merged, route

DEV: dict[str, object] = {
    "owner.team": "payments",
    "request.team": "payments",
    "environment.production": False,
}
PRODUCTION = DEV | {"environment.production": True}

OWNER = Need("owner:payments", "payments owns it.")


def says(severity: str, *, passed: bool, policy: str = "rule", approver: str = "") -> Verdict:
    return Verdict(policy, 2, severity, passed, message=f"{policy} says so.", approver=approver)


AUTO = says("auto", passed=True, policy="small-change")
STEWARD = says("approval", passed=False, policy="limit", approver="steward")


@pytest.mark.parametrize(
    ("verdicts", "facts", "needs"),
    [
        ([], PRODUCTION, [OWNER]),
        ([says("deny", passed=True), says("approval", passed=True)], PRODUCTION, [OWNER]),
        (
            [],
            PRODUCTION | {"request.team": "billing"},
            [Need("owner:payments", "payments owns it, and billing asks.")],
        ),
        (
            [],
            PRODUCTION | {"owner.team": ""},
            [Need("platform", "No team owns it, so the platform team decides.")],
        ),
        (
            [],
            PRODUCTION | {"owner.team": UNKNOWN},
            [Need("platform", "No team owns it, so the platform team decides.")],
        ),
        ([STEWARD], PRODUCTION, [OWNER, Need("steward", "limit says so.", "limit", 2)]),
        (
            [STEWARD, says("approval", passed=False, policy="other", approver="steward")],
            PRODUCTION,
            [
                OWNER,
                Need("steward", "limit says so. other says so.", "limit", 2, (("other", 2),)),
            ],
        ),
        (
            [STEWARD, says("approval", passed=False, policy="big", approver="platform")],
            PRODUCTION,
            [
                OWNER,
                Need("steward", "limit says so.", "limit", 2),
                Need("platform", "big says so.", "big", 2),
            ],
        ),
        (
            [says("approval", passed=False, policy="own", approver="owner:payments")],
            PRODUCTION,
            [Need("owner:payments", "payments owns it. own says so.", "own", 2)],
        ),
        ([AUTO], DEV, [Need("auto", "small-change says so.", "small-change", 2)]),
        ([AUTO, says("info", passed=False)], DEV, [Need("auto", AUTO.message, AUTO.policy, 2)]),
        ([AUTO], PRODUCTION, [OWNER]),
        ([AUTO], DEV | {"environment.production": UNKNOWN}, [OWNER]),
        ([AUTO], {"owner.team": "payments"}, [OWNER]),
        ([AUTO, says("warn", passed=False)], DEV, [OWNER]),
        ([AUTO, says("deny", passed=False)], DEV, [OWNER]),
        ([AUTO, STEWARD], DEV, [OWNER, Need("steward", "limit says so.", "limit", 2)]),
    ],
)
def test_needs(verdicts: list[Verdict], facts: Mapping[str, object], needs: list[Need]) -> None:
    assert route(verdicts, facts) == needs


VERDICTS = st.builds(
    says,
    st.sampled_from(["info", "warn", "approval", "deny", "auto"]),
    passed=st.booleans(),
    policy=st.sampled_from(["a", "b", "c"]),
    approver=st.sampled_from(["steward", "platform", "owner:billing"]),
)


@given(st.lists(VERDICTS, max_size=6), st.sampled_from([DEV, PRODUCTION, {}]))
def test_somebody_always_has_to_agree_and_each_role_once(
    verdicts: list[Verdict], facts: Mapping[str, object]
) -> None:
    needs = route(verdicts, facts)
    roles = [need.role for need in needs]
    assert needs
    assert len(roles) == len(set(roles))
    assert all(need.reason for need in needs)
    assert "auto" not in roles or (roles == ["auto"] and facts is DEV)
    asked = {v.approver for v in verdicts if v.severity == "approval" and not v.passed}
    assert asked <= set(roles)
    assert merged(needs) == needs


def test_a_thousand_reasons_stay_readable() -> None:
    (need,) = merged(Need("steward", f"t{n} is kept too long.", "limit", 2) for n in range(1_000))
    assert need.reason.startswith("t0 is kept too long. t1 is kept too long. ")
    assert need.reason.endswith(" … and more of the kind.")
    assert len(need.reason) < 700


BREAKS = PRODUCTION | {
    "subject.breaks": ["FORWARD"],
    "consumers.teams": ["shop", "payments", "ads"],
}
ASKED = [
    Need("owner:ads", "ads consumes it, and this change breaks: FORWARD."),
    Need("owner:shop", "shop consumes it, and this change breaks: FORWARD."),
]


@pytest.mark.parametrize(
    ("facts", "needs"),
    [
        (BREAKS, [OWNER, *ASKED]),
        (BREAKS | {"subject.breaks": []}, [OWNER]),
        (BREAKS | {"subject.breaks": UNKNOWN}, [OWNER]),
        (BREAKS | {"consumers.teams": []}, [OWNER]),
        (BREAKS | {"consumers.teams": UNKNOWN}, [OWNER]),
        (BREAKS | {"consumers.teams": "shop"}, [OWNER]),
        (BREAKS | {"environment.production": False}, [OWNER, *ASKED]),
        (
            BREAKS | {"owner.team": "shop"},
            [
                Need(
                    "owner:shop",
                    "shop owns it, and payments asks. shop consumes it, and this change breaks: "
                    "FORWARD.",
                ),
                ASKED[0],
            ],
        ),
        (
            BREAKS
            | {
                "subject.breaks": [],
                "subject.loosens": True,
                "subject.compatibility_before": "FULL",
                "subject.compatibility": "NONE",
                "consumers.teams": ["shop"],
            },
            [
                OWNER,
                Need(
                    "owner:shop",
                    "shop consumes it, and this change lowers what its versions must meet from "
                    "FULL to NONE.",
                ),
            ],
        ),
        (
            BREAKS | {"consumers.teams": [f"t{n}" for n in range(21)]},
            [
                OWNER,
                Need(
                    "platform",
                    "21 teams consume it, too many to be asked one by one, and this change breaks: "
                    "FORWARD.",
                ),
            ],
        ),
    ],
)
def test_who_consumes_what_breaks_is_asked(facts: Mapping[str, object], needs: list[Need]) -> None:
    assert route([], facts) == needs
    # No policy lets it through by itself then.
    approved = [need.role for need in route([AUTO], facts)] == ["auto"]
    assert approved == (len(needs) == 1 and facts["environment.production"] is False)


SECOND = says("approval", passed=False, policy="irreversible", approver="second")
TWO = PRODUCTION | {"owner.approvers": 2}


@pytest.mark.parametrize(
    ("facts", "role", "why"),
    [
        (TWO, "second:payments", "A second person of payments is asked."),
        (PRODUCTION, "second:payments", "A second person of payments is asked."),
        (
            TWO | {"owner.approvers": 1},
            "platform",
            "payments has no second person who could, so the platform team is asked.",
        ),
        (
            TWO | {"owner.approvers": 0},
            "platform",
            "payments has no second person who could, so the platform team is asked.",
        ),
        (
            TWO | {"owner.team": UNKNOWN},
            "platform",
            "No team owns it, so the platform team is asked.",
        ),
        (TWO | {"owner.team": ""}, "platform", "No team owns it, so the platform team is asked."),
        (
            TWO | {"owner.teams": ["payments"]},
            "second:payments",
            "A second person of payments is asked.",
        ),
    ],
)
def test_who_is_the_second_person(facts: Mapping[str, object], role: str, why: str) -> None:
    needs = {need.role: need for need in route([SECOND], facts)}
    assert (needs[role].policy, needs[role].version) == ("irreversible", 2)
    assert needs[role].reason.endswith(f"irreversible says so. {why}")
    somebody = facts["owner.team"] == "payments"
    assert len(needs) == (2 if somebody else 1)  # or the platform team alone, for both


PAYMENTS = "payments owns it."
SHOP = Need("owner:shop", "shop consumes it.")
CRM = Need("owner:crm", "crm consumes it.")
SECOND_ONE = Need("second:payments", "two.")
NOBODY = "payments has nobody else who could agree, so the platform team decides."
TAKEN = "Whoever could agree for {} is asked for another team, so the platform team decides."


@pytest.mark.parametrize(
    ("needs", "able", "expected"),
    [
        ([OWNER], {"payments": {1}}, [OWNER]),
        ([OWNER, OWNER], {"payments": {1}}, [OWNER]),
        ([OWNER], {"payments": ()}, [Need("platform", f"{PAYMENTS} {NOBODY}")]),
        ([OWNER], {}, [Need("platform", f"{PAYMENTS} {NOBODY}")]),
        ([OWNER, SHOP], {"shop": {2}}, [Need("platform", f"{PAYMENTS} {NOBODY}"), SHOP]),
        ([OWNER, SHOP], {"payments": {1, 2}, "shop": {1}}, [OWNER, SHOP]),
        (
            [OWNER, SHOP, CRM],
            {"payments": {1, 2}, "shop": {1, 3}, "crm": {1}},
            [OWNER, SHOP, CRM],
        ),
        (
            [OWNER, SHOP],
            {"payments": {1}, "shop": {1}},
            [OWNER, Need("platform", f"shop consumes it. {TAKEN.format('shop')}")],
        ),
        ([OWNER, SECOND_ONE], {"payments": {1, 2}}, [OWNER, SECOND_ONE]),
        (
            [OWNER, SECOND_ONE, SHOP],
            {"payments": {1, 2}, "shop": {2}},
            [OWNER, SECOND_ONE, Need("platform", f"shop consumes it. {TAKEN.format('shop')}")],
        ),
        (
            [
                Need("owner:payments", "payments would lose.", UNREAD),
                Need("platform", "big.", "b", 1),
            ],
            {},
            [Need("platform", f"payments would lose. {NOBODY} big.", UNREAD, 0, (("b", 1),))],
        ),
        ([Need("steward", "limit says so.")], {}, [Need("steward", "limit says so.")]),
    ],
)
def test_the_platform_team_decides_where_nobody_of_a_team_could(
    needs: list[Need], able: Mapping[str, Collection[int]], expected: list[Need]
) -> None:
    assert answerable(needs, able) == expected


def test_owners_of_several_teams_are_several_people() -> None:
    needs = route([SECOND], TWO | {"owner.teams": ["payments", "shop"]})
    assert [need.role for need in needs] == ["owner:payments", "owner:shop"]
    assert needs[0].policy == "irreversible"


def test_every_policy_that_asks_is_named_once() -> None:
    asks = [says("approval", passed=False, policy=name, approver="platform") for name in "abcb"]
    (_, need) = route(asks, PRODUCTION)
    assert need.asked_by == (("a", 2), ("b", 2), ("c", 2))
    many = [Need("platform", f"r{n}", f"p{n}", 1) for n in range(1_000)]
    (need,) = merged(many)
    assert len(need.asked_by) == 20


# --- The starter policies: what is known of a change, and who must agree to it ------------------

STARTER = [text.row(1) for text in starter() if text.kind == "topic"]
CHANGE: dict[str, object] = {
    "item.kind": "topic",
    "item.operation": "alter",
    "item.name": "payments.captured",
    "item.place": "main",
    "request.team": "payments",
    "request.items": 1,
    "owner.team": "payments",
    "owner.approvers": 2,
    "owner.on_call": True,
    "change.risk": "safe",
    "change.irreversible": False,
    "environment.name": "production",
    "environment.production": True,
    "environment.max_partitions": None,
    "topic.time_deletes": True,
    "topic.retention_changes": True,
    "topic.data_class": "internal",
    "topic.data_class_before": "internal",
    "topic.class_lowered": False,
    "topic.retention_limit_ms": 30 * 86_400_000,
    "topic.retention_reason": None,
    "topic.retention_reason_text": "",
    "topic.retention_lasts_ms": None,
    "topic.retention_falls_back_ms": None,
    "environment.retention_limit_ms": 30 * 86_400_000,
    "topic.profile": "apache-kafka",
    "topic.brokers": 3,
    "topic.partitions": 6,
    "topic.replication_factor": 3,
    "topic.min_insync_replicas": 2,
    "topic.retention_ms": 7 * 86_400_000,
}
REPLAY: dict[str, object] = {
    "topic.retention_reason": "replay",
    "topic.retention_reason_text": "Disputes of the last quarter",
    "topic.retention_lasts_ms": 90 * 86_400_000,
    "topic.retention_falls_back_ms": 7 * 86_400_000,
}
GROWS: dict[str, object] = {"change.risk": "disruptive", "change.irreversible": True}
LOSES: dict[str, object] = {"change.risk": "destructive", "change.irreversible": True}
OUTSIDE: dict[str, object] = {"environment.production": False, "environment.name": "development"}


@pytest.mark.parametrize(
    ("changed", "roles"),
    [
        ({}, ["owner:payments"]),
        (GROWS, ["owner:payments", "second:payments"]),
        (GROWS | {"owner.approvers": 1}, ["owner:payments", "platform"]),
        (LOSES, ["owner:payments", "platform"]),
        (LOSES | {"owner.approvers": 1}, ["owner:payments", "platform"]),
        (GROWS | {"request.items": 51}, ["owner:payments", "second:payments", "platform"]),
        ({"topic.cost_more_month": 500}, ["owner:payments"]),
        ({"topic.cost_more_month": 501}, ["owner:payments", "platform"]),
        ({"topic.cost_more_month": UNKNOWN}, ["owner:payments"]),
        ({"request.items": 50}, ["owner:payments"]),
        ({"request.items": 51}, ["owner:payments", "platform"]),
        (REPLAY | {"topic.retention_ms": 40 * 86_400_000}, ["owner:payments", "steward"]),
        (OUTSIDE, ["auto"]),
        (OUTSIDE | {"request.items": 5}, ["auto"]),
        (OUTSIDE | {"request.items": 6}, ["owner:payments"]),
        (OUTSIDE | {"request.team": "billing"}, ["owner:payments"]),
        (OUTSIDE | {"item.operation": "create"}, ["owner:payments"]),
        (OUTSIDE | {"topic.partitions": 30}, ["owner:payments"]),  # it warns
        (OUTSIDE | {"topic.retention_ms": -1}, ["owner:payments", "steward"]),
        (OUTSIDE | GROWS, ["owner:payments"]),
        (OUTSIDE | LOSES, ["owner:payments"]),
        # What nobody knows is asked about, and nothing goes through by itself.
        ({"change.risk": UNKNOWN}, ["owner:payments", "second:payments", "platform"]),
        ({"change.irreversible": UNKNOWN}, ["owner:payments", "second:payments"]),
        ({"request.items": UNKNOWN}, ["owner:payments"]),
        ({"owner.approvers": UNKNOWN}, ["owner:payments"]),
        (OUTSIDE | {"change.risk": UNKNOWN}, ["owner:payments"]),
        (OUTSIDE | {"change.irreversible": UNKNOWN}, ["owner:payments"]),
        (OUTSIDE | {"request.items": UNKNOWN}, ["owner:payments"]),
        (OUTSIDE | {"request.team": UNKNOWN}, ["owner:payments"]),
        ({"environment.production": UNKNOWN}, ["owner:payments"]),
        (GROWS | {"environment.production": UNKNOWN}, ["owner:payments", "second:payments"]),
    ],
)
def test_who_agrees_by_what_is_known_of_the_change(
    changed: dict[str, object], roles: list[str]
) -> None:
    given = CHANGE | changed
    verdicts = evaluate(STARTER, given)
    assert not [v for v in verdicts if v.severity == "deny" and not v.passed]
    needs = route(verdicts, given)
    assert [need.role for need in needs] == roles
    assert all(need.reason for need in needs)


@pytest.mark.parametrize("kind", ["topic", "grant", "subject"])
@pytest.mark.parametrize(("items", "asks"), [(50, 0), (51, 1)])
def test_much_at_once_is_read_by_the_platform_team_too(kind: str, items: int, asks: int) -> None:
    many = [t.row(1) for t in starter() if t.kind == kind and t.name.startswith("large-request")]
    found = evaluate(many, {"item.kind": kind, "request.items": items})
    said = [v for v in found if not v.passed]
    assert [(v.approver, v.failed) for v in said] == [("platform", False)] * asks
    assert all(f"{items} items" in v.message for v in said)


@pytest.mark.parametrize("kind", ["topic", "grant", "subject"])
def test_no_starter_policy_needs_to_know_how_a_change_weighs(kind: str) -> None:
    """It asks, or lets pass; it never refuses what is merely not known."""
    given = {"item.kind": kind, "environment.production": True}
    weighs = {"small-change", "irreversible", "destructive", "costly"}
    policies = [
        text.row(1)
        for text in starter()
        if text.kind == kind and (text.name in weighs or text.name.startswith("large-request"))
    ]
    assert policies
    assert not [v for v in evaluate(policies, given) if v.failed]


LOST = "invoices is 3 d behind, 7 records unread"


@pytest.mark.parametrize(
    ("facts", "needs"),
    [
        ({"topic.losses": {}, "topic.loses_unowned": [], "topic.loses_unknown": ""}, []),
        (
            {"topic.losses": {"billing": LOST}},
            [Need("owner:billing", f"billing would lose records it has not read: {LOST}.")],
        ),
        (
            {"topic.losses": {f"t{number}": LOST for number in range(21)}},
            [Need("platform", "21 teams would lose records they have not read.")],
        ),
        (
            {"topic.loses_unowned": ["b is behind", "a is behind"]},
            [
                Need(
                    "platform",
                    "Nobody is known to own what loses unread records: a is behind; b is behind.",
                )
            ],
        ),
        (
            {"topic.loses_unowned": [f"g{number}" for number in range(7)]},
            [
                Need(
                    "platform",
                    "Nobody is known to own what loses unread records: g0; g1; g2; g3; g4; and 2 "
                    "more.",
                )
            ],
        ),
        (
            {"topic.loses_unknown": "It was measured long ago."},
            [
                Need(
                    "platform",
                    "Records are deleted sooner, and who loses unread ones is not known. It was "
                    "measured long ago.",
                )
            ],
        ),
        ({"topic.losses": UNKNOWN, "topic.loses_unowned": "x", "topic.loses_unknown": 7}, []),
    ],
)
def test_who_loses_unread_records_must_agree(facts: dict[str, object], needs: list[Need]) -> None:
    needs = [replace(need, policy=UNREAD) for need in needs]
    assert route([], PRODUCTION | facts) == [OWNER, *needs]
    # What approves by itself does not pass over whoever loses something.
    assert route([AUTO], DEV | facts) == (
        [OWNER, *needs] if needs else [Need("auto", AUTO.message, AUTO.policy, 2)]
    )


def test_the_team_that_asks_and_owns_is_told_what_it_loses() -> None:
    (need,) = route([], PRODUCTION | {"topic.losses": {"payments": LOST}})
    assert need.role == "owner:payments"
    assert need.reason == f"payments owns it. payments would lose records it has not read: {LOST}."
    assert (need.rules, need.asked_by) == (((UNREAD, 0),), ())


def test_that_unread_records_are_lost_is_not_forgotten_among_many_policies() -> None:
    many = [
        says("approval", passed=False, policy=f"p{number}", approver="platform")
        for number in range(30)
    ]
    needs = route(many, PRODUCTION | {"topic.loses_unowned": ["g"]})
    assert needs[1].role == "platform"
    assert needs[1].rules[:2] == ((UNREAD, 0), ("p0", 2))
    assert len(needs[1].asked_by) < len(many)


def test_a_policy_does_not_decide_in_place_of_those_who_decide_instead_of_the_owner() -> None:
    both = [Need("owner:payments", "It gives."), Need("owner:shop", "It takes.")]
    assert [need.role for need in route([AUTO], DEV)] == ["auto"]
    assert route([AUTO], DEV, instead_of_owner=both) == both
