"""Associations, through the wire API. Each row of the API has a test named after it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from governance.models import Event
from tests.registry.rest.conftest import Answer, Wire

SCHEMA = json.dumps({"type": "record", "name": "R", "fields": []})
OTHER = json.dumps({"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}]})
OWN = ":.ns:orders-value"


def body(*associations: dict[str, Any], **resource: Any) -> dict[str, Any]:
    named = {"resourceName": "orders", "resourceNamespace": "ns", "resourceId": "id1"}
    return {**named, **resource, "associations": list(associations)}


def strong(type_: str = "value", schema: str = SCHEMA, **more: Any) -> dict[str, Any]:
    return {"associationType": type_, "schema": {"schema": schema}, **more}


def weak(subject: str, type_: str = "value", **more: Any) -> dict[str, Any]:
    return {"subject": subject, "associationType": type_, "lifecycle": "WEAK", **more}


def create(wire: Wire, *associations: dict[str, Any], **resource: Any) -> Answer:
    return wire.post("/associations", body(*associations, **resource))


def types(answer: Answer) -> list[tuple[str, str, str]]:
    return [(one["subject"], one["associationType"], one["lifecycle"]) for one in answer.json]


def test_get_associations_resources_namespace_name(wire: Wire) -> None:
    asked = "/associations/resources/-/orders?resourceType=topic&associationType=value"
    assert (wire.get(asked).status, wire.get(asked).json) == (200, [])
    create(wire, strong("key"), strong())
    create(wire, strong(), resourceNamespace="other", resourceId="id2")

    (one, other) = wire.get(asked).json
    assert (one["subject"], other["subject"]) == (OWN, ":.other:orders-value")
    assert set(one) == {
        "subject",
        "guid",
        "resourceName",
        "resourceNamespace",
        "resourceId",
        "resourceType",
        "associationType",
        "lifecycle",
        "createTs",
        "updateTs",
    }
    assert len(wire.get("/associations/resources/ns/orders").json) == 2
    assert len(wire.get("/associations/resources/ns/-").json) == 2
    assert len(wire.get("/associations/resources/-/-").json) == 3
    assert wire.get("/associations/resources/ns/orders?lifecycle=WEAK").json == []
    assert wire.get("/associations/resources/ns/orders?resourceType=table").json == []
    page = wire.get("/associations/resources/ns/orders?offset=1&limit=1")
    assert types(page) == [(OWN, "value", "STRONG")]
    both = "associationType=key&associationType=value&lifecycle=STRONG"
    assert len(wire.get(f"/associations/resources/ns/orders?{both}").json) == 2
    assert wire.get("/associations/resources/ns/orders?lifecycle=strong").code == 404


def test_get_associations_subjects_subject(wire: Wire) -> None:
    assert wire.get("/associations/subjects/none").json == []
    create(wire, strong())
    assert types(wire.get(f"/associations/subjects/{OWN}")) == [(OWN, "value", "STRONG")]
    assert len(wire.get("/contexts/ns/associations/subjects/orders-value").json) == 1


def test_get_associations_resources_resourceid(wire: Wire) -> None:
    create(wire, strong("key"), strong())
    found = wire.get("/associations/resources/id1")
    assert types(found) == [(":.ns:orders-key", "key", "STRONG"), (OWN, "value", "STRONG")]
    assert len(wire.get("/associations/resources/id1?associationType=key").json) == 1
    assert wire.get("/associations/resources/nobody").json == []


class TestPostAssociations:
    def test_post_associations(self, wire: Wire) -> None:
        made = create(wire, strong("key"), strong())
        assert made.status == 200
        assert {k: v for k, v in made.json.items() if k != "associations"} == {
            "resourceName": "orders",
            "resourceNamespace": "ns",
            "resourceId": "id1",
            "resourceType": "topic",
        }
        key, value = made.json["associations"]
        assert (key["subject"], value["subject"]) == (":.ns:orders-key", OWN)
        assert value["lifecycle"] == "STRONG"
        assert "frozen" not in value
        assert value["schema"]["subject"] == OWN
        assert (value["schema"]["version"], value["schema"]["schemaType"]) == (1, "AVRO")
        assert wire.get(f"/subjects/{OWN}/versions/1").status == 200

    def test_once_more_changes_nothing(self, wire: Wire) -> None:
        create(wire, strong())
        there = wire.get("/associations/resources/id1").json
        again = create(wire, strong())
        assert (again.status, again.json.get("associations")) == (200, None)
        assert wire.get("/associations/resources/id1").json == there
        assert create(wire, strong(schema=OTHER)).code == 40903

    def test_a_weak_one_names_a_subject_that_is_there(self, wire: Wire) -> None:
        assert create(wire, weak("shared")).code == 40907
        wire.register("shared", SCHEMA)
        made = create(wire, {"subject": "shared"})
        assert made.json["associations"] == [
            {"subject": "shared", "associationType": "value", "lifecycle": "WEAK"}
        ]
        assert create(wire, weak("shared"), resourceName="more", resourceId="id2").status == 200
        assert create(wire, weak("else")).code == 40903

    def test_a_dry_run_writes_nothing(self, wire: Wire) -> None:
        tried = wire.post("/associations?dryRun=true", body(strong(), resourceId=None))
        assert (tried.status, tried.json.get("associations")) == (200, None)
        assert wire.get("/associations/resources/-/-").json == []
        assert wire.get("/subjects").json == []
        bad = wire.post("/associations?dryRun=true", body(strong(schema="{"), resourceId=None))
        assert bad.code == 42201

    def test_the_context_of_the_query_holds_the_subject(self, wire: Wire) -> None:
        wire.register(":.eu:shared", SCHEMA)
        made = wire.post("/associations?context=:.eu:", body(weak("shared")))
        assert made.json["associations"][0]["subject"] == ":.eu:shared"

    def test_all_of_it_or_nothing(self, wire: Wire) -> None:
        assert create(wire, strong("key"), strong(schema="{")).code == 42201
        assert wire.get("/subjects?subjectPrefix=:*:").json == []
        assert wire.get("/associations/resources/id1").json == []

    @pytest.mark.parametrize(
        ("members", "code"),
        [
            ({"resourceName": None}, 42212),
            ({"resourceName": "a b"}, 42212),
            ({"resourceName": "a" * 257}, 42212),
            ({"resourceNamespace": "a.b"}, 42212),
            ({"resourceId": ""}, 42212),
            ({"resourceType": "table"}, 42212),
            ({"associations": []}, 42212),
            ({"associations": None}, 42212),
            ({"associations": [strong("header")]}, 42212),
            ({"associations": [strong(), strong()]}, 42212),
            ({"associations": [strong(lifecycle="WEAK")]}, 42212),
            ({"associations": [strong(frozen=False)]}, 42212),
            ({"associations": [strong(subject="other")]}, 42212),
            ({"associations": [weak("")]}, 42212),
            ({"associations": [weak("a", frozen=True)]}, 42212),
            ({"associations": [weak(OWN)]}, 42212),
            ({"associations": [{"associationType": "value"}]}, 42212),
            ({"associations": [{"lifecycle": "STRONG"}]}, 42212),
            ({"associations": [{"lifecycle": "strong"}]}, 400),
            ({"associations": ["value"]}, 400),
            ({"associations": [strong(schema="{")]}, 42201),
        ],
    )
    def test_what_it_refuses(self, wire: Wire, members: dict[str, Any], code: int) -> None:
        assert wire.post("/associations", {**body(strong()), **members}).code == code
        assert wire.get("/associations/resources/id1").json == []

    def test_no_body(self, wire: Wire) -> None:
        assert wire.post("/associations").code == 422

    def test_a_resource_owns_its_subjects_or_shares_them(self, wire: Wire) -> None:
        wire.register("shared", SCHEMA)
        mixed = create(wire, strong("key"), weak("shared"))
        assert mixed.code == 42212
        assert "key=STRONG, value=WEAK" in mixed.json["message"]

    def test_a_subject_with_versions_is_nobodys_to_own(self, wire: Wire) -> None:
        wire.register(OWN, SCHEMA)
        assert create(wire, strong(schema=OTHER)).code == 42212
        assert create(wire, strong()).status == 200

    def test_what_is_owned_is_not_shared_and_the_other_way_round(self, wire: Wire) -> None:
        create(wire, strong())
        assert create(wire, weak(OWN), resourceName="more", resourceId="id2").code == 40905
        wire.register(":.ns:more-value", SCHEMA)
        create(wire, weak(":.ns:more-value"), resourceName="third", resourceId="id3")
        assert create(wire, strong(), resourceName="more", resourceId="id2").code == 40904

    def test_what_is_owned_is_not_referred_to(self, wire: Wire) -> None:
        create(wire, strong())
        user = {"type": "record", "name": "Q", "fields": [{"name": "r", "type": "R"}]}
        reference = [{"name": "R", "subject": OWN, "version": 1}]
        assert wire.register("q", user, references=reference).code == 42205
        wire.register(":.ns:more-value", SCHEMA)
        more = [{"name": "R", "subject": ":.ns:more-value", "version": 1}]
        assert wire.register("q", user, references=more).status == 200
        refused = create(wire, strong(), resourceName="more", resourceId="id2")
        assert refused.code == 42206


class TestPutAssociationsResourcesResourceid:
    def test_put_associations_resources_resourceid(self, wire: Wire) -> None:
        wire.register("shared", SCHEMA)
        asked = body(weak("shared"), resourceId=None)
        made = wire.put("/associations/resources/id1", asked)
        assert made.json["associations"] == [
            {"subject": "shared", "associationType": "value", "lifecycle": "WEAK"}
        ]
        again = wire.put("/associations/resources/id1", asked)
        assert (again.status, again.json.get("associations")) == (200, None)

    @pytest.mark.parametrize(
        ("association", "code", "member"),
        [
            (weak("other"), 42212, "subject"),
            ({"subject": "other"}, 42212, "lifecycle"),
            ({"lifecycle": "STRONG"}, 42212, "frozen"),
            ({"lifecycle": "STRONG", "frozen": True}, 42212, "frozen"),
            (strong(), 42212, "lifecycle"),
            (strong("key"), 42212, "schema"),
            ({"associationType": "key", "lifecycle": "STRONG"}, 42212, "lifecycle"),
            (weak("nothing", "key"), 40907, "nothing"),
        ],
    )
    def test_what_it_refuses(
        self, wire: Wire, association: dict[str, Any], code: int, member: str
    ) -> None:
        wire.register("shared", SCHEMA)
        wire.put("/associations/resources/id1", body(weak("shared")))
        refused = wire.put("/associations/resources/id1", body(association))
        assert refused.code == code
        assert f"'{member}'" in refused.json["message"]

    def test_another_id_in_the_body(self, wire: Wire) -> None:
        assert wire.put("/associations/resources/id2", body(weak("a"))).code == 42212

    def test_an_owned_subject_that_is_imported(self, wire: Wire) -> None:
        """Whoever copies a registry copies what topics own, too."""
        wire.put("/mode/:.ns:", {"mode": "IMPORT"})
        asked = body({"lifecycle": "STRONG"})
        assert wire.put("/associations/resources/id1", asked).code == 40907
        wire.register(OWN, SCHEMA, id=7, version=1)
        made = wire.put("/associations/resources/id1", asked)
        assert made.json["associations"][0]["lifecycle"] == "STRONG"
        assert create(wire, strong("key")).code == 42212


class TestDeleteAssociationsResourcesResourceid:
    def test_delete_associations_resources_resourceid(self, wire: Wire) -> None:
        wire.register("shared", SCHEMA)
        create(wire, weak("shared"))
        gone = wire.delete("/associations/resources/id1")
        assert (gone.status, gone.text) == (204, "")
        assert wire.get("/associations/resources/id1").json == []
        assert wire.get("/subjects/shared/versions").status == 200
        assert wire.delete("/associations/resources/id1").code == 40410

    def test_what_is_owned_goes_with_its_subject(self, wire: Wire) -> None:
        create(wire, strong("key"), strong())
        path = "/associations/resources/id1"
        assert wire.delete(path).code == 40908
        assert wire.delete(f"{path}?cascadeLifecycle=true&dryRun=true").status == 204
        assert len(wire.get(path).json) == 2
        assert wire.delete(f"{path}?cascadeLifecycle=true&associationType=key").status == 204
        assert types(wire.get(path)) == [(OWN, "value", "STRONG")]
        assert wire.delete(f"{path}?cascadeLifecycle=true").status == 204
        assert wire.get(f"/subjects/{OWN}/versions?deleted=true").code == 40401
        actions = Event.objects.filter(action__startswith="association.").order_by("id")
        listed = list(actions.values_list("action", flat=True))
        assert listed == ["association.created"] * 2 + ["association.deleted"] * 2


def test_an_associated_subject_is_not_deleted(wire: Wire) -> None:
    wire.register("shared", SCHEMA)
    wire.register("shared", OTHER.replace('"int"', '["null", "int"], "default": null'))
    create(wire, weak("shared"))
    assert wire.delete("/subjects/shared").code == 40904
    assert wire.delete("/subjects/shared/versions/1").status == 200
    assert wire.delete("/subjects/shared/versions/2").code == 40907
    assert wire.delete("/subjects/shared/versions/1?permanent=true").status == 200


def test_nothing_is_changed_where_only_reading_is_allowed(wire: Wire) -> None:
    wire.register("shared", SCHEMA)
    create(wire, weak("shared"))
    wire.put("/mode/shared", {"mode": "READONLY"})
    assert create(wire, weak("shared", "key")).code == 42205
    assert wire.delete("/associations/resources/id1").code == 42205


class TestPostAssociationsBatchGet:
    def test_post_associations_batchget(self, wire: Wire) -> None:
        create(wire, strong("key"), strong())
        requests = [
            {"resourceId": "id1", "associationTypes": ["value"], "lifecycle": "STRONG"},
            {"resourceName": "orders", "resourceNamespace": "-"},
            {"resourceId": "nobody"},
            {},
            {"resourceName": "orders"},
        ]
        got = wire.post("/associations:batchGet", {"requests": requests})
        assert got.status == 207
        one, named, nobody, empty, nameless = got.json["results"]
        assert one["result"]["associations"] == [
            {"subject": OWN, "associationType": "value", "lifecycle": "STRONG"}
        ]
        assert named["result"]["resourceId"] == "id1"
        assert len(named["result"]["associations"]) == 2
        assert nobody == {"result": {"resourceId": "nobody", "resourceType": "topic"}}
        assert set(empty) == set(nameless) == {"error"}

    def test_one_name_of_several_resources(self, wire: Wire) -> None:
        create(wire, strong())
        create(wire, strong(), resourceNamespace="other", resourceId="id2")
        asked = {"requests": [{"resourceName": "orders", "resourceNamespace": "-"}]}
        (result,) = wire.post("/associations:batchGet", asked).json["results"]
        assert result["error"]["error_code"] == 42212

    def test_with_schemas(self, wire: Wire) -> None:
        create(wire, strong())
        got = wire.post(
            "/associations:batchGet?includeSchemas=true", {"requests": [{"resourceId": "id1"}]}
        )
        schema = got.json["results"][0]["result"]["associations"][0]["schema"]
        assert (schema["subject"], schema["version"]) == (OWN, 1)

    @pytest.mark.parametrize("requests", [None, []])
    def test_nothing_asked(self, wire: Wire, requests: object) -> None:
        assert wire.post("/associations:batchGet", {"requests": requests}).code == 42212
        assert wire.post("/associations:batchMutate", {"requests": requests}).code == 42212


class TestPostAssociationsBatchMutate:
    def test_post_associations_batchmutate(self, wire: Wire) -> None:
        wire.register("shared", SCHEMA)
        requests = [
            body({"opType": "CREATE", **strong()}, {"opType": "CREATE", **strong("key")}),
            body({"opType": "UPSERT", **weak("shared")}, resourceName="b", resourceId="id2"),
            body({"opType": "UPSERT", **strong()}, resourceName="c", resourceId="id3"),
            body({"opType": "CREATE", **strong()}, resourceId=""),
        ]
        got = wire.post("/associations:batchMutate", {"requests": requests})
        assert got.status == 207
        made, shared, refused, nameless = got.json["results"]
        assert [one["associationType"] for one in made["result"]["associations"]] == [
            "key",
            "value",
        ]
        assert made["result"]["associations"][0]["schema"]["version"] == 1
        assert shared["result"]["associations"][0]["subject"] == "shared"
        assert refused["error"]["error_code"] == nameless["error"]["error_code"] == 42212

        gone = body({"opType": "DELETE", "associationType": "key"})
        got = wire.post("/associations:batchMutate", {"requests": [gone]})
        assert got.json["results"][0]["error"]["error_code"] == 40908
        gone["associations"][0]["cascadeLifecycle"] = True
        got = wire.post("/associations:batchMutate", {"requests": [gone]})
        assert len(got.json["results"][0]["result"]["associations"]) == 1
        assert len(wire.get("/associations/resources/id1").json) == 1

    def test_a_kind_that_is_none(self, wire: Wire) -> None:
        requests = [
            body({"opType": "CREATE", **strong()}),
            body({"opType": "MAKE", **strong()}, resourceId="id2"),
        ]
        assert wire.post("/associations:batchMutate", {"requests": requests}).code == 400
        assert wire.get("/associations/resources/id1").json == []


def test_get_schemas_by_association(wire: Wire) -> None:
    wire.register("alone", SCHEMA)
    wire.register("shared", SCHEMA)
    create(wire, strong())
    create(wire, weak("shared"), resourceName="b", resourceId="id2")

    def listed(query: str) -> list[str]:
        return [one["subject"] for one in wire.get(f"/schemas?{query}").json]

    assert listed("resourceType=topic") == [OWN, "shared"]
    assert listed("associationType=key") == []
    assert listed("lifecycle=WEAK") == ["shared"]
    assert listed("lifecycle=NONE") == ["alone"]
    assert listed("lifecycle=NONE&lifecycle=STRONG") == [OWN, "alone"]
    assert listed("lifecycle=NONE&associationType=key") == [OWN, "alone", "shared"]
    assert listed("resourceType=topic&offset=1&limit=1") == ["shared"]
    (found,) = wire.get("/schemas?lifecycle=WEAK").json
    assert found["associations"][0]["resourceId"] == "id2"
    assert "associations" not in wire.get("/schemas").json[0]
    assert wire.get("/schemas?lifecycle=weak").code == 404


def test_get_schemas_with_aliases(wire: Wire) -> None:
    wire.register("orders", SCHEMA)
    wire.register("other", OTHER)
    wire.put("/config/bills", {"alias": "orders"})
    wire.put("/config/billed", {"alias": "orders"})
    listed = wire.get("/schemas?subjectPrefix=bill").json
    assert listed == []
    (found,) = wire.get("/schemas?subjectPrefix=bill&aliases=true").json
    assert (found["subject"], sorted(found["aliases"])) == ("orders", ["billed", "bills"])
    every = wire.get("/schemas?aliases=true").json
    assert [(one["subject"], "aliases" in one) for one in every] == [
        ("orders", True),
        ("other", False),
    ]


def test_get_schemas_by_rule_before_paging(wire: Wire) -> None:
    rules = {"domainRules": [{"name": "r", "kind": "CONDITION", "mode": "WRITE", "type": "CEL"}]}
    wire.register("a", SCHEMA)
    wire.register("b", SCHEMA, ruleSet=rules)
    wire.register("c", SCHEMA, ruleSet=rules)
    listed = wire.get("/schemas?ruleType=CEL&offset=1&limit=1").json
    assert [one["subject"] for one in listed] == ["c"]
