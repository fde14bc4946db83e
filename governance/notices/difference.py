"""What a request changes, as mail and webhooks carry it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from governance import kinds
from governance.kinds import DiffRow
from governance.models import Request
from governance.services.items import views

MOST_ITEMS = 20
MOST_ROWS = 40
LONGEST_VALUE = 500


@dataclass(frozen=True, slots=True)
class Changed:
    """One item: "Create topic payments.authorized in dev", and the rows that change."""

    kind: str
    operation: str
    name: str
    place: str
    rows: Sequence[DiffRow]
    more_rows: int

    @property
    def title(self) -> str:
        """The item in words."""
        return f"{self.operation.capitalize()} {self.kind} {self.name} ({self.place})"


def changes_of(request: Request) -> tuple[list[Changed], int]:
    """The first items with the rows that differ, by rows of ours alone, and how many more items
    there are. What was applied differs in nothing any more."""
    rows = list(request.items.all()[: MOST_ITEMS + 1])
    items = views(request, rows[:MOST_ITEMS])
    found = []
    with kinds.reading((i.kind, i.place, i.name) for i in items):
        for item in items:
            differing = [row for row in kinds.get(item.kind).rows(item) if row.changed]
            found.append(
                Changed(
                    item.kind,
                    item.operation,
                    item.name,
                    item.place,
                    differing[:MOST_ROWS],
                    max(len(differing) - MOST_ROWS, 0),
                )
            )
    more = request.items.count() - MOST_ITEMS if len(rows) > MOST_ITEMS else 0
    return found, more


def short(value: str) -> str:
    """A value of a row, cut where nobody reads on."""
    return value if len(value) <= LONGEST_VALUE else f"{value[:LONGEST_VALUE]}…"
