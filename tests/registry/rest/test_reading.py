"""A closed installation: who reads which subject on the wire, by each path that tells of one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from pytest_django import Settings as SettingsWrapper

from governance.actors import actor_for_token
from governance.models import Resource
from registry import gate, reading, rights
from registry.covering import Covered
from registry.models import SubjectRight
from registry.naming import qualify
from registry.rights import Holder, Right
from tests.factories import (
    BY,
    Cast,
    make_actor,
    make_cast,
    make_environment,
    make_team,
    make_token,
)
from tests.registry.rest.conftest import Answer, Wire, record, speak, text_of
from tests.topics.estate import make_application, make_cluster, make_grant

ONE = record("R", ("a", "string"))
TWO = record("R", ("a", "string"), ("b", "int", 0))
SHARED = record("S", ("a", "string"))
SUBJECT = "payments.captured-value"


@pytest.fixture
def cast(db: None) -> Cast:
    make_environment("production", production=True)
    return make_cast("payments")


@pytest.fixture
def closed(cast: Cast, wire: Wire, settings: SettingsWrapper) -> Wire:
    """With a subject of the team payments, in two versions, and one of billing; `SHARED` is in
    both."""
    settings.REGISTRY_RIGHTS = "closed"
    settings.REGISTRY_ANONYMOUS = "read"
    Resource.objects.create(kind="topic", name="payments.captured", owner=cast.team)
    speak(wire, "payments")
    assert wire.register(SUBJECT, ONE).status == 200
    assert wire.register(SUBJECT, TWO).status == 200
    assert wire.register("payments.shared", SHARED).status == 200
    speak(wire, "billing")
    assert wire.register("bills", SHARED).status == 200
    return wire


def id_of(wire: Wire, subject: str) -> int:
    """The id of a subject's latest version, asked for by its owner."""
    before = wire.authorization
    speak(wire, "billing" if subject == "bills" else "payments")
    found = int(wire.get(f"/subjects/{subject}/versions/latest").json["id"])
    wire.authorization = before
    return found


ASKED = {"schema": text_of(ONE)}
# Each path that tells of the subject, and what it answers to somebody who may not read it.
PATHS = [
    ("GET", f"/subjects/{SUBJECT}/versions", None, 403),
    ("GET", f"/subjects/{SUBJECT}/versions/1", None, 403),
    ("GET", f"/subjects/{SUBJECT}/versions/latest/schema", None, 403),
    ("GET", f"/subjects/{SUBJECT}/versions/1/referencedby", None, 403),
    ("GET", f"/subjects/{SUBJECT}/metadata?key=a&value=b", None, 403),
    ("POST", f"/subjects/{SUBJECT}", ASKED, 403),
    ("POST", f"/compatibility/subjects/{SUBJECT}/versions", ASKED, 403),
    ("POST", f"/compatibility/subjects/{SUBJECT}/versions/1", ASKED, 403),
    ("GET", f"/config/{SUBJECT}?defaultToGlobal=true", None, 403),
    ("GET", f"/mode/{SUBJECT}?defaultToGlobal=true", None, 403),
    ("GET", f"/associations/subjects/{SUBJECT}", None, 403),
    ("GET", "/schemas/ids/{id}", None, 40403),
    ("GET", "/schemas/ids/{id}/schema", None, 40403),
    ("GET", "/schemas/ids/{id}/subjects", None, 40403),
    ("GET", "/schemas/ids/{id}/versions", None, 40403),
    ("GET", "/schemas/ids/{id}?subject=" + SUBJECT, None, 403),
    ("GET", "/schemas/ids/{id}?subject=:.:", None, 40403),
    ("GET", "/schemas/ids/{id}/schema?subject=:.:", None, 40403),
    ("GET", "/contexts/./schemas/ids/{id}/schema", None, 40403),
    ("GET", "/schemas/guids/{guid}", None, 40403),
    ("POST", f"/subjects/{SUBJECT}/versions", ASKED, 403),
    ("POST", f"/subjects/{SUBJECT}/versions", {"schema": '"int"'}, 403),
]


