"""Waivers that end soon, for whoever asked for them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db.models.functions import Now
from django.urls import reverse

from governance.endings import Ending, provide
from governance.waivers.inforce import IN_FORCE
from governance.waivers.model import Waiver


def ending(within: timedelta, most: int) -> Iterator[Ending]:
    """Those in force that end within that time."""
    rows = Waiver.objects.filter(IN_FORCE, ends_at__lte=Now() + within)
    for row in rows.select_related("policy", "team").order_by("ends_at", "id")[:most]:
        yield Ending(
            key=f"waiver:{row.pk}",
            ends_at=row.ends_at,
            title=f"Waiver of {row.policy.name} for {row.object}",
            url=reverse("waiver", args=[row.pk]),
            team=row.team.slug,
            detail=f"It ends after {row.until}. Put right what it spares, or ask for it anew.",
        )


provide("waivers", ending)
