"""Grants that end soon, for the team whose application uses them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db.models.functions import Now
from django.urls import reverse

from governance.endings import Ending, provide
from topics.kinds.grant.model import DeclaredGrant, GrantState


def ending(within: timedelta, most: int) -> Iterator[Ending]:
    """Those in force that end within that time."""
    rows = DeclaredGrant.objects.filter(
        state=GrantState.ACTIVE, ends_at__gt=Now(), ends_at__lte=Now() + within
    ).select_related("application__team", "cluster")
    for row in rows.order_by("ends_at", "id")[:most]:
        assert row.ends_at is not None  # noqa: S101 -- the filter says so
        yield Ending(
            key=f"grant:{row.pk}",
            ends_at=row.ends_at,
            title=f"{row.application.name} {row.what} on {row.cluster.slug}",
            url=reverse("grant", args=[row.cluster.slug, row.name]),
            team=row.application.team.slug,
            detail=f"It ends at {row.ends_at:%Y-%m-%d %H:%M} UTC, and its clients are denied from "
            "then on. Renew it if it is still needed.",
        )


provide("grants", ending)
