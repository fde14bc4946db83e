"""Rows of the API about subjects and versions."""

from __future__ import annotations

import pytest

from governance.models import Event
from tests.registry.rest.conftest import Wire, record

ONE = record("R", ("a", "string"))
TWO = record("R", ("a", "string"), ("b", "int", 0))
OTHER = record("R", ("a", "int"))


def test_post_subjects_versions_registers(wire: Wire) -> None:
    made = wire.register("s", ONE)
    assert made.status == 200
    assert made.json["id"] == 1
    assert made.json["version"] == 1
    assert made.json["schemaType"] == "AVRO"
    assert (
        made.json["guid"] == "9ff28d4e-4a2a-cd94-4ef3-2a9e6cd62be0" or len(made.json["guid"]) == 36
    )
    event = Event.objects.get(action="subject.registered")
    assert (event.object_name, event.actor_name, event.data["from"]) == (
        "s",
        "anonymous",
        "192.0.2.7",
    )
    assert event.request_uid == "test"


def test_registering_again_answers_what_is_there(wire: Wire) -> None:
    wire.register("s", ONE)
    again = wire.register(
        "s", '{ "name":"R", "fields":[{"type":"string","name":"a"}],"type":"record"}'
    )
    assert (again.json["id"], again.json["version"]) == (1, 1)
    assert Event.objects.filter(action="subject.registered").count() == 1


def test_equal_content_has_one_id_in_a_context_and_others_elsewhere(wire: Wire) -> None:
    wire.register("other", TWO)
    assert wire.register("a", ONE).json["id"] == 2
    assert wire.register("b", ONE).json["id"] == 2
    there = wire.register(":.eu:a", ONE)
    assert there.json["id"] == 1
    assert there.json["guid"] == wire.register("a", ONE).json["guid"]


def test_an_incompatible_schema_is_409_and_names_the_field(wire: Wire) -> None:
    wire.register("s", ONE)
    refused = wire.register("s", OTHER)
    assert (refused.status, refused.code) == (409, 40901)
    message = refused.json["message"]
    assert message.startswith(
        'Schema being registered is incompatible with an earlier schema for subject "s", details: '
        "[{errorType:'TYPE_MISMATCH'"
    )
    assert "{oldSchemaVersion: 1}" in message
    assert "field 'a' of R" in message


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"schema": "{"}, 422, 42201),
        ({"schema": ""}, 422, 42201),
        ({"schema": 5}, 422, 42201),
        ({}, 422, 42201),
        ({"schema": '"int"', "schemaType": "avro"}, 422, 42201),
        ({"schema": '"int"', "schemaType": "XML"}, 422, 42201),
        ({"schema": {"type": "int"}}, 400, 400),
        ({"schema": '"int"', "references": {}}, 400, 400),
        ({"schema": '"int"', "references": [{"name": "x"}]}, 422, 42201),
        (
            {"schema": '"int"', "references": [{"name": "x", "subject": "n", "version": 1}]},
            422,
            42201,
        ),
        ({"schema": '"int"', "version": 7}, 422, 42201),
        ({"schema": '"int"', "id": 7}, 422, 42205),
        ({"schema": '"int"', "metadata": []}, 400, 400),
        ({"schema": '"int"', "metadata": {"properties": {"a": "\x00"}}}, 400, 400),
        ({"schema": '"int"', "ruleSet": {"domainRules": [{"name": "1"}]}}, 422, 42210),
        ({"schema": '"int"', "unknown": [1]}, 200, None),
    ],
)
def test_what_registering_refuses(
    wire: Wire, body: dict[str, object], status: int, code: int | None
) -> None:
    answer = wire.post("/subjects/s/versions", body)
    assert answer.status == status
    if code is not None:
        assert answer.code == code
        assert wire.get("/subjects").json == []


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"", 422, 422),
        (b"{", 400, 400),
        (b"[]", 400, 400),
        (b"\xff", 400, 400),
        (b"null", 422, 422),
    ],
)
def test_bodies_that_are_no_object(wire: Wire, raw: bytes, status: int, code: int) -> None:
    answer = wire.post("/subjects/s/versions", raw=raw)
    assert (answer.status, answer.code) == (status, code)


