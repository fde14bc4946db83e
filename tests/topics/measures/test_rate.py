"""How fast a topic grows, and since when that is known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topics.measures.rate import WINDOW_S, Rate, Sample, rate_of, with_sample

HOUR = 3_600


@pytest.mark.parametrize(
    ("samples", "at", "end", "rate"),
    [
        ([], 100, 5, None),
        ([(0, 0)], 30, 300, None),  # too short a look
        ([(0, 0)], 100, 500, Rate(5, 0)),
        ([(0, 100)], 100, 100, Rate(0, 0)),  # known to be 0
        ([(0, 0), (WINDOW_S, 100)], 2 * WINDOW_S, 100, Rate(0, WINDOW_S)),  # quiet for a day
        ([(0, 900)], 100, 500, None),  # the end went back: another topic of that name
    ],
)
def test_rate(samples: list[Sample], at: int, end: int, rate: Rate | None) -> None:
    assert rate_of(samples, at, end) == rate


def test_a_sample_an_hour_is_kept() -> None:
    samples = with_sample([], 0, 10)
    assert with_sample(samples, 60, 20) == [(0, 10)]
    assert with_sample(samples, HOUR, 20) == [(0, 10), (HOUR, 20)]


def test_a_topic_that_was_made_again_begins_anew() -> None:
    assert with_sample([(0, 500), (HOUR, 900)], 2 * HOUR, 3) == [(2 * HOUR, 3)]


@given(st.lists(st.tuples(st.integers(1, 2 * HOUR), st.integers(0, 1_000)), max_size=200))
def test_samples_are_bounded_and_the_rate_is_an_average_of_what_was_seen(
    steps: list[tuple[int, int]],
) -> None:
    samples: list[Sample] = []
    at = end = 0
    for seconds, records in steps:
        at, end = at + seconds, end + records
        samples = with_sample(samples, at, end)
        assert len(samples) <= WINDOW_S // HOUR + 2
        assert samples == sorted(samples)
        rate = rate_of(samples, at, end)
        assert rate is None or 0 <= rate.records <= end
