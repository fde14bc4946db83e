"""What goes out arrives, at a real mail server and a real receiver of webhooks; or says why not."""

from __future__ import annotations

import json
import select
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from pytest_django import Settings as SettingsWrapper

from config.named import MailServer
from governance.errors import Invalid
from governance.models import Delivery, Event, Hook, Notification, Request, User
from governance.notices import calls, post
from governance.notices.addresses import read
from governance.notices.clock import MAX_ATTEMPTS
from governance.notices.errors import NotDelivered
from governance.notices.signature import verify
from governance.services import deliveries, digests, hooks, notices, reminders, requests, reviews
from governance.services.items import NewItem
from tests.factories import Cast, make_cast, make_environment, make_hook
from tests.governance.receivers import Hooks, Post, hook_server, mail_server

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "whs_in-the-test"


@pytest.fixture
def cast() -> Cast:
    make_environment("production", production=True)
    made = make_cast("payments")
    for user in User.objects.all():
        user.email = f"{user.username}@example.com"
        user.save(update_fields=["email"])
    return made


@pytest.fixture
def mail(settings: SettingsWrapper) -> Iterator[Post]:
    with mail_server() as post:
        settings.MAIL = post.server
        settings.MAIL_FROM = "Weir <weir@example.com>"
        yield post


@pytest.fixture
def receiver(settings: SettingsWrapper, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hooks]:
    settings.WEBHOOK_PRIVATE_HOSTS = ("127.0.0.1",)
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    with hook_server() as memory:
        yield memory


def asked(cast: Cast, title: str = "Toys", name: str = "bear") -> Request:
    item = NewItem("toy", "create", name, "shelf-production", {"colour": "red"})
    request = requests.create_draft(
        title=title, reason="", team=cast.team, items=[item], by=cast.requester
    )
    return requests.submit(request, by=cast.requester)


def deliver_all() -> None:
    """As the workers would, of what is due."""
    for pk in deliveries._due().values_list("pk", flat=True):
        deliveries.deliver(pk)


def make_due(**narrow: object) -> None:
    Delivery.objects.filter(state="waiting", **narrow).update(next_attempt_at=Now())


# --- Mail -------------------------------------------------------------------------------------


def test_a_mail_carries_the_difference_and_hangs_on_its_request(cast: Cast, mail: Post) -> None:
    request = asked(cast)
    deliver_all()
    assert sorted(mail.to) == ["owner@example.com", "second-owner@example.com"]
    one = next(m for m in mail.mails if "owner@example.com" in str(m["To"]))
    assert one["Subject"] == f"[Weir] Toys (#{request.pk})"
    assert one["From"] == "Weir <weir@example.com>"
    assert one["Auto-Submitted"] == "auto-generated"
    assert one["List-Unsubscribe"] == "<http://localhost:8000/account/#notices>"
    assert one["References"] == one["In-Reply-To"] == f"<request-{request.pk}@localhost>"
    plain, html = one.get_body(("plain",)), one.get_body(("html",))
    assert plain is not None
    assert html is not None
    for text in (plain.get_content(), html.get_content()):
        assert "Requester asks for your agreement: Toys" in text
        assert "Create toy bear (shelf-production)" in text
        assert "red" in text
        assert "an approver or owner of payments: still open" in text
        assert f"http://localhost:8000/requests/{request.pk}/" in text
        assert "You can give an agreement that it needs." in text
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}
    assert len({str(m["Message-ID"]) for m in mail.mails}) == 2


def test_titles_and_names_cannot_add_headers_or_markup(cast: Cast, mail: Post) -> None:
    User.objects.update(name="Eve\r\nBcc: all@example.com\x0b")
    request = asked(cast, title="A <script>alert(1)</script>")
    # What no service would store: the last door must hold by itself.
    Notification.objects.update(title="Hi\r\nBcc: x@example.com\r\n\r\nbody\u2028X-Evil: 1")
    deliver_all()
    assert len(mail.mails) == 2
    for one in mail.mails:
        assert one["Bcc"] is None
        assert one["X-Evil"] is None
        assert one["Subject"] == f"[Weir] Hi Bcc: x@example.com body X-Evil: 1 (#{request.pk})"
        html = one.get_body(("html",))
        assert html is not None
        assert "<script>" not in html.get_content()


