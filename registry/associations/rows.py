"""Reads of associations, as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from registry import models
from registry.naming import SubjectName

TOPIC: Final = "topic"
EVERY: Final = "-"  # in a path: whatever namespace, or whatever name


class Lifecycle(StrEnum):
    """Whether the subject lives with its resource."""

    STRONG = "STRONG"
    WEAK = "WEAK"


@dataclass(frozen=True, slots=True)
class Association:
    """That a resource uses a subject for its keys or its values."""

    guid: UUID
    resource_name: str
    resource_namespace: str
    resource_id: str
    resource_type: str
    type: str
    subject: SubjectName
    lifecycle: Lifecycle
    at: datetime


@dataclass(frozen=True, slots=True)
class Filter:
    """Which associations are asked for; what is empty or None does not narrow.

    `context` is that of a caller who is bound to one.
    """

    resource_type: str | None = None
    types: Sequence[str] = ()
    lifecycle: Lifecycle | None = None
    context: str | None = None

    def where(self) -> dict[str, Any]:
        return {
            **({"resource_type": self.resource_type} if self.resource_type else {}),
            **({"association_type__in": list(self.types)} if self.types else {}),
            **({"lifecycle": self.lifecycle} if self.lifecycle else {}),
            **({"context": self.context} if self.context else {}),
        }


ALL: Final = Filter()


def of_subject(subject: SubjectName, wanted: Filter = ALL) -> list[Association]:
    """Associations with a subject."""
    return _read({"context": subject.context, "subject": subject.name}, wanted)


def of_subjects(subjects: Iterable[SubjectName], wanted: Filter = ALL) -> list[Association]:
    """Associations with any of the subjects."""
    pairs = set(subjects)
    contexts = {s.context for s in pairs}
    names = {s.name for s in pairs}
    found = _read({"context__in": contexts, "subject__in": names}, wanted)
    return [one for one in found if one.subject in pairs]


def of_resource(resource_id: str, wanted: Filter = ALL) -> list[Association]:
    """Associations of a resource, by its id."""
    return _read({"resource_id": resource_id}, wanted)


def of_name(name: str, namespace: str, wanted: Filter = ALL) -> list[Association]:
    """Associations of resources of a name in a namespace; `EVERY` stands for either."""
    return _read(
        {
            **({} if name == EVERY else {"resource_name": name}),
            **({} if namespace == EVERY else {"resource_namespace": namespace}),
        },
        wanted,
    )


def of_newest(name: str, namespace: str, resource_type: str) -> list[Association]:
    """As `of_name`, of the one resource that was associated last."""
    found = of_name(name, namespace, Filter(resource_type=resource_type))
    newest = max(found, key=lambda one: (one.at, one.resource_id), default=None)
    return [one for one in found if newest and one.resource_id == newest.resource_id]


MOST: Final = 10_000  # nobody pages through more


def _read(where: dict[str, Any], wanted: Filter) -> list[Association]:
    narrowed = models.Association.objects.filter(**where).filter(**wanted.where())
    listed = narrowed.order_by(
        "resource_name", "resource_namespace", "resource_type", "association_type", "subject"
    )
    return [
        Association(
            row.guid,
            row.resource_name,
            row.resource_namespace,
            row.resource_id,
            row.resource_type,
            row.association_type,
            SubjectName(row.context, row.subject),
            Lifecycle(row.lifecycle),
            row.created_at,
        )
        for row in listed[:MOST]
    ]
