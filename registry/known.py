"""What a request asks of a subject, beside what is registered: read and judged once for a block.

A request is asked about each of its subjects many times: for its difference, its steps, its rules,
its facts. Without this each answer would compare the schemas anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final

from governance.kinds import ItemView
from governance.lookups import environment_of_context
from governance.models import Environment
from registry import compatibility, difference, lookup, naming, owners, personal, store
from registry.compatibility import Level, Verdict
from registry.errors import RegistryError
from registry.formats import base
from registry.formats.base import Change
from registry.lookup import Holding, Stored
from registry.naming import SubjectName
from registry.owners import Belonging
from registry.spec import SubjectSpec, from_json

MOST_HELD: Final = 8 * 2**20  # bytes of texts and versions, about, that one block holds
_HEAD: Final = 200  # bytes of a version without its text, about


@dataclass(frozen=True, slots=True)
class Situation:
    """One item beside what is registered; parts are None where the schema cannot be read."""

    subject: SubjectName
    spec: SubjectSpec
    held: Holding
    level: Level
    verdict: Verdict | None
    changes: list[Change] | None
    breaks: frozenset[str]  # directions that the changes break, from what was deleted last too
    existing: int | None  # the version that has this content already
    tags: personal.Tags | None = None


@dataclass(slots=True)
class _Block:
    """What was read so far within a block; beyond `room` things are read anew each time."""

    room: int
    situations: dict[SubjectName, Situation] = field(default_factory=dict)
    latest: dict[SubjectName, Stored | None] = field(default_factory=dict)
    belongings: dict[SubjectName, Belonging] = field(default_factory=dict)
    environments: dict[str, Environment | None] = field(default_factory=dict)

    def takes(self, size: int) -> bool:
        """Whether there is room for so many bytes, which are taken then."""
        if size > self.room:
            return False
        self.room -= size
        return True


_BLOCK: ContextVar[_Block | None] = ContextVar("subjects_read", default=None)


@contextmanager
def reading() -> Iterator[None]:
    """What is read of subjects within the block answers for all of it; what is written meanwhile is
    not seen."""
    token = _BLOCK.set(_Block(MOST_HELD))
    try:
        yield
    finally:
        _BLOCK.reset(token)


def subject_of(place: str, name: str) -> SubjectName:
    """The subject that an item names; its place is the context."""
    return naming.qualify(name, place or naming.DEFAULT)


def situation(item: ItemView) -> Situation:
    """The item beside what is registered now."""
    subject, spec = subject_of(item.place, item.name), from_json(item.after)
    block = _BLOCK.get()
    if block is None:
        return _situation(subject, spec)
    known = block.situations.get(subject)
    if known is not None and known.spec == spec:
        return known
    found = _situation(subject, spec)
    if block.takes(len(spec.text) + _HEAD * len(found.held.versions)):
        block.situations[subject] = found
    return found


def latest(subject: SubjectName) -> Stored | None:
    """The latest version that is not deleted."""
    block = _BLOCK.get()
    if block is not None and subject in block.latest:
        return block.latest[subject]
    found = lookup.find_version(subject, naming.LATEST)
    if block is not None and block.takes(_HEAD + (len(found.text) if found else 0)):
        block.latest[subject] = found
    return found


def belonging(subject: SubjectName) -> Belonging:
    """How it is named, what uses it, and whose it is."""
    block = _BLOCK.get()
    if block is not None and subject in block.belongings:
        return block.belongings[subject]
    found = owners.belonging(subject, latest(subject))
    if block is not None and block.takes(_HEAD * (1 + len(found.associations))):
        block.belongings[subject] = found
    return found


def environment(context: str) -> Environment | None:
    """The environment whose context that is."""
    block = _BLOCK.get()
    if block is None:
        return environment_of_context(context)
    if context not in block.environments:
        block.environments[context] = environment_of_context(context)
    return block.environments[context]


def _situation(subject: SubjectName, spec: SubjectSpec) -> Situation:
    held = lookup.holding(subject)
    asked = spec.compatibility
    level = held.scope.level if asked is None else compatibility.level(asked)
    try:
        decided = store.assess(subject, spec.asked(), held, level)
    except RegistryError:
        return Situation(subject, spec, held, level, None, None, frozenset(), None)
    wanted = decided.wanted.parsed
    changes = difference.changes(lookup.newest(held.live), wanted)
    breaks = {one for change in changes for one in change.breaks}
    if held.versions and held.versions[0].deleted:
        # Deleting the latest version first does not make the next one harmless to its readers.
        gone = difference.changes(lookup.newest(held.versions), wanted)
        breaks |= {one for change in gone for one in change.breaks}
    return Situation(
        subject,
        spec,
        held,
        level,
        decided.verdict,
        changes,
        frozenset(breaks),
        decided.existing,
        base.get(spec.type).tags(wanted),
    )
