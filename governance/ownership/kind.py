"""How things change hands: given by one team and taken by another, or claimed by one.

Nothing remote is involved: what is declared holds at once. Whoever owns a thing decides on it from
then on, so requests about it that wait for an owner ask the new one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Final

from django.urls import reverse

from governance import kinds
from governance.actors import Actor
from governance.errors import Conflict, Problem
from governance.kinds import (
    Agreement,
    ApplyRun,
    Current,
    DiffRow,
    HandsOver,
    HeldHere,
    ItemView,
    Json,
    Outcome,
    OutcomeState,
    Risk,
    Step,
    Undone,
)
from governance.models import Resource, Team
from governance.ownership import things
from governance.ownership.spec import OwnershipSpec, from_json, parse
from governance.policy.facts import Fact, FactType, declare, of_change
from governance.services import rerouting, team_life

KIND: Final = "ownership"
TRANSFER: Final = "transfer"
CLAIM: Final = "claim"
FACTS: Final = (
    Fact("ownership.kind", FactType.TEXT, "kind of the thing that changes hands"),
    Fact("ownership.object", FactType.TEXT, "its name, or the beginning of names with a star"),
    Fact("ownership.from", FactType.TEXT, "team that has it; empty for what nobody owns"),
    Fact("ownership.to", FactType.TEXT, "team that takes it"),
    Fact("ownership.count", FactType.COUNT, "things that change hands"),
)
MOST_NAMED = 20


class OwnershipKind(HeldHere):
    """Changes of owner."""

    name = KIND
    title = "Ownership"
    operations = frozenset({TRANSFER, CLAIM})
    depends_on: frozenset[str] = frozenset()

    def parse(
        self, operation: str, name: str, place: str, after: Json
    ) -> tuple[Json, list[Problem]]:
        """The spec in its normal form; who gives is filled in from what is there."""
        kind, _, thing = name.partition("/")
        owner = things.owner_of(kind, place, thing) if operation == TRANSFER else ""
        spec, problems = parse(after, name=name, owner=owner)
        if operation == CLAIM and (spec.prefixed or spec.giver):
            problems.append(
                Problem(
                    "object",
                    "Only one thing that nobody owns is claimed at a time.",
                    "Name it in full; what has an owner is handed over by a transfer.",
                )
            )
        if operation == TRANSFER and not spec.giver and not problems:
            problems.append(_nobodys(spec))
        return spec.as_json(), problems

    def places(self) -> list[tuple[str, str, str]]:
        """Everywhere where things that can change hands live."""
        return [(place, title, slug) for place, (title, slug) in things.places().items()]

    def reading(self, targets: Iterable[tuple[str, str]]) -> AbstractContextManager[None]:
        """Reads once for all that is asked of these in the block."""
        return things.reading(targets)

    def current(self, place: str, name: str) -> Current | None:
        """Who has the thing now; of a beginning of names nobody does as a whole."""
        kind, _, thing = name.partition("/")
        if place not in things.places() or "\x00" in name:
            return None
        _, environment = things.places()[place]
        if thing.endswith("*"):
            rows = Resource.objects.filter(kind=kind, name__startswith=thing[:-1])
            pairs = rows.order_by("name", "owner__slug").values_list("name", "owner__slug")
            names = [f"{name} {owner}" for name, owner in pairs[: things.MOST + 1]]
            return Current(None, things.generation("", names), None, "", environment)
        owner = things.owner_of(kind, place, thing)
        belongs = {"owner": owner} if owner else None
        return Current(belongs, things.generation(owner, ()), belongs, owner, environment)

    def check(self, item: ItemView) -> list[Problem]:
        """Whether it is theirs to give and to take."""
        spec = from_json(item.after)
        kind = things.kind_of(spec.kind)
        if kind is None:
            known = ", ".join(k.name for k in kinds.every() if isinstance(k, HandsOver))
            message = f"A {spec.kind[:40]} does not change hands."
            return [Problem("kind", message, f"What does: {known}.")]
        if item.place not in {place for place, _, _ in kind.places()}:
            message = f"A {spec.kind} cannot lie in {item.place}."
            return [Problem("place", message, "Choose the place where it is.")]
        wrong = things.team_problem("to", spec.taker)
        if wrong is not None:
            return [wrong]
        if item.operation == CLAIM:
            return _check_claim(item, spec, kind)
        return _check_transfer(item, spec)

    def facts(self, item: ItemView) -> Json:
        """Facts for policies on changes of owner."""
        spec = from_json(item.after)
        rows = things.resources_of(spec) if item.operation == TRANSFER else [spec]
        return {
            "ownership.kind": spec.kind,
            "ownership.object": spec.thing,
            "ownership.from": spec.giver,
            "ownership.to": spec.taker,
            "ownership.count": len(rows),
            "owner.team": spec.giver or spec.taker,
            **of_change(Risk.SAFE, irreversible=False),
        }

    def agreement(self, item: ItemView) -> list[Agreement]:
        """Who gives and who takes; the platform team for what nobody owns."""
        spec = from_json(item.after)
        what = f"{spec.kind} {spec.thing}"
        if item.operation == CLAIM:
            return [Agreement("platform", f"Nobody owns the {what}, and {spec.taker} claims it.")]
        gives = f"{spec.giver} gives the {what} away."
        takes = f"{spec.taker} takes the {what} and answers for it then."
        return [_of(spec.giver, gives), _of(spec.taker, takes)]

    def rows(self, item: ItemView) -> list[DiffRow]:
        """The owner before and after, and which things these are."""
        spec = from_json(item.after)
        before = str((item.before or {}).get("owner") or spec.giver or "nobody")
        note = f"Wherever it lives, and with what follows it: {spec.taker} decides from then on."
        changed = before != spec.taker
        found = [
            DiffRow(
                "to", "Owner", declared=before, requested=spec.taker, note=note, changed=changed
            )
        ]
        if spec.prefixed:
            names = [row.name for row in things.resources_of(spec)]
            more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
            listed = ", ".join(names[:MOST_NAMED]) + more
            found.append(
                DiffRow("object", "Things", requested=f"{len(names):,}", note=listed, changed=True)
            )
        return found

    def steps(self, items: Sequence[ItemView]) -> list[Step]:
        """Who decides from then on."""
        return [_step(item, from_json(item.after)) for item in items]

    def declare(self, items: Sequence[ItemView], *, by: Actor) -> None:
        """*Worker*: gives the things to their new owners, each with its event, and asks these in
        what waits for an owner's word."""
        moved: set[tuple[str, str]] = set()
        givers: set[str] = set()
        for item in items:
            spec = from_json(item.after)
            if item.operation == CLAIM:
                moved |= _claim(item, spec, by)
                continue
            rows = things.resources_of(spec)[: things.MOST]
            if not rows and not things.taken(spec):
                raise Conflict(f"{spec.giver} does not have the {spec.kind} {spec.thing} any more.")
            if rows:
                taker = Team.objects.get(slug=spec.taker)
                team_life.give(rows, taker, by=by, request_id=item.request_id)
                givers.add(spec.giver)
            moved |= {(row.kind, row.name) for row in rows}
        rerouting.ask_new_owners(moved, givers=givers, by=by)

    def apply(self, run: ApplyRun) -> None:
        """*Worker*: says whose it is; declaring it was all there is to do."""
        for item in run.items:
            taker = from_json(item.after).taker
            run.record({item.id: Outcome(OutcomeState.APPLIED, f"Belongs to {taker} now.")})

    def undo(self, item: ItemView, before: Json | None) -> Undone | Problem:
        """Gives it back; only one thing by itself, since others may begin alike by now."""
        spec = from_json(item.after)
        if item.operation == CLAIM:
            return _stays(f"{spec.thing} belonged to nobody before.")
        if spec.prefixed:
            return _stays("Which of them begin alike may be another set by now.")
        owner = things.owner_of(spec.kind, item.place, spec.thing)
        if owner != spec.taker:
            return _stays(f"{spec.thing} belongs to {owner or 'nobody'} by now.")
        back = OwnershipSpec(spec.kind, spec.thing, spec.taker, spec.giver)
        return Undone(TRANSFER, back.as_json())

    def url(self, place: str, name: str) -> str:
        """The page of the thing; the teams for what begins alike."""
        kind, _, thing = name.partition("/")
        found = things.kind_of(kind)
        return reverse("teams") if found is None or "*" in thing else found.url(place, thing)


