"""The governed wire, for clients that know nothing of it: one request, however often they try."""

from __future__ import annotations

import threading
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext

from tests.real.registry_processes import Process, count, database, processes, run_manage
from tests.real.test_registry_clients import PAYMENT, REVOKE, make_token

# Each of these may be the one that makes the database and starts processes, on a busy machine.
pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]
TRIES = 1_000
AT_ONCE = 16

ESTATE = """
from django.db import transaction
from governance import audit
from governance.actors import system_actor
from governance.models import Environment, Membership, Team, User
from registry import levels
from registry.covering import Covered
by = system_actor()
with transaction.atomic():
    environment = Environment.objects.create(slug="production", name="Production", production=True)
    audit.record("environment.created", by=by, about=environment)
    owner = User.objects.create_user("jonas", password="jonas")
    Membership.objects.create(user=owner, team=Team.objects.get(slug="payments"), role="owner")
    audit.record("person.created", by=by, about=owner)
levels.set_level(Covered(".", "", prefix=True), "by_request", by=by)
"""
APPROVE = """
from governance.actors import actor_for_user
from governance.models import Request, User
from governance.services import pipeline, reviews
request = Request.objects.get(pk={number})
reviews.approve(request, revision=request.revision, by=actor_for_user(User.objects.get()))
pipeline.advance(request.pk)
"""
LIMIT = """
from governance.actors import system_actor
from governance.models import ServiceToken
from governance.services import tokens
tokens.set_rate(ServiceToken.objects.get(name={name!r}).pk, rate={rate}, burst={burst},
    by=system_actor())
"""


@pytest.fixture(scope="module")
def governed(database_url: str, redis_url: str) -> Iterator[str]:
    with database(database_url) as url:
        yield url


@pytest.fixture(scope="module")
def token(governed: str) -> str:
    plain = make_token(governed, "client")
    run_manage(governed, "shell", "-c", ESTATE)
    return plain


@pytest.fixture(scope="module")
def servers(governed: str, token: str) -> Iterator[Sequence[Process]]:
    with processes(governed, 2, anonymous="none") as started:
        yield started


def test_an_unmodified_serializer_waits_for_its_approval_and_then_goes_on(
    servers: Sequence[Process], governed: str, token: str
) -> None:
    access = {"url": servers[0].url, "basic.auth.user.info": f"payments:{token}"}
    context = SerializationContext("payments.authorized", MessageField.VALUE)
    value = {"id": "1", "amount": Decimal("12.50"), "note": None}
    with SchemaRegistryClient(access) as client:
        write = AvroSerializer(client, PAYMENT)
        for _ in range(3):
            with pytest.raises(SchemaRegistryError) as refused:
                write(value, context)
            assert refused.value.http_status_code == 403
        number = count(governed, "SELECT max(id) FROM governance_request")
        assert f"/requests/{number}/" in refused.value.error_message
        assert "an approver or owner of payments" in refused.value.error_message
        run_manage(governed, "shell", "-c", APPROVE.format(number=number))
        sent = write(value, context)
        assert sent is not None
        latest = client.get_latest_version("payments.authorized-value")
        assert (latest.version, latest.schema_id) == (1, int.from_bytes(sent[1:5], "big"))


