"""Sensitive properties: readable on the wire, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.db import connection
from pytest_django import Settings as SettingsWrapper

from governance.models import Event
from tests.registry.rest.conftest import Wire, record

HIDDEN = "4929-1234"
METADATA = {"properties": {"card": HIDDEN, "team": "payments"}, "sensitive": ["card"]}


@pytest.fixture
def wire(db: None, settings: SettingsWrapper, tmp_path: Path) -> Wire:
    keys = tmp_path / "keys"
    keys.write_text(f"one:{Fernet.generate_key().decode()}\n")
    settings.SECRET_KEYS_FILE = str(keys)
    settings.REGISTRY_ANONYMOUS = "full"
    return Wire()


def stored() -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(string_agg(metadata::text, ''), '')"
            " || (SELECT coalesce(string_agg(\"values\"::text, ''), '') FROM registry_config)"
            " FROM registry_schema"
        )
        return str(cursor.fetchone()[0])


def test_a_schemas_property_is_encrypted_in_its_row(wire: Wire) -> None:
    made = wire.register("s", record(), metadata=METADATA)
    assert made.json["metadata"] == METADATA
    assert wire.get("/subjects/s/versions/1").json["metadata"] == METADATA
    assert HIDDEN not in stored()
    assert "payments" in stored()
    again = wire.register("s", record(), metadata=METADATA)
    assert (again.json["id"], again.json["version"]) == (made.json["id"], 1)
    assert wire.get("/subjects/s/metadata?key=card&value=" + HIDDEN).status == 200


def test_a_configs_property_is_encrypted_in_its_row_and_hidden_in_its_event(wire: Wire) -> None:
    answer = wire.put("/config/s", {"defaultMetadata": METADATA})
    assert answer.json["defaultMetadata"] == METADATA
    assert wire.get("/config/s").json["defaultMetadata"] == METADATA
    assert HIDDEN not in stored()
    assert wire.put("/config/s", {"normalize": True}).json["defaultMetadata"] == METADATA
    assert wire.register("s", record()).json["metadata"] == METADATA
    assert wire.delete("/config/s").json["defaultMetadata"] == METADATA
    events = list(Event.objects.values_list("data", flat=True))
    assert len(events) == 4
    assert HIDDEN not in str(events)


def test_without_its_key_the_rest_of_the_schema_is_read(
    wire: Wire, settings: SettingsWrapper
) -> None:
    wire.register("s", record(), metadata=METADATA)
    Path(settings.SECRET_KEYS_FILE).write_text(f"two:{Fernet.generate_key().decode()}\n")
    answer = wire.get("/subjects/s/versions/1")
    assert answer.status == 200
    assert answer.json["metadata"]["properties"] == {"card": "•••", "team": "payments"}


def test_a_server_without_keys_says_so(wire: Wire, settings: SettingsWrapper) -> None:
    settings.SECRET_KEYS_FILE = ""
    answer = wire.register("s", record(), metadata=METADATA)
    assert answer.code == 42205
    assert "WEIR_SECRET_KEYS_FILE" in answer.json["message"]
