"""The door in front of the views: what it remembers, bounds and hands on. Over ASGI, on the real
database; how several processes keep each other's memory true is in `tests/real`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from threading import Barrier
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from django.db import connection, connections
from django.http import HttpRequest, HttpResponse
from pytest_django import Settings as SettingsWrapper

from governance.services import tokens
from registry import fastpath, memo
from registry.fastpath import Door
from registry.heavy import Answered, Asked, Heavy
from registry.limits import Limit
from registry.rest.http import V1
from tests.factories import BY, make_token
from tests.registry import loops
from tests.registry.rest.conftest import record

pytestmark = pytest.mark.django_db(transaction=True)
MIB = 2**20


class Recorder(Heavy):
    """Stands for the process for what is large, and keeps what it was handed."""

    def __init__(self) -> None:
        super().__init__([])
        self.handed: list[Asked] = []

    async def start(self) -> Any:
        return None

    async def answer(self, asked: Asked) -> Answered:
        self.handed.append(asked)
        return Answered(200, [("Content-Type", V1)], b'{"by":"child"}')


@dataclass(frozen=True, slots=True)
class Got:
    """An answer as it was sent."""

    status: int
    headers: dict[str, str]
    body: bytes
    parts: int

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


class Client:
    """Calls a door as a server does."""

    def __init__(self, door: Door, heavy: Recorder) -> None:
        self.door = door
        self.heavy = heavy

    async def call(
        self,
        method: str,
        path: str,
        body: object = b"",
        *,
        headers: dict[str, str] | None = None,
        length: int | None = None,
        chunks: int = 1,
        leaves: bool = False,
    ) -> Got:
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        size = -(-len(raw) // chunks) or 1
        sent = [raw[at : at + size] for at in range(0, len(raw), size)] or [b""]
        given = {"content-type": V1, **(headers or {})}
        if chunks > 1:
            given["transfer-encoding"] = "chunked"
        elif raw:
            given["content-length"] = str(len(raw) if length is None else length)
        answered: list[Any] = []

        async def receive() -> dict[str, Any]:
            if not sent:
                if length is None and not leaves:
                    await asyncio.Event().wait()  # it stays until it has its answer
                return {"type": "http.disconnect"}
            return {
                "type": "http.request",
                "body": sent.pop(0),
                "more_body": bool(sent) or length is not None,
            }

        async def send(message: Any) -> None:
            answered.append(message)

        target, _, query = path.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "raw_path": quote(target, safe="/%:").encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
            "client": ("192.0.2.7", 1),
        }
        await self.door(scope, receive, send)
        start, *rest = answered
        return Got(
            start["status"],
            {name.decode(): value.decode() for name, value in start["headers"]},
            b"".join(message["body"] for message in rest),
            len(rest),
        )

    async def register(self, subject: str, schema: object) -> Got:
        body = {"schema": schema if isinstance(schema, str) else orjson.dumps(schema).decode()}
        return await self.call("POST", f"/subjects/{subject}/versions", body)


Story = Callable[[Client], Awaitable[None]]


@pytest.fixture
def play(settings: SettingsWrapper) -> Callable[[Story], None]:
    """Runs a story at a door on an event loop of its own."""
    settings.REGISTRY_ANONYMOUS = "full"
    params = connection.get_connection_params()
    conninfo = " ".join(
        f"{name}='{params[key]}'"
        for name, key in (
            ("host", "host"),
            ("port", "port"),
            ("user", "user"),
            ("password", "password"),
            ("dbname", "dbname"),
        )
        if params.get(key)
    )

    def told(story: Story) -> None:
        async def run() -> None:
            heavy = Recorder()
            door = Door(conninfo, 4 * MIB, heavy, {"/probe": _probe})
            await door.freshness.start()
            try:
                await story(Client(door, heavy))
            finally:
                door.freshness.close()
                together = Barrier(fastpath.THREADS)  # each thread has a connection of its own
                for _ in range(fastpath.THREADS):
                    door.threads.submit(_part, together)
                door.threads.shutdown()

        loops.run(run())

    return told


def _part(together: Barrier) -> None:
    together.wait()
    connections.close_all()


def _probe(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"well", content_type="text/plain")


Play = Callable[[Story], None]


def test_what_was_read_once_is_answered_from_memory(play: Play) -> None:
    async def story(client: Client) -> None:
        made = await client.register("s", '"int"')
        path = f"/schemas/ids/{made.json['id']}"
        first = await client.call("GET", path)
        assert len(client.door.cache.kept) == 1
        checks = client.door.freshness.checks
        again = await client.call("GET", path)
        assert (again.status, again.body) == (200, first.body)
        assert again.headers["content-type"] == V1
        assert client.door.freshness.checks == checks + 1  # true as of now
        head = await client.call("HEAD", path)
        assert (head.status, head.body) == (200, b"")
        assert head.headers["content-length"] == str(len(first.body))
        other = await client.call("GET", path, headers={"accept": "application/json"})
        assert other.headers["content-type"] == "application/json"

    play(story)


def test_what_a_write_made_old_is_read_anew(play: Play) -> None:
    async def story(client: Client) -> None:
        await client.register("s", record("R"))
        path = "/subjects/s/versions/latest"
        assert (await client.call("GET", path)).json["version"] == 1
        await client.register("s", record("R", ("a", "int", 0)))
        assert (await client.call("GET", path)).json["version"] == 2
        await client.call("DELETE", "/subjects/s/versions/2")
        assert (await client.call("GET", path)).json["version"] == 1
        await client.call("DELETE", "/subjects/s")
        assert (await client.call("GET", path)).status == 404

    play(story)


def test_what_an_alias_led_to_is_read_anew(play: Play) -> None:
    async def story(client: Client) -> None:
        await client.register("a", '"int"')
        await client.register("b", '"long"')
        path = "/subjects/other/versions/latest"
        for target in ("a", "b", "a"):
            await client.call("PUT", "/config/other", {"alias": target})
            assert (await client.call("GET", path)).json["subject"] == target
            assert (await client.call("GET", path)).json["subject"] == target
        await client.call("DELETE", "/config/other")
        assert (await client.call("GET", path)).status == 404

    play(story)


def test_without_the_check_nothing_is_answered_from_memory(play: Play) -> None:
    async def story(client: Client) -> None:
        await client.register("s", '"int"')
        await client.call("GET", "/schemas/ids/1")
        client.door.freshness.close()
        client.door.freshness.conninfo = "host=127.0.0.1 port=1 connect_timeout=1"
        assert (await client.call("GET", "/schemas/ids/1")).status == 200
        assert client.door.freshness.checks == 0

    play(story)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [({"x-request-id": "mine"}, "mine"), ({}, None), ({"x-request-id": " "}, None)],
)
def test_each_answer_bears_the_requests_id(
    play: Play, headers: dict[str, str], expected: str | None
) -> None:
    async def story(client: Client) -> None:
        await client.register("s", '"int"')
        for path in ("/subjects", "/schemas/ids/1", "/schemas/ids/1", "/none"):
            got = (await client.call("GET", path, headers=headers)).headers["x-request-id"]
            assert got == expected if expected else len(got) == 36

    play(story)


@pytest.mark.parametrize("chunks", [1, 50])
def test_a_body_that_is_too_large_is_refused(play: Play, chunks: int) -> None:
    async def story(client: Client) -> None:
        body = b'{"schema":"' + b"x" * (3 * MIB) + b'"}'
        got = await client.call("POST", "/subjects/s/versions", body, chunks=chunks)
        assert (got.status, got.json["error_code"]) == (413, 413)
        assert "2097152 bytes" in got.json["message"]
        assert not client.heavy.handed

    play(story)


def test_a_client_that_goes_away_is_not_waited_for(play: Play) -> None:
    async def story(client: Client) -> None:
        got = await client.call("POST", "/subjects/s/versions", b'{"schema"', length=60)
        assert (got.status, got.json["error_code"]) == (400, 400)

    play(story)


@pytest.mark.parametrize("chunks", [1, 3])
def test_what_is_large_goes_to_its_process(play: Play, chunks: int) -> None:
    async def story(client: Client) -> None:
        body = {"schema": orjson.dumps(record("R", doc="d" * 100_000)).decode()}
        headers = {"x-request-id": "mine", "authorization": "Bearer x"}
        got = await client.call(
            "POST", "/subjects/s%2Ft/versions", body, headers=headers, chunks=chunks
        )
        assert got.json == {"by": "child"}
        (asked,) = client.heavy.handed
        assert (asked.uid, asked.authorization) == ("mine", b"Bearer x")
        assert asked.environ["PATH_INFO"] == "/subjects/s%2Ft/versions"
        assert asked.body == orjson.dumps(body)
        small = await client.call("POST", "/subjects/s/versions", b"{}", chunks=2)
        assert (small.status, len(client.heavy.handed)) == (422, 1)

    play(story)


def test_so_does_what_needs_much_that_is_stored(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(client: Client) -> None:
        for number in range(24):
            long = record("R", (f"f{number}", "int", 0), doc="d" * 60_000)
            assert (await client.register("s", long)).status == 200
        await client.call("PUT", "/config/s", {"compatibility": "FULL_TRANSITIVE"})
        monkeypatch.setattr(memo, "_MEMO", memo._Memo(memo.BYTES))
        body = {"schema": orjson.dumps(record("R")).decode()}
        path = "/compatibility/subjects/s/versions"
        assert (await client.call("POST", path, body)).json == {"by": "child"}
        assert len(client.heavy.handed) == 1
        listed = await client.call("GET", "/schemas")
        assert [one["version"] for one in listed.json] == [*range(1, 25)]
        assert listed.parts > 2  # sent while it was made
        assert "content-length" not in listed.headers
        head = await client.call("HEAD", "/schemas")
        assert (head.status, head.body) == (200, b"")
        tagged = await client.call("GET", "/schemas?findTags=*")
        assert [one["version"] for one in tagged.json] == [*range(1, 25)]
        left = await client.call("GET", "/schemas?findTags=*", leaves=True)
        assert left.parts < tagged.parts

    play(story)


def test_too_many_that_wait_are_sent_away(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fastpath, "MAX_WAITING", 0)

    async def story(client: Client) -> None:
        got = await client.call("GET", "/subjects")
        assert (got.status, got.json["error_code"]) == (500, 50002)
        assert got.headers["retry-after"] == "1"
        assert len(got.headers["x-request-id"]) == 36

    play(story)


def test_probes_are_no_part_of_the_api(play: Play) -> None:
    async def story(client: Client) -> None:
        got = await client.call("GET", "/probe")
        assert (got.status, got.body, got.headers["content-type"]) == (200, b"well", "text/plain")

    play(story)


def test_who_may_not_read_is_answered_nothing_from_memory(
    play: Play, settings: SettingsWrapper
) -> None:
    async def story(client: Client) -> None:
        await client.register("s", '"int"')
        assert (await client.call("GET", "/schemas/ids/1")).status == 200
        stranger = {"authorization": "Bearer nobodys"}
        assert (await client.call("GET", "/schemas/ids/1", headers=stranger)).status == 401

    play(story)


def test_a_closed_installation_answers_nothing_from_memory(
    play: Play, settings: SettingsWrapper
) -> None:
    settings.REGISTRY_RIGHTS = "closed"
    _, owner = make_token("payments", "registry:write")
    _, other = make_token("billing", "registry:read")

    async def story(client: Client) -> None:
        mine = {"authorization": f"Bearer {owner}"}
        theirs = {"authorization": f"Bearer {other}"}
        path = "/subjects/s/versions"
        made = await client.call("POST", path, {"schema": '"int"'}, headers=mine)
        for asked in (f"/schemas/ids/{made.json['id']}", f"{path}/1", "/subjects"):
            for _ in range(2):
                assert (await client.call("GET", asked, headers=mine)).status == 200
                told = await client.call("GET", asked, headers=theirs)
                assert (told.status, told.json) == (200, []) or told.status in (403, 404)
        assert not client.door.cache.kept

    play(story)


def test_whoever_sends_too_much_is_told_when_to_come_again(play: Play) -> None:
    async def story(client: Client) -> None:
        client.door.limit = Limit(1, 3)
        answers = [await client.call("GET", "/subjects") for _ in range(5)]
        assert [a.status for a in answers] == [200, 200, 200, 429, 429]
        last = answers[-1]
        assert last.headers["retry-after"] == "1"
        assert last.headers["content-type"] == V1
        assert last.json["error_code"] == 429
        assert "192.0.2.7 sends more than the 1 requests a second" in last.json["message"]
        assert (await client.call("GET", "/probe")).status == 200
        assert (await client.call("HEAD", "/subjects")).body == b""

    play(story)


def test_a_token_is_counted_by_its_own_limit_once_it_is_known(play: Play) -> None:
    _, plain = make_token("payments", "registry:read", name="reader")
    limited, few = make_token("payments", "registry:read", name="limited")
    tokens.set_rate(limited.pk, rate=1, burst=2, by=BY)

    async def story(client: Client) -> None:
        for secret, allowed in ((plain, 20), (few, 1 + 2)):
            header = {"authorization": f"Bearer {secret}"}
            answers = [await client.call("GET", "/subjects", headers=header) for _ in range(20)]
            assert [a.status for a in answers].count(200) == allowed
        assert answers[-1].json["message"].startswith("payments/limited sends more than the 1 ")
        # Wrong ones are counted by address.
        client.door.limit = Limit(1, 4)
        tries = [
            await client.call("GET", "/subjects", headers={"authorization": f"Bearer {n}"})
            for n in range(8)
        ]
        assert [a.status for a in tries] == [401] * 4 + [429] * 4

    play(story)
