"""What people wait for most asks the database as often for many rows as for few.

Each page is asked for in a small estate and again when there is ten times as much: the counts are
the same, and pinned, so that a question more is somebody's decision. How long they take in a large
company is `make bench ARGS=governance`.
"""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from governance.models import Request, Team, User
from governance.services import requests, reviews
from governance.services.items import NewItem
from tests.browser.estate import Estate, actor, make_estate
from tests.topics.estate import make_seen, make_topic
from topics.models import Cluster

pytestmark = pytest.mark.django_db

COUNTS = {
    "/inbox/": 13,
    "/inbox/?view=my-teams": 10,
    "/requests/?state=in_review&team=payments": 13,
    "/requests/?q=many": 13,
    "/search/?q=payments": 12,
    "/search/?q=nothing-like-it": 11,
    "/topics/?q=payments": 12,
    "/topics/?show=unmanaged&q=legacy": 10,
    "/teams/": 7,
}
A_REQUEST = 27
TYPING = 37
TYPED = {
    "parts": "topic:create,subject:register,grant:create",
    "optional-1": "1",
    "optional-2": "1",
    "team": "payments",
    "title": "",
    "reason": "",
    "i0-name": "payments.typed",
    "i0-place": "demo",
    "i0-partitions": "90",
    "i0-retention": "400 d",
}


@pytest.fixture
def estate() -> Estate:
    return make_estate()


def signed_in(username: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=username))
    client.get("/keyboard/")
    return client


def asked(number: int, items: int = 1) -> int:
    """A request of payments, in review, with that many items."""
    wanted = [
        NewItem("topic", "create", f"payments.many-{number}-{n}", "demo", {"partitions": 3})
        for n in range(items)
    ]
    priya = actor("priya")
    draft = requests.create_draft(
        title=f"As many as {number}",
        reason="",
        team=Team.objects.get(slug="payments"),
        items=wanted,
        by=priya,
    )
    return requests.submit(draft, by=priya).pk


def grow() -> None:
    """Ten times as much of everything that these pages list."""
    cluster = Cluster.objects.get(slug="demo")
    for number in range(30):
        asked(number, items=2)
        make_topic(cluster, f"payments.grown-{number}")
        make_seen(cluster, f"payments.grown-{number}")
        make_seen(cluster, f"legacy.grown-{number}")


def queries(client: Client, path: str, form: dict[str, str] | None = None) -> int:
    """How often the database is asked for this answer."""
    with CaptureQueriesContext(connection) as seen:
        answer = client.get(path) if form is None else client.post(path, form)
    assert answer.status_code == 200
    return len(seen)


def test_lists_ask_as_often_for_many_rows_as_for_few(estate: Estate) -> None:
    jonas = signed_in("jonas")
    asked(1_000)  # one row of each sort is there from the beginning
    few = {path: queries(jonas, path) for path in COUNTS}
    grow()
    many = {path: queries(jonas, path) for path in COUNTS}
    assert few == COUNTS
    # A search that is full of declared topics does not look for others.
    assert many == COUNTS | {"/search/?q=payments": COUNTS["/search/?q=payments"] - 1}


def test_a_request_asks_as_often_for_many_items_and_words_as_for_few(estate: Estate) -> None:
    jonas = signed_in("jonas")
    small, large = asked(1_000), asked(1_001, items=40)
    few = queries(jonas, f"/requests/{small}/")
    for number in range(20):
        requests.comment(_request(large), body=f"Word {number}", by=actor("jonas"))
    grow()
    assert (few, queries(jonas, f"/requests/{large}/")) == (A_REQUEST, A_REQUEST)
    reviews.approve(_request(small), revision=1, by=actor("jonas"))


def test_typing_asks_as_often_among_many_rows_as_among_few(estate: Estate) -> None:
    priya = signed_in("priya")
    few = queries(priya, "/requests/check/", TYPED)
    grow()
    assert (few, queries(priya, "/requests/check/", TYPED)) == (TYPING, TYPING)


def _request(number: int) -> Request:
    return Request.objects.get(pk=number)
