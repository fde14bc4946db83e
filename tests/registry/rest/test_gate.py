"""The governed wire: what each gate level answers to a client, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.urls import reverse
from pytest_django import Settings as SettingsWrapper

from governance import facts
from governance.models import Event, Request
from governance.services import pipeline, requests, reviews
from governance.workflow import State
from registry import asking, levels, lookup
from registry.covering import Covered
from registry.models import Asking
from registry.naming import qualify
from tests.factories import BY, Cast, make_cast, make_environment, make_policy, make_token
from tests.registry.rest.conftest import Wire, record, text_of

ONE = record("R", ("a", "string"))
TWO = record("R", ("a", "string"), ("b", "int", 0))
OTHER = record("R", ("a", "int"))
CONTEXT = Covered(".", "", prefix=True)


@pytest.fixture
def cast(db: None) -> Cast:
    make_environment("production", production=True)
    return make_cast("payments")


@pytest.fixture
def client(cast: Cast, wire: Wire) -> Wire:
    """The wire, for a token of payments that may write to the registry and nothing else."""
    _, plain = make_token("payments", "registry:write", name="client")
    wire.authorization = f"Bearer {plain}".encode()
    return wire


@pytest.fixture
def by_request(cast: Cast) -> None:
    levels.set_level(CONTEXT, "by_request", by=cast.platform)


def the_request() -> Request:
    return Request.objects.get()


def approve(cast: Cast) -> None:
    request = the_request()
    reviews.approve(request, revision=request.revision, by=cast.owner)


# --- Which level counts ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "gate"),
    [
        ("orders-value", "open"),
        ("orders-valuer", "by_request"),
        ("orders-", "by_request"),
        ("order", "checked"),
        ("", "checked"),
        ("a%b", "checked"),
        ("a_b", "open"),
        ("axb", "checked"),
        (":.eu:orders-x", "by_request"),
    ],
)
def test_the_narrowest_place_counts(
    cast: Cast, settings: SettingsWrapper, name: str, gate: str
) -> None:
    settings.REGISTRY_GATE = "by_request"
    for place, level in (
        (CONTEXT, "checked"),
        (Covered(".", "orders-", prefix=True), "by_request"),
        (Covered(".", "orders-value"), "open"),
        (Covered(".", "a_", prefix=True), "open"),
    ):
        levels.set_level(place, level, by=cast.platform)
    assert levels.in_force(qualify(name)).gate == gate


# --- Open -----------------------------------------------------------------------------------------


def test_an_open_gate_asks_no_policy_and_makes_no_request(client: Wire) -> None:
    make_policy("never", kind="subject", expression="false")
    assert client.register("s", ONE).status == 200
    assert not Request.objects.exists()


# --- Checked --------------------------------------------------------------------------------------


def test_a_denying_policy_refuses_in_its_own_words(client: Wire, settings: SettingsWrapper) -> None:
    settings.REGISTRY_GATE = "checked"
    make_policy(
        "avro-only",
        kind="subject",
        expression='subject.type == "AVRO"',
        message="The format {subject.type} is not used here.",
        way_out="Write it in Avro.",
    )
    said = client.register("s", "{}", schemaType="JSON")
    assert (said.status, said.code) == (409, 409)
    for words in ("avro-only v1", "The format JSON is not used here.", "Write it in Avro."):
        assert words in said.json["message"]
    assert client.get("/subjects/s/versions").code == 40401
    assert client.register("s", ONE).status == 200
    event = Event.objects.get(action="subject.registered")
    assert event.data["policies"] == ["avro-only v1"]
    assert "warnings" not in event.data


def test_a_warning_passes_and_is_written_down(client: Wire, settings: SettingsWrapper) -> None:
    settings.REGISTRY_GATE = "checked"
    make_policy("docs", kind="subject", expression="false", severity="warn", message="No docs.")
    assert client.register("s", ONE).status == 200
    data = Event.objects.get(action="subject.registered").data
    assert data["warnings"] == ["docs v1: No docs. Do it another way."]


def test_what_needs_an_approval_is_to_be_asked_for(client: Wire, settings: SettingsWrapper) -> None:
    settings.REGISTRY_GATE = "checked"
    make_policy("big", kind="subject", expression="false", severity="approval", approver="steward")
    said = client.register("s", ONE)
    assert (said.status, said.code) == (403, 403)
    assert "big v1" in said.json["message"]
    assert "data steward" in said.json["message"]
    assert "by request" in said.json["message"]
    assert not Request.objects.exists()


def test_a_level_is_judged_where_it_is_set_and_force_is_no_way_around(
    client: Wire, settings: SettingsWrapper
) -> None:
    settings.REGISTRY_GATE = "checked"
    make_policy("no-none", kind="subject", expression='subject.compatibility != "NONE"')
    make_policy("meets", kind="subject", expression="subject.compatible")
    assert client.register("s", ONE).status == 200
    assert client.put("/config/s", {"compatibility": "NONE"}).code == 409
    assert client.put("/config/s", {"compatibility": "FULL"}).status == 200
    said = client.post("/subjects/s/versions?force=true", {"schema": text_of(OTHER)})
    assert "meets v1" in said.json["message"]
    # Before there is a version the level is judged with the first one.
    assert client.put("/config/new", {"compatibility": "NONE"}).status == 200
    assert "no-none v1" in client.register("new", ONE).json["message"]


def test_who_reads_what_breaks_is_to_be_asked(client: Wire, settings: SettingsWrapper) -> None:
    settings.REGISTRY_GATE = "checked"
    client.put("/config/orders-value", {"compatibility": "NONE"})
    assert client.register("orders-value", ONE).status == 200
    with facts.instead_of_readers("topic", lambda place, name: ["payments", "shop"]):
        said = client.register("orders-value", OTHER)
        assert (said.status, said.code) == (403, 403)
        for words in ("shop consumes it", "breaks: BACKWARD, FORWARD", "by request"):
            assert words in said.json["message"]
        assert client.register("orders-value", TWO).status == 200  # breaks nobody
    with facts.instead_of_readers("topic", lambda place, name: ["payments"]):
        assert client.register("orders-value", OTHER).status == 200  # its own team asks


def test_deleting_first_does_not_make_a_break_harmless(
    client: Wire, settings: SettingsWrapper
) -> None:
    settings.REGISTRY_GATE = "checked"
    client.register("orders-value", ONE)
    client.put("/config/orders-value", {"compatibility": "NONE"})
    with facts.instead_of_readers("topic", lambda place, name: ["payments", "shop"]):
        assert client.delete("/subjects/orders-value").status == 200
        said = client.register("orders-value", OTHER)
        assert (said.status, said.code) == (403, 403)
        assert "shop consumes it" in said.json["message"]
        gone = client.delete("/subjects/orders-value?permanent=true")
        assert (gone.status, gone.code) == (403, 403)
        assert "is read by shop" in gone.json["message"]
    with facts.instead_of_readers("topic", lambda place, name: ["payments"]):
        assert client.delete("/subjects/orders-value?permanent=true").status == 200


@pytest.mark.parametrize(("method", "body"), [("PUT", {"compatibility": None}), ("DELETE", None)])
def test_a_level_that_falls_back_is_judged_like_one_that_is_set(
    client: Wire, settings: SettingsWrapper, method: str, body: object
) -> None:
    settings.REGISTRY_GATE = "checked"
    assert client.put("/config/:.:", {"compatibility": "NONE"}).status == 200
    assert client.put("/config/s", {"compatibility": "FULL"}).status == 200
    client.register("s", ONE)
    make_policy("levels", kind="subject", expression="!subject.loosens", message="No lower level.")
    said = client.send(method, "/config/s", body)
    assert (said.status, said.code) == (409, 409)
    assert "No lower level." in said.json["message"]
    assert client.get("/config/s").json["compatibilityLevel"] == "FULL"


def test_a_policy_that_lacks_facts_stops_a_registration(
    client: Wire, settings: SettingsWrapper
) -> None:
    settings.REGISTRY_GATE = "checked"
    make_policy("consumers", kind="subject", expression="size(consumers.teams) < 3")
    assert client.register("s", ONE).code == 409


# --- By request -----------------------------------------------------------------------------------


def test_a_try_makes_one_request_and_succeeds_once_that_is_applied(
    client: Wire, cast: Cast, by_request: None
) -> None:
    said = client.register("s", ONE)
    request = the_request()
    assert (said.status, said.code) == (403, 403)
    assert said.headers["Retry-After"] == "60"
    assert f"/requests/{request.pk}/" in said.json["message"]
    assert "waits for an approver or owner of payments" in said.json["message"]
    assert (request.state, request.author_name) == (State.IN_REVIEW, "payments/client")
    assert request.author_id is None
    for _ in range(5):
        assert client.register("s", ONE).json == said.json
    assert Request.objects.count() == 1
    assert Event.objects.filter(action="request.created").count() == 1
    approve(cast)
    soon = client.register("s", ONE)
    assert (soon.status, soon.headers["Retry-After"]) == (403, "2")
    pipeline.advance(request.pk)
    made = client.register("s", ONE)
    assert (made.status, made.json["version"]) == (200, 1)
    assert lookup.version(qualify("s"), 1).request_id == request.pk


def test_the_address_in_the_answer_is_that_of_the_page() -> None:
    assert asking.request_url(7).endswith(reverse("request", args=[7]))


def test_metadata_rules_and_tags_come_with_it(client: Wire, cast: Cast, by_request: None) -> None:
    members: dict[str, object] = {
        "metadata": {"properties": {"owner": "us"}},
        "ruleSet": {
            "domainRules": [{"name": "r", "kind": "CONDITION", "type": "CEL", "expr": "1"}]
        },
        "schemaTagsToAdd": [
            {"schemaEntity": {"entityPath": "R.a", "entityType": "sr_field"}, "tags": ["PII"]}
        ],
    }
    assert client.register("s", ONE, **members).status == 403
    approve(cast)
    pipeline.advance(the_request().pk)
    made = client.register("s", ONE, **members)
    assert made.status == 200, made.text
    assert made.json["metadata"]["properties"]["owner"] == "us"
    assert made.json["ruleSet"]["domainRules"][0]["name"] == "r"
    assert "PII" in made.json["schema"]


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (lambda cast, r: reviews.decline(r, revision=r.revision, comment="No.", by=cast.owner),
         "was declined by owner"),
        (lambda cast, r: requests.withdraw(r, by=cast.requester), "was withdrawn by requester"),
    ],
)  # fmt: skip
def test_one_that_ended_is_told_of_and_asked_again_only_after_a_pause(
    client: Wire,
    cast: Cast,
    by_request: None,
    end: Callable[[Cast, Request], object],
    words: str,
) -> None:
    client.register("s", ONE)
    first = the_request()
    end(cast, first)
    for _ in range(3):
        said = client.register("s", ONE)
        assert words in said.json["message"]
        assert 86_000 < int(said.headers["Retry-After"]) <= 86_400
    assert Request.objects.count() == 1
    _pass(first, timedelta(days=1))
    assert "waits for" in client.register("s", ONE).json["message"]
    second = Request.objects.exclude(pk=first.pk).get()
    end(cast, second)
    _pass(second, timedelta(days=1, hours=1))
    assert words in client.register("s", ONE).json["message"], "the second pause is twice as long"
    assert Request.objects.count() == 2


def _pass(request: Request, time: timedelta) -> None:
    Request.objects.filter(pk=request.pk).update(state_at=Now() - time)


def test_other_content_waits_for_the_request_that_is_open(client: Wire, by_request: None) -> None:
    client.register("s", ONE)
    said = client.register("s", TWO)
    assert said.code == 403
    assert f"#{the_request().pk}" in said.json["message"]
    assert Asking.objects.count() == 1


def test_what_is_there_already_is_answered_as_ever(client: Wire, by_request: None) -> None:
    levels.set_level(Covered(".", "s"), "open", by=BY)
    assert client.register("s", ONE).status == 200
    levels.clear_level(Covered(".", "s"), by=BY)
    assert client.register("s", ONE).status == 200
    assert client.post("/subjects/s", {"schema": text_of(ONE)}).status == 200
    assert client.register("s", TWO).code == 403


def test_what_rules_refuse_anyway_makes_no_request(client: Wire, by_request: None) -> None:
    levels.set_level(Covered(".", "s"), "open", by=BY)
    client.register("s", ONE)
    levels.clear_level(Covered(".", "s"), by=BY)
    assert client.register("s", OTHER).code == 40901
    assert client.register("s", "{").code == 42201
    make_policy("never", kind="subject", expression="false", message="Never ever.")
    said = client.register("s", TWO)
    assert said.code == 409
    assert "Never ever." in said.json["message"]
    forced = client.post("/subjects/t/versions?force=true", {"schema": text_of(ONE)})
    assert forced.code == 409
    assert not Request.objects.exists()
    assert not Event.objects.filter(action__startswith="request.").exists()


@pytest.mark.parametrize(
    ("members", "subject", "words"),
    [
        ({"version": 1}, "s", "leave the version out"),
        (
            {"metadata": {"properties": {"k": "v"}, "sensitive": ["k"]}},
            "s",
            "sensitive properties",
        ),
        ({}, "s" * 401, "400 letters"),
        ({}, ":.lonely:s", "belongs to no environment"),
    ],
)
def test_what_no_request_can_ask_for_says_so(
    client: Wire,
    settings: SettingsWrapper,
    members: dict[str, object],
    subject: str,
    words: str,
) -> None:
    settings.REGISTRY_GATE = "by_request"
    said = client.register(subject, ONE, **members)
    assert said.code == 403
    assert words in said.json["message"]
    assert not Request.objects.exists()


def test_nobody_known_cannot_ask(client: Wire, by_request: None) -> None:
    client.authorization = b""
    assert "service token" in client.register("s", ONE).json["message"]
    assert not Request.objects.exists()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/config/s", {"compatibility": "NONE"}),
        ("DELETE", "/config/s", None),
        ("PUT", "/mode/s", {"mode": "READONLY"}),
        ("DELETE", "/mode/s", None),
        ("DELETE", "/subjects/s", None),
        ("DELETE", "/subjects/s/versions/1", None),
        ("PUT", "/config", {"compatibility": "NONE"}),
        ("PUT", "/mode/:.__GLOBAL:", {"mode": "READONLY"}),
        ("PUT", "/config/:.:", {"compatibility": "NONE"}),
        ("DELETE", "/contexts/.eu", None),
        (
            "POST",
            "/associations",
            {
                "resourceName": "t",
                "resourceNamespace": "n",
                "resourceId": "i",
                "resourceType": "topic",
                "associations": [{"subject": "s", "associationType": "value"}],
            },
        ),
    ],
)
def test_nothing_else_of_it_changes_on_the_wire(
    client: Wire, cast: Cast, method: str, path: str, body: object
) -> None:
    client.register("s", ONE)
    for place in (Covered(".", "s"), Covered(".eu", "", prefix=True)):
        levels.set_level(place, "by_request", by=cast.platform)
    said = client.send(method, path, body)
    assert (said.status, said.code) == (403, 403), said.text
    assert "by request, so clients may not" in said.json["message"]
    assert client.register("other", ONE).status == 200, "others are not touched by it"
    levels.set_level(Covered(".", "s"), "open", by=cast.platform)
    levels.clear_level(Covered(".eu", "", prefix=True), by=cast.platform)
    assert client.send(method, path, body).status != 403


def test_an_import_is_no_way_around(client: Wire, by_request: None) -> None:
    levels.clear_level(CONTEXT, by=BY)
    assert client.put("/mode/s", {"mode": "IMPORT"}).status == 200
    levels.set_level(CONTEXT, "by_request", by=BY)
    said = client.register("s", ONE, id=7)
    assert "may not import" in said.json["message"]


def test_a_level_and_what_it_answers_are_told_in_the_audit(cast: Cast) -> None:
    levels.set_level(Covered(".", "s"), "checked", by=cast.platform)
    levels.set_level(Covered(".", "s"), "checked", by=cast.platform)
    levels.clear_level(Covered(".", "s"), by=cast.platform)
    told = [(e.action, e.data.get("after")) for e in Event.objects.filter(object_name="s")]
    assert told == [("gate.changed", "checked"), ("gate.cleared", None)]
