"""The page of a topic whose declared state is ahead of what was applied, and the ways out."""

from __future__ import annotations

import html
import re

import pytest
from django.db import transaction
from django.test import Client

from governance import kinds
from governance.models import Item, Request, User
from governance.services import requests, reviews
from governance.services.items import NewItem, views
from governance.services.moves import move
from governance.workflow import Move
from tests.factories import BY, Cast, make_cast
from tests.topics.estate import make_cluster, make_seen, make_topic

pytestmark = pytest.mark.django_db

WORDS = "Topic t: The cluster does not accept a config. The broker says: No tiered storage here."


@pytest.fixture
def cast() -> Cast:
    return make_cast("payments")


def fail(cast: Cast, operation: str, **after: object) -> Request:
    """A request that was declared and could not be applied."""
    draft = requests.create_draft(
        title="",
        reason="",
        team=cast.team,
        items=[NewItem("topic", operation, "t", "main", after)],
        by=cast.requester,
    )
    request = requests.submit(draft, by=cast.requester)
    request = reviews.approve(request, by=cast.owner, revision=request.revision)
    with transaction.atomic():
        move(request, Move.RECHECK, by=BY)
        kinds.get("topic").declare(views(request, request.items.all()), by=BY)
        move(request, Move.APPLY, by=BY)
        current = kinds.get("topic").current("main", "t")
        assert current is not None
        Item.objects.filter(request=request).update(
            state="failed", error=WORDS, attempts=1, base_generation=current.generation
        )
        move(request, Move.FAIL, by=BY, failure=WORDS)
    return request


def read(path: str, username: str = "requester") -> str:
    client = Client()
    client.force_login(User.objects.get(username=username))
    answer = client.get(path)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def test_what_is_declared_and_not_applied_is_said_with_the_way_back(cast: Cast) -> None:
    cluster = make_cluster("main", supported_keys=["retention.ms", "remote.storage.enable"])
    make_topic(cluster, "t", configs={"retention.ms": "86400000"})
    make_seen(cluster, "t", retention_ms="86400000")
    configs = {"retention.ms": "9 d", "remote.storage.enable": "true"}
    request = fail(cast, "alter", configs=configs)

    for page in (read("/topics/main/t/"), read("/topics/main/t/", "owner")):
        assert "Declared but not applied:" in page
        assert "remote.storage.enable" in page
        assert WORDS in page
        assert f"Try #{request.pk} again" in page
        assert "Drift:" not in page
    link = re.search(r'href="(/requests/new/\?change=topic[^"]+from=applied)"', page)
    assert link is not None

    composer = read(link[1])
    assert 'value="1 d"' in composer
    assert "remote.storage.enable" not in composer
    assert "Goes back to what is applied." in composer
    assert 'value="9 d"' in read(link[1].removesuffix("&from=applied"))
    # The request that failed says it beside each value, and has the same way back.
    failed = read(f"/requests/{request.pk}/")
    assert "Declared like this, and not applied yet." in failed
    assert link[1] in failed


def test_who_may_not_ask_is_offered_no_way_back(cast: Cast) -> None:
    cluster = make_cluster("main")
    make_topic(cluster, "t", configs={"retention.ms": "86400000"})
    make_seen(cluster, "t", retention_ms="86400000")
    fail(cast, "alter", configs={"retention.ms": "9 d"})
    page = read("/topics/main/t/", "outsider")
    assert "Declared but not applied:" in page
    assert "from=applied" not in page


def test_a_topic_that_could_not_be_made_says_so_and_can_be_asked_for_anew(cast: Cast) -> None:
    make_cluster("main")
    fail(cast, "create", partitions=6)
    page = read("/topics/main/t/")
    assert "not made" in page
    assert WORDS in page
    assert "/requests/new/?kind=topic&place=main&name=t" in page
    assert "from=applied" not in page


def test_going_back_changes_what_is_declared_and_nothing_on_the_cluster(cast: Cast) -> None:
    cluster = make_cluster("main")
    make_topic(cluster, "t", configs={"retention.ms": "86400000"})
    make_seen(cluster, "t", retention_ms="86400000")
    fail(cast, "alter", configs={"retention.ms": "9 d"})
    kind = kinds.get("topic")
    back = NewItem("topic", "alter", "t", "main", {"configs": {"retention.ms": "1 d"}})
    found = requests.preview([back], team=cast.team, by=cast.requester)
    assert not found.problems
    assert [step.text for step in found.steps] == ["Declare it; the cluster has it so already"]
    same = NewItem("topic", "alter", "t", "main", {"configs": {"retention.ms": "9 d"}})
    (problem,) = requests.preview([same], team=cast.team, by=cast.requester).problems
    assert "retry the request that declared it" in problem.way_out
    current = kind.current("main", "t")
    assert current is not None
    assert current.applied != current.declared