def _of(team: str, reason: str) -> Agreement:
    return Agreement(f"owner:{team}", reason)


def _step(item: ItemView, spec: OwnershipSpec) -> Step:
    giver = f"from {spec.giver} to" if spec.giver else "to"
    return Step(f"Give {spec.kind} {spec.thing} {giver}", spec.taker, position=item.position)


def _stays(message: str) -> Problem:
    return Problem("to", message, "Ask for another change of owner instead.", rule="undo")


# --- Rules ------------------------------------------------------------------------------------


def _nobodys(spec: OwnershipSpec) -> Problem:
    message = f"Nobody owns the {spec.kind[:40]} {spec.stem[:80]}, or there is none."
    if spec.prefixed:
        return Problem("from", "It is not said who gives them.", "Name the team that has them.")
    return Problem("object", message, "Check the name, or claim it.")


def _check_transfer(item: ItemView, spec: OwnershipSpec) -> list[Problem]:
    if spec.giver == spec.taker:
        return [Problem("to", f"{spec.taker} has it already.", "Name another team.")]
    if item.team not in (spec.giver, spec.taker):
        return [
            Problem(
                "object",
                f"{spec.thing} changes hands between {spec.giver} and {spec.taker}, and "
                f"{item.team} asks.",
                f"Let {spec.giver} or {spec.taker} ask.",
            )
        ]
    if not spec.prefixed:
        owner = things.owner_of(spec.kind, item.place, spec.thing)
        if owner != spec.giver:
            return [
                Problem(
                    "object",
                    f"{spec.thing} belongs to {owner or 'nobody'}, not to {spec.giver}.",
                    f"Let {owner} give it." if owner else "Claim it.",
                )
            ]
    return _check_resources(item, spec, things.resources_of(spec))


