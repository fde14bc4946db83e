"""The notices of the inbox, how one is told, and the pages of webhooks."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from governance.models import NoticeChoice, Notification, Request, User
from governance.services import requests
from governance.services.items import NewItem
from tests.factories import Cast, make_cast, make_environment, make_hook
from tests.governance.api.conftest import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    make_environment("dev", retention_limit_ms=None)
    return make_cast()


@pytest.fixture
def asked(cast: Cast) -> Request:
    item = NewItem("toy", "create", "bear", "shelf-dev", {"colour": "red"})
    draft = requests.create_draft(
        title="<b>Bear</b>", reason="", team=cast.team, items=[item], by=cast.requester
    )
    return requests.submit(draft, by=cast.requester)


def signed_in(username: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=username))
    return client


def unread(client: Client) -> int:
    """What the top bar says."""
    found = re.search(
        r'aria-label="Notices(?:, (\d+)\+? unread)?"', client.get("/").content.decode()
    )
    assert found is not None
    return int(found[1] or 0)


def test_a_notice_is_counted_listed_and_marked_as_read(asked: Request) -> None:
    owner, requester = signed_in("owner"), signed_in("requester")
    assert (unread(owner), unread(requester)) == (1, 0)
    page = owner.get("/inbox/notices/").content.decode()
    assert "asks for your agreement" in page
    assert f'href="/requests/{asked.pk}/"' in page
    assert "<b>Bear" not in page
    notice = Notification.objects.get(user__username="owner")
    assert requester.post("/inbox/notices/read/", {"id": notice.pk}).status_code == 302
    assert unread(owner) == 1
    answer = owner.post("/inbox/notices/read/", {"id": notice.pk, "next": "/inbox/notices/?page=1"})
    assert answer["Location"] == "/inbox/notices/?page=1"
    assert unread(owner) == 0
    assert "asks for your agreement" in owner.get("/inbox/notices/").content.decode()
    assert "No notice matches" in owner.get("/inbox/notices/?show=unread").content.decode()


@pytest.mark.parametrize("to", ["https://evil.example/inbox/", "//evil.example/inbox/", "/teams/"])
def test_marking_leads_back_to_the_inbox_alone(asked: Request, to: str) -> None:
    answer = signed_in("owner").post("/inbox/notices/read/", {"until": "9", "next": to})
    assert answer["Location"] == "/inbox/notices/"


@pytest.mark.parametrize("value", ["", "x", "-1", "9" * 40, "\u0663"])
def test_a_number_that_is_none_marks_nothing(asked: Request, value: str) -> None:
    owner = signed_in("owner")
    assert owner.post("/inbox/notices/read/", {"id": value, "until": value}).status_code == 302
    assert unread(owner) == 1


def test_unread_come_first_and_the_count_ends_somewhere(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    owner = cast.owner.user_id
    assert owner is not None
    Notification.objects.bulk_create(
        Notification(user_id=owner, key=str(n), happening="applied", sort="own", sentence=f"n{n}.")
        for n in range(150)
    )
    newest = Notification.objects.latest("pk")
    client = signed_in("owner")
    client.post("/inbox/notices/read/", {"id": newest.pk})
    page = client.get("/inbox/notices/").content.decode()
    assert "99+ unread" in page
    assert page.index("n148.") < page.index("n110.")
    assert "n149." not in page
    assert "n149." in client.get("/inbox/notices/?page=4").content.decode()
    client.post("/inbox/notices/read/", {"until": newest.pk})
    assert unread(client) == 0


def test_all_that_a_list_was_narrowed_to_are_marked_and_no_others(cast: Cast) -> None:
    owner = cast.owner.user_id
    assert owner is not None
    Notification.objects.bulk_create(
        Notification(user_id=owner, key=sort, happening="applied", sort=sort, sentence="x.")
        for sort in ("own", "mentions")
    )
    client = signed_in("owner")
    address = "/inbox/notices/?sort=own&show=unread"
    page = client.get(address).content.decode()
    button = page[page.index('name="until"') : page.index("Mark all read")]
    form = dict(re.findall(r'name="(\w+)" value="([^"]*)"', button))
    form = {name: unescape(value) for name, value in form.items()}
    assert form["sort"] == "own"

    answer = client.post("/inbox/notices/read/", form)

    assert answer["Location"] == address
    left = Notification.objects.filter(read_at__isnull=True)
    assert list(left.values_list("sort", flat=True)) == ["mentions"]
    for wrong in ("nothing", "x\x00"):
        client.post("/inbox/notices/read/", {"until": form["until"], "sort": wrong})
        assert left.count() == 1
    client.post("/inbox/notices/read/", {"until": 2**50})
    assert not left.exists()


def test_a_choice_is_kept_and_a_wrong_one_stays_in_the_form(cast: Cast) -> None:
    client = signed_in("owner")
    page = client.get("/account/").content.decode()
    assert "This installation sends no mail" in page
    names = set(re.findall(r'name="(by_\w+)"', page))
    assert len(names) == 9
    form = dict.fromkeys(names, "digest") | {"digest_hour": "7", "time_zone": "Asia/Tokyo"}
    assert client.post("/account/notices/", form).status_code == 302
    chosen = NoticeChoice.objects.get()
    assert (chosen.user_id, chosen.digest_hour, chosen.time_zone) == (
        cast.owner.user_id,
        7,
        "Asia/Tokyo",
    )
    refused = client.post("/account/notices/", form | {"time_zone": "Mars/Olympus"})
    assert refused.status_code == 422
    assert "There is no time zone" in refused.content.decode()
    assert client.post("/account/notices/", {}).status_code == 422


def test_the_api_lists_marks_and_chooses(asked: Request, cast: Cast) -> None:
    owner, other = person(cast.owner), person(cast.second_owner)
    (notice,) = owner.get("me/notices?unread=true").body["results"]
    assert (notice["happening"], notice["request"], notice["unread"]) == (
        "submitted",
        asked.pk,
        True,
    )
    body = {"ids": [notice["id"]]}
    assert other.post("me/notices/read", body).body == {"marked": 0}
    assert owner.post("me/notices/read", body).body == {"marked": 1}
    assert owner.get("me/notices?unread=true").body["results"] == []
    assert other.post("me/notices/read", {"until": 2**62}).body == {"marked": 1}
    for wrong in ({}, {"ids": [], "until": 1}, {"ids": [0]}, {"ids": ["x"]}, {"until": 2**64}):
        assert owner.post("me/notices/read", wrong).status == 400
    told = owner.put(
        "me/notices/choice",
        {"channels": {"mentions": "inbox"}, "digest_hour": 6, "time_zone": "Europe/Berlin"},
    )
    assert told.body["channels"]["mentions"] == "inbox"
    assert told.body == owner.get("me/notices/choice").body
    assert other.get("me/notices/choice").body["channels"]["mentions"] == "mail"


def test_a_webhooks_page_is_for_those_who_may_see_it(cast: Cast) -> None:
    hook = make_hook("payments")
    whole = make_hook("")
    address = f"/hooks/{hook.pk}/"
    for name, status in (("owner", 200), ("viewer", 200), ("auditor", 200), ("outsider", 404)):
        assert signed_in(name).get(address).status_code == status
    assert signed_in("owner").get(f"/hooks/{whole.pk}/").status_code == 404
    assert signed_in("platform").get(f"/hooks/{whole.pk}/").status_code == 200
    assert "Send a test" in signed_in("owner").get(address).content.decode()
    assert "Send a test</button>" not in signed_in("viewer").get(address).content.decode()