@pytest.mark.parametrize(("method", "path", "body", "code"), PATHS)
def test_every_path_of_a_subject_is_open_to_its_readers_alone(
    closed: Wire, method: str, path: str, body: object, code: int
) -> None:
    number = id_of(closed, SUBJECT)
    guid = speak(closed, "payments").get(f"/schemas/ids/{number}").json["guid"]
    path = path.format(id=number, guid=guid)

    def ask() -> Answer:
        return closed.send(method, path, body)

    speak(closed, "billing")
    assert ask().code == code
    closed.authorization = b""  # an anonymous reader has no team
    assert ask().code in (code, 403)
    rights.give(Holder("billing"), Covered(".", SUBJECT), ["read"], by=BY)
    speak(closed, "billing")
    # What is there is theirs to read then; a new version takes more than that.
    told = ask()
    assert told.status == 200 or told.code in (40402, 40403, 40408, 40901)


def test_lists_hold_what_may_be_read(closed: Wire) -> None:
    def listed(path: str) -> list[object]:
        return [one if isinstance(one, str) else one["subject"] for one in closed.get(path).json]

    everything = ["bills", SUBJECT, SUBJECT, "payments.shared"]
    for path, whole in (
        ("/subjects", sorted(set(everything))),
        ("/schemas", everything),
        ("/schemas?latestOnly=true", sorted(set(everything))),
    ):
        assert listed(path) == ["bills"], path
        speak(closed, "payments")
        assert listed(path) == [one for one in whole if one != "bills"], path
        # Pages are full, whatever was left out before them.
        assert listed(f"{path}{'&' if '?' in path else '?'}limit=1") == [SUBJECT]
        rights.give(Holder("payments"), Covered(".", "", prefix=True), ["delete"], by=BY)
        assert listed(path) == whole, path
        SubjectRight.objects.all().delete()
        closed.authorization = b""
        assert listed(path) == [], path
        speak(closed, "billing")


def test_an_id_is_told_of_by_what_may_be_read(closed: Wire) -> None:
    number = id_of(closed, "bills")
    assert number == id_of(closed, "payments.shared")
    for team, subject in (("billing", "bills"), ("payments", "payments.shared")):
        speak(closed, team)
        found = closed.get(f"/schemas/ids/{number}").json
        assert found["subject"] == subject
        assert closed.get(f"/schemas/ids/{number}/subjects").json == [subject]
        assert [one["subject"] for one in closed.get(f"/schemas/ids/{number}/versions").json] == [
            subject
        ]
        assert closed.get(f"/schemas/guids/{found['guid']}").status == 200


def test_access_to_a_topic_lets_its_schemas_be_read(closed: Wire) -> None:
    cluster = make_cluster("shop")
    for application in ("books", "sales", "late", "soon"):
        make_application(application, team=application)
    make_grant(cluster, "books/consumer/payments.captured")
    make_grant(cluster, "sales/producer/payments.*", transactional_id="")
    make_grant(cluster, "late/consumer/payments.captured", days=-1)
    make_grant(cluster, "soon/consumer/payments.captured", applied=False)
    asked = f"/subjects/{SUBJECT}/versions/latest"
    seen = {}
    for team in ("books", "sales", "late", "soon"):
        speak(closed, team)
        assert (closed.get(asked).status == 200) == (SUBJECT in closed.get("/subjects").json)
        seen[team] = closed.get(asked).status
    assert seen == {"books": 200, "sales": 200, "late": 403, "soon": 403}


def test_a_right_that_ended_is_none(closed: Wire) -> None:
    row = rights.give(Holder("billing"), Covered(".", SUBJECT), ["read"], by=BY)
    asked = f"/subjects/{SUBJECT}/versions/latest"
    assert closed.get(asked).status == 200
    SubjectRight.objects.filter(pk=row.pk).update(until=Now() - timedelta(seconds=1))
    assert closed.get(asked).code == 403


def test_nothing_is_looked_for_elsewhere_that_may_not_be_read(closed: Wire) -> None:
    speak(closed, "payments").register(":.eu:hidden", ONE)
    assert closed.get("/subjects/hidden/versions/1").status == 200
    speak(closed, "billing")
    assert closed.get("/subjects/hidden/versions/1").code == 40401


def test_a_schema_may_only_name_what_its_writer_reads(closed: Wire) -> None:
    named = [{"name": "R", "subject": SUBJECT, "version": 1}]
    using = record("U", ("r", "R"))
    assert closed.register("uses", using, references=named).code == 403
    rights.give(Holder("billing"), Covered(".", SUBJECT), ["read"], by=BY)
    assert closed.register("uses", using, references=named).status == 200


