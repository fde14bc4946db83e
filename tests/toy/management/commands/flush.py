"""`flush` as transactional tests need it: it empties the few tables that have rows.

Django's own truncates all of them and then makes every permission anew, which takes longer than
most tests.
"""

from __future__ import annotations

from typing import Any

from django.core.management.commands.flush import Command as Flush
from django.db import connections, transaction
from psycopg.sql import SQL, Identifier

# What `migrate` writes; no test changes it.
KEPT = frozenset({"django_content_type", "auth_permission", "django_migrations"})


class Command(Flush):
    """Takes what Django's takes."""

    def handle(self, **options: Any) -> None:
        alias: str = options["database"]
        with transaction.atomic(alias), connections[alias].cursor() as cursor:
            tables = set(connections[alias].introspection.table_names(cursor)) - KEPT
            one = SQL("SELECT {} WHERE EXISTS (SELECT FROM {})")
            cursor.execute(
                SQL(" UNION ALL ").join(one.format(name, Identifier(name)) for name in tables)
            )
            used = [Identifier(name) for (name,) in cursor.fetchall()]
            # The guards, of the audit above all, refuse what nothing but a test may do.
            for table in used:
                cursor.execute(SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(table))
                cursor.execute(SQL("DELETE FROM {}").format(table))
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for table in used:
                cursor.execute(SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(table))
