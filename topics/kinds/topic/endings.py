"""Retentions that fall back soon, for the team that owns the topic."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.urls import reverse

from governance.endings import Ending, provide
from topics.reason_queries import ending_within


def ending(within: timedelta, most: int) -> Iterator[Ending]:
    """Those that fall back within that time."""
    for row in ending_within(within)[:most]:
        assert row.retention_ends_at is not None  # noqa: S101 -- the query says so
        yield Ending(
            key=f"retention:{row.pk}",
            ends_at=row.retention_ends_at,
            title=f"Longer retention of {row.name} on {row.cluster.slug}",
            url=reverse("topic", args=[row.cluster.slug, row.name]),
            team=row.resource.owner.slug,
            detail=f"It ends at {row.retention_ends_at:%Y-%m-%d %H:%M} UTC: older records are "
            "deleted from then on. Ask for a later end if they are still needed.",
        )


provide("retentions", ending)
