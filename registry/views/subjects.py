"""The list of subjects."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.views.decorators.http import require_GET

from governance.models import Team
from governance.permissions import Action, demand
from governance.views.pages import PageRequest, page, show
from governance.views.paging import by_number, narrowed_by
from registry import catalogue, queries
from registry.addresses import subject_url
from registry.catalogue import Wanted
from registry.formats import base


@page
@require_GET
def subjects(request: PageRequest) -> HttpResponse:
    demand(request.actor, Action.READ_REGISTRY, "subject")
    contexts = list(catalogue.contexts())
    teams = list(Team.objects.order_by("slug"))
    formats = [(one.name, one.title) for one in base.every()]
    narrow = narrowed_by(
        request,
        ["q"],
        {
            "context": [one.name for one in contexts],
            "format": [name for name, _ in formats],
            "owner": [team.slug for team in teams],
            "show": ["deleted"],
        },
    )
    sort = request.GET.get("sort", "name")
    wanted = Wanted(
        words=narrow["q"],
        context=narrow["context"],
        type=narrow["format"],
        team=narrow["owner"],
        deleted=bool(narrow["show"]),
    )
    listed = by_number(request, catalogue.subjects(wanted, sort), one="subject")
    context = {
        **narrow,
        "sort": sort,
        "contexts": [(one.name, one.name) for one in contexts],
        "formats": formats,
        "teams": teams,
        "narrowed": any(narrow.values()),
        "listed": listed,
        "rows": [(one, subject_url(one.name)) for one in queries.owned(listed.rows)],
        "registry_url": settings.REGISTRY_URL,
    }
    return show(request, "subjects/list.html", context, fragment="subjects/_table.html")
