"""The main job, all of it real: pages in Chromium, workers, a Kafka broker, unmodified clients.

One story, told in the order in which people live it: each chapter is a function and needs those
before it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext
from playwright.sync_api import Browser, Page, expect

from tests.live import LiveStack
from tests.real.people import eventually

pytestmark = [pytest.mark.real, pytest.mark.browser, pytest.mark.xdist_group("live")]

TOPIC = "payments.authorized"
SUBJECT = f"{TOPIC}-value"
SCHEMA = {
    "type": "record",
    "name": "PaymentAuthorized",
    "namespace": "com.example.payments",
    "fields": [
        {"name": "paymentId", "type": "string"},
        {"name": "amountCents", "type": "long"},
        {"name": "currency", "type": "string", "default": "EUR"},
    ],
}
WORKER_MS = 60_000


@contextmanager
def signed_in(browser: Browser, stack: LiveStack, username: str) -> Iterator[Page]:
    """A page of a person's own browser."""
    context = browser.new_context(base_url=stack.web)
    page = context.new_page()
    page.goto("/sign-in/")
    page.get_by_label("Name").fill(username)
    page.get_by_label("Password").fill(f"{username}-weir-demo")
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile(r"/$"))
    try:
        yield page
    finally:
        context.close()


@pytest.fixture(scope="module")
def admin(live_stack: LiveStack) -> AdminClient:
    """The broker seen by its administrator, past Weir."""
    told = live_stack.told()
    with Path(told["WEIR_DEMO_KAFKA_PASSWORD_FILE"]).open() as file:
        password = file.read().strip()
    return AdminClient(
        {
            "bootstrap.servers": told["WEIR_DEMO_KAFKA_BOOTSTRAP"],
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": told["WEIR_DEMO_KAFKA_USER"],
            "sasl.password": password,
        }
    )


def config_of(admin: AdminClient, key: str) -> str:
    """The value of one setting of the topic on the broker."""
    resource = ConfigResource(ResourceType.TOPIC, TOPIC)
    found = admin.describe_configs([resource])[resource].result()
    return str(found[key].value)


def set_config(admin: AdminClient, key: str, value: str) -> None:
    """Changes one setting behind Weir's back."""
    entry = ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, TOPIC, incremental_configs=[entry])
    admin.incremental_alter_configs([resource])[resource].result()


def application(stack: LiveStack, **more: str) -> dict[str, str]:
    """Settings of the demo application's client."""
    given = stack.demo["application"]
    return {
        "bootstrap.servers": stack.told()["WEIR_DEMO_KAFKA_CLIENTS"],
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": given["username"],
        "sasl.password": given["password"],
        **more,
    }


class Story:
    """What earlier chapters leave to later ones: the paths of requests."""

    created = ""
    raised = ""


def a_developer_asks_and_a_rule_answers_while_she_types(
    browser: Browser, live_stack: LiveStack
) -> None:
    with signed_in(browser, live_stack, "priya") as page:
        page.goto("/requests/new/")
        page.get_by_label("Name", exact=True).fill(TOPIC)
        page.get_by_label("Partitions").fill("6")
        page.get_by_label("Kept for").fill("400 d")
        said = page.get_by_text(re.compile("400 d is above production's limit of 30 d"))
        expect(said.first).to_be_visible()
        expect(page.get_by_text("retention-limit").first).to_be_visible()

        page.get_by_label("Kept for").fill("7 d")
        expect(said).to_have_count(0)
        page.get_by_label("Schema with this request").check()
        page.get_by_role("textbox", name="Schema", exact=True).fill(json.dumps(SCHEMA))
        page.get_by_label("Why").fill("Replaces the call from checkout to billing.")
        page.get_by_role("button", name="Ask for review").click()
        expect(page).to_have_url(re.compile(r"/requests/\d+/$"))
        expect(page.get_by_text("In review").first).to_be_visible()
        Story.created = page.url


def she_cannot_approve_her_own(browser: Browser, live_stack: LiveStack) -> None:
    with signed_in(browser, live_stack, "priya") as page:
        page.goto(Story.created)
        expect(page.get_by_role("button", name=re.compile("^Approve"))).to_have_count(0)
        expect(page.get_by_text("somebody else must approve").first).to_be_visible()


