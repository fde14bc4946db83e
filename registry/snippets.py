"""What a client writes to use a subject: a few lines a language, with nothing left to look up."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from registry.naming import DEFAULT, SubjectName
from registry.strategies import Naming, Strategy

_WORDS: Final = {"AVRO": "Avro", "JSON": "JSON", "PROTOBUF": "Protobuf"}
_JAVA: Final = {
    "AVRO": "io.confluent.kafka.serializers.Kafka{}",
    "JSON": "io.confluent.kafka.serializers.json.Kafka{}",
    "PROTOBUF": "io.confluent.kafka.serializers.protobuf.Kafka{}",
}
_JAVA_NAMES: Final = {"AVRO": "Avro", "JSON": "JsonSchema", "PROTOBUF": "Protobuf"}
_PYTHON: Final = {"AVRO": "avro", "JSON": "json_schema", "PROTOBUF": "protobuf"}
_NODE: Final = {"AVRO": "Avro", "JSON": "Json", "PROTOBUF": "Protobuf"}
_STRATEGIES: Final = "io.confluent.kafka.serializers.subject."


@dataclass(frozen=True, slots=True)
class Snippet:
    """Lines for one client; `key` names it in addresses and ids."""

    key: str
    title: str
    text: str


def snippets(
    subject: SubjectName, type_: str, naming: Naming | None, registry_url: str
) -> list[Snippet]:
    """Lines for the clients that people have, each of them whole.

    The token is never written out: the lines say where it goes.
    """
    base = registry_url.rstrip("/")
    context = quote(subject.context, safe="")
    inside = base if subject.context == DEFAULT else f"{base}/contexts/{context}"
    part = naming.part if naming and naming.part else "value"
    return [
        Snippet("curl", "curl", _curl(base, subject)),
        Snippet("java", "Java, Connect", _java(inside, type_, naming, part)),
        Snippet("python", "Python", _python(inside, subject, type_)),
        Snippet("node", "Node", _node(inside, type_, part)),
        Snippet("go", "Go", _go(inside, subject)),
    ]


def _quoted(text: str) -> str:
    """As a literal of Python and of Go, whatever is in it."""
    return json.dumps(text, ensure_ascii=False)


def _curl(base: str, subject: SubjectName) -> str:
    path = quote(str(subject), safe="")
    return f'curl --path-as-is -u "weir:$TOKEN" \\\n  "{base}/subjects/{path}/versions/latest"'


def _java(url: str, type_: str, naming: Naming | None, part: str) -> str:
    name = _JAVA[type_].format(_JAVA_NAMES[type_])
    lines = [
        f"schema.registry.url={url}",
        "basic.auth.credentials.source=USER_INFO",
        "basic.auth.user.info=weir:${TOKEN}",
        f"{part}.serializer={name}Serializer",
        f"{part}.deserializer={name}Deserializer",
        "auto.register.schemas=false",
        "use.latest.version=true",
    ]
    if naming and naming.strategy is not Strategy.TOPIC:
        lines.append(f"{part}.subject.name.strategy={_STRATEGIES}{naming.strategy}")
    return "\n".join(lines)


def _python(url: str, subject: SubjectName, type_: str) -> str:
    name = _WORDS[type_]
    return "\n".join(
        [
            "import os",
            "",
            "from confluent_kafka.schema_registry import SchemaRegistryClient",
            f"from confluent_kafka.schema_registry.{_PYTHON[type_]} import {name}Deserializer",
            "",
            "registry = SchemaRegistryClient({",
            f'    "url": "{url}",',
            '    "basic.auth.user.info": "weir:" + os.environ["TOKEN"],',
            "})",
            f"latest = registry.get_latest_version({_quoted(subject.name)})",
            *_READ[type_],
        ]
    )


_READ: Final = {
    "AVRO": ["read = AvroDeserializer(registry)"],
    "JSON": ["read = JSONDeserializer(latest.schema.schema_str, schema_registry_client=registry)"],
    "PROTOBUF": [
        "# `Message` is the class that protoc made of the schema.",
        'read = ProtobufDeserializer(Message, {"use.deprecated.format": False}, registry)',
    ],
}


def _node(url: str, type_: str, part: str) -> str:
    name = f"{_NODE[type_]}Deserializer"
    serde = "SerdeType.KEY" if part == "key" else "SerdeType.VALUE"
    return "\n".join(
        [
            "import {",
            f"  SchemaRegistryClient, {name}, SerdeType,",
            '} from "@confluentinc/schemaregistry";',
            "",
            "const registry = new SchemaRegistryClient({",
            f'  baseURLs: ["{url}"],',
            "  basicAuthCredentials: {",
            '    credentialsSource: "USER_INFO", userInfo: `weir:${process.env.TOKEN}`,',
            "  },",
            "});",
            f"const read = new {name}(registry, {serde}, {{}});",
        ]
    )


def _go(url: str, subject: SubjectName) -> str:
    return "\n".join(
        [
            'import "github.com/twmb/franz-go/pkg/sr"',
            "",
            "client, err := sr.NewClient(",
            f'\tsr.URLs("{url}"),',
            '\tsr.BasicAuth("weir", os.Getenv("TOKEN")),',
            ")",
            f"latest, err := client.SchemaByVersion(ctx, {_quoted(subject.name)}, -1)",
        ]
    )
