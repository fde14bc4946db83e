"""An estate with something on every page: requests in every state, drift, a cluster out of reach.

Made by the services that people's clicks call; only what a worker would have read from a broker is
written as rows, since these tests are about pages.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from config.demo import estate as demo
from governance import audit, kinds
from governance.actors import Actor, actor_for_user
from governance.errors import Refused
from governance.kinds import ApplyRun, ItemView
from governance.models import Delivery, Environment, Hook, Item, Request, Team, User
from governance.services import policies, requests, reviews, tokens
from governance.services.items import NewItem, views
from governance.services.moves import move
from governance.workflow import Move
from registry import removal, store
from registry.associations import store as associations
from registry.associations.rows import Lifecycle
from registry.associations.rules import Resource, Wanted
from registry.associations.store import Caller
from registry.candidates import Asked
from registry.changes import WIRE
from registry.formats.base import Reference
from registry.naming import DEFAULT, SubjectName
from tests.factories import BY, make_hook
from tests.topics.estate import make_grant, make_line
from tests.topics.measures.estate import make_group, make_measure, make_prices, make_round
from topics.models import Cluster, DeclaredTopic, Drift, ObservedTopic
from topics.models.drift import DriftState

DEFAULTS = {
    "cleanup.policy": "delete",
    "compression.type": "producer",
    "max.message.bytes": "1048588",
    "min.insync.replicas": "2",
    "retention.bytes": "-1",
    "retention.ms": "604800000",
    "segment.bytes": "1073741824",
    "segment.ms": "604800000",
}


@dataclass(frozen=True, slots=True)
class Estate:
    """What the tests need to find their way."""

    review: Request  # waits for two people
    applied: Request
    failed: Request
    draft: Request
    back: Request  # changes were asked for
    topic: str
    quiet_topic: str
    unmanaged: str
    cluster: str
    subject: str
    hook: int


def actor(username: str) -> Actor:
    """Somebody of the demo estate."""
    return actor_for_user(User.objects.get(username=username))


def make_estate() -> Estate:
    """All of it, once a database."""
    demo.make_people(demo.load())
    policies.load_starter(by=BY)
    # The stories of these pages take two people, and payments has one owner.
    policies.deactivate("irreversible", by=actor("mara"), reason="Two people tell the story.")
    cluster = _cluster("demo", "production", seen_ago=timedelta(seconds=40))
    away = _cluster("demo-dev", "development", seen_ago=timedelta(hours=3))
    away.reachable = False
    away.error = "No broker answered at 127.0.0.1:1 within 5 s. Is the cluster up?"
    away.save(update_fields=["reachable", "error"])
    applied = _applied_topics(cluster)
    _observed(cluster, "legacy.orders", {"retention.ms": "2592000000"})
    _drift(cluster, "payments.captured", "configs.max.message.bytes", None, "2097152")
    _drift(cluster, "payments.captured", "configs.retention.ms", "604800000", "86400000")
    _granted(cluster)
    _measured(cluster)
    _second_version()
    _referring()
    _tokens()
    hook = _hooks()
    return Estate(
        review=_review(cluster),
        applied=applied,
        failed=_failed(cluster),
        draft=_draft(cluster),
        back=_sent_back(cluster),
        topic="payments.captured",
        quiet_topic="payments.refunded",
        unmanaged="legacy.orders",
        cluster=cluster.slug,
        subject="payments.captured-value",
        hook=hook,
    )


def _measured(cluster: Cluster) -> None:
    """One topic is measured, with groups in each state and one price that nobody has said."""
    make_round(cluster, groups_error="The positions of 2 groups are hidden.")
    make_measure(cluster, "payments.captured", hours=30, records_an_hour=90_000)
    behind = timedelta(days=2, hours=3)
    make_group(cluster, "payments.receipts", lag=120_000, behind=behind, unread_bytes=12_000_000)
    make_group(cluster, "a-group-of-nobody-with-a-name-as-long-as-a-name", lag=7, unread_bytes=None)
    make_group(cluster, "checkout", lag=0, state="empty")
    make_prices(cluster, local_gib_month="0.08", ingress_gib="0.01")


@transaction.atomic
def _cluster(slug: str, environment: str, *, seen_ago: timedelta) -> Cluster:
    from_environment = Environment.objects.get(slug=environment)
    cluster = Cluster.objects.create(
        slug=slug,
        name=f"{environment.capitalize()} cluster",
        environment=from_environment,
        bootstrap="127.0.0.1:1",
        security={"protocol": "SASL_PLAINTEXT", "mechanism": "SCRAM-SHA-512", "username": "weir"},
        region="here",
        brokers=3,
        zones=3,
        default_replication=3,
        default_configs={k: {"value": v, "source": "default"} for k, v in DEFAULTS.items()},
        supported_keys=sorted(DEFAULTS),
        observed_at=timezone.now() - seen_ago,
        attempted_at=timezone.now() - timedelta(seconds=40),
        reachable=True,
    )
    audit.record("cluster.registered", by=BY, about=cluster)
    return cluster


def _topic(cluster: Cluster, name: str, *, operation: str = "create", **after: object) -> NewItem:
    spec = {"partitions": 6, "replication_factor": 3, **after}
    return NewItem("topic", operation, name, cluster.slug, spec)


def _schema(name: str, *more: dict[str, object], without: str = "") -> NewItem:
    """A version of the schema of a payment, with more fields or without one."""
    fields: list[dict[str, object]] = [
        {"name": "paymentId", "type": "string"},
        {"name": "amount", "type": "double"},
        {"name": "currency", "type": "string", "default": "EUR"},
        *more,
    ]
    record = {
        "type": "record",
        "name": "PaymentCaptured",
        "namespace": "com.example.payments",
        "fields": [f for f in fields if f["name"] != without],
    }
    return NewItem(
        "subject", "register", name, ".", {"schemaType": "AVRO", "schema": json.dumps(record)}
    )


def _ask(
    title: str, items: list[NewItem], *, by: str = "priya", team: str = "payments", why: str = ""
) -> Request:
    return requests.create_draft(
        title=title, reason=why, team=Team.objects.get(slug=team), items=items, by=actor(by)
    )


def _applied_topics(cluster: Cluster) -> Request:
    """Two topics and a schema that went all the way."""
    items = [
        _topic(cluster, "payments.captured", configs={"retention.ms": "7 d"}),
        _topic(
            cluster,
            "payments.refunded",
            configs={"retention.ms": "14 d", "compression.type": "zstd"},
        ),
        _schema("payments.captured-value"),
    ]
    asked = _ask("Topics of the checkout flow", items, why="Replaces calls to billing and risk.")
    asked = requests.submit(asked, by=actor("priya"))
    asked = reviews.approve(asked, revision=1, comment="Fine by me.", by=actor("jonas"))
    _apply(asked)
    for view in views(asked, asked.items.filter(kind="topic")):
        configs = {str(k): str(v) for k, v in dict(view.after["configs"]).items()}  # type: ignore[call-overload]  # a JSON object
        _observed(cluster, view.name, configs)
    return asked


@transaction.atomic
def _granted(cluster: Cluster) -> None:
    """Access that holds, some that ended, and lines that were made outside Weir."""
    make_grant(cluster, "checkout/producer/payments.*", days=180)
    make_grant(cluster, "checkout/consumer/payments.captured", days=9, group="payments.*")
    make_grant(cluster, "checkout/consumer/payments.refunded", days=-3)
    make_line(cluster, "payments.captured", "User:legacy-report")
    make_line(cluster, "payments.", "User:*", prefixed=True, operation="write", allow=False)


@transaction.atomic
def _apply(asked: Request, *, fails: str = "") -> None:
    """What a worker does, without a broker: recheck, declare, outcomes, the end."""
    move(asked, Move.RECHECK, by=BY)
    move(asked, Move.APPLY, by=BY)
    items: list[ItemView] = views(asked, asked.items.all())
    good = [i for i in items if i.name != fails and i.kind == "topic"]
    kinds.get("topic").declare(good, by=BY)
    subjects = [i for i in items if i.kind == "subject"]
    kinds.get("subject").declare(subjects, by=BY)
    # Registering needs no broker, so this is what a worker does.
    kinds.get("subject").apply(ApplyRun(asked.pk, subjects, BY, record=lambda outcomes: None))
    for view in good:
        DeclaredTopic.objects.filter(name=view.name).update(
            last_applied=view.after, last_applied_generation=1, applied_at=timezone.now()
        )
    Item.objects.filter(request=asked).exclude(name=fails).update(state="applied")
    failed = Item.objects.filter(request=asked, name=fails)
    error = "The broker refused it: replication factor 3 is larger than the 2 brokers that are up."
    failed.update(state="failed", error=error)
    end = Move.COMPLETE_PARTLY if fails else Move.COMPLETE
    move(asked, end, by=BY, failure=error if fails else "")


def _second_version() -> None:
    """A second version of a schema, as a client of the team registers it."""
    channel = {
        "name": "channel",
        "type": {"type": "enum", "name": "Channel", "symbols": ["WEB", "APP"]},
    }
    item = _schema("payments.refunded-value")
    later = _schema("payments.refunded-value", {**channel, "default": "WEB"}, without="currency")
    for position, one in enumerate([item, later]):
        view = ItemView(position, one.kind, one.operation, one.name, one.place, one.after)
        kinds.get("subject").apply(ApplyRun(0, [view], BY, record=lambda outcomes: None))


def _referring() -> None:
    """Schemas named after records that use each other, one associated with a topic; one gone."""
    name = SubjectName(DEFAULT, "com.acme.Money")
    money = {"type": "record", "name": "com.acme.Money", "fields": []}
    store.register(name, Asked(json.dumps(money)), by=BY)
    fields = [{"name": "total", "type": "com.acme.Money"}]
    refund = {"type": "record", "name": "com.acme.Refund", "fields": fields}
    uses = (Reference("com.acme.Money", "com.acme.Money", 1),)
    for subject in ("com.acme.Refund", "payments.captured-com.acme.Refund"):
        asked = Asked(json.dumps(refund), references=uses)
        store.register(SubjectName(DEFAULT, subject), asked, by=BY)
    topic = Resource("payments.captured", "demo", "demo-payments.captured")
    wanted = Wanted("key", name, Lifecycle.WEAK)
    associations.associate(topic, [wanted], create=True, caller=Caller(BY, WIRE))
    gone = SubjectName(DEFAULT, "payments.gone-value")
    store.register(gone, Asked('"string"'), by=BY)
    removal.delete_subject(gone, permanent=False, by=BY)


def _tokens() -> None:
    team, by, end = Team.objects.get(slug="payments"), actor("jonas"), timezone.now()
    scopes = ["registry:read", "registry:write"]
    tokens.issue(
        name="checkout", team=team, scopes=scopes, expires_at=end + timedelta(days=90), by=by
    )
    old, _ = tokens.issue(name="old pipeline", team=team, scopes=scopes, expires_at=None, by=by)
    tokens.revoke(old.pk, by=by)


def _hooks() -> int:
    """One webhook with deliveries that went well, badly and not yet, and one switched off."""
    hook = make_hook("payments", name="Build server")
    off = make_hook("", "https://chat.example.com/in", name="Everything to the room")
    why = "hooks.example.com answered 503 Service Unavailable."
    for number, (state, error) in enumerate((("sent", ""), ("gave_up", why), ("waiting", why))):
        Delivery.objects.create(
            key=f"estate:{number}", hook=hook, happening="test", state=state, last_error=error
        )
    with transaction.atomic():
        Hook.objects.filter(pk=off.pk).update(paused_at=timezone.now(), paused_why=why)
        audit.record("hook.switched_off", by=BY, about=off)
    return hook.pk


@transaction.atomic
def _observed(cluster: Cluster, name: str, overrides: dict[str, str]) -> None:
    now = timezone.now()
    ObservedTopic.objects.update_or_create(
        cluster=cluster,
        name=name,
        defaults={
            "partitions": 6,
            "replication_factor": 3,
            "configs": {k: {"value": v, "source": "topic"} for k, v in overrides.items()},
            "row_hash": b"0" * 16,
            "seen_at": now,
            "previous_seen_at": now - timedelta(minutes=1),
            "changed_at": now,
        },
    )


@transaction.atomic
def _drift(
    cluster: Cluster, name: str, key: str, declared: str | None, observed: str | None
) -> None:
    now: datetime = timezone.now()
    row = Drift.objects.create(
        cluster=cluster,
        kind="topic",
        name=name,
        key=key,
        declared=declared,
        observed=observed,
        team="payments",
        since_after=now - timedelta(minutes=2),
        since_before=now - timedelta(minutes=1),
        state=DriftState.OPEN,
    )
    audit.record("drift.found", by=BY, about=row)
    seen = ObservedTopic.objects.get(cluster=cluster, name=name)
    configs = dict(seen.configs)
    configs[key.removeprefix("configs.")] = {"value": observed or "", "source": "topic"}
    ObservedTopic.objects.filter(pk=seen.pk).update(configs=configs)


def _review(cluster: Cluster) -> Request:
    """A change that an owner and a steward must agree to, with a conversation."""
    change = _topic(
        cluster,
        "payments.refunded",
        operation="alter",
        partitions=12,
        configs={"retention.ms": "90 d", "cleanup.policy": "delete"},
        retention_reason={"kind": "replay", "text": "Disputes of the last quarter", "ends": "60 d"},
    )
    risk = {"name": "riskScore", "type": "double", "default": 0.0}
    schema = _schema("payments.captured-value", risk, without="currency")
    asked = _ask("Replay disputes", [change, schema], why="Disputes come up to 80 days later.")
    asked = requests.submit(asked, by=actor("priya"))
    said = "Why 90 days? The audit copy is in the warehouse already."
    requests.comment(asked, body=said, by=actor("jonas"))
    requests.comment(asked, body="The warehouse job takes over in March.", by=actor("priya"))
    return asked


def _failed(cluster: Cluster) -> Request:
    items = [_topic(cluster, "payments.settled"), _topic(cluster, "payments.chargedback")]
    asked = requests.submit(_ask("Settlement", items), by=actor("priya"))
    asked = reviews.approve(asked, revision=1, by=actor("jonas"))
    _apply(asked, fails="payments.chargedback")
    return asked


def _draft(cluster: Cluster) -> Request:
    """A draft that a rule refused."""
    draft = _ask("Too many partitions", [_topic(cluster, "payments.fees", partitions=90)])
    try:
        requests.submit(draft, by=actor("priya"))
    except Refused:
        draft.refresh_from_db()
    return draft


def _sent_back(cluster: Cluster) -> Request:
    asked = _ask("Another name", [_topic(cluster, "payments.misc")])
    asked = requests.submit(asked, by=actor("priya"))
    return reviews.request_changes(
        asked,
        revision=1,
        comment="Say what is in it: misc will be there for ever.",
        by=actor("jonas"),
    )


def start_applying(asked: Request) -> None:
    """Approved by all, and a worker is on it."""
    for username in ("jonas", "mara"):
        asked = reviews.approve(asked, revision=asked.revision, by=actor(username))
    with transaction.atomic():
        move(asked, Move.RECHECK, by=BY)
        move(asked, Move.APPLY, by=BY)


@transaction.atomic
def finish(asked: Request) -> None:
    """The worker is done."""
    asked.refresh_from_db()
    Item.objects.filter(request=asked).update(state="applied")
    move(asked, Move.COMPLETE, by=BY)


def rewrite(asked: Request) -> None:
    """Its author changes it while somebody looks, and asks again."""
    items = [
        NewItem(i.kind, i.operation, i.name, i.place, {**i.after, "partitions": 9})
        for i in asked.items.all()
    ]
    by = actor("priya")
    edited = requests.edit(
        asked, title=asked.title, reason=asked.reason, items=items, revision=1, by=by
    )
    requests.submit(edited, by=by)
