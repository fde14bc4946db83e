"""Reads of the registry, as plain values: no model instance leaves this module.

Everything is read from the database each time; what may be remembered, and when it is old, is
decided in `registry.cache`, `registry.freshness` and `registry.memo`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import connection

from registry import scope, sensitive
from registry.contracts import Json
from registry.errors import InvalidSchema, SubjectNotFound, VersionNotFound
from registry.formats.base import Reference, Source
from registry.naming import DEFAULT, LATEST, Prefix, SubjectName, qualify
from registry.scope import InScope, Place, Values

MAX_REFERENCES: Final = 1_000  # of one schema, those of its references included
MAX_REFERENCED_BYTES: Final = 4 * 2**20
BATCH: Final = 64  # texts that are loaded at once
BATCH_BYTES: Final = 2**20


@dataclass(frozen=True, slots=True)
class StoredReference:
    """A reference as it was resolved; `wire` is how it was written."""

    wire: Reference
    target: SubjectName


@dataclass(frozen=True, slots=True)
class Head:
    """One version of a subject: all but the text of its schema, which is `size` bytes long."""

    subject: SubjectName
    version: int
    schema_id: int
    type: str
    size: int
    identity: bytes
    likeness: bytes
    whole: bytes | None
    references: tuple[StoredReference, ...]
    metadata: Json | None
    rule_set: Json | None
    deleted: bool
    at: datetime
    by: str
    from_: str
    request_id: int | None

    @property
    def guid(self) -> str:
        return str(UUID(bytes=self.identity))


@dataclass(frozen=True, slots=True)
class Stored(Head):
    """One version of a subject with its schema."""

    text: str


_HEAD: Final = """
    c.name, s.name, v.version, h.schema_id, h.type, octet_length(h.text), h.identity, h.likeness,
    h.whole, h."references"::text, h.metadata::text, h.rule_set::text, v.deleted, v.registered_at,
    v.registered_by, v.registered_from, v.request_id
"""
_COLUMNS: Final = f"{_HEAD}, h.text"
_FROM: Final = """
    FROM registry_version v
    JOIN registry_subject s ON s.id = v.subject_id
    JOIN registry_context c ON c.id = s.context_id
    JOIN registry_schema h ON h.id = v.schema_id
