"""Every error of the API as a problem document (RFC 9457), by one table.

A service raises an error that knows its sentence; here, and nowhere else, it gets a status. What
the framework itself refuses goes through the same table, so that nothing under /api/ answers
anything but JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NotRequired, TypedDict

import structlog
from django.conf import settings
from django.core import exceptions as core
from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404, JsonResponse
from rest_framework import exceptions as rest
from rest_framework.response import Response
from structlog.contextvars import get_contextvars

from governance import errors
from governance.api import errors as edge
from governance.kinds import UnknownKind

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 2
# Facts of an error that callers can act on; all others stay inside.
SHOWN_FACTS = ("rule", "who", "revision", "request")


class ValueProblem(TypedDict):
    """One thing that is wrong with one value."""

    path: str
    message: str
    way_out: str
    position: int
    rule: str


class ProblemDocument(TypedDict):
    """The body of every answer from 400 on."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    problems: list[ValueProblem]
    request_id: str
    rule: NotRequired[str]
    who: NotRequired[list[str]]
    revision: NotRequired[int]
    request: NotRequired[int]


@dataclass(frozen=True, slots=True)
class Sort:
    """What errors of one class have in common. `code` is stable; `meaning` is for the docs."""

    status: int
    code: str
    title: str
    meaning: str


# The first class that fits an error, going up from its own class, decides.
SORTS: Mapping[type[Exception], Sort] = {
    errors.NotFound: Sort(
        404, "not_found", "Not here", "No such object, or none that this caller may see."
    ),
    errors.NotAllowed: Sort(
        403, "not_allowed", "Not yours to do", "The detail says who could; so does `who`."
    ),
    errors.Invalid: Sort(
        422, "invalid", "A value cannot be used", "`problems` names the value and the rule."
    ),
    errors.Refused: Sort(
        422, "refused", "Refused by a rule", "`problems` has one entry for each objection."
    ),
    errors.Stale: Sort(
        409, "stale", "Edited meanwhile", "`revision` in the body no longer stands: read again."
    ),
    errors.Taken: Sort(409, "taken", "The name is taken", "Something else has it: use another."),
    errors.Overtaken: Sort(
        409,
        "overtaken",
        "Somebody was first",
        "It changed during this call: read it again.",
    ),
    errors.Conflict: Sort(
        409, "conflict", "Not as things stand", "The object's state does not allow this (any more)."
    ),
    UnknownKind: Sort(
        422, "unknown_kind", "No such kind", "The detail names the kinds of this installation."
    ),
    edge.BodyTooLarge: Sort(
        413, "body_too_large", "Too large", "The body is larger than the limit."
    ),
    edge.LengthRequired: Sort(
        411, "length_required", "How long is the body?", "Send Content-Length, not chunks."
    ),
    edge.BadBody: Sort(400, "bad_body", "The body cannot be read", "The body is no usable JSON."),
    edge.BadAddress: Sort(
        400, "bad_address", "The address cannot be read", "A path part or parameter is unusable."
    ),
    edge.BadHeader: Sort(400, "bad_header", "A header cannot be used", "The detail says which."),
    edge.CsrfFailed: Sort(
        403, "csrf_failed", "Not from our own pages", "Send X-CSRFToken, or use a service token."
    ),
    edge.RevisionRequired: Sort(
        428, "revision_required", "Which revision?", "Send If-Match or `revision`."
    ),
    edge.RevisionPassed: Sort(
        412, "revision_passed", "Edited meanwhile", "If-Match no longer stands: read again."
    ),
    edge.KeyReused: Sort(
        422, "key_reused", "Key used for something else", "Use a new Idempotency-Key."
    ),
    edge.KeyBusy: Sort(
        409, "key_busy", "Still at it", "The first call with this key is not answered yet."
    ),
    rest.ParseError: Sort(
        400, "bad_body", "The body cannot be read", "The body is no usable JSON."
    ),
    rest.ValidationError: Sort(
        400, "bad_values", "Values are missing or of the wrong type", "`problems` lists them."
    ),
    rest.NotAuthenticated: Sort(
        401, "not_signed_in", "Sign in first", "No token and no session came with the call."
    ),
    rest.AuthenticationFailed: Sort(
        401, "bad_token", "The token is not accepted", "Unknown, revoked, expired or malformed."
    ),
    rest.PermissionDenied: Sort(403, "not_allowed", "Not yours to do", "The detail says why."),
    rest.NotFound: Sort(404, "not_found", "Not here", "There is nothing at this address."),
    rest.MethodNotAllowed: Sort(
        405, "method_not_allowed", "Not with this method", "Allow names the methods there are."
    ),
    rest.UnsupportedMediaType: Sort(
        415, "not_json", "Only JSON is read here", "Send Content-Type: application/json."
    ),
    Http404: Sort(404, "not_found", "Not here", "There is nothing at this address."),
    core.PermissionDenied: Sort(403, "not_allowed", "Not yours to do", "The detail says why."),
    core.RequestDataTooBig: Sort(
        413, "body_too_large", "Too large", "The body is larger than the limit."
    ),
    core.SuspiciousOperation: Sort(
        400, "bad_address", "The address cannot be read", "The call is malformed."
    ),
    IntegrityError: Sort(
        409, "overtaken", "Somebody was first", "Another call made the same thing meanwhile."
    ),
    DataError: Sort(
        400, "bad_values", "A value is out of bounds", "A number or text is beyond every limit."
    ),
    OperationalError: Sort(
        503, "unavailable", "The database is away", "Try again after Retry-After seconds."
    ),
    InterfaceError: Sort(
        503, "unavailable", "The database is away", "Try again after Retry-After seconds."
    ),
}
BUSY = Sort(503, "unavailable", "Not possible right now", "Try again after Retry-After seconds.")
UNUSABLE = Sort(422, "error", "This cannot be done as it is", "The detail says why.")
FAILED = Sort(500, "failed", "Weir failed", "A fault of Weir: the log has it under request_id.")

