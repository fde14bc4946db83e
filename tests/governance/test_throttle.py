"""Guessing passwords becomes slow, and stays slow under many attempts at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib import auth
from django.db import connection
from django.db.models import F
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from governance import throttle
from governance.models import Event, SignInCount
from governance.throttle import SignInRefused, delay, sign_in
from tests.factories import make_user

NOT_FIT = "do not fit together"
SLOWED = "Too many attempts"


def request(address: str = "192.0.2.1") -> HttpRequest:
    return RequestFactory().post("/sign-in/", REMOTE_ADDR=address)


def attempt(username: str, password: str, address: str = "192.0.2.1") -> str:
    try:
        return sign_in(request(address), username=username, password=password).username
    except SignInRefused as refused:
        return refused.message


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 0), (4, 0), (5, 5), (6, 10), (7, 20), (12, 640), (13, 900), (5_000, 900)],
)
def test_the_delay_doubles_up_to_a_quarter_of_an_hour(failures: int, seconds: int) -> None:
    assert delay(failures, slow_from=5) == seconds


@pytest.mark.django_db
def test_after_five_failures_even_the_right_password_has_to_wait() -> None:
    make_user("priya")
    assert attempt("priya", "priya") == "priya"
    for _ in range(5):
        assert NOT_FIT in attempt("priya", "wrong")
    said = attempt("priya", "priya")
    assert said.startswith("Too many attempts to sign in failed. Try again in ")
    assert said.endswith("seconds.")
    pass_time()
    assert attempt("priya", "priya") == "priya"
    for _ in range(4):  # and the count from there starts over
        assert NOT_FIT in attempt("priya", "wrong")
    assert attempt("priya", "priya") == "priya"


@pytest.mark.django_db
def test_the_name_is_counted_however_it_is_written() -> None:
    for written in ("mallory", "MALLORY", " mallory ", "ｍallory", "Mallory"):
        assert NOT_FIT in attempt(written, "wrong")
    assert SLOWED in attempt("mallory", "wrong")


@pytest.mark.django_db
def test_nobody_locks_somebody_else_out() -> None:
    make_user("priya")
    for _ in range(6):
        attempt("priya", "wrong", "198.51.100.9")
    assert SLOWED in attempt("priya", "priya", "198.51.100.9")
    assert attempt("priya", "priya", "192.0.2.1") == "priya"


@pytest.mark.django_db
def test_one_address_cannot_try_everybody() -> None:
    for number in range(30):
        assert NOT_FIT in attempt(f"person-{number}", "wrong", "198.51.100.9")
    assert SLOWED in attempt("somebody", "wrong", "198.51.100.9")
    assert NOT_FIT in attempt("somebody", "wrong", "198.51.100.10")


@pytest.mark.django_db
def test_one_account_cannot_be_tried_from_everywhere() -> None:
    for number in range(50):
        assert NOT_FIT in attempt("priya", "wrong", f"198.51.100.{number}")
    assert SLOWED in attempt("priya", "wrong", "203.0.113.1")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("one", "other"),
    [("2001:db8::1", "2001:db8::ffff:2"), ("::ffff:192.0.2.7", "192.0.2.7"), ("", "nonsense")],
)
def test_addresses_of_one_person_are_one(one: str, other: str) -> None:
    for _ in range(5):
        attempt("priya", "wrong", one)
    assert SLOWED in attempt("priya", "wrong", other)


@pytest.mark.django_db
def test_neither_a_name_nor_a_password_is_kept_for_what_was_typed() -> None:
    make_user("priya")
    for _ in range(5):
        attempt("hunter2-typed-as-a-name", "wrong")
        attempt("priya", "wrong")
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(c::text, '') FROM governance_signincount c")
        assert "hunter2" not in cursor.fetchone()[0]
    slowed = Event.objects.filter(action="person.sign_in_slowed")
    assert [event.object_name for event in slowed] == ["Priya"]


@pytest.mark.django_db
def test_forgotten_counts_are_removed() -> None:
    attempt("priya", "wrong")
    assert throttle.tidy() == 0
    SignInCount.objects.update(last_at=timezone.now() - timedelta(hours=4))
    assert throttle.tidy() == 3


NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("failures", "seconds", "left", "reckoned"),
    [(4, 0, 4, 0), (4, 59, 4, 0), (4, 61, 3, 60), (4, 239, 1, 180), (4, 240, 0, 240), (0, 5, 0, 5)],
)
def test_failures_are_forgotten_one_by_one(
    failures: int, seconds: int, left: int, reckoned: int
) -> None:
    assert throttle.remembered(
        failures, NOON, NOON + timedelta(seconds=seconds), timedelta(minutes=1)
    ) == (left, NOON + timedelta(seconds=reckoned))


@given(st.lists(st.integers(0, 200), max_size=30), st.integers(0, 40))
def test_looking_often_forgets_as_much_as_looking_once(steps: list[int], failures: int) -> None:
    now, left, reckoned = NOON, failures, NOON
    for seconds in steps:
        now += timedelta(seconds=seconds)
        left, reckoned = throttle.remembered(left, reckoned, now, timedelta(minutes=1))
    assert left == throttle.remembered(failures, NOON, now, timedelta(minutes=1))[0]


@pytest.mark.django_db
def test_the_slips_of_a_busy_office_do_not_add_up() -> None:
    """One failure in three minutes, all day, from one address: nobody has to wait."""
    make_user("priya")
    for number in range(60):
        assert NOT_FIT in attempt(f"person-{number}", "wrong")
        assert attempt("priya", "priya") == "priya"
        SignInCount.objects.update(last_at=F("last_at") - timedelta(minutes=3))


@pytest.mark.django_db
def test_a_success_makes_nobody_else_wait() -> None:
    make_user("priya")
    for number in range(31):
        attempt(f"person-{number}", "wrong")
    pass_time()
    assert attempt("priya", "priya") == "priya"
    assert NOT_FIT in attempt("somebody", "wrong")
    assert SLOWED in attempt("somebody", "wrong")


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which passwords were really looked at."""
    looked_at: list[str] = []
    real = auth.authenticate

    def spy(given: HttpRequest, **typed: str) -> object:
        looked_at.append(typed["password"])
        return real(given, **typed)

    monkeypatch.setattr(auth, "authenticate", spy)
    return looked_at


@pytest.mark.django_db(transaction=True)
def test_many_attempts_at_once_are_no_way_around(checked: list[str]) -> None:
    def guess(number: int) -> str:
        try:
            return attempt("priya", f"guess-{number}")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(guess, range(24)))
    assert len(checked) == 5
    assert sum(SLOWED in answer for answer in said) == 19


def pass_time() -> None:
    """What waiting does, without waiting."""
    SignInCount.objects.update(blocked_until=timezone.now() - timedelta(seconds=1))


@pytest.mark.django_db
def test_the_sign_in_page_says_how_long_to_wait(client: Client) -> None:
    make_user("priya")
    typed = {"username": "priya", "password": "wrong"}
    for _ in range(5):
        assert NOT_FIT in client.post("/sign-in/", typed).content.decode()
    answer = client.post("/sign-in/", typed | {"password": "priya"})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= throttle.FIRST_DELAY
    assert "Too many attempts to sign in failed. Try again in" in answer.content.decode()
    pass_time()
    assert client.post("/sign-in/", typed | {"password": "priya"}).status_code == 302
    assert Event.objects.filter(action="person.signed_in").count() == 1
