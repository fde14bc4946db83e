"""What a topic costs a month, from what it holds and takes in and a cluster's prices; pure.

Every result carries its assumptions. A price that nobody has said makes what needs it unknown; what
needs none, since there is nothing of it, costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from topics.profiles.base import Profile

GIB: Final = 2**30
NO_PRICES: Final = "Nobody has set prices."
MONTH_S: Final = 2_629_800  # a twelfth of 365.25 days


@dataclass(frozen=True, slots=True)
class Prices:
    """A cluster's prices in one currency; None is one that nobody has said."""

    currency: str = ""
    local_gib_month: Decimal | None = None
    remote_gib_month: Decimal | None = None
    ingress_gib: Decimal | None = None
    cross_zone_gib: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """Bytes on brokers' disks, all copies, and in object storage, once. None is unknown."""

    local: int | None
    remote: int | None

    @property
    def total(self) -> int | None:
        """Both together."""
        if self.local is None or self.remote is None:
            return None
        return self.local + self.remote


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the cost: what it is for, and the amount a month. `why` says why that is unknown,
    where `amount` is None."""

    name: str
    amount: Decimal | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Cost:
    """What something costs a month, by its parts."""

    currency: str
    parts: Sequence[Part]
    assumptions: Sequence[str]

    @property
    def amount(self) -> Decimal | None:
        """The sum; None where a part of it is unknown, or where nobody has set prices."""
        if not self.currency:
            return None
        amounts = [part.amount for part in self.parts]
        known = [amount for amount in amounts if amount is not None]
        return sum(known, Decimal(0)) if len(known) == len(amounts) else None

    @property
    def why(self) -> str:
        """Why the sum is unknown, in a sentence for each part."""
        if not self.currency:
            return NO_PRICES
        return " ".join(dict.fromkeys(part.why for part in self.parts if part.why))


def stored(
    total: int | None, local: int | None, profile: Profile, *, replication: int, tiered: bool
) -> Stored:
    """Where that many bytes of a topic lie: `total` is one copy of all that is kept, `local` one
    copy of what is kept on brokers."""
    if profile.shared_storage:
        return Stored(0, total)
    copies = profile.normal_replication(replication)
    if not tiered:
        return Stored(None if total is None else total * copies, 0)
    return Stored(None if local is None else local * copies, total)


def of_storage(held: Stored, prices: Prices, profile: Profile) -> Cost:
    """What keeping that many bytes costs a month."""
    parts = [
        _part("Brokers' disks", held.local, prices.local_gib_month, "a GiB on brokers' disks"),
        _part("Object storage", held.remote, prices.remote_gib_month, "a GiB in object storage"),
    ]
    return Cost(prices.currency, _worth_telling(parts), _of_storage(profile))


def of_traffic(
    bytes_a_second: float | None,
    prices: Prices,
    profile: Profile,
    *,
    replication: int,
    zones: int,
) -> Cost:
    """What writing that many bytes costs a month. What reading costs is not known here."""
    monthly = None if bytes_a_second is None else round(bytes_a_second * MONTH_S)
    crossings = 0.0
    assumptions = []
    if zones > 1:
        crossings = (zones - 1) / zones
        assumptions.append(f"Producers are spread evenly over {zones} zones.")
        copies = profile.normal_replication(replication)
        if copies > 1 and not profile.shared_storage:
            crossings += copies - math.ceil(copies / zones)
            assumptions.append("Copies of a partition are spread over the zones.")
    crossing = None if monthly is None else round(monthly * crossings)
    parts = [
        _part("Writing", monthly, prices.ingress_gib, "a GiB written"),
        _part("Between zones", crossing, prices.cross_zone_gib, "a GiB between zones"),
    ]
    return Cost(prices.currency, _worth_telling(parts), [*assumptions, "Reading is not counted."])


def together(first: Cost, second: Cost) -> Cost:
    """Both costs as one."""
    assumptions = dict.fromkeys([*first.assumptions, *second.assumptions])
    parts = _worth_telling([*first.parts, *second.parts])
    return Cost(first.currency, parts, list(assumptions))


def in_words(amount: Decimal, currency: str) -> str:
    """ "EUR 41.20"; what is less than a cent says so."""
    cent = Decimal("0.01")
    sign = "−" if amount < 0 else ""
    size = abs(amount)
    if 0 < size < cent:
        return f"less than {currency} 0.01" if not sign else f"−{currency} 0.01 at most"
    return f"{sign}{currency} {size.quantize(cent, ROUND_HALF_UP):,}"


def exact(amount: Decimal | None) -> str | None:
    """The amount for programs, to a millionth; None stays unknown."""
    return None if amount is None else f"{round(amount, 6).normalize():f}"


def _part(name: str, size: int | None, price: Decimal | None, what: str) -> Part:
    if size == 0:
        return Part(name, Decimal(0))
    if price is None:
        return Part(name, None, f"Nobody has said what {what} costs on this cluster.")
    if size is None:
        return Part(name, None, "How much it is has not been measured.")
    return Part(name, Decimal(size) / GIB * price)


def _worth_telling(parts: Sequence[Part]) -> list[Part]:
    """The parts without those of which there is nothing, as long as one is left."""
    found = [part for part in parts if part.amount is None or part.amount]
    return found or [parts[0]]


def _of_storage(profile: Profile) -> list[str]:
    if profile.shared_storage:
        return ["All data lies in object storage, once."]
    return ["Each copy on a broker's disk is paid for; what is in remote storage is paid for once."]
