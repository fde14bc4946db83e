"""Making and removing associations: each request one transaction, which holds its events too.

Two things exclude each other: that a topic owns a subject, and that another schema refers to it.
Whoever makes associations holds a lock alone, and whoever registers a schema with references holds
it together with others of its kind, so that neither overlooks what the other is about to write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import uuid4

from django.db import transaction

from governance.actors import Actor
from registry import lookup, models, naming, removal, store
from registry.associations import rows, rules
from registry.associations.rows import Association, Filter, Lifecycle
from registry.associations.rules import Resource, Wanted
from registry.changes import Origin, ensure_writable, record
from registry.errors import (
    AssociationFrozen,
    AssociationNotFound,
    Incompatible,
    InvalidAssociation,
    NoLiveVersion,
    Referenced,
    ResourceAssociated,
    SchemaNotFound,
    SubjectAssociated,
    SubjectNotFound,
    SubjectOwned,
)
from registry.gate import Operation, admit
from registry.locks import hold_settings, lock_associations
from registry.naming import SubjectName
from registry.scope import Mode
from registry.store import Registered


@dataclass(frozen=True, slots=True)
class Made:
    """An association that is new, with the schema that was registered with it."""

    association: Association
    schema: Registered | None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who writes, from where, and whether it is only to be tried."""

    by: Actor
    origin: Origin
    dry_run: bool = False


def associate(
    of: Resource, wanted: Sequence[Wanted], *, create: bool, caller: Caller
) -> list[Made]:
    """Associate subjects with a resource; those that are new. What is there already stays.

    With `create` the resource is being made, and its subjects may be with it. Raises
    InvalidAssociation, ResourceAssociated, SubjectAssociated, SubjectOwned, NoLiveVersion,
    Referenced, NotPermitted; and whatever registering raises. Events: `association.created`.
    """
    if create:
        wanted = [rules.new(of, one, create=True) for one in wanted]
    else:
        for one in wanted:
            rules.ensure_plausible(one)
    with transaction.atomic():
        hold_settings()
        lock_associations()
        for one in wanted:
            if one.subject is not None:
                _ensure_open(one.subject, caller.by)
        rules.ensure_each_once([one.type for one in wanted])
        held = {one.type: one for one in _held(of, caller)}
        wanted = [_decided(of, one, held, create=create, by=caller.by) for one in wanted]
        rules.ensure_uniform({t: a.lifecycle for t, a in held.items()}, wanted)
        fresh = [one for one in wanted if one.type not in held]
        for one in fresh:
            _ensure_free(one, fresh)
        if caller.dry_run:
            for one in fresh:
                _ensure_registrable(one, caller.by)
            return []
        return [_make(of, one, caller) for one in fresh]


def _ensure_open(subject: SubjectName, by: Actor) -> None:
    naming.ensure_valid(subject)
    admit(Operation.ASSOCIATE, subject, by)
    ensure_writable(subject)


def _held(of: Resource, caller: Caller) -> list[Association]:
    """What the resource has. Before it has an id, it is known by its name."""
    if of.id is not None:
        return rows.of_resource(of.id, Filter(resource_type=of.type))
    return rows.of_newest(of.name, of.namespace, of.type) if caller.dry_run else []


def _decided(
    of: Resource, wanted: Wanted, held: Mapping[str, Association], *, create: bool, by: Actor
) -> Wanted:
    """What is asked for, completed, and allowed as far as it can be said of it alone."""
    there = held.get(wanted.type)
    if there is None:
        wanted = rules.new(of, wanted, create=create)
        _ensure_open(_subject(wanted), by)
        _ensure_may_own(wanted, create=create, by=by)
        return wanted
    rules.ensure_same(of, there.subject, there.lifecycle, wanted, create=create)
    if create and wanted.schema is not None and not _is_registered(wanted, by):
        raise ResourceAssociated(wanted.type, of.name)
    return replace(wanted, subject=there.subject)


def _subject(wanted: Wanted) -> SubjectName:
    if wanted.subject is None:
        raise InvalidAssociation("subject", "must be provided for WEAK associations")
    return wanted.subject


def _ensure_may_own(wanted: Wanted, *, create: bool, by: Actor) -> None:
    """A subject is owned from its first version on, but for one that is being imported."""
    subject = _subject(wanted)
    removal.lock_subject(subject)
    if lookup.in_scope(subject).mode is Mode.IMPORT:
        if wanted.schema is not None:
            raise InvalidAssociation(
                "schema", f"cannot be provided while subject '{subject}' is in IMPORT mode"
            )
        return
    if wanted.lifecycle is not Lifecycle.STRONG:
        return
    if not create:
        raise InvalidAssociation(
            "lifecycle",
            "cannot be STRONG when creating an association; "
            "STRONG associations must be created with the topic",
        )
    if wanted.schema is None:
        raise InvalidAssociation(
            "schema", "schema must be provided when creating a frozen association"
        )
    latest = lookup.find_version(subject, naming.LATEST)
    if latest is not None and (latest.version != 1 or not _is_registered(wanted, by)):
        raise InvalidAssociation(
            "frozen",
            "cannot create a frozen association when schemas already exist in the subject",
        )


