"""How much one request may make a thread think that it shares with others.

Schemas are read and compared by the interpreter that everybody else waits for. A request that
turns out to ask for more of that than its share is given up, before it has written anything, and
asked again where there is room: `registry.heavy`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

SHARE: Final = 2**20  # bytes of schemas that are read, or compared with


class TooHeavy(Exception):
    """Nothing was done: it is to be asked again where it keeps nobody waiting."""


@dataclass(slots=True)
class _Share:
    left: int


_SHARE: ContextVar[_Share | None] = ContextVar("share", default=None)


@contextmanager
def shared() -> Iterator[None]:
    """What is done within is done beside others, and must be light."""
    token = _SHARE.set(_Share(SHARE))
    try:
        yield
    finally:
        _SHARE.reset(token)


@contextmanager
def apart() -> Iterator[None]:
    """What is done within is not weighed: it is part of an answer that cannot be given up."""
    token = _SHARE.set(None)
    try:
        yield
    finally:
        _SHARE.reset(token)


def alone() -> None:
    """Called first by what may do much, and part of it for good.

    Raises TooHeavy, within `shared`.
    """
    if _SHARE.get() is not None:
        raise TooHeavy


def spend(size: int) -> None:
    """Called before so many bytes are read or compared with. Raises TooHeavy, within `shared`."""
    share = _SHARE.get()
    if share is not None:
        share.left -= size
        if share.left < 0:
            raise TooHeavy
