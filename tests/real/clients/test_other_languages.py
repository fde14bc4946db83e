"""Unmodified clients of other languages do with Weir's registry what they do with any other.

Each program beside this file tells one story: register, look up, write a record and read it again,
have a schema tested that readers of the old records could not use, and be refused it. It is told on
standard input what to use, and prints what it saw.
"""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.schema_registry.json_schema import JSONDeserializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, json_format, message_factory
from google.protobuf.descriptor_pool import DescriptorPool

from config.stack import tools
from tests import live
from tests.live import LiveStack
from tests.real.people import person

pytestmark = [pytest.mark.real, pytest.mark.long]

HERE = Path(__file__).parent
NAME = "com.example.Payment"


Seen = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Format:
    """A record and its schema; then one that readers of the old records could not use, and the
    `fault` that the refusal must name."""

    schema: str
    broken: str
    fault: str
    record: Mapping[str, Any]


def avro(*more: object) -> str:
    fields = [
        {"name": "id", "type": "string"},
        {"name": "amount", "type": "long"},
        {"name": "note", "type": ["null", "string"], "default": None},
    ]
    named = {"type": "record", "name": "Payment", "namespace": "com.example"}
    return json.dumps({**named, "fields": [*fields, *more]})


def json_schema(**more: object) -> str:
    kinds = {"id": {"type": "string"}, "amount": {"type": "integer"}, **more}
    return json.dumps(
        {
            "title": NAME,
            "type": "object",
            "properties": kinds,
            "required": ["id", *more],
            "additionalProperties": False,
        }
    )


def protobuf(amount: str) -> str:
    return f"""syntax = "proto3";
package com.example;

message Payment {{
  string id = 1;
  {amount} amount = 2;
}}
"""


FORMATS = {
    "AVRO": Format(
        avro(),
        avro({"name": "riskScore", "type": "double"}),
        "riskScore",
        {"id": "p-1", "amount": 1299, "note": None},
    ),
    "JSON": Format(
        json_schema(),
        json_schema(riskScore={"type": "number"}),
        "riskScore",
        {"id": "p-1", "amount": 1299},
    ),
    "PROTOBUF": Format(
        protobuf("int32"), protobuf("string"), "#/Payment/2", {"id": "p-1", "amount": 1299}
    ),
}


def descriptors() -> descriptor_pb2.FileDescriptorSet:
    """What protoc would have made of the .proto file."""
    file = descriptor_pb2.FileDescriptorProto(
        name="payment.proto", package="com.example", syntax="proto3"
    )
    message = file.message_type.add(name="Payment")
    for number, (name, kind) in enumerate({"id": "STRING", "amount": "INT32"}.items(), 1):
        message.field.add(
            name=name, json_name=name, number=number, type=f"TYPE_{kind}", label="LABEL_OPTIONAL"
        )
    return descriptor_pb2.FileDescriptorSet(file=[file])


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


@pytest.fixture(scope="module", params=FORMATS)
def type_(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def topic_of(program: str, type_: str) -> str:
    return f"payments.seen-by-{program}-{type_.lower()}"


def run(
    name: str, type_: str, stack: LiveStack, topic: str, **access: str
) -> subprocess.CompletedProcess[str]:
    argv, variables = PROGRAMS[name]()
    format_ = FORMATS[type_]
    told = {
        "url": stack.registry,
        "topic": topic,
        "subject": f"{topic}-value",
        "type": type_,
        "schema": format_.schema,
        "broken": format_.broken,
        "record": format_.record,
        "descriptors": base64.b64encode(descriptors().SerializeToString()).decode(),
        "name": NAME,
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


def tell(name: str, type_: str, stack: LiveStack, topic: str, **access: str) -> Seen:
    """What the program saw; fails with what it said when it broke off."""
    done = run(name, type_, stack, topic, **access)
    assert done.returncode == 0, f"{name} exited {done.returncode}:\n{done.stderr[-3000:]}"
    seen: Seen = json.loads(done.stdout.splitlines()[-1])
    return seen


@pytest.fixture(scope="module")
def seen(program: str, type_: str, live_stack: LiveStack) -> Seen:
    return tell(program, type_, live_stack, topic_of(program, type_))


@pytest.fixture
def registry(live_stack: LiveStack) -> Iterator[SchemaRegistryClient]:
    with SchemaRegistryClient({"url": live_stack.registry}) as client:
        yield client


def test_it_writes_and_reads_its_own_records(seen: Seen, type_: str) -> None:
    assert seen["read"] == FORMATS[type_].record
    assert seen["version"] in (1, None)
    assert seen["level"] in ("BACKWARD", None)


def test_python_reads_what_it_wrote(
    program: str, type_: str, seen: Seen, registry: SchemaRegistryClient
) -> None:
    message = bytes.fromhex(seen["message"])
    assert message[:5] == b"\0" + seen["id"].to_bytes(4, "big")
    if (program, type_) == ("kafkajs", "PROTOBUF"):
        # It leaves out which message of the file it is, in its own and in any registry.
        message = message[:5] + b"\0" + message[5:]
    context = SerializationContext(topic_of(program, type_), MessageField.VALUE)
    assert READERS[type_](registry, message, context) == FORMATS[type_].record


def _avro(registry: SchemaRegistryClient, message: bytes, context: SerializationContext) -> Any:
    return AvroDeserializer(registry)(message, context)


def _json(registry: SchemaRegistryClient, message: bytes, context: SerializationContext) -> Any:
    schema = FORMATS["JSON"].schema
    return JSONDeserializer(schema, schema_registry_client=registry)(message, context)


def _protobuf(registry: SchemaRegistryClient, message: bytes, context: SerializationContext) -> Any:
    pool = DescriptorPool()
    for file in descriptors().file:
        pool.Add(file)
    payment = message_factory.GetMessageClass(pool.FindMessageTypeByName(NAME))
    read = ProtobufDeserializer(payment, schema_registry_client=registry)(message, context)
    assert read is not None
    return json_format.MessageToDict(read)


READERS = {"AVRO": _avro, "JSON": _json, "PROTOBUF": _protobuf}


def test_what_old_readers_could_not_use_is_refused_and_the_field_named(
    program: str, type_: str, seen: Seen, registry: SchemaRegistryClient
) -> None:
    assert seen["compatible"] in (False, None)
    assert seen["refused"]["status"] == 409
    assert seen["refused"]["code"] in (409, 40901, None)
    assert FORMATS[type_].fault in seen["refused"]["message"]
    assert registry.get_versions(f"{topic_of(program, type_)}-value") == [1]


def test_with_a_teams_token_as_its_password(program: str, live_stack: LiveStack) -> None:
    topic = f"payments.token-of-{program}"
    with person(live_stack, "jonas") as jonas:
        asked = {"name": program, "team": "payments", "scopes": ["registry:write"]}
        issued = jonas.post("/tokens", asked)
        mine = f"/tokens/{issued['token']['id']}"
        assert jonas.get(mine)["last_used_at"] is None
        access = {"user": "payments", "password": issued["secret"]}
        seen = tell(program, "AVRO", live_stack, topic, **access)
        assert seen["read"] == FORMATS["AVRO"].record
        assert seen["refused"]["status"] == 409
        assert jonas.get(mine)["last_used_at"] is not None
        jonas.post(f"{mine}/revoke")
    # Anonymous callers may do everything here; whoever shows a credential is taken at her word.
    done = run(program, "AVRO", live_stack, topic, **access)
    assert done.returncode != 0
    assert re.search("401|revoked", done.stderr), done.stderr
