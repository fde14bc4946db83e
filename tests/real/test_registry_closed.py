"""A closed registry, for unmodified clients of two teams at two processes."""

from __future__ import annotations

from decimal import Decimal

import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext

from tests.real.registry_processes import Process, database, processes, run_manage
from tests.real.test_registry_clients import PAYMENT, make_token

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

GIVE = """
from governance.actors import system_actor
from registry import rights
from registry.covering import Covered
rights.give(rights.Holder("billing"), Covered(".", "payments.", prefix=True), ["read"],
    by=system_actor())
"""
TAKE = """
from governance.actors import system_actor
from registry import rights
from registry.models import SubjectRight
rights.take(SubjectRight.objects.get().pk, by=system_actor())
"""
CONTEXT = SerializationContext("payments.authorized", MessageField.VALUE)
VALUE = {"id": "1", "amount": Decimal("12.50"), "note": None}


def client(server: Process, who: str) -> SchemaRegistryClient:
    """One that remembers nothing yet."""
    return SchemaRegistryClient({"url": server.url, "basic.auth.user.info": who})


def test_a_deserializer_reads_what_its_team_was_let_read(database_url: str, redis_url: str) -> None:
    with database(database_url) as url:
        writer = f"payments:{make_token(url, 'writer')}"
        token = make_token(url, "reader", team="billing", scope="registry:read")
        reader = f"billing:{token}"
        closed = processes(url, 2, anonymous="none", WEIR_REGISTRY_RIGHTS="closed")
        with closed as servers:
            with client(servers[0], writer) as own:
                sent = AvroSerializer(own, PAYMENT)(VALUE, CONTEXT)
                assert AvroDeserializer(own)(sent, CONTEXT) == VALUE
                assert own.get_subjects() == ["payments.authorized-value"]

            def read() -> list[object]:
                found: list[object] = []
                for server in servers:
                    with client(server, reader) as other:
                        try:
                            found.append(AvroDeserializer(other)(sent, CONTEXT))
                        except SchemaRegistryError as error:
                            found.append(error.http_status_code)
                        found.append(other.get_subjects())
                return found

            assert read() == [403, [], 403, []]
            run_manage(url, "shell", "-c", GIVE)
            assert read() == [VALUE, ["payments.authorized-value"]] * 2
            run_manage(url, "shell", "-c", TAKE)
            assert read() == [403, [], 403, []]
