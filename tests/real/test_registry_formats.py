"""JSON Schema and Protobuf through the unmodified client, against a real process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka.schema_registry import (
    Schema,
    SchemaReference,
    SchemaRegistryClient,
    header_schema_id_serializer,
)
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, message_factory, timestamp_pb2
from google.protobuf.descriptor_pool import DescriptorPool

from tests.real.registry_processes import Process, database, processes

pytestmark = pytest.mark.real

PAYMENT = """{"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Payment",
  "type": "object", "properties": {"id": {"type": "string"}, "amount": {"type": "number"}},
  "required": ["id"], "additionalProperties": false}"""


@pytest.fixture(scope="module")
def server(database_url: str) -> Iterator[Process]:
    with database(database_url) as url, processes(url, 1) as (one,):
        yield one


@pytest.fixture
def client(server: Process) -> Iterator[SchemaRegistryClient]:
    with SchemaRegistryClient({"url": server.url}) as client:
        yield client


@pytest.fixture
def other(server: Process) -> Iterator[SchemaRegistryClient]:
    """Of the process that reads: a client that registered a .proto file keeps its text, and then
    takes that for the descriptor that it would have asked for."""
    with SchemaRegistryClient({"url": server.url}) as client:
        yield client


def value_of(topic: str) -> SerializationContext:
    return SerializationContext(topic, MessageField.VALUE, [])


class TestJson:
    def test_what_the_serializer_writes_the_deserializer_reads(
        self, client: SchemaRegistryClient
    ) -> None:
        write, context = JSONSerializer(PAYMENT, client), value_of("json.payments")
        value = {"id": "1", "amount": 12.5}
        sent = write(value, context)
        assert JSONDeserializer(PAYMENT, schema_registry_client=client)(sent, context) == value
        latest = client.get_latest_version("json.payments-value")
        assert (latest.version, latest.schema.schema_type) == (1, "JSON")

    def test_an_incompatible_schema_is_refused_with_the_property(
        self, client: SchemaRegistryClient
    ) -> None:
        subject = "json.refused-value"
        client.register_schema(subject, Schema(PAYMENT, "JSON"))
        changed = Schema(
            PAYMENT.replace('"id": {"type": "string"}', '"id": {"type": "null"}'), "JSON"
        )
        with pytest.raises(SchemaRegistryError) as refusal:
            client.register_schema(subject, changed)
        assert refusal.value.http_status_code == 409
        assert "#/properties/id" in refusal.value.error_message
        assert not client.test_compatibility(subject, changed)

    def test_a_reference(self, client: SchemaRegistryClient) -> None:
        client.register_schema("json.id", Schema('{"type": "string", "minLength": 1}', "JSON"))
        order = Schema(
            '{"type": "object", "properties": {"id": {"$ref": "id.json"}}}',
            "JSON",
            [SchemaReference("id.json", "json.id", 1)],
        )
        write, context = JSONSerializer(order, client), value_of("json.orders")
        sent = write({"id": "o-1"}, context)
        read = JSONDeserializer(order, schema_registry_client=client)
        assert read(sent, context) == {"id": "o-1"}
        with pytest.raises(Exception, match=r"too short|non-empty"):
            write({"id": ""}, context)


def compiled(*files: descriptor_pb2.FileDescriptorProto) -> dict[str, Any]:
    """Message classes by full name, as protoc's output would bring them."""
    pool = DescriptorPool()
    timestamp = descriptor_pb2.FileDescriptorProto()
    timestamp_pb2.DESCRIPTOR.CopyToProto(timestamp)
    pool.Add(timestamp)
    for file in files:
        pool.Add(file)
    found: dict[str, Any] = dict(
        message_factory.GetMessageClassesForFiles([file.name for file in files], pool)
    )
    return found


def proto(name: str, package: str, *imports: str) -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name=name, package=package, syntax="proto3")
    file.dependency.extend(imports)
    return file


def field(message: descriptor_pb2.DescriptorProto, name: str, number: int, type_: Any) -> None:
    made = message.field.add(name=name, number=number)
    made.label = descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL
    if isinstance(type_, str):
        made.type = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
        made.type_name = type_
    else:
        made.type = type_


STRING = descriptor_pb2.FieldDescriptorProto.TYPE_STRING
INT = descriptor_pb2.FieldDescriptorProto.TYPE_INT64


class TestProtobuf:
    def test_what_the_serializer_writes_the_deserializer_reads(
        self, client: SchemaRegistryClient, other: SchemaRegistryClient
    ) -> None:
        file = proto("payment.proto", "weir.one", "google/protobuf/timestamp.proto")
        message = file.message_type.add(name="Payment")
        field(message, "id", 1, STRING)
        field(message, "at", 2, ".google.protobuf.Timestamp")
        payment = compiled(file)["weir.one.Payment"]
        write = ProtobufSerializer(payment, client)
        read = ProtobufDeserializer(payment, schema_registry_client=other)
        context = value_of("proto.payments")
        value = payment(id="1")
        value.at.seconds = 7
        assert read(write(value, context), context) == value
        latest = client.get_latest_version("proto.payments-value")
        assert latest.schema.schema_type == "PROTOBUF"
        assert str(latest.schema.schema_str).startswith('syntax = "proto3";\npackage weir.one;\n')
        # Whoever only looks up sends the descriptor again, and finds the same schema.
        quiet = ProtobufSerializer(payment, client, {"auto.register.schemas": False})
        assert quiet(value, context)[:5] == write(value, context)[:5]

    def test_an_import_becomes_a_reference(
        self, client: SchemaRegistryClient, other: SchemaRegistryClient
    ) -> None:
        shared = proto("weir/shared.proto", "weir.two")
        field(shared.message_type.add(name="Id"), "value", 1, STRING)
        file = proto("order.proto", "weir.two", "weir/shared.proto")
        field(file.message_type.add(name="Order"), "id", 1, ".weir.two.Id")
        order = compiled(shared, file)["weir.two.Order"]
        context = value_of("proto.orders")
        value = order()
        value.id.value = "o-1"
        sent = ProtobufSerializer(order, client)(value, context)
        read = ProtobufDeserializer(order, schema_registry_client=other)
        assert read(sent, context) == value
        latest = client.get_latest_version("proto.orders-value")
        assert latest.schema.references is not None
        assert [r.name for r in latest.schema.references] == ["weir/shared.proto"]

    def test_an_incompatible_schema_is_refused_with_the_field(
        self, client: SchemaRegistryClient
    ) -> None:
        subject = "proto.refused-value"
        text = 'syntax = "proto3"; message M { string id = 1; }'
        client.register_schema(subject, Schema(text, "PROTOBUF"))
        changed = Schema(text.replace("string", "int32"), "PROTOBUF")
        with pytest.raises(SchemaRegistryError) as refusal:
            client.register_schema(subject, changed)
        assert refusal.value.http_status_code == 409
        assert "#/M/1" in refusal.value.error_message


def test_the_id_may_travel_in_a_header_as_a_guid(client: SchemaRegistryClient) -> None:
    write = JSONSerializer(
        PAYMENT, client, conf={"schema.id.serializer": header_schema_id_serializer}
    )
    headers: list[Any] = []
    context = SerializationContext("json.headers", MessageField.VALUE, headers)
    sent = write({"id": "1"}, context)
    assert sent is not None
    assert sent[:1] == b"{"
    assert [name for name, _ in headers] == ["__value_schema_id"]
    read = JSONDeserializer(PAYMENT, schema_registry_client=client)
    assert read(sent, context) == {"id": "1"}
