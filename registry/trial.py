"""The sandbox: how a schema would fare after another, or in a subject, at each level. Nothing is
stored, and no level has to be in force."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import Final

from registry import catalogue, compatibility, lookup, memo, naming, store
from registry.candidates import Asked
from registry.catalogue import Comparison
from registry.compatibility import Direction, Level, Older, Verdict
from registry.errors import InvalidSchema, InvalidSubject, RegistryError
from registry.formats.base import LIMITS, Parsed, Policy, Reference, Source
from registry.indent import indented
from registry.lookup import Stored
from registry.naming import DEFAULT, LATEST, SubjectName
from registry.scope import Mode

MOST_VERSIONS: Final = 100  # that one try compares with
PATIENCE: Final = 2.0  # seconds after which it compares with no further one


@dataclass(frozen=True, slots=True)
class AtLevel:
    """The verdict at one level, None where not all versions that it asks for were looked at;
    `against` is the version that stands in the way."""

    level: Level
    compatible: bool | None
    against: int | None


@dataclass(frozen=True, slots=True)
class Trial:
    """What a try found.

    `level` is in force in the subject, and `verdict` is given at it; both are None where two texts
    were compared. `comparison` is with the `latest` version, or the earlier text. `existing` is the
    version that has this content already; `compared` says with how many of the versions that count,
    and `more` that there are others. `mode` is set where nothing may be registered.
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
    mode: Mode | None = None

    @property
    def others(self) -> list[str]:
        """What the verdict says that the comparison with the latest version does not."""
        told = {*self.comparison.backward, *self.comparison.forward}
        return [words for words in self.verdict.words if words not in told] if self.verdict else []


class Unreadable(RegistryError):
    """Something cannot be tried; `field` says what is wrong."""

    code = InvalidSchema.code

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def begun(subject: SubjectName) -> dict[str, str]:
    """What a try begins with: the latest version of a subject, to be changed. Empty without it."""
    latest = lookup.find_version(subject, LATEST) if subject.name else None
    if latest is None:
        return {"subject": str(subject)} if subject.name else {}
    references = (
        " ".join(quote(part) for part in (r.wire.name, r.wire.subject, str(r.wire.version)))
        for r in latest.references
    )
    text = indented(latest.text)
    return {
        "subject": str(subject),
        "format": latest.type,
        # What is too long with white space may still be sent without.
        "schema": text if len(text) <= LIMITS.text_bytes else latest.text,
        "references": "\n".join(references),
    }


def in_subject(subject: SubjectName, asked: Asked) -> Trial:
    """How a schema would fare as the next version of a subject. Raises Unreadable."""
    try:
        naming.ensure_valid(subject)
    except InvalidSubject as error:
        raise Unreadable("subject", error.message) from error
    _sources(asked.references, subject.context)
    held = lookup.holding(subject)
    if (newest := lookup.newest(held.live)) is not None:
        _parsed(newest)
    try:
        found = store.assess(subject, asked, held, held.scope.level, patience=PATIENCE)
    except InvalidSchema as error:
        raise Unreadable("schema", error.message) from error
    new, policy = found.wanted.parsed, held.scope.policy
    among = found.among[:MOST_VERSIONS]
    judged = _judged(new, map(_older, lookup.with_texts(among)), policy)
    compared = len(judged)
    latest = lookup.newest(among)
    levels = _levels(
        _failed(judged), latest.version if latest else None, compared == len(found.among)
    )
    in_force = AtLevel(held.scope.level, found.verdict.compatible, found.verdict.against)
    return Trial(
        subject=subject,
        levels=[in_force if one.level is in_force.level else one for one in levels],
        comparison=(
            catalogue.compare_texts(_parsed(latest), new, policy, judged[0][1])
            if latest and judged
            else Comparison()
        ),
        compared=compared,
        latest=latest.version if latest else None,
        level=held.scope.level,
        verdict=found.verdict,
        existing=found.existing,
        more=compared < len(found.among),
        mode=None if held.scope.mode.writable else held.scope.mode,
    )


def after(
    type_: str,
    earlier: str,
    text: str,
    references: Sequence[Reference] = (),
    *,
    context: str = DEFAULT,
) -> Trial:
    """How a schema would fare after another. References are those of the newer one, looked up in
    `context`; the earlier one may use them too. Raises Unreadable."""
    sources = _sources(references, context)
    new = _read("schema", type_, text, sources)
    try:
        old = memo.parse(type_, earlier, sources, strict=False)
    except InvalidSchema:
        old = _read("earlier", type_, earlier, ())
    judged = _judged(new, [Older(1, old.text, lambda: old)], Policy.STRICT)
    return Trial(
        subject=None,
        levels=_levels(_failed(judged), 1, complete=True),
        comparison=catalogue.compare_texts(old, new, judged=judged[0][1]),
        compared=1,
    )


def _sources(references: Sequence[Reference], context: str) -> Sequence[Source]:
    try:
        return lookup.sources(lookup.resolve(references, context))
    except InvalidSchema as error:
        raise Unreadable("references", error.message) from error


def _read(field: str, type_: str, text: str, sources: Sequence[Source]) -> Parsed:
    try:
        return memo.parse(type_, text, sources, strict=True)
    except InvalidSchema as error:
        raise Unreadable(field, error.message) from error


def _older(version: Stored) -> Older:
    return Older(version.version, version.text, lambda: _parsed(version))


def _parsed(version: Stored) -> Parsed:
    try:
        return memo.parsed(version)
    except InvalidSchema as error:
        raise Unreadable(
            "subject", f"Version {version.version} of it cannot be read: {error.reason}"
        ) from error


Failed = dict[Direction, list[int]]


def _judged(
    new: Parsed, older: Iterable[Older], policy: Policy
) -> list[tuple[int, compatibility.Judged]]:
    """Version and verdicts, the newest first, of as many as there is time for."""
    until = time.monotonic() + PATIENCE
    judged: list[tuple[int, compatibility.Judged]] = []
    for version in older:
        if judged and time.monotonic() > until:
            break
        judged.append((version.version, compatibility.both_ways(new, version, policy)))
    return judged


def _failed(judged: Sequence[tuple[int, compatibility.Judged]]) -> Failed:
    """The versions that stand in the way in each direction, the newest first."""
    return {way: [n for n, found in judged if not found[way].compatible] for way in Direction}


def _levels(failed: Failed, latest: int | None, complete: bool) -> list[AtLevel]:
    found = []
    for level in Level:
        against = [n for direction in level.directions for n in failed[direction]]
        if not level.transitive:
            against = [n for n in against if n == latest]
        sure = complete or not level.transitive
        compatible = False if against else True if sure else None
        found.append(AtLevel(level, compatible, max(against, default=None)))
    return found
