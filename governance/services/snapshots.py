"""What earlier revisions asked for, kept when they are submitted, and what has changed since."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from governance import kinds
from governance.kinds import DiffRow, ItemView
from governance.models import ItemSnapshot, Request
from governance.services.items import views

MOST_CHANGES = 50


@dataclass(frozen=True, slots=True)
class Changed:
    """A value that differs between two revisions, in words; empty where it was or is not there."""

    name: str
    label: str
    was: str
    now: str


def take(request: Request) -> None:
    """Keeps the items of the revision that stands, once."""
    ItemSnapshot.objects.bulk_create(
        [
            ItemSnapshot(
                request=request,
                revision=request.revision,
                position=item.position,
                kind=item.kind,
                operation=item.operation,
                name=item.name,
                place=item.place,
                after=item.after,
            )
            for item in request.items.all()
        ],
        batch_size=1_000,
        ignore_conflicts=True,
    )


def changed_since(request: Request, revision: int) -> list[Changed]:
    """What differs between that revision and what is asked for now, key by key; `MOST_CHANGES` at
    most. Empty for a revision of which nothing is kept."""
    kept = list(request.snapshots.filter(revision=revision))
    if not kept or revision >= request.revision:
        return []
    old = {(s.kind, s.place, s.name): s for s in kept}
    new = {(i.kind, i.place, i.name): i for i in views(request, request.items.all())}
    found: list[Changed] = []
    with kinds.reading((kind, place, name) for kind, place, name in {*old, *new}):
        for key, item in new.items():
            before = old.get(key)
            if before is None:
                found.append(Changed(item.name, "the whole item", "", "added"))
            elif before.after != item.after:
                was = replace(item, after=before.after, operation=before.operation)
                found += _between(was, item)
            if len(found) >= MOST_CHANGES:
                return found[:MOST_CHANGES]
    found += [
        Changed(one.name, "the whole item", "was asked for", "")
        for key, one in old.items()
        if key not in new
    ]
    return found[:MOST_CHANGES]


def _between(was: ItemView, now: ItemView) -> list[Changed]:
    kind = kinds.get(now.kind)
    old, new = _asked(kind.rows(was)), _asked(kind.rows(now))
    lines = [
        Changed(now.name, label, old.get((path, label), ""), new.get((path, label), ""))
        for path, label in dict.fromkeys([*old, *new])
        if old.get((path, label)) != new.get((path, label))
    ]
    return lines or [Changed(now.name, "its content", "another", "changed")]


def _asked(rows: Iterable[DiffRow]) -> dict[tuple[str, str], str]:
    return {(row.path, row.label): row.requested for row in rows}
