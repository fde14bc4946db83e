"""The matrix, walked whole: every action and kind, for everybody, against a second table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.actors import ANONYMOUS, Actor, anonymous_with, system_actor
from governance.errors import NotAllowed
from governance.permissions import (
    APPROVALS,
    DECIDING,
    MATRIX,
    VERBS,
    Action,
    allowed,
    approval,
    approver_roles,
    can_approve_as,
    could_meet,
    demand,
    role_in_words,
    roles_of,
    teams_where,
)


def person(name: str, team: str = "", role: str = "", org: str = "") -> Actor:
    return Actor(
        kind="user",
        id=1,
        name=name,
        teams={team: frozenset({role})} if team else {},
        org_roles=frozenset({org}) if org else frozenset(),
        user_id=1,
    )


def token(*scopes: str, role: str = "requester") -> Actor:
    return Actor(
        kind="token",
        id=9,
        name="payments/ci",
        teams={"payments": frozenset({role})},
        scopes=frozenset(scopes),
    )


CAST = {
    "nobody": ANONYMOUS,
    "outsider": person("oz"),
    "stranger": person("sam", "billing", "owner"),
    "viewer": person("vera", "payments", "viewer"),
    "requester": person("priya", "payments", "requester"),
    "approver": person("arto", "payments", "approver"),
    "owner": person("jonas", "payments", "owner"),
    "platform": person("pat", org="platform"),
    "steward": person("stella", org="steward"),
    "auditor": person("aude", org="auditor"),
    "reader": token("api:read"),
    "ci": token("api:write"),
    "client": token("registry:read"),
    "producer": token("registry:write"),
    "open-read": anonymous_with("registry:read"),
    "open-full": anonymous_with("registry:read", "registry:write"),
    "weir": system_actor(),
}

PEOPLE = "outsider stranger viewer requester approver owner platform steward auditor"

# Who may, for a thing of team payments. Written apart from the matrix, so that a slip shows.
EXPECTED = {
    ("view", "event"): "platform auditor weir",
    ("view", "token"): "viewer requester approver owner platform auditor weir",
    ("view", "hook"): "viewer requester approver owner platform auditor weir",
    ("view", "draft"): "viewer requester approver owner platform auditor reader ci weir",
    ("view", "account"): "platform auditor weir",
    ("view", "simulation"): "platform auditor weir",
    ("view", "identity"): "platform auditor weir",
    ("view", "topic"): f"{PEOPLE} reader ci weir",
    ("request", "topic"): "requester approver owner ci weir",
    ("edit", "request"): "requester approver owner ci weir",
    ("comment", "request"): "stranger viewer requester approver owner platform steward ci weir",
    ("withdraw", "request"): "requester approver owner platform ci weir",
    ("retry", "request"): "requester approver owner platform ci weir",
    ("approve_as_owner", "request"): "approver owner",
    ("approve_as_platform", "request"): "platform",
    ("approve_as_steward", "request"): "steward",
    ("supersede", "request"): "requester approver owner platform ci weir",
    ("break_glass", "request"): "platform",
    ("look_at_glass", "request"): "platform",
    ("accept_drift", "topic"): "requester approver owner ci weir",
    ("revert_drift", "topic"): "owner platform weir",
    ("ignore_drift", "topic"): "owner platform weir",
    ("create_team", "team"): "platform weir",
    ("manage_team", "team"): "owner platform weir",
    ("manage_members", "team"): "owner platform weir",
    ("manage_applications", "team"): "owner platform weir",
    ("manage_tokens", "token"): "owner platform weir",
    ("manage_hooks", "hook"): "owner platform weir",
    ("manage_people", "person"): "platform weir",
    ("manage_org_roles", "person"): "platform weir",
    ("manage_policies", "policy"): "platform weir",
    ("simulate_policies", "policy"): "platform weir",
    ("manage_clusters", "cluster"): "platform weir",
    ("manage_environments", "environment"): "platform weir",
    ("freeze", "environment"): "platform weir",
    ("verify_audit", "event"): "platform auditor weir",
    ("read_registry", "subject"): f"{PEOPLE} client producer open-read open-full weir",
    ("limit_rate", "token"): "platform weir",
    ("govern_subject", "subject"): "owner platform weir",
    ("govern_subject", "context"): "platform weir",
    ("write_registry", "subject"): "requester approver owner producer open-full weir",
}


@pytest.mark.parametrize(("what", "who"), EXPECTED.items(), ids=lambda value: "-".join(value)[:40])
def test_each_action_is_allowed_to_these_and_to_nobody_else(
    what: tuple[str, str], who: str
) -> None:
    action, kind = Action(what[0]), what[1]
    may = {name for name, actor in CAST.items() if allowed(actor, action, kind, "payments").ok}
    assert may == set(who.split())


def test_every_row_of_the_matrix_is_expected_above() -> None:
    walked = {(action, kind) for action, kind in EXPECTED}
    for row in MATRIX:
        kinds = row.kinds or {kind for action, kind in walked if action == row.action}
        assert {(row.action.value, kind) for kind in kinds} <= walked
        assert kinds, row
    assert {action for action, _ in walked} == {action.value for action in Action}
    assert set(VERBS) == set(Action)


def test_a_refusal_names_the_rule_and_who_could() -> None:
    refused = allowed(CAST["requester"], Action.MANAGE_TOKENS, "token", "payments")
    assert not refused.ok
    assert refused.why == (
        "You cannot issue or revoke tokens of payments: "
        "this takes an owner of payments or the platform team."
    )
    assert refused.who == ("owner:payments", "platform")
    assert refused.rule == "manage_tokens/token"
    with pytest.raises(NotAllowed, match="this takes an owner of payments"):
        demand(CAST["requester"], Action.MANAGE_TOKENS, "token", "payments")
    demand(CAST["owner"], Action.MANAGE_TOKENS, "token", "payments")


def test_a_token_is_told_whether_a_scope_would_help() -> None:
    scope = allowed(CAST["reader"], Action.REQUEST, "topic", "payments")
    assert scope.why.endswith("payments/ci lacks the scope api:write. Use a token that has it.")
    never = allowed(CAST["ci"], Action.APPROVE_AS_OWNER, "request", "payments")
    assert never.why.endswith(
        "no token may, an approver or owner of payments must do it in person."
    )


@given(
    st.sets(st.sampled_from(["viewer", "requester", "approver", "owner", "platform", "made up"])),
    st.sets(st.sampled_from(["platform", "steward", "auditor"])),
    st.sets(st.sampled_from(["api:write", "registry:write", "owner", "*"])),
)
def test_no_token_ever_approves_whatever_it_claims(
    roles: set[str], org: set[str], scopes: set[str]
) -> None:
    claims = Actor(
        kind="token",
        id=1,
        name="payments/odd",
        teams={"payments": frozenset(roles)},
        org_roles=frozenset(org),
        scopes=frozenset(scopes),
    )
    assert not any(allowed(claims, action, "request", "payments").ok for action in APPROVALS)
    assert not allowed(claims, Action.MANAGE_TOKENS, "token", "payments").ok
    assert not allowed(claims, Action.MANAGE_POLICIES, "policy").ok


def test_what_nobody_owns_gives_no_right_to_owners_of_something_else() -> None:
    assert not allowed(CAST["stranger"], Action.REVERT_DRIFT, "topic", None).ok
    assert not allowed(CAST["owner"], Action.REVERT_DRIFT, "topic", "").ok
    assert allowed(CAST["platform"], Action.REVERT_DRIFT, "topic", None).ok
    unowned = allowed(CAST["owner"], Action.REQUEST, "topic", None)
    assert "the platform team can set one" in unowned.why


def test_somebody_in_several_teams_acts_for_each_by_her_role_there() -> None:
    both = Actor(
        kind="user",
        id=1,
        name="bo",
        teams={"payments": frozenset({"viewer"}), "billing": frozenset({"requester", "owner"})},
    )
    assert teams_where(both, Action.REQUEST, "topic") == {"billing"}
    assert allowed(both, Action.APPROVE_AS_OWNER, "request", "billing").ok
    assert not allowed(both, Action.APPROVE_AS_OWNER, "request", "payments").ok
    assert approver_roles(both) == {"owner:billing", "second:billing"}


def test_requirement_roles_are_met_by_the_right_people() -> None:
    assert approval("owner:payments") == (Action.APPROVE_AS_OWNER, "payments")
    assert can_approve_as(CAST["owner"], "owner:payments").ok
    assert can_approve_as(CAST["approver"], "owner:payments").ok
    assert can_approve_as(CAST["approver"], "second:payments").ok
    assert not can_approve_as(CAST["requester"], "owner:payments").ok
    assert not can_approve_as(CAST["stranger"], "owner:payments").ok
    assert can_approve_as(CAST["steward"], "steward").ok
    assert approver_roles(CAST["platform"]) == {"platform"}
    assert role_in_words("owner:payments") == "an approver or owner of payments"
    assert can_approve_as(CAST["owner"], "second:payments").ok
    assert not can_approve_as(CAST["stranger"], "second:payments").ok
    assert not can_approve_as(CAST["platform"], "second:payments").ok
    assert role_in_words("second:payments") == "a second approver or owner of payments"
    assert role_in_words("second") == "a second approver or owner of the team that owns it"
    for wrong in ("owner", "owner:", "second", "second:", "auditor", "platform:payments", "auto"):
        with pytest.raises(ValueError, match="Nobody can approve as"):
            approval(wrong)
        assert could_meet(wrong) == ()
    assert could_meet("owner:payments") == could_meet("second:payments") == ("approver:payments",)
    assert could_meet("platform") == ("platform",)


def test_an_approver_decides_and_has_no_other_right_of_an_owner() -> None:
    """What an approver may beyond a requester is to approve for the owner; what an owner may beyond
    an approver is all else."""
    may = {
        name: {what for what, who in EXPECTED.items() if name in who.split()}
        for name in ("requester", "approver", "owner")
    }
    assert may["approver"] - may["requester"] == {("approve_as_owner", "request")}
    assert may["requester"] < may["approver"] < may["owner"]
    assert roles_of(CAST["approver"], "payments") == roles_of(CAST["owner"], "payments") - {"owner"}
    assert frozenset({"approver", "owner"}) == DECIDING
    refused = allowed(CAST["requester"], Action.APPROVE_AS_OWNER, "request", "payments")
    assert refused.who == ("approver:payments",)
    assert refused.why.endswith("this takes an approver or owner of payments.")


def test_an_auditor_only_reads() -> None:
    """Whatever is not seeing: of all that is there, and of the audit's own check."""
    reads = {Action.VIEW, Action.VERIFY_AUDIT, Action.READ_REGISTRY}
    for action, kind in EXPECTED:
        may = allowed(CAST["auditor"], Action(action), kind, "payments").ok
        assert not may or Action(action) in reads, (action, kind)
    refused = allowed(CAST["auditor"], Action.COMMENT, "request", "payments")
    assert refused.why == (
        "You cannot comment: this takes the platform team, a data steward or a member of a team."
    )
    in_a_team_too = person("aude", "billing", "viewer", "auditor")
    assert allowed(in_a_team_too, Action.COMMENT, "request", "payments").ok


def test_an_unknown_role_or_action_gives_nothing() -> None:
    odd = person("odd", "payments", "superowner", "god")
    assert roles_of(odd, "payments") == {"signed_in"}
    assert not allowed(CAST["platform"], Action.CREATE_TEAM, "topic").ok
