"""The start page, and the search that every page has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET

from governance import kinds, lookups, queries
from governance.views.pages import PageRequest, page, show
from governance.views.requests import rows, with_items
from governance.views.searches import SEARCHES, Hits

SHOWN = 6
# A word that only lists of topics understand goes there at once.
FILTERS = ("owner:", "env:", "cluster:", "drift:", "status:", "label:", "kind:")


@dataclass(frozen=True, slots=True)
class FirstStep:
    """One thing to do before the next makes sense; without a `url` for whoever cannot do it."""

    title: str
    text: str
    url: str
    link: str
    done: bool


@page
@require_GET
def home(request: PageRequest) -> HttpResponse:
    """What needs this person, what is hers, and the first steps of a new installation."""
    needs = with_items(queries.needs_me(request.actor))
    mine = with_items(queries.mine(request.actor))
    context = {
        "needs": rows(list(needs[:SHOWN])),
        "needs_count": needs.count(),
        "mine": rows(list(mine[:SHOWN])),
        "mine_count": mine.count(),
        "steps": _first_steps(request),
        "things": lookups.what_there_is(),
    }
    return show(request, "home/home.html", context)


@page
@require_GET
def search(request: PageRequest) -> HttpResponse:
    """Topics, subjects and requests whose name begins with what was typed."""
    words = request.GET.get("q", "").strip()[:200]
    if any(part.startswith(FILTERS) for part in words.split()):
        return HttpResponseRedirect(f"{reverse('topics')}?{urlencode({'q': words})}")
    hits = _hits(request, words) if words else []
    context = {"words": words, "hits": hits, "found": sum(len(h.rows) for h in hits)}
    return show(request, "home/search.html", context)


def _hits(request: PageRequest, words: str) -> Sequence[Hits]:
    requests = queries.search(queries.requests(request.actor), words)[:SHOWN]
    of_requests = Hits(
        title="Requests",
        rows=[
            (reverse("request", args=[r.pk]), r.title, f"#{r.pk} · {r.get_state_display()}")
            for r in requests
        ],
        more_url=f"{reverse('requests')}?{urlencode({'q': words})}",
    )
    return [*(find(request.actor, words, SHOWN) for find in SEARCHES), of_requests]


def _first_steps(request: PageRequest) -> list[FirstStep]:
    """Steps of an installation that is still empty; none once all are done."""
    there = lookups.what_there_is()
    cannot_ask = queries.why_cannot_ask(request.actor)
    connected = any(kind.places() for kind in kinds.every() if kind.name == "topic")
    steps = [
        FirstStep(
            "Make an environment",
            "Production, staging: how strict the rules are there, and where its schemas lie.",
            reverse("environments"),
            "Environments",
            there.environments > 0,
        ),
        FirstStep(
            "Connect a cluster",
            "Weir reads what is there and reports; it changes nothing that nobody asked for.",
            reverse("clusters"),
            "Clusters",
            connected,
        ),
        FirstStep(
            "Make a team",
            "Every topic and schema has one that owns it. Its people ask for changes and agree.",
            reverse("teams"),
            "Teams",
            there.teams > 0,
        ),
        FirstStep(
            "Ask for a topic",
            cannot_ask or "With its schema, in one request. The rules say who must agree.",
            "" if cannot_ask else reverse("request-new"),
            "New request",
            there.requests > 0,
        ),
    ]
    return [] if all(step.done for step in steps) else steps
