"""Telling teams of what of theirs ends soon: a fortnight before, and again two days before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from governance import endings
from governance.actors import system_actor
from governance.clock import database_now
from governance.endings import Ending
from governance.models import Notification
from governance.notices.table import Happening
from governance.services import circles, notices

AHEAD = (timedelta(days=14), timedelta(days=2))
AT_ONCE = 2_000  # of each kind of thing; the next hour goes on with those that are left


def tell() -> int:
    """Tells of what nobody was told of yet; of how many things."""
    found = endings.within(max(AHEAD), most=AT_ONCE)
    now = database_now()
    keyed = {_key(one, now): one for one in found}
    told = _told(list(keyed))
    by = system_actor("clock")
    for key, one in keyed.items():
        if key not in told:
            notices.tell(
                Happening.ENDS_SOON,
                people=circles.owners_of(one.team),
                key=key,
                by=by,
                title=one.title,
                url=one.url,
                detail=one.detail,
            )
    return len(keyed.keys() - told)


def _key(one: Ending, now: datetime) -> str:
    """The occasion: this end, told so long before. A moved end is another occasion."""
    ahead = min(time for time in AHEAD if one.ends_at <= now + time or time == max(AHEAD))
    return f"{one.key}:ends:{one.ends_at:%Y-%m-%dT%H:%M}:{ahead.days}"


def _told(keys: Sequence[str]) -> set[str]:
    return set(Notification.objects.filter(key__in=keys).values_list("key", flat=True))
