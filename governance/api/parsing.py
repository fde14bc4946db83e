"""Reading bodies: JSON only, bounded in size, depth and number of values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

import orjson
from django.conf import settings
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from governance.api.errors import BadBody, BodyTooLarge

MAX_DEPTH = 32
MAX_VALUES = 200_000


class BoundedJsonParser(BaseParser):
    """JSON as orjson reads it: strict about numbers, escapes and encoding.

    The REST framework's own parser reads the stream past Django's limit on bodies, takes ``NaN``
    and lets U+0000 through to PostgreSQL, which has no such character.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise BodyTooLarge(
                f"The body is larger than {limit // 2**20} MiB, which is the limit. "
                "Split it into several calls."
            )
        try:
            parsed = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise BadBody(
                f"The body is no JSON: {error.msg}, in line {error.lineno}, column {error.colno}. "
                "Correct it there."
            ) from None
        check(parsed)
        return parsed


def check(parsed: object) -> None:
    """Refuses what is too deep, too much, or holds a NUL. Walks without recursion."""
    seen = 0
    level = [parsed]
    for _ in range(MAX_DEPTH + 1):
        deeper: list[object] = []
        for value in level:
            if isinstance(value, str):
                if "\x00" in value:
                    raise BadBody("The body holds a NUL character (U+0000). Remove it.")
            elif isinstance(value, dict):
                deeper += value.keys()
                deeper += value.values()
            elif isinstance(value, list):
                deeper += value
        seen += len(deeper)
        if seen > MAX_VALUES:
            raise BadBody(
                f"The body holds more than {MAX_VALUES:,} values. Split it into several calls."
            )
        if not deeper:
            return
        level = deeper
    raise BadBody(f"The body is nested deeper than {MAX_DEPTH} levels. Flatten it.")


class JsonOnly(BaseContentNegotiation):
    """Answers are JSON whatever Accept says: their type tells a caller who cannot read it."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """The parser for the body's type; None, and so 415, when there is none."""
        sent = (request.content_type or "").partition(";")[0].strip().lower()
        return next((p for p in parsers if p.media_type == sent), None)

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Always the first."""
        return renderers[0], renderers[0].media_type
