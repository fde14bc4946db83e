"""From what was typed to items of a request, and from item rows to what kinds understand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from governance import kinds
from governance.errors import Invalid, Problem, Refused
from governance.kinds import ItemView, WaitsFor
from governance.models import Environment, Item, Request
from governance.workflow import ItemState

MAX_ITEMS = 2_000

Places = dict[str, tuple[str, str]]  # title and environment, by place


@dataclass(frozen=True, slots=True)
class NewItem:
    """One change as a person or a program writes it; `after` is not parsed yet."""

    kind: str
    operation: str
    name: str
    place: str
    after: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Typed:
    """Items as far as they could be read, the environment they share, and what is wrong."""

    items: tuple[ItemView, ...]
    environment: Environment | None
    problems: tuple[Problem, ...]


def read_items(new: Sequence[NewItem], *, team: str, request_id: int = 0) -> Typed:
    """Parses what was typed and adds what is declared now. Raises nothing for bad values: they
    come back as problems, so that a page can show all of them at once."""
    if len(new) > MAX_ITEMS:
        raise Invalid(
            f"A request holds {MAX_ITEMS:,} items at most, this one has {len(new):,}. "
            "Split it into several requests.",
            path="items",
        )
    environments = {e.slug: e for e in Environment.objects.all()}
    places: dict[str, Places] = {}
    problems: list[Problem] = []
    items: list[ItemView] = []
    seen: dict[tuple[str, str, str], int] = {}
    with kinds.reading((one.kind, one.place, one.name) for one in new):
        read = [
            _read(one, position, environments, places, team=team, request_id=request_id)
            for position, one in enumerate(new)
        ]
    for position, (item, wrong) in enumerate(read):
        problems += wrong
        if item is None:
            continue
        target = (item.kind, item.place, item.name)
        if target in seen:
            problems.append(
                Problem(
                    "name",
                    f"Items {seen[target] + 1} and {position + 1} both change {item.name}.",
                    "Put both changes into one item.",
                    position,
                )
            )
            continue
        seen[target] = position
        items.append(item)
    items = _side_by_side(items)
    used = {item.environment for item in items}
    if len(used) > 1:
        problems.append(
            Problem(
                "place",
                f"The items lie in several environments: {', '.join(sorted(used))}.",
                "Make one request for each environment, since different rules hold there.",
            )
        )
    environment = environments.get(next(iter(used))) if len(used) == 1 else None
    return Typed(tuple(items), environment, tuple(problems))


class Neighbour(NamedTuple):
    """What an item is about, for those beside it; `data_class` as far as it asks for one."""

    kind: str
    place: str
    name: str
    data_class: object = None


class Beside(NamedTuple):
    """What a request is about, as each of its items knows it."""

    targets: frozenset[tuple[str, str, str]]
    classes: Mapping[tuple[str, str], str]

    @classmethod
    def of(cls, neighbours: Sequence[Neighbour]) -> Beside:
        """That of a request with these items."""
        classes = {(o.kind, o.name): str(o.data_class) for o in neighbours if o.data_class}
        return cls(frozenset((one.kind, one.place, one.name) for one in neighbours), classes)

    def told_to(self, item: ItemView) -> ItemView:
        """The item, which knows it now."""
        return replace(item, beside=self.targets, classes_beside=self.classes)


def _side_by_side(items: Sequence[ItemView]) -> list[ItemView]:
    """The items, each of which knows what else its request is about."""
    beside = Beside.of(
        [Neighbour(i.kind, i.place, i.name, i.after.get("data_class")) for i in items]
    )
    return [beside.told_to(item) for item in items]


def _read(
    one: NewItem,
    position: int,
    environments: Mapping[str, Environment],
    places: dict[str, Places],
    *,
    team: str,
    request_id: int,
) -> tuple[ItemView | None, list[Problem]]:
    try:
        kind = kinds.get(one.kind)
    except kinds.UnknownKind as error:
        return None, [Problem("kind", error.message, "Choose one of them.", position)]
    if one.operation not in kind.operations:
        can = ", ".join(sorted(kind.operations))
        return None, [
            Problem(
                "operation",
                f"{kind.title} knows no operation {one.operation!r}.",
                f"Use one of: {can}.",
                position,
            )
        ]
    if kind.name not in places:
        places[kind.name] = {place: (title, slug) for place, title, slug in kind.places()}
    known = places[kind.name]
    if one.place not in known:
        what = kind.title.lower()
        missing = f"There is no place {one.place!r} for a {what}."
        return None, [
            Problem(
                "place",
                missing if one.place else f"It is not said where the {what} is to be.",
                f"Choose one of: {', '.join(sorted(known)) or 'none; connect a cluster first'}.",
                position,
            )
        ]
    after, wrong = kind.parse(one.operation, one.name, one.place, one.after)
    environment = environments.get(known[one.place][1])
    current = kind.current(one.place, one.name)
    item = ItemView(
        position=position,
        kind=one.kind,
        operation=one.operation,
        name=one.name,
        place=one.place,
        after=after,
        before=current.declared if current else None,
        base_generation=current.generation if current else 0,
        request_id=request_id,
        team=team,
        environment=environment.slug if environment else known[one.place][1],
        production=bool(environment and environment.production),
    )
    return (None if wrong else item), [replace(p, position=position) for p in wrong]


def must_read(new: Sequence[NewItem], *, team: str, request_id: int = 0) -> Typed:
    """As `read_items`, but raises Refused when anything could not be read."""
    if not new:
        raise Invalid("A request needs at least one item. Add a topic or a schema.", path="items")
    typed = read_items(new, team=team, request_id=request_id)
    if typed.problems:
        raise Refused("The request cannot be read as it is.", typed.problems)
    return typed


def dependencies(items: Sequence[ItemView]) -> dict[int, list[int]]:
    """Positions that each item waits for: items of kinds its kind depends on, about the same thing.

    "The same thing" is the same name, or a name that begins with it and a dash, as subjects of a
    topic do (``payments.authorized-value``); or what the kind itself says.
    """
    by_kind: dict[str, dict[str, int]] = {}
    for item in items:
        by_kind.setdefault(item.kind, {})[item.name] = item.position
    found: dict[int, list[int]] = {}
    for item in items:
        kind = kinds.get(item.kind)
        stems = set(kind.waits_for(item) if isinstance(kind, WaitsFor) else _stems(item.name))
        found[item.position] = sorted(
            by_kind[other][stem]
            for other in kind.depends_on
            if other in by_kind
            for stem in stems
            if stem in by_kind[other]
        )
    return found


def _stems(name: str) -> list[str]:
    return [name, *(name[:i] for i, letter in enumerate(name) if letter == "-")]


def views(request: Request, rows: Iterable[Item]) -> list[ItemView]:
    """Item rows of one request as kinds see them."""
    return _side_by_side([view(request, row) for row in rows])


def view(request: Request, row: Item) -> ItemView:
    """One row by itself: it does not know what else its request is about."""
    environment = request.environment
    return ItemView(
        position=row.position,
        kind=row.kind,
        operation=row.operation,
        name=row.name,
        place=row.place,
        after=row.after,
        before=row.before,
        base_generation=row.base_generation,
        id=row.pk,
        request_id=request.pk,
        team=request.team.slug,
        environment=environment.slug if environment else "",
        production=bool(environment and environment.production),
        applied=row.state == ItemState.APPLIED,
    )
