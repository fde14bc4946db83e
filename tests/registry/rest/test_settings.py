"""Rows of the API about compatibility, config, mode and contexts."""

from __future__ import annotations

import pytest
from pytest_django import Settings as SettingsWrapper

from governance.models import Event
from tests.registry.rest.conftest import Wire, record, text_of

ONE = record("R", ("a", "string"))
WIDER = record("R", ("a", "string"), ("b", "int"))
TWO = record("R", ("a", "string"), ("b", "int", 0))
OTHER = record("R", ("a", "int"))


class TestCompatibility:
    path = "/compatibility/subjects/s/versions"

    def check(self, wire: Wire, schema: object, tail: str = "") -> object:
        return wire.post(f"{self.path}{tail}", {"schema": text_of(schema)}).json

    def test_post_compatibility_versions(self, wire: Wire) -> None:
        assert self.check(wire, ONE) == {"is_compatible": True}
        wire.register("s", ONE)
        assert self.check(wire, TWO) == {"is_compatible": True}
        assert self.check(wire, WIDER) == {"is_compatible": False}
        assert self.check(wire, TWO, "?verbose=true") == {"is_compatible": True, "messages": []}
        verbose = wire.post(f"{self.path}?verbose=true", {"schema": text_of(WIDER)}).json
        assert verbose["messages"] == [
            "{errorType:'READER_FIELD_MISSING_DEFAULT_VALUE', description:'The field 'b' at path "
            "'/fields/1' in the new schema has no default value and is missing in the old schema', "
            "additionalInfo:'b'}",
            "{oldSchemaVersion: 1}",
            f"{{oldSchema: '{text_of(ONE)}'}}",
            "{validateFields: 'false', compatibility: 'BACKWARD'}",
        ]

    def test_post_compatibility_version(self, wire: Wire) -> None:
        assert wire.post(f"{self.path}/1", {"schema": '"int"'}).code == 40402
        assert self.check(wire, ONE, "/latest") == {"is_compatible": True}
        assert wire.post(f"{self.path}/x", {"schema": '"int"'}).code == 42202
        wire.register("s", ONE)
        wire.put("/config/s", {"compatibility": "NONE"})
        wire.register("s", OTHER)
        wire.put("/config/s", {"compatibility": "BACKWARD_TRANSITIVE"})
        assert self.check(wire, OTHER, "/2") == {"is_compatible": True}
        assert self.check(wire, OTHER, "/1") == {"is_compatible": False}
        assert self.check(wire, OTHER, "/latest") == {"is_compatible": True}
        wire.delete("/subjects/s/versions/1")
        assert wire.post(f"{self.path}/1", {"schema": '"int"'}).code == 40402

    def test_a_schema_that_does_not_parse(self, wire: Wire) -> None:
        assert wire.post(self.path, {"schema": "{"}).code == 42201
        said = wire.post(f"{self.path}?verbose=true", {"schema": "{"})
        assert said.status == 200
        assert said.json["is_compatible"] is False
        assert len(said.json["messages"]) == 1

    @pytest.mark.parametrize(
        ("level", "schema", "taken"),
        [
            ("NONE", '"int"', True),
            ("BACKWARD", TWO, True),
            ("BACKWARD", record("R"), True),
            ("BACKWARD", WIDER, False),
            ("FORWARD", WIDER, True),
            ("FORWARD", record("R"), False),
            ("FULL", TWO, True),
            ("FULL", WIDER, False),
            ("FULL", record("R"), False),
        ],
    )
    def test_levels(self, wire: Wire, level: str, schema: object, taken: bool) -> None:
        wire.register("s", ONE)
        wire.put("/config", {"compatibility": level})
        assert self.check(wire, schema) == {"is_compatible": taken}
        assert (wire.register("s", schema).status == 200) is taken

    def test_transitive_levels_look_at_all_live_versions(self, wire: Wire) -> None:
        wire.put("/config/s", {"compatibility": "NONE"})
        wire.register("s", OTHER)
        wire.register("s", ONE)
        for level, taken in (("BACKWARD", True), ("BACKWARD_TRANSITIVE", False)):
            wire.put("/config/s", {"compatibility": level})
            assert self.check(wire, TWO) == {"is_compatible": taken}
        wire.delete("/subjects/s/versions/1")
        assert self.check(wire, TWO) == {"is_compatible": True}

    def test_full_reports_old_reads_new_first(self, wire: Wire) -> None:
        wire.register("s", ONE)
        wire.put("/config/s", {"compatibility": "FULL"})
        messages = wire.post(f"{self.path}?verbose=true", {"schema": text_of(OTHER)}).json[
            "messages"
        ]
        assert "in the old schema does not match with the new schema" in messages[0]
        assert "in the new schema does not match with the old schema" in messages[1]


