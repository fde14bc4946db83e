"""Topics: the list over all clusters, and the page of one."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from governance import lookups as governance_lookups
from governance.actors import Actor
from governance.errors import NotFound
from governance.models import Lifecycle
from governance.views.pages import PageRequest, page, show
from governance.views.paging import by_number
from governance.views.requests import Tab
from governance.views.searches import Hits, register_search
from topics import lookups
from topics.kinds.topic.kind import TopicKind
from topics.models import DeclaredTopic
from topics.views import narrow as narrowing
from topics.views.topic_page import topic_page
from topics.views.words import Shown, config

TABS = ("overview", "history", "requests")


@dataclass(frozen=True, slots=True)
class TopicRow:
    """A declared topic as the list prints it."""

    topic: DeclaredTopic
    url: str
    retention: Shown


@page
@require_GET
def topics(request: PageRequest) -> HttpResponse:
    """Declared topics; ``?show=unmanaged`` those that clusters have and nobody declared."""
    text = request.GET.get("q", "").strip()[:300]
    narrow = narrowing.read(text)
    unmanaged = request.GET.get("show") == "unmanaged"
    sort = request.GET.get("sort", "name")
    owner = request.GET.get("owner", "") or narrow.owner
    environment = request.GET.get("environment", "") or narrow.environment
    context: dict[str, object] = {
        "q": text,
        "narrow": narrow,
        "sort": sort,
        "owner": owner,
        "environment": environment,
        "drifting": narrow.drift or request.GET.get("drift") == "yes",
        "narrowed": bool(text or owner or environment or request.GET.get("drift")),
        "teams": governance_lookups.teams(),
        "environments": governance_lookups.environments(),
        "lifecycles": Lifecycle.choices,
        "clusters": list(lookups.clusters()),
        "tabs": _tabs(unmanaged=unmanaged),
        "unmanaged": unmanaged,
    }
    if unmanaged:
        found = lookups.unmanaged_topics(words=narrow.words, cluster=narrow.cluster)
        context["listed"] = by_number(request, found, one="topic")
        return show(request, "topics/list.html", context, fragment="topics/_unmanaged.html")
    listed = by_number(
        request,
        lookups.declared_topics(
            words=narrow.words,
            owner=owner,
            environment=environment,
            cluster=narrow.cluster,
            status=narrow.status,
            drift=bool(context["drifting"]),
            sort=sort,
        ),
        one="topic",
    )
    context |= {"listed": listed, "rows": [_row(topic) for topic in listed.rows]}
    return show(request, "topics/list.html", context, fragment="topics/_table.html")


@page
@require_GET
def topic(request: PageRequest, cluster: str, name: str) -> HttpResponse:
    found = lookups.clusters().filter(slug=cluster).first()
    if found is None:
        raise NotFound(f"There is no cluster called {cluster}. See the list of clusters.")
    ready = topic_page(found, name, request.actor)
    tab = request.GET.get("tab", "overview")
    tab = tab if tab in TABS else "overview"
    context = {
        "topic": ready,
        "tab": tab,
        "tabs": [
            Tab("Overview", "?", None, tab == "overview"),
            Tab("Requests", "?tab=requests", len(ready.requests), tab == "requests"),
            Tab("History", "?tab=history", None, tab == "history"),
        ],
        "all_keys": request.GET.get("keys") == "all",
        "production": found.environment.production,
    }
    return show(request, "topics/detail.html", context)


@register_search
def search(actor: Actor, words: str, limit: int) -> Hits:
    """Topics whose name begins with the words, declared or only seen."""
    declared = [
        (t.cluster.slug, t.name, t.resource.owner.slug)
        for t in lookups.declared_topics(words=words)[:limit]
    ]
    seen = [
        (t.cluster.slug, t.name, "not declared")
        for t in lookups.unmanaged_topics(words=words)[: limit - len(declared)]
    ]
    return Hits(
        title="Topics",
        rows=[
            (TopicKind().url(cluster, name), name, f"{cluster} · {remark}")
            for cluster, name, remark in [*declared, *seen]
        ],
        more_url=f"{reverse('topics')}?q={words}",
        names=True,
    )


def _row(topic: DeclaredTopic) -> TopicRow:
    key = "retention.ms"
    default = topic.cluster.default_configs.get(key, {}).get("value")
    return TopicRow(
        topic=topic,
        url=TopicKind().url(topic.cluster.slug, topic.name),
        retention=config(key, topic.configs.get(key) or default),
    )


def _tabs(*, unmanaged: bool) -> list[Tab]:
    address = reverse("topics")
    return [
        Tab("Declared", address, None, not unmanaged),
        Tab("Not declared", f"{address}?show=unmanaged", None, unmanaged),
        Tab("Drift", reverse("drift"), lookups.open_drifts(), current=False),
    ]
