"""The page of one request: what somebody typed stays, whatever was wrong with it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from governance.models import Comment, Request, User
from governance.services import expiry, requests
from governance.services.heartbeat import Clock
from governance.services.items import NewItem
from tests.factories import Cast, make_cast, make_environment

pytestmark = pytest.mark.django_db

TOO_LONG = "x" * 20_001
REFUSED = {
    TOO_LONG: "This text has 20,001 characters; 20,000 at most. Shorten it.",
    "   ": "The comment is empty. Write something first.",
    "half\x00": "This text holds a NUL character. Remove it.",
}


@pytest.fixture
def cast() -> Cast:
    make_environment("dev", retention_limit_ms=None)
    return make_cast()


@pytest.fixture
def asked(cast: Cast) -> Request:
    item = NewItem("toy", "create", "bear", "shelf-dev", {"colour": "red"})
    draft = requests.create_draft(
        title="", reason="", team=cast.team, items=[item], by=cast.requester
    )
    return requests.submit(draft, by=cast.requester)


def signed_in(username: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=username))
    return client


@pytest.mark.parametrize(("text", "why"), REFUSED.items(), ids=["long", "empty", "nul"])
def test_a_comment_that_is_not_taken_stays_with_the_error_beside_it(
    asked: Request, text: str, why: str
) -> None:
    answer = signed_in("requester").post(f"/requests/{asked.pk}/comment/", {"body": text})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f">{text}</textarea>" in page
    assert why in page
    assert 'aria-describedby="id_body_error"' in page
    assert not Comment.objects.exists()


@pytest.mark.parametrize("verdict", ["approve", "request_changes", "decline"])
def test_a_reviews_comment_that_is_too_long_stays(asked: Request, verdict: str) -> None:
    values = {"verdict": verdict, "revision": "1", "comment": TOO_LONG}
    answer = signed_in("owner").post(f"/requests/{asked.pk}/decide/", values)
    assert answer.status_code == 422
    assert f">{TOO_LONG}</textarea>" in answer.content.decode()
    assert REFUSED[TOO_LONG] in answer.content.decode()
    asked.refresh_from_db()
    assert asked.state == "in_review"


def test_lines_count_once_however_the_browser_ends_them(asked: Request) -> None:
    lines = "\r\n".join(["a"] * 10_000)  # 19,999 characters as they are kept
    values = {"verdict": "request_changes", "revision": "1", "comment": lines}
    answer = signed_in("owner").post(f"/requests/{asked.pk}/decide/", values)
    assert answer.status_code == 302
    assert len(asked.reviews.get().comment) == 19_999


def test_what_was_written_of_a_request_that_ended_meanwhile_stays(
    asked: Request, cast: Cast
) -> None:
    requests.withdraw(asked, by=cast.requester)
    values = {"verdict": "request_changes", "revision": "1", "comment": "Too many of them."}
    answer = signed_in("owner").post(f"/requests/{asked.pk}/decide/", values)
    assert answer.status_code == 422
    assert "Too many of them.</textarea>" in answer.content.decode()
    assert "withdrawn; there is nothing to decide" in answer.content.decode()


def test_who_cannot_comment_sees_why_and_no_form(asked: Request) -> None:
    page = signed_in("auditor").get(f"/requests/{asked.pk}/").content.decode()
    assert 'name="body"' not in page
    assert "You cannot comment: this takes" in page
    answer = signed_in("auditor").post(f"/requests/{asked.pk}/comment/", {"body": "Hm."})
    assert answer.status_code == 422
    assert "Hm.</textarea>" in answer.content.decode()
    assert 'name="body"' in signed_in("viewer").get(f"/requests/{asked.pk}/").content.decode()


def test_it_says_until_when_it_waits_and_what_became_of_it(asked: Request) -> None:
    client = signed_in("owner")
    assert "expires <time" in client.get(f"/requests/{asked.pk}/").content.decode()
    Request.objects.filter(pk=asked.pk).update(expires_at=Clock() - timedelta(hours=1))
    expiry.expire()
    page = client.get(f"/requests/{asked.pk}/").content.decode()
    assert "expires <time" not in page
    assert "nobody decided on it in time" in page
    assert "The clock" in page


def test_what_ended_with_nothing_done_is_asked_for_again(asked: Request, cast: Cast) -> None:
    requests.withdraw(asked, by=cast.requester)
    client, path = signed_in("requester"), f"/requests/{asked.pk}/again/"
    assert path in client.get(f"/requests/{asked.pk}/").content.decode()
    assert path not in signed_in("viewer").get(f"/requests/{asked.pk}/").content.decode()
    answer = client.post(path)
    draft = Request.objects.get(state="draft")
    assert answer.headers["Location"] == f"/requests/{draft.pk}/"
    assert (draft.title, draft.reason) == (asked.title, asked.reason)
    (item,) = draft.items.all()
    assert (item.kind, item.name, item.after) == ("toy", "bear", {"colour": "red"})
    refused = client.post(f"/requests/{draft.pk}/again/", follow=True)
    assert "so there is nothing to ask again" in refused.content.decode()
    assert Request.objects.count() == 2