"""

Row = tuple[object, ...]


def _stored(row: tuple) -> Stored:  # type: ignore[type-arg]  # a row of the driver, of these columns
    return Stored(*_parts(row), *row[17:])


def _head(row: tuple) -> Head:  # type: ignore[type-arg]  # ditto
    return Head(*_parts(row))


def _parts(row: tuple) -> tuple:  # type: ignore[type-arg]  # ditto
    return (
        SubjectName(row[0], row[1]),
        row[2],
        row[3],
        row[4],
        row[5],
        bytes(row[6]),
        bytes(row[7]),
        None if row[8] is None else bytes(row[8]),
        stored_references(orjson.loads(row[9])),
        None if row[10] is None else sensitive.opened(orjson.loads(row[10])),
        None if row[11] is None else orjson.loads(row[11]),
        row[12],
        row[13],
        row[14],
        row[15],
        row[16],
    )


def stored_references(value: Iterable[Sequence[object]]) -> tuple[StoredReference, ...]:
    """References as a row holds them: [name, subject as written, version, context, subject]."""
    return tuple(
        StoredReference(
            Reference(str(r[0]), str(r[1]), int(str(r[2]))), SubjectName(str(r[3]), str(r[4]))
        )
        for r in value
    )


def _rows(sql: str, args: Sequence[Any] = ()) -> list[tuple]:  # type: ignore[type-arg]  # ditto
    with connection.cursor() as cursor:
        cursor.execute(sql, args)
        return list(cursor.fetchall())


# --- Versions ------------------------------------------------------------------------------------


def versions(subject: SubjectName) -> list[tuple[int, bool]]:
    """(number, soft-deleted) of every version there is, ascending."""
    return _rows(
        f"SELECT v.version, v.deleted {_FROM} WHERE c.name = %s AND s.name = %s ORDER BY 1",
        (subject.context, subject.name),
    )


def version(subject: SubjectName, number: int, *, deleted: bool = False) -> Stored:
    """One version; `LATEST` is the highest live one, whatever `deleted` says.

    Raises SubjectNotFound where the subject has no visible version, else VersionNotFound.
    """
    found = find_version(subject, number, deleted=deleted)
    if found is not None:
        return found
    if any(deleted or not gone for _, gone in versions(subject)):
        raise VersionNotFound(number)
    raise SubjectNotFound(str(subject))


def find_version(subject: SubjectName, number: int, *, deleted: bool = False) -> Stored | None:
    """As `version`, None where there is none."""
    if number == LATEST:
        rows = _rows(
            f"SELECT {_COLUMNS} {_FROM} WHERE c.name = %s AND s.name = %s AND NOT v.deleted"
            " ORDER BY v.version DESC LIMIT 1",
            (subject.context, subject.name),
        )
    else:
        rows = _rows(
            f"SELECT {_COLUMNS} {_FROM} WHERE c.name = %s AND s.name = %s AND v.version = %s"
            " AND (%s OR NOT v.deleted)",
            (subject.context, subject.name, number, deleted),
        )
    return _stored(rows[0]) if rows else None


def heads(subject: SubjectName, *, deleted: bool = False) -> list[Head]:
    """Every version, newest first."""
    return select(
        "WHERE c.name = %s AND s.name = %s AND (%s OR NOT v.deleted) ORDER BY v.version DESC",
        (subject.context, subject.name, deleted),
    )


def with_text(head: Head) -> Stored | None:
    """The version with its schema, None where it is gone."""
    return next(with_texts([head]), None)


def newest(among: Sequence[Head]) -> Stored | None:
    """The first of versions that come newest first, with its schema; None where it is gone."""
    return with_text(among[0]) if among else None


def with_texts(wanted: Iterable[Head]) -> Iterator[Stored]:
    """The versions with their schemas, in order, without those that are gone. They are loaded as
    they are asked for: the first alone, since many need no more, then by number and size."""
    batch: list[Head] = []
    room, size = 1, 0
    for head in wanted:
        if len(batch) == room or (batch and size + head.size > BATCH_BYTES):
            yield from _loaded(batch)
            batch, room, size = [], BATCH, 0
        batch.append(head)
        size += head.size
    yield from _loaded(batch)


def _loaded(batch: Sequence[Head]) -> Iterator[Stored]:
    found = several([(head.subject, head.version) for head in batch])
    for head in batch:
        stored = found.get((head.subject, head.version))
        # Gone for good, another may have come in its place.
        if stored is not None and stored.schema_id == head.schema_id:
            yield stored


def elsewhere(subject: SubjectName) -> list[SubjectName]:
    """The same name in the other contexts, where an unqualified one was not found."""
    rows = _rows(
        "SELECT DISTINCT c.name FROM registry_subject s JOIN registry_context c"
        " ON c.id = s.context_id JOIN registry_version v ON v.subject_id = s.id"
        " WHERE s.name = %s AND c.name <> %s ORDER BY 1",
        (subject.name, subject.context),
    )
    return [SubjectName(row[0], subject.name) for row in rows]


@dataclass(frozen=True, slots=True)
class Holding:
    """A subject as a writer decides on it: its versions at one revision, newest first."""

    revision: int
    versions: tuple[Head, ...]  # soft-deleted ones too
    scope: InScope

    @property
    def live(self) -> list[Head]:
        return [v for v in self.versions if not v.deleted]


def holding(subject: SubjectName) -> Holding:
    """The subject as it stands.

    The revision is read before the versions, so that it is never newer than what was seen.
    """
    rows = _rows(
        "SELECT s.revision FROM registry_subject s JOIN registry_context c ON c.id = s.context_id"
        " WHERE c.name = %s AND s.name = %s",
        (subject.context, subject.name),
    )
    revision = int(rows[0][0]) if rows else 0
    found = tuple(heads(subject, deleted=True)) if rows else ()
    return Holding(revision, found, in_scope(subject))


# --- Ids -----------------------------------------------------------------------------------------


def by_id(context: str, schema_id: int, *, prefer: str | None = None) -> Stored | None:
    """A version that holds the id: of the subject preferred, else a live one, else any."""
    rows = _rows(
        f"SELECT {_COLUMNS} {_FROM} WHERE c.name = %s AND h.schema_id = %s AND h.context_id = c.id"
        " ORDER BY (s.name = %s) DESC, v.deleted, s.name, v.version DESC LIMIT 1",
        (context, schema_id, prefer or ""),
    )
    return _stored(rows[0]) if rows else None


def by_guid(guid: UUID, *, prefer: str = DEFAULT) -> Stored | None:
    """A version with that content, in whatever context; that one first."""
    rows = _rows(
        f"SELECT {_COLUMNS} {_FROM} WHERE h.identity = %s"
        " ORDER BY (c.name = %s) DESC, v.deleted, c.name, s.name, v.version LIMIT 1",
        (guid.bytes, prefer),
    )
    return _stored(rows[0]) if rows else None


def ids_of_guid(guid: UUID) -> list[tuple[str, int]]:
    """(context, id) of that content."""
    return _rows(
        "SELECT c.name, h.schema_id FROM registry_schema h JOIN registry_context c"
        " ON c.id = h.context_id WHERE h.identity = %s ORDER BY 1",
        (guid.bytes,),
    )


def holders(context: str, schema_id: int, *, deleted: bool) -> list[tuple[SubjectName, int]]:
    """(subject, version) pairs that hold an id, by subject."""
    rows = _rows(
        f"SELECT c.name, s.name, v.version {_FROM} WHERE c.name = %s AND h.schema_id = %s"
        " AND h.context_id = c.id AND (%s OR NOT v.deleted) ORDER BY s.name, v.version",
        (context, schema_id, deleted),
    )
    return [(SubjectName(row[0], row[1]), row[2]) for row in rows]


def highest_id(context: str) -> int:
    """The highest id given out in a context, 0 where none was."""
    rows = _rows("SELECT id FROM registry_context WHERE name = %s", (context,))
    if not rows:
        return 0
    context_id = int(rows[0][0])
    # An import may have brought ids beyond those that are counted.
    found = _rows(
        "SELECT greatest(pg_sequence_last_value(to_regclass(%s)),"
        " (SELECT max(schema_id) FROM registry_schema WHERE context_id = %s))",
        (f"registry_ids_{context_id}", context_id),
    )
    return int(found[0][0] or 0)


# --- Lists ---------------------------------------------------------------------------------------


BEGINS: Final = (
    "(%s::text IS NULL OR c.name = %s OR (%s AND c.name <> '.' AND starts_with(c.name, %s)))"
    " AND starts_with(s.name, %s)"
)


def begins(prefix: Prefix) -> list[object]:
    """The arguments of `BEGINS`, which is so of a subject s in a context c that is asked for."""
    return [prefix.context, prefix.context, prefix.open, prefix.context, prefix.name]


def subjects(prefix: Prefix, *, deleted: bool, deleted_only: bool) -> list[SubjectName]:
    """Subjects that begin with the prefix, sorted by their name on the wire."""
    having = (
        "bool_and(v.deleted)" if deleted_only else "true" if deleted else "NOT bool_and(v.deleted)"
    )
    rows = _rows(
        "SELECT c.name, s.name FROM registry_version v JOIN registry_subject s"  # noqa: S608 - constants
        " ON s.id = v.subject_id JOIN registry_context c ON c.id = s.context_id"
        f" WHERE {BEGINS} GROUP BY c.name, s.name HAVING {having}",
        begins(prefix),
    )
    return sorted((SubjectName(*row) for row in rows), key=str)


def contexts() -> list[str]:
    """Contexts that something was registered in, the default one first and always there."""
    rows = _rows(
        "SELECT name FROM registry_context WHERE name <> %s AND NOT deleted ORDER BY name",
        (DEFAULT,),
    )
    return [DEFAULT, *(row[0] for row in rows)]


def select(rest: str, args: Sequence[Any]) -> list[Head]:
    """Versions by a condition that another module of the registry writes, over v, s, c and h."""
    return [_head(row) for row in _rows(f"SELECT {_HEAD} {_FROM} {rest}", args)]


# --- References ----------------------------------------------------------------------------------


def referrers(target: SubjectName, number: int, *, deleted: bool) -> list[int]:
    """Ids of schemas that name a version, ascending; of live ones only unless `deleted`."""
    rows = _rows(
        "SELECT DISTINCT h.schema_id FROM registry_reference r"
        " JOIN registry_schema h ON h.id = r.schema_id"
        " JOIN registry_version v ON v.schema_id = h.id"
        " WHERE r.context = %s AND r.subject = %s AND r.version = %s AND (%s OR NOT v.deleted)"
        " ORDER BY 1",
        (target.context, target.name, number, deleted),
    )
    return [row[0] for row in rows]


def refers(subject: SubjectName, target: SubjectName) -> bool:
    """Whether a version of the subject names the target, soft-deleted ones left out."""
    rows = _rows(
        "SELECT EXISTS (SELECT 1 FROM registry_reference r"
        " JOIN registry_version v ON v.schema_id = r.schema_id"
        " JOIN registry_subject s ON s.id = v.subject_id"
        " JOIN registry_context c ON c.id = s.context_id"
        " WHERE r.context = %s AND r.subject = %s AND c.name = %s AND s.name = %s"
        " AND NOT v.deleted)",
        (target.context, target.name, subject.context, subject.name),
    )
    return bool(rows[0][0])


def namers(target: SubjectName, limit: int = 500) -> list[tuple[SubjectName, int, int]]:
    """(subject, version, version named) of live versions that name one of a subject's."""
    rows = _rows(
        "SELECT c.name, s.name, v.version, r.version FROM registry_reference r"
        " JOIN registry_version v ON v.schema_id = r.schema_id"
        " JOIN registry_subject s ON s.id = v.subject_id"
        " JOIN registry_context c ON c.id = s.context_id"
        " WHERE r.context = %s AND r.subject = %s AND NOT v.deleted"
        " ORDER BY c.name, s.name, v.version LIMIT %s",
        (target.context, target.name, limit),
    )
    return [(SubjectName(row[0], row[1]), row[2], row[3]) for row in rows]


