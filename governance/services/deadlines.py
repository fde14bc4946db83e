"""When people are reminded of a request, and warned of its end."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import F
from django.db.models.expressions import Combinable
from django.db.models.functions import Now

from governance.workflow import WAITING, State

WARNED_AHEAD = timedelta(days=3)


def first_reminder(before: State, after: State) -> Combinable | None:
    """When people are to be reminded of a request that has just moved, for the database to work
    out; None for one that waits for nobody now."""
    warning = settings.REQUEST_LIFETIME - ahead()
    if after is State.IN_REVIEW:
        return Now() + min(settings.REMINDER_AFTER, warning)
    if after is State.CHANGES_REQUESTED:
        # Its time goes on from when it was put before people; only the end is told to its author.
        return F("expires_at") - ahead() if before in WAITING else Now() + warning
    return None


def ahead() -> timedelta:
    """How long before the end people are warned; less where requests live for days only."""
    return min(WARNED_AHEAD, settings.REQUEST_LIFETIME / 2)
