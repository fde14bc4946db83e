"""Device telemetry: a pipeline whose schemas are changed by request, through unmodified clients.

Actors: Mara (platform reviewer, data steward) and the new team *devices*: Lena (requester), Theo
(owner). Programs: `gateway` of devices, which writes what devices measure, and `repair` of
logistics, which reads all of it.
"""

from __future__ import annotations

import json

import pytest
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from tests.real.people import eventually
from tests.real.scenarios.company import Company, grant, in_order, topic, waiver

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("live")]

MEASURED, DEAD = "devices.telemetry", "devices.telemetry.dead-letters"
SCHEMA = json.dumps(
    {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Telemetry",
        "type": "object",
        "additionalProperties": False,
        "required": ["device", "celsius"],
        "properties": {"device": {"type": "string"}, "celsius": {"type": "number"}},
    }
)
MEASURE = {"device": "d-7", "celsius": 21.5}


def test_what_devices_measure_is_a_governed_stream(company: Company) -> None:
    mara, jonas = company.person("mara"), company.person("jonas")
    mara.post("/teams", {"slug": "devices", "name": "Devices", "on_call": "dev-primary"})
    theo = company.hires(mara, "theo", "devices", "owner")
    lena = company.hires(mara, "lena", "devices", "requester")
    gateway = company.runs(theo, "devices", "gateway")
    repair = company.runs(jonas, "logistics", "repair")

    # Their schemas are changed by request alone, whoever's client registers them.
    place = {"subject": "devices.", "prefix": True, "level": "by_request"}
    mara.puts("/gates", place)

    # Lena asks for the stream and for the topic of what cannot be read. A thousand devices and a
    # rule that says 60 partitions: she asks for an exception with it, and two people agree.
    wide = topic(MEASURED, partitions=72, retention_ms="12 h", compression_type="zstd")
    dead = topic(DEAD, partitions=1, retention_ms="14 d")
    writing = grant("gateway", "producer", "devices.*", purpose="Writes what devices measure")
    number = lena.drafts("devices", "Polling every device does not scale.", wide, dead, writing)
    why = lena.is_refused(f"/requests/{number}/submit", code="refused")
    assert "72 partitions" in why
    measured = waiver("partitions", "topic", MEASURED, reason="1,000 devices, measured in June.")
    lena.edits(number, wide, dead, writing, measured)
    lena.submits(number)
    assert lena.must_agree(number) == {"owner:devices", "platform"}
    theo.agrees(number)
    mara.agrees(number)
    lena.sees_applied(number)

    # The gateway's own client registers its schema: it is told whose agreement that needs, with the
    # same request however often it tries, and goes on by itself once it was given.
    context = SerializationContext(MEASURED, MessageField.VALUE)

    def serialize(value: object, inside: SerializationContext) -> bytes | None:
        with_schema = JSONSerializer(SCHEMA, gateway.registry)
        done: bytes | None = with_schema(value, inside)
        return done

    told = set()
    for _ in range(3):
        with pytest.raises(SchemaRegistryError) as refused:
            serialize(MEASURE, context)
        told.add(refused.value.error_message)
    (message,) = told
    assert refused.value.http_status_code == 403
    assert "an approver or owner of devices" in message
    asked = int(message.split("/requests/")[1].split("/")[0])
    lena.is_refused(f"/requests/{asked}/approve", {"revision": 1}, code="not_allowed")
    theo.agrees(asked)
    lena.sees_applied(asked)
    eventually(lambda: gateway.writes(MEASURED, MEASURE, serialize) == "delivered")

    # Repair wants everything on the cluster, and is told no; it may have what devices measure.
    deserialize = JSONDeserializer(SCHEMA)
    assert repair.reads(MEASURED, deserialize) == "denied"
    everything = grant("repair", "consumer", "*", purpose="Finds what is about to break")
    greedy = mara.drafts("logistics", "Broken devices are replaced.", everything)
    why = mara.is_refused(f"/requests/{greedy}/submit", code="refused")
    assert "would reach every topic" in why
    mara.edits(greedy, grant("repair", "consumer", MEASURED, purpose="Finds what will break"))
    mara.submits(greedy)
    assert mara.must_agree(greedy) == {"owner:devices"}
    jonas.is_refused(f"/requests/{greedy}/approve", {"revision": 2}, code="not_allowed")
    theo.agrees(greedy)
    mara.sees_applied(greedy)
    eventually(lambda: repair.reads(MEASURED, deserialize) == MEASURE)

    # How it ends.
    eventually(lambda: company.partitions(MEASURED) == 72)
    assert company.configs(MEASURED) == {"retention.ms": "43200000", "compression.type": "zstd"}
    assert company.configs(DEAD) == {"retention.ms": "1209600000"}
    assert company.lines(gateway) == {("TOPIC", "devices.", "WRITE")}
    assert company.lines(repair) == {("TOPIC", MEASURED, "READ"), ("GROUP", "repair", "READ")}
    assert gateway.registry.get_latest_version(f"{MEASURED}-value").version == 1
    assert in_order(
        company.story(asked),
        ("devices/gateway", "request.submitted"),
        ("theo", "request.reviewed"),
        ("worker", "request.applied"),
    )
    assert ("worker", "waiver.granted") in company.story(number)
    company.audit_is_intact()
