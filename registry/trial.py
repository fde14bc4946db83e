"""The sandbox: how a schema would fare after another, or in a subject, at each level. Nothing is
stored, and no level has to be in force."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from registry import catalogue, compatibility, lookup, memo, store
from registry.candidates import Asked
from registry.catalogue import Comparison
from registry.compatibility import Direction, Level, Older, Verdict
from registry.errors import InvalidSchema, RegistryError
from registry.formats.base import Parsed, Policy, Reference, Source
from registry.indent import indented
from registry.naming import DEFAULT, LATEST, SubjectName

MOST_VERSIONS: Final = 100  # that one try compares with
PATIENCE: Final = 2.0  # seconds after which it compares with no further one


@dataclass(frozen=True, slots=True)
class AtLevel:
    """The verdict at one level; `against` is the version that stands in the way."""

    level: Level
    compatible: bool
    against: int | None


@dataclass(frozen=True, slots=True)
class Trial:
    """What a try found.

    `level` is in force in the subject, and `verdict` is given at it; both are None where two texts
    were compared. `comparison` is with the `latest` version, or the earlier text. `existing` is the
    version that has this content already; `compared` says with how many versions.
    """

    subject: SubjectName | None
    levels: Sequence[AtLevel]
    comparison: Comparison
    compared: int
    latest: int | None = None
    level: Level | None = None
    verdict: Verdict | None = None
    existing: int | None = None
    more: bool = False


class Unreadable(RegistryError):
    """One of the texts is no schema; `field` says which."""

    code = InvalidSchema.code

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def begun(subject: SubjectName) -> dict[str, str]:
    """What a try begins with: the latest version of a subject, to be changed. Empty without it."""
    latest = lookup.find_version(subject, LATEST) if subject.name else None
    if latest is None:
        return {"subject": str(subject)} if subject.name else {}
    references = (f"{r.wire.name} {r.wire.subject} {r.wire.version}" for r in latest.references)
    return {
        "subject": str(subject),
        "format": latest.type,
        "schema": indented(latest.text),
        "references": "\n".join(references),
    }


def in_subject(subject: SubjectName, asked: Asked) -> Trial:
    """How a schema would fare as the next version of a subject. Raises Unreadable."""
    held = lookup.holding(subject)
    try:
        found = store.assess(subject, asked, held, held.scope.level)
    except InvalidSchema as error:
        raise Unreadable("schema", error.message) from error
    new = found.wanted.parsed
    live = held.live[:MOST_VERSIONS]
    levels, compared = _at_each(new, [memo.older(v) for v in live], held.scope.policy)
    latest = catalogue.compare_with(live[0], new, held.scope.policy) if live else Comparison()
    return Trial(
        subject=subject,
        levels=levels,
        comparison=latest,
        compared=compared,
        latest=live[0].version if live else None,
        level=held.scope.level,
        verdict=found.verdict,
        existing=found.existing,
        more=len(held.live) > compared,
    )


def after(
    type_: str,
    earlier: str,
    text: str,
    references: Sequence[Reference] = (),
    *,
    context: str = DEFAULT,
) -> Trial:
    """How a schema would fare after another; references of both are looked up in `context`.

    Raises Unreadable.
    """
    try:
        sources = lookup.sources(lookup.resolve(references, context))
    except InvalidSchema as error:
        raise Unreadable("references", error.message) from error
    old = _read("earlier", type_, earlier, sources)
    new = _read("schema", type_, text, sources)
    levels, compared = _at_each(new, [Older(1, old.text, lambda: old)], Policy.STRICT)
    return Trial(
        subject=None,
        levels=levels,
        comparison=catalogue.compare_texts(old, new),
        compared=compared,
    )


def _read(field: str, type_: str, text: str, sources: Sequence[Source]) -> Parsed:
    try:
        return memo.parse(type_, text, sources, strict=True)
    except InvalidSchema as error:
        raise Unreadable(field, error.message) from error


def _at_each(new: Parsed, older: Sequence[Older], policy: Policy) -> tuple[list[AtLevel], int]:
    """The verdict at every level, each version compared once in each direction, the newest first;
    and with how many it was compared in the time there is."""
    failed: dict[Direction, list[int]] = {direction: [] for direction in Direction}
    until = time.monotonic() + PATIENCE
    compared = 0
    for version in older:
        if compared and time.monotonic() > until:
            break
        compared += 1
        for direction in Direction:
            verdict = compatibility.check_one(Level(direction), new, version, policy)
            if not verdict.compatible:
                failed[direction].append(version.version)
    latest = older[0].version if older else None
    found = []
    for level in Level:
        against = [n for direction in level.directions for n in failed[direction]]
        if not level.transitive:
            against = [n for n in against if n == latest]
        found.append(AtLevel(level, not against, max(against, default=None)))
    return found, compared
