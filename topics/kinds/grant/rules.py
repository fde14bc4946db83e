"""What no approval can lift: hard rules for grants, each a sentence with a way out; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from governance.errors import Problem
from topics.kinds import ends
from topics.kinds.grant.situation import Situation
from topics.kinds.grant.spec import GrantName, GrantSpec

Rule = Callable[[GrantName, GrantSpec, Situation, str], Iterator[Problem]]


def check(
    operation: str, name: GrantName, spec: GrantSpec, known: Situation, team: str
) -> list[Problem]:
    """Why this cannot be asked for by that team; empty when it can."""
    rules: dict[str, tuple[Rule, ...]] = {
        "create": (_application_of_team, _topic_there, _free, _end_ahead),
        "alter": (_application_of_team, _topic_there, _in_force, _end_ahead, _changes_something),
        "revoke": (_in_force, _may_revoke),
    }
    return [p for rule in rules[operation] for p in rule(name, spec, known, team)]


def _problem(path: str, rule: str, message: str, way_out: str) -> Problem:
    return Problem(path, message, way_out, rule=rule)


def _application_of_team(
    name: GrantName, _spec: GrantSpec, known: Situation, team: str
) -> Iterator[Problem]:
    if known.application is None:
        yield _problem(
            "application",
            "unknown_application",
            f"There is no application {name.application}.",
            "Choose one of your team's, or add it on your team's page first.",
        )
    elif known.application.team != team:
        yield _problem(
            "application",
            "other_teams_application",
            f"{name.application} belongs to {known.application.team}, and {team} asks.",
            f"Ask as {known.application.team}, or let somebody of that team ask.",
        )


def _topic_there(
    name: GrantName, _spec: GrantSpec, known: Situation, _team: str
) -> Iterator[Problem]:
    if not known.topic_there:
        yield _problem(
            "topic",
            "unknown_topic",
            f"There is no topic {name.topic} there.",
            "Check its name, or ask for the topic and the access in one request.",
        )


def _free(name: GrantName, _spec: GrantSpec, known: Situation, _team: str) -> Iterator[Problem]:
    if known.declared is not None:
        yield _problem(
            "name",
            "taken",
            f"{name.words} already.",
            "Ask to change that grant, for example its end.",
        )


def _in_force(name: GrantName, _spec: GrantSpec, known: Situation, _team: str) -> Iterator[Problem]:
    if known.declared is None:
        yield _problem(
            "name",
            "not_in_force",
            f"There is no grant by which {name.words}.",
            "It may have ended. Ask for it as a new one.",
        )


def _may_revoke(
    name: GrantName, _spec: GrantSpec, known: Situation, team: str
) -> Iterator[Problem]:
    owner = known.application.team if known.application else ""
    if team not in {owner, *known.owners}:
        asked = ", ".join(dict.fromkeys([*known.owners, owner])) or "the platform team"
        yield _problem(
            "name",
            "other_teams_grant",
            f"{team or 'Your team'} neither owns {name.topic} nor uses this grant.",
            f"Ask one of: {asked}.",
        )


def _end_ahead(
    _name: GrantName, spec: GrantSpec, known: Situation, _team: str
) -> Iterator[Problem]:
    if spec.ends_at is not None and known.now is not None and spec.ends_at <= known.now:
        yield _problem(
            "ends", "end_is_past", f"{_day(spec.ends_at)} is over already.", "Write a time to come."
        )
    elif (
        spec.ends_at is not None and known.now is not None and ends.too_far(spec.ends_at, known.now)
    ):
        yield _problem(
            "ends",
            "end_is_far",
            f"{_day(spec.ends_at)} is more than ten years away.",
            "Write an earlier time, or never.",
        )


def _changes_something(
    _name: GrantName, spec: GrantSpec, known: Situation, _team: str
) -> Iterator[Problem]:
    if known.declared is not None and spec.as_json() == known.declared.as_json():
        yield _problem(
            "",
            "no_change",
            "Nothing changes: it is granted like this already.",
            "Change a value, for example its end.",
        )


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
