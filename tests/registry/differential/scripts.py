"""Requests written by hand, for the parameters and members that random ones seldom meet.

Each script lives in a context of its own; what it sets elsewhere it puts back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import md5
from typing import Any
from urllib.parse import quote
from uuid import UUID

from tests.registry.differential import texts
from tests.registry.differential.sequences import Call, record

A = {"name": "a", "type": "int", "default": 0}
TAGGED = {"name": "a", "type": "int", "default": 0, "confluent:tags": ["PII"]}
PLAIN = record("R", A)
NEXT = record("R", A, {"name": "b", "type": "string", "default": ""})
USER = record("U", {"name": "r", "type": "R"})
REFERENCE = {"name": "R", "subject": "r", "version": 1}
GUID = UUID(bytes=md5(b'"string"', usedforsecurity=False).digest())
PROTOBUF = (
    'syntax = "proto3";\npackage p;\n\nimport "q.proto";\n\n'
    'message M {\n  option deprecated = true;\n  q.Q q = 1;\n  string s = 2 [json_name = "t"];\n}\n'
)
IMPORTED = 'syntax = "proto3";\npackage q;\n\nmessage Q {\n  int32 a = 1;\n}\n'
EXTENDED = (
    'syntax = "proto3";\npackage p;\n\nimport "google/protobuf/descriptor.proto";\n\n'
    "extend google.protobuf.FieldOptions {\n  string note = 50000;\n}\n"
    'message M {\n  string s = 1 [(p.note) = "n"];\n}\n'
)
PAGES = (
    "limit=2",
    "offset=1",
    "offset=1&limit=1",
    "offset=9",
    "limit=0",
    "limit=-1",
    "limit=-7",
    "offset=0&limit=99",
)


class Place:
    """Writes the requests of one script, in the context of that name."""

    def __init__(self, context: str) -> None:
        self.context = context

    def name(self, subject: str = "") -> str:
        return f":.{self.context}:{subject}"

    def encoded(self, subject: str = "") -> str:
        return quote(self.name(subject), safe=":")

    def register(self, subject: str, schema: str, query: str = "", **members: Any) -> Call:
        path = f"/subjects/{self.encoded(subject)}/versions{query}"
        return Call("POST", path, {"schema": schema, **members})

    def look_up(self, subject: str, schema: str, query: str = "", **members: Any) -> Call:
        path = f"/subjects/{self.encoded(subject)}{query}"
        return Call("POST", path, {"schema": schema, **members})

    def version(self, subject: str, rest: str) -> Call:
        return Call("GET", f"/subjects/{self.encoded(subject)}/versions{rest}")

    def id(self, rest: str, subject: str = "") -> Call:
        path, _, query = rest.partition("?")
        return Call(
            "GET", f"/schemas/ids/{path}?subject={self.encoded(subject)}{query and '&'}{query}"
        )

    def config(self, method: str, subject: str = "", query: str = "", **members: Any) -> Call:
        path = f"/config/{self.encoded(subject)}{query}"
        return Call(method, path, members if method == "PUT" else None)

    def mode(self, method: str, subject: str = "", query: str = "", mode: Any = "") -> Call:
        path = f"/mode/{self.encoded(subject)}{query}"
        return Call(method, path, {"mode": mode} if method == "PUT" else None)

    def delete(self, path: str) -> Call:
        return Call("DELETE", f"/subjects/{self.encoded(path)}")


def pages(at: Place) -> Iterator[Call]:
    for number in range(4):
        yield at.register("r", record("R", A, doc=str(number)))
        yield at.register(
            f"u{number}", record(f"U{number}", {"name": "r", "type": "R"}), references=[REFERENCE]
        )
        yield at.register(f"same{number}", '"string"')
    yield at.delete("r/versions/2")
    yield at.delete("same1")
    for page in PAGES:
        yield at.version("r", f"?{page}")
        yield at.version("r", f"?deleted=true&{page}")
        yield at.version("r", f"?deletedOnly=true&{page}")
        yield at.version("r", f"?deletedAsNegative=true&{page}")
        yield at.version("r", f"/1/referencedby?{page}")
        yield Call("GET", f"/subjects?subjectPrefix={at.encoded()}&{page}")
        yield Call("GET", f"/subjects?subjectPrefix={at.encoded()}&deleted=true&{page}")
        yield Call("GET", f"/subjects?subjectPrefix={at.encoded()}&deletedOnly=true&{page}")
        yield Call("GET", f"/schemas?subjectPrefix={at.encoded()}&{page}")
        yield Call("GET", f"/schemas?subjectPrefix={at.encoded('r')}&latestOnly=true&{page}")
        yield Call("GET", f"/contexts/{at.context}/subjects?{page}")
        yield Call("GET", f"/contexts?contextPrefix=.{at.context}&{page}")
    yield Call("GET", f"/contexts?contextPrefix={at.context}")
    for page in ("limit=0", "limit=-1", "offset=9", "limit=9"):  # in whatever order
        yield at.id(f"3/subjects?{page}", "same0")
        yield at.id(f"3/versions?{page}", "same0")
    yield at.delete("u1")
    yield at.version("r", "/1/referencedby")
    yield at.version("r", "/1/referencedby?deleted=true")
    yield at.version("r", "/3/referencedby")
    yield at.version("r", "/7/referencedby")
    yield at.version("none", "/1/referencedby")
    yield at.version("r", "?limit=abc")
    yield at.version("r", "?offset=")


def holders(at: Place) -> Iterator[Call]:
    for subject in ("a", "b"):
        yield at.register(subject, '"string"')
        yield at.register(subject, '"bytes"')
    for rest in ("1", "1/schema", "1/subjects", "1/versions", "9", "9/subjects", "9/versions"):
        for subject in ("", "a", "b", "none"):
            yield at.id(rest, subject)
    yield at.id("1?fetchMaxId=true")
    yield at.register("b", record("R", A), "?normalize=true")
    yield at.id("1?fetchMaxId=true", "b")
    yield at.id("1?fetchMaxId=false", "b")
    yield at.delete("a")
    yield at.id("1/subjects")
    yield at.id("1/subjects?deleted=true")
    yield at.id("1/versions?deleted=true")
    yield at.delete("b")
    for rest in ("1", "1/schema", "1/subjects", "1/versions"):
        yield at.id(rest)
    yield at.delete("a?permanent=true")
    yield at.delete("b?permanent=true")
    for rest in ("1", "1/subjects", "1/versions"):
        yield at.id(rest)


def forms_of_avro(at: Place) -> Iterator[Call]:
    yield at.register("r", PLAIN)
    yield at.register("u", USER, references=[REFERENCE])
    for form in ("resolved", "RESOLVED", "default", "serialized", "none", ""):
        yield at.register("u", USER, f"?format={form}", references=[REFERENCE])
        yield at.version("u", f"/1?format={form}")
        yield at.version("u", f"/1/schema?format={form}")
        yield at.id(f"2?format={form}")
        yield at.id(f"2/schema?format={form}")
        yield at.look_up("u", USER, f"?format={form}", references=[REFERENCE])
        yield Call("GET", f"/subjects/{at.encoded('u')}/metadata?format={form}")
    for form in ("qualified", "default", "QUALIFIED", "other"):
        yield at.version("u", f"/1?referenceFormat={form}")
        yield at.id(f"2?referenceFormat={form}")


def forms_of_protobuf(at: Place) -> Iterator[Call]:
    reference = {"name": "q.proto", "subject": "q", "version": 1}
    yield at.register("q", IMPORTED, schemaType="PROTOBUF")
    yield at.register("m", PROTOBUF, schemaType="PROTOBUF", references=[reference])
    yield at.register("e", EXTENDED, schemaType="PROTOBUF")
    for form in ("ignore_extensions", "default", "none", "IGNORE_EXTENSIONS"):
        for subject, number in (("m", 2), ("e", 3)):
            yield at.version(subject, f"/1?format={form}")
            yield at.version(subject, f"/1/schema?format={form}")
            yield at.id(f"{number}?format={form}")
            yield at.id(f"{number}/schema?format={form}")
        yield at.look_up("e", EXTENDED, f"?format={form}", schemaType="PROTOBUF")
        yield at.register("f", EXTENDED, f"?format={form}", schemaType="PROTOBUF")


def forms_of_json(at: Place) -> Iterator[Call]:
    part = '{"type":"object","properties":{"a":{"type":"integer"}}}'
    whole = '{"type":"object","properties":{"p":{"$ref":"part.json"},"q":{"$ref":"part.json"}}}'
    reference = {"name": "part.json", "subject": "p", "version": -1}
    yield at.register("p", part, schemaType="JSON")
    yield at.register("w", whole, schemaType="JSON", references=[reference])
    for form in ("resolved", "none", "default"):
        yield at.version("w", f"/1?format={form}")
        yield at.version("p", f"/1/schema?format={form}")
        yield at.id(f"1?format={form}")
        yield at.look_up("w", whole, f"?format={form}", schemaType="JSON", references=[reference])


def guids(at: Place) -> Iterator[Call]:
    yield at.register("a", '"string"')
    yield at.register("b", '"string"', metadata={"properties": {"x": "y"}})
    for query in ("", "?format=resolved", "?format=none"):
        yield Call("GET", f"/schemas/guids/{GUID}{query}")
        yield Call("GET", f"/schemas/guids/{str(GUID).upper()}{query}")
    yield Call("GET", f"/schemas/guids/{UUID(int=7)}")
    yield Call("GET", f"/schemas/guids/{UUID(int=7)}/ids")
    yield Call("GET", "/schemas/guids/nonsense")


def metadata(at: Place) -> Iterator[Call]:
    both = {"properties": {"team": "pay", "major": "2"}}
    yield at.register("m", PLAIN, metadata={"properties": {"team": "pay", "major": "1"}})
    yield at.register("m", PLAIN, metadata=both)
    yield at.register("m", NEXT, metadata=both)
    path = f"/subjects/{at.encoded('m')}/metadata"
    for query in (
        "key=team&value=pay",
        "key=team&value=pay&key=major&value=1",
        "key=team&key=major&value=pay&value=1",
        "key=team&value=pay&key=major&value=3",
        "key=major&value=2&format=resolved",
        "key=none&value=x",
        "key=team",
        "",
    ):
        yield Call("GET", f"{path}?{query}")
    yield at.delete("m/versions/3")
    yield Call("GET", f"{path}?key=major&value=2")
    yield Call("GET", f"{path}?key=major&value=2&deleted=true")
    yield at.delete("m")
    yield Call("GET", f"{path}?key=major&value=2")
    yield Call("GET", f"{path}?key=major&value=2&deleted=true")
    yield Call("GET", f"/subjects/{at.encoded('none')}/metadata?key=a&value=b")


RULE = {"name": "r", "kind": "CONDITION", "mode": "WRITE", "type": "CEL", "expr": "true"}
RULE_SETS: Mapping[str, Any] = {
    "domain": {"domainRules": [{**RULE, "doc": "Said.", "disabled": True}]},
    "encoding": {"encodingRules": [{**RULE, "type": "ENCRYPT", "mode": "WRITEREAD"}]},
    "at": {"domainRules": [RULE], "enableAt": "2030-01-01"},
    "params": {"domainRules": [{**RULE, "params": {"b": "2", "a": "1"}, "tags": ["T", "B"]}]},
    "actions": {"domainRules": [{**RULE, "onSuccess": "NONE", "onFailure": "DLQ"}]},
    "two actions": {
        "domainRules": [{**RULE, "mode": "WRITEREAD", "onFailure": "ERROR,NONE"}],
    },
    "two actions of one": {"domainRules": [{**RULE, "onFailure": "ERROR,NONE"}]},
    "migration": {"migrationRules": [{**RULE, "mode": "UPDOWN", "kind": "TRANSFORM"}]},
    "migration of writes": {"migrationRules": [RULE]},
    "encoding of upgrades": {"encodingRules": [{**RULE, "mode": "UPGRADE"}]},
    "twice": {"domainRules": [RULE, RULE]},
    "twice over lists": {"domainRules": [RULE], "encodingRules": [RULE]},
    "no type": {"domainRules": [{"name": "r", "mode": "WRITE"}]},
    "no mode": {"domainRules": [{"name": "r", "type": "CEL"}]},
    "no name": {"domainRules": [{"mode": "WRITE", "type": "CEL"}]},
    "empty name": {"domainRules": [{**RULE, "name": ""}]},
    "long name": {"domainRules": [{**RULE, "name": "x" * 257}]},
    "odd name": {"domainRules": [{**RULE, "name": "a b"}]},
    "kind": {"domainRules": [{**RULE, "kind": "OTHER"}]},
    "mode": {"domainRules": [{**RULE, "mode": "OTHER"}]},
    "nothing": {},
    "empty lists": {"domainRules": [], "migrationRules": []},
    "null": {"domainRules": None},
    "member": {"other": 1, "domainRules": [{**RULE, "other": 2}]},
    "no list": {"domainRules": "x"},
    "no rule": {"domainRules": ["x"]},
}


def rule_sets(at: Place) -> Iterator[Call]:
    for number, rules in enumerate(RULE_SETS.values()):
        yield at.register(f"s{number}", PLAIN, ruleSet=rules)
        yield at.version(f"s{number}", "/1")
        yield at.look_up(f"s{number}", PLAIN, ruleSet=rules)
    for number, rules in enumerate(RULE_SETS.values()):
        yield at.config("PUT", f"c{number}", defaultRuleSet=rules)
        yield at.config("GET", f"c{number}")
    for lifecycle in ("", "WEAK", "NONE", "none"):
        yield Call("GET", f"/schemas?subjectPrefix={at.encoded()}&lifecycle={lifecycle}&limit=3")
    for kind in ("CEL", "ENCRYPT", "cel", "NONE"):
        yield Call("GET", f"/schemas?subjectPrefix={at.encoded()}&ruleType={kind}")
    yield Call("GET", f"/schemas?subjectPrefix={at.encoded()}&ruleType=CEL&limit=2")


CONFIGS: Sequence[Mapping[str, Any]] = (
    {"compatibility": "full"},
    {"compatibility": None},
    {"compatibilityLevel": "NONE"},
    {"alias": "other"},
    {"alias": None},
    {"aliasForDeks": "other"},
    {"aliasForDeks": None},
    {"normalize": True},
    {"normalize": None},
    {"validateFields": True, "validateNewSchemas": False, "validateRules": True},
    {"validateFields": None, "validateNewSchemas": None, "validateRules": None},
    {"compatibilityPolicy": "LENIENT"},
    {"compatibilityPolicy": "strict"},
    {"compatibilityPolicy": "LOGICAL"},
    {"compatibilityPolicy": "other"},
    {"compatibilityPolicy": None},
    {"compatibilityGroup": "major"},
    {"compatibilityGroup": ""},
    {"defaultMetadata": {"properties": {"b": "1", "a": "2"}, "sensitive": ["b", "a", "a"]}},
    {"overrideMetadata": {"tags": {"**.x": ["T", "B", "T"]}}},
    {"defaultMetadata": None, "overrideMetadata": None},
    {"defaultRuleSet": {"encodingRules": [{**RULE, "mode": "WRITEREAD"}], "enableAt": "x"}},
    {"overrideRuleSet": {"domainRules": [RULE]}},
    {"defaultRuleSet": None, "overrideRuleSet": None},
    {"other": 1},
    {},
    {"normalize": "true"},
    {"normalize": "maybe"},
    {"normalize": 1},
    {"compatibility": ""},
    {"compatibility": 5},
    {"compatibility": ["FULL"]},
    {"defaultMetadata": "x"},
    {"defaultMetadata": {"properties": {"a": 1, "b": True}}},
    {"defaultMetadata": {"tags": {"a": "T"}}},
)


def configs(at: Place) -> Iterator[Call]:
    for subject in ("s", ""):
        yield at.config("GET", subject)
        yield at.config("GET", subject, "?defaultToGlobal=true")
        for members in CONFIGS:
            yield at.config("PUT", subject, **members)
            yield at.config("GET", subject)
        yield at.config("GET", "t", "?defaultToGlobal=true")
        yield at.config("DELETE", subject)
        yield at.config("DELETE", subject)
        yield at.config("GET", subject, "?defaultToGlobal=true")


BODIES: Sequence[Any] = (
    None,
    {},
    [],
    "x",
    5,
    {"schema": None},
    {"schema": ""},
    {"schema": "  "},
    {"schema": 5},
    {"schema": True},
    {"schema": {"type": "string"}},
    {"schema": ["string"]},
    {"schema": '"string"', "schemaType": None},
    {"schema": '"string"', "schemaType": ""},
    {"schema": '"string"', "schemaType": "avro"},
    {"schema": '"string"', "schemaType": "OTHER"},
    {"schema": '"string"', "schemaType": 5},
    {"schema": '"string"', "schemaType": ["AVRO"]},
    {"schema": '"string"', "references": None},
    {"schema": '"string"', "references": []},
    {"schema": '"string"', "references": {}},
    {"schema": '"string"', "references": ["x"]},
    {"schema": '"string"', "references": [{}]},
    {"schema": '"string"', "references": [{"name": "a", "subject": "none", "version": 1}]},
    {"schema": '"string"', "references": [{"name": "a", "subject": "none"}]},
    {"schema": '"string"', "references": [{"subject": "none", "version": 1}]},
    {"schema": '"string"', "references": [{"name": "", "subject": "none", "version": 1}]},
    {"schema": '"string"', "references": [{"name": "a", "version": 1}]},
    {"schema": '"string"', "references": [{"name": "a", "subject": "none", "version": 0}]},
    {"schema": '"string"', "references": [{"name": "a", "subject": "none", "version": "x"}]},
    {"schema": '"string"', "metadata": None},
    {"schema": '"string"', "metadata": {}},
    {"schema": '"string"', "metadata": []},
    {"schema": '"string"', "metadata": {"properties": None, "tags": {}, "other": 1}},
    {"schema": '"string"', "metadata": {"properties": {"b": 1, "a": True, "c": 1.5}}},
    {"schema": '"string"', "metadata": {"properties": {"a": {"b": "c"}}}},
    {"schema": '"string"', "metadata": {"tags": {"x": ["b", "a", "b"]}, "sensitive": ["x"]}},
    {"schema": '"string"', "metadata": {"tags": {"x": None}}},
    {"schema": '"string"', "metadata": {"sensitive": "x"}},
    {"schema": '"string"', "id": -1, "version": 0},
    {"schema": '"string"', "id": "1"},
    {"schema": '"string"', "id": "x"},
    {"schema": '"string"', "other": {"a": [1]}, "subject": "ignored", "guid": "ignored"},
    {"schema": '"string"', "propagateSchemaTags": "true"},
    {"schema": '"string"', "propagateSchemaTags": "x"},
    {"schema": '"string"', "schemaTagsToAdd": []},
    {"schema": '"string"', "schemaTagsToAdd": {}},
)


def bodies(at: Place) -> Iterator[Call]:
    for number, body in enumerate(BODIES):
        path = f"/subjects/{at.encoded(f's{number}')}"
        yield Call("POST", f"{path}/versions", body)
        yield Call("POST", path, body)
        yield Call("GET", f"{path}/versions")
        compatibility = f"/compatibility{path}/versions"
        yield Call("POST", compatibility, body)
        yield Call("POST", f"{compatibility}?verbose=true", body)
        yield Call("POST", f"{compatibility}/latest?verbose=true", body)
    for body in (None, [], 5, {"compatibility": "FULL", "mode": "READONLY"}):
        yield Call("PUT", f"/config/{at.encoded('c')}", body)
        yield Call("PUT", f"/mode/{at.encoded('c')}", body)
        yield Call("POST", f"/subjects/{at.encoded('c')}/versions/1/tags", body)


def configs_in_turn(at: Place) -> Iterator[Call]:
    """One of the context, then one of the subject, which hides it whole."""
    yield at.config("PUT", "", compatibility="FULL", compatibilityGroup="major")
    yield at.config("PUT", "s", normalize=True)
    yield at.config("GET", "s")
    yield at.config("GET", "s", "?defaultToGlobal=true")
    yield at.config("GET", "t")
    yield at.config("GET", "t", "?defaultToGlobal=true")
    yield at.config("GET", "")
    yield at.config("DELETE", "")
    yield at.config("GET", "t", "?defaultToGlobal=true")
    yield at.config("GET", "", "?defaultToGlobal=true")
    yield at.config("GET", "")
    for path in ("config", "mode"):
        inside = f"/contexts/.{at.context}/{path}"
        yield Call("GET", inside)
        yield Call("GET", f"{inside}?defaultToGlobal=true")
        yield Call("GET", f"{inside}/s")
        yield Call("PUT", inside, {"compatibility": "NONE", "mode": "READONLY"})
        yield Call("GET", inside)
        yield Call("GET", f"{inside}/t?defaultToGlobal=true")
        yield Call("DELETE", inside)
        yield Call("DELETE", inside)


def modes(at: Place) -> Iterator[Call]:
    for subject in ("s", ""):
        yield at.mode("DELETE", subject)
        yield at.mode("DELETE", subject, "?recursive=true")
        yield at.mode("GET", subject)
        yield at.mode("GET", subject, "?defaultToGlobal=true")
        for mode in ("READONLY", "readonly_override", "FORWARD", "none", "", None, 5, "Import"):
            yield at.mode("PUT", subject, mode=mode)
            yield at.mode("GET", subject)
            yield at.mode("GET", subject, "?defaultToGlobal=true")
        yield at.mode("DELETE", subject)
        yield at.mode("GET", subject, "?defaultToGlobal=true")
    yield at.mode("PUT", "", mode="READONLY")
    yield at.mode("PUT", "s", mode="READWRITE")
    yield at.mode("PUT", "t", mode="IMPORT")
    yield at.register("s", PLAIN)
    yield at.register("u", PLAIN)
    yield at.config("PUT", "u", compatibility="NONE")
    yield at.config("PUT", "s", compatibility="NONE")
    yield at.config("DELETE", "s")
    yield at.delete("s")
    yield at.mode("DELETE", "", "?recursive=true")
    yield at.mode("GET", "s")
    yield at.mode("GET", "t")
    yield at.register("u", PLAIN)


def imports(at: Place) -> Iterator[Call]:
    yield at.register("live", PLAIN)
    yield at.mode("PUT", "live", mode="IMPORT")
    yield at.mode("PUT", "", mode="IMPORT")
    yield at.delete("live")
    yield at.mode("PUT", "live", mode="IMPORT")
    yield at.version("live", "?deleted=true")
    yield at.mode("PUT", "", "?force=true", mode="IMPORT")
    yield at.register("s", PLAIN)
    yield at.register("s", PLAIN, id=7)
    yield at.register("s", NEXT, id=9, version=5)
    yield at.register("s", NEXT, id=7, version=6)
    yield at.register("t", PLAIN, id=7, version=2)
    yield at.register("t", PLAIN, id=0)
    yield at.register("t", PLAIN, id=-1)
    yield at.register("v", PLAIN, id=7, version=0)
    yield at.register("v", PLAIN, id=7, version=-1)
    yield at.version("s", "")
    yield at.version("t", "")
    yield at.version("v", "")
    yield at.id("7/versions")
    yield at.id("9/versions")
    yield at.register("t", NEXT, id=9, version=2)  # what is found by id 7 is chance from here on
    yield at.version("t", "/2")
    yield at.mode("DELETE", "")
    yield at.register("s", record("R", A, doc="more"))
    yield at.id("1?fetchMaxId=true", "s")
    yield at.id("10?fetchMaxId=true")


def tags(at: Place) -> Iterator[Call]:
    field = {"entityPath": "R.a", "entityType": "sr_field"}
    whole = {"entityPath": "R", "entityType": "sr_record"}
    yield at.register("s", record("R", TAGGED))
    add = [{"schemaEntity": field, "tags": ["NEW", "PII"]}]
    yield at.register("s", record("R", TAGGED), schemaTagsToAdd=add)
    remove = [{"schemaEntity": field, "tags": ["PII", "NONE"]}]
    yield at.register("s", record("R", TAGGED), schemaTagsToRemove=remove)
    yield at.register("s", record("R", TAGGED), schemaTagsToAdd=add, schemaTagsToRemove=remove)
    on_record = [{"schemaEntity": whole, "tags": ["OF_RECORD"]}]
    yield at.register("s", NEXT, schemaTagsToAdd=on_record)
    yield at.register("s", NEXT, propagateSchemaTags=True)
    for find in ("*", "PII", "NEW&findTags=OF_RECORD", "none", ""):
        yield at.version("s", f"/1?findTags={find}")
        yield at.version("s", f"/latest?findTags={find}")
        yield at.id(f"1?findTags={find}")
        yield at.id(f"3?findTags={find}", "s")
    nowhere = [{"schemaEntity": {**field, "entityPath": "R.none"}, "tags": ["T"]}]
    yield at.register("s", PLAIN, schemaTagsToAdd=nowhere)
    yield at.register("s", PLAIN, schemaTagsToRemove=nowhere)
    path = f"/subjects/{at.encoded('s')}/versions/1/tags"
    yield Call("POST", path, {"tagsToAdd": add})
    yield Call("POST", path, {"newVersion": 1, "tagsToAdd": add})
    yield Call("POST", path, {"tagsToRemove": remove})
    yield Call("POST", path, {"metadata": {"properties": {"a": "b"}}})
    yield Call("POST", path, {"ruleSet": {"domainRules": [RULE]}})
    yield Call("POST", path, {"rulesToMerge": {"domainRules": [{**RULE, "name": "q"}]}})
    yield Call("POST", path, {"rulesToRemove": ["r"]})
    yield Call("POST", path, {"rulesToRemove": ["q"], "ruleSet": {}})
    yield Call("POST", path.replace("/1/", "/99/"), {"tagsToAdd": add})
    yield Call("POST", path.replace(":s/", ":none/"), {"tagsToAdd": add})
    yield at.version("s", "")
    yield at.version("s", "/latest")


JSON_TAGGED = (
    '{"type":"object","properties":{"f":{"type":"string"},"o":{"type":"object","properties":'
    '{"x":{"type":"integer"}}},"l":{"type":"array","items":{"type":"object","properties":'
    '{"y":{"type":"string"}}}},"u":{"oneOf":[{"type":"null"},{"type":"object","properties":'
    '{"z":{"type":"string"}}}]}},"definitions":{"D":{"type":"object"}}}'
)
PROTOBUF_TAGGED = (
    'syntax = "proto3";\npackage p;\n\nmessage M {\n  string f1 = 1;\n\n'
    "  oneof x {\n    int32 y = 2;\n  }\n\n  message N {\n    string g = 1;\n  }\n}\n"
)
AVRO_TAGGED = record(
    "R",
    {"name": "f", "type": "int"},
    {
        "name": "n",
        "type": {"type": "record", "name": "q.N", "fields": [{"name": "g", "type": "int"}]},
    },
    namespace="p",
)
PATHS: Mapping[str, tuple[str, Sequence[str]]] = {
    "AVRO": (
        AVRO_TAGGED,
        ("p.R", "R", ".R", "p.R.f", "R.f", ".R.f", "q.N", "p.q.N", "R.none", "x.R", "f", ""),
    ),
    "JSON": (
        JSON_TAGGED,
        (
            *("object", "object.f", "object.o", "object.o.object", "object.o.object.x"),
            *("object.l", "object.l.array.object", "object.l.array.object.y"),
            *("object.u.oneof.1.object", "object.u.oneof.1.object.z", "object.u.oneof.0.object.z"),
            *("object.definitions.D", "object.definitions.D.object", "object.none", "f", ""),
        ),
    ),
    "PROTOBUF": (
        PROTOBUF_TAGGED,
        ("M", ".M", "M.f1", ".M.f1", "p.M", "M.y", "M.x.y", "M.N", "M.N.g", "N", "M.none", ""),
    ),
}


def paths_of_tags(at: Place) -> Iterator[Call]:
    for type_, (text, listed) in PATHS.items():
        for kind in ("sr_record", "sr_field"):
            for number, path in enumerate(listed):
                entity = {"entityPath": path, "entityType": kind}
                subject = f"{type_}-{kind}-{number}"
                change = [{"schemaEntity": entity, "tags": ["T", "A"]}]
                yield at.register(subject, text, schemaType=type_, schemaTagsToAdd=change)
                yield at.version(subject, "/1?findTags=T")
        subject = f"{type_}-on"
        entity = {"entityPath": listed[3], "entityType": "sr_field"}
        change = [{"schemaEntity": entity, "tags": ["T", "A"]}]
        yield at.register(subject, text, schemaType=type_)
        tags = f"/subjects/{at.encoded(subject)}/versions/latest/tags"
        yield Call("POST", tags, {"tagsToAdd": change})
        yield Call("POST", tags, {"tagsToRemove": change})
        yield at.register(subject, text, schemaType=type_, propagateSchemaTags=True)
        yield at.version(subject, "/latest")
        yield at.version(subject, "/2?format=none&findTags=*")
    named: Sequence[Any] = ("SR_FIELD", "sr_field", None, "", "other", 5)
    for one in named:
        entity = {"entityPath": "p.R.f", "entityType": one}
        change = [{"schemaEntity": entity, "tags": ["T"]}]
        yield at.register(f"kind-{one}", AVRO_TAGGED, schemaTagsToAdd=change)


def prefixes(at: Place) -> Iterator[Call]:
    for context in (at.context, f"{at.context}x", f"{at.context}y"):
        for name in ("ab", "ac", "b"):
            yield Call("POST", f"/subjects/:.{context}:{name}/versions", {"schema": '"int"'})
    for text in (f":.{at.context}", f":.{at.context}:", f":.{at.context}:a", f":.{at.context}x"):
        for path in ("subjects", "schemas", f"contexts/.{at.context}/subjects"):
            yield Call("GET", f"/{path}?subjectPrefix={text}")
    for text in ("a", "", "z", f":.{at.context}x:a"):
        yield Call("GET", f"/contexts/.{at.context}/subjects?subjectPrefix={text}")
        yield Call("GET", f"/contexts/.{at.context}/schemas?subjectPrefix={text}")
    yield Call("GET", f"/contexts/.{at.context}/contexts?contextPrefix=.{at.context}")
    yield Call("DELETE", f"/contexts/.{at.context}/contexts/.{at.context}none")


def elsewhere(at: Place) -> Iterator[Call]:
    """A name without a context is looked for in the others."""
    name = f"only{at.context}"
    yield Call("POST", f"/subjects/:.{at.context}:{name}/versions", {"schema": '"int"'})
    for text in (name, f":.:{name}", f":.none{at.context}:{name}"):
        for rest in ("", "/versions", "/versions/1", "/versions/latest/schema", "/metadata"):
            yield Call("GET", f"/subjects/{text}{rest}")
        yield Call("POST", f"/subjects/{text}", {"schema": '"int"'})
        yield Call("POST", f"/compatibility/subjects/{text}/versions/1", {"schema": '"int"'})
    for context in (":.:", f".{at.context}", f".none{at.context}"):
        yield Call("GET", f"/contexts/{context}/subjects/{name}/versions/1")


def messages(at: Place) -> Iterator[Call]:
    """Of a schema that may not follow, word for word."""
    pairs: Mapping[str, tuple[str, str]] = {
        "AVRO": (
            record("R", {"name": "a", "type": "int"}),
            record("R", {"name": "a", "type": "long"}),
        ),
        "JSON": (
            '{"type":"object","properties":{"a":{"type":"string"}}}',
            '{"type":"object","properties":{"a":{"type":"integer"}}}',
        ),
        "PROTOBUF": (
            'syntax = "proto3";\n\nmessage M {\n  string a = 1;\n}\n',
            'syntax = "proto3";\n\nmessage M {\n  int32 a = 1;\n}\n',
        ),
    }
    for type_, (older, newer) in pairs.items():
        for level in ("BACKWARD", "FORWARD", "FULL", "FULL_TRANSITIVE", "NONE"):
            subject = f"{type_}-{level}"
            yield at.config("PUT", subject, compatibility="NONE")
            yield at.register(subject, older, schemaType=type_)
            yield at.config("PUT", subject, compatibility=level)
            path = f"/compatibility/subjects/{at.encoded(subject)}/versions"
            for text in (newer, older):
                yield Call("POST", f"{path}?verbose=true", {"schema": text, "schemaType": type_})
            yield Call("POST", f"{path}/1?verbose=true", {"schema": newer, "schemaType": type_})
            other = (
                {"schema": '"int"'} if type_ != "AVRO" else {"schema": "{}", "schemaType": "JSON"}
            )
            yield Call("POST", f"{path}?verbose=true", other)
    long = record("L", {"name": "a", "type": "int", "doc": "d" * 10_300})
    yield at.register("long", long)
    path = f"/compatibility/subjects/{at.encoded('long')}/versions?verbose=true"
    yield Call("POST", path, {"schema": '"string"'})


def odd_texts(at: Place) -> Iterator[Call]:
    for number, (type_, normalize, text) in enumerate(texts.cases()):
        query = "?normalize=true" if normalize else ""
        yield at.register(f"t{number}", text, query, schemaType=type_)


def versions(at: Place) -> Iterator[Call]:
    yield at.register("s", PLAIN)
    for number in ("latest", "LATEST", "Latest", "-1", "1", "01", "+1", "0", "-2", "1.0", "x"):
        yield at.version("s", f"/{number}")
        yield at.version("s", f"/{number}/schema")
        yield at.version("s", f"/{number}/referencedby")
        yield at.version("none", f"/{number}")
        path = f"/compatibility/subjects/{at.encoded('s')}/versions/{number}"
        yield Call("POST", path, {"schema": PLAIN})
    for number in ("2147483647", "2147483648", "99999999999", "%20", "1%20"):
        yield at.version("s", f"/{number}")
    asked: Sequence[Any] = (0, 1, 2, 3, -1, -2, "2", "x", None, 1.0, 4.7, 2147483647)
    for one in asked:
        yield at.register("t", record("R", A, doc=str(one)), version=one)
        yield at.version("t", "")


def groups(at: Place) -> Iterator[Call]:
    """Only versions of one value of the group's property are compared."""
    wide = record("R", {"name": "a", "type": "string"})
    of = [{"properties": {"major": number}} for number in ("1", "2")]
    yield at.config("PUT", "s", compatibility="FULL", compatibilityGroup="major")
    yield at.register("s", PLAIN, metadata=of[0])
    yield at.register("s", wide, metadata=of[0])
    yield at.register("s", wide, metadata=of[1])
    yield at.register("s", NEXT, metadata=of[1])
    yield at.register("s", NEXT, metadata=of[0])
    yield at.register("s", wide)
    yield at.register("s", PLAIN, metadata={})
    for group in (*of, {}, None):
        for text in (PLAIN, wide, NEXT):
            path = f"/compatibility/subjects/{at.encoded('s')}/versions"
            yield Call("POST", path, {"schema": text, "metadata": group})
            yield Call("POST", f"{path}/1?verbose=true", {"schema": text, "metadata": group})


