"""Parsed schemas, remembered by their text: parsing is the dearest part of a check.

Text never changes its meaning, so nothing here is ever old. Bounded by bytes of text, in each
process; the least recently used goes first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import Final, Protocol

from registry import lookup, weight
from registry.compatibility import Older
from registry.formats import base
from registry.formats.base import Parsed, Source
from registry.lookup import Stored, StoredReference

BYTES: Final = 32 * 2**20
# What a parsed schema takes beside its text: nodes of some hundred bytes for a few dozen letters.
WEIGHT: Final = 12

_Key = tuple[str, str, tuple[Source, ...], bool, bool, bool]


class _Memo:
    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self.kept: OrderedDict[_Key, Parsed] = OrderedDict()
        self.lock = Lock()  # views run in several threads

    def get(self, key: _Key) -> Parsed | None:
        with self.lock:
            found = self.kept.get(key)
            if found is not None:
                self.kept.move_to_end(key)
            return found

    def put(self, key: _Key, parsed: Parsed) -> None:
        cost = _cost(key)
        if cost > self.limit // 4:
            return
        with self.lock:
            if key not in self.kept:
                self.used += cost
            self.kept[key] = parsed
            while self.used > self.limit:
                old, _ = self.kept.popitem(last=False)
                self.used -= _cost(old)


def _cost(key: _Key) -> int:
    return 500 + WEIGHT * (len(key[1]) + sum(len(source.text) for source in key[2]))


_MEMO: Final = _Memo(BYTES)


def parse(
    type_: str,
    text: str,
    references: Sequence[Source] = (),
    *,
    strict: bool,
    normalize: bool = False,
    fields: bool = False,
) -> Parsed:
    """The schema of a text, from memory where it was parsed before. Raises InvalidSchema."""
    format_ = base.get(type_)
    key = (type_, text, tuple(references), strict, normalize, fields)
    found = _MEMO.get(key)
    if found is None:
        weight.spend(len(text) + sum(len(source.text) for source in references))
        found = format_.parse(text, references, strict=strict, normalize=normalize, fields=fields)
        _MEMO.put(key, found)
    return found


class Readable(Protocol):
    """A schema that was accepted."""

    @property
    def type(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def references(self) -> tuple[StoredReference, ...]: ...


def parsed(stored: Readable) -> Parsed:
    """A stored version, read leniently: what was accepted once stays readable."""
    return parse(stored.type, stored.text, lookup.sources(stored.references), strict=False)


def older(stored: Stored) -> Older:
    """A stored version as the compatibility check wants it."""
    return Older(stored.version, stored.text, lambda: parsed(stored))
