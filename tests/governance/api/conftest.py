"""Callers of the API: people with a session, programs with a token."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from django.test import Client

from governance.actors import Actor, system_actor
from governance.models import User
from governance.services import tokens
from tests.factories import Cast, make_cast, make_environment, make_team

API = "/api/v1"
_numbers = count(1)


@dataclass
class Answer:
    """What came back."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def code(self) -> str:
        """The code of a problem document."""
        assert self.headers["content-type"] == "application/problem+json", self.body
        return str(self.body["code"])


@dataclass
class Caller:
    """Somebody who calls the API; `headers` go with every call."""

    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))
    headers: dict[str, str] = field(default_factory=dict)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Answer:
        """One call; `path` is below /api/v1 unless it begins with a slash."""
        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        sent = self.headers | {k.replace("_", "-"): v for k, v in (headers or {}).items()}
        answer = self.client.generic(
            method,
            path if path.startswith("/") else f"{API}/{path}",
            data,
            sent.pop("Content-Type", "application/json"),
            headers=sent,
        )
        kind = answer.headers.get("Content-Type", "")
        found = json.loads(answer.content) if answer.content and "json" in kind else None
        return Answer(answer.status_code, found, {k.lower(): v for k, v in answer.headers.items()})

    def get(self, path: str, **headers: str) -> Answer:
        return self.call("GET", path, headers=headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.call("POST", path, body, headers)

    def put(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.call("PUT", path, body, headers)

    def delete(self, path: str, **headers: str) -> Answer:
        return self.call("DELETE", path, headers=headers)


def user_of(actor: Actor) -> User:
    """The person behind an actor."""
    assert actor.user_id is not None
    return User.objects.get(pk=actor.user_id)


def person(actor: Actor) -> Caller:
    """The person behind an actor, signed in to the pages."""
    caller = Caller()
    caller.client.force_login(user_of(actor))
    return caller


def program(*scopes: str, team: str = "payments", context: str | None = None) -> Caller:
    """A program with a token of the team."""
    _, secret = tokens.issue(
        name=f"token {next(_numbers)}",
        team=make_team(team),
        scopes=scopes,
        expires_at=None,
        context=context,
        by=system_actor("tests"),
    )
    return Caller(headers={"Authorization": f"Bearer {secret}"})


@pytest.fixture
def cast(db: None) -> Cast:
    """The people of team payments, and one environment."""
    make_environment("dev", retention_limit_ms=None)
    return make_cast()


@pytest.fixture
def signed_in(cast: Cast) -> Callable[[str], Caller]:
    """Somebody of the cast by name, signed in."""
    return lambda name: person(getattr(cast, name))


def toy(name: str = "robot", colour: str = "red") -> dict[str, Any]:
    """An item that asks for a toy."""
    return {
        "kind": "toy",
        "operation": "create",
        "name": name,
        "place": "shelf-dev",
        "after": {"colour": colour},
    }


def draft(*items: dict[str, Any], **other: Any) -> dict[str, Any]:
    """The body of a new draft."""
    return {"team": "payments", "items": list(items or (toy(),)), **other}