def validations(at: Place) -> Iterator[Call]:
    reserved = {"properties": {"confluent:reserved": "a, b"}}
    yield at.config("PUT", "s", validateFields=True)
    yield at.register("s", record("R", {"name": "c", "type": "int"}), metadata=reserved)
    yield at.register("s", PLAIN, metadata=reserved)
    yield at.register("s", record("R", {"name": "c", "type": "int"}, doc="x"), metadata={})
    path = f"/compatibility/subjects/{at.encoded('s')}/versions?verbose=true"
    yield Call("POST", path, {"schema": PLAIN, "metadata": reserved})
    for name in ("$a", "_a", "__a", "$$a"):
        for subject in ("s", "t"):
            yield at.register(subject, record("N", {"name": name, "type": "int", "default": 1}))
    for flag in (True, False):
        yield at.config("PUT", "v", validateNewSchemas=flag)
        wrong_default = record("R", {"name": "a", "type": "int", "default": "x"})
        yield at.register("v", wrong_default)
        yield at.look_up("v", wrong_default)
        compatibility = f"/compatibility/subjects/{at.encoded('v')}/versions"
        yield Call("POST", compatibility, {"schema": wrong_default})


def aliases(at: Place) -> Iterator[Call]:
    yield at.register("real", PLAIN)
    yield at.config("PUT", "other", alias="real")
    yield at.config("PUT", "chain", alias="other")
    yield at.config("PUT", "far", alias=at.name("real"))
    for subject in ("other", "chain", "far", "real"):
        yield at.version(subject, "")
        yield at.version(subject, "/latest")
        yield at.look_up(subject, PLAIN)
        yield at.config("GET", subject)
        yield at.mode("GET", subject, "?defaultToGlobal=true")
        compatibility = f"/compatibility/subjects/{at.encoded(subject)}/versions/latest"
        yield Call("POST", compatibility, {"schema": NEXT})
    yield at.register("other", NEXT)
    yield at.version("real", "")
    for prefix in ("", "o", "real", "ch"):
        yield Call("GET", f"/schemas?subjectPrefix={at.encoded(prefix)}&aliases=true")
        yield Call(
            "GET", f"/schemas?subjectPrefix={at.encoded(prefix)}&aliases=true&latestOnly=true"
        )
    yield at.delete("other")
    yield at.version("real", "?deleted=true")


