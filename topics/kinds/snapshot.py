"""What is known of many things, read once for all that is asked of them in a block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Generic, TypeVar

Target = tuple[str, str]  # place and name
T = TypeVar("T")


class Snapshot(Generic[T]):
    """A kind's own; what is written within a block is not seen in it."""

    def __init__(self, name: str) -> None:
        self._held: ContextVar[Mapping[Target, T] | None] = ContextVar(name, default=None)

    def get(self, place: str, name: str) -> T | None:
        """What was read of that; None outside a block, or for what nobody asked for."""
        held = self._held.get()
        return None if held is None else held.get((place, name))

    @contextmanager
    def holding(self, found: Mapping[Target, T]) -> Iterator[None]:
        """Lets this answer for the block."""
        token = self._held.set(found)
        try:
            yield
        finally:
            self._held.reset(token)
