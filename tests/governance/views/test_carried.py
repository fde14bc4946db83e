"""A session that ends while somebody types: what she typed is shown again once she is back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from config.demo.estate import password_of
from governance.models import Comment, Event, Request, Team, User
from governance.views import carried
from tests.browser.estate import Estate, make_estate

if TYPE_CHECKING:
    # What the client wraps an answer in has a name in the stubs alone.
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

pytestmark = pytest.mark.django_db

TOPIC = {
    "parts": "topic:create,subject:register",
    "optional-1": "1",
    "on-1": "1",
    "team": "payments",
    "title": "A topic & <its> schema",
    "reason": "Line one\r\nline two",
    "i0-name": "payments.typed",
    "i0-place": "demo",
    "i0-partitions": "6",
    "i1-schema": '{"type": "string"}',
    "do": "submit",
}
SITE = "http://testserver"
SIGNED_IN = "person.signed_in"


@pytest.fixture
def estate() -> Estate:
    return make_estate()


@pytest.fixture
def before(estate: Estate) -> tuple[int, int]:
    return counted()


def counted() -> tuple[int, int]:
    return Request.objects.count(), Event.objects.exclude(action=SIGNED_IN).count()


def hidden(answer: Answer) -> dict[str, str]:
    """The hidden fields of the sign-in page, as a browser would read them."""
    page = answer.content.decode()
    assert 'action="/sign-in/"' in page
    found = re.findall(r'<input type="hidden"\s+name="(\w+)"\s+value="([^"]*)"', page)
    return {name: _plain(value) for name, value in found}


def _plain(text: str) -> str:
    for code, letter in (("&quot;", '"'), ("&lt;", "<"), ("&gt;", ">"), ("&#x27;", "'")):
        text = text.replace(code, letter)
    return text.replace("&amp;", "&")


def sign_in(client: Client, username: str, fields: Mapping[str, str]) -> Answer:
    values = {**fields, "username": username, "password": password_of(username)}
    return client.post("/sign-in/", values)


def test_a_request_that_was_typed_is_shown_again_and_not_sent(before: tuple[int, int]) -> None:
    client = Client()
    answer = client.post("/requests/new/?kind=topic", TOPIC)
    assert answer.status_code == 403
    assert "What you typed is kept" in answer.content.decode()
    fields = hidden(answer)
    assert fields["next"] == "/requests/new/?kind=topic"

    answer = client.post("/sign-in/", {**fields, "username": "priya", "password": "wrong"})
    assert answer.status_code == 422
    fields = hidden(answer)
    answer = sign_in(client, "priya", fields)
    assert (answer.status_code, answer["Location"]) == (302, "/requests/new/?kind=topic")

    page = client.get(answer["Location"]).content.decode()
    assert 'value="payments.typed"' in page
    assert "A topic &amp; &lt;its&gt; schema" in page
    assert "Line one\nline two</textarea>" in page.replace("\r\n", "\n")
    assert "{&quot;type&quot;: &quot;string&quot;}</textarea>" in page
    assert re.search(r'name="on-1"[^>]*checked', page)
    assert "what you had typed" in page
    assert counted() == before
    # Once: somebody who comes back later begins with an empty form.
    assert "payments.typed" not in client.get("/requests/new/?kind=topic").content.decode()


# Who types what where, the page that she comes back to (the same where there is none), and what she
# finds there.
SHOWN_AGAIN = [
    ("priya", "/requests/{review}/comment/", {"body": "Hm"}, "/requests/{review}/", ">Hm<"),
    ("jonas", "/requests/{review}/decide/", {"comment": "No"}, "/requests/{review}/", ">No<"),
    ("priya", "/requests/{draft}/edit/", {**TOPIC, "request": "{draft}"}, "", "payments.typed"),
    ("mara", "/teams/new/", {"slug": "shipping"}, "", "shipping"),
    ("jonas", "/teams/payments/people/", {"username": "vera"}, "/teams/payments/", "vera"),
    ("jonas", "/teams/payments/applications/", {"principal": "User:x"}, "/teams/payments/", ":x"),
    ("mara", "/environments/new/", {"slug": "edge", "production": "on"}, "", "edge"),
    ("mara", "/environments/development/", {"name": "Stage"}, "", "Stage"),
    ("mara", "/people/new/", {"username": "zoe", "roles": ["auditor", "steward"]}, "", "zoe"),
    ("mara", "/people/jonas/", {"name": "Jonas W."}, "", "Jonas W."),
    ("jonas", "/tokens/", {"name": "nightly", "scopes": ["api:read"]}, "", "nightly"),
    ("mara", "/policies/naming/off/", {"reason": "Replaced."}, "/policies/naming/", "Replaced."),
    ("mara", "/clusters/new/", {"slug": "edge-1", "bootstrap": "a:1"}, "", "edge-1"),
    ("mara", "/clusters/demo/change/", {"name": "Edge"}, "", "Edge"),
]


@pytest.mark.parametrize(
    ("username", "address", "typed", "back", "shown"), SHOWN_AGAIN, ids=lambda part: str(part)[:30]
)
def test_each_form_is_shown_again(
    estate: Estate,
    username: str,
    address: str,
    typed: dict[str, str],
    back: str,
    shown: str,
) -> None:
    numbers = {"review": str(estate.review.pk), "draft": str(estate.draft.pk)}
    typed = {k: v.format(**numbers) if v == "{draft}" else v for k, v in typed.items()}
    address, back = address.format(**numbers), back.format(**numbers)
    client, before = Client(), counted()
    answer = sign_in(client, username, hidden(client.post(address, typed)))
    assert answer["Location"] == (back or address)
    page = client.get(answer["Location"])
    assert page.status_code == 200
    assert shown in page.content.decode()
    assert counted() == before


def test_no_password_is_carried(estate: Estate) -> None:
    typed = {"username": "zoe", "password": "correct horse battery", "csrfmiddlewaretoken": "x"}
    fields = hidden(Client().post("/people/new/", typed))
    assert fields["typed"] == "username=zoe"
    assert "typed" not in hidden(Client().post("/account/", {"old": "a secret", "new": "b"}))


def test_what_is_no_form_leads_back_to_its_page_with_nothing(estate: Estate) -> None:
    address = f"/requests/{estate.review.pk}/withdraw/"
    here = f"{SITE}/requests/{estate.review.pk}/"
    answer = Client().post(address, headers={"Referer": here})
    assert hidden(answer)["next"] == f"/requests/{estate.review.pk}/"
    assert "typed" not in hidden(answer)
    elsewhere = Client().post(address, headers={"Referer": "https://evil.example/x"})
    assert hidden(elsewhere)["next"] == "/"


def test_too_much_is_not_carried_and_it_is_said(estate: Estate) -> None:
    answer = Client().post("/requests/new/", {**TOPIC, "reason": "x" * (carried.MOST + 1)})
    assert "typed" not in hidden(answer)
    assert "too long to be carried along" in answer.content.decode()
    client = Client()
    forged = {"next": "/requests/new/", "typed": "reason=" + "x" * (carried.MOST + 1)}
    sign_in(client, "priya", forged)
    assert carried.KEY not in client.session


@pytest.mark.parametrize("to", ["/account/", "/requests/1/withdraw/", "/nowhere/", "//evil/", "/"])
def test_only_pages_of_known_forms_take_it(estate: Estate, to: str) -> None:
    client = Client()
    sign_in(client, "priya", {"next": to, "typed": "reason=x"})
    assert carried.KEY not in client.session


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_live_check_says_that_the_session_ended_and_changes_nothing_else(
    client: Client, method: str
) -> None:
    address = "/requests/check/" if method == "post" else "/requests/1/live/"
    answer = getattr(client, method)(address, headers={"HX-Request": "true"})
    page = answer.content.decode()
    assert "HX-Redirect" not in answer
    assert answer["HX-Reswap"] == "none"
    assert 'id="notes" hx-swap-oob="innerHTML"' in page
    assert "Your session has ended" in page
    assert "What you typed stays" in page
    # A poll ends; what is typed is checked again once there is a session.
    assert answer.status_code == (286 if method == "get" else 200)


def same_site(client: Client, address: str, values: Mapping[str, str]) -> Answer:
    return client.post(address, values, headers={"Origin": SITE})


def test_a_form_from_before_signing_in_elsewhere_is_shown_again(before: tuple[int, int]) -> None:
    """Signing in in another tab makes the token of this one's form invalid."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.get(username="priya"))
    answer = same_site(client, "/requests/new/", TOPIC)
    assert (answer.status_code, answer["Location"]) == (302, "/requests/new/")
    page = client.get("/requests/new/").content.decode()
    assert 'value="payments.typed"' in page
    assert counted() == before


