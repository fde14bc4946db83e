"""Personal data in schemas: which tags say so, and how sensitive the topic is said to be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from governance.models import DataClass, Lifecycle, Resource
from registry.formats.base import Entity
from registry.naming import SubjectName
from registry.strategies import naming

# Compared without regard to case, and with "-" and " " as "_".
TAGS: Final = frozenset(
    {"PII", "PERSONAL", "PERSONAL_DATA", "SENSITIVE", "SENSITIVE_PERSONAL", "PHI", "GDPR"}
)

Tags = Mapping[Entity, Sequence[str]]


def is_personal(tag: str) -> bool:
    """Whether a tag says that the part holds data about a person."""
    return tag.strip().upper().replace("-", "_").replace(" ", "_") in TAGS


def fields_of(tags: Tags) -> list[str]:
    """Paths of the parts that are tagged so: fields, or whole records."""
    return sorted(part.path for part, names in tags.items() if any(map(is_personal, names)))


def all_tags(tags: Tags) -> list[str]:
    """Every tag in a schema, once."""
    return sorted({name for names in tags.values() for name in names})


def facts_of(tags: Tags) -> dict[str, object]:
    """What policies ask about tags."""
    return {"subject.tags": all_tags(tags), "subject.personal_fields": fields_of(tags)}


def data_classes(subjects: Iterable[SubjectName]) -> dict[SubjectName, str]:
    """The data class of the topic that each subject is named after, else of the subject itself;
    that of a new thing where neither is there yet. One query for all."""
    asked = {subject: _named_after(subject) for subject in subjects}
    rows = (
        Resource.objects.exclude(lifecycle=Lifecycle.RETIRED)
        .filter(kind__in=("topic", "subject"))
        .filter(name__in={name for _, name in asked.values()} | {s.name for s in asked})
        .order_by("-created_at", "-pk")
        .values_list("kind", "name", "data_class")
    )
    known = {(kind, name): data_class for kind, name, data_class in rows}
    return {
        subject: known.get(named)
        or known.get(("subject", subject.name))
        or DataClass.INTERNAL.value
        for subject, named in asked.items()
    }


def class_asked(subject: SubjectName, asked: Mapping[tuple[str, str], str]) -> str:
    """The class that the same request asks for, for what the subject is named after; empty where it
    asks for none. `asked` is by kind and name."""
    return asked.get(_named_after(subject), "")


def _named_after(subject: SubjectName) -> tuple[str, str]:
    found = naming(subject.name)
    return (
        ("topic", found.topic) if found is not None and found.topic else ("subject", subject.name)
    )
