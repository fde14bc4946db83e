"""Reminding people of requests that wait for them, and warning before one expires."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Case, DateTimeField, F, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Least, Now

from governance.models import Request
from governance.notices.table import Happening
from governance.services.notices import Told, tell_around
from governance.workflow import WAITING, State

AT_ONCE = 200
AGAIN_AFTER = timedelta(days=7)
WARNED_AHEAD = timedelta(days=3)


def first_reminder(before: State, after: State) -> Combinable | None:
    """When people are to be reminded of a request that has just moved, for the database to work
    out; None for one that waits for nobody now."""
    warning = settings.REQUEST_LIFETIME - _ahead()
    if after is State.IN_REVIEW:
        return Now() + min(settings.REMINDER_AFTER, warning)
    if after is State.CHANGES_REQUESTED:
        # Its time goes on from when it was put before people; only the end is told to its author.
        return F("expires_at") - _ahead() if before in WAITING else Now() + warning
    return None


def remind() -> int:
    """Reminds people of requests whose time for it has come; how many, at most `AT_ONCE`."""
    due = list(_due().order_by("remind_at").values_list("pk", flat=True)[:AT_ONCE])
    return sum(_remind(pk) for pk in due)


def _due() -> QuerySet[Request]:
    return Request.objects.filter(remind_at__lte=Now())


@transaction.atomic
def _remind(pk: int) -> bool:
    """Tells once: whoever comes second finds the row with its next time already."""
    request = (
        _due()
        .select_related("team")
        .select_for_update(of=("self",), skip_locked=True)
        .annotate(expiring=Case(When(_expiring(), then=Value(True)), default=Value(False)))
        .filter(pk=pk)
        .first()
    )
    if request is None:
        return False
    at = request.remind_at
    again = Least(Now() + AGAIN_AFTER, F("expires_at") - _ahead(), output_field=DateTimeField())
    Request.objects.filter(pk=pk).update(remind_at=None if request.expiring else again)
    if State(request.state) not in WAITING or at is None:
        return False
    happening = Happening.EXPIRES_SOON if request.expiring else Happening.REMINDED
    told = Told(f"{happening.value}:{pk}:{at.isoformat()}", happening, "Weir", request=request)
    tell_around(told)
    return True


def _expiring() -> Q:
    return Q(expires_at__isnull=True) | Q(expires_at__lte=Now() + _ahead())


def _ahead() -> timedelta:
    """How long before the end people are warned; less where requests live for days only."""
    return min(WARNED_AHEAD, settings.REQUEST_LIFETIME / 2)
