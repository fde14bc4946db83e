"""Nothing scrolls sideways, however long the names are that people and brokers give."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from registry import store
from registry.candidates import Asked
from registry.naming import SubjectName
from tests.browser.conftest import Visit, Visitor
from tests.browser.estate import Estate, _ask, _drift, _observed, _schema, _topic
from tests.browser.test_pages import overflows, pages, told
from tests.factories import BY
from topics.models import Cluster

LONG = "Wolfeschlegelsteinhausenbergerdorff" * 8
# What people and machines write; each is made as long as it may be.
WRITTEN = {
    "governance_user": ["name", "email"],
    "governance_team": ["name", "on_call", "description"],
    "governance_event": ["actor_name", "object_name"],
    "governance_environment": ["name"],
    "governance_request": ["title", "reason", "failure"],
    "governance_item": ["error"],
    "governance_comment": ["body"],
    "governance_finding": ["message", "way_out"],
    "governance_requirement": ["reason"],
    "governance_review": ["comment"],
    "governance_policy": ["title", "owner"],
    "governance_policyversion": ["message", "way_out"],
    "governance_servicetoken": ["name"],
    "topics_cluster": ["error", "name", "bootstrap", "region"],
    "topics_run": ["error"],
    "topics_drift": ["observed", "declared", "error"],
    "registry_version": ["registered_by"],
}
ROOM = (
    "SELECT character_maximum_length FROM information_schema.columns "
    "WHERE table_schema = 'public' AND table_name = %s AND column_name = %s"
)
# How far beyond its box something may stand: nothing, but for what is rounded.
BEYOND = """() => [...document.querySelectorAll("main *")].flatMap((element) => {
  const box = element.closest(".card, .note, .headline, .alone-box");
  const apart = "pre, .split, .graph, .visually-hidden, .drop-panel";
  if (!box || box === element || element.closest(apart)) return [];
  const mine = element.getBoundingClientRect();
  const most = box.getBoundingClientRect().right + 1;
  return mine.width && mine.right > most
    ? [`${element.tagName} ${element.className}: ${element.textContent.trim().slice(0, 60)}`] : [];
}).slice(0, 3)"""


@pytest.fixture
def long_names(estate: Estate) -> None:
    """Each name is made long where it stands; the triggers would ask for an event, or refuse it."""
    for table, columns in WRITTEN.items():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            longer = ", ".join(f"{name} = left(coalesce({name}, '') || %s, %s)" for name in columns)
            values = [value for name in columns for value in (LONG, _room(cursor, table, name))]
            cursor.execute(f"UPDATE {table} SET {longer}", values)  # noqa: S608  names above
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def _room(cursor: CursorWrapper, table: str, column: str) -> int:
    """How many characters a column takes."""
    cursor.execute(ROOM, [table, column])
    (most,) = cursor.fetchone()
    return most or len(LONG)


def things_with_long_names(estate: Estate) -> list[tuple[str, str, int]]:
    """A topic and its schema whose names are as long as Kafka lets them be, and a request."""
    name = f"payments.{LONG}"[:240]
    cluster = Cluster.objects.get(slug=estate.cluster)
    _observed(cluster, name, {"retention.ms": "1"})
    _drift(cluster, name, "configs.retention.ms", "2", "1")
    store.register(SubjectName(".", f"{name}-value"), Asked('"string"'), by=BY)
    asked = _ask("Long", [_topic(cluster, f"{name}-2"), _schema(f"{name}-3-value")])
    return [
        ("priya", f"/topics/{cluster.slug}/{name}/", 200),
        ("priya", "/topics/?show=unmanaged", 200),
        ("jonas", "/drift/", 200),
        ("priya", "/subjects/", 200),
        ("priya", f"/subjects/~/{name}-value/", 200),
        ("priya", f"/requests/{asked.pk}/", 200),
        ("priya", f"/requests/{asked.pk}/edit/", 200),
        ("priya", "/requests/", 200),
        ("priya", "/inbox/?view=mine", 200),
        ("priya", "/", 200),
        ("priya", f"/search/?q={name}", 200),
        ("priya", "/search/?q=" + "x" * 200, 200),
        ("priya", f"/topics/?q={LONG}", 200),
        ("ines", "/audit/", 200),
        ("mara", "/people/?q=" + "x" * 80, 200),
    ]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.usefixtures("long_names")
def test_long_names_stay_in_their_place(visit: Visit, estate: Estate, width: int) -> None:
    visitors: dict[str, Visitor] = {}
    found: list[str] = []
    for username, path, status in [*pages(estate), *things_with_long_names(estate)]:
        if username not in visitors:
            visitors[username] = visit(username, width=width)
        page = visitors[username].open(path, status=status)
        if overflows(page):
            found.append(f"{path} scrolls sideways for {username}")
        found += [f"{path}: {what} stands out of its box" for what in page.evaluate(BEYOND)]
    assert not found, told(found)
