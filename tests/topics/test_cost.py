"""What things cost: by platform, with prices that nobody has said, and never a made-up 0."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topics import cost
from topics.cost import GIB, MONTH_S, Cost, Part, Prices, Stored
from topics.profiles.apache_kafka import PROFILE as KAFKA
from topics.profiles.automq import PROFILE as AUTOMQ
from topics.profiles.base import Profile

EUR = Prices("EUR", Decimal("0.10"), Decimal("0.02"), Decimal("0.01"), Decimal("0.02"))


@pytest.mark.parametrize(
    ("profile", "tiered", "total", "local", "held"),
    [
        (KAFKA, False, 10, 10, Stored(30, 0)),
        (KAFKA, True, 10, 4, Stored(12, 10)),
        (AUTOMQ, False, 10, 10, Stored(0, 10)),
        (KAFKA, False, None, None, Stored(None, 0)),
        (KAFKA, True, 10, None, Stored(None, 10)),
        (AUTOMQ, False, None, None, Stored(0, None)),
    ],
)
def test_copies_multiply_what_lies_on_brokers_and_nothing_else(
    profile: Profile, tiered: bool, total: int | None, local: int | None, held: Stored
) -> None:
    assert cost.stored(total, local, profile, replication=3, tiered=tiered) == held


@pytest.mark.parametrize(
    ("held", "prices", "amount", "why"),
    [
        (Stored(30 * GIB, 0), EUR, Decimal("3.00"), ""),
        (Stored(12 * GIB, 10 * GIB), EUR, Decimal("1.40"), ""),
        (Stored(0, 0), Prices("EUR"), Decimal(0), ""),  # there is nothing to pay for
        (Stored(0, 0), Prices(), None, "Nobody has set prices."),  # an amount has a currency
        (Stored(30 * GIB, 0), Prices("EUR"), None, "a GiB on brokers' disks"),
        (Stored(GIB, GIB), Prices("EUR", Decimal(1)), None, "a GiB in object storage"),
        (Stored(None, 0), EUR, None, "has not been measured"),
        (Stored(GIB, 0), Prices("EUR", Decimal(0)), Decimal(0), ""),  # a price of 0 was said
    ],
)
def test_storage(held: Stored, prices: Prices, amount: Decimal | None, why: str) -> None:
    found = cost.of_storage(held, prices, KAFKA)
    assert found.amount == amount
    assert why in found.why
    assert found.assumptions


@pytest.mark.parametrize(
    ("profile", "zones", "replication", "between"),
    [
        (KAFKA, 1, 3, 0),
        (KAFKA, 3, 3, Decimal(2) / 3 + 2),
        (KAFKA, 3, 1, Decimal(2) / 3),
        (KAFKA, 2, 3, Decimal(1) / 2 + 1),  # at least one copy is in another zone
        (AUTOMQ, 3, 3, Decimal(2) / 3),  # nothing is copied between brokers
    ],
)
def test_writing(profile: Profile, zones: int, replication: int, between: Decimal | int) -> None:
    found = cost.of_traffic(GIB / MONTH_S, EUR, profile, replication=replication, zones=zones)
    amounts = {part.name: part.amount for part in found.parts if part.amount is not None}
    assert amounts["Writing"] == Decimal("0.01")
    assert abs(amounts.get("Between zones", Decimal(0)) - Decimal("0.02") * between) < Decimal(
        "0.0000001"
    )


def test_a_rate_that_nobody_knows_is_no_rate_of_0() -> None:
    assert cost.of_traffic(None, EUR, KAFKA, replication=3, zones=3).amount is None
    assert cost.of_traffic(0.0, Prices("EUR"), KAFKA, replication=3, zones=3).amount == 0


@given(
    st.lists(st.one_of(st.none(), st.decimals(0, 10_000, places=4)), min_size=1, max_size=4),
    st.lists(st.one_of(st.none(), st.decimals(0, 10_000, places=4)), min_size=1, max_size=4),
)
def test_a_sum_with_an_unknown_part_is_unknown(
    first: list[Decimal | None], second: list[Decimal | None]
) -> None:
    def parts(amounts: list[Decimal | None]) -> Cost:
        return Cost("EUR", [Part("x", amount) for amount in amounts], ["a"])

    both = cost.together(parts(first), parts(second))
    if None in first or None in second:
        assert both.amount is None
    else:
        assert both.amount == sum(a for a in [*first, *second] if a is not None)
    assert both.assumptions == ["a"]


@pytest.mark.parametrize(
    ("amount", "words", "exact"),
    [
        ("41.2", "EUR 41.20", "41.2"),
        ("1234.565", "EUR 1,234.57", "1234.565"),
        ("0.001", "less than EUR 0.01", "0.001"),
        ("0", "EUR 0.00", "0"),
        ("-3.9", "−EUR 3.90", "-3.9"),
        ("100", "EUR 100.00", "100"),
    ],
)
def test_in_words(amount: str, words: str, exact: str) -> None:
    assert cost.in_words(Decimal(amount), "EUR") == words
    assert cost.exact(Decimal(amount)) == exact
