"""Lists in pages: by number where people jump about, by id where a list only grows; narrowed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, overload

from django.db.models import Model, QuerySet
from django.http import HttpRequest

from governance import queries

SIZE = 40
MOST_COUNTED = 1_000  # beyond, a list says that there are more: counting reads every row
LONGEST = 200  # of what is searched for
# An offset far beyond the end costs the database a walk over everything before it.
LAST_NUMBER = 2_000

Row = TypeVar("Row")
M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Listed(Generic[Row]):
    """One page of a list: its rows, where they lie in words, and the addresses beside it. `total`
    is exact up to `MOST_COUNTED`."""

    rows: Sequence[Row]
    words: str = ""
    previous_url: str = ""
    next_url: str = ""
    total: int = 0


def narrowed_by(
    request: HttpRequest, texts: Sequence[str], choices: Mapping[str, Collection[str]]
) -> dict[str, str]:
    """What the address narrows a list by: words, and values out of `choices`.

    As the form shows it: what is none of its choices narrows nothing.
    """
    narrow = {name: request.GET.get(name, "").strip()[:LONGEST] for name in texts}
    for name, known in choices.items():
        given = request.GET.get(name, "")
        narrow[name] = given if given in known else ""
    return narrow


@overload
def by_number(
    request: HttpRequest, rows: QuerySet[M], *, one: str, size: int = SIZE
) -> Listed[M]: ...
@overload
def by_number(
    request: HttpRequest, rows: Sequence[Row], *, one: str, size: int = SIZE
) -> Listed[Row]: ...
def by_number(
    request: HttpRequest, rows: QuerySet[Any] | Sequence[Any], *, one: str, size: int = SIZE
) -> Listed[Any]:
    """The page that ``?page=`` names, `size` rows each; `one` names a row: "topic"."""
    number = min(max(_whole(request.GET.get("page")) or 1, 1), LAST_NUMBER)
    found = _rows_of(rows, number, size)
    if not found and number > 1:  # beyond the end
        total = rows.count() if isinstance(rows, QuerySet) else len(rows)
        number = min(max((total + size - 1) // size, 1), LAST_NUMBER)
        found = _rows_of(rows, number, size)
    shown, start = found[:size], (number - 1) * size
    more = len(found) > size
    counted = _counted(rows) if more else start + len(shown)
    exact = not more or not isinstance(rows, QuerySet) or counted <= MOST_COUNTED
    total = max(counted, start + len(found))
    return Listed(
        rows=shown,
        words=_words(start, len(shown), total, one, exact=exact),
        previous_url=_with(request, page=number - 1) if number > 1 else "",
        next_url=_with(request, page=number + 1) if more and number < LAST_NUMBER else "",
        total=total,
    )


def _rows_of(rows: QuerySet[Any] | Sequence[Any], number: int, size: int) -> list[Any]:
    """The rows of that page, and one more where there is a next page."""
    start = (number - 1) * size
    return list(rows[start : start + size + 1])


def _counted(rows: QuerySet[Any] | Sequence[Any]) -> int:
    """How many there are; of what the database holds up to one more than `MOST_COUNTED`."""
    if not isinstance(rows, QuerySet):
        return len(rows)
    return queries.counted(rows, MOST_COUNTED)


def by_id(request: HttpRequest, rows: QuerySet[M]) -> Listed[M]:
    """Newest first: ``?before=`` an id, or ``?after=`` one; needs no count of the whole."""
    before, after = _whole(request.GET.get("before")), _whole(request.GET.get("after"))
    if after:
        found = list(rows.filter(pk__gt=after).order_by("pk")[: SIZE + 1])
        more_newer, more_older = len(found) > SIZE, True
        shown = found[:SIZE][::-1]
    else:
        found = list((rows.filter(pk__lt=before) if before else rows).order_by("-pk")[: SIZE + 1])
        more_newer, more_older = bool(before), len(found) > SIZE
        shown = found[:SIZE]
    return Listed(
        rows=shown,
        previous_url=_with(request, after=shown[0].pk) if shown and more_newer else "",
        next_url=_with(request, before=shown[-1].pk) if shown and more_older else "",
    )


def _words(start: int, shown: int, total: int, one: str, *, exact: bool) -> str:
    if total == 0:
        return ""
    many = one if total == 1 else f"{one}s"
    if exact and shown == total:
        return f"{total:,} {many}"
    of = f"{total:,}" if exact else f"more than {total - 1:,}"
    return f"{start + 1:,}–{start + shown:,} of {of} {many}"


def _whole(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else 0


def _with(request: HttpRequest, **changes: int) -> str:
    query = request.GET.copy()
    for name in ("page", "before", "after"):
        query.pop(name, None)
    for name, value in changes.items():
        query[name] = str(value)
    return f"?{query.urlencode()}"
