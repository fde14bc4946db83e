"""When a request may be applied: the environment's windows and freezes, and "not before".

An approved request whose time has not come is *scheduled*. A sweep wakes it by PostgreSQL's clock,
and it is rechecked then, since the world may have changed while it waited.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from governance import access, audit, windows
from governance.actors import Actor
from governance.clock import database_now
from governance.errors import Conflict, Invalid, NotAllowed
from governance.models import BrokenGlass, Environment, Freeze, Request, Requirement
from governance.permissions import Action, allowed
from governance.services import reviews
from governance.windows import Calendar, next_open
from governance.workflow import OPEN, State

LONGEST_WAIT = timedelta(days=366)
# What has no time within a year is looked at again this often.
LOOKS_AGAIN = timedelta(days=1)
CAN_WAIT = OPEN - {State.CHECKING, State.APPLYING}


@dataclass(frozen=True, slots=True)
class Wait:
    """Why a request is not applied now, and until when; None: at no time within a year."""

    until: datetime | None
    why: str


def calendar_of(environment: Environment) -> Calendar:
    """The environment's windows, and its freezes that are not over."""
    return calendars_of([environment])[environment.pk]


def calendars_of(environments: Sequence[Environment]) -> dict[int, Calendar]:
    """The same for several, by id, with one query."""
    standing = Freeze.objects.filter(
        environment__in=environments, lifted_at__isnull=True, ends_at__gt=Now()
    )
    freezes: dict[int, list[windows.Freeze]] = {}
    for one in standing:
        freeze = windows.Freeze(one.starts_at, one.ends_at, one.reason)
        freezes.setdefault(one.environment_id, []).append(freeze)
    return {
        environment.pk: Calendar(
            zone=ZoneInfo(environment.time_zone),
            windows=windows.parse(environment.change_windows),
            freezes=tuple(freezes.get(environment.pk, ())),
        )
        for environment in environments
    }


def wait_of(request: Request) -> Wait | None:
    """What the request would wait for if it were approved now; None: for nothing."""
    environment = request.environment
    if environment is None or glass_holds(request):
        return None
    now = database_now()
    calendar = calendar_of(environment)
    wanted = request.not_before if request.not_before and request.not_before > now else None
    earliest = wanted or now
    opens = next_open(earliest, calendar)
    if opens == now:
        return None
    whys = [calendar.why_closed(earliest, where=environment.name, now=now)]
    if wanted is not None:
        whys.insert(0, f"Not before {calendar.in_words(wanted, now)}, as was asked for.")
    return Wait(opens, " ".join(why for why in whys if why))


def glass_holds(request: Request) -> bool:
    """Whether the glass was broken for this revision and its time to be looked at is not over:
    then neither missing approvals nor freezes keep the request from being applied."""
    return (
        request.break_glass
        and BrokenGlass.objects.filter(
            request=request, revision=request.revision, due__gt=Now()
        ).exists()
    )


def due() -> Q:
    """Scheduled requests whose time has come, or which have none and waited for a day."""
    come = Q(scheduled_for__lte=Now())
    none = Q(scheduled_for__isnull=True, state_at__lte=Now() - LOOKS_AGAIN)
    return Q(state=State.SCHEDULED.value) & (come | none)


def wake(environment: Environment) -> None:
    """Has all that waits in the environment looked at again, since its times were changed."""
    Request.objects.filter(environment=environment, state=State.SCHEDULED).update(
        scheduled_for=Now()
    )


@transaction.atomic
def set_not_before(request: Request, at: datetime | None, *, by: Actor) -> Request:
    """Has the request applied not before that moment, or as soon as it may be (None).

    Whoever may edit it can, and whoever is asked to approve it. Once somebody has approved, its
    authors can only put it off further: an approver may have agreed to a later time alone.
    """
    request = access.lock_request(by, request.pk)
    if State(request.state) not in CAN_WAIT:
        raise Conflict(
            f"Request #{request.pk} is {State(request.state).words.lower()}, so its time can no "
            "longer be chosen.",
            request=request.pk,
        )
    _check_time(at)
    if not is_asked(request, by):
        _as_author(request, at, by)
    before = request.not_before
    if before == at:
        return request
    request.not_before = at
    request.save(update_fields=["not_before"])
    if request.state == State.SCHEDULED:
        Request.objects.filter(pk=request.pk).update(scheduled_for=Now())
    audit.record(
        "request.put_off_until" if at else "request.not_put_off",
        by=by,
        about=request,
        request_id=request.pk,
        team=request.team.slug,
        data={"before": _text(before), "after": _text(at), "why": in_zone(request, at)},
    )
    return request


def can_set_not_before(request: Request, by: Actor, *, asked: bool) -> bool:
    """Whether this actor, who `is_asked` or not, may choose the time now."""
    if State(request.state) not in CAN_WAIT:
        return False
    return bool(allowed(by, Action.EDIT, "request", request.team.slug)) or asked


def is_asked(
    request: Request,
    by: Actor,
    rows: Sequence[Requirement] | None = None,
    authors: Collection[int] | None = None,
) -> bool:
    """Whether the revision that stands asks this actor to agree, or somebody whom she stands in
    for; nobody who wrote any of it is. Its requirements and authors are read where not given."""
    acting = reviews.acting(request, by, rows, authors)
    return acting is not None and not reviews.wrote_it(request, by, authors)


def in_zone(request: Request, at: datetime | None) -> str:
    """The moment on the wall of the request's environment, with its zone; empty for none."""
    if at is None:
        return ""
    zone = request.environment.time_zone if request.environment else "UTC"
    wall = at.astimezone(ZoneInfo(zone))
    return f"{wall:%a} {wall.day} {wall:%b %Y, %H:%M} ({zone})"


def _as_author(request: Request, at: datetime | None, by: Actor) -> None:
    may = allowed(by, Action.EDIT, "request", request.team.slug)
    if not may:
        raise NotAllowed(
            f"{may.why} Whoever is asked to approve a request may choose its time as well.",
            rule=may.rule,
            who=may.who,
        )
    earlier = request.not_before is not None and (at is None or at < request.not_before)
    agreed = request.requirements.filter(revision=request.revision, review__isnull=False).exists()
    if earlier and agreed:
        raise NotAllowed(
            "It has been approved for that time: you can put it off further. Only somebody who is "
            "asked to approve it can have it applied earlier.",
            request=request.pk,
        )


def _check_time(at: datetime | None) -> None:
    if at is None:
        return
    now = database_now()
    if at <= now:
        raise Invalid(
            "This time is over. Choose one to come, or none to have it applied as soon as it may "
            "be.",
            path="not_before",
        )
    if at > now + LONGEST_WAIT:
        raise Invalid(
            "This is more than a year away. Ask again when the time is nearer.", path="not_before"
        )


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
