"""Random sequences of requests: what users, build jobs and consoles send, in any order.

Each sequence lives in a context of its own, so that ids start at one and no setting of the server
is touched; everything that is drawn comes from one seed.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

SUBJECTS = ("a", "b", "c/d")
LEVELS = ("NONE", "BACKWARD", "FORWARD", "FULL", "BACKWARD_TRANSITIVE", "full", "SIDEWAYS")
MODES = ("READWRITE", "READONLY", "READONLY_OVERRIDE", "IMPORT", "import", "FORWARD", "NEVER")
VERSIONS = ("1", "1", "1", "2", "2", "3", "4", "latest", "-1", "LATEST", "0", "+1", "x", "99")


@dataclass(frozen=True, slots=True)
class Call:
    """One request; `path` is encoded."""

    method: str
    path: str
    body: Any = None

    def __str__(self) -> str:
        sent = "" if self.body is None else f" {json.dumps(self.body)}"
        return f"{self.method} {self.path}{sent}"


def record(name: str, *fields: dict[str, Any], **more: Any) -> str:
    return json.dumps({"type": "record", "name": name, "fields": list(fields), **more})


A = {"name": "a", "type": "int"}
WIDE = {"name": "a", "type": "long"}
B = {"name": "b", "type": ["null", "string"], "default": None}
REQUIRED = {"name": "c", "type": "string"}
OTHER = {"name": "o", "type": "R", "default": {"a": 1}}
AVRO = (
    record("R", A),
    record("R", A, B),
    record("R", A, B, doc="Said."),
    record("R", WIDE),
    record("R", A, REQUIRED),
    json.dumps({"name": "R", "fields": [A], "type": "record"}, indent=2),
    '{"type": "string"}',
    '"string"',
    record("Q", OTHER),
    "{",
    "",
)
JSON = (
    '{"type": "object", "properties": {"a": {"type": "integer"}}}',
    '{"properties": {"a": {"type": "integer"}}, "type": "object"}',
    '{"type": "object", "properties": {"a": {"type": "number"}}}',
    '{"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}',
    '{"type": "object", "properties": {"o": {"$ref": "R"}}}',
)
PROTOBUF = (
    'syntax = "proto3"; message R { int32 a = 1; }',
    'syntax = "proto3";\n\n// Said.\nmessage R {\n  int32 a = 1;\n}\n',
    'syntax = "proto3"; message R { int32 a = 1; string b = 2; }',
    'syntax = "proto3"; message R { string a = 1; }',
    'syntax = "proto3"; import "R"; message Q { R r = 1; }',
)
TEXTS = {"AVRO": AVRO, "JSON": JSON, "PROTOBUF": PROTOBUF}
METADATA: tuple[Any, ...] = (
    {"properties": {"team": "pay"}},
    {"properties": {"team": "sell", "major": "2"}, "tags": {"**.a": ["PII", "KEY"]}},
    {"properties": {"confluent:version": "2"}},
    {},
)
RULES: tuple[Any, ...] = (
    {"domainRules": [{"name": "r1", "kind": "CONDITION", "mode": "WRITE", "type": "CEL"}]},
    {"migrationRules": [{"name": "r2", "mode": "UPGRADE", "type": "JSONATA", "expr": "$"}]},
    {"domainRules": [{"name": "1r", "mode": "WRITE", "type": "CEL"}]},
    {"domainRules": [{"name": "r1", "mode": "UPGRADE", "type": "CEL"}]},
)


def comparable(call: Call, body: Any) -> Any:
    """An answer without what differs by nature: sentences of errors, times, what a hash orders."""
    plain = _plain(body)
    if "/schemas/ids/" in call.path:  # whose holders the reference has in a hash map
        if isinstance(plain, list):
            plain.sort(key=str)
        elif isinstance(plain, dict) and "schema" in plain:
            plain = {**plain, "subject": "", "version": 0, "deleted": False}
    if call.method == "POST" and isinstance(plain, dict):
        # Which of two imported ids an answer was found by shows in this field alone.
        plain.pop("deleted", None)
    return plain


def _plain(body: Any) -> Any:
    if isinstance(body, dict):
        if "error_code" in body:
            return body["error_code"]
        if "messages" in body:
            told = [m for m in body["messages"] if m.startswith(("{", "Incompatible"))]
            # Of what cannot be read the two have words of their own.
            said = told if len(told) == len(body["messages"]) else True
            return {"is_compatible": body["is_compatible"], "messages": said}
        # An association's guid is drawn, that of a schema is not.
        drawn = {"guid"} if "associationType" in body else set()
        apart = {"ts", "createTs", "updateTs", *drawn}
        return {key: _plain(value) for key, value in body.items() if key not in apart}
    return [_plain(one) for one in body] if isinstance(body, list) else body


class Sequence:
    """Draws the requests of one sequence, in a context of its own."""

    def __init__(self, seed: str, context: str) -> None:
        self.random = random.Random(seed)
        self.context = context
        self.type = self.random.choices(("AVRO", "JSON", "PROTOBUF", ""), (6, 2, 2, 1))[0]

    def calls(self, count: int) -> Iterator[Call]:
        """The requests, in order."""
        choices: dict[Callable[[], Call], int] = {
            self.register: 30,
            self.look_up: 8,
            self.read: 16,
            self.check: 8,
            self.delete: 12,
            self.config: 10,
            self.mode: 7,
            self.by_id: 6,
            self.listed: 8,
            self.tag: 2,
            self.drop: 1,
        }
        for _ in range(count):
            yield self.random.choices(list(choices), list(choices.values()))[0]()

    # --- Names -----------------------------------------------------------------------------------

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def pick(self, *among: Any) -> Any:
        return self.random.choice(among)

    def at(self, path: str, subject: str) -> str:
        """A path to a subject, in one of the two ways to say the context.

        Colons are left as they are: the reference follows aliases of encoded names elsewhere.
        """
        if self.chance(0.5):
            return f"/contexts/{self.context}{path.format(quote(subject, safe=''))}"
        return path.format(quote(f":.{self.context}:{subject}", safe=":"))

    def query(self, **shares: float) -> str:
        """Flags, each there with its share of chances."""
        given = [f"{name}=true" for name, share in shares.items() if self.chance(share)]
        return f"?{'&'.join(given)}" if given else ""

    def place(self) -> str:
        """A subject, or at times the context itself."""
        name = "" if self.chance(0.25) else self.pick(*SUBJECTS)
        return quote(f":.{self.context}:{name}", safe=":")

    # --- Requests --------------------------------------------------------------------------------

    def schema(self) -> dict[str, Any]:
        type_ = self.type or self.pick(*TEXTS)
        body: dict[str, Any] = {"schema": self.pick(*TEXTS[type_])}
        if type_ != "AVRO" or self.chance(0.3):
            body["schemaType"] = type_
        if '"R"' in body["schema"] and self.chance(0.5):
            version = self.pick(1, 1, 2, -1, 9)
            body["references"] = [
                {"name": "R", "subject": self.pick(*SUBJECTS), "version": version}
            ]
        if self.chance(0.12):
            body["metadata"] = self.pick(*METADATA)
        if self.chance(0.12):
            body["ruleSet"] = self.pick(*RULES)
        return body

    def register(self) -> Call:
        body = self.schema()
        if self.chance(0.15):
            body["version"] = self.pick(-1, 0, 1, 2, 3, 7)
        if self.chance(0.15):
            body["id"] = self.pick(1, 2, 5, 10)
        path = self.at("/subjects/{}/versions", self.pick(*SUBJECTS))
        return Call("POST", path + self.query(normalize=0.15, force=0.05), body)

    def look_up(self) -> Call:
        path = self.at("/subjects/{}", self.pick(*SUBJECTS))
        return Call("POST", path + self.query(normalize=0.2, deleted=0.3), self.schema())

    def read(self) -> Call:
        subject = self.pick(*SUBJECTS)
        version = self.pick(*VERSIONS)
        match self.pick("list", "one", "one", "text", "by", "metadata"):
            case "list":
                flags = self.query(deleted=0.4, deletedOnly=0.15, deletedAsNegative=0.15)
                return Call("GET", self.at("/subjects/{}/versions", subject) + flags)
            case "text":
                path = self.at(f"/subjects/{{}}/versions/{version}/schema", subject)
                return Call("GET", path + self.query(deleted=0.3))
            case "by":
                path = self.at(f"/subjects/{{}}/versions/{version}/referencedby", subject)
                return Call("GET", path + self.query(deleted=0.3))
            case "metadata":
                pair = self.pick("?key=team&value=pay", "?key=major&value=2", "?key=x&value=y")
                return Call("GET", self.at("/subjects/{}/metadata", subject) + pair)
        path = self.at(f"/subjects/{{}}/versions/{version}", subject)
        return Call("GET", path + self.query(deleted=0.4))

    def check(self) -> Call:
        subject = self.pick(*SUBJECTS)
        path = "/compatibility/subjects/{}/versions"
        if self.chance(0.6):
            path += f"/{self.pick(*VERSIONS)}"
        return Call("POST", self.at(path, subject) + self.query(verbose=0.5), self.schema())

    def delete(self) -> Call:
        subject = self.pick(*SUBJECTS)
        path = "/subjects/{}"
        if self.chance(0.6):
            path += f"/versions/{self.pick(*VERSIONS)}"
        return Call("DELETE", self.at(path, subject) + self.query(permanent=0.4))

    def config(self) -> Call:
        path = f"/config/{self.place()}"
        match self.pick("get", "get", "put", "put", "put", "delete"):
            case "get":
                return Call("GET", path + self.query(defaultToGlobal=0.5))
            case "delete":
                return Call("DELETE", path)
        body: dict[str, Any] = {}
        if self.chance(0.7):
            body["compatibility"] = self.pick(*LEVELS)
        if self.chance(0.15):
            body["normalize"] = self.pick(True, False, None)
        if self.chance(0.1):
            body["compatibilityGroup"] = self.pick("major", "team", None)
        if self.chance(0.1):
            body["defaultMetadata"] = self.pick(*METADATA, None)
        if self.chance(0.1):
            body["overrideMetadata"] = self.pick(*METADATA, None)
        if self.chance(0.08):
            body["defaultRuleSet"] = self.pick(*RULES, None)
        if self.chance(0.08):
            body["alias"] = self.pick("a", "b", "", None)
        if self.chance(0.05):
            body["compatibilityPolicy"] = self.pick("LENIENT", "STRICT", "other")
        return Call("PUT", path, body)

    def mode(self) -> Call:
        path = f"/mode/{self.place()}"
        match self.pick("get", "put", "put", "delete"):
            case "get":
                return Call("GET", path + self.query(defaultToGlobal=0.5))
            case "delete":
                return Call("DELETE", path + self.query(recursive=0.2))
        # Most sequences would otherwise end in a mode that forbids everything.
        mode = self.pick(*MODES, "READWRITE", "READWRITE", "READWRITE", None)
        return Call("PUT", path + self.query(force=0.3), {"mode": mode})

    def by_id(self) -> Call:
        name = quote(f":.{self.context}:{self.pick('', *SUBJECTS)}", safe=":")
        number = self.pick(1, 1, 2, 3, 5, 10, 99)
        rest = self.pick("", "", "/schema", "/subjects", "/versions")
        path = f"/schemas/ids/{number}{rest}?subject={name}"
        return Call("GET", path + ("&deleted=true" if self.chance(0.3) else ""))

    def listed(self) -> Call:
        prefix = quote(f":.{self.context}:{self.pick('', '', 'a')}", safe=":")
        flags = "".join(f"&{flag}=true" for flag in ("deleted", "latestOnly") if self.chance(0.3))
        page = self.pick("", "", "&limit=2", "&offset=1&limit=1", "&limit=0")
        if self.chance(0.5):
            return Call("GET", f"/schemas?subjectPrefix={prefix}{flags}{page}")
        only = "&deletedOnly=true" if self.chance(0.2) else ""
        return Call("GET", f"/subjects?subjectPrefix={prefix}{flags}{only}{page}")

    def tag(self) -> Call:
        entity = {"entityType": "sr_field", "entityPath": self.pick("R.a", "object.a", "R.x")}
        body = {
            "newVersion": self.pick(2, 3, None),
            "tagsToAdd": [{"schemaEntity": entity, "tags": ["PII"]}],
        }
        version = self.pick("1", "2", "latest")
        return Call("POST", self.at(f"/subjects/{{}}/versions/{version}/tags", "a"), body)

    def drop(self) -> Call:
        return Call("DELETE", f"/contexts/{self.context}")