@pytest.mark.parametrize(
    "name", ["__GLOBAL", "__EMPTY", "a%01b", "a%00b", "%C2%85", ":.__GLOBAL:s", "x" * 70_000]
)
def test_names_that_nobody_may_register(wire: Wire, name: str) -> None:
    assert wire.register(name, ONE).code == 42208


@pytest.mark.parametrize(
    "name", ["a%2Fb", "a%20b", "%25", "a%3Fb%23c", "%C3%A9", "a+b", "%7B%22%7D", ""]
)
def test_names_with_special_characters_are_one_segment(wire: Wire, name: str) -> None:
    assert wire.register(name, ONE).status == 200
    assert wire.get(f"/subjects/{name}/versions").json == [1]
    assert wire.get(f"/subjects/{name}/versions/1").json["version"] == 1


def test_get_subjects_lists_by_prefix_and_state(wire: Wire) -> None:
    for name in ("b", "a", ":.eu:c", "gone"):
        wire.register(name, ONE)
    wire.delete("/subjects/gone")
    assert wire.get("/subjects").json == [":.eu:c", "a", "b"]
    assert wire.get("/subjects/").json == [":.eu:c", "a", "b"]
    assert wire.get("/subjects?subjectPrefix=").json == [":.eu:c", "a", "b"]
    assert wire.get("/subjects?subjectPrefix=a").json == ["a"]
    assert wire.get("/subjects?subjectPrefix=:.eu:").json == [":.eu:c"]
    assert wire.get("/subjects?subjectPrefix=:*:c").json == [":.eu:c"]
    assert wire.get("/subjects?deleted=true").json == [":.eu:c", "a", "b", "gone"]
    assert wire.get("/subjects?deletedOnly=true").json == ["gone"]
    assert wire.get("/subjects?offset=1&limit=1").json == ["a"]
    assert wire.get("/subjects?limit=0").json == [":.eu:c", "a", "b"]


def test_get_versions_lists_numbers(wire: Wire) -> None:
    assert wire.get("/subjects/s/versions").code == 40401
    wire.register("s", ONE)
    wire.register("s", TWO)
    wire.delete("/subjects/s/versions/1")
    assert wire.get("/subjects/s/versions").json == [2]
    assert wire.get("/subjects/s/versions?deleted=true").json == [1, 2]
    assert wire.get("/subjects/s/versions?deletedOnly=true").json == [1]
    assert wire.get("/subjects/s/versions?deletedAsNegative=true").json == [-1, 2]


def test_get_version_answers_the_whole_object(wire: Wire) -> None:
    wire.register("s", ONE)
    found = wire.get("/subjects/s/versions/1").json
    assert set(found) == {
        "subject",
        "version",
        "id",
        "guid",
        "schemaType",
        "schema",
        "ts",
        "deleted",
    }
    for version in ("latest", "LATEST", "-1", "+1", "01"):
        assert wire.get(f"/subjects/s/versions/{version}").json["version"] == 1
    for version in ("0", "-2", "x", "2147483648", "1.0", "9" * 30):
        assert wire.get(f"/subjects/none/versions/{version}").code == 42202
    assert wire.get("/subjects/s/versions/2").code == 40402
    assert wire.get("/subjects/none/versions/1").code == 40401


def test_get_version_schema_is_the_bare_text(wire: Wire) -> None:
    wire.register("s", ONE)
    assert wire.get("/subjects/s/versions/1/schema").json == ONE


