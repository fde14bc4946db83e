"""Registering, looking up and checking: what a client sends, read and decided on.

A transaction holds the change, the change rows that make cached answers old everywhere, and one
event. Parsing and comparing come before it, on what was read without a lock; the subject's revision
tells under the lock whether that still stands, and if not, all of it is done again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

import orjson
from django.db import connection, transaction

from governance.actors import Actor
from governance.models import Team
from registry import compatibility, contracts, gate, lookup, memo, naming, owners, sensitive, weight
from registry.associations import rows
from registry.candidates import (
    Asked,
    Candidate,
    TagChange,
    candidate,
    inheriting,
    match,
    same_content,
)
from registry.changes import WIRE, Origin, record, refuse_by_mode
from registry.compatibility import Level, Older, Verdict
from registry.contracts import VERSION_PROPERTY, Json
from registry.errors import (
    ByRequest,
    Forbidden,
    Incompatible,
    InvalidSchema,
    NotPermitted,
    SchemaNotFound,
    SchemaTooLarge,
    StoreBusy,
    SubjectNotFound,
    Unresolved,
    VersionNotFound,
)
from registry.formats import base
from registry.formats.base import LIMITS
from registry.gate import Operation, admit, admit_references
from registry.levels import Gate
from registry.locks import hold_settings, lock_references
from registry.lookup import Head, Holding, Stored, StoredReference
from registry.naming import LATEST, SubjectName
from registry.scope import InScope, Mode

ATTEMPTS: Final = 30  # of a registration while others change the same subject
PATIENCE: Final = 20.0  # seconds for a comparison with all versions; less than large requests have


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
    timed: bool = False  # whether the wire tells when

    @property
    def guid(self) -> str:
        return str(UUID(bytes=self.identity))


@dataclass(frozen=True, slots=True)
class Found:
    """A version that was looked up by its content; `exact` where even its guid is the same."""

    stored: Stored
    exact: bool


# --- Looking up ----------------------------------------------------------------------------------


def find(subject: SubjectName, asked: Asked, *, normalize: bool, deleted: bool, by: Actor) -> Found:
    """The version of a subject that equals a schema (`POST /subjects/S`).

    Raises InvalidSchema, SubjectNotFound where no version is visible, SchemaNotFound where none is
    equal.
    """
    admit(Operation.READ, subject, by)
    admit_references(subject, asked.references, by)
    in_scope = lookup.in_scope(subject)
    wanted = None
    if asked.text.strip():
        normalize = normalize or in_scope.flag("normalize")
        wanted = _to_compare(subject, asked, in_scope.mode, normalize=normalize)
    visible = lookup.heads(subject, deleted=deleted)
    if not visible:
        raise SubjectNotFound(str(subject))
    latest = next((v for v in visible if not v.deleted), None)
    if wanted is not None:
        found = match(wanted, visible)
        if found is None and latest is not None:
            # A client that knows nothing of metadata still finds a schema that has some.
            wanted = inheriting(wanted, latest, in_scope)
            found = match(wanted, visible)
        if found is not None:
            return Found(found, exact=found.identity == wanted.identity)
    raise SchemaNotFound


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

    Raises InvalidSchema, Incompatible, NotPermitted (by the mode), InvalidSubject; Forbidden,
    PolicyObjects and ByRequest by the gate; StoreBusy when others changed the subject each of many
    times. The event is `subject.registered`.
    """
    contracts.ensure_valid_rules(asked.rule_set)
    naming.ensure_valid(subject)
    operation = Operation.REGISTER if asked.id is None else Operation.IMPORT
    admit(operation, subject, by)
    admit_references(subject, asked.references, by)
    if len(asked.text.encode("utf-8", "surrogatepass")) > LIMITS.text_bytes:
        raise SchemaTooLarge(LIMITS.text_bytes)
    for _ in range(ATTEMPTS):
        held = lookup.holding(subject)
        decided = _decide(subject, asked, held, normalize=normalize, force=force)
        if isinstance(decided, Registered):
            return decided
        judged_by = gate.standing(operation, subject, by)
        if judged_by.gate is Gate.BY_REQUEST and operation is Operation.REGISTER:
            there = _unnumbered(decided, held.live)
            if there is not None:
                return there
        try:
            admission = gate.passing(
                operation, subject, decided, judged_by, actor=by, origin=origin
            )
        except ByRequest:
            if lookup.holding(subject).revision != held.revision:
                continue  # a worker may have registered just this meanwhile
            raise
        with transaction.atomic():
            hold_settings()
            if lookup.in_scope(subject) != held.scope:
                continue  # what it was decided by is in force no more
            if gate.standing(operation, subject, by) != judged_by:
                continue
            _ensure_not_owned(decided.references)
            if not lookup.held(decided.references, deleted=_may_be_deleted(held.scope)):
                continue  # one was deleted meanwhile: what is there now decides
            made = _write(subject, decided, held, by=by, origin=origin)
            if made is not None:
                if admission.claims:
                    _claim(subject, by)
                data: dict[str, object] = {
                    "version": made.version,
                    "id": made.schema_id,
                    "guid": made.guid,
                    "type": made.type,
                    "from": origin.address,
                    "policies": list(admission.policies),
                    "force": force,
                }
                if admission.warnings:
                    data["warnings"] = list(admission.warnings)
                record("subject.registered", subject, by, data, origin.request_id)
                return made
    raise StoreBusy(
        f"Subject '{subject}' was changed by others {ATTEMPTS} times in a row: try again."
    )


