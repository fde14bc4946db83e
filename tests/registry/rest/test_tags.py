"""Inline tags, names that are reserved, and the formats, through the wire API."""

from __future__ import annotations

import json

import pytest

from tests.registry.rest.conftest import Answer, Wire

AVRO = {
    "type": "record",
    "name": "R",
    "namespace": "n",
    "fields": [{"name": "a", "type": "string"}, {"name": "b", "type": "int"}],
}
JSON = {"type": "object", "properties": {"a": {"type": "string"}}}
PROTO = 'syntax = "proto3";\nimport "confluent/meta.proto";\nmessage R { string a = 1; }'
# Format, schema, path of the record, path of its field a.
FORMATS = [
    ("AVRO", json.dumps(AVRO), "n.R", "n.R.a"),
    ("JSON", json.dumps(JSON), "object", "object.a"),
    ("PROTOBUF", PROTO, "R", "R.a"),
]


def entity(path: str, kind: str = "sr_field") -> dict[str, str]:
    return {"entityPath": path, "entityType": kind}


def tags(path: str, *names: str, kind: str = "sr_field") -> dict[str, object]:
    return {"schemaEntity": entity(path, kind), "tags": list(names)}


def register(wire: Wire, type_: str, schema: str, **more: object) -> Answer:
    body = {"schemaType": type_, "schema": schema, **more}
    return wire.post("/subjects/s/versions", body)


@pytest.mark.parametrize(("type_", "schema", "record", "field"), FORMATS)
class TestTags:
    def test_post_subjects_versions_version_tags(
        self, wire: Wire, type_: str, schema: str, record: str, field: str
    ) -> None:
        register(wire, type_, schema)
        body = {
            "newVersion": 2,
            "tagsToAdd": [tags(field, "PII", "NAME"), tags(record, "ROOT", kind="sr_record")],
        }
        made = wire.post("/subjects/s/versions/1/tags", body)
        assert (made.status, made.json["version"]) == (200, 2)
        assert made.json["metadata"] == {"properties": {"confluent:version": "2"}}
        found = wire.get("/subjects/s/versions/2?findTags=PII").json["schemaTags"]
        assert found == [tags(field, "PII", "NAME")]
        every = wire.get(f"/schemas/ids/{made.json['id']}?subject=s&findTags=*").json["schemaTags"]
        assert len(every) == 2
        assert "schemaTags" not in wire.get("/subjects/s/versions/2").json
        assert "schemaTags" not in wire.get("/subjects/s/versions/1?findTags=*").json

        body = {"newVersion": 3, "tagsToRemove": [tags(field, "NAME")]}
        assert wire.post("/subjects/s/versions/latest/tags", body).json["version"] == 3
        found = wire.get("/subjects/s/versions/3?findTags=PII").json["schemaTags"]
        assert found == [tags(field, "PII")]

    def test_a_path_that_leads_nowhere(
        self, wire: Wire, type_: str, schema: str, record: str, field: str
    ) -> None:
        register(wire, type_, schema)
        body = {"newVersion": 2, "tagsToAdd": [tags(f"{field}.nowhere", "PII")]}
        assert wire.post("/subjects/s/versions/1/tags", body).code == 42201

    def test_tags_in_a_registration(
        self, wire: Wire, type_: str, schema: str, record: str, field: str
    ) -> None:
        made = register(wire, type_, schema, schemaTagsToAdd=[tags(field, "PII")])
        assert made.status == 200
        found = wire.get("/subjects/s/versions/1?findTags=*").json["schemaTags"]
        assert found == [tags(field, "PII")]

        wider = schema.replace("string a = 1;", "string a = 1; string c = 2;")
        wider = wider.replace('"properties": {', '"additionalProperties": true, "properties": {')
        wider = wider.replace('"fields": [', '"doc": "d", "fields": [')
        assert register(wire, type_, wider, propagateSchemaTags=True).json["version"] == 2
        found = wire.get("/subjects/s/versions/2?findTags=*").json["schemaTags"]
        assert found == [tags(field, "PII")]


