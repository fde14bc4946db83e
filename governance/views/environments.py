"""Environments: the list with what holds in each, and the form for one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from governance import lookups, units
from governance.clock import database_now
from governance.errors import Conflict, Invalid, NotFound
from governance.forms import EnvironmentForm, refuse
from governance.models import DataClass, Environment
from governance.permissions import Action, allowed, demand
from governance.services import environments as service
from governance.services import timing
from governance.views import carried
from governance.views.pages import PageRequest, go, page, show
from governance.views.tabs import organisation
from governance.windows import Freeze


@dataclass(frozen=True, slots=True)
class EnvironmentRow:
    """An environment as the list prints it."""

    environment: Environment
    kept: str
    kept_exact: str
    kept_by_class: list[tuple[str, str]]
    windows: str
    frozen: Freeze | None


@page
@require_GET
def environments(request: PageRequest) -> HttpResponse:
    may = allowed(request.actor, Action.MANAGE_ENVIRONMENTS, "environment")
    context = {
        "rows": _rows(list(lookups.environments())),
        "may_change": may.ok,
        "why_not": may.why,
        "tabs": organisation(request.actor, "environments"),
    }
    return show(request, "environments/list.html", context)


@page
@require_http_methods(["GET", "POST"])
def new(request: PageRequest) -> HttpResponse:
    """A new environment, by the platform team."""
    demand(request.actor, Action.MANAGE_ENVIRONMENTS, "environment")
    form = EnvironmentForm(request.POST or None, initial=carried.initial(request))
    if request.method == "POST" and form.is_valid():
        try:
            made = service.create(form.cleaned_data["slug"], form.spec(), by=request.actor)
        except (Conflict, Invalid) as error:
            refuse(form, error)
        else:
            return _done(request, f"The environment {made.slug} is there now.")
    return _form(request, form, None)


@page
@require_http_methods(["GET", "POST"])
def environment(request: PageRequest, slug: str) -> HttpResponse:
    """What can be changed of one, by the platform team."""
    demand(request.actor, Action.MANAGE_ENVIRONMENTS, "environment")
    found = lookups.environments().filter(slug=slug).first()
    if found is None:
        raise NotFound(f"There is no environment {slug}.", environment=slug)
    initial = carried.initial(request) or _typed(service.spec_of(found))
    form = EnvironmentForm(request.POST or None, initial=initial, known=True)
    if request.method == "POST" and form.is_valid():
        try:
            service.change(slug, form.spec(), by=request.actor)
        except Invalid as error:
            refuse(form, error)
        else:
            return _done(request, f"What was changed of {slug} holds from now on.")
    return _form(request, form, found)


def _done(request: PageRequest, said: str) -> HttpResponse:
    messages.add_message(request, messages.SUCCESS, said, extra_tags="good")
    return go(request, reverse("environments"))


def _form(request: PageRequest, form: EnvironmentForm, found: Environment | None) -> HttpResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    context = {"form": form, "found": found, "production": bool(found and found.production)}
    return show(request, "environments/form.html", context, status=status)


def _typed(spec: service.EnvironmentSpec) -> dict[str, object]:
    limits = {f"limit_{name}": words for name, words in spec.retention_limits.items()}
    return asdict(spec) | limits | {"change_windows": "\n".join(spec.change_windows)}


def _rows(found: list[Environment]) -> list[EnvironmentRow]:
    now, calendars = database_now(), timing.calendars_of(found)
    return [_row(one, calendars[one.pk].freeze_at(now)) for one in found]


def _row(environment: Environment, frozen: Freeze | None) -> EnvironmentRow:
    limit = environment.retention_limit_ms
    return EnvironmentRow(
        environment,
        "no limit" if limit is None else units.format_duration(limit),
        "" if limit is None else units.exact_duration(limit),
        [
            (label, "no limit" if own < 0 else units.format_duration(own))
            for name, label in DataClass.choices
            if (own := environment.retention_limits_ms.get(name)) is not None
        ],
        "; ".join(environment.change_windows) or "at any time",
        frozen,
    )