def test_a_stale_form_of_nobody_is_carried_through_signing_in(estate: Estate) -> None:
    client = Client(enforce_csrf_checks=True)
    fields = hidden(same_site(client, "/requests/new/", TOPIC))
    assert "payments.typed" in fields["typed"]
    # The sign-in page itself may be stale, too: it comes again, with a fresh token.
    again = same_site(client, "/sign-in/", {**fields, "csrfmiddlewaretoken": "x"})
    assert hidden(again)["typed"] == fields["typed"]
    assert hidden(again)["csrfmiddlewaretoken"] != "x"
    # And somebody who signed in elsewhere meanwhile goes on at once.
    client.force_login(User.objects.get(username="priya"))
    assert same_site(client, "/sign-in/", fields)["Location"] == "/requests/new/"
    assert 'value="payments.typed"' in client.get("/requests/new/").content.decode()


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
def test_nothing_is_carried_for_another_site(estate: Estate, origin: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.get(username="priya"))
    headers = {"Origin": origin} if origin else {}
    answer = client.post("/requests/new/", TOPIC, headers=headers)
    assert answer.status_code == 403
    assert b"too old to be trusted" in answer.content
    assert carried.KEY not in client.session


def test_a_live_check_with_an_old_token_says_so(estate: Estate) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.get(username="priya"))
    headers = {"HX-Request": "true", "Origin": SITE}
    answer = client.post("/requests/check/", TOPIC, headers=headers)
    assert answer.status_code == 200
    assert "You signed in again" in answer.content.decode()


def test_a_form_that_is_gone_by_then_is_no_trap(estate: Estate) -> None:
    """Whoever signs in may not be who typed: the page answers her as it answers anybody."""
    client = Client()
    answer = sign_in(client, "ines", hidden(client.post("/teams/new/", {"slug": "shipping"})))
    assert client.get(answer["Location"]).status_code == 403
    assert not Team.objects.filter(slug="shipping").exists()
    assert not Comment.objects.filter(body="").exists()
