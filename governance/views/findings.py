"""What rules say, ready to print: beside the value they judge, with name and version as a link."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.urls import reverse

from governance.errors import Problem
from governance.models import Finding, Severity
from governance.policy.evaluate import Verdict

# How a severity looks: class of the text, icon, class of a whole line.
_LOOK: Mapping[str, tuple[str, str, str]] = {
    Severity.INFO: ("muted", "info-circle", "plain"),
    Severity.WARN: ("warn", "alert-triangle", "warn"),
    Severity.APPROVAL: ("warn", "user", "warn"),
    Severity.DENY: ("bad", "circle-x", "bad"),
}
_PASSED = ("good", "check", "good")


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence of one rule about one value."""

    path: str
    message: str
    way_out: str
    css: str
    icon: str
    note: str
    passed: bool
    policy: str = ""
    version: int = 0
    policy_url: str = ""
    waive: str = ""  # the policy, where a waiver can be asked for in place; then what to press
    waived: bool = False

    @property
    def refuses(self) -> bool:
        """Whether the request cannot go on with this value."""
        return self.css == _LOOK[Severity.DENY][0]


def of_finding(finding: Finding) -> Said:
    """A stored finding; those without a version come from Weir's own hard rules."""
    return _said(
        finding.path,
        finding.message,
        finding.way_out,
        finding.severity,
        passed=finding.passed,
        policy=finding.policy if finding.policy_version else "",
        version=finding.policy_version,
        waived=finding.waived,
    )


def of_verdict(verdict: Verdict) -> Said:
    """What a policy says of an item that is only typed."""
    return _said(
        verdict.path,
        verdict.message,
        verdict.way_out,
        verdict.severity,
        passed=verdict.passed,
        policy=verdict.policy,
        version=verdict.version,
        waived=verdict.waived,
        waive=verdict.policy if verdict.waiver and verdict.severity == Severity.DENY else "",
    )


def of_problem(problem: Problem) -> Said:
    """Something that no approval can lift."""
    return _said(problem.path, problem.message, problem.way_out, Severity.DENY, passed=False)


def by_path(said: Iterable[Said]) -> dict[str, list[Said]]:
    """Grouped by the value they stand beside."""
    groups: dict[str, list[Said]] = {}
    for one in said:
        groups.setdefault(one.path, []).append(one)
    return groups


def _said(
    path: str,
    message: str,
    way_out: str,
    severity: str,
    *,
    passed: bool,
    policy: str = "",
    version: int = 0,
    waived: str = "",
    waive: str = "",
) -> Said:
    css, icon, note = _PASSED if passed else _LOOK.get(severity, _LOOK[Severity.WARN])
    return Said(
        path=path,
        message=(waived or "Within") if passed else message,
        way_out="" if passed else way_out,
        css=css,
        icon=icon,
        note=note,
        passed=passed,
        policy=policy,
        version=version,
        policy_url=reverse("policy", args=[policy]) if policy else "",
        waive=waive,
        waived=bool(waived),
    )
