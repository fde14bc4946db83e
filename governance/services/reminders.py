"""Reminding people of requests that wait for them, and warning before one expires."""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import Case, DateTimeField, F, Q, QuerySet, Value, When
from django.db.models.functions import Least, Now

from governance.actors import system_actor
from governance.errors import WeirError
from governance.models import Request
from governance.notices.table import Happening
from governance.services import settling
from governance.services.deadlines import ahead
from governance.services.notices import Told, tell_around
from governance.workflow import WAITING, State

log = structlog.get_logger(__name__)

AT_ONCE = 200
WHY = "Those who were asked cannot all answer any more, so others are asked."
AGAIN_AFTER = timedelta(days=7)


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
    again = Least(Now() + AGAIN_AFTER, F("expires_at") - ahead(), output_field=DateTimeField())
    Request.objects.filter(pk=pk).update(remind_at=None if request.expiring else again)
    if State(request.state) not in WAITING or at is None:
        return False
    _ask_again(request)
    if State(request.state) not in WAITING:
        return False  # all whom the rules ask today have agreed
    happening = Happening.EXPIRES_SOON if request.expiring else Happening.REMINDED
    told = Told(f"{happening.value}:{pk}:{at.isoformat()}", happening, "Weir", request=request)
    tell_around(told)
    return True


def _ask_again(request: Request) -> None:
    """Lets a request that waits for people ask those whom the rules ask today, since whom it asked
    may have left. What keeps it from being examined does not keep anybody from being reminded."""
    try:
        with transaction.atomic():
            settling.ask_again(request, by=system_actor("policies"), why=WHY)
    except WeirError as error:
        log.warning("not_asked_again", request=request.pk, why=error.message)


def _expiring() -> Q:
    return Q(expires_at__isnull=True) | Q(expires_at__lte=Now() + ahead())
