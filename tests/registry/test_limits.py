"""Requests a second: over processes, without Valkey, and at the door."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.actors import Actor
from registry.limits import SPENT_WITHIN, Bucket, Limit, Limiter, network, principal
from tests.registry import loops

TOKEN = Actor(kind="token", id=7, name="payments/client", teams={"payments": frozenset()})


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def asked(limiter: Limiter, who: str, limit: Limit) -> float:
    known = limiter.take(who, limit)
    return await limiter.refill(who, limit) if known is None else known


async def let_in(limiter: Limiter, who: str, limit: Limit, tries: int) -> int:
    return sum([await asked(limiter, who, limit) == 0.0 for _ in range(tries)])


@given(
    rate=st.integers(1, 1000),
    burst=st.integers(1, 2000),
    pauses=st.lists(st.floats(0, 2), max_size=50),
)
def test_a_bucket_never_gives_more_than_its_burst_and_what_flowed_in(
    rate: int, burst: int, pauses: list[float]
) -> None:
    limit, now, given_ = Limit(rate, burst), 0.0, 0
    bucket = Bucket(limit.most, now)
    for pause in pauses:
        now += pause
        got, wait = bucket.take(limit, 5, now)
        given_ += got
        assert given_ <= burst + now * rate + 1e-6
        assert (got == 0) == (wait > 0)
        if not got:
            assert Bucket(bucket.tokens, now).take(limit, 1, now + wait + 1e-6)[0] == 1


def test_without_valkey_each_process_counts_by_itself() -> None:
    async def story() -> None:
        clock, limit = Clock(), Limit(10, 20)
        limiter = Limiter("", clock)
        assert await let_in(limiter, "a", limit, 100) == 20
        assert await asked(limiter, "b", limit) == 0.0, "another caller has a bucket of its own"
        wait = await asked(limiter, "a", limit)
        assert 0 < wait <= 0.1
        clock.now += wait + 1e-6
        assert await let_in(limiter, "a", limit, 100) == 1
        clock.now += 60
        assert await let_in(limiter, "a", limit, 100) == 20

    loops.run(story())


def test_a_valkey_that_is_not_there_is_no_reason_to_refuse() -> None:
    async def story() -> None:
        limiter = Limiter("redis://127.0.0.1:1/0")
        assert await let_in(limiter, "a", Limit(10, 20), 100) == 20
        await limiter.close()

    loops.run(story())


def test_several_processes_share_one_bucket(redis_url: str) -> None:
    async def story() -> None:
        who, limit = f"token:{uuid4()}", Limit(1, 50)  # what flows in meanwhile is next to nothing
        *first, late = limiters = [Limiter(redis_url) for _ in range(4)]
        counts = await asyncio.gather(*(let_in(one, who, limit, 100) for one in first))
        assert 50 <= sum(counts) <= 55
        # One that comes later, as after a restart, finds it empty too.
        assert await asked(late, who, limit) > 0
        for one in limiters:
            await one.close()

    loops.run(story())


def test_tokens_are_fetched_by_the_handful_and_not_kept_for_long(redis_url: str) -> None:
    async def story() -> None:
        clock, who, limit = Clock(), f"token:{uuid4()}", Limit(100, 1000)
        limiter = Limiter(redis_url, clock)
        fetched: list[int] = []
        ask: Callable[[str, Limit], Awaitable[object]] = limiter._ask

        async def counted(who: str, limit: Limit) -> object:
            fetched.append(1)
            return await ask(who, limit)

        limiter._ask = counted  # type: ignore[method-assign,assignment]  # counts, and asks
        assert await let_in(limiter, who, limit, 100) == 100
        assert len(fetched) == 10
        await asked(limiter, who, limit)
        clock.now += SPENT_WITHIN
        assert limiter.take(who, limit) is None
        await limiter.close()

    loops.run(story())


@pytest.mark.parametrize(
    ("actor", "client", "name"),
    [
        (TOKEN, ("192.0.2.7", 1), "token:7"),
        (None, ("192.0.2.7", 1), "address:192.0.2.7"),
        (None, ("::ffff:192.0.2.7", 1), "address:192.0.2.7"),
        (None, ("2001:db8::1", 1), "address:2001:db8::/64"),
        (None, None, "address:unknown"),
        (None, ("\x00", 1), "address:unknown"),
    ],
)
def test_who_is_counted_together(
    actor: Actor | None, client: tuple[str, int] | None, name: str
) -> None:
    assert principal(actor, client) == name


def test_neighbours_of_one_network_share_their_count() -> None:
    assert network("2001:db8::1") == network("2001:db8::ffff") != network("2001:db8:0:1::1")
