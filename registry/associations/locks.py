"""The lock between owning a subject and referring to it; held until the transaction ends."""

from __future__ import annotations

from typing import Final

from django.db import connection

_KEY: Final = 0x41_53_53_4F_43  # one number for all associations: they are rare


def lock_associations() -> None:
    """Nobody else makes associations, or registers a schema with references, meanwhile."""
    _lock("pg_advisory_xact_lock")


def lock_references() -> None:
    """Nobody makes associations meanwhile."""
    _lock("pg_advisory_xact_lock_shared")


def _lock(function: str) -> None:
    with connection.cursor() as cursor:
        # A writer that hangs must not hang all the others with it.
        cursor.execute("SET LOCAL lock_timeout = '5s'")
        cursor.execute(f"SELECT {function}(%s)", (_KEY,))
