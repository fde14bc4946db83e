"""One id from a call to the task that it woke, that task's events and its lines of the log."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connection

from config.stack.paths import ROOT
from governance import dispatch
from governance.models import Event
from tests.factories import make_cast, make_environment
from tests.governance.api.conftest import draft, person

UID = "from-the-page-1"
DEADLINE = 60.0


@contextmanager
def worker(log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A real worker on the test's database and queue, its lines as JSON in `log`."""
    parts = urlsplit(settings.DATABASE_URL)
    database = urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))
    # The secret comes as a file or as a value; the worker gets the one that the test has.
    inherited = {k: v for k, v in os.environ.items() if k != "WEIR_SECRET_KEY_FILE"}
    environment = inherited | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "WEIR_DATABASE_URL": database,
        "WEIR_REDIS_URL": settings.REDIS_URL,
        "WEIR_SECRET_KEY": settings.SECRET_KEY,
        "WEIR_LOG_FORMAT": "json",
    }
    argv = [sys.executable, "-m", "celery", "-A", "config.celery", "worker"]
    argv += ["--pool", "solo", "--queues", "default,clusters", "--loglevel", "INFO"]
    with log.open("wb") as out:
        process = subprocess.Popen(argv, cwd=ROOT, env=environment, stdout=out, stderr=out)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait(for_it: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    """Until it is so; the deadline, or a worker that has ended, shows what it said."""
    deadline = time.monotonic() + DEADLINE
    while not for_it():
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"It did not happen:\n{log.read_text()[-4_000:]}")
        time.sleep(0.05)


@pytest.mark.real
@pytest.mark.django_db(transaction=True)
def test_an_id_reaches_the_task_its_events_and_its_log(redis_url: str, tmp_path: Path) -> None:
    make_environment("dev", retention_limit_ms=None)
    cast = make_cast()
    requester, owner = person(cast.requester), person(cast.owner)
    number = requester.post("requests", draft()).body["request"]["id"]
    assert requester.post(f"requests/{number}/submit", X_Request_ID="another").status == 200
    log = tmp_path / "worker.log"
    with worker(log) as process:
        answer = owner.post(f"requests/{number}/approve", {"revision": 1}, X_Request_ID=UID)
        assert (answer.status, answer.headers["x-request-id"]) == (200, UID)
        wait(lambda: _events(number, "request.applied") != [], process, log)
        # A task that succeeds is silent; one that cannot even begin says so under its id.
        assert dispatch.send("governance.advance", uid="lost-1")
        wait(lambda: _lines(log, "lost-1") != [], process, log)
    assert _events(number, "request.submitted") == ["another"]
    assert "raised" in str(_lines(log, "lost-1"))
    for action in ("request.reviewed", "request.approved", "request.applied", "item.applied"):
        assert _events(number, action) == [UID], action


def _events(number: int, action: str) -> list[str]:
    found = Event.objects.filter(request_id=number, action=action)
    return list(found.values_list("request_uid", flat=True))


def _lines(log: Path, uid: str) -> list[dict[str, Any]]:
    """Lines of the log that carry the id."""
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    return [line for line in lines if line.get("request_id") == uid]
