"""Which waivers there are: in force by PostgreSQL's clock, and asked for by a request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import connection
from django.db.models import Case, Q, QuerySet, Value, When
from django.db.models.functions import Now

from governance.kinds import ItemView
from governance.models import PolicyVersion
from governance.policy.evaluate import Verdict
from governance.policy.waiving import Asked, Granted, Target, judged
from governance.waivers.model import Waiver
from governance.waivers.spec import from_json

KIND = "waiver"
GRANT = "grant"
SOON = timedelta(days=14)

IN_FORCE = Q(ended_at__isnull=True, ends_at__gt=Now())


@dataclass(frozen=True, slots=True)
class Waivers:
    """The waivers that bear on the items of one request, by policy and object."""

    known: Mapping[Target, Granted | Asked]

    def judge(self, item: ItemView, verdict: Verdict) -> Verdict:
        """The verdict on this item with its waiver considered, where there is one."""
        target = (verdict.policy, item.kind, item.place, item.name)
        return judged(verdict, self.known.get(target))


def concerning(items: Sequence[ItemView]) -> Waivers:
    """Waivers of these objects, one query however many. One in force counts before one asked for:
    what is granted need not be decided again."""
    asked: dict[Target, Granted | Asked] = {}
    for item in items:
        if (item.kind, item.operation) == (KIND, GRANT):
            spec = from_json(item.after)
            if spec.until is not None:
                target = (spec.policy, spec.kind, item.place, spec.target)
                asked[target] = Asked(spec.until, spec.reason)
    return Waivers({**asked, **granted((i.kind, i.place, i.name) for i in items)})


def granted(objects: Iterable[tuple[str, str, str]]) -> dict[Target, Granted]:
    """Waivers in force of these (kind, place, name)."""
    wanted = set(objects)
    if not wanted:
        return {}
    kinds, places, names = (sorted(set(column)) for column in zip(*wanted, strict=True))
    rows = Waiver.objects.filter(
        IN_FORCE, kind__in=kinds, place__in=places, object__in=names
    ).select_related("policy")
    return {
        (row.policy.name, row.kind, row.place, row.object): of(row)
        for row in rows
        if (row.kind, row.place, row.object) in wanted
    }


def of(row: Waiver) -> Granted:
    """A row as a plain value."""
    return Granted(row.until, row.granted_by, row.request_id)


def rule(policy: str) -> PolicyVersion | None:
    """The version in force of a policy."""
    return (
        PolicyVersion.objects.select_related("policy")
        .filter(policy__name=policy, active=True)
        .first()
    )


def today() -> date:
    """The day it is, in UTC, by PostgreSQL's clock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT (now() AT TIME ZONE 'UTC')::date")
        found: date = cursor.fetchone()[0]
    return found


# --- Lists ------------------------------------------------------------------------------------

STATES: Mapping[str, Q] = {
    "in_force": IN_FORCE,
    "ends_soon": IN_FORCE & Q(ends_at__lte=Now() + SOON),
    "ended": Q(ended_at__isnull=True, ends_at__lte=Now()),
    "taken_back": Q(ended_at__isnull=False),
}


def listed(*, policy: str = "", team: str = "", state: str = "") -> QuerySet[Waiver]:
    """Waivers, those that end last first."""
    found = Waiver.objects.select_related("policy", "team", "environment", "request")
    if policy:
        found = found.filter(policy__name=policy)
    if team:
        found = found.filter(team__slug=team)
    if state:
        found = found.filter(STATES[state])
    return found.order_by("-ends_at", "-id")


def ending(limit: int) -> list[Waiver]:
    """Those that somebody should look at: ended in the last fortnight, or ending in the next."""
    near = Q(ends_at__gt=Now() - SOON, ends_at__lte=Now() + SOON, ended_at__isnull=True)
    return list(listed().filter(near).order_by("ends_at", "id")[:limit])


def states(ids: Sequence[int]) -> dict[int, str]:
    """The state of each of these waivers now, by PostgreSQL's clock."""
    found = Waiver.objects.filter(pk__in=ids).annotate(
        state=Case(
            When(STATES["taken_back"], then=Value("taken_back")),
            When(STATES["ends_soon"], then=Value("ends_soon")),
            When(STATES["in_force"], then=Value("in_force")),
            default=Value("ended"),
        )
    )
    return dict(found.values_list("pk", "state"))
