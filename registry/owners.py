"""Who owns a subject, and why: by name of its own, or through the topic it is named after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from governance.models import Resource

SUFFIXES: Final = ("-value", "-key")


@dataclass(frozen=True, slots=True)
class Owner:
    """The owning team, and the reason in words."""

    team: str
    why: str


def topic_of(subject: str) -> str | None:
    """The topic that a subject is named after (TopicNameStrategy), None for other names."""
    for suffix in SUFFIXES:
        if subject.endswith(suffix) and len(subject) > len(suffix):
            return subject.removesuffix(suffix)
    return None


def owner_of(subject: str) -> Owner | None:
    """The owner of a subject of that name, None where nobody is known to own it."""
    topic = topic_of(subject)
    rows = list(
        Resource.objects.filter(kind="subject", name=subject)
        .order_by("created_at")
        .values_list("owner__slug", flat=True)[:1]
    )
    if rows:
        return Owner(rows[0], "It registered the subject first, through a request.")
    if topic is None:
        return None
    rows = list(
        Resource.objects.filter(kind="topic", name=topic)
        .order_by("created_at")
        .values_list("owner__slug", flat=True)[:1]
    )
    return Owner(rows[0], f"It owns the topic {topic}.") if rows else None
