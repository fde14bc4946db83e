"""Topics: the list over all clusters, and the page of one."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from governance import lookups
from governance.actors import Actor
from governance.views.pages import PageRequest, page, show
from governance.views.paging import by_number
from governance.views.requests import Tab
from governance.views.searches import Hits, register_search
from topics import grant_queries, queries
from topics.kinds.topic.kind import TopicKind
from topics.measures import known
from topics.measures.report import Report, report
from topics.models import DeclaredTopic
from topics.views.grants import ask_url
from topics.views.kept import Kept, kept
from topics.views.measures import measure_page
from topics.views.topic_page import topic_page
from topics.views.topic_tabs import tabs
from topics.views.words import Shown, config

TABS = ("overview", "measures", "access", "requests", "history")
RETENTION = "retention.ms"


@dataclass(frozen=True, slots=True)
class TopicRow:
    """A declared topic as the list prints it."""

    topic: DeclaredTopic
    url: str
    retention: Shown
    kept: Kept | None


@page
@require_GET
def topics(request: PageRequest) -> HttpResponse:
    """Declared topics; ``?show=unmanaged`` those that clusters have and nobody declared."""
    text = request.GET.get("q", "").strip()[:300]
    chosen = {name: request.GET.get(name, "") for name in ("owner", "env", "drift", "ends")}
    search = " ".join([text, *(f"{key}:{value}" for key, value in chosen.items() if value)])
    unmanaged = request.GET.get("show") == "unmanaged"
    sort = request.GET.get("sort", "name")
    context: dict[str, object] = {
        "q": text,
        "chosen": chosen,
        "sort": sort,
        "drifting": chosen["drift"] == "yes",
        "ending": chosen["ends"] == "soon",
        "narrowed": bool(search.strip()),
        "unknown": queries.read_search(search).unknown,
        "teams": lookups.every_team(),
        "environments": lookups.environments(),
        "clusters": list(queries.clusters()),
        "tabs": tabs("unmanaged" if unmanaged else "topics"),
        "unmanaged": unmanaged,
    }
    if unmanaged:
        context["listed"] = by_number(request, queries.unmanaged(search), one="topic")
        return show(request, "topics/list.html", context, fragment="topics/_unmanaged.html")
    listed = by_number(request, queries.topics(search, sort), one="topic")
    context |= {"listed": listed, "rows": [_row(topic) for topic in listed.rows]}
    return show(request, "topics/list.html", context, fragment="topics/_table.html")


@page
@require_GET
def topic(request: PageRequest, cluster: str, name: str) -> HttpResponse:
    ready = topic_page(cluster, name, request.actor)
    tab = request.GET.get("tab", "overview")
    tab = tab if tab in TABS else "overview"
    context: dict[str, object] = {
        "page": ready,
        "topic": ready.detail,
        "tab": tab,
        "tabs": [
            Tab("Overview", "?", None, tab == "overview"),
            Tab("Size and lag", "?tab=measures", None, tab == "measures"),
            Tab("Who uses it", "?tab=access", None, tab == "access"),
            Tab("Requests", "?tab=requests", len(ready.requests), tab == "requests"),
            Tab("History", "?tab=history", None, tab == "history"),
        ],
        "measures": measure_page(_report(ready.detail, tab)),
        "all_keys": request.GET.get("keys") == "all",
        "production": ready.detail.cluster.environment.production,
        "ask_url": ask_url(cluster, name),
    }
    if tab == "access":
        on = ready.detail.cluster
        context |= {"uses": grant_queries.uses(on, name), "cluster": on}
    return show(request, "topics/detail.html", context)


def _report(detail: queries.TopicDetail, tab: str) -> Report:
    """Its measures; its readers where the tab shows them."""
    look = known.measured if tab == "measures" else known.sizes
    rows = (detail.observed, detail.declared)
    replication = next((row.replication_factor for row in rows if row is not None), 1)
    measured = look(detail.cluster, detail.name)
    return report(detail.cluster, measured, replication=replication)


@register_search
def search(actor: Actor, words: str, limit: int) -> Hits:
    """Topics whose name holds the words, declared or only seen."""
    declared = [
        (t.cluster.slug, t.name, t.resource.owner.slug) for t in queries.topics(words)[:limit]
    ]
    seen = [
        (t.cluster.slug, t.name, "not declared")
        for t in queries.unmanaged(words)[: limit - len(declared)]
    ]
    return Hits(
        title="Topics",
        rows=[
            (TopicKind().url(cluster, name), name, f"{cluster} · {remark}")
            for cluster, name, remark in [*declared, *seen]
        ],
        more_url=f"{reverse('topics')}?{urlencode({'q': words})}",
        names=True,
    )


def _row(topic: DeclaredTopic) -> TopicRow:
    default = topic.cluster.default_configs.get(RETENTION, {}).get("value")
    return TopicRow(
        topic=topic,
        url=TopicKind().url(topic.cluster.slug, topic.name),
        retention=config(RETENTION, topic.configs.get(RETENTION) or default),
        kept=kept(topic),
    )