class TestConfig:
    def test_get_put_delete_config(self, wire: Wire) -> None:
        assert wire.get("/config").json == {"compatibilityLevel": "BACKWARD"}
        assert wire.put("/config", {"compatibility": "full"}).json == {"compatibility": "FULL"}
        assert wire.get("/config").json == {"compatibilityLevel": "FULL"}
        assert wire.delete("/config").json == {"compatibilityLevel": "FULL"}
        assert wire.get("/config").json == {"compatibilityLevel": "BACKWARD"}
        assert wire.put("/config", {"compatibility": "sideways"}).code == 42203
        assert wire.put("/config").code == 422

    def test_get_put_delete_config_of_a_subject(self, wire: Wire) -> None:
        assert wire.get("/config/s").code == 40408
        assert wire.get("/config/s?defaultToGlobal=true").json == {"compatibilityLevel": "BACKWARD"}
        assert wire.delete("/config/s").code == 40401
        wire.put("/config/s", {"compatibility": "FORWARD"})
        assert wire.get("/config/s").json == {"compatibilityLevel": "FORWARD"}
        assert wire.delete("/config/s").json == {"compatibilityLevel": "FORWARD"}
        assert wire.delete("/config/s").code == 40401

    def test_put_merges_and_null_clears(self, wire: Wire) -> None:
        wire.put("/config/s", {"compatibility": "FULL"})
        assert wire.put("/config/s", {"normalize": True}).json == {
            "compatibility": "FULL",
            "normalize": True,
        }
        assert wire.put("/config/s", {"compatibility": None}).json == {"normalize": True}
        # The quirk: a config without a level has the server's default, not the one above.
        wire.put("/config", {"compatibility": "FULL"})
        assert wire.get("/config/s").json["compatibilityLevel"] == "BACKWARD"
        assert wire.put("/config/s", {"compatibilityPolicy": "nonsense"}).status == 200

    def test_contexts_have_their_own(self, wire: Wire) -> None:
        wire.put("/config", {"compatibility": "NONE"})
        wire.put("/config/:.eu:", {"compatibility": "FULL"})
        assert wire.get("/config/:.eu:s?defaultToGlobal=true").json["compatibilityLevel"] == "FULL"
        assert wire.get("/contexts/eu/config").json["compatibilityLevel"] == "FULL"
        assert (
            wire.get("/contexts/eu/config/s?defaultToGlobal=true").json["compatibilityLevel"]
            == "FULL"
        )
        wire.put("/config/:.__GLOBAL:", {"compatibility": "FORWARD"})
        assert (
            wire.get("/config/:.us:s?defaultToGlobal=true").json["compatibilityLevel"] == "FORWARD"
        )
        assert wire.get("/config/s?defaultToGlobal=true").json["compatibilityLevel"] == "NONE"

    def test_normalize_in_config_normalizes(self, wire: Wire) -> None:
        wire.put("/config", {"normalize": True})
        made = wire.register("s", record("R", z=1, b=2))
        assert made.json["schema"].endswith('"b":2,"z":1}')

    def test_an_alias_stands_for_another_subject(self, wire: Wire) -> None:
        wire.register("real", ONE)
        wire.put("/config/nick", {"alias": "real"})
        assert wire.get("/subjects/nick/versions/latest").json["subject"] == "real"
        assert wire.get("/config/nick").json["alias"] == "real"

    def test_each_change_leaves_one_event_with_before_and_after(self, wire: Wire) -> None:
        wire.put("/config/s", {"compatibility": "FULL"})
        event = Event.objects.get(action="config.changed")
        assert (event.data["before"], event.data["after"]) == ({}, {"compatibilityLevel": "FULL"})


