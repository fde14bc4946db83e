"""The age of the oldest unread record, found by asking for offsets of times."""

from __future__ import annotations

from bisect import bisect_left

from hypothesis import given
from hypothesis import strategies as st

from topics.measures.behind import OLDEST_MS, ROUNDS, YOUNGEST_MS, Search

NOW = 10**13


def found(times: list[int], position: int) -> int:
    """As a broker with records of these times would let it be found."""
    search = Search()
    for _ in range(ROUNDS):
        first = bisect_left(times, NOW - search.probe_ms)
        search = search.narrowed(position, first if first < len(times) else -1)
    return search.age_ms


@given(
    st.lists(st.integers(YOUNGEST_MS, OLDEST_MS), min_size=1, max_size=30),
    st.data(),
)
def test_it_is_right_to_a_percent_and_never_too_young(ages: list[int], data: st.DataObject) -> None:
    times = sorted(NOW - age for age in ages)
    position = data.draw(st.integers(0, len(times) - 1))
    age = NOW - times[position]
    assert age <= found(times, position) + 1 <= age * 1.01 + 2


def test_what_is_younger_than_a_second_is_a_second_old() -> None:
    assert found([NOW - 5], 0) <= YOUNGEST_MS * 1.01