def associations(at: Place) -> Iterator[Call]:
    def resource(number: int = 1, **members: Any) -> dict[str, Any]:
        return {
            "resourceName": f"orders{number}",
            "resourceNamespace": at.context,
            "resourceId": f"{at.context}-{number}",
            "resourceType": "topic",
            **members,
        }

    schema = {"schema": PLAIN}
    strong = {"associationType": "value", "schema": schema}
    key = {**strong, "associationType": "key"}
    weak = {"subject": at.name("s"), "associationType": "value", "lifecycle": "WEAK"}
    yield at.register("s", PLAIN)
    made: Sequence[Any] = (
        [strong],
        [strong, key],
        [{**strong, "lifecycle": "STRONG", "frozen": True}],
        [{**strong, "frozen": False}],
        [{**strong, "lifecycle": "WEAK"}],
        [{**strong, "subject": at.name("s")}],
        [{**strong, "subject": at.name("orders6-value")}],
        [{"associationType": "value", "lifecycle": "STRONG"}],
        [{"associationType": "value"}],
        [weak],
        [{**weak, "frozen": True}],
        [{**weak, "frozen": False}],
        [{**weak, "subject": at.name("none")}],
        [{**weak, "subject": None}],
        [{**weak, "subject": ""}],
        [weak, {**weak, "associationType": "key"}],
        [weak, weak],
        [weak, key],
        [{**weak, "associationType": "other"}],
        [{**weak, "associationType": None}],
        [{**weak, "lifecycle": "weak"}],
        [{**weak, "lifecycle": None}],
        [],
        None,
        [None],
        ["x"],
        "x",
    )
    for method in ("POST", "PUT"):
        for number, listed in enumerate(made):
            number += 100 if method == "PUT" else 0
            body = resource(number, associations=listed)
            path = "/associations"
            if method == "PUT":
                path += f"/resources/{at.context}-{number}"
            yield Call(method, f"{path}?dryRun=true", body)
            yield Call(method, path, body)
            yield Call(method, path, body)
            yield Call("GET", f"/associations/resources/{at.context}-{number}")
    for member in ("resourceName", "resourceNamespace", "resourceId", "resourceType"):
        for value in (None, "", "a b", "x" * 257, 5):
            body = resource(50, associations=[weak], **{member: value})
            yield Call("POST", "/associations?dryRun=true", body)
            yield Call("PUT", f"/associations/resources/{at.context}-50?dryRun=true", body)
    by_name = f"/associations/resources/{at.context}"
    for query in (
        "",
        "?resourceType=topic",
        "?resourceType=other",
        "?associationType=key",
        "?associationType=key&associationType=value",
        "?associationType=other",
        "?lifecycle=STRONG",
        "?lifecycle=WEAK",
        "?lifecycle=weak",
        "?lifecycle=",
        "?limit=1",
        "?offset=1",
        "?limit=0",
    ):
        yield Call("GET", f"/associations/resources/{at.context}-1{query}")
        yield Call("GET", f"{by_name}/orders1{query}")
        yield Call("GET", f"/associations/subjects/{at.encoded('orders1-value')}{query}")
    yield Call("GET", f"{by_name}/none")
    yield Call("GET", f"/associations/resources/none{at.context}/orders1")
    yield Call("GET", f"/associations/subjects/{at.encoded('none')}")
    yield at.delete("s")
    yield at.delete("s/versions/1")
    yield at.delete("orders1-value")
    for number in (1, 9, 77):
        path = f"/associations/resources/{at.context}-{number}"
        for query in (
            "?resourceType=other",
            "?associationType=key&dryRun=true",
            "?dryRun=true",
            "?cascadeLifecycle=true&dryRun=true",
            "?associationType=value",
            "?cascadeLifecycle=true&associationType=value",
            "?cascadeLifecycle=true",
        ):
            yield Call("DELETE", f"{path}{query}")
            yield Call("GET", path)
    yield at.version("orders1-value", "?deleted=true")


