"""The graph of references as a picture: boxes and lines with their places in pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from registry.addresses import subject_url
from registry.graph import Graph, Node

WIDTH: Final = 216
HEIGHT: Final = 48
GAP: Final = 56  # between columns
LINE: Final = 14  # between rows
EDGE: Final = 8
LETTERS: Final = 26  # of a name that fit into a box


@dataclass(frozen=True, slots=True)
class Box:
    """A schema: where its box begins, what stands in it, where it leads."""

    x: int
    y: int
    name: str
    title: str
    remark: str
    url: str
    current: bool

    @property
    def text_x(self) -> int:
        return self.x + 12

    @property
    def name_y(self) -> int:
        return self.y + 20

    @property
    def remark_y(self) -> int:
        return self.y + 37


@dataclass(frozen=True, slots=True)
class Picture:
    """Boxes, and the lines between them as paths of SVG."""

    width: int
    height: int
    boxes: Sequence[Box]
    lines: Sequence[str]
    box_width: int = WIDTH
    box_height: int = HEIGHT


def drawn(graph: Graph) -> Picture:
    """The picture: what uses it to the left, what it uses to the right."""
    columns = sorted({node.column for node in graph.nodes})
    rows = {c: sum(node.column == c for node in graph.nodes) for c in columns}
    tallest = max(rows.values())
    places = {node.at: _place(node, columns, rows, tallest) for node in graph.nodes}
    boxes = [_box(node, *places[node.at]) for node in graph.nodes]
    lines = [_line(places[user], places[used]) for user, used in graph.edges]
    return Picture(
        width=2 * EDGE + len(columns) * WIDTH + (len(columns) - 1) * GAP,
        height=2 * EDGE + tallest * HEIGHT + (tallest - 1) * LINE,
        boxes=boxes,
        lines=lines,
    )


def _place(
    node: Node, columns: Sequence[int], rows: dict[int, int], tallest: int
) -> tuple[int, int]:
    x = EDGE + columns.index(node.column) * (WIDTH + GAP)
    # Shorter columns lie in the middle.
    lower = (tallest - rows[node.column]) * (HEIGHT + LINE) // 2
    return x, EDGE + lower + node.row * (HEIGHT + LINE)


def _box(node: Node, x: int, y: int) -> Box:
    name = node.subject.name
    short = name if len(name) <= LETTERS else f"{name[: LETTERS - 1]}…"
    remark = f"version {node.version}"
    if node.subject.context != ".":
        remark += f" · {node.subject.context}"[:LETTERS]
    url = f"{subject_url(node.subject)}?version={node.version}&tab=references"
    return Box(x, y, short, f"{node.subject} version {node.version}", remark, url, not node.column)


def _line(user: tuple[int, int], used: tuple[int, int]) -> str:
    """A curve from the right side of the one that uses to the left side of what it uses."""
    x1, y1 = user[0] + WIDTH, user[1] + HEIGHT // 2
    x2, y2 = used[0], used[1] + HEIGHT // 2
    bend = max((x2 - x1) // 2, GAP // 2)
    return f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"
