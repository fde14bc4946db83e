"""Somebody who uses `/api/v1` of a running stack with a session of the pages."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import requests

from tests.live import LiveStack

T = TypeVar("T")
Json = Mapping[str, Any]


def eventually(look: Callable[[], T | None], seconds: float = 60, *, every: float = 0.2) -> T:
    """What `look` gives as soon as that is something; fails after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"{look} did not hold within {seconds:g} s"
        time.sleep(every)
    return found


class Person:
    """A signed-in demo account."""

    def __init__(self, stack: LiveStack, username: str) -> None:
        self.web = stack.web
        self.session = requests.Session()
        self.session.get(f"{self.web}/sign-in/", timeout=30)
        said = self.session.post(
            f"{self.web}/sign-in/",
            data={
                "username": username,
                "password": f"{username}-weir-demo",
                "csrfmiddlewaretoken": self.session.cookies["csrftoken"],
            },
            timeout=30,
        )
        assert said.status_code == 200, said.text

    def get(self, path: str) -> Json:
        """The answer of a read, which must succeed."""
        said = self.session.get(f"{self.web}/api/v1{path}", timeout=60)
        assert said.ok, said.text
        return dict(said.json())

    def post(self, path: str, body: Json | None = None) -> Json:
        """The answer of a write, which must succeed."""
        said = self.session.post(
            f"{self.web}/api/v1{path}",
            json=body or {},
            headers={"X-CSRFToken": str(self.session.cookies["csrftoken"])},
            timeout=120,
        )
        assert said.ok, said.text
        return dict(said.json())

    def asks_for_topics(self, names: Sequence[str], team: str = "payments") -> int:
        """The number of a request, in review, that creates these topics with four settings each."""
        configs = {
            "retention.ms": "7 d",
            "cleanup.policy": "delete",
            "max.message.bytes": "2 MiB",
            "compression.type": "zstd",
        }
        items = [
            {
                "kind": "topic",
                "operation": "create",
                "place": "demo",
                "name": name,
                "after": {"partitions": 1, "replication_factor": 1, "configs": configs},
            }
            for name in names
        ]
        body = {"title": f"{len(names)} topics", "reason": "", "team": team, "items": items}
        number = int(self.post("/requests", body)["request"]["id"])
        self.post(f"/requests/{number}/submit")
        return number

    def approves(self, number: int) -> None:
        """Approves the first revision."""
        self.post(f"/requests/{number}/approve", {"revision": 1})

    def state(self, number: int) -> str:
        """Where the request stands."""
        return str(self.get(f"/requests/{number}")["request"]["state"])


@contextmanager
def person(stack: LiveStack, username: str) -> Iterator[Person]:
    """A person whose connections are closed in the end."""
    somebody = Person(stack, username)
    try:
        yield somebody
    finally:
        somebody.session.close()
