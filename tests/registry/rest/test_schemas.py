"""Rows of the API about ids, guids and lists of schemas."""

from __future__ import annotations

from tests.registry.rest.conftest import Wire, record

ONE = record("R", ("a", "string"))
TWO = record("R", ("a", "string"), ("b", "int", 0))


def test_get_schemas_types(wire: Wire) -> None:
    assert wire.get("/schemas/types").json == ["AVRO", "JSON", "PROTOBUF"]


def test_get_schemas_ids(wire: Wire) -> None:
    wire.register("s", ONE)
    found = wire.get("/schemas/ids/1?fetchMaxId=false&subject=s").json
    assert set(found) == {"subject", "version", "guid", "schemaType", "schema", "ts", "deleted"}
    assert wire.get("/schemas/ids/1?fetchMaxId=true").json["maxId"] == 1
    assert wire.get("/schemas/ids/2").code == 40403
    assert wire.get("/schemas/ids/-1").code == 40403
    assert wire.get("/schemas/ids/99999999999").code == 404
    assert wire.get("/schemas/ids/abc").code == 404


def test_the_subject_selects_the_context(wire: Wire) -> None:
    wire.register("s", ONE)
    wire.register(":.eu:s2", TWO)
    assert wire.get("/schemas/ids/1?subject=s").json["subject"] == "s"
    assert wire.get("/schemas/ids/1?subject=:.eu:").json["subject"] == ":.eu:s2"
    assert wire.get("/schemas/ids/1?subject=:.eu:other").code == 40403
    assert wire.get("/schemas/ids/1?subject=s2").json["subject"] == ":.eu:s2"


def test_get_schemas_ids_schema(wire: Wire) -> None:
    wire.register("s", ONE)
    assert wire.get("/schemas/ids/1/schema").json == ONE
    assert wire.get("/schemas/ids/2/schema").code == 40403


def test_get_schemas_ids_subjects_and_versions(wire: Wire) -> None:
    wire.register("a", ONE)
    wire.register("b", ONE)
    assert wire.get("/schemas/ids/1/subjects").json == ["a", "b"]
    assert wire.get("/schemas/ids/1/versions").json == [
        {"subject": "a", "version": 1},
        {"subject": "b", "version": 1},
    ]
    wire.delete("/subjects/a")
    wire.delete("/subjects/b")
    assert wire.get("/schemas/ids/1/subjects").json == []
    assert wire.get("/schemas/ids/1/subjects?deleted=true").json == ["a", "b"]
    assert wire.get("/schemas/ids/9/subjects").code == 40403


def test_get_schemas_guids(wire: Wire) -> None:
    guid = wire.register("s", ONE).json["guid"]
    wire.register(":.eu:x", TWO)
    wire.register(":.eu:s", ONE)
    found = wire.get(f"/schemas/guids/{guid}").json
    assert set(found) == {"guid", "schemaType", "schema", "ts", "deleted"}
    assert wire.get(f"/schemas/guids/{guid}/ids").json == [
        {"context": ".", "id": 1},
        {"context": ".eu", "id": 2},
    ]
    other = "00000000-0000-0000-0000-000000000000"
    assert wire.get(f"/schemas/guids/{other}").code == 40403
    assert wire.get("/schemas/guids/nonsense").code == 40403
    assert wire.get(f"/schemas/guids/{other}/ids").json == []


def test_get_schemas(wire: Wire) -> None:
    wire.register("b", ONE)
    wire.register("a", ONE)
    wire.register("a", TWO)
    listed = wire.get("/schemas").json
    assert [(s["subject"], s["version"]) for s in listed] == [("a", 1), ("a", 2), ("b", 1)]
    latest = wire.get("/schemas?latestOnly=true&subjectPrefix=a").json
    assert [(s["subject"], s["version"]) for s in latest] == [("a", 2)]
    assert len(wire.get("/schemas?offset=1&limit=1").json) == 1
    wire.delete("/subjects/b")
    assert len(wire.get("/schemas").json) == 2
    assert len(wire.get("/schemas?deleted=true").json) == 3
