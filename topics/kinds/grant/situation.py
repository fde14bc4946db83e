"""What is known around one grant, as plain values for the core."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from topics.kinds.grant.pattern import Pattern
from topics.kinds.grant.spec import GrantSpec
from topics.kinds.topic.about import most_sensitive


@dataclass(frozen=True, slots=True)
class ApplicationFacts:
    """Whose the application is, what it acts as, and where names of its own begin."""

    name: str
    team: str
    principal: str
    prefixes: tuple[str, ...] = ()

    def owns(self, pattern: Pattern) -> bool:
        """Whether a group or an id lies among its own names, which nobody else uses."""
        own = (self.name, f"connect-{self.name}", *self.prefixes)
        return any(pattern.name.startswith(beginning) for beginning in own)


@dataclass(frozen=True, slots=True)
class Situation:
    """One grant beside what it depends on, read from rows.

    `owners` are the teams whose topics it reaches, in order; `unowned` says that it reaches topics,
    or names for future ones, that belong to nobody. `declared` is None for a grant that is not in
    force; `generation` counts on. `topic_there`: a literal topic exists, or is made by the same
    request. `now` is the database's time, `zone` the environment's.
    """

    application: ApplicationFacts | None
    topic_there: bool
    owners: tuple[str, ...] = ()
    unowned: bool = False
    data_class: str = ""
    declared: GrantSpec | None = None
    generation: int = 0
    now: datetime | None = None
    zone: str = "UTC"


def ordered(teams: Iterable[str]) -> tuple[str, ...]:
    """Team names once each, in order."""
    return tuple(sorted({team for team in teams if team}))


def class_reached(topic: Pattern, known: str, asked: Mapping[tuple[str, str], str]) -> str:
    """The most sensitive class of data that access may reach once all that its request asks for is
    there. `asked` is by kind and name; it takes nothing from what is known, since the topic of that
    name may be another team's, or the request may be applied in part."""
    coming = [
        said for (kind, name), said in asked.items() if kind == "topic" and topic.covers(name)
    ]
    return most_sensitive([known, *coming])
