"""From an error to an answer: the one place that knows statuses and the shape of the body."""

from __future__ import annotations

import structlog
from django.conf import settings
from django.core.exceptions import SuspiciousOperation, TooManyFieldsSent
from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse

from registry.errors import (
    Malformed,
    MethodNotAllowed,
    RegistryError,
    StoreBusy,
    StoreFailed,
    Unauthenticated,
)
from registry.rest.http import answer

log = structlog.get_logger(__name__)


def status(code: int) -> int:
    """The HTTP status of an error code: itself, or the first three digits of five."""
    return code if code < 1000 else code // 100


def error_answer(error: RegistryError) -> HttpResponse:
    """The answer to an expected failure."""
    response = answer({"error_code": error.code, "message": error.message}, status(error.code))
    if isinstance(error, MethodNotAllowed):
        response["Allow"] = ", ".join(error.allowed)
    if isinstance(error, Unauthenticated):
        response["WWW-Authenticate"] = 'Basic realm="Weir schema registry"'
    if error.retryable or error.retry_after:
        response["Retry-After"] = str(error.retry_after or 1)
    return response


def expected(error: Exception) -> RegistryError:
    """The failure as one of ours; what nobody foresaw is logged and told without its text."""
    if isinstance(error, RegistryError):
        return error
    if isinstance(error, TooManyFieldsSent):
        most = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
        return Malformed(f"The request has more than {most:,} parameters.")
    if isinstance(error, SuspiciousOperation):
        return Malformed("The request cannot be read: its host or its parameters make no sense.")
    if isinstance(error, OperationalError | InterfaceError):
        log.error("registry_store_away", error=str(error))
        return StoreBusy("The registry's database does not answer: try again in a moment.")
    log.exception("registry_failed", exc_info=error)
    if isinstance(error, DatabaseError):
        return StoreFailed("The registry's database refused the operation; the log says why.")
    return StoreFailed("The registry failed in a way nobody foresaw; its log says how.")
