"""What holds however many registry processes there are, on one real PostgreSQL."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import orjson
import psycopg
import pytest

from tests.real.registry_processes import Process, database, processes

# Each of these may be the one that makes the database and starts processes, on a busy machine.
pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]
PROCESSES = 8
CONTENTS = 40
SECONDS = 8.0
CHECKS = 200  # on a busy machine it takes longer than that to see so many


def content(number: int) -> dict[str, str]:
    fields = [{"name": "a", "type": "string"}]
    schema = {"type": "record", "name": f"R{number}", "fields": fields}
    return {"schema": orjson.dumps(schema).decode()}


@pytest.fixture(scope="module")
def empty(database_url: str) -> Iterator[str]:
    with database(database_url) as url:
        yield url


def test_eight_processes_registering_at_once_lose_and_double_nothing(empty: str) -> None:
    with processes(empty, PROCESSES) as servers:
        servers[0].call("PUT", "/config", {"compatibility": "NONE"})
        start = threading.Barrier(PROCESSES)

        def work(index: int) -> list[tuple[str, int, int, int]]:
            order = [(s, n) for s in ("one", "two") for n in range(CONTENTS)]
            random.Random(index).shuffle(order)  # noqa: S311 - an order, not a secret
            start.wait()
            found = []
            for subject, number in order:
                path = f"/subjects/{subject}/versions"
                status, made = servers[index].call("POST", path, content(number))
                assert status == 200, made
                found.append((subject, number, made["id"], made["version"]))
            return found

        with ThreadPoolExecutor(PROCESSES) as pool:
            answers = [row for rows in pool.map(work, range(PROCESSES)) for row in rows]
        ids = {(number, schema_id) for _, number, schema_id, _ in answers}
        assert len(ids) == CONTENTS, "equal content has one id, other content another"
        assert len({schema_id for _, schema_id in ids}) == CONTENTS
        for subject in ("one", "two"):
            versions = {(n, v) for s, n, _, v in answers if s == subject}
            assert sorted(v for _, v in versions) == list(range(1, CONTENTS + 1))
            for server in servers:
                listed = server.call("GET", f"/subjects/{subject}/versions")[1]
                assert listed == list(range(1, CONTENTS + 1))


def test_a_read_after_an_answer_sees_the_write_on_every_process(empty: str) -> None:
    with processes(empty, 2) as servers:
        servers[0].call("PUT", "/config", {"compatibility": "NONE"})
        servers[0].call("POST", "/subjects/still/versions", content(0))
        stop = time.monotonic() + SECONDS
        seen: Counter[str] = Counter()
        stale: list[str] = []

        def going_on() -> bool:
            return not stale and (time.monotonic() < stop or seen["checked"] <= CHECKS)

        def background(server: Process, index: int) -> None:
            while going_on():
                for path in paths(f"hot{index % 4}"):
                    server.call("GET", path)
                    seen["background"] += 1

        def writer(index: int) -> None:
            subject, number = f"hot{index % 4}x{index}", 1000 * index + 1
            writes, reads = servers if index % 2 else servers[::-1]
            while going_on():
                number += 1
                for check in steps(subject, number, writes, reads):
                    seen["checked"] += 1
                    if (wrong := check()) is not None:
                        stale.append(wrong)

        with ThreadPoolExecutor(12) as pool:
            jobs = [pool.submit(writer, index) for index in range(8)]
            jobs += [pool.submit(background, servers[i % 2], i) for i in range(4)]
            for job in jobs:
                job.result()
        assert stale == []
        assert seen["checked"] > CHECKS, seen


def paths(subject: str) -> Sequence[str]:
    return (
        "/subjects",
        f"/subjects/{subject}/versions",
        f"/subjects/{subject}/versions/latest",
        f"/config/{subject}?defaultToGlobal=true",
    )


def steps(
    subject: str, number: int, writes: Process, reads: Process
) -> Iterator[Callable[[], str | None]]:
    """Writes through one process, each followed by a look through the other."""

    def differs(path: str, member: Callable[[object], object], expected: object) -> str | None:
        # Twice: the first look may fill the memory that the next write must make old.
        for _ in range(2):
            found = member(reads.call("GET", path)[1])
            if found != expected:
                return f"{path}: {found} instead of {expected}"
        return None

    made = writes.call("POST", f"/subjects/{subject}/versions", content(number))[1]
    version, schema_id = made["version"], made["id"]
    latest = f"/subjects/{subject}/versions/latest"
    yield lambda: differs(latest, lambda v: v["version"], version)  # type: ignore[index]  # JSON
    yield lambda: differs("/subjects", lambda v: subject in v, True)  # type: ignore[operator]  # JSON
    yield lambda: differs(f"/schemas/ids/{schema_id}", lambda v: v["version"], version)  # type: ignore[index]  # JSON
    level = ("FULL", "NONE")[number % 2]
    writes.call("PUT", f"/config/{subject}", {"compatibility": level})
    yield lambda: differs(
        f"/config/{subject}",
        lambda v: v["compatibilityLevel"],  # type: ignore[index]  # JSON
        level,
    )
    writes.call("PUT", f"/config/{subject}", {"compatibility": "NONE"})
    alias, target = f"for-{subject}", (subject, "still")[number % 2]
    writes.call("PUT", f"/config/{alias}", {"alias": target})
    yield lambda: differs(f"/subjects/{alias}/versions/latest", lambda v: v["subject"], target)  # type: ignore[index]  # JSON
    mode = ("READONLY", "READONLY_OVERRIDE")[number % 2]
    writes.call("PUT", f"/mode/{subject}", {"mode": mode})
    yield lambda: differs(f"/mode/{subject}", lambda v: v["mode"], mode)  # type: ignore[index]  # JSON
    writes.call("PUT", f"/mode/{subject}", {"mode": "READWRITE"})
    writes.call("DELETE", f"/subjects/{subject}/versions/{version}")
    yield lambda: differs(
        f"/subjects/{subject}/versions",
        lambda v: version in v if isinstance(v, list) else False,
        False,
    )


def test_a_lost_connection_makes_no_answer_stale(empty: str) -> None:
    with processes(empty, 2) as (one, two):
        one.call("POST", "/subjects/lost/versions", content(1))
        assert two.call("GET", "/subjects/lost/versions")[1] == [1]
        with psycopg.connect(empty, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        one.call("PUT", "/config/lost", {"compatibility": "NONE"})
        status, made = one.call("POST", "/subjects/lost/versions", content(2))
        assert status == 200, made
        for _ in range(20):
            assert two.call("GET", "/subjects/lost/versions")[1] == [1, 2]
