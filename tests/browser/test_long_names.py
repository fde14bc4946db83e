"""Nothing scrolls sideways, however long the names are that people and brokers give."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from tests.browser.conftest import Visit, Visitor
from tests.browser.estate import Estate
from tests.browser.test_pages import overflows, pages, told

LONG = "Wolfeschlegelsteinhausenbergerdorff" * 3
# What people and machines write, and the length that each may have.
WRITTEN = {
    "governance_user": ("name", 100),
    "governance_team": ("name", 100),
    "governance_event": ("actor_name", 100),
    "governance_environment": ("name", 60),
    "governance_request": ("title", 100),
    "governance_servicetoken": ("name", 80),
    "topics_cluster": ("error", 100),
    "topics_drift": ("observed", 100),
    "registry_version": ("registered_by", 100),
}


@pytest.fixture
def long_names(estate: Estate) -> None:
    """Each name is made long where it stands; the triggers would ask for an event, or refuse it."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table, (column, length) in WRITTEN.items():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(
                f"UPDATE {table} SET {column} = left({column} || %s, %s)",  # noqa: S608  names above
                (LONG, length),
            )
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.usefixtures("long_names")
def test_long_names_stay_in_their_place(visit: Visit, estate: Estate, width: int) -> None:
    visitors: dict[str, Visitor] = {}
    found: list[str] = []
    for username, path, status in pages(estate):
        if username not in visitors:
            visitors[username] = visit(username, width=width)
        if overflows(visitors[username].open(path, status=status)):
            found.append(f"{path} scrolls sideways for {username}")
    assert not found, told(found)