def associations_in_batches(at: Place) -> Iterator[Call]:
    def resource(number: int, *associations: Any) -> dict[str, Any]:
        return {
            "resourceName": f"orders{number}",
            "resourceNamespace": at.context,
            "resourceId": f"{at.context}-{number}",
            "associations": list(associations),
        }

    strong = {"opType": "CREATE", "associationType": "value", "schema": {"schema": PLAIN}}
    weak = {
        "opType": "UPSERT",
        "subject": at.name("s"),
        "associationType": "value",
        "lifecycle": "WEAK",
    }
    gone = {"opType": "DELETE", "associationType": "value"}
    yield at.register("s", PLAIN)
    batches: Sequence[Any] = (
        [resource(1, strong), resource(2, weak), resource(3, gone)],
        [resource(1, strong), resource(2, {**weak, "subject": at.name("none")})],
        [resource(4, strong, {**strong, "associationType": "key"}), resource(5)],
        [resource(2, gone), resource(1, gone)],
        [resource(1, {**gone, "cascadeLifecycle": True})],
        [resource(6, {**weak, "opType": "OTHER"})],
        [],
        None,
    )
    for batch in batches:
        yield Call("POST", "/associations:batchMutate", {"requests": batch})
        for number in range(1, 7):
            yield Call("GET", f"/associations/resources/{at.context}-{number}")
    asked: Sequence[Any] = (
        [{"resourceId": f"{at.context}-4"}],
        [{"resourceId": f"{at.context}-4", "associationTypes": ["key"]}],
        [{"resourceId": f"{at.context}-4", "lifecycle": "WEAK"}],
        [{"resourceName": "orders4", "resourceNamespace": at.context}],
        [{"resourceId": f"{at.context}-none"}, {"resourceId": f"{at.context}-4"}],
        [],
        None,
    )
    for batch in asked:
        yield Call("POST", "/associations:batchGet", {"requests": batch})
        yield Call("POST", "/associations:batchGet?includeSchemas=true", {"requests": batch})