def users(
    targets: Sequence[tuple[SubjectName, int]], limit: int, within: str | None = None
) -> list[tuple[SubjectName, int, tuple[SubjectName, int]]]:
    """(subject, its newest version, what that names) of live ones that name one of several;
    of a context where one is given."""
    rows = _rows(
        "SELECT DISTINCT ON (c.name, s.name, w.context, w.subject, w.version)"
        " c.name, s.name, v.version, w.context, w.subject, w.version"
        " FROM unnest(%s::text[], %s::text[], %s::integer[]) AS w (context, subject, version)"
        " JOIN registry_reference r ON r.context = w.context AND r.subject = w.subject"
        " AND r.version = w.version JOIN registry_version v ON v.schema_id = r.schema_id"
        " JOIN registry_subject s ON s.id = v.subject_id"
        " JOIN registry_context c ON c.id = s.context_id"
        " WHERE NOT v.deleted AND (%s::text IS NULL OR c.name = %s)"
        " ORDER BY c.name, s.name, w.context, w.subject, w.version, v.version DESC LIMIT %s",
        (
            [target.context for target, _ in targets],
            [target.name for target, _ in targets],
            [number for _, number in targets],
            within,
            within,
            limit,
        ),
    )
    return [
        (SubjectName(row[0], row[1]), row[2], (SubjectName(row[3], row[4]), row[5])) for row in rows
    ]