class TestMode:
    def test_get_put_delete_mode(self, wire: Wire) -> None:
        assert wire.get("/mode").json == {"mode": "READWRITE"}
        assert wire.put("/mode", {"mode": "readonly"}).json == {"mode": "readonly"}
        assert wire.get("/mode").json == {"mode": "READONLY"}
        assert wire.delete("/mode").json == {"mode": "READONLY"}
        assert wire.put("/mode", {"mode": "off"}).code == 42204
        assert wire.put("/mode", {}).code == 42204
        assert wire.put("/mode", {"mode": "FORWARD"}).code == 42204

    def test_get_put_delete_mode_of_a_subject(self, wire: Wire) -> None:
        assert wire.get("/mode/s").code == 40409
        assert wire.get("/mode/s?defaultToGlobal=true").json == {"mode": "READWRITE"}
        assert wire.delete("/mode/s").code == 40401
        wire.put("/mode/s", {"mode": "READONLY"})
        assert wire.get("/mode/s").json == {"mode": "READONLY"}
        assert wire.delete("/mode/s").json == {"mode": "READONLY"}

    def test_modes_that_stay_as_they_are(self, wire: Wire, settings: SettingsWrapper) -> None:
        wire.put("/mode/s", {"mode": "READONLY"})
        settings.REGISTRY_MODE_CHANGES = False
        for refused in (
            wire.put("/mode/s", {"mode": "READWRITE"}),
            wire.put("/mode", {"mode": "READONLY"}),
            wire.delete("/mode/s"),
        ):
            assert refused.code == 42205
            assert refused.json["message"] == "Mode changes are not allowed"
        assert wire.get("/mode/s").json == {"mode": "READONLY"}

    def test_the_sentence_names_the_context_as_it_is_written(self, wire: Wire) -> None:
        wire.put("/mode/:.eu:s", {"mode": "READONLY"})
        said = wire.register(":.eu:s", ONE).json["message"]
        assert said == "Subject :.eu:s in context :.eu: is in read-only mode"

    def test_readonly_refuses_changes_and_answers_what_is_there(self, wire: Wire) -> None:
        wire.register("s", ONE)
        wire.put("/mode/s", {"mode": "READONLY"})
        assert wire.register("s", TWO).code == 42205
        assert (
            wire.register("s", TWO).json["message"] == "Subject s in context  is in read-only mode"
        )
        assert wire.register("s", ONE).json["id"] == 1
        assert wire.delete("/subjects/s").code == 42205
        assert wire.delete("/subjects/s/versions/1").code == 42205
        assert wire.put("/config/s", {"compatibility": "NONE"}).code == 42205
        assert wire.get("/subjects/s/versions/1").status == 200
        wire.put("/mode/s", {"mode": "READWRITE"})
        assert wire.register("s", TWO).status == 200

    def test_import_takes_ids_and_versions_as_given(self, wire: Wire) -> None:
        wire.register("other", ONE)
        assert wire.put("/mode", {"mode": "IMPORT"}).code == 42205
        wire.put("/mode/s", {"mode": "IMPORT"})
        assert wire.register("s", TWO).code == 42205
        made = wire.register("s", TWO, id=40, version=7)
        assert (made.json["id"], made.json["version"]) == (40, 7)
        assert wire.register("s", TWO, id=40, version=7).json["version"] == 7
        assert wire.register("s", OTHER, id=40, version=8).code == 42205
        assert wire.register("s", OTHER, id=41, version=3).json["version"] == 3
        assert wire.get("/subjects/s/versions").json == [3, 7]
        wire.put("/mode/s", {"mode": "READWRITE"})
        assert wire.register("next", record("N")).json["id"] == 42


