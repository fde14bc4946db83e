"""Customer-profile enrichment: profiles are enriched by a stream in place of three calls.

Actors: Mara (platform reviewer, data steward), Jonas (owner of payments), and the new team
*profiles*: Asha (requester), Omar (owner). Programs: `profile-service`, the streams application
`enricher`, and `loyalty` of payments.
"""

from __future__ import annotations

import json

import pytest
from confluent_kafka.schema_registry import Schema
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError

from tests.real.people import eventually
from tests.real.scenarios.company import Company, grant, in_order, subject, topic, waiver

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("live")]

CHANGED, ENRICHED = "profiles.changed", "profiles.enriched"


def record(name: str, *fields: dict[str, object]) -> str:
    """An Avro schema of profiles."""
    key = {"name": "customerId", "type": "string"}
    return json.dumps(
        {"type": "record", "name": name, "namespace": "com.example.profiles",
         "fields": [key, *fields]}
    )  # fmt: skip


PROFILE = record("ProfileChanged", {"name": "city", "type": "string", "default": ""})
SEGMENT: dict[str, object] = {"name": "segment", "type": "string"}


def test_profiles_are_enriched_by_a_stream(company: Company) -> None:
    mara, jonas = company.person("mara"), company.person("jonas")

    # A new team with its people and programs. It names nobody on call yet.
    mara.post("/teams", {"slug": "profiles", "name": "Profiles"})
    omar = company.hires(mara, "omar", "profiles", "owner")
    asha = company.hires(mara, "asha", "profiles", "requester")
    service = company.runs(omar, "profiles", "profile-service")
    enricher = company.runs(omar, "profiles", "enricher")
    loyalty = company.runs(jonas, "payments", "loyalty")

    # Both topics, both schemas, and what each program may do, before any of it exists. For a topic
    # in production that pages nobody the platform team must agree as well as the owner.
    number = asha.asks(
        "profiles",
        "Three calls for every page become one stream.",
        topic(CHANGED, partitions=6, retention_ms="3 d"),
        topic(ENRICHED, partitions=6, cleanup_policy="compact"),
        subject(f"{CHANGED}-value", PROFILE),
        subject(f"{ENRICHED}-value", record("ProfileEnriched", {**SEGMENT, "default": ""})),
        grant("profile-service", "producer", CHANGED, purpose="Tells what a customer changed"),
        grant("enricher", "streams", "profiles.*", access="both", purpose="Adds the segment"),
    )
    assert asha.must_agree(number) == {"owner:profiles", "platform"}
    omar.agrees(number)
    assert company.partitions(CHANGED) == 0
    mara.agrees(number)
    asha.sees_applied(number)

    # An unmodified client writes and reads; the enricher does both.
    change = {"customerId": "c-1", "city": "Ulm"}
    serialize = AvroSerializer(service.registry, PROFILE)
    eventually(lambda: service.writes(CHANGED, change, serialize) == "delivered")
    eventually(lambda: enricher.reads(CHANGED, AvroDeserializer(enricher.registry)) == change)
    rich = {"customerId": "c-1", "segment": "gold"}
    schema = record("ProfileEnriched", {**SEGMENT, "default": ""})
    enriched = AvroSerializer(enricher.registry, schema)
    eventually(lambda: enricher.writes(ENRICHED, rich, enriched) == "delivered")
    assert service.writes(ENRICHED, rich, enriched) == "denied"

    # A segment without a default would break whoever reads older records: the wire refuses it.
    broken = record("ProfileEnriched", {**SEGMENT, "default": ""}, {"name": "r", "type": "long"})
    with pytest.raises(SchemaRegistryError) as refused:
        enricher.registry.register_schema(f"{ENRICHED}-value", Schema(broken, "AVRO"))
    assert refused.value.http_status_code == 409

    # Loyalty wants to read for good. The rule says that access to production ends; what a person
    # may grant an exception from, the platform team grants. The owner of the topic still agrees.
    assert loyalty.reads(ENRICHED, AvroDeserializer(loyalty.registry)) == "denied"
    for_good = grant("loyalty", "consumer", ENRICHED, ends="never", purpose="Points by segment")
    priya = company.person("priya")
    access = priya.drafts("payments", "Points follow the segment.", for_good)
    why = priya.is_refused(f"/requests/{access}/submit", code="refused")
    assert "Access to production ends by itself" in why
    exception = waiver(
        "production-access-ends", "grant", f"loyalty/consumer/{ENRICHED}", reason="Until renewals."
    )
    priya.edits(access, for_good, exception)
    priya.submits(access)
    assert priya.must_agree(access) == {"owner:profiles", "platform"}
    jonas.is_refused(f"/requests/{access}/approve", {"revision": 2}, code="not_allowed")
    omar.agrees(access)
    mara.agrees(access)
    priya.sees_applied(access)
    eventually(lambda: loyalty.reads(ENRICHED, AvroDeserializer(loyalty.registry)) == rich)

    # How it ends.
    eventually(lambda: company.configs(ENRICHED) == {"cleanup.policy": "compact"})
    assert company.lines(service) == {("TOPIC", CHANGED, "WRITE")}
    assert {("TOPIC", "profiles.", "READ"), ("TOPIC", "profiles.", "WRITE")} <= company.lines(
        enricher
    )
    assert company.lines(loyalty) == {("TOPIC", ENRICHED, "READ"), ("GROUP", "loyalty", "READ")}
    assert enricher.registry.get_latest_version(f"{ENRICHED}-value").version == 1
    assert in_order(
        company.story(access),
        ("priya", "request.submitted"),
        ("omar", "request.reviewed"),
        ("mara", "request.reviewed"),
        ("worker", "request.applied"),
    )
    company.audit_is_intact()
