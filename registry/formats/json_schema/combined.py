"""`allOf`, `anyOf`, `oneOf` against another: which branch stands for which.

Every branch is compared with every other; of those that can stand for one another as many pairs as
possible are made (a maximum matching), so the order of branches means nothing.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Final

from registry.formats.json_schema import nodes
from registry.formats.json_schema.nodes import Combined, Node
from registry.formats.json_schema.text import Value, key
from registry.formats.json_schema.words import KNOWN

SOURCE: Final = "source"  # of two that say the same it does not matter where each stands

if TYPE_CHECKING:
    from registry.formats.json_schema.diff import Check, Found


def compare_combined(check: Check, original: Combined, update: Combined) -> None:
    """Adds the differences of two combinations."""
    if original.criterion != update.criterion:
        if not _may_become(original, update):
            check.add("COMBINED_TYPE_CHANGED")
            return
        check.add("COMBINED_TYPE_EXTENDED")
    before, after = _distinct(original.branches), _distinct(update.branches)
    if len(before) < len(after):
        product = update.criterion == nodes.ALL
        check.add("PRODUCT_TYPE_EXTENDED" if product else "SUM_TYPE_EXTENDED")
    elif len(before) > len(after):
        product = original.criterion == nodes.ALL
        check.add("PRODUCT_TYPE_NARROWED" if product else "SUM_TYPE_NARROWED")
    edges: list[dict[int, list[Found]]] = []
    for index, branch in enumerate(before):
        fits: dict[int, list[Found]] = {}
        with check.at(original.criterion, str(index)):
            for other, candidate in enumerate(after):
                found = check.tried(branch, candidate)
                if check.fine(found):
                    fits[other] = found
        edges.append(fits)
    pairs = _matching(edges)
    for index, other in sorted(pairs.items()):
        check.list += edges[index][other]
    if len(pairs) < min(len(before), len(after)):
        check.add("COMBINED_TYPE_SUBSCHEMAS_CHANGED")


def _may_become(original: Combined, update: Combined) -> bool:
    one, other = len(original.branches) == 1, len(update.branches) == 1
    return (
        update.criterion == nodes.ANY
        or (one and other)
        or (one and update.criterion == nodes.ONE)
        or (other and original.criterion == nodes.ALL)
    )


def _distinct(branches: list[Node]) -> list[Node]:
    """Branches that are written differently; equal ones count once."""
    seen: dict[object, Node] = {}
    for branch in branches:
        said = (_written(getattr(branch, one.name)) for one in fields(branch) if one.name != SOURCE)
        seen.setdefault((type(branch), *said, _unknown(branch.source)), branch)
    return list(seen.values())


def _unknown(source: Value) -> bytes:
    """A digest of what an object says in words of its own; `true` is not written like `{}`."""
    if not isinstance(source, dict):
        return b"true" if source is True else b""
    return key({word: value for word, value in source.items() if word not in KNOWN})


def _written(value: object) -> object:
    """Something that equals for what is written alike."""
    if isinstance(value, Node):
        if value.source is not None:
            return key(value.source)
        return type(value), tuple(_written(getattr(value, one.name)) for one in fields(value))
    if isinstance(value, dict):
        return tuple((name, _written(inner)) for name, inner in value.items())
    if isinstance(value, list | tuple):
        return tuple(_written(inner) for inner in value)
    return frozenset(value) if isinstance(value, set) else value


def _matching(edges: list[dict[int, list[Found]]]) -> dict[int, int]:
    """As many pairs as there can be, each side used once: Hopcroft and Karp's algorithm would be
    faster still, but Kuhn's is shorter, and the steps before bound what comes here."""
    taken: dict[int, int] = {}  # by the other side
    for start in range(len(edges)):
        _augment(start, edges, taken)
    return {index: other for other, index in taken.items()}


def _augment(start: int, edges: list[dict[int, list[Found]]], taken: dict[int, int]) -> bool:
    """Finds a partner for one more, moving others if need be; without recursion."""
    came_from: dict[int, int] = {}
    queue = [start]
    while queue:
        index = queue.pop(0)
        for other in edges[index]:
            if other in came_from:
                continue
            came_from[other] = index
            if other not in taken:
                return _settle(other, start, came_from, taken)
            queue.append(taken[other])
    return False


def _settle(other: int, start: int, came_from: dict[int, int], taken: dict[int, int]) -> bool:
    partner = {index: other for other, index in taken.items()}
    while True:
        index = came_from[other]
        previous = partner.get(index)
        taken[other] = index
        if index == start or previous is None:
            return True
        other = previous
