"""Deleting: versions, subjects, contexts; softly first, then for good."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, transaction

from governance.actors import Actor
from registry import lookup
from registry.associations import rows
from registry.changes import (
    WIRE,
    Origin,
    changed,
    ensure_writable,
    id_change,
    record,
    subject_change,
)
from registry.errors import (
    ContextNotEmpty,
    NoLiveVersion,
    Referenced,
    SubjectAssociated,
    SubjectNotFound,
    SubjectNotSoftDeleted,
    SubjectSoftDeleted,
    VersionNotFound,
    VersionNotSoftDeleted,
    VersionSoftDeleted,
)
from registry.gate import Operation, admit, ensure_unread
from registry.locks import hold_settings
from registry.models import Config, Context, Schema, Subject, Version
from registry.models import Mode as ModeRow
from registry.naming import DEFAULT, LATEST, SubjectName


def delete_subject(
    subject: SubjectName, *, permanent: bool, by: Actor, origin: Origin = WIRE
) -> list[int]:
    """Delete a subject softly, or for good what was deleted softly; the versions it concerned.

    A second call is an error, as the wire API wants it. The event is `subject.deleted`.
    """
    admit(Operation.DELETE, subject, by)
    if permanent:
        ensure_unread(subject, by)
    with transaction.atomic():
        hold_settings()
        row = lock_subject(subject)
        there = lookup.versions(subject)
        live = [number for number, gone in there if not gone]
        if row is None or not there:
            raise SubjectNotFound(str(subject))
        if not permanent and not live:
            raise SubjectSoftDeleted(str(subject))
        ensure_writable(subject)
        if rows.of_subject(subject):
            raise SubjectAssociated(str(subject))
        numbers = [number for number, _ in there] if permanent else live
        referred = set(lookup.referred_versions(subject, deleted=permanent))
        for number in numbers:
            if number in referred:
                raise Referenced(str(subject), number)
            if permanent and number in live:
                raise SubjectNotSoftDeleted(str(subject))
        remove(row, subject, numbers, permanent=permanent)
        record("subject.deleted", subject, by, _deletion(numbers, origin, permanent=permanent))
    return numbers


def delete_version(
    subject: SubjectName, number: int, *, permanent: bool, by: Actor, origin: Origin = WIRE
) -> int:
    """Delete one version softly, or for good; its number. The event is `version.deleted`."""
    admit(Operation.DELETE, subject, by)
    if permanent:
        ensure_unread(subject, by)
    with transaction.atomic():
        hold_settings()
        row = lock_subject(subject)
        there = dict(lookup.versions(subject))
        if number == LATEST:
            number = max((n for n, gone in there.items() if not gone), default=LATEST)
        if row is None or not there:
            raise SubjectNotFound(str(subject))
        if not permanent and there.get(number) is True:
            raise VersionSoftDeleted(str(subject), number)
        if number not in there:
            raise VersionNotFound(number)
        ensure_writable(subject)
        last = not any(not gone for n, gone in there.items() if n != number)
        if last and not permanent and rows.of_subject(subject):
            raise NoLiveVersion(str(subject))
        if lookup.referrers(subject, number, deleted=permanent):
            raise Referenced(str(subject), number)
        if permanent and not there[number]:
            raise VersionNotSoftDeleted(str(subject), number)
        remove(row, subject, [number], permanent=permanent)
        record("version.deleted", subject, by, _deletion([number], origin, permanent=permanent))
    return number


def _deletion(numbers: Sequence[int], origin: Origin, *, permanent: bool) -> dict[str, object]:
    return {"versions": list(numbers), "permanent": permanent, "from": origin.address}


def lock_subject(subject: SubjectName) -> Subject | None:
    """The subject's row, held until the transaction ends; None where it never had a version."""
    with connection.cursor() as cursor:
        # A writer that hangs must not hang all the others with it.
        cursor.execute("SET LOCAL lock_timeout = '5s'")
    return (
        Subject.objects.select_for_update(of=("self",))
        .filter(context__name=subject.context, name=subject.name)
        .first()
    )


def remove(row: Subject, subject: SubjectName, numbers: Sequence[int], *, permanent: bool) -> None:
    """Take versions away in the caller's transaction, which holds the subject's lock."""
    versions = Version.objects.filter(subject=row, version__in=numbers)
    ids = set(versions.values_list("schema_id", "schema__schema_id"))
    if permanent:
        # Whoever registers the same content holds its row: they wait, or their version is seen.
        schemas = Schema.objects.filter(pk__in=[pk for pk, _ in ids])
        list(schemas.select_for_update().order_by("pk").values("pk"))
        versions.delete()
        # An id ends with the last version that holds it, in whatever subject.
        schemas.filter(versions__isnull=True).delete()
        if not Version.objects.filter(subject=row).exists():
            Config.objects.filter(context=subject.context, subject=subject.name).delete()
            ModeRow.objects.filter(context=subject.context, subject=subject.name).delete()
    else:
        versions.update(deleted=True)
    row.revision += 1
    row.save(update_fields=["revision"])
    changed(
        "subjects",
        subject_change(subject),
        *(id_change(subject.context, schema_id) for _, schema_id in ids),
    )


def delete_context(name: str, *, by: Actor) -> None:
    """Delete a context that holds no subject; what is set for it stays. Raises ContextNotEmpty."""
    subject = SubjectName(name, "")
    admit(Operation.DELETE, subject, by)
    with transaction.atomic():
        row = Context.objects.select_for_update().filter(name=name, deleted=False).first()
        if row is None or name == DEFAULT:
            if Version.objects.filter(subject__context__name=name).exists():
                raise ContextNotEmpty(name)
            return
        # Whoever registers a schema now waits for this lock, or had theirs before, in which case
        # the context is not empty.
        if Version.objects.filter(subject__context=row).exists():
            raise ContextNotEmpty(name)
        row.deleted = True
        row.save(update_fields=["deleted"])
        changed("contexts", "subjects")
        record("context.deleted", subject, by, {})
