"""A client of the wire API that goes through everything but the socket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import orjson
import pytest
from pytest_django import Settings as SettingsWrapper

from registry.rest import dispatch
from registry.rest.http import V1
from tests.factories import make_token


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `json` is None for an empty body."""

    status: int
    json: Any
    text: str
    headers: dict[str, str]

    @property
    def code(self) -> int:
        """The error code; the body must be an error and nothing else."""
        assert set(self.json) == {"error_code", "message"}
        return int(self.json["error_code"])


class Wire:
    """Sends requests as the door would, path still percent-encoded."""

    def __init__(self) -> None:
        self.authorization = b""

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        accept: str = "",
        content_type: str = V1,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        path, _, query = path.partition("?")
        sent = raw if raw is not None else b"" if body is None else orjson.dumps(body)
        environ = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": content_type,
            "CONTENT_LENGTH": str(len(sent)),
            "HTTP_ACCEPT": accept,
            "SERVER_NAME": "registry",
            "SERVER_PORT": "80",
            "REMOTE_ADDR": "192.0.2.7",
            "wsgi.input": BytesIO(sent),
            **(headers or {}),
        }
        _, response = dispatch.respond(environ, self.authorization, "test")
        text = response.getvalue().decode()
        is_json = text[:1] in ("{", "[", '"') or text.lstrip("-").isdigit()
        return Answer(
            response.status_code,
            orjson.loads(text) if text and is_json else None,
            text,
            dict(response.items()),
        )

    def get(self, path: str, **how: Any) -> Answer:
        return self.send("GET", path, **how)

    def post(self, path: str, body: object = None, **how: Any) -> Answer:
        return self.send("POST", path, body, **how)

    def put(self, path: str, body: object = None, **how: Any) -> Answer:
        return self.send("PUT", path, body, **how)

    def delete(self, path: str, **how: Any) -> Answer:
        return self.send("DELETE", path, **how)

    def register(self, subject: str, schema: object, **members: object) -> Answer:
        body = {"schema": text_of(schema), **members}
        return self.post(f"/subjects/{subject}/versions", body)


def speak(wire: Wire, team: str) -> Wire:
    """The same client, with a new token of that team."""
    _, plain = make_token(team, "registry:write")
    wire.authorization = f"Bearer {plain}".encode()
    return wire


def text_of(schema: object) -> str:
    return schema if isinstance(schema, str) else orjson.dumps(schema).decode()


def record(name: str = "R", *fields: tuple[object, ...], **extra: object) -> dict[str, object]:
    """A record; a field is (name, type), or (name, type, default)."""
    listed = [
        {"name": f[0], "type": f[1], **({"default": f[2]} if len(f) > 2 else {})} for f in fields
    ]
    return {"type": "record", "name": name, "fields": listed, **extra}


@pytest.fixture
def wire(db: None, settings: SettingsWrapper) -> Wire:
    settings.REGISTRY_ANONYMOUS = "full"
    return Wire()
