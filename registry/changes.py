"""What a change makes old everywhere, and what it writes down: in the change's own transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NoReturn

from django.db.models.functions import Now

from governance import audit
from governance.actors import Actor
from registry import lookup
from registry.errors import NotPermitted
from registry.models import Change
from registry.naming import SubjectName


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a write comes from: an address, and the request that carried it, if one did."""

    address: str = ""
    request_id: int | None = None


WIRE: Final = Origin()
KEPT: Final = timedelta(hours=1)  # rows of changes


def subject_change(subject: SubjectName) -> str:
    """The name of answers about a subject's versions and settings."""
    return f"subject/{subject.context}/{subject.name}"


def id_change(context: str, schema_id: int) -> str:
    """The name of answers about an id."""
    return f"id/{context}/{schema_id}"


def setting_change(context: str) -> str:
    """The name of answers that depend on settings of a context."""
    return f"settings/{context}"


def settings_changed(subject: SubjectName) -> None:
    """Answers that depend on the settings of that place are old."""
    changed(subject_change(subject) if subject.name else setting_change(subject.context))


def changed(*names: str) -> None:
    """Answers of these names are old once this transaction has committed."""
    Change.objects.bulk_create([Change(name=name) for name in dict.fromkeys(names)])


def record(
    action: str,
    subject: SubjectName,
    by: Actor,
    data: Mapping[str, object],
    request_id: int | None = None,
) -> None:
    """One event about a subject, or about a context."""
    about = audit.Subject("subject", str(subject), str(subject), by.team or "")
    audit.record(action, by=by, about=about, request_id=request_id, data=data)


def ensure_writable(subject: SubjectName) -> None:
    """Raises NotPermitted where the mode in scope allows reading only."""
    if not lookup.in_scope(subject).mode.writable:
        refuse_by_mode(subject, "is in read-only mode")


def refuse_by_mode(subject: SubjectName, why: str) -> NoReturn:
    """Raises NotPermitted in the words of the wire."""
    # The default context prints as nothing, on the reference server too.
    raise NotPermitted(f"Subject {subject} in context {SubjectName(subject.context, '')} {why}")


def prune() -> int:
    """Remove rows that no reader can ask for any more; how many.

    Readers that looked away for longer than `freshness.MAX_PAUSE` forget everything, and no write
    of the registry stays open for anything near an hour, so what is older is of no use.
    """
    removed, _ = Change.objects.filter(at__lt=Now() - KEPT).delete()
    return removed
