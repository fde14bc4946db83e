"""Writing events: always in the transaction of the change, never afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from django.db import models

from governance.actors import Actor
from governance.models import Event

BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Subject:
    """What an event is about, when it is no row of ours: a topic, a subject of the registry."""

    kind: str
    id: str
    name: str
    team: str = ""


@dataclass(frozen=True, slots=True)
class Happening:
    """An event to be written by `record_many`. `data` holds plain values and never a secret."""

    action: str
    about: models.Model | Subject
    request_id: int | None = None
    team: str = ""
    data: Mapping[str, object] = field(default_factory=dict)


def record(
    action: str,
    *,
    by: Actor,
    about: models.Model | Subject,
    request_id: int | None = None,
    team: str = "",
    data: Mapping[str, object] | None = None,
) -> Event:
    """Writes one event (``request.approved``) and gives it back."""
    event = _event(Happening(action, about, request_id, team, data or {}), by)
    event.save(force_insert=True)
    return event


def record_many(happenings: Sequence[Happening], *, by: Actor) -> None:
    """Writes many events in few statements, in the order given."""
    Event.objects.bulk_create([_event(h, by) for h in happenings], batch_size=BATCH)


def _event(happening: Happening, by: Actor) -> Event:
    about = happening.about
    subject = about if isinstance(about, Subject) else _subject(about)
    return Event(
        actor_kind=by.kind,
        actor_id=by.id,
        actor_name=by.name[:150],
        action=happening.action,
        object_kind=subject.kind,
        object_id=subject.id[:120],
        object_name=subject.name[:400],
        team=happening.team or subject.team,
        request_id=happening.request_id,
        data=dict(happening.data),
        request_uid=str(structlog.contextvars.get_contextvars().get("request_id", "")),
    )


def _subject(row: models.Model) -> Subject:
    return Subject(kind=row._meta.model_name or "", id=str(row.pk), name=str(row))
