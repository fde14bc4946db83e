"""Signing in and out, and the two preferences that live in a cookie."""

from __future__ import annotations

from http import HTTPStatus

from django.conf import settings
from django.contrib import auth
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from governance import throttle
from governance.errors import WeirError
from governance.forms import CodeForm, SignInForm
from governance.secrets import SecretError
from governance.services import second_factor, vouching
from governance.views import carried, entering, oidc
from governance.views.context import KEYS_COOKIE, THEME_COOKIE, THEMES
from governance.views.pages import PageRequest, page

A_YEAR = 365 * 24 * 3600


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The form; a right password starts a session and leads to where the person wanted to go."""
    to = carried.safe(request, request.POST.get("next") or request.GET.get("next"))
    typed = request.POST.get("typed", "")[: carried.MOST + 1]
    if request.user.is_authenticated:
        carried.keep(request, to, typed)
        return HttpResponseRedirect(to)
    form = SignInForm(request, request.POST or None)
    if request.method == "POST" and form.is_valid() and form.user is not None:
        if not entering.by_password(request, form.user):
            return _ask_for_code(request, CodeForm(), to=to, typed=typed)
        carried.keep(request, to, typed)
        return HttpResponseRedirect(to)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    answer = carried.sign_in_page(request, form, to=to, typed=typed, status=status)
    if form.retry_after:
        answer.status_code = HTTPStatus.TOO_MANY_REQUESTS
        answer.headers["Retry-After"] = str(form.retry_after)
    return answer


@sensitive_post_parameters("code")
@never_cache
@require_http_methods(["GET", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """The second step of somebody who has a second factor: a code of her app, or one for a lost
    app."""
    to = carried.safe(request, request.POST.get("next"))
    typed = request.POST.get("typed", "")[: carried.MOST + 1]
    user = entering.half_signed_in(request)
    if user is None:
        return entering.refused(request, "That took too long. Sign in once more.")
    form = CodeForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _ask_for_code(request, form, to=to, typed=typed)
    try:
        address = request.META.get("REMOTE_ADDR", "")
        second_factor.check(user, form.cleaned_data["code"], address=address)
    except (throttle.SignInRefused, SecretError) as refused:
        form.add_error("code", refused.message)
        answer = _ask_for_code(request, form, to=to, typed=typed)
        if getattr(refused, "retry_after", 0):
            answer.status_code = HTTPStatus.TOO_MANY_REQUESTS
            answer.headers["Retry-After"] = str(refused.facts["retry_after"])
        return answer
    entering.by_code(request, user)
    carried.keep(request, to, typed)
    return HttpResponseRedirect(to)


def _ask_for_code(request: HttpRequest, form: CodeForm, *, to: str, typed: str) -> HttpResponse:
    """The page that asks for a code. After a password it is the answer to that form, at the address
    of the code, so that what was typed before travels on."""
    context = {"form": form, "next": to, "typed": typed}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "session/code.html", context, status=status)


@never_cache
@require_GET
def oidc_begin(request: HttpRequest) -> HttpResponse:
    """Leads to the provider. A link, since the content policy lets no form end elsewhere."""
    if settings.OIDC is None:
        raise Http404
    to = carried.safe(request, request.GET.get("next"))
    try:
        return oidc.begin(request, to)
    except WeirError as error:
        return entering.refused(request, error.message)


@never_cache
@require_GET
def oidc_callback(request: HttpRequest) -> HttpResponse:
    """Where the provider sends people back to."""
    if settings.OIDC is None:
        raise Http404
    return oidc.come_back(request)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    number = request.session.get(entering.PROVIDER_SESSION)
    if number is not None:
        vouching.end(number)
    auth.logout(request)
    return HttpResponseRedirect(resolve_url(settings.LOGOUT_REDIRECT_URL))


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remembers light or dark, and goes back to the page it was asked from."""
    answer = HttpResponseRedirect(carried.safe(request, request.POST.get("next")))
    wanted = request.POST.get("theme", "")
    if wanted in THEMES:
        _remember(answer, THEME_COOKIE, wanted)
    return answer


@page
@require_http_methods(["GET", "POST"])
def shortcuts(request: PageRequest) -> HttpResponse:
    """The list of keys, and the switch that turns single keys off (WCAG 2.1.4)."""
    if request.method == "POST":
        answer = HttpResponseRedirect(resolve_url("shortcuts"))
        _remember(answer, KEYS_COOKIE, "on" if request.POST.get("keys") == "on" else "off")
        return answer
    return render(request, "session/shortcuts.html")


def _remember(answer: HttpResponse, name: str, value: str) -> None:
    # Readable by scripts on purpose: theme.js sets the same cookie without a page load.
    answer.set_cookie(
        name, value, max_age=A_YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )
