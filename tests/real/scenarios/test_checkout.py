"""Checkout flow: the call from checkout to dispatch becomes an event.

Actors: Priya (payments, requester), Jonas (owner of payments and of logistics), Mara (logistics,
requester; platform reviewer), Ines (auditor); the programs `order-service` and `dispatch`.
"""

from __future__ import annotations

import json

import pytest
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer

from tests.real.people import eventually
from tests.real.scenarios.company import Company, grant, in_order, subject, topic, waiver

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("live")]

PLACED = "payments.order-placed"
HISTORY = "payments.order-history"
SCHEMA = json.dumps(
    {
        "type": "record",
        "name": "OrderPlaced",
        "namespace": "com.example.payments",
        "fields": [
            {"name": "orderId", "type": "string"},
            {"name": "amountCents", "type": "long"},
            {"name": "currency", "type": "string", "default": "EUR"},
        ],
    }
)
ORDER = {"orderId": "o-1", "amountCents": 4990, "currency": "EUR"}


def test_the_call_from_checkout_to_dispatch_becomes_an_event(company: Company) -> None:
    priya, jonas, mara = (company.person(name) for name in ("priya", "jonas", "mara"))
    orders = company.runs(jonas, "payments", "order-service")
    dispatch = company.runs(jonas, "logistics", "dispatch")
    serialize = AvroSerializer(
        orders.registry, SCHEMA, conf={"auto.register.schemas": False, "use.latest.version": True}
    )

    # Priya asks for topic, schema and access in one, with far more partitions than anybody needs.
    stream = topic(PLACED, partitions=90, retention_ms="7 d")
    rest = [
        subject(f"{PLACED}-value", SCHEMA),
        grant("order-service", "producer", PLACED, purpose="Tells that an order was placed"),
    ]
    number = priya.drafts("payments", "Dispatch is called while customers wait.", stream, *rest)
    why = priya.is_refused(f"/requests/{number}/submit", code="refused")
    assert "90 partitions are more than production allows" in why
    assert company.partitions(PLACED) == 0

    # With six it goes to review. She cannot agree to her own; Jonas, who owns payments, can.
    priya.edits(number, topic(PLACED, partitions=6, retention_ms="7 d"), *rest)
    priya.submits(number)
    assert priya.must_agree(number) == {"owner:payments"}
    why = priya.is_refused(f"/requests/{number}/approve", {"revision": 2}, code="not_allowed")
    assert "wrote or edited" in why
    assert company.lines(orders) == set()
    jonas.agrees(number)
    priya.sees_applied(number)

    # The producer works now. Dispatch is denied until the owner of the *topic* lets it read.
    eventually(lambda: orders.writes(PLACED, ORDER, serialize) == "delivered")
    deserialize = AvroDeserializer(dispatch.registry)
    assert dispatch.reads(PLACED, deserialize) == "denied"
    reading = grant("dispatch", "consumer", PLACED, ends="30 d", purpose="Packs what was ordered")
    access = mara.asks("logistics", "Parcels are packed as soon as an order is placed.", reading)
    assert mara.must_agree(access) == {"owner:payments"}
    jonas.agrees(access)
    mara.sees_applied(access)
    eventually(lambda: dispatch.reads(PLACED, deserialize) == ORDER)

    # The year's history needs more partitions than the rule allows: Priya asks for an exception
    # along with it. Mara grants that for the platform team, Jonas agrees as owner.
    many = topic(HISTORY, partitions=64, cleanup_policy="compact")
    refused = priya.drafts("payments", "A year of orders, rebuilt in an hour.", many)
    priya.is_refused(f"/requests/{refused}/submit", code="refused")
    measured = waiver("partitions", "topic", HISTORY, reason="Measured: 64 readers at 5 MB/s.")
    priya.edits(refused, many, measured)
    priya.submits(refused)
    assert priya.must_agree(refused) == {"owner:payments", "platform"}
    jonas.agrees(refused)
    assert priya.must_agree(refused) == {"platform"}
    mara.agrees(refused)
    priya.sees_applied(refused)

    # How it ends: on the broker, in the registry, in the audit.
    eventually(lambda: company.partitions(PLACED) == 6)
    assert company.configs(PLACED) == {"retention.ms": "604800000"}
    eventually(lambda: company.partitions(HISTORY) == 64)
    assert company.configs(HISTORY) == {"cleanup.policy": "compact"}
    assert company.lines(orders) == {("TOPIC", PLACED, "WRITE")}
    assert company.lines(dispatch) == {("TOPIC", PLACED, "READ"), ("GROUP", "dispatch", "READ")}
    assert dispatch.registry.get_latest_version(f"{PLACED}-value").version == 1
    assert in_order(
        company.story(number),
        ("priya", "request.created"),
        ("priya", "request.edited"),
        ("priya", "request.submitted"),
        ("jonas", "request.reviewed"),
        ("worker", "request.applied"),
    )
    assert ("worker", "waiver.granted") in company.story(refused)
    company.audit_is_intact()
