"""Every subject has a page whose address a browser leaves as it is."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from django.test import Client
from django.urls import resolve
from hypothesis import given
from hypothesis import strategies as st

from governance.actors import system_actor
from governance.kinds import get
from registry import store
from registry.addresses import subject_at, subject_url
from registry.candidates import Asked
from registry.naming import SubjectName
from tests.factories import make_user

ODD = [
    "a/../b", ".", "..", "", "/", "//", "a//b", "a/", "/a", "a/./b", "../../etc", "~", "~~", "~.",
    "~-", "a~b/~", "%2e%2e", "a?b#c", "a\\..\\b", "x y", "é/日本", "-", "…",
]  # fmt: skip
PARTS = st.sampled_from(["", ".", "..", "~", "-", "a", "/", "%2e", "é"])
TEXTS = st.lists(PARTS, max_size=6).map("".join)


def test_the_usual_ones_read_as_they_are_called() -> None:
    assert subject_url(SubjectName(".", "payments-value")) == "/subjects/~/payments-value/"
    assert subject_url(SubjectName(".eu", "a/b")) == "/subjects/.eu/a/b/"
    assert subject_url(SubjectName(".", "a/../b")) == "/subjects/~/a/~../b/"


@given(TEXTS, TEXTS)
def test_an_address_leads_back_and_has_no_part_that_a_browser_takes_out(
    context: str, name: str
) -> None:
    subject = SubjectName(f".{context}", name)
    address = subject_url(subject)
    parts = address.strip("/").split("/")
    assert {"", ".", ".."}.isdisjoint(unquote(part) for part in parts), address
    found = resolve(unquote(address))
    assert found.url_name == "subject"
    assert subject_at(**found.kwargs) == subject


@pytest.mark.parametrize("name", ODD)
def test_requests_link_to_the_same_page(name: str) -> None:
    assert get("subject").url(".", name) == subject_url(SubjectName(".", name))
    assert get("subject").url(".x", name) == subject_url(SubjectName(".x", name))


@pytest.mark.django_db
@pytest.mark.parametrize("name", ODD)
def test_its_page_opens(name: str) -> None:
    subject = SubjectName(".", name)
    store.register(subject, Asked('"string"'), by=system_actor("test"))
    client = Client()
    client.force_login(make_user("somebody"))
    answer = client.get(subject_url(subject))
    assert answer.status_code == 200
    assert answer.context["target"] == subject
