"""A cluster's price book: what the platform team says things cost there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.db import transaction

from governance import audit
from governance.actors import Actor
from governance.errors import Invalid, NotFound
from governance.permissions import Action, demand
from topics.measures.model import PriceBook
from topics.models import Cluster

CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)
MOST: Final = Decimal(10_000_000)
PLACES: Final = 6
# The fields, and what a person reads about each.
PRICES: Final = {
    "local_gib_month": "a GiB on brokers' disks, a month",
    "remote_gib_month": "a GiB in object storage, a month",
    "ingress_gib": "a GiB written",
    "cross_zone_gib": "a GiB between zones",
}


@dataclass(frozen=True, slots=True)
class PriceSpec:
    """Prices as a person writes them; None is one that nobody knows, which is not the same as 0."""

    currency: str
    local_gib_month: Decimal | None = None
    remote_gib_month: Decimal | None = None
    ingress_gib: Decimal | None = None
    cross_zone_gib: Decimal | None = None


@transaction.atomic
def set_prices(slug: str, spec: PriceSpec, *, by: Actor) -> PriceBook:
    """Replaces a cluster's prices, by the platform team; nothing is written when nothing differs.
    Raises Invalid, naming the value."""
    demand(by, Action.MANAGE_CLUSTERS, "cluster")
    cluster = Cluster.objects.select_for_update().filter(slug=slug).first()
    if cluster is None:
        raise NotFound(f"There is no cluster {slug}.", slug=slug)
    values = _values(spec)
    book = PriceBook.objects.filter(cluster=cluster).first()
    before = _told(book)
    book = book or PriceBook(cluster=cluster)
    for name, value in values.items():
        setattr(book, name, value)
    after = _told(book)
    if before == after:
        return book
    book.save()
    audit.record(
        "cluster.prices_changed",
        by=by,
        about=cluster,
        data={
            "before": {k: v for k, v in before.items() if after.get(k) != v},
            "after": {k: v for k, v in after.items() if before.get(k) != v},
        },
    )
    return book


def _values(spec: PriceSpec) -> dict[str, object]:
    currency = spec.currency.strip().upper()
    if not CURRENCY.fullmatch(currency):
        raise Invalid(
            f"{spec.currency[:20]!r} is no currency. Write its three letters, EUR for example.",
            path="currency",
        )
    values: dict[str, object] = {"currency": currency}
    for name, title in PRICES.items():
        amount: Decimal | None = getattr(spec, name)
        if amount is not None and not _usable(amount):
            raise Invalid(
                f"The price of {title} cannot be {str(amount)[:30]}: it is 0 to {MOST:,}, with "
                f"{PLACES} decimals at most.",
                path=name,
            )
        values[name] = amount
    return values


def _usable(amount: Decimal) -> bool:
    if not amount.is_finite() or not 0 <= amount <= MOST:
        return False
    return amount == round(amount, PLACES)


def _told(book: PriceBook | None) -> dict[str, object]:
    """Prices for an event: as text, so that none is rounded; unknown ones are None."""
    if book is None:
        return {}
    told: dict[str, object] = {"currency": book.currency}
    for name in PRICES:
        amount = getattr(book, name)
        told[name] = None if amount is None else f"{Decimal(amount).normalize():f}"
    return told