def test_what_was_read_meanwhile_is_not_mailed(cast: Cast, mail: Post) -> None:
    asked(cast)
    notices.mark_read(by=cast.owner, until=2**60)
    User.objects.filter(username="second-owner").update(is_active=False)
    deliver_all()
    assert mail.mails == []
    assert set(Delivery.objects.values_list("state", flat=True)) == {"dropped"}


def test_a_server_that_is_away_is_tried_again_later(cast: Cast, settings: SettingsWrapper) -> None:
    with socket.socket() as taken:  # bound and not listening: nobody answers
        taken.bind(("127.0.0.1", 0))
        settings.MAIL = MailServer("127.0.0.1", taken.getsockname()[1], False, "", "")
        asked(cast)
        deliver_all()
    row = Delivery.objects.first()
    assert row is not None
    assert (row.state, row.attempts) == ("waiting", 1)
    assert row.last_error == "The mail server 127.0.0.1 cannot be reached: Connection refused."
    assert Delivery.objects.filter(next_attempt_at__gt=Now() + timedelta(seconds=10)).count() == 2
    assert deliveries.sweep() == 0
    with mail_server() as post:
        settings.MAIL = post.server
        make_due()
        deliver_all()
        assert len(post.mails) == 2


def test_what_people_write_calls_nobody_in_a_chat(cast: Cast) -> None:
    make_hook("payments", "https://hooks.example.com/in")
    asked(cast, title="Toys @everyone", name="bear")
    requests.comment(Request.objects.get(), body="See <!channel> and @here", by=cast.owner)
    sent = [calls.text(row) for row in Delivery.objects.filter(hook__isnull=False).order_by("pk")]
    assert all("Toys @\u200beveryone" in title for title, _ in sent)
    assert "See <\u200b!channel> and @\u200bhere" in sent[-1][1]


def test_after_the_last_try_the_inbox_says_so_once_a_day(cast: Cast, mail: Post) -> None:
    mail.answer = "451 try again later"
    for name in ("bear", "duck"):
        asked(cast, name=name)
    for _ in range(MAX_ATTEMPTS):
        make_due()
        deliver_all()
    assert set(Delivery.objects.values_list("state", flat=True)) == {"gave_up"}
    told = Notification.objects.filter(happening="undelivered")
    assert sorted(told.values_list("user__username", flat=True)) == ["owner", "second-owner"]
    assert "451 try again later" in told[0].detail
    assert not Delivery.objects.filter(notice__in=told).exists()


def test_a_refusal_for_good_is_not_tried_again(cast: Cast, mail: Post) -> None:
    mail.answer = "550 no such person"
    asked(cast)
    deliver_all()
    row = Delivery.objects.all()[0]
    assert (row.state, row.attempts) == ("gave_up", 1)
    assert row.last_error == "The mail server refused the mail: 550 no such person"


