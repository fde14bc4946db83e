"""Clusters: the list, one of them, and the form for a record."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from governance import lookups
from governance.errors import Conflict, Invalid, NotFound
from governance.forms import refuse
from governance.permissions import Action, allowed, demand
from governance.views import carried
from governance.views.pages import PageRequest, go, page, show
from topics import queries
from topics.forms import ClusterForm
from topics.kinds.topic import configs
from topics.models import Cluster, Run
from topics.profiles import table as profiles
from topics.services import clusters as service
from topics.views.measures import cluster_measures
from topics.views.words import Shown, config


@page
@require_GET
def clusters(request: PageRequest) -> HttpResponse:
    may = allowed(request.actor, Action.MANAGE_CLUSTERS, "cluster")
    context = {
        "rows": [(row, profiles.get(row.cluster.profile).title) for row in queries.cluster_rows()],
        "may_register": may.ok,
        "why_not": may.why,
    }
    return show(request, "clusters/list.html", context)


@page
@require_GET
def cluster(request: PageRequest, slug: str) -> HttpResponse:
    row = queries.cluster(slug)
    if row is None:
        raise NotFound(f"There is no cluster called {slug}. See the list of clusters.")
    found = row.cluster
    principal = str(found.security.get("username") or "ANONYMOUS")
    context = {
        "row": row,
        "cluster": found,
        "platform": profiles.get(found.profile).title,
        "runs": [(run, _counted(run)) for run in row.runs],
        "missing": [(right, right.command(principal)) for right in row.missing_rights],
        "defaults": _defaults(found),
        "security": found.security,
        "measures": cluster_measures(found),
        "may_change": allowed(request.actor, Action.MANAGE_CLUSTERS, "cluster").ok,
        "production": found.environment.production,
    }
    return show(request, "clusters/detail.html", context)


@page
@require_http_methods(["GET", "POST"])
def register(request: PageRequest) -> HttpResponse:
    demand(request.actor, Action.MANAGE_CLUSTERS, "cluster")
    form = ClusterForm(request.POST or None, initial=carried.initial(request))
    if request.method == "POST" and form.is_valid():
        try:
            made = service.register(form.cleaned_data["slug"], form.spec(), by=request.actor)
        except (Conflict, Invalid) as error:
            refuse(form, error)
        else:
            return go(request, reverse("cluster", args=[made.slug]))
    return _form(request, form, None)


@page
@require_http_methods(["GET", "POST"])
def change(request: PageRequest, slug: str) -> HttpResponse:
    demand(request.actor, Action.MANAGE_CLUSTERS, "cluster")
    found = _cluster(slug)
    initial = {**ClusterForm.initial_of(found), **carried.initial(request)}
    form = ClusterForm(request.POST or None, initial=initial, known=found)
    if request.method == "POST" and form.is_valid():
        try:
            service.change(slug, form.spec(), by=request.actor)
        except (Conflict, Invalid) as error:
            refuse(form, error)
        else:
            return go(request, reverse("cluster", args=[slug]))
    return _form(request, form, found)


@page
@require_POST
def look_now(request: PageRequest, slug: str) -> HttpResponse:
    service.observe_now(_cluster(slug), by=request.actor)
    said = "A worker looks at the cluster now; load the page again in a moment."
    messages.add_message(request, messages.INFO, said, extra_tags="plain")
    return go(request, reverse("cluster", args=[slug]))


def _form(request: PageRequest, form: ClusterForm, found: Cluster | None) -> HttpResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    context = {
        "form": form,
        "cluster": found,
        "lacks_environment": not lookups.environments().exists(),
    }
    return show(request, "clusters/form.html", context, status=status)


def _counted(run: Run) -> str:
    """What a round counted, in words; what it counted none of is left out."""
    counted = {k: v for k, v in run.counters.items() if isinstance(v, int) and v}
    return ", ".join(f"{v:,} {k.replace('_', ' ')}" for k, v in counted.items())


def _defaults(found: Cluster) -> list[tuple[str, Shown]]:
    """What a topic of the cluster has that asks for nothing, in the order of the keys."""
    return [
        (key, config(key, str(value["value"])))
        for key, value in sorted(found.default_configs.items())
        if key in configs.KEYS
    ]


def _cluster(slug: str) -> Cluster:
    row = queries.cluster(slug)
    if row is None:
        raise NotFound(f"There is no cluster called {slug}. See the list of clusters.")
    return row.cluster
