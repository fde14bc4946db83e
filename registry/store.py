"""Registering, looking up and checking: what a client sends, read and decided on.

A transaction holds the change, the change rows that make cached answers old everywhere, and one
event. Parsing and comparing come before it, on what was read without a lock; the subject's revision
tells under the lock whether that still stands, and if not, all of it is done again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

import orjson
from django.db import connection, transaction

from governance.actors import Actor
from registry import compatibility, contracts, lookup, memo, naming, sensitive
from registry.associations import rows
from registry.associations.locks import lock_references
from registry.changes import WIRE, Origin, record, refuse_by_mode
from registry.compatibility import Level, Verdict
from registry.contracts import VERSION_PROPERTY, Json
from registry.errors import (
    Incompatible,
    InvalidSchema,
    NotPermitted,
    SchemaNotFound,
    SchemaTooLarge,
    StoreBusy,
    SubjectNotFound,
    VersionNotFound,
)
from registry.formats import base
from registry.formats.base import LIMITS, Entity, Parsed, Reference
from registry.gate import Operation, admit, admit_references
from registry.lookup import Holding, Stored, StoredReference
from registry.naming import DEFAULT, LATEST, SubjectName
from registry.scope import InScope, Mode

ATTEMPTS: Final = 30  # of a registration while others change the same subject


TagPairs = tuple[tuple[Entity, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class TagChange:
    """Inline tags to add to parts of a schema, and then others to remove."""

    added: TagPairs = ()
    removed: TagPairs = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client sends to register, to look up and to check. Unread members are None.

    `version` 0 means "the next one", -1 "the latest or the next one". `propagate_tags` copies the
    latest version's inline tags.
    """

    text: str
    type: str = "AVRO"
    references: tuple[Reference, ...] = ()
    metadata: Json | None = None
    rule_set: Json | None = None
    version: int = 0
    id: int | None = None
    tags: TagChange = TagChange()
    propagate_tags: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """What was asked, read: parsed, with references resolved and its identity."""

    parsed: Parsed
    references: tuple[StoredReference, ...]
    metadata: Json | None
    rule_set: Json | None
    asked: Asked

    @property
    def identity(self) -> bytes:
        return contracts.identity(
            self.parsed.text, [r.wire for r in self.references], self.metadata, self.rule_set
        )


@dataclass(frozen=True, slots=True)
class Registered:
    """The version that holds the content now. `made` tells a new one from one already there."""

    subject: SubjectName
    version: int
    schema_id: int
    identity: bytes
    type: str
    text: str
    references: tuple[StoredReference, ...]
    metadata: Json | None
    rule_set: Json | None
    made: bool
    at: datetime | None = None

    @property
    def guid(self) -> str:
        return str(UUID(bytes=self.identity))


# --- Reading what was asked ----------------------------------------------------------------------


def candidate(
    subject: SubjectName,
    asked: Asked,
    *,
    normalize: bool,
    strict: bool = True,
    fields: bool = False,
) -> Candidate:
    """Parse what was asked, with its references. Raises InvalidSchema naming the subject."""
    try:
        references = lookup.resolve(asked.references, subject.context)
        sources = lookup.sources(references)
        parsed = memo.parse(
            asked.type, asked.text, sources, strict=strict, normalize=normalize, fields=fields
        )
        if asked.tags:
            added, removed = dict(asked.tags.added), dict(asked.tags.removed)
            text = base.get(asked.type).retagged(parsed, added, removed)
            parsed = memo.parse(asked.type, text, sources, strict=strict, fields=fields)
    except InvalidSchema as error:
        raise InvalidSchema(
            error.reason, subject=str(subject), schema_type=asked.type[:60]
        ) from None
    if normalize:
        references = tuple(sorted(set(references), key=lambda r: r.wire))
    return Candidate(parsed, references, asked.metadata, asked.rule_set, asked)


def match(wanted: Candidate, among: Sequence[Stored]) -> Stored | None:
    """The version, newest first, that equals the candidate.

    Equal identity comes first, then equal structure with equal references, or with the stored
    one's references written out; `confluent:version` counts only where both have it.
    """
    identity = wanted.identity
    for stored in among:
        if stored.identity == identity:
            return stored
    return next((stored for stored in among if _alike(wanted, stored)), None)


def _alike(wanted: Candidate, stored: Stored) -> bool:
    if stored.type != wanted.parsed.format or stored.rule_set != wanted.rule_set:
        return False
    if not _same_metadata(wanted, stored):
        return False
    if stored.likeness == wanted.parsed.likeness and sorted(
        r.wire for r in stored.references
    ) == sorted(r.wire for r in wanted.references):
        return True
    return not wanted.references and stored.whole == wanted.parsed.likeness