def _is_registered(wanted: Wanted, by: Actor) -> bool:
    if wanted.schema is None:
        return False
    try:
        store.find(
            _subject(wanted), wanted.schema, normalize=wanted.normalize, deleted=False, by=by
        )
    except (SubjectNotFound, SchemaNotFound):
        return False
    return True


def _ensure_free(wanted: Wanted, request: Sequence[Wanted]) -> None:
    """The subject is there, and neither owned nor, where it is to be owned, used by others."""
    subject = _subject(wanted)
    if wanted.schema is None and lookup.find_version(subject, naming.LATEST) is None:
        raise NoLiveVersion(str(subject))
    others = rows.of_subject(subject)
    if wanted.lifecycle is Lifecycle.WEAK:
        if any(one.lifecycle is Lifecycle.STRONG for one in others):
            raise SubjectOwned(str(subject))
        return
    if others:
        raise SubjectAssociated(str(subject))
    named = {
        naming.qualify(reference.subject, _subject(other).context)
        for other in request
        if other.schema is not None
        for reference in other.schema.references
    }
    if subject in named or lookup.referred_versions(subject, deleted=True):
        raise Referenced(str(subject))


def _ensure_registrable(wanted: Wanted, by: Actor) -> None:
    if wanted.schema is None:
        return
    subject = _subject(wanted)
    verdict = store.check(subject, wanted.schema, version=None, normalize=wanted.normalize, by=by)
    if not verdict.compatible:
        raise Incompatible(str(subject), verdict.messages, verdict.words)


def _make(of: Resource, wanted: Wanted, caller: Caller) -> Made:
    subject = _subject(wanted)
    lifecycle = wanted.lifecycle or Lifecycle.WEAK
    schema = None
    if wanted.schema is not None:
        schema = store.register(
            subject,
            wanted.schema,
            by=caller.by,
            origin=caller.origin,
            normalize=wanted.normalize,
        )
    # Another resource of that name had it; there is one of that name now.
    models.Association.objects.filter(
        resource_name=of.name,
        resource_namespace=of.namespace,
        resource_type=of.type,
        association_type=wanted.type,
        context=subject.context,
        subject=subject.name,
    ).delete()
    models.Association.objects.create(
        guid=uuid4(),
        resource_name=of.name,
        resource_namespace=of.namespace,
        resource_id=of.id or "",
        resource_type=of.type,
        association_type=wanted.type,
        context=subject.context,
        subject=subject.name,
        lifecycle=lifecycle,
    )
    (made,) = rows.of_resource(of.id or "", Filter(of.type, (wanted.type,)))
    record("association.created", subject, caller.by, _told(made, caller.origin))
    return Made(made, schema)


def dissociate(
    resource_id: str, wanted: Filter, *, cascade: bool, caller: Caller
) -> list[Association]:
    """Remove associations of a resource; which. With `cascade` owned subjects go with them.

    Raises AssociationNotFound, AssociationFrozen (an owned subject's goes with `cascade` only),
    NotPermitted, Referenced. Events: `association.deleted`, and those of deleting.
    """
    with transaction.atomic():
        hold_settings()
        lock_associations()
        found = rows.of_resource(resource_id, wanted)
        if not found:
            raise AssociationNotFound(resource_id)
        for one in found:
            admit(Operation.ASSOCIATE, one.subject, caller.by)
            ensure_writable(one.subject)
            if not cascade and one.lifecycle is Lifecycle.STRONG:
                raise AssociationFrozen(one.type, str(one.subject))
        if caller.dry_run:
            return found
        for one in found:
            models.Association.objects.filter(guid=one.guid).delete()
            record("association.deleted", one.subject, caller.by, _told(one, caller.origin))
            imported = lookup.in_scope(one.subject).mode is Mode.IMPORT
            if cascade and one.lifecycle is Lifecycle.STRONG and not imported:
                for permanent in (False, True):
                    removal.delete_subject(
                        one.subject, permanent=permanent, by=caller.by, origin=caller.origin
                    )
        return found


def _told(one: Association, origin: Origin) -> dict[str, object]:
    return {
        "resource": one.resource_name,
        "namespace": one.resource_namespace,
        "resource_id": one.resource_id,
        "type": one.type,
        "lifecycle": one.lifecycle.value,
        "from": origin.address,
    }
