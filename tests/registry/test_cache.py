"""Memory that forgets in time, and holds no more than it may."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from registry.cache import OVERHEAD, Answer, Cache


def answer(*names: str, size: int = 100) -> Answer:
    return Answer(b"application/json", b"x" * size, frozenset(names))


def test_a_forgotten_name_takes_its_answers_along() -> None:
    cache = Cache(1_000_000)
    cache.put(("a",), answer("n", "m"), cache.clock)
    cache.put(("b",), answer("m"), cache.clock)
    cache.forget(["n"])
    assert cache.get(("a",)) is None
    assert cache.get(("b",)) is not None


def test_what_was_loaded_before_a_forgetting_is_not_stored_after_it() -> None:
    cache = Cache(1_000_000)
    loaded_at = cache.clock
    cache.forget(["n"])
    cache.put(("a",), answer("n"), loaded_at)
    cache.put(("b",), answer("other"), loaded_at)
    assert cache.get(("a",)) is None
    assert cache.get(("b",)) is not None
    cache.put(("a",), answer("n"), cache.clock)
    assert cache.get(("a",)) is not None


def test_nothing_loaded_before_a_clearing_is_stored_after_it() -> None:
    cache = Cache(1_000_000)
    loaded_at = cache.clock
    cache.clear()
    cache.put(("a",), answer("n"), loaded_at)
    assert cache.get(("a",)) is None


def test_a_long_memory_of_forgettings_is_bounded_and_errs_on_the_safe_side() -> None:
    cache = Cache(1_000_000)
    loaded_at = cache.clock
    cache.forget(["first"])
    cache.forget([f"n{i}" for i in range(20_000)])
    cache.put(("a",), answer("first"), loaded_at)
    assert cache.get(("a",)) is None
    assert len(cache.forgotten) <= 10_000


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 30_000)), max_size=60))
def test_it_never_holds_more_than_its_bytes(puts: list[tuple[int, int]]) -> None:
    cache = Cache(100_000)
    for key, size in puts:
        cache.put((str(key),), answer(f"n{key}", size=size), cache.clock)
        assert cache.used <= 100_000
    bodies = [len(answer.body) for answer in cache.kept.values()]
    assert cache.used >= sum(bodies) + OVERHEAD * len(bodies)
    cache.forget([f"n{i}" for i in range(21)])
    assert (cache.used, len(cache.kept), len(cache.keys)) == (0, 0, 0)


def test_the_least_recently_used_goes_first() -> None:
    cache = Cache(4 * (OVERHEAD + 1000 + 1))
    for key in "abcd":
        cache.put((key,), answer(key, size=1000), cache.clock)
    cache.get(("a",))
    cache.put(("e",), answer("e", size=1000), cache.clock)
    assert cache.get(("b",)) is None
    assert cache.get(("a",)) is not None