def test_of_two_workers_one_sends(cast: Cast, mail: Post) -> None:
    for number in range(5):
        asked(cast, name=f"toy{number}")
    numbers = list(Delivery.objects.values_list("pk", flat=True))
    start = threading.Barrier(4)

    def work(_: int) -> None:
        try:
            for pk in numbers:
                start.wait(30)  # all at the same row at once
                deliveries.deliver(pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert len(mail.mails) == len(numbers) == 10
    assert set(Delivery.objects.values_list("attempts", "state")) == {(1, "sent")}


def test_what_a_dead_worker_left_is_taken_up_and_given_up_in_the_end(
    cast: Cast, mail: Post
) -> None:
    asked(cast)
    first, second = Delivery.objects.order_by("pk")
    Delivery.objects.filter(pk=first.pk).update(
        attempts=1, next_attempt_at=Now() - timedelta(seconds=1)
    )
    Delivery.objects.filter(pk=second.pk).update(attempts=MAX_ATTEMPTS)
    deliver_all()
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == ("sent", "gave_up")


def test_the_password_is_used_and_told_nobody(
    cast: Cast, settings: SettingsWrapper, capfd: pytest.CaptureFixture[str]
) -> None:
    canary = "canary-mail-password"
    with mail_server(canary) as post:
        settings.MAIL = post.server
        asked(cast)
        deliver_all()
        assert post.signed_in == [("weir", canary)] * 2
        settings.MAIL = MailServer("127.0.0.1", post.server.port, False, "weir", f"{canary}-no")
        asked(cast, name="duck")
        deliver_all()
    assert Delivery.objects.filter(last_error__contains="refused Weir's name").count() == 2
    assert canary not in str(list(Delivery.objects.values()))
    assert canary not in str(list(Event.objects.values()))
    assert canary not in repr(settings.MAIL)
    said = capfd.readouterr()
    assert canary not in said.out + said.err


# --- Digests ----------------------------------------------------------------------------------


def test_a_digest_is_one_mail_with_what_needs_her_first(cast: Cast, mail: Post) -> None:
    notices.choose(
        {"needs_me": "digest", "discussion": "digest"},
        digest_hour=8,
        time_zone="Europe/Berlin",
        by=cast.owner,
    )
    for name in ("bear", "duck"):
        request = asked(cast, title=f"Toy {name}", name=name)
        requests.comment(request, body="Look at it.", by=cast.platform)
    Delivery.objects.all().delete()
    assert digests.gather() == 0
    Notification.objects.filter(user__username="owner").update(digest_at=Now())
    assert (digests.gather(), digests.gather()) == (1, 0)
    deliver_all()
    assert mail.to == ["owner@example.com"]
    body = mail.mails[0].get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert mail.mails[0]["Subject"] == "[Weir] 2 new, 2 waiting for you"
    assert text.index("Waits for you") < text.index("What happened")
    assert "Toy bear" in text
    assert "Toy duck" in text


def test_nothing_is_sent_when_there_is_nothing(cast: Cast, mail: Post) -> None:
    notices.choose({"needs_me": "digest"}, digest_hour=8, time_zone="UTC", by=cast.owner)
    asked(cast)
    Delivery.objects.all().delete()
    Notification.objects.filter(user__username="owner").update(digest_at=Now())
    digests.gather()
    notices.mark_read(by=cast.owner, until=2**60)
    deliver_all()
    assert mail.mails == []
    assert Delivery.objects.get().state == "dropped"


# --- Reminders --------------------------------------------------------------------------------


def test_reminders_come_once_each_and_the_end_is_told(cast: Cast) -> None:
    request = asked(cast)
    request.refresh_from_db()
    assert request.remind_at is not None
    assert request.expires_at is not None
    assert reminders.remind() == 0
    Request.objects.update(remind_at=Now())
    assert (reminders.remind(), reminders.remind()) == (1, 0)
    reminded = Notification.objects.filter(happening="reminded")
    assert set(reminded.values_list("user__username", flat=True)) == {"owner", "second-owner"}
    request.refresh_from_db()
    assert request.remind_at > Notification.objects.latest("pk").created_at + timedelta(days=6)
    Request.objects.update(remind_at=Now(), expires_at=Now() + timedelta(days=2))
    assert (reminders.remind(), reminders.remind()) == (1, 0)
    told = Notification.objects.filter(happening="expires_soon")
    assert set(told.values_list("user__username", flat=True)) == {
        "owner",
        "second-owner",
        "requester",
    }
    request.refresh_from_db()
    assert request.remind_at is None


def test_nobody_is_reminded_of_what_is_decided(cast: Cast) -> None:
    request, other = asked(cast), asked(cast, name="duck")
    reviews.approve(request, revision=1, by=cast.owner)
    reviews.request_changes(other, revision=1, comment="Blue.", by=cast.owner)
    request.refresh_from_db()
    other.refresh_from_db()
    assert request.remind_at is None
    assert other.remind_at is not None
    assert other.expires_at is not None
    assert other.expires_at - other.remind_at == timedelta(days=3)
    Request.objects.filter(pk=other.pk).update(remind_at=Now(), expires_at=Now())
    reminders.remind()
    told = Notification.objects.filter(happening="expires_soon")
    assert set(told.values_list("user__username", flat=True)) == {"requester"}


# --- Webhooks ---------------------------------------------------------------------------------


def test_a_webhook_is_signed_and_carries_the_difference(cast: Cast, receiver: Hooks) -> None:
    make_hook("payments", f"{receiver.url}/in?x=1")
    request = asked(cast)
    deliver_all()
    path, headers, body = receiver.calls[0]
    assert path == "/in?x=1"
    assert verify(SECRET, headers["Weir-Signature"], body, now=int(time.time()))
    assert not verify("another", headers["Weir-Signature"], body, now=int(time.time()))
    delivery = Delivery.objects.get(hook__isnull=False)
    assert headers["Weir-Delivery"] == str(delivery.pk)
    told = json.loads(body)
    assert (told["happening"], told["who"]) == ("submitted", "Requester")
    assert told["request"]["id"] == request.pk
    assert told["request"]["url"] == f"http://localhost:8000/requests/{request.pk}/"
    assert told["request"]["needs"] == [{"role": "owner:payments", "met": False}]
    assert told["items"][0]["name"] == "bear"
    assert any(row["requested"] == "red" for row in told["items"][0]["rows"])
    assert delivery.state == "sent"


def test_a_test_is_sent_paused_or_not_and_not_tried_again(cast: Cast, receiver: Hooks) -> None:
    hook = make_hook("payments", receiver.url)
    hooks.pause(hook.pk, by=cast.owner)
    hooks.send_test(hook.pk, by=cast.owner)
    deliver_all()
    assert json.loads(receiver.calls[0][2])["happening"] == "test"
    receiver.status = 500
    hooks.send_test(hook.pk, by=cast.owner)
    deliver_all()
    row = Delivery.objects.all()[0]
    assert (row.state, row.last_error) == (
        "gave_up",
        "127.0.0.1 answered 500 Internal Server Error.",
    )
    hook.refresh_from_db()
    assert hook.failures == 0


def test_one_that_fails_is_held_back_then_switched_off_and_its_owners_told(
    cast: Cast, receiver: Hooks
) -> None:
    hook = make_hook("payments", receiver.url)
    receiver.status = 503
    asked(cast)
    asked(cast, name="duck")
    deliver_all()
    assert len(receiver.calls) == 1  # the second waits until the first may be tried again
    assert deliveries.sweep() == 0
    Hook.objects.update(retry_at=None, failures=F("failures") + hooks.SWITCHED_OFF_AFTER - 2)
    make_due()
    deliver_all()
    hook.refresh_from_db()
    assert hook.paused_at is not None
    assert "503" in hook.paused_why
    told = Notification.objects.filter(happening="hook_off")
    assert set(told.values_list("user__username", flat=True)) == {"owner", "second-owner"}
    assert Event.objects.filter(action="hook.switched_off").count() == 1
    hooks.resume(hook.pk, by=cast.owner)
    receiver.status = 200
    make_due()
    deliver_all()
    hook.refresh_from_db()
    again = Hook.objects.values_list("paused_at", "failures", "paused_why").get()
    assert again == (None, 0, "")


def test_what_waits_when_it_is_paused_is_left_out_for_good(cast: Cast, receiver: Hooks) -> None:
    hook = make_hook("payments", receiver.url)
    asked(cast)
    hooks.pause(hook.pk, by=cast.owner)
    asked(cast, name="duck")
    hooks.resume(hook.pk, by=cast.owner)
    deliver_all()
    assert receiver.calls == []
    asked(cast, name="fox")
    deliver_all()
    assert len(receiver.calls) == 1


def test_gone_is_taken_at_its_word(cast: Cast, receiver: Hooks) -> None:
    hook = make_hook("payments", receiver.url)
    receiver.status = 410
    asked(cast)
    deliver_all()
    hook.refresh_from_db()
    assert hook.paused_at is not None


def test_a_dead_webhook_delays_no_mail(cast: Cast, mail: Post, receiver: Hooks) -> None:
    make_hook("payments", receiver.url)
    receiver.status = 500
    asked(cast)
    deliver_all()
    assert len(mail.mails) == 2


def test_redirects_are_not_followed(receiver: Hooks) -> None:
    receiver.status, receiver.headers = 302, {"Location": f"{receiver.url}/secret"}
    with pytest.raises(NotDelivered, match="redirects are not followed"):
        post.post(read(receiver.url), b"{}", {}, private_hosts=["127.0.0.1"])
    assert [path for path, _, _ in receiver.calls] == ["/"]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:7f00:1]"]
)
def test_private_machines_are_not_called_however_they_are_written(
    receiver: Hooks, host: str
) -> None:
    port = receiver.url.rpartition(":")[2]
    with pytest.raises((NotDelivered, Invalid)) as refused:
        post.post(read(f"https://{host}:{port}/"), b"{}", {}, private_hosts=[])
    assert "private network" in str(refused.value) or "cannot be resolved" in str(refused.value)
    assert receiver.calls == []


