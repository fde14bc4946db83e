"""What many items ask about is read once for a block, also where blocks lie in each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest

from governance import kinds
from tests.toy.kind import Toy

BEAR, DUCK = ("toy", "shelf", "bear"), ("toy", "shelf", "duck")


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[list[tuple[str, str]]]:
    """What the kind was told to read, each time that it was."""
    told: list[list[tuple[str, str]]] = []

    @contextmanager
    def reading(kind: Toy, targets: Iterable[tuple[str, str]]) -> Iterator[None]:
        told.append(list(targets))
        yield

    monkeypatch.setattr(Toy, "reading", reading, raising=False)
    return told


def test_a_block_in_another_that_has_all_reads_nothing(read: list[list[tuple[str, str]]]) -> None:
    with kinds.reading([BEAR, DUCK]):
        with kinds.reading([DUCK]), kinds.reading([]):
            pass
        with kinds.reading([BEAR, DUCK]):
            pass
    assert read == [[("shelf", "bear"), ("shelf", "duck")]]


def test_what_the_outer_block_has_not_is_read_and_forgotten_after(
    read: list[list[tuple[str, str]]],
) -> None:
    with kinds.reading([BEAR]), kinds.reading([BEAR, DUCK]):
        pass
    with kinds.reading([BEAR]):
        pass
    bear, duck = ("shelf", "bear"), ("shelf", "duck")
    assert read == [[bear], [bear, duck], [bear]]
