"""Subjects and versions as pages list and compare them. Reads only."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import orjson
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Subquery

from registry import compatibility, memo
from registry.compatibility import Level
from registry.errors import InvalidSchema
from registry.formats import base
from registry.formats.base import Change, Parsed
from registry.lookup import Stored
from registry.models import Context, Subject, Version

MOST_LINES: Final = 4_000
SORTS: Final[Mapping[str, tuple[str, ...]]] = {
    "name": ("name", "context__name"),
    "versions": ("live", "name"),
    "changed": ("changed_at", "name"),
}


def subjects(*, words: str = "", context: str = "", sort: str = "name") -> QuerySet[Subject]:
    """Subjects with a live version, each with how many it has, the latest, and when it came."""
    live = Version.objects.filter(subject=OuterRef("pk"), deleted=False)
    latest = live.order_by("-version")
    found = (
        Subject.objects.filter(Exists(live))
        .select_related("context")
        .annotate(
            live=Count("versions", filter=Q(versions__deleted=False)),
            latest=Max("versions__version", filter=Q(versions__deleted=False)),
            changed_at=Max("versions__registered_at", filter=Q(versions__deleted=False)),
            type=Subquery(latest.values("schema__type")[:1]),
            by=Subquery(latest.values("registered_by")[:1]),
        )
    )
    if words:
        found = found.filter(name__startswith=words)
    if context:
        found = found.filter(context__name=context)
    return found.order_by(*_ordering(sort))


def _ordering(sort: str) -> list[str]:
    turned, name = sort.startswith("-"), sort.removeprefix("-")
    first, *rest = SORTS.get(name, SORTS["name"])
    return [f"-{first}" if turned and name in SORTS else first, *rest]


def contexts() -> QuerySet[Context]:
    """Contexts that something was registered in."""
    return Context.objects.filter(deleted=False).order_by("name")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed from one schema to another: by meaning, as text, and who can still read whom.

    `backward` and `forward` are empty where the newer reads the older, and the other way round;
    otherwise they say why not. `unreadable` replaces the rest where a text cannot be parsed.
    """

    changes: Sequence[Change] = ()
    lines: Sequence[tuple[str, str]] = ()
    backward: Sequence[str] = ()
    forward: Sequence[str] = ()
    unreadable: str = ""


def compare(older: Stored, newer: Stored) -> Comparison:
    """The comparison of two stored versions."""
    lines = text_lines(older.text, newer.text)
    try:
        old, new = memo.older(older).parsed(), memo.older(newer).parsed()
    except InvalidSchema as error:
        return Comparison(lines=lines, unreadable=str(error))
    return _compared(older, old, new, lines)


def compare_with_text(older: Stored, type_: str, text: str) -> Comparison:
    """The comparison of a stored version with a text that is not stored yet."""
    lines = text_lines(older.text, text)
    try:
        new = memo.parse(type_, text, (), strict=False, normalize=False)
        old = memo.older(older).parsed()
    except InvalidSchema as error:
        return Comparison(lines=lines, unreadable=str(error))
    return _compared(older, old, new, lines)


def _compared(
    older: Stored, old: Parsed, new: Parsed, lines: Sequence[tuple[str, str]]
) -> Comparison:
    if old.format != new.format:
        return Comparison(lines=lines, unreadable=f"{old.format} became {new.format}.")
    return Comparison(
        changes=base.get(new.format).changes(old, new),
        lines=lines,
        backward=compatibility.check_one(Level.BACKWARD, new, memo.older(older)).words,
        forward=compatibility.check_one(Level.FORWARD, new, memo.older(older)).words,
    )


def pretty(text: str) -> str:
    """A schema on several lines, as people read it; as it is where it is no JSON."""
    try:
        return orjson.dumps(orjson.loads(text), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return text


def text_lines(older: str, newer: str) -> list[tuple[str, str]]:
    """The lines of both texts in one: ("add" | "gone" | "", line)."""
    before = pretty(older).splitlines()[:MOST_LINES]
    after = pretty(newer).splitlines()[:MOST_LINES]
    marks = {"+ ": "add", "- ": "gone", "  ": ""}
    return [
        (marks[line[:2]], line[2:]) for line in difflib.ndiff(before, after) if line[:2] in marks
    ]
