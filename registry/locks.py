"""Locks between what must not happen at once; held until the transaction ends.

Whoever takes several takes them in the order in which they stand here, and locks rows after that.
"""

from __future__ import annotations

from typing import Final

from django.db import connection

_KEY: Final = 0x41_53_53_4F_43  # one number for all associations: they are rare
_SETTINGS: Final = 0x53_45_54  # and one for all settings


def lock_settings() -> None:
    """Nobody registers or deletes by configs and modes that change now."""
    _lock("pg_advisory_xact_lock", _SETTINGS)


def hold_settings() -> None:
    """No config and no mode changes meanwhile."""
    _lock("pg_advisory_xact_lock_shared", _SETTINGS)


def lock_associations() -> None:
    """Nobody else makes associations, or registers a schema with references, meanwhile."""
    _lock("pg_advisory_xact_lock")


def lock_references() -> None:
    """Nobody makes associations meanwhile."""
    _lock("pg_advisory_xact_lock_shared")


def _lock(function: str, key: int = _KEY) -> None:
    with connection.cursor() as cursor:
        # A writer that hangs must not hang all the others with it.
        cursor.execute("SET LOCAL lock_timeout = '5s'")
        cursor.execute(f"SELECT {function}(%s)", (key,))
