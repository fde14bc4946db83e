"""Who must approve one item, and why: a pure function of verdicts and facts.

The base rule is that an owner of the thing's team approves; policies add people, or, outside
production and where nothing objects, let a change through by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from governance.policy.evaluate import Severity, Verdict
from governance.policy.facts import UNKNOWN, Facts

AUTO = "auto"
MOST_REASON = 600  # characters of all reasons for one role
_MORE = " … and more of the kind."


@dataclass(frozen=True, slots=True)
class Need:
    """One agreement that is needed: by whom ("owner:payments", "steward"), and why.

    `policy` and `version` say which rule asks for it; empty for the base rule. The role "auto" is
    the approval of that policy version itself.
    """

    role: str
    reason: str
    policy: str = ""
    version: int = 0


def route(
    verdicts: Sequence[Verdict], facts: Facts, *, instead_of_owner: Need | None = None
) -> list[Need]:
    """The needs of one item, the owner's first; one a role, with all reasons for it.

    `instead_of_owner` is who decides on things that no owner decides on, such as waivers.

    Denying verdicts are not its concern: what is refused is not routed. It still answers as if they
    had passed, so that a draft can show both.
    """
    asked = [
        Need(verdict.approver, verdict.message, verdict.policy, verdict.version)
        for verdict in verdicts
        if verdict.severity == Severity.APPROVAL and not verdict.passed
    ]
    auto = None if asked else _auto(verdicts, facts)
    return [auto] if auto else merged([instead_of_owner or _base(facts), *asked])


def merged(needs: Iterable[Need]) -> list[Need]:
    """One need a role, in the order of first mention; later reasons are added to the first.

    Two policies that ask for a data steward need one data steward, who reads both reasons.
    """
    by_role: dict[str, Need] = {}
    for need in needs:
        first = by_role.get(need.role)
        if first is None:
            by_role[need.role] = need
        elif need.reason not in first.reason:
            by_role[need.role] = replace(
                first,
                reason=_joined(first.reason, need.reason),
                policy=first.policy or need.policy,
                version=first.version or need.version,
            )
    return list(by_role.values())


def _joined(reasons: str, another: str) -> str:
    """Both, as long as a person would read them: a thousand topics may give a thousand reasons."""
    if reasons.endswith(_MORE):
        return reasons
    if len(reasons) + len(another) > MOST_REASON:
        return reasons + _MORE
    return f"{reasons} {another}"


def _base(facts: Facts) -> Need:
    owner = facts.get("owner.team", UNKNOWN)
    if isinstance(owner, str) and owner:
        asks = facts.get("request.team", UNKNOWN)
        whose = "" if asks in (owner, UNKNOWN) else f", and {asks} asks"
        return Need(f"owner:{owner}", f"{owner} owns it{whose}.")
    return Need("platform", "No team owns it, so the platform team decides.")


def _auto(verdicts: Sequence[Verdict], facts: Facts) -> Need | None:
    """The approval of an AUTO policy; never in production, nor where that is not known, nor where
    any policy objects, a warning included: what deserves a warning deserves a reader."""
    if facts.get("environment.production", UNKNOWN) is not False:
        return None
    if any(not verdict.passed and verdict.severity != Severity.INFO for verdict in verdicts):
        return None
    for verdict in verdicts:
        if verdict.severity == Severity.AUTO and verdict.passed:
            return Need(AUTO, verdict.message, verdict.policy, verdict.version)
    return None
