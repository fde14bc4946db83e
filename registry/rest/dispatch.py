"""From a request to an answer: routing, negotiation, errors. Ordinary Django, no middleware.

The pages' middleware (sessions, CSRF, security headers) has no business here, so the views are
called directly; what is left of it is in these few lines.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import structlog
from django.urls import Resolver404, resolve

from registry.errors import Malformed, RegistryError, UnknownPath
from registry.gate import Operation, admit
from registry.naming import context_of_path
from registry.rest import http
from registry.rest.errors import error_answer, expected
from registry.rest.http import V1, RegistryRequest, Response, View
from registry.rest.identity import identify
from registry.weight import TooHeavy

URLS = "config.registry_urls"


def request_id(given: list[str]) -> str:
    """The caller's id where exactly one was sent, else a new one."""
    if len(given) == 1 and given[0].strip() and len(given[0]) <= 200:
        return given[0]
    return str(uuid4())


def respond(
    environ: dict[str, Any], authorization: bytes, uid: str
) -> tuple[RegistryRequest | None, Response]:
    """The answer to a request, whatever happens; it raises nothing but TooHeavy.

    The request comes back with it, None where nobody was let in: the door learns from it who asked
    and what the answer depends on.
    """
    request = None
    accept = environ.get("HTTP_ACCEPT", "")
    with structlog.contextvars.bound_contextvars(request_id=uid[:64]):
        try:
            environ["weir.actor"] = identify(authorization)
            request = RegistryRequest(environ)
            view, segments = _route(request)
            content_type = http.negotiate(accept)
            response = view(request, **segments)
        except TooHeavy:
            raise
        except Exception as error:  # noqa: BLE001 - the edge: an answer is owed in any case
            if request is not None:
                request.depends = None
            content_type = _type_of_errors(accept)
            response = error_answer(expected(error))
    response["Content-Type"] = content_type
    response["X-Request-ID"] = uid
    return request, response


def _type_of_errors(accept: str) -> str:
    try:
        return http.negotiate(accept)
    except RegistryError:
        return V1


def _route(request: RegistryRequest) -> tuple[View, dict[str, Any]]:
    """The view of a path with its arguments, for somebody who may read."""
    if "%00" in request.META["QUERY_STRING"]:
        raise Malformed("The query holds a NUL character, which no name has.")
    try:
        found = resolve(request.path_info.rstrip("/") or "/", urlconf=URLS)
    except Resolver404:
        raise UnknownPath from None
    # Nothing is said to somebody who may not read at all; views ask again for what they touch.
    admit(Operation.READ, None, request.actor)
    segments: dict[str, Any] = dict(found.kwargs)
    if "context" in segments:
        request.context = context_of_path(segments.pop("context"))
    if request.method in ("POST", "PUT"):
        http.ensure_readable(request.META.get("CONTENT_TYPE", ""))
    return found.func, segments
