"""Reads about longer retentions and their ends; nothing here waits on a cluster."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import QuerySet
from django.db.models.functions import Now

from topics.models import DeclaredTopic

ENDS_SOON = timedelta(days=14)


def ending_within(time: timedelta) -> QuerySet[DeclaredTopic]:
    """Topics that fall back within that time, with their owners, the next one first: who is to be
    told before the end, and "ends soon". Those whose time is over are in it until a sweep has come.
    """
    return (
        DeclaredTopic.objects.filter(
            retention_ends_at__lte=Now() + time, last_applied__isnull=False
        )
        .select_related("cluster__environment", "resource__owner")
        .order_by("retention_ends_at", "pk")
    )
