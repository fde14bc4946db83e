"""Trying a draft of a policy out: what it would say of each object, beside what is said now.

A `Tally` takes one object after the other and keeps counts, a few examples of each change, and how
each team is hit; it never grows with the number of objects.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from governance.policy.evaluate import PolicyRow, Severity, Verdict, covers, judge
from governance.policy.expression import compiled
from governance.policy.facts import Facts, placeholders
from governance.policy.waiving import Granted, judged

MOST_EXAMPLES = 100  # of one change
MOST_TEAMS = 100


class Says(StrEnum):
    """What a policy says of an object."""

    NOTHING = "nothing"  # its scope leaves the object out, or it is satisfied
    WAIVED = "waived"
    INFORMS = "informs"
    WARNS = "warns"
    ASKS = "asks"
    REFUSES = "refuses"
    APPROVES = "approves"  # by itself


class Change(StrEnum):
    """How the draft differs from what is in force, for one object."""

    NEWLY_REFUSED = "newly_refused"
    NO_LONGER_REFUSED = "no_longer_refused"
    NEWLY_ASKED = "newly_asked"
    NEWLY_WARNED = "newly_warned"


_SAYS: Mapping[str, Says] = {
    Severity.DENY: Says.REFUSES,
    Severity.APPROVAL: Says.ASKS,
    Severity.WARN: Says.WARNS,
    Severity.INFO: Says.INFORMS,
}


@dataclass(frozen=True, slots=True)
class Subject:
    """One object, or one item of a request, that the draft is tried on."""

    source: str  # "estate" or "requests"
    kind: str
    place: str
    name: str
    team: str
    environment: str
    request_id: int = 0


@dataclass(slots=True)
class Tally:
    """What was found so far."""

    draft: PolicyRow
    now: PolicyRow | None
    judged: Counter[str] = field(default_factory=Counter)
    says: Counter[tuple[str, str]] = field(default_factory=Counter)
    said: Counter[tuple[str, str]] = field(default_factory=Counter)
    changes: Counter[tuple[str, str]] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    teams: dict[str, Counter[str]] = field(default_factory=dict)
    examples: dict[str, list[dict[str, object]]] = field(default_factory=dict)

    def take(self, subject: Subject, facts: Facts, waiver: Granted | None) -> None:
        """Judges one object by the draft and by what is in force."""
        after, verdict = what(self.draft, facts, waiver)
        before, _ = what(self.now, facts, waiver)
        source = subject.source
        self.judged[source] += 1
        self.says[source, after] += 1
        self.said[source, before] += 1
        if verdict is not None and verdict.failed:
            self.failed[source] += 1
        change = changed(before, after)
        if change is None:
            return
        self.changes[source, change] += 1
        self.teams.setdefault(subject.team, Counter())[change] += 1
        examples = self.examples.setdefault(change, [])
        if len(examples) < MOST_EXAMPLES:
            examples.append(_example(subject, before, after, verdict))

    def found(self) -> dict[str, object]:
        """The result as JSON: counts by source, examples by change, teams that are hit most."""
        hit = sorted(
            self.teams.items(),
            key=lambda one: (-one[1][Change.NEWLY_REFUSED], -one[1].total(), one[0]),
        )
        return {
            "sources": {source: self._source(source) for source in self.judged},
            "examples": {change.value: self.examples.get(change, []) for change in Change},
            "teams": [{"team": team, **counts} for team, counts in hit[:MOST_TEAMS]],
            "more_teams": max(len(hit) - MOST_TEAMS, 0),
        }

    def _source(self, source: str) -> dict[str, object]:
        return {
            "judged": self.judged[source],
            "failed": self.failed[source],
            "draft": {says.value: self.says[source, says] for says in Says},
            "in_force": {says.value: self.said[source, says] for says in Says},
            **{change.value: self.changes[source, change] for change in Change},
        }


def what(
    policy: PolicyRow | None, facts: Facts, waiver: Granted | None
) -> tuple[Says, Verdict | None]:
    """What the policy says of an object with these facts."""
    if policy is None or not covers(policy, facts):
        return Says.NOTHING, None
    verdict = judge(policy, facts)
    if verdict is None:
        return Says.NOTHING, None
    verdict = judged(verdict, waiver)
    if verdict.waived:
        return Says.WAIVED, verdict
    if verdict.severity == Severity.AUTO:
        return Says.APPROVES, verdict
    return (Says.NOTHING if verdict.passed else _SAYS[verdict.severity]), verdict


def changed(before: Says, after: Says) -> Change | None:
    """The difference worth telling; None where there is none."""
    if before == after:
        return None
    if after is Says.REFUSES:
        return Change.NEWLY_REFUSED
    if before is Says.REFUSES:
        return Change.NO_LONGER_REFUSED
    if after is Says.ASKS:
        return Change.NEWLY_ASKED
    if after is Says.WARNS and before is not Says.ASKS:
        return Change.NEWLY_WARNED
    return None


def everywhere(policy: PolicyRow) -> PolicyRow:
    """The policy with its scope's operations left aside: what stands is judged as if it were asked
    for today, whether the policy looks at what is new or at what changes."""
    scope = {name: value for name, value in policy.scope.items() if name != "operations"}
    return replace(policy, scope=scope)


def reads(*policies: PolicyRow | None) -> frozenset[str]:
    """Names of the facts, and of the maps they may be members of, that the policies look at."""
    found: set[str] = set()
    for policy in policies:
        if policy is None:
            continue
        for path in compiled(policy.expression).reads.paths:
            found.update(".".join(path[:length]) for length in range(2, len(path) + 1))
        found.update(placeholders(policy.message))
        found.update(placeholders(policy.way_out))
    return frozenset(found)


def _example(
    subject: Subject, before: Says, after: Says, verdict: Verdict | None
) -> dict[str, object]:
    return {
        "source": subject.source,
        "kind": subject.kind,
        "place": subject.place,
        "name": subject.name,
        "team": subject.team,
        "environment": subject.environment,
        "request": subject.request_id or None,
        "before": before.value,
        "after": after.value,
        "message": verdict.message[:500] if verdict is not None else "",
    }
