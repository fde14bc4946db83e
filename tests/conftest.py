"""Fixtures of every test. The services themselves are in `tests/stack_plugin.py`."""

import pytest
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    database_url: str, redis_url: str, django_db_modify_db_settings_parallel_suffix: None
) -> None:
    """Called by pytest-django before it makes the test database: the server must be there, and so
    must Valkey, since what is committed may announce itself to the workers."""


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """The audit refuses TRUNCATE, which is how transactional tests are cleaned up after. Only that
    guard goes, and only in the test database."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        for table in ("event", "seal", "sealedevent"):
            name = {"sealedevent": "sealed_event"}.get(table, table)
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}_no_truncate ON governance_{table}")
