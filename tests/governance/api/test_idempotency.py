"""With an Idempotency-Key a write happens once, whoever sends it how often."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from governance.api.idempotency import KEPT, alone
from governance.models import IdempotencyKey, Request, ServiceToken
from tests.factories import make_cast, make_environment, make_policy
from tests.governance.api.conftest import Answer, Caller, draft, person, program, toy

SignedIn = Callable[[str], Caller]


def test_the_same_call_gets_the_same_answer(signed_in: SignedIn) -> None:
    requester = signed_in("requester")
    first = requester.post("requests", draft(), Idempotency_Key="ci-1")
    second = requester.post("requests", draft(), Idempotency_Key="ci-1")
    assert first.status == second.status == 201
    assert first.body == second.body
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert Request.objects.count() == 1
    reordered = dict(reversed(draft().items()))
    assert requester.post("requests", reordered, Idempotency_Key="ci-1").body == first.body


def test_another_call_with_the_same_key_is_refused(signed_in: SignedIn) -> None:
    requester = signed_in("requester")
    number = requester.post("requests", draft(), Idempotency_Key="k").body["request"]["id"]
    other = requester.post("requests", draft(toy("car")), Idempotency_Key="k")
    assert (other.status, other.code) == (422, "key_reused")
    elsewhere = requester.post(f"requests/{number}/submit", Idempotency_Key="k")
    assert (elsewhere.status, elsewhere.code) == (422, "key_reused")
    assert Request.objects.count() == 1


def test_keys_of_two_callers_are_two_keys(signed_in: SignedIn) -> None:
    for caller in (signed_in("requester"), signed_in("owner"), program("api:write")):
        assert caller.post("requests", draft(), Idempotency_Key="k").status == 201
    assert Request.objects.count() == 3


def test_a_call_that_failed_is_judged_anew(signed_in: SignedIn) -> None:
    policy = make_policy("no-toys", expression="false")
    requester = signed_in("requester")
    wrong = requester.post("requests", draft(toy(colour="pink")), Idempotency_Key="k")
    assert wrong.status == 422
    number = requester.post("requests", draft(), Idempotency_Key="k").body["request"]["id"]
    refused = requester.post(f"requests/{number}/submit", Idempotency_Key="s")
    assert (refused.status, refused.code) == (422, "refused")
    # What the service wrote before it refused is there all the same.
    assert Request.objects.get().findings.count() == 1
    type(policy).objects.filter(pk=policy.pk).update(active=False)
    assert requester.post(f"requests/{number}/submit", Idempotency_Key="s").status == 200


def test_a_key_is_free_again_after_a_day(signed_in: SignedIn) -> None:
    requester = signed_in("requester")
    requester.post("requests", draft(), Idempotency_Key="k")
    IdempotencyKey.objects.update(created_at=timezone.now() - KEPT - timedelta(seconds=1))
    assert requester.post("requests", draft(toy("car")), Idempotency_Key="k").status == 201
    assert Request.objects.count() == 2


@pytest.mark.parametrize("key", ["", "x" * 201, "a\tb", "clé"])
def test_a_key_is_printable_and_short(signed_in: SignedIn, key: str) -> None:
    answer = signed_in("requester").post("requests", draft(), Idempotency_Key=key)
    assert (answer.status, answer.code) == (400, "bad_header")


def test_the_secret_of_a_token_is_never_kept(signed_in: SignedIn) -> None:
    owner = signed_in("owner")
    body = {"name": "ci", "team": "payments", "scopes": ["api:read"]}
    first = owner.post("tokens", body, Idempotency_Key="k")
    second = owner.post("tokens", body, Idempotency_Key="k")
    assert first.status == second.status == 201
    secret = first.body["secret"]
    assert secret.startswith("weir_")
    assert second.body == {"token": first.body["token"], "secret": None}
    assert ServiceToken.objects.count() == 1
    assert secret.rpartition("_")[2] not in str(IdempotencyKey.objects.values_list())


@pytest.mark.django_db(transaction=True)
def test_two_calls_at_once_write_once() -> None:
    """The second is told to come back while the first is at it, and gets its answer then."""
    make_environment("dev", retention_limit_ms=None)
    cast = make_cast()
    callers = [person(cast.requester) for _ in range(4)]
    answers = _at_once(callers)
    assert Request.objects.count() == 1
    assert {a.status for a in answers} <= {201, 409}
    assert 201 in {a.status for a in answers}
    for answer in answers:
        if answer.status == 409:
            assert answer.code == "key_busy"
            assert int(answer.headers["retry-after"]) > 0
    again = callers[0].post("requests", draft(), Idempotency_Key="k")
    assert (again.status, again.headers["idempotency-replayed"]) == (201, "true")


def _at_once(callers: list[Caller]) -> list[Answer]:
    start = threading.Barrier(len(callers))
    answers: list[Answer] = []

    def call(caller: Caller) -> None:
        try:
            start.wait(10)
            answers.append(caller.post("requests", draft(), Idempotency_Key="k"))
        finally:
            connection.close()

    threads = [threading.Thread(target=call, args=(c,)) for c in callers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(answers) == len(callers)
    return answers


@pytest.mark.django_db(transaction=True)
def test_a_busy_key_says_when_to_come_back() -> None:
    """While another connection holds the key, for sure and not by chance."""
    make_environment("dev", retention_limit_ms=None)
    cast = make_cast()
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                alone(f"user:{cast.requester.id}", "k")
                held.set()
                assert free.wait(10)
        finally:
            connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(10)
    busy = person(cast.requester).post("requests", draft(), Idempotency_Key="k")
    other = person(cast.owner).post("requests", draft(), Idempotency_Key="k")
    free.set()
    thread.join(10)
    assert (busy.status, busy.code, busy.headers["retry-after"]) == (409, "key_busy", "2")
    assert other.status == 201
    assert person(cast.requester).post("requests", draft(), Idempotency_Key="k").status == 201
