"""What somebody typed into a form while her session ended: carried through signing in, shown again.

A form that nobody signed in sends is answered by the sign-in page, which holds what was typed as a
hidden field. Signed in, she comes to the page of the form, and finds it as she left it; nothing is
sent by itself. Between the two, for one redirect, it lies in the new session. Without JavaScript it
works the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render, resolve_url
from django.urls import NoReverseMatch, Resolver404, ResolverMatch, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme

from governance.forms import SignInForm
from governance.views.ways import ways

# Longer than every form but one with several huge schemas; so much may lie in a session.
MOST = 1024 * 1024
KEY = "typed"
STOP_POLLING = 286  # htmx's own: swap as with 200, and ask no more
NO_PAGE = "home"

# Where each form is sent to, and the page that shows it. Whatever is not here is not carried:
# buttons type nothing, and passwords are typed again.
FORMS: Mapping[str, str] = {
    "request-new": "request-new",
    "request-edit": "request-edit",
    "request-comment": "request",
    "request-decide": "request",
    "policy-off": "policy",
    "policy-new": "policy-new",
    "policy-change": "policy-change",
    "team-new": "team-new",
    "team-member-add": "team",
    "team-application-add": "team",
    "team-change": "team-change",
    "team-application": "team-application",
    "person-new": "person-new",
    "person": "person",
    "environment-new": "environment-new",
    "environment": "environment",
    "environment-freezes": "environment-freezes",
    "tokens": "tokens",
    "sandbox": "sandbox",
    "cluster-new": "cluster-new",
    "cluster-change": "cluster-change",
}
_LEFT_OUT = frozenset({"csrfmiddlewaretoken", "password"})


# --- Before signing in ------------------------------------------------------------------------


def sign_in_first(request: HttpRequest) -> HttpResponse:
    """The sign-in page as the answer to a form, with what was typed into it."""
    typed = _typed(request)
    too_long = len(typed) > MOST
    return sign_in_page(
        request,
        SignInForm(request),
        to=_page_of(request),
        typed="" if too_long else typed,
        too_long=too_long,
        status=HTTPStatus.FORBIDDEN,
    )


def sign_in_page(
    request: HttpRequest,
    form: SignInForm,
    *,
    to: str,
    typed: str = "",
    too_long: bool = False,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    """The page where one signs in; `to` is where it leads, with `typed` for the form there."""
    context = {"form": form, "next": to, "typed": typed, "too_long": too_long, "ways": ways()}
    return render(request, "session/sign_in.html", context, status=status)


def ended(request: HttpRequest) -> HttpResponse:
    """What a live check of somebody without a session gets: a note, and the page stays as it is."""
    polls = request.method == "GET"
    signed_in = request.user.is_authenticated
    context = {"signed_in": signed_in}
    answer = render(
        request, "session/_ended.html", context, status=STOP_POLLING if polls else HTTPStatus.OK
    )
    answer.headers["HX-Reswap"] = "none"
    return answer


def again(request: HttpRequest) -> HttpResponse | None:
    """The answer to a form of ours whose token is too old, since somebody signed in meanwhile: it
    is shown again, or the sign-in page is. None where the form may come from another site."""
    if urlsplit(request.headers.get("Origin", "")).netloc != request.get_host():
        return None
    if request.htmx:  # type: ignore[attr-defined]  # set by its middleware
        return ended(request)
    match = _match(request.path)
    signing_in = match is not None and match.url_name == "login"
    if not signing_in and (match is None or match.url_name not in FORMS):
        return None
    to = safe(request, request.POST.get("next")) if signing_in else _page_of(request)
    typed = request.POST.get("typed", "") if signing_in else _typed(request)
    if request.user.is_authenticated:
        keep(request, to, typed)
        return HttpResponseRedirect(to)
    if signing_in:
        form = SignInForm(request, initial={"username": request.POST.get("username", "")})
        return sign_in_page(request, form, to=to, typed=typed, status=HTTPStatus.FORBIDDEN)
    return sign_in_first(request)


def safe(request: HttpRequest, to: str | None) -> str:
    """The address to go to, unless it leads to another site."""
    if to and url_has_allowed_host_and_scheme(
        to, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return to
    return resolve_url(NO_PAGE)


def _typed(request: HttpRequest) -> str:
    """What a known form sent, in one text; no password is in it."""
    match = _match(request.path)
    if match is None or match.url_name not in FORMS:
        return ""
    kept = request.POST.copy()
    for name in _LEFT_OUT.intersection(kept):
        del kept[name]
    return kept.urlencode()


def _page_of(request: HttpRequest) -> str:
    """The page that shows the form, or that had the button."""
    match = _match(request.path)
    name = FORMS.get(match.url_name or "") if match else None
    if match is not None and name == match.url_name:
        return request.get_full_path()
    if match is not None and name is not None:
        return reverse(name, kwargs=match.kwargs)
    came_from = urlsplit(safe(request, request.headers.get("Referer")))
    return came_from._replace(scheme="", netloc="").geturl() or resolve_url(NO_PAGE)


# --- Afterwards -------------------------------------------------------------------------------


def keep(request: HttpRequest, to: str, typed: str) -> None:
    """Puts what was typed into the session, for the page at that address; only where a known form
    is, and no more than fits."""
    path = urlsplit(to).path
    match = _match(path)
    if typed and len(typed) <= MOST and match and match.url_name in FORMS.values():
        request.session[KEY] = {"path": path, "typed": typed}


def taken(request: HttpRequest) -> QueryDict | None:
    """What was typed into the form of this page before; once, and said on the page."""
    kept = request.session.get(KEY)
    if request.method != "GET" or not kept or kept["path"] != request.path:
        return None
    del request.session[KEY]
    said = "You are signed in again. Here is what you had typed; nothing of it was sent."
    messages.add_message(request, messages.INFO, said, extra_tags="good")
    return QueryDict(kept["typed"])


def initial(request: HttpRequest) -> dict[str, object]:
    """The same as the first values of a plain form; empty where there is nothing."""
    values = taken(request)
    pairs = values.lists() if values is not None else ()
    return {str(name): given[0] if len(given) == 1 else given for name, given in pairs}


def _match(path: str) -> ResolverMatch | None:
    try:
        return resolve(path)
    except (Resolver404, NoReverseMatch):
        return None