# Sentences for what the framework and the database say in their own words.
SENTENCES: Mapping[type[Exception], str] = {
    rest.NotAuthenticated: (
        "This needs a service token (Authorization: Bearer …) or a signed-in session. "
        "An owner of a team can issue a token."
    ),
    Http404: (
        "There is nothing at this address. Addresses of this API begin with /api/v1/ and have no "
        "slash at the end."
    ),
    core.PermissionDenied: "You may not do this.",
    core.RequestDataTooBig: "The body is too large. Send less in one call.",
    core.SuspiciousOperation: "The call is malformed, so nothing was done. Check host and headers.",
    IntegrityError: (
        "Another call changed the same thing at the same moment. Read it again, then decide."
    ),
    DataError: "A number or text is beyond what can be stored. Send a smaller one.",
    OperationalError: "The database does not answer at the moment. Try again shortly.",
    InterfaceError: "The database does not answer at the moment. Try again shortly.",
}
# The framework's fields speak to forms ("this field", "a valid string"). This translates and does
# not interpret: what is not here stays as it is.
_FIELD_WORDS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(theirs, re.DOTALL), ours)
    for theirs, ours in (
        (r"This field is required\.", "This is missing."),
        (r"This field may not be null\.", "This cannot be null."),
        (r"This field may not be blank\.", "This is empty. Write something."),
        (r"This list may not be empty\.", "This list is empty. Put something into it."),
        (r"Ensure this field has no more than (\d+) characters\.", "At most {0} characters fit."),
        (r"Ensure this field has no more than (\d+) elements\.", "At most {0} entries fit."),
        (r"Ensure this value is greater than or equal to (-?\d+)\.", "This must be {0} or more."),
        (r"Ensure this value is less than or equal to (-?\d+)\.", "This must be {0} or less."),
        (r"A valid integer is required\.", "This must be a whole number."),
        (r"A valid number is required\.", "This must be a number."),
        (r"Not a valid string\.", "This must be a text."),
        (r"Must be a valid boolean\.", "This must be true or false."),
        (r"Expected a list of items but got type .*", "This must be a list."),
        (r"Expected a dictionary of items but got type .*", "This must be an object."),
        (r"Invalid data\. Expected a dictionary.*", "This must be an object."),
        (r'Enter a valid "slug" .*', "Only letters, digits, dashes and underscores fit."),
        (r"Datetime has wrong format\..*", "This is no time. Write it as 2026-11-25T09:00:00Z."),
    )
)
FAILURE = (
    "Weir made a mistake. A change and its record are written together or not at all. "
    "The log has the details under request_id."
)


def exception_handler(error: Exception, context: Mapping[str, object]) -> Response:
    """The answer to an error raised in a view: named by the REST framework's settings."""
    if isinstance(error, DatabaseError) or sort_of(error) is FAILED:
        log.error("api_failed", error=type(error).__name__, exc_info=error)
    document = problem(error)
    answer = Response(document, status=document["status"], content_type=MEDIA_TYPE)
    for name, value in _headers(error, document["status"]).items():
        answer[name] = value
    return answer


def plain_answer(error: Exception) -> JsonResponse:
    """The same for errors met outside of the REST framework's views."""
    document = problem(error)
    return JsonResponse(
        dict(document),
        status=document["status"],
        content_type=MEDIA_TYPE,
        headers=_headers(error, document["status"]),
    )