def referred_versions(target: SubjectName, *, deleted: bool) -> list[int]:
    """Versions of a subject that schemas of other subjects name, ascending."""
    rows = _rows(
        "SELECT DISTINCT r.version FROM registry_reference r"
        " JOIN registry_version v ON v.schema_id = r.schema_id"
        " JOIN registry_subject s ON s.id = v.subject_id"
        " JOIN registry_context c ON c.id = s.context_id"
        " WHERE r.context = %s AND r.subject = %s AND (%s OR NOT v.deleted)"
        " AND NOT (c.name = r.context AND s.name = r.subject) ORDER BY 1",
        (target.context, target.name, deleted),
    )
    return [row[0] for row in rows]


def resolve(
    references: Sequence[Reference], context: str, *, deleted: bool = False
) -> tuple[StoredReference, ...]:
    """References of a schema, each tied to a version that is there. Raises InvalidSchema.

    What is new refers to live ones; what is only compared may name soft-deleted ones (`deleted`).
    -1 becomes the latest version's number; an unqualified subject lies in `context`.
    """
    if len(references) > MAX_REFERENCES:
        raise InvalidSchema(f"It has more than {MAX_REFERENCES} references.")
    targets = [qualify(reference.subject, context) for reference in references]
    numbered = several(
        {(t, r.version) for t, r in zip(targets, references, strict=True) if r.version > 0}
    )
    resolved = []
    for target, reference in zip(targets, references, strict=True):
        if reference.version > 0:
            found = numbered.get((target, reference.version))
        else:
            found = find_version(target, reference.version, deleted=deleted)
        if found is None or (found.deleted and not deleted):
            raise InvalidSchema(
                f"the reference '{reference.name}' names version {reference.version} of subject "
                f"'{target}', which is not there: register it first."
            )
        resolved.append(
            StoredReference(Reference(reference.name, reference.subject, found.version), target)
        )
    return tuple(resolved)


def sources(references: Sequence[StoredReference]) -> tuple[Source, ...]:
    """The texts of references and of what they refer to; those come first that others need.

    One query a level. Of several bound to one name the first wins. Raises InvalidSchema where
    there are too many, or one is gone.
    """
    loaded: dict[tuple[SubjectName, int], Stored] = {}
    level = [(r.target, r.wire.version) for r in references]
    size = 0
    while level:
        wanted = sorted({key for key in level if key not in loaded})
        found = several(wanted)
        size += sum(len(stored.text) for stored in found.values())
        loaded.update(found)
        if len(loaded) > MAX_REFERENCES or size > MAX_REFERENCED_BYTES:
            raise InvalidSchema(
                f"Its references bring more than {MAX_REFERENCES} schemas or "
                f"{MAX_REFERENCED_BYTES} bytes of text."
            )
        for target, number in wanted:
            if (target, number) not in loaded:
                raise InvalidSchema(f"the reference to version {number} of '{target}' is lost.")
        level = [(r.target, r.wire.version) for stored in found.values() for r in stored.references]
    return _in_order(references, loaded)


