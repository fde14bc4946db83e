"""Subjects and versions as pages list and compare them. Reads only."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Subquery

from registry import compatibility, memo, owners
from registry.compatibility import Direction, Judged, Older
from registry.errors import InvalidSchema
from registry.formats import base
from registry.formats.base import Change, Parsed, Policy
from registry.indent import indented
from registry.lookup import Stored
from registry.models import Context, Subject, Version

MOST_LINES: Final = 4_000
SORTS: Final[Mapping[str, tuple[str, ...]]] = {
    "name": ("name", "context__name"),
    # Each ends with what no two have in common, so that pages neither repeat nor leave out.
    "versions": ("live", "name", "context__name"),
    "changed": ("changed_at", "name", "context__name"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which subjects: those whose name begins with the words, in a context, of a format, of a team.
    With `deleted`, those all of whose versions were softly deleted; else those with a live one."""

    words: str = ""
    context: str = ""
    type: str = ""
    team: str = ""
    deleted: bool = False


EVERY: Final = Wanted()


def subjects(wanted: Wanted = EVERY, sort: str = "name") -> QuerySet[Subject]:
    """Subjects, each with `live` (how many versions count), `latest`, `changed_at`, and the `type`
    and author (`by`) of the latest."""
    mine = Version.objects.filter(subject=OuterRef("pk"))
    live = mine.filter(deleted=False)
    shown = (mine if wanted.deleted else live).order_by("-version")
    counts = Q(versions__deleted=wanted.deleted)
    found: QuerySet[Subject] = (
        Subject.objects.filter(~Exists(live) & Exists(mine) if wanted.deleted else Exists(live))
        .select_related("context")
        .annotate(
            live=Count("versions", filter=counts),
            latest=Max("versions__version", filter=counts),
            changed_at=Max("versions__registered_at", filter=counts),
            type=Subquery(shown.values("schema__type")[:1]),
            by=Subquery(shown.values("registered_by")[:1]),
        )
    )
    if wanted.words:
        found = found.filter(name__startswith=wanted.words)
    if wanted.context:
        found = found.filter(context__name=wanted.context)
    if wanted.type:
        found = found.filter(**{"type": wanted.type})
    if wanted.team:
        found = owners.owned_by(wanted.team, found)
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


def compare(older: Stored, newer: Stored, policy: Policy = Policy.STRICT) -> Comparison:
    """The comparison of two stored versions."""
    try:
        old, new = memo.parsed(older), memo.parsed(newer)
    except InvalidSchema as error:
        return Comparison(lines=text_lines(older.text, newer.text), unreadable=error.message)
    return compare_texts(old, new, policy)


def compare_texts(
    old: Parsed, new: Parsed, policy: Policy = Policy.STRICT, judged: Judged | None = None
) -> Comparison:
    """The comparison of two schemas, with the verdicts where they are there already."""
    lines = text_lines(old.text, new.text)
    if old.format != new.format:
        return Comparison(lines=lines, unreadable=f"{old.format} became {new.format}.")
    judged = judged or compatibility.both_ways(new, Older(1, old.text, lambda: old), policy)
    return Comparison(
        changes=base.get(new.format).changes(old, new),
        lines=lines,
        backward=judged[Direction.NEW_READS_OLD].words,
        forward=judged[Direction.OLD_READS_NEW].words,
    )


def text_lines(older: str, newer: str) -> list[tuple[str, str]]:
    """The lines of both texts in one: ("add" | "gone" | "", line)."""
    found: list[tuple[str, str]] = []
    for left, right in text_pairs(older, newer):
        if left.mark or right.mark:
            found += [(side.mark, side.text) for side in (left, right) if side.mark]
        else:
            found.append(("", left.text))
    return found


@dataclass(frozen=True, slots=True)
class Side:
    """A line of one of two texts beside each other: its number there, None where there is none;
    `mark` is "gone", "add", or "" where both have it."""

    text: str = ""
    number: int | None = None
    mark: str = ""


def text_pairs(older: str, newer: str) -> list[tuple[Side, Side]]:
    """The lines of both texts beside each other, laid out."""
    whole = indented(older).splitlines(), indented(newer).splitlines()
    before, after = (lines[:MOST_LINES] for lines in whole)
    found: list[tuple[Side, Side]] = []
    for kind, i, j, k, m in difflib.SequenceMatcher(a=before, b=after).get_opcodes():
        marks = ("", "") if kind == "equal" else ("gone", "add")
        left = [Side(line, n, marks[0]) for n, line in enumerate(before[i:j], i + 1)]
        right = [Side(line, n, marks[1]) for n, line in enumerate(after[k:m], k + 1)]
        found += zip_longest(left, right, fillvalue=Side())
    if max(map(len, whole)) > MOST_LINES:
        end = Side(f"… and so on: the first {MOST_LINES:,} lines are compared")
        found.append((end, end))
    return found
