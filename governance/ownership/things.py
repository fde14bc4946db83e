"""Whose things are, and giving them to another team: reads and the one write."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from governance import kinds
from governance.errors import Problem
from governance.kinds import HandsOver, Kind
from governance.models import Resource, Team
from governance.ownership.spec import OwnershipSpec

MOST = 500  # things that begin alike, in one item


def kind_of(name: str) -> Kind | None:
    """The kind of that name, where its things can change hands."""
    found = next((kind for kind in kinds.every() if kind.name == name), None)
    return found if isinstance(found, HandsOver) else None


_PLACES: ContextVar[Mapping[str, tuple[str, str]] | None] = ContextVar("places", default=None)


def places() -> Mapping[str, tuple[str, str]]:
    """(title, environment) of everywhere where things that can change hands live, by place."""
    held = _PLACES.get()
    if held is not None:
        return held
    found = [p for kind in kinds.every() if isinstance(kind, HandsOver) for p in kind.places()]
    return {place: (title, environment) for place, title, environment in found}


@contextmanager
def reading(targets: Iterable[tuple[str, str]]) -> Iterator[None]:
    """Reads places, and what is known of the things behind these (place, name of an item), once for
    the block."""
    things = [(*name.partition("/")[::2], place) for place, name in targets]
    token = _PLACES.set(places())
    try:
        with kinds.reading((kind, place, thing) for kind, thing, place in things):
            yield
    finally:
        _PLACES.reset(token)


def owner_of(kind: str, place: str, name: str) -> str:
    """The team that the thing belongs to there; empty where none does, or it is not there."""
    found = kind_of(kind)
    if found is None or place not in places() or "\x00" in name:
        return ""
    current = found.current(place, name)
    return current.owner if current is not None else ""


def resources_of(spec: OwnershipSpec) -> list[Resource]:
    """The things that change hands, by name, and one more than the most where there are more."""
    found = Resource.objects.filter(kind=spec.kind, owner__slug=spec.giver)
    named = {"name__startswith": spec.stem} if spec.prefixed else {"name": spec.thing}
    return list(found.filter(**named).order_by("name", "pk")[: MOST + 1])


def taken(spec: OwnershipSpec) -> bool:
    """Whether the team that takes has such things already, as after a first try."""
    named = {"name__startswith": spec.stem} if spec.prefixed else {"name": spec.thing}
    found = Resource.objects.filter(kind=spec.kind, owner__slug=spec.taker, **named)
    return found.exists()


def generation(owner: str, names: Sequence[str]) -> int:
    """A number that is another where the owner is another, or other things begin alike."""
    text = "\n".join([owner, *names])
    return zlib.crc32(text.encode()) & 0x7FFFFFFF


def held_by_both(spec: OwnershipSpec, resources: Sequence[Resource]) -> str:
    """A name that the taking team has a thing of already; empty for none."""
    names = [row.name for row in resources]
    same = Resource.objects.filter(kind=spec.kind, owner__slug=spec.taker, name__in=names)
    return same.order_by("name").values_list("name", flat=True).first() or ""


def production_of(kind: str, resources: Collection[int]) -> str:
    """A production environment that one of these lives in, by name; empty for none."""
    found = kind_of(kind)
    return found.production_of(resources) if isinstance(found, HandsOver) else ""


def team_problem(path: str, slug: str) -> Problem | None:
    """Why nothing can be given to that team; None where something can."""
    team = Team.objects.filter(slug=slug).first()
    if team is None or team.closed_at is not None:
        why = "is closed" if team else "does not exist"
        return Problem(path, f"Team {slug[:63]} {why}.", "Name a team that is there.")
    return None
