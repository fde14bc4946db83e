"""How many requests a second one caller may send, over all processes of the registry.

A bucket for each caller: so many tokens a second flow into it, up to its burst. It stands in
Valkey, from where a process takes tokens by the handful and spends them from memory, so that a read
costs nothing but a subtraction. A handful that is not spent within a second is lost: whoever sends
so little does not miss it. Where Valkey does not answer each process keeps buckets of its own.
"""

from __future__ import annotations

import asyncio
import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import redis.asyncio
import structlog
from redis.exceptions import RedisError

from governance.actors import Actor

log = structlog.get_logger(__name__)

HANDFUL: Final = 10  # of a second's tokens a process takes one part in so many
SPENT_WITHIN: Final = 1.0
PATIENCE: Final = 0.25  # seconds for Valkey to answer; a request waits for it
LEFT_ALONE: Final = 5.0  # seconds, after it did not
KEPT: Final = 10_000

# Atomic: the server runs one script at a time, by its own clock. Answers the tokens it gave, and
# the milliseconds until there is one where it gave none.
TAKE: Final = """
local rate, burst, want = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local held = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = math.min(burst, (tonumber(held[1]) or burst)
    + math.max(0, now - (tonumber(held[2]) or now)) * rate)
local given = math.min(want, math.floor(tokens))
tokens = tokens - given
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at',
    string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil(burst / rate * 1000) + 1000)
if given > 0 then return {given, 0} end
return {0, math.ceil((1 - tokens) / rate * 1000)}
"""


@dataclass(frozen=True, slots=True)
class Limit:
    """Requests a second, and at once after a pause. A rate of 0 is no limit."""

    rate: int
    burst: int = 0

    @property
    def most(self) -> int:
        return max(self.burst, 1)

    @property
    def handful(self) -> int:
        return max(1, min(self.rate // HANDFUL, self.most // HANDFUL))


UNLIMITED: Final = Limit(0)


@dataclass(slots=True)
class Bucket:
    """Tokens at a time; for the time that Valkey is away."""

    tokens: float
    at: float

    def take(self, limit: Limit, want: int, now: float) -> tuple[int, float]:
        """As the script: how many it gives, and the seconds until there is one where none."""
        self.tokens = min(limit.most, self.tokens + max(0.0, now - self.at) * limit.rate)
        self.at = now
        given = min(want, math.floor(self.tokens))
        self.tokens -= given
        return given, 0.0 if given else (1 - self.tokens) / limit.rate


@dataclass(slots=True)
class _Caller:
    """What this process holds for a caller: tokens to be spent, or how long there are none."""

    tokens: int = 0
    until: float = 0.0
    closed_until: float = 0.0
    bucket: Bucket | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Limiter:
    """The buckets, as one process sees them. Belongs to one event loop."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.url = url
        self.clock = clock
        self.callers: OrderedDict[str, _Caller] = OrderedDict()
        self.away_until = 0.0 if url else math.inf
        self._client: Any = None

    def take(self, who: str, limit: Limit) -> float | None:
        """0 where the caller may go on, else the seconds to wait; None where that is not known here
        and `refill` must be asked."""
        caller = self.callers.get(who)
        if caller is None:
            return None
        now = self.clock()
        if caller.tokens and now < caller.until:
            caller.tokens -= 1
            return 0.0
        return caller.closed_until - now if now < caller.closed_until else None

    async def refill(self, who: str, limit: Limit) -> float:
        """Fetches a handful; 0 where the caller may go on, else the seconds to wait."""
        caller = self.callers.setdefault(who, _Caller())
        self.callers.move_to_end(who)
        while len(self.callers) > KEPT:
            self.callers.popitem(last=False)
        async with caller.turn:
            known = self.take(who, limit)  # whoever had the turn before may have fetched enough
            if known is not None:
                return known
            given, wait = await self._fetch(who, caller, limit)
            now = self.clock()
            if not given:
                caller.closed_until = now + wait
                return wait
            caller.tokens, caller.until = given - 1, now + SPENT_WITHIN
            return 0.0

    async def _fetch(self, who: str, caller: _Caller, limit: Limit) -> tuple[int, float]:
        now = self.clock()
        if now >= self.away_until:
            try:
                given, wait = await self._ask(who, limit)
            except (RedisError, OSError, TimeoutError) as error:
                self.away_until = now + LEFT_ALONE
                log.warning("registry_limits_by_process", error=str(error)[:200])
            else:
                caller.bucket = None
                return given, wait / 1000
        if caller.bucket is None:
            caller.bucket = Bucket(limit.most, now)
        return caller.bucket.take(limit, limit.handful, now)

    async def _ask(self, who: str, limit: Limit) -> Sequence[int]:
        if self._client is None:
            self._client = redis.asyncio.from_url(
                self.url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE
            )
        async with asyncio.timeout(PATIENCE):
            answer: Sequence[int] = await self._client.eval(
                TAKE, 1, f"weir:registry:rate:{who}", limit.rate, limit.most, limit.handful
            )
        return answer

    async def close(self) -> None:
        """Give the connection back."""
        if self._client is not None:
            await self._client.aclose()


def principal(actor: Actor | None, client: Sequence[Any] | None) -> str:
    """What is counted together: a token, or everybody from an address."""
    if actor is not None and actor.kind == "token":
        return f"token:{actor.id}"
    return f"address:{network(str(client[0]) if client else '')}"


@lru_cache(maxsize=KEPT)
def network(address: str) -> str:
    """The address; of IPv6 the network of 64 bits, since one client has all of it."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(known, ipaddress.IPv6Address) and known.ipv4_mapped is None:
        return str(ipaddress.ip_network((known, 64), strict=False))
    return str(getattr(known, "ipv4_mapped", None) or known)
