"""What every page shares: who may come in, page or fragment, errors as pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from http import HTTPStatus

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from governance.actors import Actor
from governance.errors import (
    Conflict,
    Invalid,
    NotAllowed,
    NotFound,
    Overtaken,
    Refused,
    Stale,
    Taken,
    WeirError,
)
from governance.views import carried


class PageRequest(HttpRequest):
    """A request as views get it: signed in, with its actor and what htmx says of it."""

    actor: Actor
    htmx: HtmxDetails


View = Callable[..., HttpResponse]
NUL = "\x00"

# The first class that fits an error decides.
_SORTS: tuple[tuple[type[WeirError], HTTPStatus, str], ...] = (
    (NotFound, HTTPStatus.NOT_FOUND, "Not here"),
    (NotAllowed, HTTPStatus.FORBIDDEN, "Not yours to do"),
    (Stale, HTTPStatus.CONFLICT, "Edited meanwhile"),
    (Taken, HTTPStatus.CONFLICT, "The name is taken"),
    (Overtaken, HTTPStatus.CONFLICT, "Somebody was first"),
    (Conflict, HTTPStatus.CONFLICT, "Not as things stand"),
    (Invalid, HTTPStatus.UNPROCESSABLE_ENTITY, "A value cannot be used"),
    (Refused, HTTPStatus.UNPROCESSABLE_ENTITY, "Refused by a rule"),
    (WeirError, HTTPStatus.BAD_REQUEST, "This did not work"),
)
_TITLES: Mapping[HTTPStatus, str] = {
    HTTPStatus.NOT_FOUND: "Not here",
    HTTPStatus.FORBIDDEN: "Not yours to do",
}


def page(view: View) -> View:
    """The view for people who are signed in; expected errors become pages that say who can."""

    @wraps(view)
    def answer(request: PageRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not request.user.is_authenticated:
            return _sign_in_first(request)
        if NUL in request.path or any(NUL in value for value in request.GET.values()):
            raise SuspiciousOperation("The address holds a NUL character, which nothing here has.")
        try:
            return view(request, *args, **kwargs)
        except WeirError as error:
            return problem(request, error)

    return answer


def show(
    request: HttpRequest,
    template: str,
    context: Mapping[str, object],
    *,
    fragment: str = "",
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    """The page, or its `fragment` when htmx asked for it: the one place that decides this."""
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]  # set by its middleware
    name = fragment if fragment and htmx and not htmx.boosted else template
    answer = render(request, name, dict(context), status=status)
    answer.headers["Vary"] = "HX-Request, Cookie"
    return answer


def go(request: HttpRequest, to: str) -> HttpResponse:
    """The redirect after a POST, in the way that the asker follows."""
    if request.htmx:  # type: ignore[attr-defined]  # set by its middleware
        return HttpResponseClientRedirect(to)
    return HttpResponseRedirect(to)


def problem(request: HttpRequest, error: WeirError) -> HttpResponse:
    """An expected error as a page."""
    status, title = next(
        (status, title) for kind, status, title in _SORTS if isinstance(error, kind)
    )
    return error_page(request, status, error.message, _details(error), title=title)


def error_page(
    request: HttpRequest,
    status: HTTPStatus,
    message: str,
    details: tuple[str, ...] = (),
    *,
    title: str = "",
) -> HttpResponse:
    """A page in the usual look for what cannot be shown or done."""
    context = {
        "status": int(status),
        "error_title": title or _TITLES.get(status, "This did not work"),
        "message": message,
        "details": details,
    }
    return render(request, "errors/error.html", context, status=status)


def _details(error: WeirError) -> tuple[str, ...]:
    if isinstance(error, Refused):
        return tuple(f"{p.message} {p.way_out}".strip() for p in error.problems)
    return ()


def _sign_in_first(request: PageRequest) -> HttpResponse:
    if request.htmx:
        return carried.ended(request)
    if request.method == "POST":
        return carried.sign_in_first(request)
    return redirect_to_login(request.get_full_path())