def top(at: Place) -> Iterator[Call]:
    """Settings of the server itself, and above all contexts; put back at the end."""
    yield Call("GET", "/config")
    yield Call("GET", "/mode")
    yield Call("GET", "/config/:.:?defaultToGlobal=true")
    yield Call("DELETE", "/mode")
    yield Call("PUT", "/config", {"compatibility": "FORWARD", "normalize": True})
    yield Call("GET", "/config")
    yield Call("GET", "/config/:.:")
    yield at.config("GET", "s", "?defaultToGlobal=true")
    yield Call("DELETE", "/config")
    yield Call("DELETE", "/config")
    yield Call("GET", "/config")
    yield Call("GET", "/config/:.__GLOBAL:")
    yield Call("PUT", "/config/:.__GLOBAL:", {"compatibility": "FULL"})
    yield Call("GET", "/config/:.__GLOBAL:")
    yield Call("GET", "/config")
    yield at.config("GET", "s", "?defaultToGlobal=true")
    yield at.config("GET", "", "?defaultToGlobal=true")
    yield Call("DELETE", "/config/:.__GLOBAL:")
    yield at.config("GET", "s", "?defaultToGlobal=true")
    yield Call("PUT", "/mode", {"mode": "READONLY"})
    yield Call("GET", "/mode")
    yield at.mode("GET", "s", "?defaultToGlobal=true")
    yield at.register("s", PLAIN)
    yield Call("PUT", "/mode", {"mode": "FORWARD"})
    yield Call("DELETE", "/mode")
    yield Call("DELETE", "/mode")
    yield Call("GET", "/mode")
    yield Call("PUT", "/mode/:.__GLOBAL:", {"mode": "READONLY"})
    yield Call("GET", "/mode")
    yield Call("GET", "/mode/:.__GLOBAL:")
    yield at.mode("GET", "s", "?defaultToGlobal=true")
    yield at.register("s", NEXT)
    yield Call("DELETE", "/mode/:.__GLOBAL:")
    yield Call("GET", "/mode/:.__GLOBAL:")
    yield Call("GET", "/mode/:.__GLOBAL:?defaultToGlobal=true")
    yield at.register("s", PLAIN)
    yield Call("PUT", "/mode/:.__GLOBAL:", {"mode": "FORWARD"})
    yield at.mode("GET", "s", "?defaultToGlobal=true")
    yield at.register("s", PLAIN)
    yield at.register("s", NEXT)
    yield at.register("s", PLAIN, id=1)
    yield at.register("f", PLAIN, id=17, version=3)
    yield at.register("f", "{", id=18)
    yield at.look_up("s", PLAIN)
    yield at.version("f", "")
    yield at.config("PUT", "s", compatibility="NONE")
    yield at.config("DELETE", "s")
    yield at.delete("s")
    yield at.delete("s?permanent=true")
    yield Call("DELETE", "/mode/:.__GLOBAL:")
    yield Call("POST", "/subjects/:.__GLOBAL:s/versions", {"schema": PLAIN})
    yield Call("POST", "/subjects/__GLOBAL/versions", {"schema": PLAIN})
    yield Call("POST", "/subjects/__EMPTY/versions", {"schema": PLAIN})


