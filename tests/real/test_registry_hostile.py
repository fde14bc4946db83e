"""Input meant to hurt: refused with a 4xx, without much memory. How fast, `make bench` says."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from tests.real.estate import eventually
from tests.real.registry_processes import Process, database, pids, processes, resident
from tests.registry.formats.avro.test_parse import TestHostile as Texts

pytestmark = pytest.mark.real
MIB = 2**20


@pytest.fixture(scope="module")
def server(database_url: str) -> Iterator[Process]:
    with database(database_url) as url, processes(url, 1) as (one,):
        one.call("POST", "/subjects/s/versions", {"schema": '"int"'})
        # The process for large requests is there from now on: what it takes by itself is no cost of
        # the request that happens to come first.
        large = orjson.dumps({"type": "string", "doc": "d" * 200_000}).decode()
        assert one.call("POST", "/subjects/warm/versions", {"schema": large})[0] == 200
        yield one


BODIES = {
    "50 MB": b'{"schema":"' + b"x" * 50_000_000 + b'"}',
    "levels": b"[" * 100_000,
    "levels within the limit": b'{"schema":"\\"int\\"","metadata":'
    + b"[" * 900
    + b"]" * 900
    + b"}",
    "not UTF-8": b'{"schema":"\xff\xfe"}',
    "NUL in a name": orjson.dumps(
        {"schema": '"int"', "references": [{"name": "\x00", "subject": "a", "version": 1}]}
    ),
    "NUL in metadata": b'{"schema":"\\"int\\"","metadata":{"properties":{"a":"\\u0000"}}}',
    "NUL in a type": b'{"schema":"\\"int\\"","schemaType":"\\u0000"}',
    "many references": orjson.dumps(
        {"schema": '"int"', "references": [{"name": "a", "subject": "n", "version": 1}] * 50_000}
    ),
    "large metadata": orjson.dumps(
        {"schema": '"long"', "metadata": {"properties": {"a": "x" * 3_000_000}}}
    ),
    "numbers": b'{"schema":"\\"int\\"","version":99999999999999999999}',
    "id": b'{"schema":"\\"int\\"","id":99999999999}',
}


@pytest.mark.parametrize("name", BODIES)
def test_bodies(server: Process, name: str) -> None:
    for path in ("/subjects/s/versions", "/subjects/s", "/compatibility/subjects/s/versions"):
        _refused(server, "POST", path, BODIES[name])


@pytest.mark.parametrize("name", Texts.CASES)
def test_schemas(server: Process, name: str) -> None:
    text = Texts.CASES[name].encode("utf-8", "replace").decode()
    _refused(server, "POST", "/subjects/s/versions", orjson.dumps({"schema": text}))


@pytest.mark.parametrize(
    "path",
    [
        "/subjects/" + "x" * 60_000 + "/versions",
        "/subjects/%00/versions",
        "/subjects/%ff%fe/versions",
        "/subjects/%ed%a0%80/versions",
        "/schemas/ids/999999999999999999",
        "/schemas/ids/1?subject=%00",
        "/subjects?subjectPrefix=%00",
        "/config/%00",
        "/mode/%00",
        "/contexts/%00/subjects",
        "/subjects/s/versions/99999999999999999999999",
    ],
)
def test_paths(server: Process, path: str) -> None:
    _refused(server, "GET", path, None)


def _refused(server: Process, method: str, path: str, body: bytes | None) -> None:
    before = resident(server)
    status, said = server.call(method, path, body)
    assert 400 <= status < 500, said
    assert resident(server) - before < 100 * MIB
    assert said is None or len(said["message"]) < 4_000


def test_what_is_large_and_right_is_registered_like_anything_else(server: Process) -> None:
    """It goes through another process; a read after the answer sees it all the same."""
    fields = [{"name": f"f{i}", "type": "int", "doc": "d" * 200} for i in range(1_000)]
    schema = orjson.dumps({"type": "record", "name": "Large", "fields": fields}).decode()
    assert server.call("GET", "/subjects/large/versions")[0] == 404
    status, made = server.call("POST", "/subjects/large/versions", {"schema": schema})
    assert (status, made["version"]) == (200, 1)
    assert server.call("GET", "/subjects/large/versions") == (200, [1])
    assert server.call("POST", "/subjects/large", {"schema": schema})[1]["id"] == made["id"]
    wrong = {"schema": schema.replace('"f7"', '"f8"')}
    status, said = server.call("POST", "/subjects/large/versions", wrong)
    assert (status, said["error_code"]) == (422, 42201)
    status, said = server.call(
        "POST", "/subjects/large/versions", {"schema": schema}, {"accept": "text/html"}
    )
    assert (status, said["error_code"]) == (406, 406)


def test_a_killed_child_is_replaced(server: Process) -> None:
    body = {"schema": "x" * 100_000}
    assert server.call("POST", "/subjects/large/versions", body)[0] == 422
    child = pids(server)[-1]
    assert "registry_heavy" in Path(f"/proc/{child}/cmdline").read_text()
    os.kill(child, signal.SIGKILL)
    eventually(lambda: server.call("POST", "/subjects/large/versions", body)[0] == 422)


def test_the_child_ends_with_its_server(database_url: str) -> None:
    with database(database_url) as url, processes(url, 1) as (one,):
        assert one.call("POST", "/subjects/large/versions", {"schema": "x" * 100_000})[0] == 422
        worker, child = pids(one)[-2:]
        os.kill(worker, signal.SIGKILL)
        eventually(lambda: not Path(f"/proc/{child}").exists())


def test_a_small_check_against_much_keeps_nobody_waiting(server: Process) -> None:
    """Nor is any of it held for longer than it is needed."""
    fields = [{"name": f"f{i}", "type": "int", "doc": "d" * 900} for i in range(1_000)]
    for number in range(12):
        schema = {"type": "record", "name": "Much", "doc": str(number), "fields": fields}
        body = {"schema": orjson.dumps(schema).decode()}
        assert server.call("POST", "/subjects/much/versions", body)[0] == 200
    server.call("PUT", "/config/much", {"compatibility": "BACKWARD_TRANSITIVE"})
    before = _worked(server)
    small = {"schema": orjson.dumps({"type": "record", "name": "Much", "fields": []}).decode()}
    path = "/compatibility/subjects/much/versions"
    assert server.call("POST", path, small) == (200, {"is_compatible": True})
    assert _worked(server) != before
    status, made = server.call("POST", "/subjects/much/versions", small)
    assert (status, made["version"]) == (200, 13)
    assert server.call("GET", "/subjects/much/versions/latest")[1]["id"] == made["id"]
    memory = resident(server)
    status, listed = server.call("GET", "/schemas?subjectPrefix=much")
    assert [one["version"] for one in listed] == [*range(1, 14)]
    assert resident(server) - memory < 16 * MIB  # the texts alone, once, are 12


def _worked(server: Process) -> tuple[int, list[str]]:
    """The process for what is large, and how long it has worked."""
    child = pids(server)[-1]
    return child, Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[11:13]