def _unnumbered(wanted: Candidate, live: Sequence[Head]) -> Registered | None:
    """A version that is the candidate but for its number in the metadata. Who edits tags gets a new
    number each time; by request that would be a new request for what was approved already."""
    metadata = contracts.without_property(wanted.metadata, VERSION_PROPERTY) or None
    found = match(replace(wanted, metadata=metadata), live)
    return None if found is None else _registered(found)


def _claim(subject: SubjectName, by: Actor) -> None:
    """Whoever makes a subject that nobody owns owns it; within the transaction, which another's
    may have been ahead of."""
    team = Team.objects.get(slug=by.team)
    if (owner := owners.claim(subject, team)) != team.slug:
        raise Forbidden(f"{subject} became {owner}'s meanwhile: ask {owner} for the right to it.")
    record("subject.claimed", subject, by, {"team": team.slug})


def _decide(
    subject: SubjectName, asked: Asked, held: Holding, *, normalize: bool, force: bool
) -> Registered | Candidate:
    """What is to be written, decided on what was read; or what is there already.

    What is there already is answered whatever the mode. Only where the request or the config in
    scope would make something else of the schema, that is found out after the mode was asked.
    """
    importing = held.scope.mode.importing
    live = held.live
    normalize = (normalize or held.scope.flag("normalize")) and not importing
    if asked.tags and asked.version == 0:
        asked = replace(asked, version=LATEST)  # whoever edits tags wants to know the version
    as_it_is = not (_merges(held.scope) or asked.tags or asked.propagate_tags)
    if as_it_is and asked.text.strip():
        there = _as_asked(subject, asked, held, normalize=normalize)
        if there is not None:
            return there
    if asked.tags:
        candidate(subject, asked, normalize=normalize, strict=False)  # the parts must be there
    _ensure_mode(subject, held.scope.mode, importing=asked.id is not None)
    if importing:
        wanted = candidate(subject, asked, normalize=normalize, strict=False)
    else:
        asked = _latest_where_empty(asked, live)
        asked = _with_tags_of(asked, live) if asked.propagate_tags else asked
        wanted = candidate(subject, asked, normalize=normalize, **_checks(held.scope))
        wanted = _numbered(inheriting(wanted, live[0] if live else None, held.scope), held)
    if asked.version == 0:
        found = match(wanted, live)
        if found is not None and asked.id in (None, found.schema_id):
            return _registered(found)
    if importing or force:
        return wanted
    verdict = _verdict(held.scope, wanted, live)
    if not verdict.compatible:
        raise Incompatible(str(subject), verdict.messages, verdict.words)
    return wanted


