"""The page of one subject: what changed, the schema, its versions, who uses whom, how to use it."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.http import HttpResponse
from django.views.decorators.http import require_GET

from governance import queries as request_queries
from governance.errors import NotFound
from governance.permissions import Action, demand, teams_where
from governance.views.pages import PageRequest, page, show
from governance.views.paging import by_number
from governance.views.requests import Tab
from registry import catalogue, queries, snippets
from registry.addresses import subject_at, subject_url
from registry.catalogue import Comparison
from registry.indent import indented
from registry.lookup import Stored
from registry.queries import SubjectDetail
from registry.views import picture
from registry.views.relations import topics_of

CHANGES, SCHEMA, VERSIONS, REFERENCES = "changes", "schema", "versions", "references"
USE, REQUESTS = "use", "requests"
TABS = (CHANGES, SCHEMA, VERSIONS, REFERENCES, USE, REQUESTS)
MOST_REQUESTS = 50


@page
@require_GET
def subject(request: PageRequest, context: str, name: str) -> HttpResponse:
    """One subject; ``?version=3`` shows that one, ``?against=1`` compares with another."""
    demand(request.actor, Action.READ_REGISTRY, "subject")
    target = subject_at(context, name)
    found = queries.subject(target.context, target.name)
    if found is None:
        raise NotFound(f"There is no subject {target}. See the list of subjects.")
    live = [v for v in found.versions if not v.deleted]
    # Where all were deleted they are still shown: they can be asked for, and brought back.
    shown = live or list(found.versions)
    chosen = _chosen(found.versions, request.GET.get("version")) or shown[0]
    against = _chosen(found.versions, request.GET.get("against")) or _before(shown, chosen)
    tab = request.GET.get("tab", CHANGES if against else SCHEMA)
    if tab not in TABS or (tab == CHANGES and against is None):
        tab = SCHEMA
    requests = request_queries.of_target(request.actor, "subject", target.context, target.name)
    listed = list(requests[:MOST_REQUESTS])
    graph = queries.around(chosen)
    page_of = {
        "target": target,
        "found": found,
        "live": live,
        "shown": shown,
        "chosen": chosen,
        "against": against,
        "latest": shown[0],
        "gone": not live,
        "tab": tab,
        "tabs": _tabs(tab, found, chosen, against, len(graph.nodes) - 1, len(listed)),
        "topics": topics_of(found),
        "deleted": len(found.versions) - len(live),
        "can_register": bool(teams_where(request.actor, Action.REQUEST, "subject")),
        "registry_url": settings.REGISTRY_URL,
    }
    match tab:
        case "changes":
            split = request.GET.get("view") == "split"
            page_of |= {"comparison": _compared(found, against, chosen), "split": split}
            if split and against:
                page_of["pairs"] = catalogue.text_pairs(against.text, chosen.text)
        case "schema":
            page_of["text"] = indented(chosen.text)
        case "versions":
            page_of["listed"] = by_number(request, found.versions, one="version")
        case "references":
            page_of |= {"picture": picture.drawn(graph), "graph": graph}
            page_of["uses"] = [(n, subject_url(n.subject)) for n in graph.column(uses=True)]
            page_of["users"] = [(n, subject_url(n.subject)) for n in graph.column(uses=False)]
        case "use":
            naming = found.belonging.naming
            page_of["naming"] = naming
            page_of["snippets"] = snippets.snippets(
                target, chosen.type, naming, settings.REGISTRY_URL
            )
        case _:
            page_of["requests"] = listed
    return show(request, "subjects/detail.html", page_of)


def _compared(found: SubjectDetail, against: Stored | None, chosen: Stored) -> Comparison:
    if against is None:
        return Comparison()
    return catalogue.compare(against, chosen, found.scope.policy)


def _chosen(versions: Sequence[Stored], text: str | None) -> Stored | None:
    return next((v for v in versions if str(v.version) == text), None)


def _before(versions: Sequence[Stored], chosen: Stored) -> Stored | None:
    return next((v for v in versions if v.version < chosen.version), None)


def _tabs(
    tab: str,
    found: SubjectDetail,
    chosen: Stored,
    against: Stored | None,
    around: int,
    requests: int,
) -> list[Tab]:
    query = f"?version={chosen.version}" + (f"&against={against.version}" if against else "")
    titles = {
        CHANGES: ("Changes", None),
        SCHEMA: ("Schema", None),
        VERSIONS: ("Versions", len(found.versions)),
        REFERENCES: ("References", around),
        USE: ("Use it", None),
        REQUESTS: ("Requests", requests),
    }
    return [
        Tab(title, f"{query}&tab={key}", count, tab == key)
        for key, (title, count) in titles.items()
        if key != CHANGES or against
    ]
