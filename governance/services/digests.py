"""Gathering what waits for a digest: one delivery a person and day."""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now

from governance import dispatch
from governance.models import Delivery, Notification, User

AT_ONCE = 200
MOST = 500  # of one digest; the mail shows fewer and counts the rest


def gather() -> int:
    """Makes a delivery for everybody whose digest is due; how many, at most `AT_ONCE`."""
    due = Notification.objects.filter(digest_at__lte=Now()).order_by("digest_at")
    # Many rows of few people: looked at up to a bound, the rest comes with the next call.
    found = due.values_list("user_id", flat=True)[: AT_ONCE * 10]
    people = list(dict.fromkeys(found))[:AT_ONCE]
    return sum(_gather(person) for person in people)


@transaction.atomic
def _gather(user_id: int) -> bool:
    """All that waits for this person's digest, at once. Whoever comes second finds nothing."""
    User.objects.select_for_update().filter(pk=user_id).first()
    rows = Notification.objects.filter(user_id=user_id, digest_at__isnull=False)
    if not rows.filter(digest_at__lte=Now()).exists():
        return False
    waiting = list(rows.order_by("-pk").values_list("pk", flat=True)[:MOST])
    rows.update(digest_at=None)
    Delivery.objects.create(
        key=f"digest:{user_id}:{waiting[0]}", user_id=user_id, told={"notices": waiting}
    )
    dispatch.after_commit("governance.deliveries")
    return True
