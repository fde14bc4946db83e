"""Clusters: the list, one of them, and the form for a record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from governance.errors import Conflict, Invalid, NotFound
from governance.forms import refuse
from governance.permissions import Action, allowed, demand
from governance.views.pages import PageRequest, go, page, show
from topics import lookups, rights
from topics.forms import ClusterForm
from topics.kinds.topic import configs
from topics.models import Cluster, Run
from topics.profiles import table as profiles
from topics.rights import Right
from topics.services import clusters as service
from topics.views.words import Shown, config


@dataclass(frozen=True, slots=True)
class ClusterRow:
    """A cluster as the list prints it."""

    cluster: Cluster
    declared: int
    observed: int
    drift: int
    platform: str


@page
@require_GET
def clusters(request: PageRequest) -> HttpResponse:
    may = allowed(request.actor, Action.MANAGE_CLUSTERS, "cluster")
    context = {
        "rows": _rows(list(lookups.clusters())),
        "may_register": may.ok,
        "why_not": may.why,
    }
    return show(request, "clusters/list.html", context)


@page
@require_GET
def cluster(request: PageRequest, slug: str) -> HttpResponse:
    found = _cluster(slug)
    context = {
        "row": _rows([found])[0],
        "cluster": found,
        "runs": [(run, _counted(run)) for run in lookups.latest_runs(found)],
        "missing": _missing(found),
        "defaults": _defaults(found),
        "security": found.security,
        "may_change": allowed(request.actor, Action.MANAGE_CLUSTERS, "cluster").ok,
        "production": found.environment.production,
    }
    return show(request, "clusters/detail.html", context)


@page
@require_http_methods(["GET", "POST"])
def register(request: PageRequest) -> HttpResponse:
    demand(request.actor, Action.MANAGE_CLUSTERS, "cluster")
    form = ClusterForm(request.POST or None)
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
    form = ClusterForm(request.POST or None, initial=ClusterForm.initial_of(found), known=found)
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
    return show(request, "clusters/form.html", {"form": form, "cluster": found}, status=status)


def _rows(found: Sequence[Cluster]) -> list[ClusterRow]:
    declared, observed = lookups.declared_counts(), lookups.observed_counts()
    drift = lookups.drift_counts()
    return [
        ClusterRow(
            cluster=one,
            declared=declared.get(one.pk, 0),
            observed=observed.get(one.pk, 0),
            drift=drift.get(one.pk, 0),
            platform=profiles.get(one.profile).title,
        )
        for one in found
    ]


def _counted(run: Run) -> str:
    """What a round counted, in words; what it counted none of is left out."""
    counted = {k: v for k, v in run.counters.items() if isinstance(v, int) and v}
    return ", ".join(f"{v:,} {k.replace('_', ' ')}" for k, v in counted.items())


def _missing(found: Cluster) -> list[tuple[Right, str]]:
    """Rights that Weir lacks there, with the command that gives each; none before a first look."""
    if not found.rights:
        return []
    principal = str(found.security.get("username") or "ANONYMOUS")
    return [(right, right.command(principal)) for right in rights.missing(found.rights)]


def _defaults(found: Cluster) -> list[tuple[str, Shown]]:
    """What a topic of the cluster has that asks for nothing, in the order of the keys."""
    return [
        (key, config(key, str(value["value"])))
        for key, value in sorted(found.default_configs.items())
        if key in configs.KEYS
    ]


def _cluster(slug: str) -> Cluster:
    found = lookups.clusters().filter(slug=slug).first()
    if found is None:
        raise NotFound(f"There is no cluster called {slug}. See the list of clusters.")
    return found
