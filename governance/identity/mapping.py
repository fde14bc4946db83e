"""Groups of a provider become roles: one pure function over a table that an installation writes.

A rule is a line ``group => role:team`` or ``group => role``; empty lines and lines that begin with
``#`` say nothing. Several rules may name one group, and several groups may give one role.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from governance.permissions import ORG_ROLES, TEAM_ROLES

ARROW = "=>"
MOST_RULES = 10_000
MOST_GROUPS = 5_000
LONGEST_SHOWN = 80


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One right: a role in a team, or with `team` empty one of the whole installation."""

    role: str
    team: str = ""

    def __str__(self) -> str:
        return f"{self.role}:{self.team}" if self.team else self.role


@dataclass(frozen=True, slots=True)
class Rule:
    """Whoever is in the group has the right."""

    group: str
    grant: Grant


class MappingWrong(ValueError):
    """A line of the table that cannot be read; the text says which and why."""


class ClaimWrong(ValueError):
    """What a provider sent of somebody is not what was agreed on.

    `claim` is its name there, `received` what came instead, in words that repeat little of it.
    """

    def __init__(self, claim: str, received: str) -> None:
        super().__init__(f"{claim}: {received}")
        self.claim = claim
        self.received = received


def parse(text: str) -> tuple[Rule, ...]:
    """The rules of a table, in order. Raises MappingWrong for the first line that is none."""
    rules = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        # The last arrow counts: the name of a group may hold one.
        group, arrow, right = (part.strip() for part in line.rpartition(ARROW))
        if not arrow or not group:
            raise MappingWrong(f"line {number} is not group {ARROW} role:team")
        rules.append(Rule(group, _grant(right, number)))
    if len(rules) > MOST_RULES:
        raise MappingWrong(f"it has more than {MOST_RULES:,} rules")
    return tuple(rules)


def _grant(right: str, number: int) -> Grant:
    role, colon, team = right.partition(":")
    if role in TEAM_ROLES and team and not set(team) & set(" \t:"):
        return Grant(role, team)
    if role in ORG_ROLES and not colon:
        return Grant(role)
    known = [*(f"{r}:team" for r in sorted(TEAM_ROLES)), *sorted(ORG_ROLES)]
    raise MappingWrong(f"line {number} gives none of {', '.join(known)}")


def folded(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """The same rules for groups whose names differ by more than the case of letters, as those of a
    directory do."""
    return tuple(Rule(rule.group.casefold(), rule.grant) for rule in rules)


def grants_for(groups: Collection[str], rules: Iterable[Rule]) -> frozenset[Grant]:
    """The rights of somebody who is in these groups. Groups that no rule names give none."""
    inside = frozenset(groups)
    return frozenset(rule.grant for rule in rules if rule.group in inside)


def groups_in(claims: Mapping[str, object], claim: str) -> tuple[str, ...]:
    """The groups that a provider told under that name, sorted.

    The name is looked for as it stands, then as a path with dots (``realm_access.roles``). One
    text counts as one group, as some providers send it. Raises ClaimWrong.
    """
    names = claims.get("_claim_names")
    if isinstance(names, Mapping) and claim in names:
        raise ClaimWrong(claim, "only a reference: the person is in too many groups to be listed")
    found = _at(claims, claim)
    if found is None:
        sent = ", ".join(sorted(map(str, claims))[:20])[:200]
        raise ClaimWrong(claim, f"nothing of that name; the claims that came are {sent or 'none'}")
    listed = [found] if isinstance(found, str) else found
    if not isinstance(listed, list):
        raise ClaimWrong(claim, f"{_sort(found)} where a list of names belongs")
    if len(listed) > MOST_GROUPS:
        raise ClaimWrong(claim, f"{len(listed):,} entries, more than {MOST_GROUPS:,}")
    odd = [entry for entry in listed if not isinstance(entry, str)]
    if odd:
        raise ClaimWrong(claim, f"a list with {_sort(odd[0])} in it where only names belong")
    return tuple(sorted({str(name) for name in listed if name}))


def text_in(claims: Mapping[str, object], claim: str) -> str:
    """The text that a provider told under that name. Raises ClaimWrong where there is none."""
    found = _at(claims, claim)
    if not isinstance(found, str) or not found.strip():
        came = "nothing" if found is None or found == "" else _sort(found)
        raise ClaimWrong(claim, f"{came} where a name belongs")
    return found.strip()


def _at(claims: Mapping[str, object], claim: str) -> object:
    if claim in claims:
        return claims[claim]
    found: object = claims
    for step in claim.split("."):
        if not isinstance(found, Mapping) or step not in found:
            return None
        found = found[step]
    return found


def _sort(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return f"the text {value[:LONGEST_SHOWN]!r}"
        case Mapping():
            return "an object"
        case list():
            return "a list"
    return "something else"