_HOLD: Final = """
    SELECT 1 FROM unnest(%s::text[], %s::text[], %s::integer[]) AS w (context, subject, version)
    JOIN registry_context c ON c.name = w.context
    JOIN registry_subject s ON s.context_id = c.id AND s.name = w.subject
    ORDER BY s.id FOR KEY SHARE OF s
"""
_THERE: Final = """
    SELECT v.deleted FROM unnest(%s::text[], %s::text[], %s::integer[])
        AS w (context, subject, version)
    JOIN registry_context c ON c.name = w.context
    JOIN registry_subject s ON s.context_id = c.id AND s.name = w.subject
    JOIN registry_version v ON v.subject_id = s.id AND v.version = w.version
"""


def held(references: Sequence[StoredReference], *, deleted: bool) -> bool:
    """Whether all that is referred to is there (softly `deleted` or not). It stays so until the
    transaction ends: whoever deletes one of those waits, and then sees who refers to it."""
    wanted = sorted({(r.target.context, r.target.name, r.wire.version) for r in references})
    if not wanted:
        return True
    columns = tuple(list(column) for column in zip(*wanted, strict=True))
    _rows(_HOLD, columns)
    # Another statement, since only that sees what those did who were waited for.
    there = _rows(_THERE, columns)
    return len(there) == len(wanted) and (deleted or not any(gone for (gone,) in there))


def several(wanted: Collection[tuple[SubjectName, int]]) -> dict[tuple[SubjectName, int], Stored]:
    """The versions of those that are there, soft-deleted ones too."""
    if not wanted:
        return {}
    rows = _rows(
        f"SELECT {_COLUMNS} {_FROM} JOIN unnest(%s::text[], %s::text[], %s::integer[])"
        " AS w (context, subject, version)"
        " ON w.context = c.name AND w.subject = s.name AND w.version = v.version",
        (
            [target.context for target, _ in wanted],
            [target.name for target, _ in wanted],
            [number for _, number in wanted],
        ),
    )
    found = [_stored(row) for row in rows]
    return {(stored.subject, stored.version): stored for stored in found}


def _in_order(
    references: Sequence[StoredReference], loaded: Mapping[tuple[SubjectName, int], Stored]
) -> tuple[Source, ...]:
    """Depth first, without recursion: references of a reference before it."""
    done: list[Source] = []
    bound: set[str] = set()
    stack = [(reference, False) for reference in reversed(references)]
    while stack:
        reference, ready = stack.pop()
        key = (reference.target, reference.wire.version)
        if ready:
            done.append(Source(reference.wire.name, loaded[key].text, str(key[0]), key[1]))
        elif reference.wire.name not in bound:
            bound.add(reference.wire.name)
            stack.append((reference, True))
            stack.extend((inner, False) for inner in reversed(loaded[key].references))
    return tuple(done)


# --- Settings ------------------------------------------------------------------------------------


def configs(wanted: Iterable[Place]) -> dict[Place, Values]:
    """The configs that are set at these places."""
    return {
        key: sensitive.in_config(orjson.loads(value), sensitive.opened)
        for key, value in _settings("config", "values", wanted)
    }


def modes(wanted: Iterable[Place]) -> dict[Place, str]:
    """The modes that are set at these places."""
    return dict(_settings("mode", "mode", wanted))


def _settings(table: str, column: str, wanted: Iterable[Place]) -> list[tuple[Place, str]]:
    listed = list(wanted)
    rows = _rows(
        f'SELECT t.context, t.subject, t."{column}"::text FROM registry_{table} t'  # noqa: S608 - constants
        " JOIN unnest(%s::text[], %s::text[]) AS w (context, subject)"
        " ON w.context = t.context AND w.subject = t.subject",
        ([p[0] for p in listed], [p[1] for p in listed]),
    )
    return [((row[0], row[1]), row[2]) for row in rows]


def in_scope(subject: SubjectName) -> InScope:
    """Config and mode in force for a subject, or for a context (a name without a subject)."""
    wanted = scope.looked_up(subject)
    return scope.in_scope(subject, configs(wanted), modes(wanted))
