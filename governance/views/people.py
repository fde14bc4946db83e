"""People: the list, a new account, and what the platform team can do with one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from django.conf import settings
from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from governance import access, lookups
from governance.errors import Conflict, Invalid
from governance.forms import NewPersonForm, PasswordForm, PersonForm, RolesForm, refuse
from governance.models import Source, TeamRole, User
from governance.permissions import Action, allowed, demand
from governance.services import identities
from governance.services import people as service
from governance.services import second_factor as factors
from governance.views import carried
from governance.views.pages import PageRequest, go, page, show
from governance.views.paging import by_number
from governance.views.tabs import organisation


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person as lists and pages print her: her roles in words, her teams with what she is
    there."""

    user: User
    roles: str
    teams: Sequence[tuple[str, str]]


@page
@require_GET
def people(request: PageRequest) -> HttpResponse:
    words = request.GET.get("q", "").strip()[:80]
    listed = by_number(request, lookups.people(request.actor, words), one="account")
    context = {
        "listed": listed,
        "rows": [row_of(user) for user in listed.rows],
        "words": words,
        "may_change": allowed(request.actor, Action.MANAGE_PEOPLE, "person").ok,
        "tabs": organisation(request.actor, "people"),
    }
    return show(request, "people/list.html", context, fragment="people/_table.html")


@sensitive_post_parameters("password")
@page
@require_http_methods(["GET", "POST"])
def new(request: PageRequest) -> HttpResponse:
    """A new account, by the platform team."""
    demand(request.actor, Action.MANAGE_PEOPLE, "person")
    form = NewPersonForm(request.POST or None, initial=carried.initial(request))
    if request.method == "POST" and form.is_valid():
        typed = dict(form.cleaned_data)
        roles, password = typed.pop("roles"), typed.pop("password") or None
        try:
            made = service.create(**typed, password=password, org_roles=roles, by=request.actor)
        except (Conflict, Invalid) as error:
            refuse(form, error)
        else:
            return _done(request, made.username, f"{made} has an account now.")
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return show(request, "people/form.html", {"form": form}, status=status)


@page
@require_http_methods(["GET", "POST"])
def person(request: PageRequest, username: str) -> HttpResponse:
    """One account; a POST changes name and mail."""
    if request.method == "GET":
        return _person(request, username)
    form = PersonForm(request.POST)
    return _tried(
        request,
        username,
        form,
        lambda: service.change(username, **form.cleaned_data, by=request.actor),
        said="Name and mail are saved.",
    )


@page
@require_POST
def roles(request: PageRequest, username: str) -> HttpResponse:
    form = RolesForm(request.POST)
    return _tried(
        request,
        username,
        form,
        lambda: service.set_org_roles(username, form.cleaned_data["roles"], by=request.actor),
        said="The roles are saved.",
    )


@sensitive_post_parameters("password")
@page
@require_POST
def password(request: PageRequest, username: str) -> HttpResponse:
    form = PasswordForm(request.POST)
    return _tried(
        request,
        username,
        form,
        lambda: service.set_password(username, form.cleaned_data["password"], by=request.actor),
        said="The new password holds; earlier sessions have ended. Tell it on a safe way.",
    )


@page
@require_POST
def second_factor(request: PageRequest, username: str) -> HttpResponse:
    """Takes a lost second factor away."""
    factors.reset(username, by=request.actor)
    said = f"{username} signs in with the password alone until a second factor is set up again."
    return _done(request, username, said)


@page
@require_POST
def expect(request: PageRequest, username: str) -> HttpResponse:
    """Lets somebody come to her account by a provider."""
    source = request.POST.get("source", "")
    identities.expect(username, source, by=request.actor)
    said = f"{username} can come by {identities.label_of(source)} now."
    return _done(request, username, said)


@page
@require_POST
def off(request: PageRequest, username: str) -> HttpResponse:
    service.switch_off(username, by=request.actor)
    return _done(request, username, f"{username} is switched off: nobody signs in with it.")


@page
@require_POST
def on(request: PageRequest, username: str) -> HttpResponse:
    service.switch_on(username, by=request.actor)
    return _done(request, username, f"{username} can sign in again.")


def row_of(user: User) -> PersonRow:
    """What a person is; no query for one whose roles were read with her."""
    teams: dict[str, list[str]] = {}
    for membership in user.memberships.all():
        teams.setdefault(membership.team.slug, []).append(membership.role)
    ranked = list(reversed(TeamRole.values))
    roles = list(dict.fromkeys(role.get_role_display() for role in user.org_roles.all()))
    if user.is_superuser:
        roles.insert(0, "Superuser")
    return PersonRow(
        user,
        ", ".join(roles),
        [(t, ", ".join(r for r in ranked if r in held)) for t, held in sorted(teams.items())],
    )


def _tried(
    request: PageRequest,
    username: str,
    form: Form,
    change: Callable[[], object],
    *,
    said: str,
) -> HttpResponse:
    """Does what was asked for, or shows the page again with what was wrong beside its field."""
    if form.is_valid():
        try:
            change()
        except (Conflict, Invalid) as error:
            refuse(form, error)
        else:
            return _done(request, username, said)
    return _person(request, username, refused=form)


def _done(request: PageRequest, username: str, said: str) -> HttpResponse:
    messages.add_message(request, messages.SUCCESS, said, extra_tags="good")
    return go(request, reverse("person", args=[username]))


def _person(request: PageRequest, username: str, *, refused: Form | None = None) -> HttpResponse:
    """The page of an account, with the form that was refused, if one was."""
    found = access.get_person(request.actor, username)
    row = row_of(found)
    may = allowed(request.actor, Action.MANAGE_PEOPLE, "person")
    herself = found.pk == request.actor.user_id
    about = carried.initial(request) or {"name": found.name, "email": found.email}
    forms: dict[str, Form] = {
        "person_form": PersonForm(initial=about),
        "roles_form": RolesForm(initial={"roles": _by_hand(found)}),
        "password_form": PasswordForm(),
    }
    for name, form in forms.items():
        if type(refused) is type(form):
            forms[name] = refused
    context = {
        "person": row,
        "herself": herself,
        "may_change": may.ok,
        "may_roles": may.ok and found.is_active,
        "why_not": may.why,
        "given": _given(found),
        "origins": [(identities.label_of(i.source), i) for i in found.identities.all()],
        "could_come_by": _could_come_by(found),
        "factor": factors.of(found),
        **forms,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK
    return show(request, "people/detail.html", context, status=status)


def _by_hand(user: User) -> list[str]:
    return [r.role for r in user.org_roles.all() if r.source == Source.MANUAL]


def _given(user: User) -> list[tuple[str, str]]:
    """Roles of the installation that a provider gives, and which provider."""
    return [
        (role.get_role_display(), identities.label_of(role.source))
        for role in user.org_roles.all()
        if role.source != Source.MANUAL
    ]


def _could_come_by(user: User) -> list[tuple[str, str]]:
    """Providers of this installation that she is not tied to yet."""
    tied = {identity.source for identity in user.identities.all()}
    there = [(Source.OIDC, settings.OIDC), (Source.LDAP, settings.LDAP)]
    return [
        (source.value, known.label)
        for source, known in there
        if known is not None and source.value not in tied
    ]
