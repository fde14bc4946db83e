"""Long lists, page by page, by an opaque cursor that stays right while rows come and go.

A cursor holds the sort values of the last row that was given, so the next page begins after that
row: nothing is skipped or told twice because something was inserted before it, and the thousandth
page costs what the first does. Counting pages by number promises neither.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import orjson
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import DateTimeField, Field, Q, QuerySet
from django.utils.dateparse import parse_datetime
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from governance.api.errors import BadAddress

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
LONGEST_CURSOR = 2_000
PLACE = ("#",)
# Parameters that every list takes.
PAGING = ("limit", "cursor")


class CursorPagination(BasePagination):
    """``?limit=`` rows (200 at most) after ``?cursor=``; the answer's `next` leads on.

    The queryset's own order decides. Its last field must be unique and none of its fields may be
    null, else rows would hide between two pages.
    """

    def __init__(self) -> None:
        self.next: str | None = None

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: APIView | None = None
    ) -> list[Any]:
        limit = _limit(request)
        if not isinstance(queryset, QuerySet):
            return self._part(queryset, request, limit)
        order = [str(name) for name in (queryset.query.order_by or queryset.model._meta.ordering)]
        cursor = request.query_params.get("cursor")
        if cursor is not None:
            rows = queryset
            seen = _read(cursor, order, lambda value, name: _typed(value, name, rows))
            queryset = queryset.filter(_after(order, seen))
        found = list(queryset[: limit + 1])
        if len(found) > limit:
            found = found[:limit]
            self._go_on(request, _write(order, _values(order, found[-1])))
        return found

    def _part(self, rows: Sequence[Any], request: Request, limit: int) -> list[Any]:
        """The same for short lists that are held in memory: the cursor is a place."""
        cursor = request.query_params.get("cursor")
        start = 0 if cursor is None else _read(cursor, PLACE, lambda value, _: value)[0]
        if not isinstance(start, int) or start < 0:
            raise _bad_cursor()
        if start + limit < len(rows):
            self._go_on(request, _write(PLACE, [start + limit]))
        return list(rows[start : start + limit])

    def _go_on(self, request: Request, cursor: str) -> None:
        self.next = replace_query_param(request.build_absolute_uri(), "cursor", cursor)

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self.next, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["next", "results"],
            "properties": {
                "next": {
                    "type": "string",
                    "format": "uri",
                    "nullable": True,
                    "description": "Address of the next page; null on the last.",
                },
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        return [
            {
                "name": "limit",
                "in": "query",
                "required": False,
                "description": f"Rows a page, {DEFAULT_LIMIT} unless told, {MAX_LIMIT} at most.",
                "schema": {"type": "integer", "minimum": 1, "default": DEFAULT_LIMIT},
            },
            {
                "name": "cursor",
                "in": "query",
                "required": False,
                "description": "Where to go on: taken from `next`, never made by hand.",
                "schema": {"type": "string", "maxLength": LONGEST_CURSOR},
            },
        ]


def _limit(request: Request) -> int:
    asked = request.query_params.get("limit")
    if asked is None:
        return DEFAULT_LIMIT
    if not (asked.isascii() and asked.isdigit() and len(asked) < 10 and int(asked) > 0):
        raise BadAddress(
            f"limit is {asked[:80]!r}, and must be a whole number from 1 to {MAX_LIMIT}.",
            path="limit",
        )
    return min(int(asked), MAX_LIMIT)


def _after(order: Sequence[str], values: Sequence[object]) -> Q:
    """Rows behind those values: greater in the first field, or equal there and greater in the
    next, and so on; "greater" is "less" where the order descends."""
    behind = Q()
    equal = Q()
    for name, value in zip(order, values, strict=True):
        field = name.removeprefix("-")
        step = "lt" if name.startswith("-") else "gt"
        behind |= equal & Q(**{f"{field}__{step}": value})
        equal &= Q(**{field: value})
    return behind


def _values(order: Sequence[str], row: Any) -> list[object]:
    """What the row has in the fields of the order."""
    values = []
    for name in order:
        value: Any = row
        for step in name.removeprefix("-").split("__"):
            value = getattr(value, step)
        values.append(value)
    return values


def _write(order: Sequence[str], values: Sequence[object]) -> str:
    raw = orjson.dumps([list(order), list(values)], default=str)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _read(cursor: str, order: Sequence[str], read: Callable[[object, str], object]) -> list[object]:
    if len(cursor) > LONGEST_CURSOR or not cursor.isascii():
        raise _bad_cursor()
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        made_for, values = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if made_for != list(order):
            raise _bad_cursor()
        return [read(value, name) for name, value in zip(order, values, strict=True)]
    except (binascii.Error, ValueError, TypeError, OverflowError, ValidationError):
        raise _bad_cursor() from None


def _bad_cursor() -> BadAddress:
    return BadAddress(
        "The cursor cannot be used with this list and order. Take it from `next` of the page "
        "before, or leave it out to begin at the first page.",
        path="cursor",
    )


def _typed(value: object, name: str, queryset: QuerySet[Any]) -> object:
    """The value as the field it is compared with takes it."""
    if not isinstance(value, str | int | float) or (isinstance(value, str) and "\x00" in value):
        raise TypeError
    field = _field(name.removeprefix("-"), queryset)
    if isinstance(field, DateTimeField):
        return _time(value)
    return field.to_python(value) if field is not None else value


def _field(name: str, queryset: QuerySet[Any]) -> Field[Any, Any] | None:
    """The field behind a name of the order."""
    model = queryset.model
    field = None
    for step in name.split("__"):
        if step in queryset.query.annotations:
            return queryset.query.annotations[step].output_field
        try:
            field = model._meta.pk if step == "pk" else model._meta.get_field(step)
        except FieldDoesNotExist:
            return None
        model = getattr(field, "related_model", None) or model
    return field if isinstance(field, Field) else None


def _time(value: object) -> datetime:
    parsed = parse_datetime(str(value))
    if parsed is None or parsed.tzinfo is None:
        raise ValueError
    return parsed
