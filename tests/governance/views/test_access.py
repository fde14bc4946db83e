"""Who gets in, where a sign-in leads, and that no page asks the database more for more rows."""

from __future__ import annotations

import pytest
from django.test import Client

from config.demo.estate import password_of
from governance.models import User
from tests.browser.estate import Estate, make_estate

pytestmark = pytest.mark.django_db

# The most queries that a page may make, whatever is on it.
MOST_QUERIES = {
    "/": 26,
    "/inbox/": 25,
    "/inbox/notices/": 20,
    "/hooks/": 15,
    "/requests/": 25,
    "/topics/": 20,
    "/topics/demo/payments.captured/": 38,
    "/subjects/": 15,
    "/drift/": 20,
    "/clusters/": 15,
    "/policies/": 12,
    "/teams/": 12,
    "/teams/payments/": 20,
}


@pytest.fixture
def estate() -> Estate:
    return make_estate()


def signed_in(username: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=username))
    return client


@pytest.mark.parametrize("path", [*MOST_QUERIES, "/audit/", "/tokens/", "/requests/new/"])
def test_nobody_sees_a_page_without_signing_in(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/?next=")


@pytest.mark.parametrize(
    ("wanted", "leads_to"),
    [("/topics/", "/topics/"), ("https://evil.example/", "/"), ("//evil.example", "/"), ("", "/")],
)
def test_signing_in_leads_back_but_never_elsewhere(
    client: Client, estate: Estate, wanted: str, leads_to: str
) -> None:
    form = {"username": "priya", "password": password_of("priya"), "next": wanted}
    answer = client.post("/sign-in/", form)
    assert (answer.status_code, answer["Location"]) == (302, leads_to)


@pytest.mark.parametrize("path", ["/sign-in/", "/theme/"])
def test_a_form_from_elsewhere_is_not_taken(path: str) -> None:
    answer = Client(enforce_csrf_checks=True).post(path, {"theme": "dark"})
    assert answer.status_code == 403
    assert b"too old to be trusted" in answer.content


def test_every_page_carries_a_policy_without_exceptions(estate: Estate) -> None:
    policy = signed_in("priya").get("/")["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "data:" not in policy


@pytest.mark.parametrize(("path", "most"), MOST_QUERIES.items())
def test_a_page_makes_few_queries(
    estate: Estate, django_assert_max_num_queries: object, path: str, most: int
) -> None:
    client = signed_in("jonas")
    with django_assert_max_num_queries(most):  # type: ignore[operator]  # pytest-django's fixture
        assert client.get(path).status_code == 200


def test_what_is_named_by_people_is_escaped(estate: Estate) -> None:
    client = signed_in("priya")
    answer = client.get("/search/", {"q": "<script>alert(1)</script>"})
    assert b"<script>alert" not in answer.content


@pytest.mark.parametrize(
    "query",
    [
        "state=lost&kind=x&team=x&environment=x&mine=&page=-1&before=abc&after=-1",
        "sort=colour&context=x&page=abc&drift=x&show=x&env=x&cluster=x",
        "page=99999999999999999999999&before=1.5&view=x&tab=x&q=",
    ],
)
def test_what_an_address_cannot_mean_is_as_if_it_were_not_there(estate: Estate, query: str) -> None:
    client = signed_in("mara")
    for path in ("/inbox/", "/requests/", "/topics/", "/subjects/", "/audit/", "/teams/"):
        plain, odd = client.get(path), client.get(f"{path}?{query}")
        assert odd.status_code == 200, path
        if path != "/topics/":  # its choices are words of a search, which says what it did not know
            assert odd.content.count(b"data-row") == plain.content.count(b"data-row"), path
