"""Fixtures of every test. The services themselves are in `tests/stack_plugin.py`."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, settings

from config.stack import chromium
from tests import live, migrated
from tests.live import LiveStack
from topics.kafka import client

# How long an example takes says more of who else is using the machine than of the code.
settings.register_profile("weir", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("weir")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    database_url: str, redis_url: str, django_db_modify_db_settings_parallel_suffix: None
) -> None:
    """Called by pytest-django before it makes the test database: the server must be there, and so
    must Valkey, since what is committed may announce itself to the workers."""
    connection.settings_dict["TEST"]["TEMPLATE"] = migrated.template(database_url)


@pytest.fixture(autouse=True)
def no_client_left() -> Iterator[None]:
    """A client of a broker that is gone keeps looking for it in a thread of its own, and draws
    random pauses while other tests count on what they draw."""
    yield
    client.forget_all()


@pytest.fixture(scope="session")
def live_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    """Everything that `make up` starts, with the demo estate, shared by the whole session. A test
    that kills parts of it takes `live.running` for a stack of its own."""
    data = tmp_path_factory.mktemp("live")
    with live.running(live.own_environment(data, WEIR_SCAN_INTERVAL="5s")) as stack:
        yield stack


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """pytest-playwright's own fixture, with the Chromium that is to be had here."""
    return {**browser_type_launch_args, "executable_path": str(chromium.find_or_install())}