def the_owner_sees_all_of_it_and_approves_and_the_page_follows_to_applied(
    browser: Browser, live_stack: LiveStack, admin: AdminClient
) -> None:
    with signed_in(browser, live_stack, "jonas") as page:
        page.goto("/inbox/")
        page.get_by_role("link", name=re.compile(TOPIC)).first.click()
        expect(page).to_have_url(Story.created)
        main = page.get_by_role("main")
        for words in ("7 d", "Partitions", SUBJECT, "What the worker will do", "paymentId"):
            expect(main.get_by_text(words).first).to_be_visible()
        page.get_by_role("button", name=re.compile("^Approve")).click()
        # No reload: the page polls while a worker is on it.
        expect(page.get_by_text("Applied", exact=True).first).to_be_visible(timeout=WORKER_MS)

    def partitions() -> int:
        return len(admin.list_topics(TOPIC, timeout=10).topics[TOPIC].partitions)

    # The controller has acknowledged it; the broker shows it a moment later.
    eventually(lambda: partitions() == 6)
    eventually(lambda: config_of(admin, "retention.ms") == "604800000")


def client(stack: LiveStack) -> SchemaRegistryClient:
    """The client of a serializer, as anybody makes it. It keeps what it has seen, so each chapter
    makes its own."""
    return SchemaRegistryClient({"url": stack.registry})


def unmodified_clients_produce_and_consume(stack: LiveStack) -> None:
    with client(stack) as registry:
        payment = {"paymentId": "p-1", "amountCents": 1299, "currency": "EUR"}
        context = SerializationContext(TOPIC, MessageField.VALUE)

        producer = Producer(application(stack))
        serialize = AvroSerializer(registry, json.dumps(SCHEMA))
        failures: list[object] = []
        producer.produce(
            TOPIC, serialize(payment, context), on_delivery=lambda err, _: failures.append(err)
        )
        assert producer.flush(30) == 0
        assert failures == [None]

        settings = {"group.id": "payments.test", "auto.offset.reset": "earliest"}
        consumer = Consumer(application(stack, **settings))
        consumer.subscribe([TOPIC])
        try:
            record = eventually(lambda: consumer.poll(1))
            assert record.error() is None
            assert AvroDeserializer(registry)(record.value(), context) == payment
        finally:
            consumer.close()
        assert registry.get_latest_version(SUBJECT).version == 1


def an_incompatible_schema_is_refused_and_the_field_is_named(
    stack: LiveStack,
) -> None:
    with client(stack) as registry:
        broken = {**SCHEMA, "fields": [*SCHEMA["fields"], {"name": "riskScore", "type": "double"}]}
        with pytest.raises(SchemaRegistryError) as refused:
            registry.register_schema(SUBJECT, Schema(json.dumps(broken), "AVRO"))
        assert refused.value.http_status_code == 409
        assert "riskScore" in refused.value.error_message

        grown = json.loads(json.dumps(broken))
        grown["fields"][-1]["default"] = 0.0
        registry.register_schema(SUBJECT, Schema(json.dumps(grown), "AVRO"))
        assert registry.get_latest_version(SUBJECT).version == 2


def retention_above_the_limit_needs_a_second_person_in_another_role(
    browser: Browser, live_stack: LiveStack, admin: AdminClient
) -> None:
    with signed_in(browser, live_stack, "priya") as page:
        page.goto(f"/topics/demo/{TOPIC}/")
        page.get_by_role("link", name=re.compile("^Change")).click()
        page.get_by_label("Kept for").fill("90 d")
        page.get_by_text("Kept longer for a while").click()
        page.get_by_label("Longer because of").select_option("replay")
        page.get_by_label("Which one").fill("Payments of the last quarter")
        page.get_by_label("Until").fill("60 d")
        page.get_by_role("button", name="Ask for review").click()
        expect(page).to_have_url(re.compile(r"/requests/\d+/$"))
        Story.raised = page.url
    with signed_in(browser, live_stack, "jonas") as page:
        page.goto(Story.raised)
        expect(page.get_by_text("+83 d").first).to_be_visible()
        page.get_by_role("button", name=re.compile("^Approve")).click()
        expect(page.get_by_text("In review").first).to_be_visible()
        expect(page.get_by_role("button", name=re.compile("^Approve"))).to_have_count(0)
    assert config_of(admin, "retention.ms") == "604800000"
    with signed_in(browser, live_stack, "mara") as page:
        page.goto(Story.raised)
        page.get_by_role("button", name=re.compile("^Approve")).click()
        expect(page.get_by_text("Applied", exact=True).first).to_be_visible(timeout=WORKER_MS)
    eventually(lambda: config_of(admin, "retention.ms") == str(90 * 86_400_000))


