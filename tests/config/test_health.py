"""Alive, ready, counted: what operators and Prometheus ask."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import OperationalError, connection
from django.test import Client
from pytest_django import DjangoDbBlocker, Settings

from governance.actors import system_actor
from governance.services import tokens
from tests.factories import make_cast, make_team

NOWHERE = "redis://127.0.0.1:1/0"


def get(path: str, **headers: str) -> tuple[int, dict[str, object]]:
    answer = Client(raise_request_exception=False).get(path, headers=headers)
    return answer.status_code, answer.json()


def test_alive_asks_no_database(django_db_blocker: DjangoDbBlocker) -> None:
    with django_db_blocker.block():
        assert get("/healthz") == (200, {"status": "alive"})


def test_probes_may_call_a_process_by_its_address(db: None, redis_url: str) -> None:
    for path in ("/healthz", "/readyz"):
        assert get(path, Host="10.0.0.7:8000")[0] == 200
    assert Client().get("/", headers={"Host": "10.0.0.7:8000"}).status_code == 400


def test_ready_names_each_part(db: None, redis_url: str) -> None:
    status, body = get("/readyz")
    fine = {"ok": True, "why": ""}
    assert (status, body) == (
        200,
        {"status": "ready", "parts": {"database": fine, "migrations": fine, "queue": fine}},
    )


def test_a_queue_that_is_away_only_delays(db: None, settings: Settings) -> None:
    settings.REDIS_URL = NOWHERE
    status, body = get("/readyz")
    assert (status, body["status"]) == (200, "degraded")
    assert body["parts"]["queue"]["ok"] is False  # type: ignore[index]  # JSON


def test_a_missing_migration_fails_and_is_named(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'governance' AND name ~ '^0002'")
    status, body = get("/readyz")
    assert (status, body["status"]) == (503, "failed")
    assert "governance.0002_guards" in str(body["parts"])
    assert "manage.py migrate" in str(body["parts"])


@pytest.fixture
def no_database(db: None) -> Iterator[None]:
    """A database that refuses every statement, as one that is away does."""

    def refuse(*_args: object) -> None:
        raise OperationalError("connection to server at 127.0.0.1 failed")

    with connection.execute_wrapper(refuse):
        yield


def test_a_database_that_is_away_fails(no_database: None) -> None:
    status, body = get("/readyz")
    assert (status, body["status"]) == (503, "failed")
    assert body["parts"]["database"]["ok"] is False  # type: ignore[index]  # JSON
    assert get("/healthz")[0] == 200
    status, body = get("/metrics", Authorization="Bearer weir_" + "a" * 12 + "_" + "b" * 43)
    assert (status, body["code"]) == (503, "unavailable")


def metrics(*scopes: str) -> str:
    _, secret = tokens.issue(
        name="prometheus",
        team=make_team(),
        scopes=scopes,
        expires_at=None,
        by=system_actor("tests"),
    )
    answer = Client().get("/metrics", headers={"Authorization": f"Bearer {secret}"})
    assert answer["Content-Type"].startswith("text/plain" if answer.status_code == 200 else "app")
    return answer.content.decode()


def test_metrics_count_the_installation(db: None, redis_url: str) -> None:
    make_cast()
    body = metrics("api:read")
    assert 'weir_requests{state="in_review"} 0.0' in body
    age = _value(body, "weir_audit_oldest_unsealed_seconds")
    assert 0 < age < 600
    assert 'weir_queue_waiting{queue="clusters"}' in body
    assert "weir_queue_up 1.0" in body
    assert "django_http_requests_before_middlewares_total" in body
    names = [line.split()[2] for line in body.splitlines() if line.startswith("# HELP")]
    assert len(names) == len(set(names))


def test_metrics_say_when_the_queue_is_away(db: None, settings: Settings) -> None:
    settings.REDIS_URL = NOWHERE
    body = metrics("api:read")
    assert "weir_queue_up 0.0" in body
    assert 'weir_requests{state="draft"} 0.0' in body


def test_metrics_are_for_tokens_that_read(db: None) -> None:
    make_team()
    answer = Client().get("/metrics")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="weir"')
    wrong = Client().get("/metrics", headers={"Authorization": "Bearer weir_wrong"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "bad_token")
    assert "not_allowed" in metrics("registry:write")


def test_nothing_is_written_through_them(db: None) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert Client().post(path).status_code == 405


def _value(body: str, name: str) -> float:
    return next(float(line.split()[1]) for line in body.splitlines() if line.startswith(f"{name} "))
