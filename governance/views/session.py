"""Signing in and out, and the two preferences that live in a cookie."""

from __future__ import annotations

from http import HTTPStatus

from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from governance.forms import SignInForm
from governance.views import carried
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
        auth.login(request, form.user)
        carried.keep(request, to, typed)
        return HttpResponseRedirect(to)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    answer = carried.sign_in_page(request, form, to=to, typed=typed, status=status)
    if form.retry_after:
        answer.status_code = HTTPStatus.TOO_MANY_REQUESTS
        answer.headers["Retry-After"] = str(form.retry_after)
    return answer


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
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
