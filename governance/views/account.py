"""One's own account: what one is, one's password, one's second factor."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib import auth, messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from governance.errors import Conflict, Invalid
from governance.forms import OwnPasswordForm, OwnWordForm, SetUpForm, refuse
from governance.models import User
from governance.services import people
from governance.services import second_factor as service
from governance.views.entering import VOUCHED_ELSEWHERE
from governance.views.pages import PageRequest, go, page, show
from governance.views.people import row_of

OFFER = "second_factor_offer"


@sensitive_post_parameters("old", "new", "again")
@page
@require_http_methods(["GET", "POST"])
def account(request: PageRequest) -> HttpResponse:
    """Who one is; a POST changes one's password, and this session goes on."""
    form = OwnPasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        address = request.META.get("REMOTE_ADDR", "")
        try:
            user = people.change_own_password(
                old=typed["old"], new=typed["new"], by=request.actor, address=address
            )
        except Invalid as error:
            refuse(form, error)
        else:
            auth.update_session_auth_hash(request, user)
            said = "Your new password holds. Your other sessions have ended; this one goes on."
            messages.add_message(request, messages.SUCCESS, said, extra_tags="good")
            return go(request, reverse("account"))
    own = User.objects.prefetch_related("org_roles", "memberships__team", "identities")
    user = own.get(username=request.actor.name)
    context = {
        "person": row_of(user),
        "form": form if user.has_usable_password() else None,
        "factor": service.of(user),
        "vouched_elsewhere": bool(request.session.get(VOUCHED_ELSEWHERE)),
        "standing_in": sorted({one.title for one in request.actor.stands_in}),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return show(request, "account/detail.html", context, status=status)


@never_cache
@sensitive_post_parameters("code", "password")
@page
@require_http_methods(["GET", "POST"])
def second_factor(request: PageRequest) -> HttpResponse:
    """Setting one's second factor up; with one: new recovery codes, or its end."""
    user = User.objects.get(username=request.actor.name)
    if service.of(user) is None:
        return _set_up(request, user)
    return _keep_or_remove(request, user)


def _set_up(request: PageRequest, user: User) -> HttpResponse:
    form = SetUpForm(request.POST or None)
    sealed = request.session.get(OFFER)
    if request.method == "POST" and sealed and form.is_valid():
        try:
            codes = service.set_up(
                sealed=sealed, **form.cleaned_data, by=request.actor, address=_address(request)
            )
        except Invalid as error:
            refuse(form, error)
        else:
            del request.session[OFFER]
            return show(request, "account/codes.html", {"codes": codes})
    offer = service.shown(user, sealed) if sealed else service.offer(user)
    request.session[OFFER] = offer.sealed
    context = {
        "form": form,
        "secret": offer.secret,
        "picture": mark_safe(offer.picture),  # noqa: S308 -- drawn here, from letters of our own
        "vouched_elsewhere": bool(request.session.get(VOUCHED_ELSEWHERE)),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return show(request, "account/set_up.html", context, status=status)


def _keep_or_remove(request: PageRequest, user: User) -> HttpResponse:
    form = OwnWordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        word = {"password": form.cleaned_data["password"], "address": _address(request)}
        try:
            if request.POST.get("do") == "remove":
                service.remove(**word, by=request.actor)
                said = "Your second factor is gone: the password alone lets you in."
                messages.add_message(request, messages.SUCCESS, said, extra_tags="good")
                return go(request, reverse("account"))
            codes = service.new_codes(**word, by=request.actor)
            return show(request, "account/codes.html", {"codes": codes})
        except (Conflict, Invalid) as error:
            refuse(form, error)
    factor = service.of(user)
    context = {
        "form": form,
        "factor": factor,
        "left": service.codes_left(factor) if factor is not None else 0,
        "needed": service.needed(request.actor),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return show(request, "account/second_factor.html", context, status=status)


def _address(request: PageRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))