def test_associations_of_a_topic_name_what_may_be_read(closed: Wire) -> None:
    wanted = {"subject": SUBJECT, "associationType": "value", "lifecycle": "WEAK"}
    of = {"resourceName": "payments.captured", "resourceNamespace": "ns", "resourceId": "t1"}
    body = {**of, "resourceType": "topic", "associations": [wanted]}
    batch = {"requests": [{"resourceId": "t1", "resourceType": "topic"}]}
    speak(closed, "payments")
    assert closed.post("/associations", body).status == 200
    for team, count in (("payments", 1), ("billing", 0)):
        speak(closed, team)
        assert len(closed.get("/associations/resources/t1").json) == count
        assert len(closed.get("/associations/resources/ns/payments.captured").json) == count
        answer = closed.post("/associations:batchGet?includeSchemas=true", batch)
        assert str(answer.json).count(SUBJECT) == 2 * count  # the association, and its schema


def test_a_name_that_is_free_can_be_checked_and_taken(closed: Wire) -> None:
    assert closed.get("/subjects/free/versions").code == 40401
    assert closed.post("/compatibility/subjects/free/versions", ASKED).status == 200
    assert closed.register("free", ONE).status == 200


@pytest.mark.parametrize("mode", ["open", "owned"])
def test_other_installations_tell_no_reads_apart(
    closed: Wire, settings: SettingsWrapper, mode: str
) -> None:
    settings.REGISTRY_RIGHTS = mode
    assert closed.get(f"/subjects/{SUBJECT}/versions/latest").status == 200
    assert len(closed.get("/subjects").json) == 3
    assert gate.may_read(make_actor(team="billing", roles=("requester",)))


def test_nothing_of_a_closed_installation_is_answered_from_memory(closed: Wire) -> None:
    token, _ = make_token("payments", "registry:read")
    actor = actor_for_token(token)
    assert not gate.may_read(actor)
    assert reading.told_apart(actor)
    assert not reading.told_apart(BY)


def test_each_right_is_also_the_right_to_read(closed: Wire) -> None:
    make_team("outside")
    for right in Right:
        row = rights.give(Holder("outside"), Covered(".", SUBJECT), [right], by=BY)
        speak(closed, "outside")
        assert closed.get(f"/subjects/{SUBJECT}/versions").status == 200, right
        rights.take(row.pk, by=BY)
        assert closed.get(f"/subjects/{SUBJECT}/versions").code == 403, right
    assert reading.Reader(BY).only([qualify(SUBJECT)]) == [qualify(SUBJECT)]


def test_a_subject_without_a_name_is_one_like_others(
    closed: Wire, settings: SettingsWrapper
) -> None:
    settings.REGISTRY_RIGHTS = "open"
    assert closed.register("", ONE).status == 200
    settings.REGISTRY_RIGHTS = "closed"
    speak(closed, "payments")
    for path in ("/subjects//versions", "/subjects//versions/1", "/subjects/:.:/versions/1/schema"):
        assert closed.get(path).code == 403, path
    assert closed.get("/config").status == 200  # the settings of a context are no secret


def test_settings_of_a_subject_to_come_are_its_owners(closed: Wire) -> None:
    Resource.objects.create(kind="topic", name="pay", owner=make_team("payments"))
    speak(closed, "payments")
    secret = {"properties": {"k": "secret!"}, "sensitive": ["k"]}
    assert closed.put("/config/pay-value", {"defaultMetadata": secret}).status == 200
    assert closed.get("/config/pay-value").status == 200
    speak(closed, "billing")
    assert closed.get("/config/pay-value").code == 403
    assert closed.get("/subjects/pay-value/versions").code == 403
    assert closed.get("/config/nobodys-value").code == 40408


def test_a_guid_is_told_of_in_each_context_that_may_be_read(closed: Wire) -> None:
    speak(closed, "payments")
    closed.register("aaa", TWO)
    guid = closed.get("/subjects/aaa/versions/1").json["guid"]
    speak(closed, "billing")
    assert closed.get(f"/schemas/guids/{guid}").code == 40403
    assert closed.get(f"/schemas/guids/{guid}/ids").json == []
    made = closed.register(":.eu:bbb", TWO)
    assert closed.get(f"/schemas/guids/{guid}").status == 200
    assert closed.get(f"/schemas/guids/{guid}/ids").json == [
        {"context": ".eu", "id": made.json["id"]}
    ]


