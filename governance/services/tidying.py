"""Removing notices that were read or came, and deliveries that ended, long ago."""

from __future__ import annotations

from datetime import timedelta

from django.db.models.functions import Now

from governance.models import Delivery, Notification

KEPT = timedelta(days=90)
KEPT_UNREAD = timedelta(days=365)
AT_ONCE = 5_000


def notices() -> int:
    """Removes what was read or settled `KEPT` ago, and what nobody read in `KEPT_UNREAD`; how many
    rows, at most `AT_ONCE` of each."""
    read = Notification.objects.filter(read_at__lt=Now() - KEPT).order_by("read_at")
    ended = Delivery.objects.filter(settled_at__lt=Now() - KEPT).order_by("settled_at")
    oldest = Notification.objects.order_by("pk").values("pk")[:AT_ONCE]
    unread = Notification.objects.filter(
        pk__in=oldest, unread=True, created_at__lt=Now() - KEPT_UNREAD
    )
    old = {*read.values_list("pk", flat=True)[:AT_ONCE], *unread.values_list("pk", flat=True)}
    settled = list(ended.values_list("pk", flat=True)[:AT_ONCE])
    gone, _ = Delivery.objects.filter(pk__in=settled).delete()
    removed, _ = Notification.objects.filter(pk__in=old).delete()
    return gone + removed