def _same_metadata(wanted: Candidate, stored: Stored) -> bool:
    mine = contracts.property_of(wanted.metadata, VERSION_PROPERTY)
    theirs = contracts.property_of(stored.metadata, VERSION_PROPERTY)
    if mine is not None and theirs is None and mine != str(stored.version):
        return False
    if (mine is None) == (theirs is None):
        return wanted.metadata == stored.metadata
    return _plain(wanted.metadata) == _plain(stored.metadata)


def _plain(metadata: Json | None) -> Json | None:
    return contracts.without_property(metadata, VERSION_PROPERTY) or None


def find(
    subject: SubjectName, asked: Asked, *, normalize: bool, deleted: bool, by: Actor
) -> Stored:
    """The version of a subject that equals a schema (`POST /subjects/S`).

    Raises SubjectNotFound where no version is visible, SchemaNotFound where none is equal.
    """
    admit(Operation.READ, subject, by)
    admit_references(subject, asked.references, by)
    visible = lookup.all_versions(subject, deleted=deleted)
    if not visible:
        raise SubjectNotFound(str(subject))
    in_scope = lookup.in_scope(subject)
    wanted = candidate(subject, asked, normalize=normalize or in_scope.flag("normalize"))
    found = match(wanted, visible)
    if found is None:
        # A client that knows nothing of metadata still finds a schema that has some.
        latest = next((v for v in visible if not v.deleted), visible[0])
        found = match(_inheriting(wanted, latest), visible)
    if found is None:
        raise SchemaNotFound
    return found


def _inheriting(wanted: Candidate, latest: Stored | None) -> Candidate:
    if latest is None:
        return wanted
    return replace(
        wanted,
        metadata=latest.metadata if wanted.metadata is None else wanted.metadata,
        rule_set=latest.rule_set if wanted.rule_set is None else wanted.rule_set,
    )


# --- Registering ---------------------------------------------------------------------------------


def register(
    subject: SubjectName,
    asked: Asked,
    *,
    by: Actor,
    origin: Origin = WIRE,
    normalize: bool = False,
    force: bool = False,
) -> Registered:
    """Make the content a version of the subject, or give back the version that it is already.

    Raises InvalidSchema, Incompatible, NotPermitted (by the mode), InvalidSubject; StoreBusy when
    others changed the subject each of many times. The event is `subject.registered`.
    """
    naming.ensure_valid(subject)
    admission = admit(Operation.REGISTER if asked.id is None else Operation.IMPORT, subject, by)
    admit_references(subject, asked.references, by)
    if len(asked.text.encode("utf-8", "surrogatepass")) > LIMITS.text_bytes:
        raise SchemaTooLarge(LIMITS.text_bytes)
    for _ in range(ATTEMPTS):
        held = lookup.holding(subject)
        decided = _decide(subject, asked, held, normalize=normalize, force=force)
        if isinstance(decided, Registered):
            return decided
        with transaction.atomic():
            _ensure_not_owned(decided.references)
            made = _write(subject, decided, held, by=by, origin=origin)
            if made is not None:
                data = {
                    "version": made.version,
                    "id": made.schema_id,
                    "guid": made.guid,
                    "type": made.type,
                    "from": origin.address,
                    "policies": list(admission.policies),
                    "force": force,
                }
                record("subject.registered", subject, by, data, origin.request_id)
                return made
    raise StoreBusy(
        f"Subject '{subject}' was changed by others {ATTEMPTS} times in a row: try again."
    )


def _decide(
    subject: SubjectName, asked: Asked, held: Holding, *, normalize: bool, force: bool
) -> Registered | Candidate:
    """What is to be written, decided on what was read; or what is there already."""
    importing = held.scope.mode is Mode.IMPORT
    live = held.live
    asked = _latest_where_empty(asked, live) if not importing else asked
    normalize = (normalize or held.scope.flag("normalize")) and not importing
    strict = held.scope.flag("validateNewSchemas", True) and not importing
    fields = held.scope.flag("validateFields") and not importing
    asked = _with_tags_of(asked, live) if asked.propagate_tags and not importing else asked
    wanted = candidate(subject, asked, normalize=normalize, strict=strict, fields=fields)
    if not _merges(held.scope) and not asked.tags:
        there = _already_there(wanted, live)
        if there is not None:
            return there
    _ensure_mode(subject, held.scope.mode, importing=asked.id is not None)
    if importing:
        return wanted
    wanted = _effective(wanted, held, live)
    if asked.version <= 0:
        # Without an explicit number the same content is the same version, whatever was merged.
        there = _already_there(wanted, live)
        if there is not None:
            return there
    if not force:
        verdict = _verdict(held.scope, wanted, live)
        if not verdict.compatible:
            raise Incompatible(str(subject), verdict.messages, verdict.words)
    return wanted