def test_what_is_named_after_a_topic_and_a_record_is_read_with_the_topic(closed: Wire) -> None:
    make_application("books", team="books")
    make_grant(make_cluster("shop"), "books/consumer/sales")
    Resource.objects.create(kind="topic", name="sales", owner=make_team("billing"))
    number = closed.register("aaa", SHARED).json["id"]
    assert closed.register("sales-S", SHARED).status == 200
    speak(closed, "books")
    assert closed.get("/subjects/sales-S/versions/1").status == 200
    assert closed.get(f"/schemas/ids/{number}").json["subject"] == "sales-S"
    assert closed.get(f"/schemas/ids/{number}/subjects").json == ["sales-S"]
    assert closed.get("/subjects/aaa/versions/1").code == 403


def test_a_topic_that_is_named_like_others_subject_gives_nothing(closed: Wire) -> None:
    assert closed.register("hr-value", ONE).status == 200  # is billing's from now on
    Resource.objects.create(kind="topic", name="hr", owner=make_team("sales"))
    make_application("books", team="books")
    make_grant(make_cluster("shop"), "books/consumer/hr")
    for team in ("sales", "books"):
        speak(closed, team)
        assert closed.get("/subjects/hr-value/versions/1").code == 403
        assert closed.get("/subjects").json == []
    # What its writer said of it counts.
    of = {"resourceName": "hr", "resourceNamespace": "ns", "resourceId": "t1"}
    wanted = {"subject": "hr-value", "associationType": "value", "lifecycle": "WEAK"}
    body = {**of, "resourceType": "topic", "associations": [wanted]}
    assert closed.post("/associations", body).code == 403
    assert speak(closed, "billing").post("/associations", body).status == 200
    for team in ("sales", "books"):
        speak(closed, team)
        assert closed.get("/subjects/hr-value/versions/1").status == 200
        assert closed.get("/subjects").json == ["hr-value"]


def test_what_is_there_can_be_registered_again_whatever_it_names(closed: Wire) -> None:
    named = [{"name": "R", "subject": SUBJECT, "version": 1}]
    using = record("U", ("r", "R"))
    row = rights.give(Holder("billing"), Covered(".", SUBJECT), ["read"], by=BY)
    made = closed.register("uses", using, references=named)
    rights.take(row.pk, by=BY)
    assert closed.register("uses", using, references=named).json["id"] == made.json["id"]
    assert closed.register("other", using, references=named).code == 403


def test_an_alias_is_named_to_whoever_may_read_what_it_is(closed: Wire) -> None:
    speak(closed, "payments")
    Resource.objects.create(kind="topic", name="pay", owner=make_team("payments"))
    assert closed.put("/config/pay-value", {"alias": SUBJECT}).status == 200
    for team, aliases in (("payments", ["pay-value"]), ("billing", None)):
        rights.give(Holder("billing"), Covered(".", SUBJECT), ["read"], by=BY)
        speak(closed, team)
        listed = closed.get("/schemas?aliases=true").json
        (told,) = {str(one.get("aliases")) for one in listed if one["subject"] == SUBJECT}
        assert told == str(aliases)


def test_a_live_version_is_told_of_before_a_deleted_one(closed: Wire) -> None:
    number = id_of(closed, "bills")
    assert closed.register("aaa", SHARED).status == 200
    assert closed.delete("/subjects/aaa").status == 200
    found = closed.get(f"/schemas/ids/{number}").json
    assert (found["subject"], found.get("deleted")) == ("bills", False)


def test_long_lists_and_short_ones_are_told_apart_alike(
    closed: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_application("books", team="books")
    make_grant(make_cluster("shop"), "books/consumer/payments.captured")
    Resource.objects.create(kind="topic", name="orders", owner=make_team("books"))
    speak(closed, "books").register("orders-value", ONE)
    few = {}
    for team in ("payments", "billing", "books"):
        speak(closed, team)
        few[team] = closed.get("/subjects").json
    assert few["books"] == ["orders-value", SUBJECT]
    monkeypatch.setattr(reading, "FEW", 0)
    monkeypatch.setattr(reading, "AT_ONCE", 1)
    for team, listed in few.items():
        speak(closed, team)
        assert closed.get("/subjects").json == listed, team


def test_settings_of_a_context_change_nothing_of_who_reads_an_id(closed: Wire) -> None:
    number = id_of(closed, "bills")
    rights.give(Holder("billing"), Covered(".", "", prefix=True), ["compatibility"], by=BY)
    assert closed.put("/config", {"compatibility": "FULL"}).status == 200
    SubjectRight.objects.all().delete()
    assert closed.get(f"/schemas/ids/{number}?subject=:.:").json["subject"] == "bills"
