"""How subjects are written, and by whom: on a subject's page, and for prefixes and contexts."""

from __future__ import annotations

from datetime import datetime, time

from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET, require_POST

from governance.actors import Actor
from governance.errors import Invalid
from governance.models import ServiceToken, Team
from governance.permissions import Action, allowed, demand
from governance.views.pages import PageRequest, go, page, show
from registry import catalogue, levels, owners, rights
from registry.addresses import subject_url
from registry.covering import Covered
from registry.inforce import SERVER
from registry.levels import Gate
from registry.models import GateLevel, SubjectRight
from registry.naming import DEFAULT, SubjectName
from registry.rights import Holder, Right

MOST_SHOWN = 500


def of_subject(subject: SubjectName, actor: Actor) -> dict[str, object]:
    """What the tab of a subject's page shows."""
    found = levels.in_force(subject)
    owner = owners.owner_of(subject)
    place = Covered(subject.context, subject.name)
    may = allowed(actor, Action.GOVERN_SUBJECT, "subject", owner.team if owner else None)
    return {
        "gate": found.gate,
        "gate_from": found.place.words if found.place else SERVER,
        "own_gate": found.gate.value if found.place == place else "",
        "place": place,
        "rights": _rows(rights.of_place(subject)),
        "may_govern": may.ok,
        "who_could": may.why,
        **_choices(),
    }


_OWNED = (
    "On the wire a subject is written by the team that owns it, and by whoever stands here. A "
    "first version under a name that nobody owns makes it its team's."
)
_WHAT_RIGHTS_DO = {
    "open": "This installation lets every token that may write, write every subject, so rights "
    "change nothing but who may ask by request. WEIR_REGISTRY_RIGHTS=owned makes them count.",
    "owned": _OWNED,
    "closed": f"{_OWNED} The same read it, and teams with access to its topic; nobody else.",
}


def _choices() -> dict[str, object]:
    return {
        "gates": [(one.value, one.words) for one in Gate],
        "all_rights": [(one.value, one.words) for one in Right],
        "teams": Team.objects.order_by("slug"),
        "rights_words": _WHAT_RIGHTS_DO[settings.REGISTRY_RIGHTS],
        "installation_gate": settings.REGISTRY_GATE,
    }


def _rows(rows: QuerySet[SubjectRight]) -> list[tuple[SubjectRight, str, bool]]:
    """Rights with their place in words, and whether they have ended."""
    now = timezone.now()
    return [
        (
            row,
            Covered(row.context, row.subject, row.prefix).words,
            row.until is not None and row.until <= now,
        )
        for row in rows[:MOST_SHOWN]
    ]


@page
@require_GET
def places(request: PageRequest) -> HttpResponse:
    """Every place that has a level of its own, and every right."""
    demand(request.actor, Action.READ_REGISTRY, "subject")
    found = GateLevel.objects.order_by("context", "prefix", "subject")[:MOST_SHOWN]
    given = SubjectRight.objects.select_related("team", "token__team")
    context = {
        "rows": [(row, Covered(row.context, row.subject, row.prefix).words) for row in found],
        "rights": _rows(given.order_by("context", "subject", "pk")),
        "contexts": [one.name for one in catalogue.contexts()] or [DEFAULT],
        "may_govern": allowed(request.actor, Action.GOVERN_SUBJECT, "context").ok,
        **_choices(),
    }
    return show(request, "subjects/places.html", context)


@page
@require_POST
def set_gate(request: PageRequest) -> HttpResponse:
    """Sets the level of a place; an empty one takes it away."""
    place, gate = _place(request.POST), request.POST.get("level", "")
    if gate:
        levels.set_level(place, gate, by=request.actor)
        said = f"{place.words[0].upper()}{place.words[1:]}: {Gate(gate).words[0].lower()}"
        said += f"{Gate(gate).words[1:]}."
    else:
        levels.clear_level(place, by=request.actor)
        said = f"The level of the wider place counts for {place.words} now."
    return _back(request, place, said)


@page
@require_POST
def give_right(request: PageRequest) -> HttpResponse:
    """Gives rights to a team, or to a token as team/name."""
    place, typed = _place(request.POST), request.POST
    until = None
    if typed.get("until"):
        day = parse_date(typed["until"])
        if day is None:
            raise Invalid("The last day is a date such as 2030-01-31, or nothing.", path="until")
        until = timezone.make_aware(datetime.combine(day, time.max))
    holder = _holder(typed.get("holder", "").strip())
    rights.give(holder, place, typed.getlist("rights"), until=until, by=request.actor)
    return _back(request, place, f"{typed['holder'].strip()} has these rights to {place.words}.")


@page
@require_POST
def take_right(request: PageRequest, number: int) -> HttpResponse:
    rights.take(number, by=request.actor)
    return _back(request, _place(request.POST), "The right is taken away.")


def _holder(text: str) -> Holder:
    team, _, name = text.partition("/")
    if not name:
        return Holder(team=team)
    found = ServiceToken.objects.filter(team__slug=team, name=name, revoked_at__isnull=True).first()
    if found is None:
        raise Invalid(f"No token of {team[:80]} that works is called {name[:120]}.", path="holder")
    return Holder(token=found.pk)


def _place(typed: QueryDict) -> Covered:
    prefix = typed.get("prefix") == "1"
    return Covered(typed.get("context") or DEFAULT, typed.get("subject", ""), prefix)


def _back(request: PageRequest, place: Covered, said: str) -> HttpResponse:
    messages.add_message(request, messages.SUCCESS, said, extra_tags="good")
    if request.POST.get("from") == "subject" and not place.prefix:
        return go(request, f"{subject_url(place.name)}?tab=writing")
    return go(request, reverse("subject-places"))
