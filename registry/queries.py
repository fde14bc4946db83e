"""Reads for pages and the API; nothing here changes a row.

- `subject_rows(search="", context="", sort="name") -> QuerySet[Subject]`: subjects with a live
  version; each row has `live`, `latest`, `changed_at`, `type`, `by` (see `registry.catalogue`).
- `subject(context, name) -> SubjectDetail | None`: versions newest first (who, when, from where),
  what is in force and where it comes from, references both ways, the owner and why.
- `changes(context, name, older, newer) -> list[Change]`: the difference by meaning of two versions.
- `check(context, name, type, text, references=()) -> Verdict`: the sandbox; nothing is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from registry import catalogue, difference, lookup, memo, owners, store
from registry.candidates import Asked
from registry.compatibility import Verdict
from registry.formats.base import Change, Reference
from registry.lookup import Stored, StoredReference
from registry.models import Subject
from registry.naming import SubjectName
from registry.owners import Owner
from registry.scope import InScope


def subject_rows(search: str = "", context: str = "", sort: str = "name") -> QuerySet[Subject]:
    """Subjects whose name begins with `search`; sort is name, versions or changed, "-" turns it."""
    return catalogue.subjects(words=search, context=context, sort=sort)


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
    versions: tuple[Stored, ...]
    scope: InScope
    owner: Owner | None
    topic: str | None
    references: tuple[StoredReference, ...]  # of the latest live version
    referenced_by: tuple[Referrer, ...]

    @property
    def latest(self) -> Stored | None:
        return next((v for v in self.versions if not v.deleted), None)


def subject(context: str, name: str) -> SubjectDetail | None:
    """A subject with its versions, None where it has none, not even deleted ones."""
    subject_name = SubjectName(context, name)
    held = lookup.holding(subject_name)
    if not held.versions:
        return None
    latest = held.live[0] if held.live else None
    return SubjectDetail(
        name=subject_name,
        versions=held.versions,
        scope=held.scope,
        owner=owners.owner_of(name),
        topic=owners.topic_of(name),
        references=latest.references if latest else (),
        referenced_by=tuple(
            Referrer(other, version, names) for other, version, names in lookup.namers(subject_name)
        ),
    )


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
