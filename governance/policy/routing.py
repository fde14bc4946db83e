"""Who must approve one item, and why: a pure function of verdicts and facts.

The base rule is that somebody agrees who decides for the thing's team; policies add people, or,
outside production and where nothing objects, let a change through by themselves. Who reads what a
change breaks is asked as well, and so is who loses records that she has not read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from governance.policy.evaluate import SECOND, Severity, Verdict
from governance.policy.facts import UNKNOWN, Facts

AUTO = "auto"
# Stands where a policy's name does, with no version, for needs that no policy asks for: who agreed
# to something else has not agreed to this.
UNREAD = "unread-records"
MOST_OWNERS = 10  # whose agreement is asked one by one
MOST_POLICIES = 20  # that are named for one role
MOST_REASON = 600  # characters of all reasons for one role
_MORE = " … and more of the kind."
PEOPLE_FOR_TWO = 2  # who could agree, so that two of a team can
MOST_CONSUMERS = 20  # teams that are asked one by one
MOST_TOLD = 5  # groups that are named in one reason


@dataclass(frozen=True, slots=True)
class Need:
    """One agreement that is needed: by whom ("owner:payments", "second:payments", "steward"), and
    why.

    `policy` and `version` say which rule asks for it; empty for the base rule, and UNREAD without a
    version. `also` are further rules that ask for the same, whose reasons stand beside. The role
    "auto" is the approval of that policy version itself.
    """

    role: str
    reason: str
    policy: str = ""
    version: int = 0
    also: tuple[tuple[str, int], ...] = ()

    @property
    def asked_by(self) -> tuple[tuple[str, int], ...]:
        """Name and version of every policy that asks for it."""
        return tuple(one for one in self.rules if one[1])

    @property
    def rules(self) -> tuple[tuple[str, int], ...]:
        """The same with UNREAD, where unread records ask for it."""
        return tuple(one for one in ((self.policy, self.version), *self.also) if one[0])


def route(
    verdicts: Sequence[Verdict],
    facts: Facts,
    *,
    instead_of_owner: Sequence[Need] = (),
    by_people: bool = False,
) -> list[Need]:
    """The needs of one item, the owner's first; one a role, with all reasons for it.

    `instead_of_owner` are those who decide where no owner does by himself, as on waivers; no policy
    approves in their place.
    `by_people` leaves out that a policy could approve by itself.

    Denying verdicts are not its concern: what is refused is not routed. It still answers as if they
    had passed, so that a draft can show both.
    """
    asked = [
        _asked(verdict, facts)
        for verdict in verdicts
        if verdict.severity == Severity.APPROVAL and not verdict.passed
    ]
    asked += consumers_asked(facts)
    asked += _losing(facts)
    auto = None if asked or by_people or instead_of_owner else _auto(verdicts, facts)
    deciding = instead_of_owner or _owners(facts)
    return [auto] if auto else merged([*deciding, *asked])


def merged(needs: Iterable[Need]) -> list[Need]:
    """One need a role, in the order of first mention; later reasons are added to the first.

    Two policies that ask for a data steward need one data steward, who reads both reasons.
    """
    by_role: dict[str, Need] = {}
    for need in needs:
        first = by_role.get(need.role)
        by_role[need.role] = need if first is None else _both(first, need)
    return list(by_role.values())


def _both(first: Need, need: Need) -> Need:
    reason = first.reason
    if need.reason not in reason:
        reason = _joined(reason, need.reason)
    policies = list(dict.fromkeys([*first.rules, *need.rules]))
    policies.sort(key=lambda one: one[0] != UNREAD)  # which is not to be left out of many
    policy, version = policies[0] if policies else ("", 0)
    return replace(
        first, reason=reason, policy=policy, version=version, also=tuple(policies[1:MOST_POLICIES])
    )


def _joined(reasons: str, another: str) -> str:
    """Both, as long as a person would read them: a thousand topics may give a thousand reasons."""
    if reasons.endswith(_MORE):
        return reasons
    if len(reasons) + len(another) > MOST_REASON:
        return reasons + _MORE
    return f"{reasons} {another}"


def _owners(facts: Facts) -> list[Need]:
    """The owner's need, or several: what covers many things is owned by all their teams."""
    owners = facts.get("owner.teams", UNKNOWN)
    if not isinstance(owners, list | tuple) or not owners:
        return [_base(facts.get("owner.team", UNKNOWN), facts)]
    if len(owners) > MOST_OWNERS:
        reason = f"It reaches what {len(owners)} teams own, so the platform team decides."
        return [Need("platform", reason)]
    return [_base(owner, facts) for owner in owners]


def teams_asked(needs: Iterable[Need]) -> set[str]:
    """The teams of which somebody, or a second one, is asked."""
    return {team for need in needs if (team := _team_of(need.role))}


def answerable(needs: Iterable[Need], able: Mapping[str, Collection[int]]) -> list[Need]:
    """The needs, one a role, with the platform team where a request would wait for ever: in place
    of a team of which only authors, or nobody, could agree, and of one whose people are all needed
    for other teams, since nobody answers for two. `able` are ids of those who could, by team."""
    asked = merged(needs)
    slots = {need.role: able.get(team, ()) for need in asked if (team := _team_of(need.role))}
    answered = _answered(slots)
    return merged(
        need if need.role in answered or need.role not in slots else _by_platform(need, slots)
        for need in asked
    )


def _team_of(role: str) -> str:
    """The team whose owners a role asks for; empty for other roles."""
    name, _, team = role.partition(":")
    return team if name in ("owner", SECOND) else ""


