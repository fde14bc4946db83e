"""For tests of the audit: events, a second connection, and what an owner of the database can do."""

from __future__ import annotations

from time import monotonic, sleep

import psycopg
from django.db import connection

from governance import audit, sealer
from governance.actors import system_actor
from governance.audit import Subject

INSERT = """
    INSERT INTO governance_event (actor_kind, actor_name, action, object_kind, object_id,
                                  object_name, team, data, request_uid)
    VALUES ('system', 'tests', 'thing.happened', 'thing', %s, '', '', '{"a": 1.50}', '')
    RETURNING id
"""


def happen(*names: str) -> list[int]:
    about = [Subject("thing", name, name) for name in names]
    return [audit.record("thing.happened", by=system_actor("tests"), about=a).pk for a in about]


def connect() -> psycopg.Connection[tuple[object, ...]]:
    connection.ensure_connection()
    settings = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    return psycopg.connect(**{name: settings[name] for name in names if settings.get(name)})


def insert(other: psycopg.Connection[tuple[object, ...]], name: str) -> int:
    row = other.execute(INSERT, [name]).fetchone()
    assert row is not None
    return int(str(row[0]))


def as_owner(*statements: str) -> None:
    """What somebody who owns the database can do: she switches our guards off, and on again."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE contype = 'f' AND conrelid = 'governance_sealedevent'::regclass"
        )
        keys = cursor.fetchall()
        guards = ("event", "seal", "sealedevent")
        off = [f"ALTER TABLE governance_{table} DISABLE TRIGGER USER" for table in guards]
        off += [f'ALTER TABLE governance_sealedevent DROP CONSTRAINT "{key}"' for key, _ in keys]
        on = [f"ALTER TABLE governance_{table} ENABLE TRIGGER USER" for table in guards]
        on += [
            f'ALTER TABLE governance_sealedevent ADD CONSTRAINT "{key}" '
            f"{rule.removesuffix(' NOT VALID')} NOT VALID"
            for key, rule in keys
        ]
        for statement in (*off, *statements, *on):
            cursor.execute(statement)


def sealed(count: int) -> None:
    """Seals until that many events are. Another database of the same server may hold a transaction
    open for a moment, which delays the sealing of ours."""
    deadline, total = monotonic() + 30, 0
    while (total := total + sealer.seal()) < count and monotonic() < deadline:
        sleep(0.01)
    assert total == count
