"""Pages of the registry: subjects, and one of them with its versions. The wire API is `rest/`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from governance import kinds
from governance import queries as request_queries
from governance.actors import Actor
from governance.errors import NotFound
from governance.models import Environment
from governance.permissions import Action, demand, teams_where
from governance.views.pages import PageRequest, page, show
from governance.views.paging import by_number
from governance.views.requests import Tab
from governance.views.searches import Hits, Related, register_relation, register_search
from registry import catalogue, lookup, queries
from registry.addresses import subject_at, subject_url
from registry.catalogue import Comparison
from registry.forms import SubjectForm  # noqa: F401 -- puts the form into the composer's table
from registry.lookup import Stored
from registry.models import Subject
from registry.naming import DEFAULT, GLOBAL, SubjectName
from registry.scope import Place

TABS = ("changes", "schema", "requests")
SUFFIXES = ("-value", "-key")


@dataclass(frozen=True, slots=True)
class SubjectRow:
    """A subject as the list prints it."""

    subject: Subject
    url: str


@page
@require_GET
def subjects(request: PageRequest) -> HttpResponse:
    demand(request.actor, Action.READ_REGISTRY, "subject")
    words = request.GET.get("q", "").strip()[:300]
    contexts = list(catalogue.contexts())
    context_name = request.GET.get("context", "")
    if context_name not in {one.name for one in contexts}:
        context_name = ""
    sort = request.GET.get("sort", "name")
    found = catalogue.subjects(words=words, context=context_name, sort=sort)
    listed = by_number(request, found, one="subject")
    context = {
        "q": words,
        "sort": sort,
        "context_name": context_name,
        "contexts": contexts,
        "narrowed": bool(words or context_name),
        "listed": listed,
        "rows": [_row(subject) for subject in listed.rows],
        "registry_url": settings.REGISTRY_URL,
    }
    return show(request, "subjects/list.html", context, fragment="subjects/_table.html")


@page
@require_GET
def subject(request: PageRequest, context: str, name: str) -> HttpResponse:
    """One subject; ``?version=3`` shows that one, ``?against=1`` compares with another."""
    demand(request.actor, Action.READ_REGISTRY, "subject")
    target = subject_at(context, name)
    found = queries.subject(target.context, target.name)
    versions = [v for v in found.versions if not v.deleted] if found else []
    if found is None or not versions:
        raise NotFound(
            f"There is no subject {target}, or all of its versions were deleted. See the list of "
            "subjects."
        )
    chosen = _chosen(versions, request.GET.get("version")) or versions[0]
    against = _chosen(versions, request.GET.get("against")) or _before(versions, chosen)
    tab = request.GET.get("tab", "changes" if against else "schema")
    requests = request_queries.of_target(request.actor, "subject", target.context, target.name)[:50]
    return show(
        request,
        "subjects/detail.html",
        {
            "target": target,
            "versions": versions,
            "latest": versions[0],
            "chosen": chosen,
            "against": against,
            "comparison": catalogue.compare(against, chosen) if against else Comparison(),
            "text": catalogue.pretty(chosen.text),
            "subject": found,
            "scope": found.scope,
            "level_from": _from(found.scope.config_from),
            "mode_from": _from(found.scope.mode_from),
            "deleted": len(found.versions) - len(versions),
            "references": [(r, subject_url(r.target)) for r in found.references],
            "referrers": [(r, subject_url(r.subject)) for r in found.referenced_by],
            "requests": requests,
            "tab": tab if tab in TABS else "schema",
            "tabs": _tabs(tab, chosen, against, len(requests)),
            "topics": _topics(target),
            "can_register": bool(teams_where(request.actor, Action.REQUEST, "subject")),
            "registry_url": settings.REGISTRY_URL,
        },
    )


@register_search
def search(actor: Actor, words: str, limit: int) -> Hits:
    """Subjects whose name begins with the words."""
    found = catalogue.subjects(words=words)[:limit]
    return Hits(
        title="Subjects",
        rows=[
            (_row(s).url, s.name, f"version {s.latest} · {s.context.name}")  # type: ignore[attr-defined]  # annotated
            for s in found
        ],
        more_url=f"{reverse('subjects')}?q={words}",
        names=True,
    )


@register_relation
def schemas_of_topic(kind: str, environment: str, name: str) -> tuple[str, Sequence[Related]]:
    """Subjects named after a topic, in the context of its environment."""
    if kind != "topic":
        return "Schemas", ()
    place = Environment.objects.filter(slug=environment).values_list("registry_context", flat=True)
    found = catalogue.subjects(words=name, context=place.first() or DEFAULT)
    wanted = [name + suffix for suffix in SUFFIXES]
    rows = []
    for one in found.filter(name__in=wanted):
        target = SubjectName(one.context.name, one.name)
        remark = f"version {one.latest}, {lookup.in_scope(target).level}"  # type: ignore[attr-defined]  # annotated
        rows.append(Related(one.name, subject_url(target), remark))
    return "Schemas", rows


def _row(subject: Subject) -> SubjectRow:
    return SubjectRow(subject, subject_url(SubjectName(subject.context.name, subject.name)))


def _chosen(versions: Sequence[Stored], text: str | None) -> Stored | None:
    return next((v for v in versions if str(v.version) == text), None)


def _before(versions: Sequence[Stored], chosen: Stored) -> Stored | None:
    return next((v for v in versions if v.version < chosen.version), None)


def _tabs(tab: str, chosen: Stored, against: Stored | None, requests: int) -> list[Tab]:
    query = f"?version={chosen.version}" + (f"&against={against.version}" if against else "")
    tabs = [
        Tab("Schema", f"{query}&tab=schema", None, tab == "schema"),
        Tab("Requests", f"{query}&tab=requests", requests, tab == "requests"),
    ]
    if against:
        tabs.insert(0, Tab("Changes", f"{query}&tab=changes", None, tab == "changes"))
    return tabs


def _from(place: Place | None) -> str:
    """Where a setting in force comes from, in words."""
    if place is None:
        return "the server's default"
    context, subject = place
    if subject:
        return "this subject"
    return "all contexts" if context == GLOBAL else f"the context {context}"


def _topics(target: SubjectName) -> list[Related]:
    """Topics that the subject is named after, where that topic exists."""
    suffix = next((s for s in SUFFIXES if target.name.endswith(s)), "")
    if not suffix:
        return []
    topic, name = kinds.get("topic"), target.name.removesuffix(suffix)
    contexts = dict(Environment.objects.values_list("slug", "registry_context"))
    found = []
    for place, _, environment in topic.places():
        current = topic.current(place, name)
        if contexts.get(environment) == target.context and current and current.declared:
            found.append(Related(name, topic.url(place, name), f"{place} · {current.owner}"))
    return found