def names(at: Place) -> Iterator[Call]:
    for name in ("a b", "a/b", "a%b", "a?b", "a#b", 'a"b', "a{b}", "é€😀", "a+b", "a:b"):
        path = f"/subjects/{quote(at.name(name), safe='')}"
        yield Call("POST", f"{path}/versions", {"schema": PLAIN})
        yield Call("GET", f"{path}/versions/latest")
        inside = f"/contexts/.{at.context}/subjects/{quote(name, safe='')}"
        yield Call("GET", f"{inside}/versions/1")
        yield Call("POST", inside, {"schema": PLAIN})
    yield Call("GET", f"/subjects?subjectPrefix={at.encoded()}")
    yield Call("GET", f"/contexts/:.{at.context}:/subjects")
    yield Call("GET", f"/contexts/:.{at.context}:x/subjects")
    yield Call("GET", f"/contexts/a:b{at.context}/subjects")
    yield Call("GET", "/subjects?subjectPrefix=:*:&deletedOnly=true&limit=0&offset=999999")


SCRIPTS: Mapping[str, Callable[[Place], Iterator[Call]]] = {
    script.__name__: script
    for script in (
        pages,
        holders,
        forms_of_avro,
        forms_of_protobuf,
        forms_of_json,
        guids,
        metadata,
        rule_sets,
        configs,
        configs_in_turn,
        bodies,
        modes,
        imports,
        tags,
        paths_of_tags,
        prefixes,
        elsewhere,
        messages,
        odd_texts,
        versions,
        groups,
        validations,
        aliases,
        associations,
        associations_in_batches,
        top,
        names,
    )
}
