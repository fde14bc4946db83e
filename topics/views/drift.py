"""Drift: the list of what is not as declared, and the three decisions about a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET, require_POST

from governance import lookups
from governance.actors import Actor
from governance.errors import Conflict, Invalid, NotAllowed, Refused
from governance.models import Request
from governance.permissions import Action, allowed
from governance.views.pages import PageRequest, go, page, show
from governance.views.paging import by_number
from topics import queries
from topics.kinds.topic.kind import TopicKind
from topics.models import Drift, DriftState
from topics.services import drift as service
from topics.views.words import Shown, drift_sentence, key_of, spec_value


@dataclass(frozen=True, slots=True)
class DriftRow:
    """A difference with what this person may do about it."""

    drift: Drift
    key: str
    url: str
    declared: Shown
    observed: Shown
    sentence: str
    can_accept: bool
    can_revert: bool
    can_ignore: bool
    why_not: str
    irrevertible: str

    @property
    def decidable(self) -> bool:
        """Whether it still waits for a decision."""
        return self.drift.state in (DriftState.OPEN, DriftState.IGNORED)


def drift_row(drift: Drift, actor: Actor) -> DriftRow:
    """The row as `actor` sees it."""
    accept = allowed(actor, Action.ACCEPT_DRIFT, "drift", drift.team)
    revert = allowed(actor, Action.REVERT_DRIFT, "drift", drift.team)
    ignore = allowed(actor, Action.IGNORE_DRIFT, "drift", drift.team)
    return DriftRow(
        drift=drift,
        key=key_of(drift.key),
        url=TopicKind().url(drift.cluster.slug, drift.name),
        declared=spec_value(drift.key, drift.declared),
        observed=spec_value(drift.key, drift.observed),
        sentence=drift_sentence(drift),
        can_accept=accept.ok and bool(drift.key),
        can_revert=revert.ok,
        can_ignore=ignore.ok,
        why_not="" if accept.ok or revert.ok else revert.why,
        irrevertible=service.irrevertible(drift) or "",
    )


@page
@require_GET
def drifts(request: PageRequest) -> HttpResponse:
    state = request.GET.get("state", DriftState.OPEN)
    state = state if state in DriftState.values else ""
    text = request.GET.get("q", "").strip()[:300]
    chosen = {name: request.GET.get(name, "") for name in ("owner", "cluster")}
    search = " ".join([text, *(f"{key}:{value}" for key, value in chosen.items() if value)])
    listed = by_number(request, queries.drifts(state, search), one="difference")
    context = {
        "listed": listed,
        "rows": [drift_row(row, request.actor) for row in listed.rows],
        "state": state,
        "states": DriftState.choices,
        "q": text,
        "chosen": chosen,
        "narrowed": bool(search.strip()) or state != DriftState.OPEN,
        "clusters": queries.clusters(),
        "teams": lookups.every_team(),
    }
    return show(request, "drift/list.html", context, fragment="drift/_table.html")


@page
@require_POST
def accept(request: PageRequest, number: int) -> HttpResponse:
    """Asks for what the cluster has to be declared; goes to that request."""
    reason = request.POST.get("reason", "")
    try:
        made = service.accept(number, by=request.actor, reason=reason)
    except Refused as error:
        # The draft stays, with what the rules say of it.
        _say(request, error.message, "bad")
        kept = _draft(number)
        return go(request, reverse("request", args=[kept.pk]) if kept else _back(request))
    except (Conflict, Invalid, NotAllowed) as error:
        _say(request, error.message, "bad")
        return go(request, _back(request))
    return go(request, reverse("request", args=[made.pk]))


@page
@require_POST
def revert(request: PageRequest, number: int) -> HttpResponse:
    def do() -> str:
        row = service.revert(number, by=request.actor, reason=request.POST.get("reason", ""))
        return f"A worker puts {key_of(row.key)} of {row.name} back to what is declared."

    return _decide(request, do)


@page
@require_POST
def ignore(request: PageRequest, number: int) -> HttpResponse:
    def do() -> str:
        until = _day(request.POST.get("until", ""))
        reason = request.POST.get("reason", "")
        row = service.ignore(number, by=request.actor, reason=reason, until=until)
        return f"{key_of(row.key)} of {row.name} is left as it is until {until:%-d %b %Y}."

    return _decide(request, do)


def _decide(request: PageRequest, do: Callable[[], str]) -> HttpResponse:
    try:
        _say(request, do(), "good")
    except (Conflict, Invalid, NotAllowed) as error:
        _say(request, error.message, "bad")
    return go(request, _back(request))


def _draft(number: int) -> Request | None:
    row = Drift.objects.filter(pk=number).select_related("request").first()
    return row.request if row else None


def _day(text: str) -> datetime:
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        raise Invalid("Say until which day it is ignored, as 2027-03-01.", path="until")
    return datetime.combine(day, time.max, tzinfo=UTC)


def _back(request: PageRequest) -> str:
    """The page that the decision was made on: a topic's, or the list."""
    cluster, name = request.POST.get("cluster", ""), request.POST.get("name", "")
    return TopicKind().url(cluster, name) if cluster and name else reverse("drift")


def _say(request: PageRequest, text: str, tone: str) -> None:
    level = messages.SUCCESS if tone == "good" else messages.ERROR
    messages.add_message(request, level, text, extra_tags=tone)