def _latest_where_empty(asked: Asked, live: Sequence[Head]) -> Asked:
    """Metadata or rules alone may be registered: then the text is that of the latest version."""
    if asked.text.strip():
        return asked
    latest = lookup.newest(live)
    if latest is None:
        return asked
    references = tuple(r.wire for r in latest.references)
    return replace(asked, text=latest.text, type=latest.type, references=references)


def _with_tags_of(asked: Asked, live: Sequence[Head]) -> Asked:
    """With the tags that the latest version has, besides those that are asked for."""
    latest = lookup.newest(live)
    if latest is None or latest.type != asked.type:
        return asked
    tags = base.get(latest.type).tags(memo.parsed(latest))
    kept = tuple((part, tuple(names)) for part, names in tags.items())
    return replace(asked, tags=TagChange((*kept, *asked.tags.added), asked.tags.removed))


def _merges(in_scope: InScope) -> bool:
    return any(
        in_scope.values.get(name) is not None
        for name in ("defaultMetadata", "overrideMetadata", "defaultRuleSet", "overrideRuleSet")
    )


def _checks(in_scope: InScope) -> dict[str, bool]:
    """What is asked of a new schema beyond that it can be read."""
    return {
        "strict": in_scope.flag("validateNewSchemas", True),
        "fields": in_scope.flag("validateFields"),
    }


def _to_compare(
    subject: SubjectName, asked: Asked, mode: Mode, *, normalize: bool
) -> Candidate | None:
    """To be compared with what is there, which may have been accepted under other checks.

    None for what names a schema that is nowhere, while an import may still bring that. Raises
    InvalidSchema for what cannot be read.
    """
    try:
        return candidate(subject, asked, normalize=normalize, strict=False)
    except Unresolved:
        if mode.importing:
            return None
        raise


def _as_asked(
    subject: SubjectName, asked: Asked, held: Holding, *, normalize: bool
) -> Registered | None:
    """The live version that the request describes, number and id included where it has them."""
    wanted: Candidate | None
    try:
        # What passes the checks is the same without them, and is asked for again at once.
        wanted = candidate(subject, asked, normalize=normalize, **_checks(held.scope))
    except InvalidSchema:
        wanted = _to_compare(subject, asked, held.scope.mode, normalize=normalize)
    if wanted is None:
        return None
    live = held.live
    latest_only = asked.version == LATEST
    found = match(wanted, live[:1] if latest_only else live)
    if found is not None and asked.version not in (0, LATEST):
        if asked.id != found.schema_id:
            return None
        # The same may have been imported under several numbers.
        same = (v for v in live if v.version == asked.version and v.identity == found.identity)
        found = next(lookup.with_texts(same), None)
    elif found is not None and asked.id not in (None, found.schema_id):
        return None
    if found is None:
        return None
    exact = found.identity == wanted.identity and not latest_only
    return replace(_registered(found), timed=not exact)


def _registered(found: Stored) -> Registered:
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
    if importing and not mode.importing:
        refuse_by_mode(subject, "is not in import mode")
    if not importing and mode is not Mode.READWRITE:
        refuse_by_mode(subject, "is not in read-write mode")


def _numbered(wanted: Candidate, held: Holding) -> Candidate:
    """With its number in the metadata, where the request names one, or the metadata had one."""
    carried = contracts.property_of(wanted.metadata, VERSION_PROPERTY)
    if wanted.asked.version == 0 and carried is None:
        return wanted
    following = str(max((v.version for v in held.versions), default=0) + 1)
    metadata = contracts.with_property(wanted.metadata, VERSION_PROPERTY, following)
    return replace(wanted, metadata=metadata)


