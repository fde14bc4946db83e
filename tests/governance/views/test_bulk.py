"""Deciding on several requests, through pages and API."""

from __future__ import annotations

import pytest
from django.test import Client

from governance.models import Request
from tests.factories import Cast, make_cast, make_environment
from tests.governance.api.conftest import person, user_of
from tests.governance.services.test_bulk import asked

pytestmark = pytest.mark.django_db(transaction=True)
PATH = "/requests/decide/"


@pytest.fixture
def cast() -> Cast:
    make_environment("production", production=True)
    make_environment("dev")
    return make_cast("payments")


def signed_in(cast: Cast, name: str) -> Client:
    client = Client()
    client.force_login(user_of(getattr(cast, name)))
    return client


def test_from_the_inbox_to_what_became_of_each(cast: Cast) -> None:
    first, second = asked(cast, "a"), asked(cast, "b", "production")
    owner = signed_in(cast, "owner")
    inbox = " ".join(owner.get("/inbox/").content.decode().split())
    picks = [f"{one.pk}:1" for one in (first, second)]
    assert all(f'name="pick" value="{pick}"' in inbox for pick in picks)
    looked = owner.post(PATH, {"pick": picks}).content.decode()
    assert "Decide on 2 requests" in looked
    assert "Type 2 to approve" in looked
    refused = owner.post(PATH, {"pick": picks, "verdict": "approve", "comment": "<b>Fine</b>"})
    assert refused.status_code == 422
    assert "&lt;b&gt;Fine&lt;/b&gt;</textarea>" in refused.content.decode()
    done = owner.post(PATH, {"pick": picks, "verdict": "approve", "typed": "2"})
    assert "2 decided" in done.content.decode()
    again = owner.post(PATH, {"pick": picks, "verdict": "approve", "typed": "2"})
    assert "0 decided, 2 not" in again.content.decode()
    assert set(Request.objects.values_list("state", flat=True)) == {"approved"}


def test_who_decides_on_nothing_has_no_boxes(cast: Cast) -> None:
    asked(cast, "a")
    assert 'name="pick"' in signed_in(cast, "owner").get("/requests/").content.decode()
    assert 'name="pick"' not in signed_in(cast, "viewer").get("/requests/").content.decode()


@pytest.mark.parametrize("pick", ["", "x", "1", "1:x", "99999999999:1", "-1:1", "\x00:1"])
def test_odd_boxes_select_nothing(cast: Cast, pick: str) -> None:
    answer = signed_in(cast, "owner").post(PATH, {"pick": pick})
    assert "Nothing is selected" in answer.content.decode()


def test_too_many_are_said_to_be(cast: Cast) -> None:
    picks = [f"{n}:1" for n in range(1, 150)]
    answer = signed_in(cast, "owner").post(PATH, {"pick": picks})
    assert "149 are too many" in answer.content.decode()


def test_the_api_says_what_became_of_each(cast: Cast) -> None:
    first, second = asked(cast, "a"), asked(cast, "b", by="owner")
    body = {
        "verdict": "approve",
        "requests": [{"id": one.pk, "revision": 1} for one in (first, second)],
    }
    answer = person(cast.owner).post("requests/decide", body)
    assert answer.status == 200
    assert [(r["id"], r["outcome"]) for r in answer.body["results"]] == [
        (first.pk, "approved"),
        (second.pk, "refused"),
    ]
    assert person(cast.owner).post("requests/decide", body | {"requests": []}).status in {400, 422}
