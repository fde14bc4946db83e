"""Values of each format through a real broker: the id in the value, or the guid in a header."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic
from confluent_kafka.schema_registry import (
    SchemaRegistryClient,
    dual_schema_id_deserializer,
    header_schema_id_serializer,
)
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from tests.real.estate import unique
from tests.real.registry_processes import Process, database, processes
from tests.real.test_registry_formats import INT, compiled, field, proto
from tests.stack_plugin import KafkaAccess

pytestmark = pytest.mark.real

# The Python client takes five bytes and fewer for no Avro at all, so the record has some text.
FIELDS = [{"name": "cents", "type": "long"}, {"name": "what", "type": "string"}]
AVRO = json.dumps({"type": "record", "name": "Paid", "fields": FIELDS})
JSON = json.dumps({"title": "Paid", "type": "object", "properties": {"cents": {"type": "integer"}}})
FILE = proto("paid.proto", "weir.paid")
field(FILE.message_type.add(name="Paid"), "cents", 1, INT)
PAID = compiled(FILE)["weir.paid.Paid"]
Pair = tuple[Callable[..., Any], Callable[..., Any], Any]


def avro(client: SchemaRegistryClient, write: dict[str, Any], read: dict[str, Any]) -> Pair:
    reader = AvroDeserializer(client, conf=read)
    return AvroSerializer(client, AVRO, conf=write), reader, {"cents": 1299, "what": "a parcel"}


def json_schema(client: SchemaRegistryClient, write: dict[str, Any], read: dict[str, Any]) -> Pair:
    reader = JSONDeserializer(JSON, schema_registry_client=client, conf=read)
    return JSONSerializer(JSON, client, conf=write), reader, {"cents": 1299}


def protobuf(client: SchemaRegistryClient, write: dict[str, Any], read: dict[str, Any]) -> Pair:
    reader = ProtobufDeserializer(PAID, conf=read, schema_registry_client=client)
    return ProtobufSerializer(PAID, client, conf=write), reader, PAID(cents=1299)


FORMATS = {"avro": avro, "json": json_schema, "protobuf": protobuf}


@pytest.fixture(scope="module")
def server(database_url: str) -> Iterator[Process]:
    with database(database_url) as url, processes(url, 1) as (one,):
        yield one


@pytest.mark.parametrize("guid", [False, True])
@pytest.mark.parametrize("name", FORMATS)
def test_it_arrives_as_it_was_sent(
    name: str, guid: bool, server: Process, kafka: KafkaAccess
) -> None:
    topic = unique(f"formats-{name}")
    admin = AdminClient(kafka.client_settings())
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(30)
    try:
        headers: list[Any] = []
        context = SerializationContext(topic, MessageField.VALUE, headers)
        with (
            SchemaRegistryClient({"url": server.url}) as writer,
            SchemaRegistryClient({"url": server.url}) as reader,
        ):
            to = {"schema.id.serializer": header_schema_id_serializer} if guid else {}
            from_ = {"schema.id.deserializer": dual_schema_id_deserializer}
            write, _, value = FORMATS[name](writer, to, {})
            _, read, _ = FORMATS[name](reader, {}, from_)
            send(kafka, topic, write(value, context), headers)
            message = received(kafka, topic)
            assert [key for key, _ in message.headers() or []] == ["__value_schema_id"] * guid
            told = SerializationContext(topic, MessageField.VALUE, message.headers() or [])
            assert read(message.value(), told) == value
    finally:
        admin.delete_topics([topic])[topic].result(30)


def send(kafka: KafkaAccess, topic: str, value: Any, headers: list[Any]) -> None:
    producer = Producer(kafka.client_settings())
    failures: list[object] = []
    producer.produce(
        topic, value, headers=headers, on_delivery=lambda error, _: failures.append(error)
    )
    assert producer.flush(30) == 0
    assert failures == [None]


def received(kafka: KafkaAccess, topic: str) -> Any:
    consumer = Consumer(
        {**kafka.client_settings(), "group.id": topic, "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    try:
        message = consumer.poll(60)
        assert message is not None
        assert message.error() is None
        return message
    finally:
        consumer.close()