class TestContexts:
    def test_get_contexts(self, wire: Wire) -> None:
        assert wire.get("/contexts").json == ["."]
        wire.register(":.b:s", ONE)
        wire.register(":.a:s", ONE)
        assert wire.get("/contexts").json == [".", ".a", ".b"]
        assert wire.get("/contexts?offset=1&limit=1").json == [".a"]

    def test_paths_inside_a_context(self, wire: Wire) -> None:
        for name in ("eu", ".eu", ":.eu:"):
            made = wire.post(f"/contexts/{name}/subjects/s/versions", {"schema": '"int"'})
            assert made.json["id"] == 1
        assert wire.get("/contexts/eu/subjects").json == [":.eu:s"]
        assert wire.get("/contexts/eu/schemas/ids/1").json["subject"] == ":.eu:s"
        assert wire.get("/contexts/eu/subjects/s/versions/latest").json["subject"] == ":.eu:s"
        assert wire.get("/contexts/us/schemas/ids/1").code == 40403
        assert wire.get("/contexts/a:b/subjects").code == 400

    def test_delete_context(self, wire: Wire) -> None:
        wire.register(":.eu:s", ONE)
        assert wire.delete("/contexts/eu").code == 42211
        wire.delete("/subjects/:.eu:s")
        assert wire.delete("/contexts/eu").code == 42211
        wire.delete("/subjects/:.eu:s?permanent=true")
        assert wire.delete("/contexts/eu").status == 204
        assert wire.get("/contexts").json == ["."]
        # Clients of before may still hold the ids that were given out then.
        assert wire.register(":.eu:s", ONE).json["id"] == 2
        assert wire.get("/contexts").json == [".", ".eu"]


@pytest.mark.parametrize(
    "given",
    [{"alias": {"a": 1}}, {"normalize": [1]}, {"normalize": "zz"}, {"validateFields": {}}],
)
def test_a_setting_of_the_wrong_structure_is_malformed(
    wire: Wire, given: dict[str, object]
) -> None:
    assert wire.put("/config/s", given).status == 400
    assert wire.get("/config/s").json["error_code"] == 40408


def test_an_empty_alias_is_answered_and_forgotten(wire: Wire) -> None:
    assert wire.put("/config/s", {"compatibility": "FULL", "alias": ""}).json == {
        "compatibility": "FULL",
        "alias": "",
    }
    assert wire.put("/config/s", {"compatibility": "NONE"}).json == {"compatibility": "NONE"}
    assert wire.get("/config/s").json == {"compatibilityLevel": "NONE"}


def test_an_import_looks_up_what_does_not_resolve_yet(wire: Wire) -> None:
    body = {"schema": '{"$ref": "other"}', "schemaType": "JSON"}
    assert wire.post("/subjects/s", body).code == 42201
    wire.put("/mode", {"mode": "IMPORT"})
    assert wire.post("/subjects/s", body).code == 40401


def test_an_import_may_bring_one_content_under_two_ids(wire: Wire) -> None:
    wire.put("/mode", {"mode": "IMPORT"})
    assert wire.register("s", ONE, id=5, version=1).json["id"] == 5
    assert wire.register("s", ONE, id=6, version=2).json["id"] == 6
    assert wire.get("/schemas/ids/5/schema").json == wire.get("/schemas/ids/6/schema").json


def test_a_deleted_context_counts_its_ids_on(wire: Wire) -> None:
    assert wire.register(":.eu:s", ONE).json["id"] == 1
    wire.delete("/subjects/:.eu:s")
    wire.delete("/subjects/:.eu:s?permanent=true")
    assert wire.delete("/contexts/eu").status == 204
    assert wire.get("/contexts").json == ["."]
    assert wire.register(":.eu:s", OTHER).json["id"] == 2
