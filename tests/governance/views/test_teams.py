"""The page of a team: roles are given and shown there, by those who may say who belongs to it."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from governance.actors import actor_for_user
from governance.models import Request, User
from governance.services import requests
from governance.services.items import NewItem
from governance.views.context import roles_in_words
from tests.factories import Cast, make_approver, make_cast, make_environment

pytestmark = pytest.mark.django_db

PAGE = "/teams/payments/"


@pytest.fixture
def cast() -> Cast:
    make_environment("production", production=True)
    return make_cast("payments")


def signed_in(username: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=username))
    return client


def shown(client: Client, path: str = PAGE) -> str:
    return client.get(path).content.decode()


def test_an_owner_makes_somebody_an_approver_and_the_page_says_so(cast: Cast) -> None:
    owner = signed_in("owner")
    offered = re.findall(r'<option value="(\w+)"', shown(owner))
    assert offered == ["viewer", "requester", "approver", "owner"]

    answer = owner.post(f"{PAGE}people/", {"username": "viewer", "role": "approver"})

    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    viewer = User.objects.get(username="viewer")
    assert actor_for_user(viewer).teams == {"payments": {"viewer", "approver"}}
    page = shown(owner)
    assert re.search(r"<td>(approver, viewer|viewer, approver)</td>", page)
    assert "Viewer is no longer approver" in page
    assert roles_in_words(actor_for_user(viewer)) == "approver of payments"
    assert "approver of payments" in shown(signed_in("viewer"))


def test_an_approver_is_offered_to_decide_and_nothing_to_manage(cast: Cast) -> None:
    make_approver("kim")
    item = NewItem("toy", "create", "bear", "shelf-production", {"colour": "red"})
    draft = requests.create_draft(
        title="", reason="", team=cast.team, items=[item], by=cast.requester
    )
    asked = requests.submit(draft, by=cast.requester)
    kim = signed_in("kim")
    page = shown(kim)
    assert "Kim" in page
    assert "Add to the team" not in page
    assert "is no longer" not in page
    answer = kim.post(f"{PAGE}people/", {"username": "kim", "role": "owner"})
    assert answer.status_code == 403

    assert f"/requests/{asked.pk}/" in shown(kim, "/")
    page = shown(kim, f"/requests/{asked.pk}/")
    assert "You are asked as an approver or owner of payments" in page
    answer = kim.post(f"/requests/{asked.pk}/decide/", {"verdict": "approve", "revision": "1"})
    assert answer.status_code == 302
    assert Request.objects.get(pk=asked.pk).state == "approved"
    assert "approved as an approver or owner of payments" in shown(kim, f"/requests/{asked.pk}/")
