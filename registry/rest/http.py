"""What a request of the wire API carries, and what an answer looks like.

The path arrives still percent-encoded, so that ``a%2Fb`` is one segment; each segment is decoded
once, here. Everything else about HTTP is Django's.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, lru_cache
from typing import Any, Final
from urllib.parse import unquote_to_bytes

import orjson
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse, StreamingHttpResponse

from governance.actors import ANONYMOUS, Actor
from registry.changes import Origin
from registry.errors import (
    InvalidSubject,
    Malformed,
    MethodNotAllowed,
    MissingBody,
    NotAcceptable,
    UnknownPath,
    UnsupportedMediaType,
)
from registry.naming import DEFAULT, SubjectName, qualify
from registry.reading import Reader

V1: Final = "application/vnd.schemaregistry.v1+json"
# Best first, with the weight that decides among those of which a client's q is the same.
TYPES: Final = ((V1, 1.0), ("application/vnd.schemaregistry+json", 0.9), ("application/json", 0.5))
BODY_TYPES: Final = frozenset({*(name for name, _ in TYPES), "application/octet-stream"})

Json = dict[str, Any]


class RegistryRequest(WSGIRequest):
    """A request with what the door found out about it.

    `context` is the one that the path (``/contexts/C/…``) or the token stands in, None at the root.
    `depends` is set by a view whose answer may be remembered: names of changes that make it old.
    """

    def __init__(self, environ: dict[str, Any]) -> None:
        super().__init__(environ)
        self.actor: Actor = environ.get("weir.actor", ANONYMOUS)
        self.context: str | None = self.actor.context
        self.depends: frozenset[str] | None = None

    @cached_property
    def reader(self) -> Reader:
        """What whoever asks may read."""
        return Reader(self.actor)

    @property
    def origin(self) -> Origin:
        return Origin(address=str(self.META.get("REMOTE_ADDR", "")))

    def flag(self, name: str) -> bool:
        return self.GET.get(name, "").lower() == "true"

    def number(self, name: str, default: int) -> int:
        """A whole number of the query. Raises UnknownPath for what is none, as the original."""
        text = self.GET.get(name, "")
        if not text:
            return default
        if not _NUMBER.fullmatch(text) or not -(2**31) <= int(text) < 2**31:
            raise UnknownPath
        return int(text)

    def subject(self, text: str) -> SubjectName:
        """The subject that a segment or a parameter names to this client."""
        return qualify(text, self.context or DEFAULT)

    def page(self, default: int, maximum: int) -> slice:
        """The part of a list that `offset` and `limit` ask for; a limit out of range is none."""
        offset = max(self.number("offset", 0), 0)
        limit = self.number("limit", -1)
        if limit <= 0 or limit > maximum:
            limit = default
        return slice(offset, offset + limit)

    def json(self, what: str) -> Json:
        """The body as an object. Raises MissingBody, Malformed."""
        raw = self.body.removeprefix(codecs.BOM_UTF8)
        if not raw.strip():
            raise MissingBody(what)
        try:
            value = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            if self.META.get("HTTP_CONTENT_ENCODING", "").lower() not in ("", "identity"):
                raise Malformed("The body is compressed: send it as it is.") from None
            raise Malformed(f"The request body is not JSON: {error}.") from None
        if value is None:
            raise MissingBody(what)
        if not isinstance(value, dict):
            raise Malformed("The request body is not a JSON object.")
        if b"\\u0000" in raw and _holds_nul(value):
            raise Malformed("The request body holds a NUL character outside of the schema.")
        return value


class ListStream(StreamingHttpResponse):
    """A long list, sent while it is made; `weighty` where schemas have to be read for it."""

    def __init__(self, parts: Iterable[bytes], *, weighty: bool) -> None:
        super().__init__(parts, content_type=V1)
        self.weighty = weighty


Response = HttpResponse | ListStream
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,10}")
# Not where the stroke belongs to one before it: that is the text of a backslash and a "u".
_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
View = Callable[..., Response]


def _holds_nul(body: Json) -> bool:
    """Whether a member other than the schema's text holds what the database cannot store."""
    rest = {key: value for key, value in body.items() if key != "schema"}
    try:
        return _NUL.search(orjson.dumps(rest)) is not None
    except TypeError:
        raise Malformed("The request body nests deeper than 250 levels.") from None


def answer(value: object, status: int = 200) -> HttpResponse:
    """A JSON answer; its content type is set where the request's Accept is known."""
    return HttpResponse(orjson.dumps(value), content_type=V1, status=status)


def text_answer(text: str) -> HttpResponse:
    """A schema's text as it is, unwrapped."""
    return HttpResponse(text.encode(), content_type=V1)


def resource(**views: View) -> View:
    """One path of the API: a view for each method; HEAD goes where GET does."""
    allowed = sorted({*views, "OPTIONS", *({"HEAD"} if "GET" in views else set())})

    def dispatch(request: RegistryRequest, **segments: Any) -> Response:
        method = request.method or ""
        if method == "OPTIONS":
            response = HttpResponse(content_type=V1)
            response["Allow"] = ", ".join(allowed)
            return response
        view = views.get("GET" if method == "HEAD" else method)
        if view is None:
            raise MethodNotAllowed(allowed)
        return view(request, **segments)

    return dispatch


class Segment:
    """A path segment, decoded; empty ones count, since a subject may have no name."""

    regex = "[^/]*"

    def to_python(self, value: str) -> str:
        try:
            text = unquote_to_bytes(value).decode()
        except UnicodeDecodeError:
            raise Malformed("A segment of the path is not percent-encoded UTF-8.") from None
        if "\x00" in text:  # the database cannot even look for it
            raise InvalidSubject(text.replace("\x00", "\\0"))
        return text

    def to_url(self, value: str) -> str:
        return value


class Id:
    """An id in a path. What is no number is another path, hence 404."""

    regex = "[+-]?[0-9]{1,18}"

    def to_python(self, value: str) -> int:
        if not -(2**31) <= int(value) < 2**31:
            raise ValueError
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)


@lru_cache(maxsize=256)
def negotiate(accept: str) -> str:
    """The content type of the answer. Raises NotAcceptable where none of ours will do."""
    if not accept.strip():
        return V1
    best, best_weight = "", (0.0, 0.0)
    for part in accept[:2000].lower().split(","):
        wanted, *parameters = (piece.strip() for piece in part.split(";"))
        quality = _quality(parameters)
        for name, weight in TYPES:
            matches = wanted in (name, "*/*", "application/*", "*")
            if matches and quality and (quality, weight) > best_weight:
                best, best_weight = name, (quality, weight)
    if not best:
        raise NotAcceptable
    return best


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return min(max(float(parameter[2:]), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0


def ensure_readable(content_type: str) -> None:
    """Refuse a body of a type that is not read as JSON. Raises UnsupportedMediaType."""
    name = content_type.partition(";")[0].strip().lower()
    if name and "/" not in name:
        raise Malformed(f"The Content-Type {name[:60]!r} is no type.")
    if name and name not in BODY_TYPES:
        raise UnsupportedMediaType


def without_empty(members: Mapping[str, object]) -> Json:
    """Members as they are sent: null and empty lists left out, empty objects not."""
    return {key: value for key, value in members.items() if value not in (None, [])}
