"""Reads for pages and the API; nothing here changes a row.

- `subject_rows(wanted, sort="name") -> QuerySet[Subject]`: subjects by name, context, format and
  team, live or deleted; each row has `live`, `latest`, `changed_at`, `type`, `by`.
- `owned(rows) -> list[SubjectRow]`: rows with who owns each, and why.
- `subject(context, name) -> SubjectDetail | None`: versions newest first (who, when, from where),
  what is in force and where it comes from, references both ways, the owner and why.
- `around(version) -> Graph`: the schemas that it uses, and those that use it, laid out.
- `changes(context, name, older, newer) -> list[Change]`: the difference by meaning of two versions.
- `check(context, name, type, text, references=()) -> Verdict`: the sandbox; nothing is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from registry import catalogue, difference, graph, inforce, lookup, memo, owners, store
from registry.candidates import Asked
from registry.catalogue import Wanted
from registry.compatibility import Verdict
from registry.formats.base import Change, Reference
from registry.graph import Graph
from registry.inforce import Setting
from registry.lookup import Head, Stored, StoredReference
from registry.models import Subject
from registry.naming import SubjectName
from registry.owners import Belonging
from registry.scope import InScope
from registry.strategies import naming


def subject_rows(wanted: Wanted = catalogue.EVERY, sort: str = "name") -> QuerySet[Subject]:
    """Subjects as wanted; sort is name, versions or changed, and "-" before it turns it round."""
    return catalogue.subjects(wanted, sort)


@dataclass(frozen=True, slots=True)
class SubjectRow:
    """A subject of a list, with what is known of whose it is."""

    row: Subject
    name: SubjectName
    belonging: Belonging


def owned(rows: Sequence[Subject]) -> list[SubjectRow]:
    """The rows of one page of a list, in their order."""
    names = [SubjectName(row.context.name, row.name) for row in rows]
    # Where the name alone says what it means, the schema is not read.
    latest = lookup.several(
        [
            (name, row.latest)  # type: ignore[attr-defined]  # annotated
            for name, row in zip(names, rows, strict=True)
            if naming(name.name) is None
        ]
    )
    by_name = {name: stored for (name, _), stored in latest.items()}
    found = owners.belongings((name, by_name.get(name)) for name in names)
    return [SubjectRow(*one) for one in zip(rows, names, found, strict=True)]


@dataclass(frozen=True, slots=True)
class Referrer:
    """A version of another subject that names a version of this one."""

    subject: SubjectName
    version: int
    names_version: int


@dataclass(frozen=True, slots=True)
class SubjectDetail:
    """One subject with all that is known of it.

    `versions` are newest first, soft-deleted ones among them; `scope` says what is in force and
    from which place (subject, context, server).
    """

    name: SubjectName
    versions: tuple[Head, ...]
    scope: InScope
    belonging: Belonging
    settings: tuple[Setting, ...]
    references: tuple[StoredReference, ...]  # of the latest live version
    referenced_by: tuple[Referrer, ...]

    @property
    def live(self) -> list[Head]:
        return [version for version in self.versions if not version.deleted]


def subject(context: str, name: str) -> SubjectDetail | None:
    """A subject with its versions, None where it has none, not even deleted ones."""
    subject_name = SubjectName(context, name)
    held = lookup.holding(subject_name)
    if not held.versions:
        return None
    latest = lookup.newest(held.live)
    return SubjectDetail(
        name=subject_name,
        versions=held.versions,
        scope=held.scope,
        belonging=owners.belonging(subject_name, latest),
        settings=tuple(inforce.in_force(held.scope)),
        references=latest.references if latest else (),
        referenced_by=tuple(
            Referrer(other, version, names) for other, version, names in lookup.namers(subject_name)
        ),
    )


def around(version: Stored, within: str | None = None) -> Graph:
    """The schemas around a version, along references; of one context where one is given."""
    return graph.around(version, within)


def changes(context: str, name: str, older: int, newer: int) -> list[Change]:
    """The difference by meaning. Raises SubjectNotFound, VersionNotFound, InvalidSchema."""
    subject_name = SubjectName(context, name)
    before = lookup.version(subject_name, older, deleted=True)
    after = lookup.version(subject_name, newer, deleted=True)
    return difference.changes(before, memo.parsed(after))


def check(
    context: str, name: str, type_: str, text: str, references: Sequence[Reference] = ()
) -> Verdict:
    """Whether a schema could follow in a subject. Raises InvalidSchema."""
    subject_name = SubjectName(context, name)
    held = lookup.holding(subject_name)
    asked = Asked(text=text, type=type_, references=tuple(references))
    return store.assess(subject_name, asked, held, held.scope.level).verdict
