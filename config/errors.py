"""Errors outside of any view: as a page, or under /api/ as a problem document."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponseBase

from governance.api.problems import plain_answer
from governance.views import errors

API = "/api/"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """A malformed call: an unknown host, say."""
    if request.path.startswith(API):
        return plain_answer(
            exception if isinstance(exception, SuspiciousOperation) else SuspiciousOperation()
        )
    return errors.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """A refusal of Django itself."""
    if request.path.startswith(API):
        return plain_answer(PermissionDenied())
    return errors.forbidden(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """No such address."""
    if request.path.startswith(API):
        return plain_answer(Http404())
    return errors.not_found(request, exception)


def failed(request: HttpRequest) -> HttpResponseBase:
    """A fault of ours that no view met; Django has logged it."""
    if request.path.startswith(API):
        return plain_answer(RuntimeError())
    return errors.failed(request)