def a_change_behind_weirs_back_is_drift_and_revert_restores_it(
    browser: Browser, live_stack: LiveStack, admin: AdminClient
) -> None:
    set_config(admin, "max.message.bytes", "2097152")
    with signed_in(browser, live_stack, "jonas") as page:
        wait_for_drift(page)
        page.get_by_role("button", name="Revert").click()
    eventually(lambda: config_of(admin, "max.message.bytes") != "2097152")


def accepting_drift_asks_for_it_as_a_change(
    browser: Browser, live_stack: LiveStack, admin: AdminClient
) -> None:
    set_config(admin, "retention.ms", str(8 * 86_400_000))
    with signed_in(browser, live_stack, "priya") as page:
        wait_for_drift(page)
        page.get_by_role("button", name="Accept").click()
        expect(page).to_have_url(re.compile(r"/requests/\d+/$"))
        asked = page.url
    with signed_in(browser, live_stack, "jonas") as page:
        page.goto(asked)
        expect(page.get_by_text("8 d").first).to_be_visible()
        page.get_by_role("button", name=re.compile("^Approve")).click()
        expect(page.get_by_text("Applied", exact=True).first).to_be_visible(timeout=WORKER_MS)
        page.goto(f"/topics/demo/{TOPIC}/")
        eventually(lambda: page.reload() and not page.get_by_text("Drift:").count())
    assert config_of(admin, "retention.ms") == str(8 * 86_400_000)


def wait_for_drift(page: Page) -> None:
    """Reloads the topic's page until it shows drift, within the scan interval and some seconds."""
    page.goto(f"/topics/demo/{TOPIC}/")
    eventually(lambda: page.reload() and page.get_by_text("Drift:").count(), seconds=90)


REFUSED = [
    (f"/requests/new/?change=topic&place=demo&name={TOPIC}", {"Partitions": "2"}, "lower"),
    ("/requests/new/", {"Name": "payments.new", "Replication": "5"}, "broker"),
    ("/requests/new/", {"Name": "payments.new", "more": "retention.mss = 5"}, "retention.mss"),
    ("/requests/new/", {"Name": TOPIC}, "already"),
]


def what_cannot_be_is_refused_before_review_in_words(
    browser: Browser, live_stack: LiveStack, where: str, typed: dict[str, str], words: str
) -> None:
    with signed_in(browser, live_stack, "priya") as page:
        page.goto(where)
        for label, value in typed.items():
            if label == "more":
                page.get_by_text("More settings").first.click()
                page.locator("textarea[name$=others]").fill(value)
            else:
                page.get_by_label(label, exact=label == "Name").fill(value)
        page.get_by_role("button", name="Ask for review").click()
        expect(page).to_have_url(re.compile("/requests/new/"))
        expect(page.get_by_role("main").get_by_text(words).first).to_be_visible()
        for label, value in typed.items():
            if label != "more":
                expect(page.get_by_label(label, exact=label == "Name")).to_have_value(value)


def test_the_main_job(browser: Browser, live_stack: LiveStack, admin: AdminClient) -> None:
    a_developer_asks_and_a_rule_answers_while_she_types(browser, live_stack)
    she_cannot_approve_her_own(browser, live_stack)
    the_owner_sees_all_of_it_and_approves_and_the_page_follows_to_applied(
        browser, live_stack, admin
    )
    unmodified_clients_produce_and_consume(live_stack)
    an_incompatible_schema_is_refused_and_the_field_is_named(live_stack)
    retention_above_the_limit_needs_a_second_person_in_another_role(browser, live_stack, admin)
    a_change_behind_weirs_back_is_drift_and_revert_restores_it(browser, live_stack, admin)
    accepting_drift_asks_for_it_as_a_change(browser, live_stack, admin)
    for where, typed, words in REFUSED:
        what_cannot_be_is_refused_before_review_in_words(browser, live_stack, where, typed, words)
