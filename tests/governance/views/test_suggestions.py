"""Suggestions on the page and through the API."""

from __future__ import annotations

import pytest
from django.test import Client

from governance.models import Suggestion
from tests.factories import Cast, make_cast, make_environment
from tests.governance.api.conftest import person, user_of
from tests.governance.services.test_bulk import asked

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast() -> Cast:
    make_environment("dev")
    return make_cast("payments")


def signed_in(cast: Cast, name: str) -> Client:
    client = Client()
    client.force_login(user_of(getattr(cast, name)))
    return client


def test_from_the_reviewer_to_the_author(cast: Cast) -> None:
    found = asked(cast, "bear")
    page = f"/requests/{found.pk}/"
    owner, author = signed_in(cast, "owner"), signed_in(cast, "requester")
    assert "Suggest another value" in owner.get(page).content.decode()
    assert "Suggest another value" not in author.get(page).content.decode()
    values = {"revision": "1", "position": "0", "path": "colour", "value": "pink"}
    refused = owner.post(f"{page}suggest/", values, follow=True).content.decode()
    assert "There is no toy of colour" in refused
    owner.post(f"{page}suggest/", values | {"value": "blue", "comment": "<i>fades</i>"})
    made = Suggestion.objects.get()
    text = author.get(page).content.decode()
    assert "&lt;i&gt;fades&lt;/i&gt;" in text
    assert "Take it over" in text
    assert "Take it over" not in signed_in(cast, "viewer").get(page).content.decode()
    author.post(f"/suggestions/{made.pk}/", {"do": "accept", "revision": "1"})
    found.refresh_from_db()
    assert (found.revision, found.items.get().after) == (2, {"colour": "blue"})


def test_through_the_api(cast: Cast) -> None:
    found = asked(cast, "bear")
    path = f"requests/{found.pk}/suggestions"
    body = {"position": 0, "path": "colour", "value": "blue", "revision": 1}
    assert person(cast.outsider).post(path, body).code == "not_allowed"
    made = person(cast.owner).post(path, body)
    assert (made.status, made.body["state"]) == (201, "open")
    assert person(cast.viewer).get(path).body["results"][0]["value"] == "blue"
    number = made.body["id"]
    assert (
        person(cast.requester).post(f"suggestions/{number}/accept", {"revision": 9}).status == 409
    )
    done = person(cast.requester).post(f"suggestions/{number}/accept", {"revision": 1})
    assert done.body["request"]["revision"] == 2
    assert person(cast.requester).post(f"suggestions/{number}/dismiss").status == 409