def _latest_where_empty(asked: Asked, live: Sequence[Stored]) -> Asked:
    """Metadata or rules alone may be registered: then the text is that of the latest version."""
    if asked.text.strip() or not live:
        return asked
    latest = live[0]
    references = tuple(
        Reference(r.wire.name, str(r.target), r.wire.version) for r in latest.references
    )
    return replace(asked, text=latest.text, type=latest.type, references=references)


def _with_tags_of(asked: Asked, live: Sequence[Stored]) -> Asked:
    """With the tags that the latest version has, besides those that are asked for."""
    if not live or live[0].type != asked.type:
        return asked
    tags = base.get(live[0].type).tags(memo.parsed(live[0]))
    kept = tuple((part, tuple(names)) for part, names in tags.items())
    return replace(asked, tags=TagChange((*kept, *asked.tags.added), asked.tags.removed))


def _merges(in_scope: InScope) -> bool:
    return any(
        in_scope.values.get(name) is not None
        for name in ("defaultMetadata", "overrideMetadata", "defaultRuleSet", "overrideRuleSet")
    )


def _already_there(wanted: Candidate, live: Sequence[Stored]) -> Registered | None:
    asked = wanted.asked
    among = live[:1] if asked.version == LATEST else live
    found = match(wanted, among)
    if found is None and asked.metadata is None and asked.rule_set is None and live:
        found = match(_inheriting(wanted, live[0]), among)
    if found is None:
        return None
    if asked.id is not None and asked.id != found.schema_id:
        return None
    if asked.version > 0 and asked.version != found.version:
        return None
    return Registered(
        found.subject,
        found.version,
        found.schema_id,
        found.identity,
        found.type,
        found.text,
        found.references,
        found.metadata,
        found.rule_set,
        made=False,
        at=found.at,
    )


def _ensure_mode(subject: SubjectName, mode: Mode, *, importing: bool) -> None:
    if not mode.writable:
        refuse_by_mode(subject, "is in read-only mode")
    if importing and mode is not Mode.IMPORT:
        refuse_by_mode(subject, "is not in import mode")
    if not importing and mode is not Mode.READWRITE:
        refuse_by_mode(subject, "is not in read-write mode")


def _effective(wanted: Candidate, held: Holding, live: Sequence[Stored]) -> Candidate:
    """Metadata and rules as they will be stored: inherited from the latest, merged with config."""
    values = held.scope.values
    inherits = wanted.metadata is None
    wanted = _inheriting(wanted, live[0] if live else None)
    metadata = contracts.merge_metadata(
        contracts.merge_metadata(
            contracts.metadata(values.get("defaultMetadata")), wanted.metadata
        ),
        contracts.metadata(values.get("overrideMetadata")),
    )
    rules = contracts.merge_rule_set(
        contracts.merge_rule_set(contracts.rule_set(values.get("defaultRuleSet")), wanted.rule_set),
        contracts.rule_set(values.get("overrideRuleSet")),
    )
    carried = contracts.property_of(metadata, VERSION_PROPERTY)
    following = max((v.version for v in held.versions), default=0) + 1
    if (
        wanted.asked.version > 0
        or (carried is not None and not inherits)
        or (carried is not None and match(wanted, live) is None)
    ):
        metadata = contracts.with_property(metadata, VERSION_PROPERTY, str(following))
    return replace(wanted, metadata=metadata, rule_set=rules)


def _verdict(in_scope: InScope, wanted: Candidate, live: Sequence[Stored]) -> Verdict:
    among = [memo.older(stored) for stored in _group(in_scope, wanted.metadata, live)]
    verdict = compatibility.check(in_scope.level, wanted.parsed, among, in_scope.policy)
    if not in_scope.flag("validateFields"):
        return verdict
    reserved = _reserved(wanted, live[0] if live else None)
    if not reserved:
        return verdict
    return Verdict(
        False, (*reserved, *verdict.messages), (*reserved, *verdict.words), verdict.against
    )


def _reserved(wanted: Candidate, latest: Stored | None) -> list[str]:
    """What stands against names that are kept from use: once reserved a name stays so, and no field
    is called like it."""
    names = contracts.reserved(wanted.metadata)
    before = contracts.reserved(latest.metadata) if latest is not None else frozenset()
    used = base.get(wanted.parsed.format).top_level(wanted.parsed) & names
    return [
        *(
            f"The new schema has reserved field {n} removed from its metadata which is present in "
            f"the old schema's metadata."
            for n in sorted(before - names)
        ),
        *(
            f"The new schema has field that conflicts with the reserved field {n}."
            for n in sorted(used)
        ),
    ]