def _answered(slots: Mapping[str, Collection[int]]) -> set[str]:
    """Roles for which somebody is left when each person answers for one alone: as many as can be
    (a matching in a bipartite graph, by augmenting paths)."""
    holder: dict[int, str] = {}

    def place(role: str, tried: set[int]) -> bool:
        for person in sorted(slots[role]):
            if person in tried:
                continue
            tried.add(person)
            if person not in holder or place(holder[person], tried):
                holder[person] = role
                return True
        return False

    return {role for role in slots if place(role, set())}


def _by_platform(need: Need, slots: Mapping[str, Collection[int]]) -> Need:
    team = _team_of(need.role)
    why = (
        f"Whoever could agree for {team} is asked for another team, so the platform team decides."
        if slots[need.role]
        else f"{team} has nobody else who could agree, so the platform team decides."
    )
    return replace(need, role="platform", reason=_joined(need.reason, why))


def _base(owner: object, facts: Facts) -> Need:
    """A team's need; the platform team's for what no team owns."""
    if isinstance(owner, str) and owner:
        asks = facts.get("request.team", UNKNOWN)
        whose = "" if asks in (owner, UNKNOWN) else f", and {asks} asks"
        return Need(f"owner:{owner}", f"{owner} owns it{whose}.")
    return Need("platform", "No team owns it, so the platform team decides.")


def _asked(verdict: Verdict, facts: Facts) -> Need:
    """Whom an objecting policy asks, by the facts where it asks for a second person."""
    if verdict.approver != SECOND:
        return Need(verdict.approver, verdict.message, verdict.policy, verdict.version)
    role, why = _second(facts)
    return Need(role, _joined(verdict.message, why), verdict.policy, verdict.version)


def _second(facts: Facts) -> tuple[str, str]:
    """Who is the second person, and why it is she.

    Where the team that owns the thing has nobody but the first, the platform team takes her place,
    or the request would wait for ever. Where several teams own it, their owners are several people.
    """
    teams, team = facts.get("owner.teams", UNKNOWN), facts.get("owner.team", UNKNOWN)
    if isinstance(teams, list | tuple) and 1 < len(teams) <= MOST_OWNERS:
        return _base(teams[0], facts).role, "Owners of several teams agree, who are several people."
    if not isinstance(team, str) or not team:
        return "platform", "No team owns it, so the platform team is asked."
    able = facts.get("owner.approvers", UNKNOWN)
    if isinstance(able, int) and able < PEOPLE_FOR_TWO:
        return "platform", f"{team} has no second person who could, so the platform team is asked."
    return f"second:{team}", f"A second person of {team} is asked."


def consumers_asked(facts: Facts) -> list[Need]:
    """The teams that read what this change breaks, but for the one that asks; the platform team in
    their place where they are too many to be asked. None where no consumer is known."""
    why = _broken(facts)
    teams = facts.get("consumers.teams", UNKNOWN)
    if not why or not isinstance(teams, Collection) or isinstance(teams, str):
        return []
    asks = facts.get("request.team", UNKNOWN)
    others = sorted({str(team) for team in teams} - {asks, ""})
    if len(others) > MOST_CONSUMERS:
        reason = f"{len(others)} teams consume it, too many to be asked one by one, and {why}."
        return [Need("platform", reason)]
    return [Need(f"owner:{team}", f"{team} consumes it, and {why}.") for team in others]


def _broken(facts: Facts) -> str:
    """What a change breaks for readers, as the end of a sentence; empty where it breaks nothing."""
    breaks = facts.get("subject.breaks", UNKNOWN)
    if isinstance(breaks, Collection) and not isinstance(breaks, str) and breaks:
        return f"this change breaks: {', '.join(sorted(map(str, breaks)))}"
    if facts.get("subject.loosens", UNKNOWN) is True:
        before, after = (
            facts.get(f"subject.compatibility{end}", "unknown") for end in ("_before", "")
        )
        return f"this change lowers what its versions must meet from {before} to {after}"
    return ""


def _losing(facts: Facts) -> list[Need]:
    """The teams whose groups lose records that they have not read, each with how far it is: the
    team that asks too, since who asks is not who owns. The platform team for those of nobody, and
    where it cannot be said who loses."""
    lost = facts.get("topic.losses", UNKNOWN)
    by_team = dict(lost) if isinstance(lost, Mapping) else {}
    found = [
        Need(f"owner:{team}", f"{team} would lose records it has not read: {text}.", UNREAD)
        for team, text in sorted(by_team.items())
    ]
    if len(found) > MOST_CONSUMERS:
        reason = f"{len(found)} teams would lose records they have not read."
        found = [Need("platform", reason, UNREAD)]
    unowned = facts.get("topic.loses_unowned", UNKNOWN)
    if isinstance(unowned, Collection) and not isinstance(unowned, str) and unowned:
        told = "; ".join(sorted(map(str, unowned))[:MOST_TOLD])
        if len(unowned) > MOST_TOLD:
            told += f"; and {len(unowned) - MOST_TOLD:,} more"
        reason = f"Nobody is known to own what loses unread records: {told}."
        found.append(Need("platform", reason, UNREAD))
    why = facts.get("topic.loses_unknown", UNKNOWN)
    if isinstance(why, str) and why:
        reason = f"Records are deleted sooner, and who loses unread ones is not known. {why}"
        found.append(Need("platform", reason, UNREAD))
    return found


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