def test_post_subject_looks_content_up(wire: Wire) -> None:
    assert wire.post("/subjects/s", {"schema": '"int"'}).code == 40401
    wire.register("s", ONE)
    found = wire.post(
        "/subjects/s",
        {"schema": ' {"name":"R","type":"record","fields":[{"name":"a","type":"string"}]}'},
    )
    assert (found.json["version"], found.json["id"]) == (1, 1)
    assert wire.post("/subjects/s", {"schema": '"int"'}).code == 40403
    assert wire.post("/subjects/s", {"schema": "{"}).code == 42201
    wire.register("s", TWO)
    wire.delete("/subjects/s/versions/1")
    body = {"schema": '{"type":"record","name":"R","fields":[{"name":"a","type":"string"}]}'}
    assert wire.post("/subjects/s", body).code == 40403
    assert wire.post("/subjects/s?deleted=true", body).json["version"] == 1


def test_an_unqualified_name_is_found_in_another_context(wire: Wire) -> None:
    wire.register(":.eu:s", ONE)
    assert wire.get("/subjects/s/versions/latest").json["subject"] == ":.eu:s"
    assert wire.get("/subjects/s/versions").code == 40401


class TestDeleting:
    def test_delete_version_is_soft_then_permanent(self, wire: Wire) -> None:
        wire.register("s", ONE)
        wire.register("s", TWO)
        assert wire.delete("/subjects/s/versions/x").code == 42202
        assert wire.delete("/subjects/none/versions/1").code == 40401
        assert wire.delete("/subjects/s/versions/9").code == 40402
        assert wire.delete("/subjects/s/versions/1?permanent=true").code == 40407
        assert wire.delete("/subjects/s/versions/1").text == "1"
        assert wire.delete("/subjects/s/versions/1").code == 40406
        assert wire.get("/subjects/s/versions/1").code == 40402
        assert wire.get("/subjects/s/versions/1?deleted=true").json["deleted"] is True
        assert wire.get("/schemas/ids/1").status == 200
        assert wire.delete("/subjects/s/versions/1?permanent=true").text == "1"
        assert wire.get("/schemas/ids/1").code == 40403
        assert wire.delete("/subjects/s/versions/latest").text == "2"

    def test_delete_subject_is_soft_then_permanent(self, wire: Wire) -> None:
        assert wire.delete("/subjects/s").code == 40401
        wire.register("s", ONE)
        wire.register("s", TWO)
        wire.put("/config/s", {"compatibility": "FULL"})
        assert wire.delete("/subjects/s?permanent=true").code == 40405
        assert wire.delete("/subjects/s").json == [1, 2]
        assert wire.delete("/subjects/s").code == 40404
        assert wire.get("/subjects/s/versions").code == 40401
        assert wire.get("/config/s").status == 200
        assert wire.delete("/subjects/s?permanent=true").json == [1, 2]
        assert wire.delete("/subjects/s?permanent=true").code == 40401
        assert wire.get("/config/s").code == 40408
        # Numbers begin again, ids do not.
        made = wire.register("s", ONE).json
        assert (made["version"], made["id"]) == (1, 3)

    def test_soft_deleted_content_comes_back_under_a_new_number(self, wire: Wire) -> None:
        wire.register("s", ONE)
        wire.delete("/subjects/s/versions/1")
        made = wire.register("s", ONE).json
        assert (made["version"], made["id"]) == (2, 1)
        assert wire.get("/subjects/s/versions?deleted=true").json == [2]

    def test_what_is_referenced_stays(self, wire: Wire) -> None:
        wire.register("line", record("Line", ("a", "string")))
        reference = {"name": "Line", "subject": "line", "version": 1}
        made = wire.register("order", record("Order", ("l", "Line")), references=[reference])
        assert made.json["references"] == [reference]
        assert wire.get("/subjects/line/versions/1/referencedby").json == [made.json["id"]]
        assert wire.delete("/subjects/line/versions/1").code == 42206
        assert wire.delete("/subjects/line").code == 42206
        wire.delete("/subjects/order")
        assert wire.get("/subjects/line/versions/1/referencedby").json == []
        assert wire.get("/subjects/line/versions/1/referencedby?deleted=true").json == [2]
        assert wire.delete("/subjects/line").json == [1]
        assert wire.delete("/subjects/line?permanent=true").code == 42206
        wire.delete("/subjects/order?permanent=true")
        assert wire.delete("/subjects/line?permanent=true").json == [1]

    def test_each_deletion_leaves_one_event(self, wire: Wire) -> None:
        wire.register("s", ONE)
        wire.delete("/subjects/s/versions/1")
        wire.delete("/subjects/s?permanent=true")
        actions = list(Event.objects.order_by("id").values_list("action", flat=True))
        assert actions == ["subject.registered", "version.deleted", "subject.deleted"]