def _group(in_scope: InScope, metadata: Json | None, live: Sequence[Stored]) -> list[Stored]:
    """The versions that are compared: with a compatibility group, those of the same group."""
    name = in_scope.text("compatibilityGroup")
    if name is None:
        return list(live)
    mine = contracts.property_of(metadata, name)
    return [v for v in live if contracts.property_of(v.metadata, name) == mine]


_CALL: Final = """
SELECT outcome, made_version, made_id, made_at FROM registry_register(
    %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s::jsonb, %s::jsonb, %s, %s, %s)
"""


def _write(
    subject: SubjectName, wanted: Candidate, held: Holding, *, by: Actor, origin: Origin
) -> Registered | None:
    """Store a version under the subject's lock; None where the subject has moved on."""
    asked = wanted.asked
    importing = held.scope.mode is Mode.IMPORT
    with connection.cursor() as cursor:
        cursor.execute(
            _CALL,
            (
                subject.context,
                subject.name,
                held.revision,
                asked.version if asked.version > 0 else None,
                asked.id if importing else None,
                importing,
                wanted.parsed.format,
                wanted.parsed.text,
                wanted.identity,
                wanted.parsed.likeness,
                wanted.parsed.whole,
                _json([_row(r) for r in wanted.references]),
                _json(sensitive.sealed(wanted.metadata)),
                _json(wanted.rule_set),
                by.name,
                origin.address,
                origin.request_id,
            ),
        )
        outcome, version, schema_id, at = cursor.fetchone()
    match outcome:
        case "stale":
            return None
        case "version":
            raise InvalidSchema(
                "Version is not one more than previous version", subject=str(subject)
            )
        case "taken" | "other id":
            context = "" if subject.context == DEFAULT else subject.context
            raise NotPermitted(
                f"Overwrite new schema with id {asked.id} in context {context} is not permitted."
            )
    return Registered(
        subject,
        version,
        schema_id,
        wanted.identity,
        wanted.parsed.format,
        wanted.parsed.text,
        wanted.references,
        wanted.metadata,
        wanted.rule_set,
        made=True,
        at=at,
    )


def _ensure_not_owned(references: Sequence[StoredReference]) -> None:
    """What a topic owns is nobody's to build on: the topic could not go without breaking it."""
    if not references:
        return
    lock_references()
    strong = rows.Filter(lifecycle=rows.Lifecycle.STRONG)
    owned = {one.subject for one in rows.of_subjects((r.target for r in references), strong)}
    for reference in references:
        if reference.target in owned:
            raise NotPermitted(
                f"Subject '{reference.wire.subject}' has a strong association and cannot be "
                "referenced"
            )


def _row(reference: StoredReference) -> list[object]:
    wire, target = reference.wire, reference.target
    return [wire.name, wire.subject, wire.version, target.context, target.name]


def _json(value: object) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


# --- Checking compatibility ----------------------------------------------------------------------


def check(
    subject: SubjectName, asked: Asked, *, version: int | None, normalize: bool, by: Actor
) -> Verdict:
    """Whether the schema could follow, against one version or those the level asks for.

    Nothing is stored. Raises VersionNotFound, InvalidSchema.
    """
    admit(Operation.READ, subject, by)
    admit_references(subject, asked.references, by)
    in_scope = lookup.in_scope(subject)
    live = lookup.all_versions(subject)
    if version is not None and version != LATEST and all(v.version != version for v in live):
        raise VersionNotFound(version)
    asked = _latest_where_empty(asked, live)
    wanted = candidate(
        subject,
        asked,
        normalize=normalize or in_scope.flag("normalize"),
        strict=in_scope.flag("validateNewSchemas", True),
        fields=in_scope.flag("validateFields"),
    )
    if version is None:
        return _verdict(in_scope, wanted, live)
    one = [v for v in live if version in (LATEST, v.version)][:1]
    if not one:
        return compatibility.FINE
    older = memo.older(one[0])
    return compatibility.check_one(in_scope.level, wanted.parsed, older, in_scope.policy)


@dataclass(frozen=True, slots=True)
class Assessment:
    """What registering would find: the verdict, and the version that has the content already."""

    wanted: Candidate
    verdict: Verdict
    existing: int | None


def assess(subject: SubjectName, asked: Asked, held: Holding, level: Level) -> Assessment:
    """As registering decides, at a level that may not be in force yet; nothing is stored.

    Raises InvalidSchema.
    """
    wanted = candidate(subject, asked, normalize=held.scope.flag("normalize"))
    there = _already_there(wanted, held.live)
    if there is not None:
        return Assessment(wanted, compatibility.FINE, there.version)
    return Assessment(wanted, _verdict(replace(held.scope, level=level), wanted, held.live), None)
