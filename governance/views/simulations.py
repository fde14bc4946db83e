"""A simulation: how far it is, and what it found. The page asks again until it is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from governance import access, kinds
from governance.models import UNFINISHED, Policy
from governance.permissions import Action, allowed
from governance.policy.simulation import MOST_EXAMPLES
from governance.views.pages import PageRequest, page, show

CHANGES: Mapping[str, tuple[str, str]] = {
    "newly_refused": ("Newly refused", "bad"),
    "no_longer_refused": ("No longer refused", "good"),
    "newly_asked": ("Newly needs a person", "warn"),
    "newly_warned": ("Newly warned", "warn"),
}
SOURCES: Mapping[str, str] = {
    "estate": "What is declared",
    "requests": "Items of the last 500 requests",
}
SAYS: Mapping[str, str] = {
    "refuses": "Refused",
    "asks": "Needs a person",
    "warns": "Warned",
    "informs": "Told",
    "approves": "Approved by itself",
    "waived": "Spared by a waiver",
    "nothing": "Nothing to say",
}


@dataclass(frozen=True, slots=True)
class Source:
    """Counts of one source: each line with the draft and what is in force."""

    title: str
    judged: int
    failed: int
    says: Sequence[tuple[str, int, int]]


@dataclass(frozen=True, slots=True)
class Changed:
    """One sort of change: how many, and examples."""

    title: str
    css: str
    count: int
    more: bool
    examples: Sequence[Mapping[str, Any]]


@page
@require_GET
def simulation(request: PageRequest, number: int) -> HttpResponse:
    """The page; while it runs, htmx asks for its result every second."""
    found = access.get_simulation(request.actor, number)
    known = Policy.objects.filter(name=found.policy).exists()
    address = reverse("policy-change", args=[found.policy]) if known else reverse("policy-new")
    result: Mapping[str, Any] = found.found
    context = {
        "simulation": found,
        "known": known,
        "running": found.state in UNFINISHED,
        "may_change": allowed(request.actor, Action.MANAGE_POLICIES, "policy").ok,
        "draft_url": f"{address}?draft={found.pk}",
        "sources": _sources(result),
        "changes": _changes(result),
        "teams": result.get("teams", []),
        "more_teams": result.get("more_teams", 0),
        "notes": list(result.get("notes", {}).values()),
        "seconds": result.get("seconds"),
        "asked_by": str(found.author) if found.author else found.author_name,
    }
    return show(request, "policies/simulation.html", context, fragment="policies/_simulation.html")


def _sources(result: Mapping[str, Any]) -> list[Source]:
    return [
        Source(
            title,
            counts["judged"],
            counts["failed"],
            [
                (words, counts["draft"][key], counts["in_force"][key])
                for key, words in SAYS.items()
                if counts["draft"][key] or counts["in_force"][key]
            ],
        )
        for name, title in SOURCES.items()
        if (counts := result.get("sources", {}).get(name))
    ]


def _changes(result: Mapping[str, Any]) -> list[Changed]:
    found = []
    for key, (title, css) in CHANGES.items():
        count = sum(source[key] for source in result.get("sources", {}).values())
        examples = [_linked(one) for one in result.get("examples", {}).get(key, [])]
        if count:
            found.append(Changed(title, css, count, count > MOST_EXAMPLES, examples))
    return found


def _linked(example: Mapping[str, Any]) -> Mapping[str, Any]:
    url = kinds.get(example["kind"]).url(example["place"], example["name"])
    return {**example, "url": url if example["source"] == "estate" else ""}
