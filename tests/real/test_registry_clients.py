"""Unmodified clients against a real process, with a team's token."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal

import pytest
from confluent_kafka.schema_registry import Schema, SchemaReference, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext

from tests.real.registry_processes import Process, database, processes, run_manage

pytestmark = pytest.mark.real

TOKEN = """
from datetime import timedelta
from django.db import transaction
from django.utils import timezone
from governance import audit
from governance.actors import system_actor
from governance.models import Team
from governance.services import tokens
by = system_actor()
with transaction.atomic():
    team, _ = Team.objects.get_or_create(slug={team!r}, defaults=dict(name={team!r}))
    audit.record("team.created", by=by, about=team)
    token, plain = tokens.issue(name={name!r}, team=team, scopes=[{scope!r}],
        expires_at=timezone.now() + timedelta(days=1), by=by)
print("TOKEN", plain)
"""
REVOKE = """
from governance.actors import system_actor
from governance.models import ServiceToken
from governance.services import tokens
tokens.revoke(ServiceToken.objects.get(name={name!r}).pk, by=system_actor())
"""
PAYMENT = """{"type": "record", "name": "Payment", "namespace": "payments", "doc": "One payment.",
  "fields": [{"name": "id", "type": "string"},
             {"name": "amount", "type": {"type": "bytes", "logicalType": "decimal",
                                          "precision": 9, "scale": 2}},
             {"name": "note", "type": ["null", "string"], "default": null}]}"""


@pytest.fixture(scope="module")
def empty(database_url: str) -> Iterator[str]:
    with database(database_url) as url:
        yield url


@pytest.fixture(scope="module")
def server(empty: str) -> Iterator[Process]:
    with processes(empty, 1, anonymous="none") as (one,):
        yield one


@pytest.fixture(scope="module")
def token(empty: str) -> str:
    return make_token(empty, "client")


def make_token(
    database_url: str, name: str, *, team: str = "payments", scope: str = "registry:write"
) -> str:
    """The plain text of a new token of that team, which is made where it is not there."""
    script = TOKEN.format(name=name, team=team, scope=scope)
    said = run_manage(database_url, "shell", "-c", script)
    return next(line.split()[1] for line in said.splitlines() if line.startswith("TOKEN"))


@pytest.fixture
def client(server: Process, token: str) -> Iterator[SchemaRegistryClient]:
    access = {"url": server.url, "basic.auth.user.info": f"payments:{token}"}
    with SchemaRegistryClient(access) as client:
        yield client


def test_what_the_serializer_writes_the_deserializer_reads(client: SchemaRegistryClient) -> None:
    context = SerializationContext("payments.authorized", MessageField.VALUE)
    write = AvroSerializer(client, PAYMENT)
    value = {"id": "1", "amount": Decimal("12.50"), "note": None}
    sent = write(value, context)
    assert sent is not None
    assert sent[0] == 0
    assert AvroDeserializer(client)(sent, context) == value
    latest = client.get_latest_version("payments.authorized-value")
    assert (latest.version, latest.schema_id) == (1, int.from_bytes(sent[1:5], "big"))
    # Another process of the client that only looks up finds the same schema.
    quiet = AvroSerializer(client, PAYMENT, conf={"auto.register.schemas": False})
    assert quiet(value, context)[:5] == sent[:5]


def test_an_incompatible_schema_is_refused_with_the_field(client: SchemaRegistryClient) -> None:
    changed = PAYMENT.replace('"id", "type": "string"', '"id", "type": "long"')
    context = SerializationContext("payments.authorized", MessageField.VALUE)
    AvroSerializer(client, PAYMENT)({"id": "1", "amount": Decimal(1), "note": None}, context)
    with pytest.raises(SchemaRegistryError) as refusal:
        client.register_schema("payments.authorized-value", Schema(changed, "AVRO"))
    assert refusal.value.http_status_code == 409
    assert "field 'id' of payments.Payment" in refusal.value.error_message
    assert not client.test_compatibility("payments.authorized-value", Schema(changed, "AVRO"))


def test_references_config_and_lists(client: SchemaRegistryClient) -> None:
    client.register_schema("line", Schema('{"type":"record","name":"Line","fields":[]}', "AVRO"))
    order = Schema(
        '{"type":"record","name":"Order","fields":[{"name":"l","type":"Line"}]}',
        "AVRO",
        [SchemaReference("Line", "line", 1)],
    )
    number = client.register_schema("orders-value", order)
    references = client.get_schema(number).references
    assert references is not None
    assert references[0].subject == "line"
    assert client.lookup_schema("orders-value", order).schema_id == number
    assert {"line", "orders-value"} <= set(client.get_subjects())
    client.set_compatibility("orders-value", "FULL")
    assert client.get_compatibility("orders-value") == "FULL"
    assert client.get_versions("orders-value") == [1]
    assert client.delete_subject("orders-value") == [1]
    assert "orders-value" not in client.get_subjects()


def test_a_revoked_token_is_refused_within_a_second(server: Process, empty: str) -> None:
    bearer = {"authorization": f"Bearer {make_token(empty, 'revoked')}"}
    assert server.call("GET", "/subjects", headers=bearer)[0] == 200
    run_manage(empty, "shell", "-c", REVOKE.format(name="revoked"))
    revoked = asked = time.monotonic()
    while server.call("GET", "/subjects", headers=bearer)[0] != 401:
        assert asked < revoked + 1, "it was let in more than a second later"
        asked = time.monotonic()
    assert server.call("GET", "/subjects")[0] == 401


def test_probes_ask_for_no_credential(server: Process) -> None:
    assert server.call("GET", "/healthz") == (200, {"status": "alive"})
    assert server.call("GET", "/readyz")[0] == 200
    assert server.call("GET", "/metrics")[0] == 401
