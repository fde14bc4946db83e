"""The words that scenarios are told in: people who ask and agree, programs that produce and read,
and how it stands on the broker, in the registry and in the audit.

People act through `/api/v1` with a session of the pages; programs are unmodified clients.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.serialization import MessageField, SerializationContext
from kafka.admin import (
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePatternFilter,
    ResourceType,
)

from tests.live import LiveStack
from tests.real import estate
from tests.real.people import Json, Person, eventually
from tests.stack_plugin import KafkaAccess

CLUSTER = "demo"
DENIED = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
}
PASSWORD = "kept-by-the-program"
Item = Mapping[str, object]
Serializer = Callable[[Any, SerializationContext], bytes | None]
Deserializer = Callable[[bytes, SerializationContext], Any]


# --- What can be asked for ---------------------------------------------------------------------


def topic(name: str, *, operation: str = "create", partitions: int = 3, **configs: str) -> Item:
    """A topic on the demo cluster, which has one broker; ``retention_ms="7 d"``."""
    overrides = {key.replace("_", "."): value for key, value in configs.items()}
    after = {"partitions": partitions, "replication_factor": 1, "configs": overrides}
    return _item("topic", operation, name, CLUSTER, after)


def subject(name: str, schema: str, format: str = "AVRO") -> Item:
    """A first or next version of a subject."""
    return _item("subject", "register", name, ".", {"schema": schema, "schemaType": format})


def grant(program: str, role: str, on: str, **after: str) -> Item:
    """Access of an application to a topic, or to all that begin alike (``devices.*``)."""
    purpose = after.pop("purpose", "as the scenario tells")
    spec = {"ends": "90 d", "purpose": purpose, **after}
    return _item("grant", "create", f"{program}/{role}/{on}", CLUSTER, spec)


def waiver(policy: str, kind: str, of: str, *, reason: str, until: str = "30 d") -> Item:
    """That a policy does not count for one thing, for a while."""
    after = {"reason": reason, "until": until}
    return _item("waiver", "grant", f"{policy}/{kind}/{of}", CLUSTER, after)


def _item(kind: str, operation: str, name: str, place: str, after: Json) -> Item:
    return {"kind": kind, "operation": operation, "name": name, "place": place, "after": after}


# --- Who acts ----------------------------------------------------------------------------------


class Actor(Person):
    """A person of the company. A step that is not refused must succeed."""

    def drafts(self, team: str, why: str, *items: Item) -> int:
        """The number of a draft."""
        body = {"title": "", "reason": why, "team": team, "items": list(items)}
        return int(self.post("/requests", body)["request"]["id"])

    def asks(self, team: str, why: str, *items: Item) -> int:
        """The number of a request that waits for whoever must agree."""
        number = self.drafts(team, why, *items)
        self.submits(number)
        return number

    def submits(self, number: int) -> None:
        self.post(f"/requests/{number}/submit")
        assert self.state(number) == "in_review"

    def edits(self, number: int, *items: Item) -> None:
        """Asks for something else under the same number."""
        self.puts(f"/requests/{number}", {"items": list(items), "revision": self.revision(number)})

    def puts(self, path: str, body: Json) -> Json:
        """The answer of a write in place of what was there, which must succeed."""
        said = self._sent("PUT", path, body)
        assert said.ok, said.text
        return dict(said.json())

    def agrees(self, number: int) -> None:
        """Approves the revision that stands."""
        self.post(f"/requests/{number}/approve", {"revision": self.revision(number)})

    def revision(self, number: int) -> int:
        """The revision that stands."""
        return int(self.get(f"/requests/{number}")["request"]["revision"])

    def sees_applied(self, number: int) -> None:
        """Waits until a worker has brought all of it to where it belongs."""

        def ended() -> str | None:
            state = self.state(number)
            return state if state not in {"approved", "rechecking", "applying"} else None

        assert eventually(ended) == "applied", self.get(f"/requests/{number}")

    def is_refused(self, path: str, body: Json | None = None, *, code: str) -> str:
        """What she is told when this is not done: its sentence, and each rule in the way."""
        said = self._sent("POST", path, body or {})
        assert said.status_code >= HTTPStatus.BAD_REQUEST, said.text
        problem = said.json()
        assert problem["code"] == code, problem
        rules = [f"{one['rule']}: {one['message']}" for one in problem.get("problems", ())]
        return "\n".join([str(problem["detail"]), *rules])

    def must_agree(self, number: int) -> set[str]:
        """The roles that have not agreed yet."""
        found = self.get(f"/requests/{number}")["agreements"]
        return {one["role"] for one in found if not one["by"]}

    def _sent(self, method: str, path: str, body: Json) -> Any:
        token = str(self.session.cookies["csrftoken"])
        url = f"{self.web}/api/v1{path}"
        headers = {"X-CSRFToken": token}
        return self.session.request(method, url, json=body, headers=headers, timeout=120)


@dataclass(frozen=True, slots=True)
class Program:
    """An application of a team: a user of the broker and a token for the registry."""

    name: str
    broker: Mapping[str, Any]
    registry: SchemaRegistryClient

    def writes(self, topic: str, value: Any, serialize: Serializer) -> str:
        """What its producer is told: "delivered" or "denied"."""
        said: list[KafkaError | None] = []
        producer = Producer({**self.broker, "log_level": 0})
        record = serialize(value, SerializationContext(topic, MessageField.VALUE))
        producer.produce(
            topic, record, key=self.name, on_delivery=lambda error, _: said.append(error)
        )
        producer.flush(30)
        (error,) = said
        assert error is None or error.code() in DENIED, error
        return "delivered" if error is None else "denied"

    def reads(self, topic: str, deserialize: Deserializer, group: str = "") -> Any:
        """The first record that its consumer gets, or "denied"."""
        settings = {"group.id": group or self.name, "auto.offset.reset": "earliest", "log_level": 0}
        consumer = Consumer({**self.broker, **settings})
        try:
            consumer.subscribe([topic])
            message = eventually(lambda: consumer.poll(1), 30)
            error = message.error()
            if error is not None:
                assert error.code() in DENIED, error
                return "denied"
            return deserialize(
                message.value() or b"", SerializationContext(topic, MessageField.VALUE)
            )
        except KafkaException as error:
            if error.args[0].code() in DENIED:
                return "denied"
            raise
        finally:
            consumer.close()


@dataclass(slots=True)
class Company:
    """The demo company: who works there, what it runs, and how things stand."""

    stack: LiveStack
    access: KafkaAccess
    closing: ExitStack = field(default_factory=ExitStack)

    def person(self, username: str) -> Actor:
        """Somebody who works there, signed in."""
        actor = Actor(self.stack, username)
        self.closing.callback(actor.session.close)
        return actor

    def hires(self, platform: Actor, username: str, team: str, role: str) -> Actor:
        """Somebody new in a team, through the platform team."""
        platform.post("/people", {"username": username, "password": f"{username}-weir-demo"})
        platform.post(f"/teams/{team}/members", {"username": username, "role": role})
        return self.person(username)

    def runs(self, owner: Actor, team: str, name: str, *prefixes: str) -> Program:
        """A new application of the team: its owner tells Weir of it and issues a token, and
        whoever runs the broker makes its user. Nobody has given it any access yet."""
        application = {"name": name, "principal": f"User:{name}", "prefixes": prefixes}
        owner.post(f"/teams/{team}/applications", application)
        scopes = ["registry:read", "registry:write"]
        issued = owner.post("/tokens", {"name": name, "team": team, "scopes": scopes})
        self.access.make_user(name, PASSWORD)
        credentials = f"{name}:{issued['secret']}"
        registry = SchemaRegistryClient(
            {"url": self.stack.registry, "basic.auth.user.info": credentials}
        )
        self.closing.enter_context(registry)
        return Program(name, self.access.client_settings(name, PASSWORD), registry)

    # --- How it stands --------------------------------------------------------------------------

    def partitions(self, name: str) -> int:
        """How many partitions the broker says the topic has; 0 for one that is not there."""
        with estate.bare(self.access) as broker:
            return estate.partitions(broker, name)

    def configs(self, name: str) -> dict[str, str]:
        """What is set on the topic itself, as the broker says."""
        with estate.bare(self.access) as broker:
            return estate.overrides(broker, name)

    def lines(self, program: Program) -> set[tuple[str, str, str]]:
        """What the broker lets the program do: (resource, name, operation)."""
        anything = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
        every = ACLFilter(
            principal=f"User:{program.name}",
            host=None,
            operation=ACLOperation.ANY,
            permission_type=ACLPermissionType.ANY,
            resource_pattern=anything,
        )
        with estate.bare(self.access) as broker:
            found, _ = broker.describe_acls(every)
        return {_line(acl) for acl in found}

    def story(self, number: int) -> list[tuple[str, str]]:
        """(who, what) of a request from the audit, in the order in which it happened."""
        auditor = self.person("ines")
        found = auditor.get(f"/audit/events?request={number}")["results"]
        told = sorted(found, key=lambda event: int(event["id"]))
        return [(event["actor_name"], event["action"]) for event in told]

    def audit_is_intact(self) -> None:
        """`audit verify` reads every event again and finds none missing or changed."""
        report = json.loads(self.stack.manage("audit", "verify", "--json"))
        assert report["intact"], report


def _line(acl: Any) -> tuple[str, str, str]:
    pattern = acl.resource_pattern
    return pattern.resource_type.name, pattern.resource_name, acl.operation.name


@contextmanager
def company(stack: LiveStack) -> Iterator[Company]:
    """The demo company of a running stack."""
    told = stack.told()
    password = Path(told["WEIR_DEMO_KAFKA_PASSWORD_FILE"]).read_text().strip()
    access = KafkaAccess(
        told["WEIR_DEMO_KAFKA_BOOTSTRAP"],
        told["WEIR_DEMO_KAFKA_CLIENTS"],
        told["WEIR_DEMO_KAFKA_USER"],
        password,
    )
    found = Company(stack, access)
    with found.closing:
        yield found


def in_order(story: Sequence[tuple[str, str]], *expected: tuple[str, str]) -> bool:
    """Whether the expected happened in this order, whatever else did."""
    rest = iter(story)
    return all(one in rest for one in expected)