def test_a_thousand_tries_at_two_processes_make_one_request(
    servers: Sequence[Process], governed: str, token: str
) -> None:
    basic = {"authorization": f"Basic {b64encode(f'x:{token}'.encode()).decode()}"}
    body = {"schema": '{"type": "fixed", "name": "F", "size": 4}'}
    made = "SELECT count(*) FROM governance_request"
    before = count(governed, made)
    seen: Counter[tuple[int, str]] = Counter()
    lock, start = threading.Lock(), threading.Barrier(AT_ONCE)

    def work(index: int) -> None:
        start.wait()  # the first ones of all come at once, before there is a request to be found
        for turn in range(index, TRIES, AT_ONCE):
            server = servers[(index + turn // AT_ONCE) % 2]
            status, said = server.call("POST", "/subjects/many/versions", body, basic)
            with lock:
                seen[status, said["message"]] += 1

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(work, range(AT_ONCE)))
    ((status, said),) = seen
    assert (status, seen[status, said]) == (403, TRIES)
    assert count(governed, made) == before + 1
    number = count(governed, "SELECT max(id) FROM governance_request")
    for action in ("request.created", "request.submitted", "request.review_asked"):
        told = f"SELECT count(*) FROM governance_event WHERE action = '{action}'"  # noqa: S608
        assert count(governed, f"{told} AND request_id = {number}") == 1
    # Whoever must agree, who is one person here, is told once.
    notices = f"SELECT count(*) FROM governance_notification WHERE request_id = {number}"  # noqa: S608
    assert count(governed, notices) == 1


def test_a_level_counts_on_every_process_once_it_was_set(
    servers: Sequence[Process], governed: str, token: str
) -> None:
    bearer = {"authorization": f"Bearer {token}"}
    update = (
        "from governance.actors import system_actor\n"
        "from registry import levels\n"
        "from registry.covering import Covered\n"
        "levels.set_level(Covered('.', 'turn'), {level!r}, by=system_actor())"
    )
    for turn, (level, status) in enumerate([("open", 200), ("by_request", 403), ("open", 200)]):
        run_manage(governed, "shell", "-c", update.format(level=level))
        for index, server in enumerate(servers):
            schema = f'{{"type": "fixed", "name": "F{turn}{index}", "size": 4}}'
            server.call("PUT", "/config/turn", {"compatibility": "NONE"}, bearer)
            got = server.call("POST", "/subjects/turn/versions", {"schema": schema}, bearer)
            assert got[0] == status, got


@pytest.mark.parametrize("scheme", ["basic", "bearer"])
def test_a_revoked_token_is_refused_by_every_process_within_a_second(
    servers: Sequence[Process], governed: str, token: str, scheme: str
) -> None:
    name = f"revoked-{scheme}"
    plain = make_token(governed, name)
    as_basic = f"Basic {b64encode(f'anybody:{plain}'.encode()).decode()}"
    header = {"authorization": as_basic if scheme == "basic" else f"Bearer {plain}"}
    stop = threading.Event()
    last: dict[int, float] = {}

    def hammer(index: int) -> None:
        """Asks without a pause, so that the answer is remembered all the time."""
        while not stop.is_set():
            began = time.monotonic()
            if servers[index].call("GET", "/subjects", headers=header)[0] == 200:
                last[index] = began

    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(hammer, index) for index in range(2)]
        while len(last) < 2:
            time.sleep(0.01)
        run_manage(governed, "shell", "-c", REVOKE.format(name=name))
        revoked = time.monotonic()
        while time.monotonic() < revoked + 2:
            time.sleep(0.1)
        stop.set()
        for job in jobs:
            job.result()
    assert all(began < revoked + 1 for began in last.values()), (last, revoked)
    assert [server.call("GET", "/subjects", headers=header)[0] for server in servers] == [401, 401]


def test_a_limit_is_shared_by_the_processes(
    servers: Sequence[Process], governed: str, token: str
) -> None:
    plain = make_token(governed, "limited")
    run_manage(governed, "shell", "-c", LIMIT.format(name="limited", rate=1, burst=40))
    header = {"authorization": f"Bearer {plain}"}
    for server in servers:
        server.call("GET", "/subjects", headers=header)  # now it is known whose header that is
    began = time.monotonic()
    answers = Counter(
        servers[n % 2].call("GET", "/subjects", headers=header)[0] for n in range(200)
    )
    flowed = time.monotonic() - began
    assert set(answers) == {200, 429}
    assert answers[200] <= 40 + flowed + 1
    assert answers[200] >= 30, "what a process fetched and did not use is little"
