"""Calls that may be repeated: with an Idempotency-Key a write happens once.

The answer is kept in the transaction of the write itself, so there is no moment at which one is
committed and the other is not. A call that failed changed nothing and keeps nothing: sent again,
corrected or not, it is judged anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar

import orjson
from django.db import connection, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.errors import BadHeader, KeyBusy, KeyReused
from governance.errors import WeirError
from governance.middleware import actor_of
from governance.models import IdempotencyKey

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT = timedelta(hours=24)
LONGEST = 200
# Set on a method by `repeatable`, read by the OpenAPI document.
MARK = "weir_repeatable"

View = TypeVar("View", bound=Callable[..., Response])


def repeatable(method: View) -> View:
    """Lets a writing method of a view take an Idempotency-Key."""
    return _repeatable(method, ())


def repeatable_without(*fields: str) -> Callable[[View], View]:
    """The same for an answer of which some fields are never kept: they are null when it is given
    again."""
    return lambda method: _repeatable(method, fields)


def _repeatable(method: View, secret: Collection[str]) -> View:
    @wraps(method)
    def answer(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = _key(request)
        if key is None:
            return method(view, request, *args, **kwargs)
        return _once(
            key, request, lambda: method(view, request, *args, **kwargs), secret=frozenset(secret)
        )

    setattr(answer, MARK, True)
    return answer  # type: ignore[return-value]  # wraps keeps the signature


def _key(request: Request) -> str | None:
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not (0 < len(key) <= LONGEST and key.isascii() and key.isprintable()):
        raise BadHeader(f"{HEADER} must have 1 to {LONGEST} printable ASCII characters.")
    return key


def _once(
    key: str, request: Request, write: Callable[[], Response], *, secret: frozenset[str]
) -> Response:
    caller = _caller(request)
    fingerprint = _fingerprint(request)
    failure: WeirError
    # Opened here and not in a service on purpose: the answer belongs to the HTTP call, and it must
    # be committed with what the service wrote.
    with transaction.atomic():
        alone(caller, key)
        kept = IdempotencyKey.objects.filter(actor=caller, key=key).first()
        if kept is not None and kept.created_at > timezone.now() - KEPT:
            return _again(kept, fingerprint)
        try:
            response = write()
        except WeirError as error:
            # What the service committed before it refused (findings, say) stays: no rollback.
            failure = error
        else:
            if kept is not None:
                kept.delete()
            body = response.data
            IdempotencyKey.objects.create(
                actor=caller,
                key=key,
                fingerprint=fingerprint,
                status=response.status_code,
                body=_kept_body(body, secret),
            )
            return response
    raise failure


def alone(caller: str, key: str) -> None:
    """Holds the key until the end of the transaction, or says that somebody else does."""
    digest = hashlib.sha256(f"{caller}\n{key}".encode()).digest()
    number = int.from_bytes(digest[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        if not cursor.fetchone()[0]:
            raise KeyBusy(
                f"A call with this {HEADER} is being answered at this moment. Send it again after "
                "the seconds of Retry-After."
            )


def _again(kept: IdempotencyKey, fingerprint: bytes) -> Response:
    if bytes(kept.fingerprint) != fingerprint:
        raise KeyReused(
            f"This {HEADER} was used for another call within the last 24 hours. Use a new key for "
            "a new call."
        )
    return Response(kept.body, status=kept.status, headers={REPLAYED: "true"})


def _caller(request: Request) -> str:
    actor = actor_of(request._request)
    return f"{actor.kind}:{actor.id}"


def _fingerprint(request: Request) -> bytes:
    """What makes two calls the same: method, address, revision seen, and the body's values.

    Keyed, since a body may hold a password, which a plain hash would let somebody guess who reads
    the table.
    """
    body = orjson.dumps(request.data, option=orjson.OPT_SORT_KEYS)
    address = f"{request.method} {request.path}\n{request.headers.get('If-Match', '')}\n"
    return salted_hmac(HEADER, address.encode() + body, algorithm="sha256").digest()


def _kept_body(body: Any, secret: frozenset[str]) -> Any:
    """The body as plain JSON values, its secret fields null."""
    if secret and isinstance(body, dict):
        body = {name: None if name in secret else value for name, value in body.items()}
    return orjson.loads(orjson.dumps(body, default=str)) if body is not None else None
