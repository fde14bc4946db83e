"""Fixtures of every test. The services themselves are in `tests/stack_plugin.py`."""

import pytest


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    database_url: str, redis_url: str, django_db_modify_db_settings_parallel_suffix: None
) -> None:
    """Called by pytest-django before it makes the test database: the server must be there, and so
    must Valkey, since what is committed may announce itself to the workers."""
