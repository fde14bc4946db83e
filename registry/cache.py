"""Ready answers in memory, bounded by bytes; each knows the names that make it old.

Whether a remembered answer may still be given is not decided here: a reader asks
`registry.freshness` first, which forgets what changed. One event loop uses a cache; no locks.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Final

# What an entry costs beside its body: objects, headers, its place in three tables.
OVERHEAD: Final = 700


@dataclass(frozen=True, slots=True)
class Answer:
    """A 200, ready to be sent."""

    content_type: bytes
    body: bytes
    names: frozenset[str]


class Cache:
    """Least recently used first out, by bytes. `clock` counts forgettings."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self.clock = 0
        self.kept: OrderedDict[Hashable, Answer] = OrderedDict()
        self.keys: dict[str, set[Hashable]] = {}
        self.forgotten: OrderedDict[str, int] = OrderedDict()
        self.cleared = 0  # the clock at the last clearing, or when memory of forgettings ran out

    def get(self, key: Hashable) -> Answer | None:
        found = self.kept.get(key)
        if found is not None:
            self.kept.move_to_end(key)
        return found

    def put(self, key: Hashable, answer: Answer, loaded_at: int) -> None:
        """Remember an answer that was loaded when the clock stood at `loaded_at`.

        Not stored if one of its names was forgotten since: what was loaded may be what was old.
        """
        if loaded_at < self.cleared or any(
            self.forgotten.get(name, -1) > loaded_at for name in answer.names
        ):
            return
        size = _size(key, answer)
        if size > self.limit // 4:
            return
        self.drop(key)
        self.used += size
        # An exact copy: serialisers hand out buffers that are larger than what is in them.
        self.kept[key] = Answer(answer.content_type, bytes(memoryview(answer.body)), answer.names)
        for name in answer.names:
            self.keys.setdefault(name, set()).add(key)
        while self.used > self.limit:
            self.drop(next(iter(self.kept)))

    def drop(self, key: Hashable) -> None:
        answer = self.kept.pop(key, None)
        if answer is None:
            return
        self.used -= _size(key, answer)
        for name in answer.names:
            keys = self.keys.get(name)
            if keys is not None:
                keys.discard(key)
                if not keys:
                    del self.keys[name]

    def forget(self, names: Iterable[str]) -> None:
        """Drop every answer of these names."""
        self.clock += 1
        for name in names:
            for key in list(self.keys.get(name, ())):
                self.drop(key)
            self.forgotten[name] = self.clock
            self.forgotten.move_to_end(name)
        while len(self.forgotten) > 10_000:
            # Loads older than what is no longer known are not stored, which is safe.
            _, self.cleared = self.forgotten.popitem(last=False)

    def clear(self) -> None:
        """Forget everything: the connection that tells of changes was lost."""
        self.clock += 1
        self.cleared = self.clock
        self.kept.clear()
        self.keys.clear()
        self.forgotten.clear()
        self.used = 0


def _size(key: Hashable, answer: Answer) -> int:
    text = (
        sum(len(part) for part in key if isinstance(part, str | bytes))
        if (isinstance(key, tuple))
        else 0
    )
    return OVERHEAD + text + len(answer.body)
