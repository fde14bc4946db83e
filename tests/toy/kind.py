"""The toy kind: a named thing with a colour, on a shelf that can break."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from django.db.models import F

from governance import declared
from governance.actors import Actor
from governance.errors import Problem, WeirError
from governance.kinds import (
    ApplyRun,
    Current,
    DiffRow,
    ItemView,
    Json,
    Outcome,
    OutcomeState,
    Step,
    Undone,
)
from governance.models import Environment, Lifecycle, Resource, Team
from tests.toy.models import DeclaredToy, ShelfToy

COLOURS = ("red", "green", "blue")


class ShelfAway(WeirError):
    """The shelf cannot be reached."""

    code = "shelf_away"
    retryable = True


@dataclass
class Trouble:
    """What goes wrong on the shelf, for the tests to set; `before_batch` runs before each toy."""

    away: bool = False
    broken: set[str] = field(default_factory=set)
    later: set[str] = field(default_factory=set)
    dumb: bool = False
    unwanted: set[str] = field(default_factory=set)
    before_each: Callable[[str], None] | None = None

    def none(self) -> None:
        """Nothing goes wrong any more."""
        self.away, self.dumb, self.before_each = False, False, None
        for some in (self.broken, self.later, self.unwanted):
            some.clear()


TROUBLE = Trouble()


class Toy:
    """Keeps every promise of the Kind protocol with the least code."""

    name = "toy"
    title = "Toy"
    operations = frozenset({"create", "paint"})
    depends_on: frozenset[str] = frozenset()

    def parse(
        self, operation: str, name: str, place: str, after: Json
    ) -> tuple[Json, list[Problem]]:
        colour = str(after.get("colour", "")).strip().lower()
        if colour not in COLOURS:
            way_out = f"Use one of {', '.join(COLOURS)}."
            return {}, [Problem("colour", f"There is no toy of colour {colour!r}.", way_out)]
        return {"colour": colour}, []

    def places(self) -> list[tuple[str, str, str]]:
        return [
            (f"shelf-{e.slug}", f"Shelf of {e.name}", e.slug) for e in Environment.objects.all()
        ]

    def current(self, place: str, name: str) -> Current | None:
        declared = DeclaredToy.objects.filter(place=place, name=name).first()
        seen = ShelfToy.objects.filter(place=place, name=name).first()
        return Current(
            declared={"colour": declared.colour} if declared else None,
            generation=declared.generation if declared else 0,
            observed={"colour": seen.colour} if seen else None,
            owner=declared.resource.owner.slug if declared else "",
            environment=place.removeprefix("shelf-"),
        )

    def check(self, item: ItemView) -> list[Problem]:
        exists = DeclaredToy.objects.filter(place=item.place, name=item.name).exists()
        if item.operation == "create" and exists:
            return [Problem("name", f"There is a toy {item.name} already.", "Paint it instead.")]
        if item.operation == "paint" and not exists:
            return [Problem("name", f"There is no toy {item.name}.", "Create it first.")]
        return []

    def facts(self, item: ItemView) -> Json:
        return {"toy.name": item.name, "toy.colour": item.after["colour"]}

    def rows(self, item: ItemView) -> list[DiffRow]:
        before = str((item.before or {}).get("colour", "–"))
        return [
            DiffRow(
                path="colour",
                label="Colour",
                declared=before,
                requested=str(item.after["colour"]),
                changed=before != item.after["colour"],
            )
        ]

    def steps(self, items: Sequence[ItemView]) -> list[Step]:
        return [Step(f"Paint {i.after['colour']}", i.name, position=i.position) for i in items]

    def observe(self, place: str, names: Sequence[str]) -> None:
        if TROUBLE.away:
            raise ShelfAway(f"The shelf {place} cannot be reached.")

    def rehearse(self, place: str, items: Sequence[ItemView]) -> list[Problem]:
        if TROUBLE.dumb:
            raise ShelfAway(f"The shelf {place} does not say whether it would take them.")
        return [
            Problem(
                "colour",
                f"The shelf {place} takes no {i.name}.",
                "Use another shelf.",
                position=i.position,
            )
            for i in items
            if i.name in TROUBLE.unwanted
        ]

    def declare(self, items: Sequence[ItemView], *, by: Actor) -> None:
        for item in items:
            toy = DeclaredToy.objects.filter(place=item.place, name=item.name).first()
            if toy is None:
                resource, _ = Resource.objects.get_or_create(
                    kind="toy",
                    name=item.name,
                    owner=Team.objects.get(slug=item.team),
                    defaults={"lifecycle": Lifecycle.ACTIVE},
                )
                DeclaredToy.objects.create(
                    resource=resource,
                    environment=Environment.objects.get(slug=item.environment),
                    name=item.name,
                    place=item.place,
                    colour=str(item.after["colour"]),
                )
            elif toy.colour != item.after["colour"]:
                toy.colour = str(item.after["colour"])
                toy.generation += 1
                toy.save()

    def apply(self, run: ApplyRun) -> None:
        for item in run.items:
            if TROUBLE.before_each:
                TROUBLE.before_each(item.name)
            run.record({item.id: self._paint(item)})

    def _paint(self, item: ItemView) -> Outcome:
        if item.name in TROUBLE.later:
            return Outcome(OutcomeState.RETRY, f"The shelf is busy with {item.name}.")
        if item.name in TROUBLE.broken:
            return Outcome(OutcomeState.FAILED, f"{item.name} fell off the shelf.")
        toy, made = ShelfToy.objects.get_or_create(
            place=item.place, name=item.name, defaults={"colour": str(item.after["colour"])}
        )
        if made:
            return Outcome(OutcomeState.APPLIED, "Put on the shelf.")
        if toy.colour == item.after["colour"]:
            return Outcome(OutcomeState.UNCHANGED, "Was that colour already.")
        image = {"colour": toy.colour}
        ShelfToy.objects.filter(pk=toy.pk).update(
            colour=str(item.after["colour"]), painted=F("painted") + 1
        )
        return Outcome(OutcomeState.APPLIED, "Painted.", before_image=image)

    def undo(self, item: ItemView, before: Json | None) -> Undone | Problem:
        if before is None:
            return Problem("name", f"{item.name} was made, and stays.", "Paint it.")
        return Undone("paint", dict(before))

    def production_of(self, resources: Collection[int]) -> str:
        return declared.production_of(resources)

    def unclaimed(self, place: str, name: str) -> Problem | None:
        if ShelfToy.objects.filter(place=place, name=name).exists():
            return None
        return Problem("object", f"No toy {name} stands on {place}.", "Ask for one.")

    def claim(self, place: str, name: str, team: str, *, request_id: int) -> None:
        stands = ShelfToy.objects.get(place=place, name=name)
        resource, _ = Resource.objects.get_or_create(
            kind="toy", name=name, owner=Team.objects.get(slug=team)
        )
        DeclaredToy.objects.create(
            resource=resource,
            environment=Environment.objects.get(slug=place.removeprefix("shelf-")),
            name=name,
            place=place,
            colour=stands.colour,
        )

    def url(self, place: str, name: str) -> str:
        return f"/toys/{place}/{name}/"
