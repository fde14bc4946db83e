"""For those who watch over Weir: is the process alive, is it ready, what does it count.

`/healthz` answers as long as the process does and asks nobody else: a database that is away is no
reason to restart a web process. `/readyz` says which part stands in the way of work. `/metrics`
needs a service token with the scope api:read, from everywhere: behind a proxy on the same machine
every caller looks like the machine itself, so an address opens nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated

from config.metrics import WeirCollector
from governance.api.problems import plain_answer
from governance.errors import WeirError
from governance.permissions import Action, demand
from governance.services import tokens

View = Callable[[HttpRequest], HttpResponseBase]

REDIS_TIMEOUT_SECONDS = 1
CHALLENGE = 'Bearer realm="weir"'


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process is alive."""
    return JsonResponse({"status": "alive"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Whether work can be done: 200, or 503 when the database or its tables are not as needed.

    Without the queue everything still works, only later (the sweep finds what no message
    announced), so that part makes the answer *degraded* and leaves it at 200.
    """
    database = _database()
    migrations = _migrations() if not database else "not known while the database is away"
    queue = _queue()
    failed = bool(database or migrations)
    status = "failed" if failed else "degraded" if queue else "ready"
    parts = {"database": database, "migrations": migrations, "queue": queue}
    body = {
        "status": status,
        "parts": {name: {"ok": not why, "why": why} for name, why in parts.items()},
    }
    return JsonResponse(body, status=503 if failed else 200)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """What Prometheus collects, for a token with the scope api:read.

    Counts of the installation are read from the database, so each process tells the same. Counts
    of calls are this process's own, unless PROMETHEUS_MULTIPROC_DIR names a folder in which all
    processes of this server keep theirs together.
    """
    try:
        _admit(request)
    except (WeirError, DatabaseError) as error:
        return plain_answer(error)
    except (NotAuthenticated, AuthenticationFailed) as error:
        answer = plain_answer(error)
        answer.headers["WWW-Authenticate"] = CHALLENGE
        return answer
    body = generate_latest(_process_counts()) + generate_latest(_installation())
    return HttpResponse(body, content_type=CONTENT_TYPE_LATEST)


def _admit(request: HttpRequest) -> None:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise NotAuthenticated
    actor = tokens.authenticate(secret.strip())
    if actor is None:
        raise AuthenticationFailed(
            "The token is unknown, revoked or expired. An owner of its team can issue another."
        )
    demand(actor, Action.VIEW, "cluster")


def _process_counts() -> CollectorRegistry:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]  # untyped in the library
    return together


def _installation() -> CollectorRegistry:
    counts = CollectorRegistry()
    counts.register(WeirCollector())
    return counts


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return f"does not answer: {_first_line(error)}"
    return ""


@cache
def _on_disk() -> frozenset[tuple[str, str]]:
    """Migrations that this code brings. They are files, so they are read once."""
    return frozenset(MigrationLoader(None).disk_migrations)


def _migrations() -> str:
    try:
        applied = MigrationRecorder(connection).applied_migrations()
    except DatabaseError as error:
        return f"cannot be read: {_first_line(error)}"
    missing = sorted(_on_disk() - applied.keys())
    if not missing:
        return ""
    names = ", ".join(f"{app}.{name}" for app, name in missing[:5])
    return f"{len(missing)} to be applied: {names}. Run `manage.py migrate`."


def _queue() -> str:
    client = redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
        socket_timeout=REDIS_TIMEOUT_SECONDS,
    )
    try:
        client.ping()
    except redis.RedisError as error:
        return f"does not answer: {_first_line(error)}; work goes on, but later"
    finally:
        client.close()
    return ""


def _first_line(error: Exception) -> str:
    """What an error says, short, and without addresses' credentials: drivers name only hosts."""
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


PROBES: Mapping[str, View] = {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics}


class ProbeMiddleware:
    """Answers probes before anything else looks at them.

    An orchestrator calls a process by its address, not by the name in WEIR_ALLOWED_HOSTS, and
    over plain HTTP; the middleware that insists on both would call a healthy process ill.
    """

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return PROBES.get(request.path, self.get_response)(request)
