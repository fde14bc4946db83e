"""Requests that wait for people do not wait for ever: after a time that nobody used they expire.

An old request asks for something of a world that has gone on, and holds the name that it asks for.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from governance.actors import system_actor
from governance.models import Request
from governance.services.moves import move
from governance.workflow import WAITING, Move

AT_ONCE = 200


def expire() -> int:
    """Ends requests whose time is over; how many, at most `AT_ONCE`."""
    due = list(_due().order_by("expires_at").values_list("pk", flat=True)[:AT_ONCE])
    return sum(_expire(pk) for pk in due)


def _due() -> QuerySet[Request]:
    return Request.objects.filter(
        state__in=[state.value for state in WAITING], expires_at__lte=Now()
    )


@transaction.atomic
def _expire(pk: int) -> bool:
    # Whoever decides on it now has the row, and it is no longer due when they are done.
    request = _due().select_related("team").select_for_update(of=("self",)).filter(pk=pk).first()
    if request is None:
        return False
    move(request, Move.EXPIRE, by=system_actor("clock"))
    return True
