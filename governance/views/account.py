"""One's own account: what one is, one's password, one's second factor, how one is told."""

from __future__ import annotations

from http import HTTPStatus

from django.conf import settings
from django.contrib import auth, messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from governance.errors import Conflict, Invalid
from governance.forms import NoticeChoiceForm, OwnPasswordForm, OwnWordForm, SetUpForm, refuse
from governance.models import User
from governance.notices.table import SORTS, channel_of
from governance.services import notices, people
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
    return account_page(request, password_form=form)


def account_page(
    request: PageRequest,
    *,
    password_form: OwnPasswordForm | None = None,
    notice_form: NoticeChoiceForm | None = None,
) -> HttpResponse:
    """The page, with the form that was refused, if one was."""
    own = User.objects.prefetch_related("org_roles", "memberships__team", "identities")
    person = own.get(username=request.actor.name)
    form = password_form or OwnPasswordForm()
    forms = [form for form in (password_form, notice_form) if form is not None]
    context = {
        "person": row_of(person),
        "form": form if person.has_usable_password() else None,
        "factor": service.of(person),
        "vouched_elsewhere": bool(request.session.get(VOUCHED_ELSEWHERE)),
        "notice_form": notice_form or _notice_form(person.pk),
        "why_no_mail": _why_no_mail(person),
        "standing_in": sorted({one.title for one in request.actor.stands_in}),
    }
    refused = any(form.is_bound for form in forms)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK
    return show(request, "account/detail.html", context, status=status)


def _notice_form(user_id: int) -> NoticeChoiceForm:
    """The form with what the person chose, or what holds as long as she chooses nothing."""
    chosen = notices.choice_of(user_id)
    initial: dict[str, object] = {
        f"by_{sort}": channel_of(sort, chosen.channels).value for sort in SORTS
    }
    initial |= {"digest_hour": chosen.digest_hour, "time_zone": chosen.time_zone}
    return NoticeChoiceForm(initial=initial)


def _why_no_mail(person: User) -> str:
    """Why no mail reaches this person, and who changes it; empty when it does."""
    if settings.MAIL is None:
        return (
            "This installation sends no mail: whoever runs it has not set WEIR_EMAIL_URL. The "
            "inbox has everything."
        )
    if not person.email:
        return "Your account has no mail address; the platform team can add one."
    return ""


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