def problem(error: Exception) -> ProblemDocument:
    """The document that describes an error."""
    sort = sort_of(error)
    code = error.code if isinstance(error, errors.WeirError) else sort.code
    document = ProblemDocument(
        type=type_of(code),
        title=sort.title,
        status=sort.status,
        detail=_detail(error, sort),
        code=code,
        problems=list(_problems(error)),
        request_id=str(get_contextvars().get("request_id", "")),
    )
    if isinstance(error, errors.WeirError):
        for name in SHOWN_FACTS:
            if name in error.facts:
                document[name] = error.facts[name]  # type: ignore[literal-required]  # all four
    return document


def sort_of(error: Exception) -> Sort:
    """The line of the table that decides for this error."""
    for base in type(error).__mro__:
        if base in SORTS:
            return SORTS[base]
    if isinstance(error, errors.WeirError):
        return BUSY if error.retryable else UNUSABLE
    return FAILED


def type_of(code: str) -> str:
    """A URI for the code; it leads to the list of all codes and their meanings."""
    return f"{settings.BASE_URL}/api/v1/problems#{code}"


def every_sort() -> list[Sort]:
    """All lines, one a code and status, by status."""
    lines = {(s.status, s.code): s for s in (*SORTS.values(), BUSY, UNUSABLE, FAILED)}
    return [lines[key] for key in sorted(lines)]


def _detail(error: Exception, sort: Sort) -> str:
    if isinstance(error, errors.WeirError):
        return error.message
    for base in type(error).__mro__:
        if base in SENTENCES:
            return SENTENCES[base]
    if isinstance(error, rest.ValidationError):
        found = list(_problems(error))
        first = _located(found[0]) if found else ""
        more = f" And {len(found) - 1} more." if len(found) > 1 else ""
        return f"The call cannot be read as it is. {first}{more}".strip()
    if isinstance(error, rest.UnsupportedMediaType):
        return "This API reads JSON only. Send the body with Content-Type: application/json."
    if isinstance(error, rest.MethodNotAllowed):
        return f"{error.detail} The Allow header names what can be done here."
    if isinstance(error, rest.APIException):
        return str(error.detail)
    return FAILURE if sort is FAILED else sort.meaning


def _problems(error: Exception) -> Iterator[ValueProblem]:
    if isinstance(error, errors.Refused):
        for found in error.problems:
            yield ValueProblem(
                path=found.path,
                message=found.message,
                way_out=found.way_out,
                position=found.position,
                rule=found.rule,
            )
    elif isinstance(error, errors.WeirError) and error.facts.get("path"):
        yield _value(str(error.facts["path"]), error.message)
    elif isinstance(error, rest.ValidationError):
        for path, message in _flat(error.detail, ""):
            yield _value(path, message)


def _value(path: str, message: str) -> ValueProblem:
    item = re.match(r"items\[(\d{1,6})\]\.?(.*)", path)
    position, path = (int(item[1]), item[2]) if item else (-1, path)
    return ValueProblem(path=path, message=message, way_out="", position=position, rule="")


def _located(found: ValueProblem) -> str:
    """A problem with the place of its value before it: ``items[0].name: …``."""
    item = f"items[{found['position']}]" if found["position"] >= 0 else ""
    place = ".".join(part for part in (item, found["path"]) if part)
    return f"{place}: {found['message']}" if place else found["message"]


def in_words(message: str) -> str:
    """A message of the framework's own fields, as this API says it."""
    for theirs, ours in _FIELD_WORDS:
        match = theirs.fullmatch(message)
        if match:
            return ours.format(*match.groups())
    return message


def _flat(detail: object, path: str) -> Iterator[tuple[str, str]]:
    """(path, message) of each leaf of a serializer's nested errors: ``items[0].name``."""
    if isinstance(detail, Mapping):
        for key, inner in detail.items():
            if key == "non_field_errors":
                step = path
            elif isinstance(key, int):
                step = f"{path}[{key}]"
            else:
                step = f"{path}.{key}" if path else str(key)
            yield from _flat(inner, step)
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, Mapping | list)
            if not nested or inner:  # lists of items keep an empty entry for each good one
                yield from _flat(inner, f"{path}[{index}]" if nested else path)
    else:
        yield path, in_words(str(detail))


def _headers(error: Exception, status: int) -> dict[str, str]:
    headers = {}
    challenge = getattr(error, "auth_header", None)
    if challenge:
        headers["WWW-Authenticate"] = challenge
    if status == 503 or isinstance(error, edge.KeyBusy):
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return headers
