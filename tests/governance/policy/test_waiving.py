"""What a waiver makes of an objection, and what it never lifts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from governance.policy.evaluate import PolicyRow, Verdict, judge
from governance.policy.waiving import Asked, Granted, judged

GRANTED = Granted(date(2027, 3, 1), "Mara Kovac", 12)
ASKED = Asked(date(2027, 3, 1), "It is being split.")
RULE = PolicyRow(
    name="small",
    version=3,
    kind="toy",
    expression="toy.size <= 6",
    severity="deny",
    message="It is large.",
    way_out="Ask for 6.",
    approver="steward",
    owner="platform",
    waiver="owner:security",
)


def said(rule: PolicyRow, size: object = 9) -> Verdict:
    facts = {} if size is None else {"toy.size": size}
    verdict = judge(rule, facts)
    assert verdict is not None
    return verdict


def test_one_in_force_lets_it_pass_and_says_so() -> None:
    verdict = judged(said(RULE), GRANTED)
    assert verdict.passed
    assert verdict.waived == "Waived until 1 March 2027 by Mara Kovac, request #12."
    assert (verdict.policy, verdict.version, verdict.message) == ("small", 3, "")


@pytest.mark.parametrize("severity", ["deny", "approval", "warn"])
def test_one_in_force_lifts_every_severity_that_stops_somebody(severity: str) -> None:
    rule = replace(RULE, severity=severity)
    assert not judged(said(rule), None).passed
    assert judged(said(rule), GRANTED).passed


def test_one_that_is_asked_for_turns_the_refusal_into_a_question() -> None:
    verdict = judged(said(RULE), ASKED)
    assert (verdict.severity, verdict.passed) == ("approval", False)
    assert verdict.approver == "owner:security"
    assert verdict.message == (
        "It is large. A waiver until 1 March 2027 is asked for: It is being split."
    )


@pytest.mark.parametrize("severity", ["approval", "warn"])
def test_whom_a_policy_asks_anyway_is_still_asked(severity: str) -> None:
    """Whoever grants waivers must not decide in place of the steward by being asked for one."""
    verdict = judged(said(replace(RULE, severity=severity)), ASKED)
    assert (verdict.severity, verdict.approver, verdict.passed) == (severity, "steward", False)


@pytest.mark.parametrize("waiver", [GRANTED, ASKED])
def test_what_it_never_lifts(waiver: Granted | Asked) -> None:
    assert judged(said(RULE), waiver) != said(RULE)
    never = judged(said(replace(RULE, waiver="never")), waiver)
    assert (never.severity, never.passed) == ("deny", False)
    assert "no longer be waived" in never.way_out
    for broken in (said(RULE, None), said(replace(RULE, expression="toy.size / 0 > 1"))):
        failed = judged(broken, waiver)
        assert (failed.severity, failed.passed, failed.failed) == ("deny", False, True)
        assert "A waiver does not help" in failed.way_out


def test_what_passes_needs_none() -> None:
    assert judged(said(RULE, 3), GRANTED) == said(RULE, 3)
    info = replace(RULE, severity="info")
    assert judged(said(info), GRANTED) == said(info)


def test_only_an_objection_says_who_could_grant_one() -> None:
    assert said(RULE).waiver == "owner:security"
    assert said(RULE, 3).waiver == ""
    assert said(RULE, None).waiver == ""
    assert said(replace(RULE, waiver="never")).waiver == ""
