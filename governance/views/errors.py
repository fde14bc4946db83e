"""Pages for what Django itself refuses: no such address, no permission, a failure of ours."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from structlog.contextvars import get_contextvars

from governance.views import carried
from governance.views.pages import error_page


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    message = "There is no page at this address, or none that you may see."
    return error_page(request, HTTPStatus.NOT_FOUND, message)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    message = "You may not do this. A platform reviewer can tell you who does it, or do it for you."
    return error_page(request, HTTPStatus.FORBIDDEN, message)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Shows a form of ours once more with what was typed; any other is refused."""
    shown_again = carried.again(request)
    if shown_again is not None:
        return shown_again
    message = (
        "This form was too old to be trusted, so nothing was changed. "
        "Go back, load the page again and send it once more."
    )
    return error_page(request, HTTPStatus.FORBIDDEN, message)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Needs no session: a host that is not ours is refused before there is one."""
    message = (
        "Weir could not read what the browser sent, so nothing was changed. Go back, try again."
    )
    return _alone(HTTPStatus.BAD_REQUEST, "This did not work", message)


def failed(request: HttpRequest) -> HttpResponse:
    """Needs neither database nor session, since one of them may be what failed."""
    message = (
        "Weir made a mistake while it answered. Nothing was half-done: a change and its record "
        "are written together or not at all. The log has the details under the id below."
    )
    return _alone(HTTPStatus.INTERNAL_SERVER_ERROR, "Weir failed", message)


def _alone(status: HTTPStatus, title: str, message: str) -> HttpResponse:
    """The page without anything of the request: no middleware need have seen it."""
    context = {
        "status": int(status),
        "error_title": title,
        "message": message,
        "request_uid": get_contextvars().get("request_id", ""),
    }
    return HttpResponse(render_to_string("errors/error.html", context), status=status)
