"""Which revision a caller has seen: If-Match, or `revision` in the body."""

from __future__ import annotations

import re

from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.errors import BadHeader, RevisionPassed, RevisionRequired

TAG = re.compile(r'"revision-(\d{1,9})"')


def tagged(response: Response, revision: int) -> Response:
    """The answer with the revision as its ETag."""
    response["ETag"] = f'"revision-{revision}"'
    return response


def seen_revision(request: Request, *, body: int | None, stands: int) -> int:
    """The revision that the caller decided on.

    With If-Match a revision that has passed is 412, as HTTP asks; with `revision` in the body it
    goes on to the service, whose answer is 409. Neither: 428, since a decision on something unseen
    is none.
    """
    header = request.headers.get("If-Match")
    if header is None:
        if body is None:
            raise RevisionRequired(
                "Say which revision you have seen: send If-Match with the ETag of the request, or "
                "`revision` in the body."
            )
        return body
    match = TAG.fullmatch(header.strip())
    if match is None:
        raise BadHeader('If-Match must be an ETag of this API, such as "revision-3".')
    revision = int(match[1])
    if body is not None and body != revision:
        raise BadHeader(
            f"If-Match says revision {revision}, the body says {body}. Send one of the two."
        )
    if revision != stands:
        raise RevisionPassed(
            f"Revision {revision} no longer stands, {stands} does. Read it, then decide again.",
            revision=stands,
        )
    return revision