def test_nothing_is_sent_in_the_open_to_a_host_that_nobody_listed(receiver: Hooks) -> None:
    with pytest.raises(NotDelivered, match="anybody on the way reads") as refused:
        post.post(read(receiver.url), b"{}", {}, private_hosts=[])
    assert refused.value.final
    assert receiver.calls == []


def test_what_comes_before_the_answer_is_passed_over_however_it_is_cut() -> None:
    pieces = [
        b"HTTP/1.1 100 Con",
        b"tinue\r\n",
        b"Server: x\r\n",
        b"\r\nHTTP/1.1 20",
        b"4 Done\r\n",
    ]

    def answer(listener: socket.socket) -> None:
        connected, _ = listener.accept()
        with connected:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connected.recv(4096)
            for piece in pieces:
                connected.sendall(piece)
                select.select([connected], [], [], 0.05)  # lets the piece arrive by itself

    with socket.create_server(("127.0.0.1", 0)) as listener:
        answering = threading.Thread(target=answer, args=(listener,))
        answering.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        try:
            assert post.post(read(url), b"{}", {}, private_hosts=["127.0.0.1"]) == 204
        finally:
            answering.join()


@pytest.mark.parametrize(
    "raw", [b"", b"hello\r\n\r\n", b"HTTP/1.1 xyz\r\n\r\n", b"x" * 100_000, b"\x00" * 10]
)
def test_an_answer_that_is_none_is_said_so(receiver: Hooks, raw: bytes) -> None:
    receiver.raw = raw
    with pytest.raises(NotDelivered, match=r"cannot be reached|did not answer"):
        post.post(read(receiver.url), b"{}", {}, private_hosts=["127.0.0.1"])


def test_an_answer_that_drips_is_waited_for_no_longer_than_one_that_is_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(post, "TIMEOUT_S", 0.5)
    done = threading.Event()

    def drip(listener: socket.socket) -> None:
        connected, _ = listener.accept()
        with connected:
            while not done.wait(0.05):
                try:
                    connected.sendall(b"H")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        dripping = threading.Thread(target=drip, args=(listener,))
        dripping.start()
        try:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
            with pytest.raises(NotDelivered, match=r"did not answer within 0\.5 s"):
                post.post(read(url), b"{}", {}, private_hosts=["127.0.0.1"])
        finally:
            done.set()
            dripping.join()
