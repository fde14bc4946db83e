"""Parts of the stack die while a request is applied: it ends applied, once, and says what happened.

Each fault has a fresh request of 200 topics and is struck as soon as the worker is seen at work.
"""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from kafka import KafkaAdminClient

from config.stack.kafka import admin_client
from tests import live
from tests.live import LiveStack
from tests.real.people import Person, eventually, person

pytestmark = [pytest.mark.real, pytest.mark.long]

TOPICS = 200
AT_WORK = ("rechecking", "applying")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    """A stack of this module's own, since it is broken on purpose."""
    environment = live.own_environment(
        tmp_path_factory.mktemp("faults"), WEIR_SCAN_INTERVAL="5s", WEIR_LEASE_TTL="6s"
    )
    with live.running(environment) as running:
        yield running


@pytest.fixture
def priya(stack: LiveStack) -> Iterator[Person]:
    with person(stack, "priya") as somebody:
        yield somebody


@pytest.fixture
def jonas(stack: LiveStack) -> Iterator[Person]:
    with person(stack, "jonas") as somebody:
        yield somebody


@pytest.fixture
def mara(stack: LiveStack) -> Iterator[Person]:
    """Of the platform team, which a policy asks as well about so many topics at once."""
    with person(stack, "mara") as somebody:
        yield somebody


@pytest.fixture
def broker(stack: LiveStack) -> Iterator[KafkaAdminClient]:
    """The broker past Weir, connected only when the fault is over."""
    told = stack.told()
    client = admin_client(
        told["WEIR_DEMO_KAFKA_BOOTSTRAP"],
        told["WEIR_DEMO_KAFKA_USER"],
        Path(told["WEIR_DEMO_KAFKA_PASSWORD_FILE"]).read_text().strip(),
    )
    yield client
    client.close()


def kill(stack: LiveStack, name: str) -> None:
    """SIGKILL for a part and all its children at once, as the machine's killer would."""
    os.killpg(stack.pids()[name], signal.SIGKILL)


def state_of(somebody: Person, number: int) -> str:
    """Where the request stands; empty while the pages themselves cannot answer."""
    try:
        return somebody.state(number)
    except (requests.RequestException, AssertionError, KeyError):
        return ""


def outcomes(stack: LiveStack, number: int) -> Counter[str]:
    """How often each item of the request was recorded as done, by its name."""
    script = (
        "import json; from governance.models import Event; "
        f"print(json.dumps(list(Event.objects.filter(request_id={number}, "
        "action__in=['item.applied', 'item.unchanged']).values_list('object_name', flat=True))))"
    )
    return Counter(json.loads(stack.manage("shell", "-v0", "-c", script).splitlines()[-1]))


@pytest.mark.parametrize("part", ["worker", "kafka", "valkey", "postgresql"])
def test_a_part_killed_in_mid_apply(
    part: str,
    stack: LiveStack,
    priya: Person,
    jonas: Person,
    mara: Person,
    request: pytest.FixtureRequest,
) -> None:
    names = [f"payments.{part}-{n:03}" for n in range(TOPICS)]
    number = priya.asks_for_topics(names)
    jonas.approves(number)
    mara.approves(number)
    eventually(lambda: priya.state(number) in AT_WORK, 30, every=0.01)
    said = len(stack.lines)
    kill(stack, part)
    stack.wait_for_line(f"{part} serves again", timeout=90, since=said)

    eventually(lambda: state_of(priya, number) == "applied", 120)

    admin: KafkaAdminClient = request.getfixturevalue("broker")
    eventually(lambda: set(names) <= set(admin.list_topics()), 30)
    assert outcomes(stack, number) == Counter(names), "each item is recorded once"
    actions = [entry["kind"] for entry in priya.get(f"/requests/{number}")["timeline"]]
    assert actions.count("request.applied") == 1
    assert actions.count("request.apply_started") == 1
    assert stack.manage("audit", "verify").startswith("Intact")


def test_two_workers_at_once_and_one_applies(
    stack: LiveStack, priya: Person, jonas: Person, mara: Person
) -> None:
    names = [f"payments.twice-{n:03}" for n in range(TOPICS)]
    number = priya.asks_for_topics(names)
    jonas.approves(number)
    mara.approves(number)
    # Messages without number, for two workers each: every one may try.
    script = (
        "from governance import dispatch; "
        f"[dispatch.send('governance.advance', {number}) for _ in range(20)]"
    )
    stack.manage("shell", "-v0", "-c", script)
    eventually(lambda: priya.state(number) == "applied", 60)
    assert outcomes(stack, number) == Counter(names)
    actions = [entry["kind"] for entry in priya.get(f"/requests/{number}")["timeline"]]
    assert actions.count("request.apply_started") == 1
