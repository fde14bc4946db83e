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


def around(version: Stored) -> Graph:
    """The schemas that a version uses and those that use it, directly or through others."""
    start = (version.subject, version.version)
    columns: dict[At, int] = {start: 0}
    edges: list[Edge] = []
    right = _walk(start, 1, _used, columns, edges)
    left = _walk(start, -1, _users, columns, edges)
    counts: dict[int, int] = {}
    nodes = []
    for (subject, number), column in columns.items():
        row = counts.get(column, 0)
        counts[column] = row + 1
        nodes.append(Node(subject, number, column, row))
    shown = [edge for edge in dict.fromkeys(edges) if edge[0] in columns and edge[1] in columns]
    return Graph(nodes, shown, whole=right and left)


def _walk(
    start: At,
    step: int,
    next_to: Callable[[Sequence[At]], list[Edge]],
    columns: dict[At, int],
    edges: list[Edge],
) -> bool:
    """Goes one side, column by column. Returns whether it came to the end."""
    level = [start]
    for distance in range(1, DEEPEST + 1):
        found = next_to(level)
        edges += found
        met = [edge[1] if step > 0 else edge[0] for edge in found]
        level = [at for at in dict.fromkeys(met) if at not in columns]
        if len(columns) + len(level) > MOST:
            level = level[: MOST - len(columns)]
            columns.update((at, step * distance) for at in level)
            return False
        columns.update((at, step * distance) for at in level)
        if not level:
            return True
    return not next_to(level)


def _used(level: Sequence[At]) -> list[Edge]:
    loaded = lookup.several(level)
    return [
        (at, (reference.target, reference.wire.version))
        for at, stored in loaded.items()
        for reference in stored.references
    ]


def _users(level: Sequence[At]) -> list[Edge]:
    newest: dict[tuple[SubjectName, At], int] = {}
    for user, number, used in lookup.users(level):
        key = (user, used)
        newest[key] = max(newest.get(key, 0), number)
    return [((user, number), used) for (user, used), number in sorted(newest.items())]
