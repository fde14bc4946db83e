"""Who uses whom: the schemas around one version, along references in both directions, laid out.

A column to the right holds what is used, one to the left what uses it; the version itself stands in
column 0. Of several versions of one subject that use the same, the newest stands for all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from registry import lookup
from registry.lookup import Stored
from registry.naming import SubjectName

MOST: Final = 60  # schemas in one picture
DEEPEST: Final = 8  # steps to either side
MOST_USERS: Final = 500  # of one column; more than fit, so that it is known that there are more

At = tuple[SubjectName, int]
Edge = tuple[At, At]  # the first uses the second


@dataclass(frozen=True, slots=True)
class Node:
    """A version in its place: `column` as above, `row` counts from 0 within it."""

    subject: SubjectName
    version: int
    column: int
    row: int

    @property
    def at(self) -> At:
        return self.subject, self.version


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes and who of them uses whom. `whole` is false where there are more than are shown."""

    nodes: Sequence[Node]
    edges: Sequence[Edge]
    whole: bool = True

    def column(self, *, uses: bool) -> list[Node]:
        """All that it uses, or all that uses it, the nearest first."""
        side = [n for n in self.nodes if (n.column > 0 if uses else n.column < 0)]
        return sorted(side, key=lambda n: (abs(n.column), n.row))


def around(version: Stored, within: str | None = None) -> Graph:
    """The schemas that a version uses and those that use it, directly or through others; of one
    context where `within` names one."""
    walk = _Walk((version.subject, version.version), within)
    whole = [walk.to_the_side(1, walk.used), walk.to_the_side(-1, walk.users)]
    counts: dict[int, int] = {}
    nodes = []
    for (subject, number), column in walk.columns.items():
        row = counts.get(column, 0)
        counts[column] = row + 1
        nodes.append(Node(subject, number, column, row))
    shown = [edge for edge in dict.fromkeys(walk.edges) if walk.columns.keys() >= set(edge)]
    return Graph(nodes, shown, whole=all(whole))


class _Walk:
    """Goes from one version to both sides, column by column."""

    def __init__(self, start: At, within: str | None) -> None:
        self.start = start
        self.within = within
        self.columns: dict[At, int] = {start: 0}
        self.edges: list[Edge] = []

    def to_the_side(self, step: int, next_to: Callable[[Sequence[At]], list[Edge]]) -> bool:
        """Whether it came to the end of that side."""
        level = [self.start]
        for distance in range(1, DEEPEST + 2):
            found = next_to(level)
            self.edges += found
            met = dict.fromkeys(edge[1] if step > 0 else edge[0] for edge in found)
            level = [at for at in met if at not in self.columns]
            if not level:
                return True
            room = MOST - len(self.columns) if distance <= DEEPEST else 0
            self.columns.update((at, step * distance) for at in level[:room])
            if len(level) > room:
                return False
        return True

    def used(self, level: Sequence[At]) -> list[Edge]:
        return [
            (at, (reference.target, reference.wire.version))
            for at, stored in lookup.several(level).items()
            for reference in stored.references
            if self.within in (None, reference.target.context)
        ]

    def users(self, level: Sequence[At]) -> list[Edge]:
        found = lookup.users(level, MOST_USERS, self.within)
        return [((user, number), used) for user, number, used in found]