def _check_resources(
    item: ItemView, spec: OwnershipSpec, rows: Sequence[Resource]
) -> list[Problem]:
    if not rows and spec.prefixed:
        message = f"{spec.giver} has no {spec.kind} that begins with {spec.stem}."
        return [Problem("object", message, "Check how the names begin.")]
    if not rows:
        return [
            Problem(
                "object",
                f"{spec.thing} belongs to {spec.giver} through another thing, and follows it.",
                "Hand over what it follows: a subject its topic.",
            )
        ]
    if len(rows) > things.MOST:
        message = f"More than {things.MOST} begin with {spec.stem}."
        return [Problem("object", message, "Say more of how the names begin, in several items.")]
    pks = [row.pk for row in rows]
    if not item.production and (production := things.production_of(spec.kind, pks)):
        return [
            Problem(
                "place",
                f"{spec.thing} lives in {production} too, so what holds in production decides.",
                f"Choose a place in {production}: it changes hands everywhere at once.",
            )
        ]
    double = things.held_by_both(spec, rows)
    if double:
        message = f"{spec.taker} has a {spec.kind} {double} already."
        return [Problem("object", message, "Two of one name cannot belong to one team.")]
    return []


def _check_claim(item: ItemView, spec: OwnershipSpec, kind: kinds.Kind) -> list[Problem]:
    if item.team != spec.taker:
        message = f"{item.team} asks, and {spec.taker} is to have it."
        return [Problem("to", message, f"Let {spec.taker} claim it.")]
    owner = things.owner_of(spec.kind, item.place, spec.thing)
    if owner:
        message = f"{spec.thing} belongs to {owner}."
        return [Problem("object", message, f"Ask {owner} to hand it over.")]
    wrong = kind.unclaimed(item.place, spec.thing) if isinstance(kind, HandsOver) else None
    return [] if wrong is None else [wrong]


# --- Writing ----------------------------------------------------------------------------------


def _claim(item: ItemView, spec: OwnershipSpec, by: Actor) -> set[tuple[str, str]]:
    kind = things.kind_of(spec.kind)
    if not isinstance(kind, HandsOver):
        return set()  # the check before this refused it
    # Read once more: somebody may have got it since the check.
    owner = things.owner_of(spec.kind, item.place, spec.thing)
    if owner not in ("", spec.taker):
        raise Conflict(f"{spec.thing} belongs to {owner} by now. Ask {owner} to hand it over.")
    if not owner:
        kind.claim(item.place, spec.thing, spec.taker, request_id=item.request_id)
        team_life.tell_of_claim(spec.kind, item.place, spec.thing, spec.taker, by, item.request_id)
    return {(spec.kind, spec.thing)}


declare(KIND, FACTS)
kinds.register(OwnershipKind())
