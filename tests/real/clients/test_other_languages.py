"""Unmodified clients of other languages do with Weir's registry what they do with any other.

Each program beside this file tells one story: register, look up, write a record and read it again,
have a schema tested that readers of the old records could not use, and be refused it. It is told on
standard input what to use, and prints what it saw.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

from config.stack import tools
from tests import live
from tests.live import LiveStack
from tests.real.people import person

pytestmark = [pytest.mark.real, pytest.mark.long]

HERE = Path(__file__).parent
TOPIC_OF = "payments.seen-by-{}"
RECORD = {"id": "p-1", "amount": 1299, "note": None}
FIELDS = [
    {"name": "id", "type": "string"},
    {"name": "amount", "type": "long"},
    {"name": "note", "type": ["null", "string"], "default": None},
]
# New, and no default: what was written before cannot be read with it.
RISK = {"name": "riskScore", "type": "double"}

Seen = Mapping[str, Any]


def schema(*more: object) -> str:
    """The record's schema, with more fields."""
    named = {"type": "record", "name": "Payment", "namespace": "com.example"}
    return json.dumps({**named, "fields": [*FIELDS, *more]})


def node(script: str) -> Callable[[], tuple[Sequence[str], Mapping[str, str]]]:
    def command() -> tuple[Sequence[str], Mapping[str, str]]:
        program = tools.find_or_install(tools.NODE)
        packages = tools.npm_packages(HERE / "node")
        return [str(program), str(HERE / "node" / script)], {"NODE_PATH": str(packages)}

    return command


def go() -> tuple[Sequence[str], Mapping[str, str]]:
    return [str(tools.go_program(HERE / "go"))], {}


PROGRAMS = {
    "confluent-js": node("confluent.cjs"),
    "kafkajs": node("kafkajs.cjs"),
    "franz-go": go,
}


@pytest.fixture(scope="module", params=PROGRAMS)
def program(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def run(name: str, stack: LiveStack, topic: str, **access: str) -> subprocess.CompletedProcess[str]:
    argv, variables = PROGRAMS[name]()
    told = {
        "url": stack.registry,
        "topic": topic,
        "subject": f"{topic}-value",
        "schema": schema(),
        "broken": schema(RISK),
        "record": RECORD,
        **access,
    }
    return subprocess.run(
        argv,
        input=json.dumps(told),
        env={**live.nobodys_environment(), **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def tell(name: str, stack: LiveStack, topic: str, **access: str) -> Seen:
    """What the program saw; fails with what it said when it broke off."""
    done = run(name, stack, topic, **access)
    assert done.returncode == 0, f"{name} exited {done.returncode}:\n{done.stderr[-3000:]}"
    seen: Seen = json.loads(done.stdout.splitlines()[-1])
    return seen


@pytest.fixture(scope="module")
def seen(program: str, live_stack: LiveStack) -> Seen:
    return tell(program, live_stack, TOPIC_OF.format(program))


@pytest.fixture
def registry(live_stack: LiveStack) -> Iterator[SchemaRegistryClient]:
    with SchemaRegistryClient({"url": live_stack.registry}) as client:
        yield client


def test_it_writes_and_reads_its_own_records(seen: Seen) -> None:
    assert seen["read"] == RECORD
    assert seen["version"] in (1, None)
    assert seen["level"] in ("BACKWARD", None)


def test_python_reads_what_it_wrote(
    program: str, seen: Seen, registry: SchemaRegistryClient
) -> None:
    message = bytes.fromhex(seen["message"])
    assert message[:5] == b"\0" + seen["id"].to_bytes(4, "big")
    context = SerializationContext(TOPIC_OF.format(program), MessageField.VALUE)
    assert AvroDeserializer(registry)(message, context) == RECORD


def test_what_old_readers_could_not_use_is_refused_and_the_field_named(
    program: str, seen: Seen, registry: SchemaRegistryClient
) -> None:
    assert seen["compatible"] in (False, None)
    assert seen["refused"]["status"] == 409
    assert seen["refused"]["code"] in (409, 40901, None)
    assert "riskScore" in seen["refused"]["message"]
    assert registry.get_versions(f"{TOPIC_OF.format(program)}-value") == [1]


def test_with_a_teams_token_as_its_password(program: str, live_stack: LiveStack) -> None:
    topic = f"payments.token-of-{program}"
    with person(live_stack, "jonas") as jonas:
        asked = {"name": program, "team": "payments", "scopes": ["registry:write"]}
        issued = jonas.post("/tokens", asked)
        mine = f"/tokens/{issued['token']['id']}"
        assert jonas.get(mine)["last_used_at"] is None
        seen = tell(program, live_stack, topic, user="payments", password=issued["secret"])
        assert seen["read"] == RECORD
        assert seen["refused"]["status"] == 409
        assert jonas.get(mine)["last_used_at"] is not None
        jonas.post(f"{mine}/revoke")
    # Anonymous callers may do everything here; whoever shows a credential is taken at her word.
    done = run(program, live_stack, topic, user="payments", password=issued["secret"])
    assert done.returncode != 0
    assert re.search("401|revoked", done.stderr), done.stderr
