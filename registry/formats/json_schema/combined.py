"""`allOf`, `anyOf`, `oneOf` against another: which branch stands for which.

Every branch is compared with every other; of those that can stand for one another as many pairs as
possible are made (a maximum matching), so the order of branches means nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, Final

from registry.formats.json_schema import nodes
from registry.formats.json_schema.nodes import Combined, Node
from registry.formats.json_schema.text import Keys, Value
from registry.formats.json_schema.words import KNOWN

EDGES: Final = 20  # so many are looked at in the time of one step
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
    before, after = _distinct(check, original), _distinct(check, update)
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
    pairs = _matching(edges, check.spend)
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


def _distinct(check: Check, several: Combined) -> list[Node]:
    """Branches that are written differently; equal ones count once."""
    if id(several) not in check.distinct:
        seen: dict[object, Node] = {}
        for branch in several.branches:
            seen.setdefault(_said(branch, check.keys), branch)
        check.distinct[id(several)] = list(seen.values())
    return check.distinct[id(several)]


def _said(branch: Node, keys: Keys) -> object:
    said = (
        _written(getattr(branch, one.name), keys) for one in fields(branch) if one.name != SOURCE
    )
    return type(branch), *said, _unknown(branch.source, keys)


def _unknown(source: Value, keys: Keys) -> object:
    """What an object says in words of its own; `true` is not written like `{}`."""
    if not isinstance(source, dict):
        return True if source is True else frozenset()
    return frozenset((word, keys.of(source[word])) for word in source.keys() - KNOWN)


def _written(value: object, keys: Keys) -> object:
    """Something that equals for what is written alike."""
    if isinstance(value, Node):
        if value.source is not None:
            return keys.of(value.source)
        return type(value), *(_written(getattr(value, one.name), keys) for one in fields(value))
    if isinstance(value, dict):
        return tuple((name, _written(inner, keys)) for name, inner in value.items())
    if isinstance(value, list | tuple):
        return tuple(_written(inner, keys) for inner in value)
    if isinstance(value, bool):
        return str(value)  # which is no number
    return frozenset(value) if isinstance(value, set) else value


def _matching(edges: list[dict[int, list[Found]]], spend: Callable[[int], None]) -> dict[int, int]:
    """As many pairs as there can be, each side used once: Hopcroft and Karp's algorithm would be
    faster still, but Kuhn's is shorter, and the steps before bound what comes here."""
    taken: dict[int, int] = {}  # by the other side
    for start in range(len(edges)):
        _augment(start, edges, taken, spend)
    return {index: other for other, index in taken.items()}


def _augment(
    start: int,
    edges: list[dict[int, list[Found]]],
    taken: dict[int, int],
    spend: Callable[[int], None],
) -> bool:
    """Finds a partner for one more, moving others if need be; without recursion."""
    came_from: dict[int, int] = {}
    queue = deque([start])
    while queue:
        index = queue.popleft()
        spend(len(edges[index]) // EDGES)
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