class TestTagRequests:
    path = "/subjects/s/versions/1/tags"

    @pytest.fixture(autouse=True)
    def there(self, wire: Wire) -> None:
        register(wire, "AVRO", json.dumps(AVRO))

    def test_what_is_not_there(self, wire: Wire) -> None:
        assert wire.post("/subjects/t/versions/1/tags", {}).code == 40401
        assert wire.post("/subjects/s/versions/9/tags", {}).code == 40402
        assert wire.post("/subjects/s/versions/x/tags", {}).code == 42202
        assert wire.post(self.path).code == 422

    @pytest.mark.parametrize(
        "body",
        [
            {"tagsToAdd": "x"},
            {"tagsToAdd": [1]},
            {"tagsToAdd": [{"tags": ["A"]}]},
            {"tagsToAdd": [{"schemaEntity": {"entityPath": "a", "entityType": "x"}, "tags": []}]},
            {"tagsToAdd": [{"schemaEntity": entity("n.R.a"), "tags": [[]]}]},
            {"rulesToRemove": "x"},
            {"newVersion": "x"},
        ],
    )
    def test_another_structure(self, wire: Wire, body: object) -> None:
        assert wire.post(self.path, body).code == 400

    def test_the_number_must_be_the_next(self, wire: Wire) -> None:
        body = {"newVersion": 7, "tagsToAdd": [tags("n.R.a", "PII")]}
        assert wire.post(self.path, body).code == 42201

    def test_rules_are_merged_and_removed(self, wire: Wire) -> None:
        rule = {"name": "one", "kind": "CONDITION", "mode": "WRITE", "type": "CEL", "expr": "true"}
        two = {**rule, "name": "two"}
        both = {"newVersion": 2, "rulesToMerge": {"domainRules": [rule, two]}}
        assert wire.post(self.path, both).json["version"] == 2
        less = {"newVersion": 3, "rulesToRemove": ["one"]}
        made = wire.post("/subjects/s/versions/2/tags", less).json
        assert [r["name"] for r in made["ruleSet"]["domainRules"]] == ["two"]
        wrong = {"newVersion": 4, "ruleSet": {}, "rulesToRemove": ["one"]}
        assert wire.post("/subjects/s/versions/2/tags", wrong).code == 42210


class TestReservedFields:
    def test_a_reserved_name_stays_so_and_is_not_used(self, wire: Wire) -> None:
        wire.put("/config/s", {"validateFields": True, "compatibility": "NONE"})
        reserved = {"properties": {"confluent:reserved": "x, y"}}
        assert register(wire, "AVRO", json.dumps(AVRO), metadata=reserved).status == 200
        other = {**AVRO, "doc": "d"}
        lost = {"properties": {"confluent:reserved": "x"}}
        answer = register(wire, "AVRO", json.dumps(other), metadata=lost)
        assert (answer.status, answer.code) == (409, 40901)
        assert "reserved field y removed" in answer.json["message"]
        fields = [*AVRO["fields"], {"name": "x", "type": "int", "default": 1}]
        used = {**AVRO, "fields": fields}
        answer = register(wire, "AVRO", json.dumps(used), metadata=reserved)
        assert "conflicts with the reserved field x" in answer.json["message"]
        wire.put("/config/s", {"validateFields": False})
        assert register(wire, "AVRO", json.dumps(used), metadata=reserved).status == 200


class TestFormats:
    def test_two_formats_never_follow_each_other_unless_nothing_is_asked(self, wire: Wire) -> None:
        assert register(wire, "JSON", json.dumps(JSON)).status == 200
        answer = register(wire, "PROTOBUF", PROTO)
        assert (answer.status, answer.code) == (409, 40901)
        assert "different schema type" in answer.json["message"]
        wire.put("/config/s", {"compatibility": "NONE"})
        assert register(wire, "PROTOBUF", PROTO).json["version"] == 2

    def test_json_members_make_another_schema_unless_normalized(self, wire: Wire) -> None:
        one, other = '{"type":"object","title":"a"}', '{"title":"a","type":"object"}'
        assert register(wire, "JSON", one).json["version"] == 1
        look_up = {"schemaType": "JSON", "schema": other}
        assert wire.post("/subjects/s", look_up).code == 40403
        assert register(wire, "JSON", other).json["version"] == 2

    def test_protobuf_comments_make_no_other_schema(self, wire: Wire) -> None:
        made = register(wire, "PROTOBUF", PROTO).json
        noisy = {"schemaType": "PROTOBUF", "schema": f"// c\n{PROTO}\n"}
        assert wire.post("/subjects/s", noisy).json["id"] == made["id"]
        text = wire.get("/subjects/s/versions/1/schema?format=serialized").text
        assert text.startswith("Cgd")

    @pytest.mark.parametrize(
        ("type_", "name", "shared", "schema"),
        [
            ("JSON", "o.json", '{"type":"string"}', '{"properties":{"a":{"$ref":"o.json"}}}'),
            (
                "PROTOBUF",
                "o.proto",
                'syntax = "proto3"; message O { string a = 1; }',
                'syntax = "proto3"; import "o.proto"; message M { O o = 1; }',
            ),
        ],
    )
    def test_references(self, wire: Wire, type_: str, name: str, shared: str, schema: str) -> None:
        body = {"schemaType": type_, "schema": shared}
        first = wire.post("/subjects/shared/versions", body).json
        assert register(wire, type_, schema).code == 42201
        reference = {"name": name, "subject": "shared", "version": 1}
        made = register(wire, type_, schema, references=[reference])
        assert made.json["references"] == [reference]
        assert wire.get("/subjects/shared/versions/1/referencedby").json == [made.json["id"]]
        assert wire.delete("/subjects/shared/versions/1").code == 42206
        assert first["id"] != made.json["id"]

    def test_the_policy_of_a_subject(self, wire: Wire) -> None:
        register(wire, "JSON", '{"type":"object"}')
        wider = {"schemaType": "JSON", "schema": json.dumps(JSON)}
        path = "/compatibility/subjects/s/versions/latest"
        assert wire.post(path, wider).json == {"is_compatible": False}
        wire.put("/config/s", {"compatibilityPolicy": "LENIENT"})
        assert wire.post(path, wider).json == {"is_compatible": True}