class TestReferences:
    def test_latest_becomes_a_number(self, wire: Wire) -> None:
        wire.register("line", record("Line", ("a", "string")))
        made = wire.register(
            "order",
            record("Order", ("l", "Line")),
            references=[{"name": "Line", "subject": "line", "version": -1}],
        )
        assert made.json["references"][0]["version"] == 1

    def test_a_schema_with_the_type_written_out_finds_it(self, wire: Wire) -> None:
        line = record("Line", ("a", "string"))
        wire.register("line", line)
        wire.register(
            "order",
            record("Order", ("l", "Line")),
            references=[{"name": "Line", "subject": "line", "version": 1}],
        )
        import orjson

        whole = orjson.dumps(record("Order", ("l", line))).decode()
        assert wire.post("/subjects/order", {"schema": whole}).json["version"] == 1
        resolved = wire.get("/subjects/order/versions/1?format=resolved").json["schema"]
        assert orjson.loads(resolved) == record("Order", ("l", line))

    def test_in_a_context_they_lie_in_that_context(self, wire: Wire) -> None:
        wire.register(":.eu:line", record("Line", ("a", "string")))
        reference = {"name": "Line", "subject": "line", "version": 1}
        body = record("Order", ("l", "Line"))
        assert wire.register("order", body, references=[reference]).code == 42201
        assert wire.register(":.eu:order", body, references=[reference]).status == 200
        found = wire.get("/subjects/:.eu:order/versions/1?referenceFormat=qualified").json
        assert found["references"][0]["subject"] == ":.eu:line"


class TestMetadata:
    def test_other_metadata_is_another_version(self, wire: Wire) -> None:
        wire.register("s", ONE)
        made = wire.register("s", ONE, metadata={"properties": {"owner": "a"}})
        assert (made.json["version"], made.json["id"]) == (2, 2)
        found = wire.get("/subjects/s/metadata?key=owner&value=a").json
        assert found["version"] == 2
        assert wire.get("/subjects/s/metadata?key=owner&value=b").code == 40403
        assert wire.get("/subjects/none/metadata").code == 40401

    def test_it_is_inherited_and_found_without_it(self, wire: Wire) -> None:
        wire.register("s", ONE, metadata={"properties": {"owner": "a"}})
        assert wire.register("s", ONE).json["version"] == 1
        assert wire.register("s", TWO).json["metadata"] == {"properties": {"owner": "a"}}
        assert (
            wire.post(
                "/subjects/s",
                {"schema": '{"type":"record","name":"R","fields":[{"name":"a","type":"string"}]}'},
            ).json["version"]
            == 1
        )

    def test_rules_are_kept_and_returned(self, wire: Wire) -> None:
        rule = {"name": "r", "kind": "CONDITION", "mode": "WRITE", "type": "CEL", "expr": "true"}
        made = wire.register("s", ONE, ruleSet={"domainRules": [rule]})
        assert made.json["ruleSet"]["domainRules"][0]["name"] == "r"
        assert wire.get("/schemas?ruleType=CEL").json[0]["subject"] == "s"
        assert wire.get("/schemas?ruleType=X").json == []

    def test_rules_that_encrypt_are_kept_and_returned(self, wire: Wire) -> None:
        rule: dict[str, object] = {"name": "r", "kind": "TRANSFORM", "mode": "WRITEREAD"}
        rule |= {"type": "ENCRYPT", "tags": ["PII"], "params": {"encrypt.kek.name": "k"}}
        wire.register("s", ONE, ruleSet={"domainRules": [rule]})
        found = wire.get("/subjects/s/versions/1").json["ruleSet"]["domainRules"]
        assert found == [{**rule, "disabled": False}]