def _verdict(
    in_scope: InScope, wanted: Candidate, live: Sequence[Head], patience: float = PATIENCE
) -> Verdict:
    among = _older(_group(in_scope, wanted.metadata, live))
    until = time.monotonic() + patience
    verdict = compatibility.check(
        in_scope.level, wanted.parsed, among, in_scope.policy, lambda: time.monotonic() < until
    )
    fields = in_scope.flag("validateFields")
    reserved = _reserved(wanted, live[0] if live else None) if fields else []
    if verdict.compatible and not reserved:
        return verdict
    last = f"{{validateFields: '{str(fields).lower()}', compatibility: '{in_scope.level}'}}"
    return Verdict(
        False,
        (*reserved, *verdict.messages, last),
        (*reserved, *verdict.words),
        verdict.against,
    )


def _older(among: Sequence[Head]) -> Iterator[Older]:
    for stored in lookup.with_texts(among):
        weight.spend(stored.size)
        yield memo.older(stored)


def _reserved(wanted: Candidate, latest: Head | None) -> list[str]:
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


def _group(in_scope: InScope, metadata: Json | None, live: Sequence[Head]) -> list[Head]:
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
    importing = held.scope.mode.importing
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
        case "full":
            raise InvalidSchema(
                f"After version {naming.MAX_VERSION} there is none: delete that version for good",
                subject=str(subject),
            )
        case "taken":
            raise _overwrites(subject, asked.id)
        case "known" if not _is_stored(subject.context, schema_id, wanted):
            raise _overwrites(subject, schema_id)
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


def _overwrites(subject: SubjectName, schema_id: int | None) -> NotPermitted:
    context = SubjectName(subject.context, "")
    return NotPermitted(
        f"Overwrite new schema with id {schema_id} in context {context} is not permitted."
    )


def _is_stored(context: str, schema_id: int, wanted: Candidate) -> bool:
    """Whether the schema of that id is the candidate, and not only one of the same MD5."""
    stored = lookup.by_id(context, schema_id)
    return stored is None or same_content(wanted, stored)


def _may_be_deleted(in_scope: InScope) -> bool:
    """Whether references may name versions that were deleted softly, as `candidate` takes them."""
    return in_scope.mode.importing or not in_scope.flag("validateNewSchemas", True)


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
    live = lookup.heads(subject)
    if version is not None and version != LATEST and all(v.version != version for v in live):
        raise VersionNotFound(version)
    normalize = normalize or in_scope.flag("normalize")
    wanted = candidate(subject, asked, normalize=normalize, **_checks(in_scope))
    if version is None:
        return _verdict(in_scope, wanted, live)
    return _verdict(in_scope, wanted, [v for v in live if version in (LATEST, v.version)][:1])


@dataclass(frozen=True, slots=True)
class Assessment:
    """What registering would find: the verdict, the version that has the content already, and the
    live versions that it is compared with (those of its compatibility group), newest first."""

    wanted: Candidate
    verdict: Verdict
    existing: int | None
    among: Sequence[Head] = ()


def assess(
    subject: SubjectName,
    asked: Asked,
    held: Holding,
    level: Level,
    *,
    patience: float = PATIENCE,
) -> Assessment:
    """As registering decides, at a level that may not be in force yet; nothing is stored. With all
    versions it is compared for `patience` seconds.

    Raises InvalidSchema.
    """
    in_scope = replace(held.scope, level=level)
    live = held.live
    plain = candidate(subject, asked, normalize=in_scope.flag("normalize"), **_checks(in_scope))
    wanted = _numbered(inheriting(plain, live[0] if live else None, in_scope), held)
    among = _group(in_scope, wanted.metadata, live)
    there = match(plain, live) or match(wanted, live)
    if there is not None:
        return Assessment(wanted, compatibility.FINE, there.version, among)
    return Assessment(wanted, _verdict(in_scope, wanted, live, patience), None, among)
