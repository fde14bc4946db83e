"""The page of one subject: what changed, the schema, its versions, who uses whom, how to use it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpResponse
from django.views.decorators.http import require_GET

from governance import queries as request_queries
from governance.errors import NotFound
from governance.models import Request
from governance.permissions import Action, demand, teams_where
from governance.views.asking import hand_over_url
from governance.views.pages import PageRequest, page, show
from governance.views.paging import by_number
from governance.views.requests import Tab
from registry import catalogue, lookup, queries, snippets
from registry.addresses import subject_at, subject_url
from registry.graph import Graph, Node
from registry.indent import indented
from registry.lookup import Head, Stored
from registry.naming import SubjectName
from registry.owners import OWN
from registry.queries import SubjectDetail
from registry.views import governing, picture
from registry.views.relations import topics_of

MOST_REQUESTS = 50
Values = dict[str, object]


@dataclass(frozen=True, slots=True)
class Look:
    """What somebody looks at: a version of a subject, beside another where there is one."""

    request: PageRequest
    found: SubjectDetail
    chosen: Stored
    against: Stored | None
    graph: Graph
    requests: Sequence[Request]


@page
@require_GET
def subject(request: PageRequest, context: str, name: str) -> HttpResponse:
    """One subject; ``?version=3`` shows that one, ``?against=1`` compares with another."""
    demand(request.actor, Action.READ_REGISTRY, "subject")
    target = subject_at(context, name)
    found = queries.subject(target.context, target.name)
    if found is None:
        raise NotFound(f"There is no subject {target}. See the list of subjects.")
    live = found.live
    # Where all were deleted they are still shown: they can be asked for, and brought back.
    shown = live or list(found.versions)
    named = _named(found.versions, request.GET.get("version")) or shown[0]
    other = _named(found.versions, request.GET.get("against")) or _before(shown, named)
    chosen, against = lookup.with_text(named), lookup.with_text(other) if other else None
    if chosen is None:
        raise NotFound(f"Version {named.version} of {target} was deleted just now. Look again.")
    asked = request_queries.of_target(request.actor, "subject", target.context, target.name)
    look = Look(
        request, found, chosen, against, queries.around(chosen), list(asked[:MOST_REQUESTS])
    )
    tab = request.GET.get("tab", "changes")
    if tab not in TABS or (tab == "changes" and against is None):
        tab = "schema"
    values: Values = {
        "target": target,
        "found": found,
        "live": live,
        "shown": shown,
        "chosen": chosen,
        "against": against,
        "latest": shown[0],
        "gone": not live,
        "tab": tab,
        "tabs": _tabs(tab, look),
        "topics": topics_of(found),
        "deleted": len(found.versions) - len(live),
        "can_register": bool(teams_where(request.actor, Action.REQUEST, "subject")),
        "hand_over_url": _hand_over_url(found, target),
    }
    return show(request, "subjects/detail.html", values | TABS[tab].values(look))


def _hand_over_url(found: SubjectDetail, target: SubjectName) -> str:
    """Where it is handed over or claimed; empty for one that follows its topic."""
    owner = found.belonging.owner
    if owner is not None and owner.why != OWN:
        return ""
    return hand_over_url("subject", target.context, target.name, owned=owner is not None)


# --- What each tab shows ----------------------------------------------------------------------


def _changes(look: Look) -> Values:
    if look.against is None:
        return {}
    values: Values = {
        "comparison": catalogue.compare(look.against, look.chosen, look.found.scope.policy)
    }
    if look.request.GET.get("view") == "split":
        values |= {
            "split": True,
            "pairs": catalogue.text_pairs(look.against.text, look.chosen.text),
        }
    return values


def _schema(look: Look) -> Values:
    return {"text": indented(look.chosen.text)}


def _versions(look: Look) -> Values:
    return {"listed": by_number(look.request, look.found.versions, one="version")}


def _references(look: Look) -> Values:
    return {
        "graph": look.graph,
        "picture": picture.drawn(look.graph),
        "uses": _linked(look.graph.column(uses=True)),
        "users": _linked(look.graph.column(uses=False)),
    }


def _linked(nodes: Sequence[Node]) -> list[tuple[Node, str]]:
    return [(node, subject_url(node.subject)) for node in nodes]


def _use(look: Look) -> Values:
    naming = look.found.belonging.naming
    found = snippets.snippets(look.found.name, look.chosen.type, naming, settings.REGISTRY_URL)
    return {"naming": naming, "snippets": found}


def _requests(look: Look) -> Values:
    return {"requests": look.requests}


def _writing(look: Look) -> Values:
    return governing.of_subject(look.found.name, look.request.actor)


@dataclass(frozen=True, slots=True)
class Part:
    """A tab: its title, what it shows, and how many of it there are where that is said."""

    title: str
    values: Callable[[Look], Values]
    count: Callable[[Look], int | None] = lambda look: None


TABS: Mapping[str, Part] = {
    "changes": Part("Changes", _changes),
    "schema": Part("Schema", _schema),
    "versions": Part("Versions", _versions, lambda look: len(look.found.versions)),
    "references": Part("References", _references, lambda look: len(look.graph.nodes) - 1),
    "use": Part("Use it", _use),
    "writing": Part("Writing", _writing),
    "requests": Part("Requests", _requests, lambda look: len(look.requests)),
}


def _tabs(current: str, look: Look) -> list[Tab]:
    query = f"?version={look.chosen.version}"
    if look.against:
        query += f"&against={look.against.version}"
    return [
        Tab(part.title, f"{query}&tab={key}", part.count(look), key == current)
        for key, part in TABS.items()
        if key != "changes" or look.against
    ]


def _named(versions: Sequence[Head], text: str | None) -> Head | None:
    return next((v for v in versions if str(v.version) == text), None)


def _before(versions: Sequence[Head], chosen: Head) -> Head | None:
    return next((v for v in versions if v.version < chosen.version), None)
