"""Rules that clients carry out (CEL, JSONata), metadata and associated names, by the unmodified
client through a real process: what the registry keeps is what the client acts by."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from confluent_kafka.schema_registry import (
    Metadata,
    MetadataProperties,
    MetadataTags,
    Rule,
    RuleKind,
    RuleMode,
    RuleParams,
    RuleSet,
    Schema,
    SchemaReference,
    SchemaRegistryClient,
    ServerConfig,
)
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.schema_registry.rule_registry import RuleRegistry
from confluent_kafka.schema_registry.rules.cel.cel_executor import CelExecutor
from confluent_kafka.schema_registry.rules.cel.cel_field_executor import CelFieldExecutor
from confluent_kafka.schema_registry.rules.jsonata.jsonata_executor import JsonataExecutor
from confluent_kafka.schema_registry.serde import RuleConditionError, RuleExecutor
from confluent_kafka.serialization import MessageField, SerializationContext, SerializationError

from tests.real.registry_processes import Process, database, processes

pytestmark = pytest.mark.real
USE_LATEST = {"auto.register.schemas": False, "use.latest.version": True}
SSN = {"name": "ssn", "type": "string", "confluent:tags": ["PII"]}


@pytest.fixture(scope="module", autouse=True)
def executors() -> None:
    kinds: list[Callable[[], RuleExecutor]] = [CelExecutor, CelFieldExecutor, JsonataExecutor]
    for kind in kinds:
        RuleRegistry.register_rule_executor(kind())


@pytest.fixture(scope="module")
def server(database_url: str) -> Iterator[Process]:
    with database(database_url) as url, processes(url, 1) as (one,):
        yield one


@pytest.fixture
def new_client(server: Process) -> Iterator[Callable[[], SchemaRegistryClient]]:
    """Clients that remember nothing yet."""
    with ExitStack() as made:
        yield lambda: made.enter_context(SchemaRegistryClient({"url": server.url}))


def of(topic: str) -> SerializationContext:
    return SerializationContext(topic, MessageField.VALUE, [])


def about(tags: MetadataTags | None = None, **properties: str) -> Metadata:
    return Metadata(tags=tags, properties=MetadataProperties(properties), sensitive=[])


def person(*fields: dict[str, Any], name: str = "Person") -> str:
    return json.dumps({"type": "record", "name": name, "fields": list(fields)})


def rule(name: str, type_: str, expr: str, mode: RuleMode, **more: Any) -> Rule:
    kind = more.pop("kind", RuleKind.TRANSFORM)
    return Rule(
        name=name,
        doc=None,
        kind=kind,
        mode=mode,
        type=type_,
        tags=more.pop("tags", None),
        params=RuleParams({}),
        expr=expr,
        on_success=None,
        on_failure=None,
        disabled=False,
    )


def domain(*rules: Rule) -> RuleSet:
    return RuleSet(migration_rules=None, domain_rules=list(rules))


Clients = Callable[[], SchemaRegistryClient]


def test_a_condition_is_kept_and_refuses_what_breaks_it(new_client: Clients) -> None:
    old = rule("adult", "CEL", "message.age >= 18", RuleMode.WRITE, kind=RuleKind.CONDITION)
    schema = Schema(person({"name": "age", "type": "int"}), "AVRO", rule_set=domain(old))
    new_client().register_schema("people-value", schema)

    write = AvroSerializer(new_client(), conf=USE_LATEST)
    read = AvroDeserializer(new_client())
    sent = write({"age": 30}, of("people"))
    assert read(sent, of("people")) == {"age": 30}
    with pytest.raises(SerializationError) as refused:
        write({"age": 3}, of("people"))
    assert isinstance(refused.value.__cause__, RuleConditionError)


@pytest.mark.parametrize("inline", [True, False])
def test_tagged_fields_are_changed_by_inline_tags_and_by_metadata(
    new_client: Clients, inline: bool
) -> None:
    hide = rule(
        "hide",
        "CEL_FIELD",
        "typeName == 'STRING' ; value + '-hidden'",
        RuleMode.WRITE,
        tags=["PII"],
    )
    topic = f"tagged-{inline}"
    field = SSN if inline else {"name": "ssn", "type": "string"}
    tags = None if inline else MetadataTags({"Person.ssn": ["PII"]})
    metadata = about(tags, owner="payments")
    text = person(field, {"name": "city", "type": "string"})
    schema = Schema(text, "AVRO", metadata=metadata, rule_set=domain(hide))
    new_client().register_schema(f"{topic}-value", schema)

    sent = AvroSerializer(new_client(), conf=USE_LATEST)({"ssn": "1", "city": "Ulm"}, of(topic))
    found = AvroDeserializer(new_client())(sent, of(topic))
    assert found == {"ssn": "1-hidden", "city": "Ulm"}
    kept = new_client().get_latest_with_metadata(f"{topic}-value", {"owner": "payments"})
    assert kept.schema.metadata == metadata


def test_json_values_are_changed_by_rules_too(new_client: Clients) -> None:
    text = json.dumps(
        {
            "title": "Person",
            "type": "object",
            "properties": {"ssn": {"type": "string", "confluent:tags": ["PII"]}},
        }
    )
    hide = rule("hide", "CEL_FIELD", "value + '!'", RuleMode.WRITE, tags=["PII"])
    schema = Schema(text, "JSON", rule_set=domain(hide))
    new_client().register_schema("json-people-value", schema)
    write = JSONSerializer(text, new_client(), conf=USE_LATEST)
    read = JSONDeserializer(text, schema_registry_client=new_client())
    sent = write({"ssn": "1"}, of("json-people"))
    assert read(sent, of("json-people")) == {"ssn": "1!"}


def test_migrations_lead_from_one_major_version_to_the_next(new_client: Clients) -> None:
    """Two groups of versions that need not be compatible; each reader names its own."""
    subject = "moved-value"
    client = new_client()
    client.set_config(subject, ServerConfig(compatibility_group="major"))

    def version(field: str, major: str, rules: RuleSet | None) -> None:
        text = person({"name": field, "type": "string"})
        schema = Schema(text, "AVRO", metadata=about(major=major), rule_set=rules)
        client.register_schema(subject, schema)

    version("size", "1", None)
    up = "$merge([$sift($, function($v, $k) {$k != 'size'}), {'height': $.'size'}])"
    down = "$merge([$sift($, function($v, $k) {$k != 'height'}), {'size': $.'height'}])"
    upgrade = rule("up", "JSONATA", up, RuleMode.UPGRADE)
    downgrade = rule("down", "JSONATA", down, RuleMode.DOWNGRADE)
    version("height", "2", RuleSet(migration_rules=[upgrade, downgrade], domain_rules=None))

    def conf(major: str) -> dict[str, Any]:
        return {"use.latest.with.metadata": {"major": major}}

    def writes(major: str, value: dict[str, str]) -> bytes | None:
        how = {"auto.register.schemas": False, **conf(major)}
        sent: bytes | None = AvroSerializer(new_client(), conf=how)(value, of("moved"))
        return sent

    def reads(major: str, sent: bytes | None) -> object:
        return AvroDeserializer(new_client(), conf=conf(major))(sent, of("moved"))

    old, new = writes("1", {"size": "L"}), writes("2", {"height": "tall"})
    assert reads("1", old) == {"size": "L"}
    assert reads("2", old) == {"height": "L"}
    assert reads("1", new) == {"size": "tall"}
    assert reads("2", new) == {"height": "tall"}


def test_references_of_avro_are_found_by_reader_and_writer(new_client: Clients) -> None:
    client = new_client()
    client.register_schema("Money", Schema(person({"name": "v", "type": "long"}, name="Money")))
    text = person({"name": "total", "type": "Money"}, name="Order")
    schema = Schema(text, "AVRO", references=[SchemaReference("Money", "Money", 1)])
    write, read = AvroSerializer(client, schema), AvroDeserializer(new_client())
    sent = write({"total": {"v": 7}}, of("bills"))
    assert read(sent, of("bills")) == {"total": {"v": 7}}
    assert new_client().get_referenced_by("Money", 1) == [
        client.get_latest_version("bills-value").schema_id
    ]


def test_the_subject_associated_with_a_topic_is_used(server: Process, new_client: Clients) -> None:
    text = person({"name": "age", "type": "int"}, name="Shared")
    new_client().register_schema("shared.Person", Schema(text))
    named = {"resourceName": "census", "resourceNamespace": "lkc-1", "resourceId": "lkc-1:census"}
    weak = {"subject": "shared.Person", "associationType": "value", "lifecycle": "WEAK"}
    body = {**named, "resourceType": "topic", "associations": [weak]}
    assert server.call("POST", "/associations", body)[0] == 200

    conf = {
        **USE_LATEST,
        "subject.name.strategy.type": "ASSOCIATED",
        "subject.name.strategy.conf": {"kafka.cluster.id": "lkc-1"},
    }
    sent = AvroSerializer(new_client(), conf=conf)({"age": 5}, of("census"))
    assert AvroDeserializer(new_client())(sent, of("census")) == {"age": 5}
    assert "census-value" not in new_client().get_subjects()
    (found,) = new_client().get_associations_by_resource_name("census", "lkc-1", "topic")
    assert (found.subject, found.association_type) == ("shared.Person", "value")


def test_a_rule_that_encrypts_comes_back_as_it_was(new_client: Clients) -> None:
    params = RuleParams({"encrypt.kek.name": "kek1", "encrypt.kms.type": "local-kms"})
    secret = Rule(
        name="secret",
        doc=None,
        kind=RuleKind.TRANSFORM,
        mode=RuleMode.WRITEREAD,
        type="ENCRYPT",
        tags=["PII"],
        params=params,
        expr=None,
        on_success=None,
        on_failure="ERROR,NONE",
        disabled=False,
    )
    schema = Schema(person(SSN), "AVRO", rule_set=domain(secret))
    new_client().register_schema("secret-value", schema)
    kept = new_client().get_latest_version("secret-value").schema.rule_set
    assert kept is not None
    assert kept.domain_rules is not None
    (found,) = kept.domain_rules
    assert (found.type, found.mode, found.tags, found.params) == (
        "ENCRYPT",
        RuleMode.WRITEREAD,
        ["PII"],
        params,
    )
