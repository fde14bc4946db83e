"""Rolling back: a draft that restores what was declared before a request was applied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from governance import access, kinds
from governance.actors import Actor
from governance.errors import Conflict, Problem, Refused
from governance.kinds import Undoes, Undone
from governance.models import Item, Request
from governance.permissions import Action, allowed
from governance.services import requests
from governance.services.items import NewItem, views
from governance.workflow import ItemState, State

CAN_ROLL_BACK = frozenset({State.APPLIED, State.PARTLY_APPLIED})


@dataclass(frozen=True, slots=True)
class Restored:
    """An item that can be taken back, and how. `moved_on`: others declared something since."""

    item: Item
    undone: Undone
    moved_on: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """An item that stays as it is, and why."""

    item: Item
    why: Problem


@dataclass(frozen=True, slots=True)
class Outlook:
    """What rolling a request back would do."""

    restored: Sequence[Restored]
    kept: Sequence[Kept]


def can_roll_back(request: Request, by: Actor) -> bool:
    """Whether this actor could ask for it now."""
    may = allowed(by, Action.REQUEST, "request", request.team.slug)
    return may.ok and State(request.state) in CAN_ROLL_BACK


def outlook(request: Request) -> Outlook:
    """What can be taken back of what was applied, and what cannot. Stores nothing."""
    rows = list(request.items.all())
    restored: list[Restored] = []
    kept: list[Kept] = []
    seen = views(request, rows)
    with kinds.reading((i.kind, i.place, i.name) for i in seen):
        for row, item in zip(rows, seen, strict=True):
            kind = kinds.get(row.kind)
            if row.state != ItemState.APPLIED:
                kept.append(Kept(row, Problem("", "It was not applied.", rule="undo")))
            elif not isinstance(kind, Undoes):
                why = f"Nothing takes back what was done to a {kind.title.lower()}."
                kept.append(Kept(row, Problem("", why, "Ask for a change instead.", rule="undo")))
            elif isinstance(found := kind.undo(item, row.before), Problem):
                kept.append(Kept(row, found))
            else:
                current = kind.current(row.place, row.name)
                moved = current is not None and current.generation != row.base_generation
                restored.append(Restored(row, found, moved))
    return Outlook(restored, kept)


@transaction.atomic
def roll_back(request: Request, *, by: Actor) -> Request:
    """A new draft that takes back what can be. Raises Refused, with the reasons, where nothing can,
    Conflict for a request that was not applied."""
    request = access.get_request(by, request.pk, Action.REQUEST)
    state = State(request.state)
    if state not in CAN_ROLL_BACK:
        raise Conflict(
            f"Request #{request.pk} is {state.words.lower()}: nothing of it is to be taken back.",
            request=request.pk,
        )
    found = outlook(request)
    if not found.restored:
        raise Refused(
            f"Nothing of request #{request.pk} can be taken back: {_first(found)}",
            [kept.why for kept in found.kept],
        )
    return requests.create_draft(
        title=f"Roll back #{request.pk}: {request.title}",
        reason=_reason(request, found),
        team=request.team,
        items=[
            NewItem(r.item.kind, r.undone.operation, r.item.name, r.item.place, r.undone.after)
            for r in found.restored
        ],
        by=by,
    )


def _first(found: Outlook) -> str:
    return found.kept[0].why.message if found.kept else "it holds nothing."


def _reason(request: Request, found: Outlook) -> str:
    """Cites the request, and says what stays: whoever approves should know."""
    lines = [f"Rolls back #{request.pk}, “{request.title}”."]
    lines += [f"{r.item.name}: {note}" for r in found.restored for note in r.undone.notes]
    lines += [f"{k.item.name} stays as it is: {k.why.message}" for k in found.kept]
    return "\n".join(lines)[: requests.MAX_TEXT]
