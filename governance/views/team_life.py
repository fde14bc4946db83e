"""Changing a team, its applications, and its end."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from governance import access
from governance.errors import Conflict, Invalid, NotFound
from governance.forms import ApplicationForm, TeamForm, refuse
from governance.models import Application, Team
from governance.ownership.form import (
    OwnershipForm,  # noqa: F401 -- puts it into the composer's table
)
from governance.permissions import Action, allowed
from governance.services import team_life as service
from governance.views import carried
from governance.views.pages import PageRequest, go, page, show

PARTICULARS = ("name", "on_call", "email", "chat", "cost_centre", "description")


@page
@require_http_methods(["GET", "POST"])
def change(request: PageRequest, slug: str) -> HttpResponse:
    """The particulars of a team, and for the platform team its end."""
    found = access.get_team(request.actor, slug, Action.MANAGE_TEAM)
    said = {name: getattr(found, name) for name in PARTICULARS}
    said["successor"] = found.successor.slug if found.successor else ""
    form = TeamForm(request.POST or None, initial=carried.initial(request) or said, known=True)
    if request.method == "POST" and form.is_valid():
        try:
            service.change(slug, **form.cleaned_data, by=request.actor)
        except (Conflict, Invalid) as error:
            refuse(form, error)
        else:
            return _done(request, slug, "What is said of the team is saved.")
    context = {
        "form": form,
        "team": found,
        "may_end": allowed(request.actor, Action.CREATE_TEAM, "team").ok,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return show(request, "teams/change.html", context, status=status)


@page
@require_POST
def hand_over(request: PageRequest, slug: str) -> HttpResponse:
    service.hand_over(slug, by=request.actor)
    return _done(request, slug, f"All that {slug} owned belongs to its successor now.")


@page
@require_POST
def close(request: PageRequest, slug: str) -> HttpResponse:
    service.close(slug, by=request.actor)
    return _done(request, slug, f"Team {slug} is closed: nobody belongs to it any more.")


@page
@require_http_methods(["GET", "POST"])
def application(request: PageRequest, slug: str, name: str) -> HttpResponse:
    """One application, to be changed."""
    team = access.get_team(request.actor, slug, Action.MANAGE_APPLICATIONS)
    found = _application(team, name)
    said = {
        "principal": found.principal,
        "prefixes": " ".join(p.prefix for p in found.prefixes.all()),
        "description": found.description,
    }
    form = ApplicationForm(
        request.POST or None, initial=carried.initial(request) or said, known=True
    )
    if request.method == "POST" and form.is_valid():
        typed = {**form.cleaned_data, "prefixes": form.cleaned_data["prefixes"].split()}
        try:
            service.change_application(slug, name, **typed, by=request.actor)
        except (Conflict, Invalid) as error:
            refuse(form, error)
        else:
            return _done(request, slug, f"{name} is saved.")
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    context = {"form": form, "team": team, "application": found}
    return show(request, "teams/application.html", context, status=status)


@page
@require_POST
def delete_application(request: PageRequest, slug: str, name: str) -> HttpResponse:
    service.delete_application(slug, name, by=request.actor)
    return _done(request, slug, f"The application {name} is gone.")


def _application(team: Team, name: str) -> Application:
    found = team.applications.prefetch_related("prefixes").filter(name=name).first()
    if found is None:
        raise NotFound(f"There is no application {name} of {team.slug}.")
    return found


def _done(request: PageRequest, slug: str, said: str) -> HttpResponse:
    messages.add_message(request, messages.SUCCESS, said, extra_tags="good")
    return go(request, reverse("team", args=[slug]))
