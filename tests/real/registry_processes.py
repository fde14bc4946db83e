"""Real processes of the registry, on a database of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import psycopg

from config.stack import ports
from config.stack.paths import ROOT
from tests import migrated
from tests.real.estate import eventually, unique

# Many processes that start at once have two cores, which they share with other tests.
PATIENCE = 300.0


@dataclass(frozen=True, slots=True)
class Process:
    """One server; `url` is where it answers."""

    url: str
    process: subprocess.Popen[bytes]

    def call(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """Status and JSON of an answer."""
        data = None if body is None else body if isinstance(body, bytes) else orjson.dumps(body)
        request = urllib.request.Request(  # noqa: S310 - our own server
            self.url + path,
            data=data,
            method=method,
            headers={"content-type": "application/vnd.schemaregistry.v1+json", **(headers or {})},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - ditto
                return answer.status, _json(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _json(error.read())


def pids(server: Process) -> list[int]:
    """The server, its worker, and what that started."""
    found = [server.process.pid]
    for pid in found:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        found += [int(child) for child in children]
    return found


def resident(server: Process) -> int:
    """Bytes of memory."""
    pages = (int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids(server))
    return sum(pages) * 4096


def _json(raw: bytes) -> Any:
    return orjson.loads(raw) if raw else None


@contextmanager
def database(server_url: str) -> Iterator[str]:
    """A fresh database with all migrations, dropped afterwards."""
    name = unique("registry").replace("-", "_").replace(".", "_").lower()
    admin = migrated.admin(server_url)
    url = migrated.copy(server_url, name)
    try:
        yield url
    finally:
        eventually(lambda: _dropped(admin, name))


def _dropped(admin: str, name: str) -> bool:
    """Whether it is gone now. A vacuum that passes by is nobody's to end, but soon over."""
    try:
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def environment(database_url: str, anonymous: str) -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "WEIR_DATABASE_URL": database_url,
        "WEIR_REGISTRY_ANONYMOUS": anonymous,
    }


def run_manage(database_url: str, *arguments: str, **variables: str) -> str:
    """What a command of manage.py prints; with further environment variables."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**environment(database_url, "none"), **variables},
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    return done.stdout


def count(database_url: str, query: str) -> int:
    """The one number that a query gives."""
    with psycopg.connect(database_url) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


@contextmanager
def processes(
    database_url: str, count: int, anonymous: str = "full", **variables: str
) -> Iterator[Sequence[Process]]:
    """As many servers, each with a port and a memory of its own; with further environment
    variables."""
    started: list[Process] = []
    try:
        for _ in range(count):
            port = ports.free_block(1)[0]
            command = [sys.executable, "-m", "granian", "--interface", "asgi", "--loop", "uvloop"]
            command += ["--host", "127.0.0.1", "--port", str(port), "--log-level", "error"]
            command += ["config.registry_asgi:application"]
            settings = {**environment(database_url, anonymous), **variables}
            process = subprocess.Popen(command, cwd=ROOT, env=settings)
            started.append(Process(f"http://127.0.0.1:{port}", process))
        for server in started:
            _wait(server)
        yield started
    finally:
        for server in started:
            server.process.terminate()
        for server in started:
            try:
                server.process.wait(10)
            except subprocess.TimeoutExpired:
                server.process.kill()
                server.process.wait()


def _wait(server: Process) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            server.call("GET", "/")
        except OSError:
            if time.monotonic() > deadline or server.process.poll() is not None:
                raise
            time.sleep(0.05)
        else:
            return
