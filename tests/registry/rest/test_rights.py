"""Rights to subjects: what owners may, what is given, and what an open installation lets pass."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import Settings as SettingsWrapper

from governance.errors import Invalid, NotAllowed, NotFound
from governance.models import Event, Resource
from governance.services import requests
from governance.services.items import NewItem
from registry import levels, owners, rights
from registry.covering import Covered
from registry.models import SubjectRight
from registry.naming import qualify
from registry.owners import Owner
from registry.rights import Holder
from tests.factories import BY, Cast, make_cast, make_environment, make_team, make_token
from tests.registry.rest.conftest import Wire, record, speak, text_of

ONE = record("R", ("a", "string"))
TWO = record("R", ("a", "string"), ("b", "int", 0))
S = Covered(".", "s")


@pytest.fixture
def cast(db: None) -> Cast:
    make_environment("production", production=True)
    return make_cast("payments")


@pytest.fixture
def owned(cast: Cast, wire: Wire, settings: SettingsWrapper) -> Wire:
    settings.REGISTRY_RIGHTS = "owned"
    return wire


def test_whoever_makes_a_subject_owns_it_from_then_on(owned: Wire) -> None:
    assert speak(owned, "payments").register("s", ONE).status == 200
    assert owners.owner_of(qualify("s")) == Owner("payments", owners.OWN)
    assert Event.objects.filter(action="subject.claimed").count() == 1
    assert owned.register("s", TWO).status == 200
    assert owned.put("/config/s", {"compatibility": "FULL"}).status == 200
    assert owned.delete("/subjects/s/versions/2").status == 200
    speak(owned, "billing")
    said = owned.register("s", TWO)
    assert (said.status, said.code) == (403, 403)
    assert "belongs to payments" in said.json["message"]
    assert "right 'write'" in said.json["message"]
    for method, path, body in (
        ("PUT", "/config/s", {"compatibility": "NONE"}),
        ("PUT", "/mode/s", {"mode": "READONLY"}),
        ("DELETE", "/subjects/s", None),
    ):
        assert owned.send(method, path, body).code == 403
    # Nothing is made by this, and a serializer that registers what it uses goes on.
    assert owned.register("s", ONE).status == 200
    assert owned.get("/subjects/s/versions").json == [1]
    # In another context the name is another subject.
    assert owned.register(":.eu:s", ONE).status == 200
    assert owners.owner_of(qualify(":.eu:s")) == Owner("billing", owners.OWN)


def test_an_open_installation_asks_for_no_right(wire: Wire, cast: Cast) -> None:
    assert speak(wire, "payments").register("s", ONE).status == 200
    assert speak(wire, "billing").register("s", TWO).status == 200
    assert not Resource.objects.exists()


def test_the_owner_of_a_topic_writes_its_subjects(owned: Wire) -> None:
    Resource.objects.create(kind="topic", name="orders", owner=make_team("sales"))
    assert speak(owned, "payments").register("orders-value", ONE).code == 403
    assert speak(owned, "sales").register("orders-value", ONE).status == 200
    assert not Resource.objects.filter(kind="subject").exists()


def test_what_was_there_before_is_nobodys_to_take_over(
    owned: Wire, settings: SettingsWrapper
) -> None:
    settings.REGISTRY_RIGHTS = "open"
    speak(owned, "payments").register("s", ONE)
    settings.REGISTRY_RIGHTS = "owned"
    said = owned.register("s", TWO)
    assert "nobody owns" in said.json["message"]
    assert "by request" in said.json["message"]
    owned.authorization = b""
    assert owned.register("new", ONE).code == 403, "nobody known can own it"


@pytest.mark.parametrize(
    ("place", "given", "status"),
    [
        (S, ["write"], 200),
        (S, ["admin"], 200),
        (Covered(".", "", prefix=True), ["write"], 200),
        (Covered(".", "s", prefix=True), ["write"], 200),
        (S, ["compatibility", "delete"], 403),
        (Covered(".", ""), ["write"], 403),
        (Covered(".", "s-", prefix=True), ["write"], 403),
        (Covered(".", "_", prefix=True), ["write"], 403),
        (Covered(".eu", "", prefix=True), ["admin"], 403),
    ],
)
def test_a_right_reaches_what_its_place_holds(
    owned: Wire, cast: Cast, place: Covered, given: list[str], status: int
) -> None:
    speak(owned, "payments").register("s", ONE)
    speak(owned, "billing")
    rights.give(Holder("billing"), place, given, by=cast.platform)
    assert owned.register("s", TWO).status == status


def test_a_right_of_a_token_is_its_own_and_ends(owned: Wire, cast: Cast) -> None:
    speak(owned, "payments").register("s", ONE)
    token, plain = make_token("billing", "registry:write")
    row = rights.give(
        Holder(token=token.pk),
        S,
        ["write"],
        until=timezone.now() + timedelta(days=1),
        by=cast.owner,
    )
    assert speak(owned, "billing").register("s", TWO).code == 403
    owned.authorization = f"Bearer {plain}".encode()
    assert owned.register("s", TWO).status == 200
    assert owned.delete("/subjects/s/versions/2").code == 403
    SubjectRight.objects.filter(pk=row.pk).update(until=Now())
    assert owned.register("s", record("R", ("a", "string"), ("c", "int", 0))).code == 403


def test_importing_takes_admin_of_owners_too(owned: Wire, cast: Cast) -> None:
    speak(owned, "payments").register("other", ONE)
    rights.give(Holder("payments"), S, ["compatibility"], by=cast.platform)
    assert owned.put("/mode/s", {"mode": "IMPORT"}).status == 200
    owners.claim(qualify("s"), cast.team)
    assert owned.register("s", ONE, id=7).code == 403
    rights.give(Holder("payments"), S, ["admin"], by=cast.platform)
    assert owned.register("s", ONE, id=7).status == 200


def test_owners_give_rights_to_their_subject_and_the_platform_to_wider_places(
    cast: Cast, wire: Wire
) -> None:
    owners.claim(qualify("s"), cast.team)
    wide, other = Covered(".", "s", prefix=True), Covered(".", "other")
    for actor in (cast.requester, cast.viewer, cast.outsider, cast.auditor):
        with pytest.raises(NotAllowed):
            rights.give(Holder("payments"), S, ["write"], by=actor)
        with pytest.raises(NotAllowed):
            levels.set_level(S, "checked", by=actor)
    row = rights.give(Holder("outside"), S, ["write"], by=cast.owner)
    levels.set_level(S, "checked", by=cast.owner)
    for place in (wide, other):
        with pytest.raises(NotAllowed):
            rights.give(Holder("payments"), place, ["write"], by=cast.owner)
        with pytest.raises(NotAllowed):
            levels.set_level(place, "checked", by=cast.owner)
        rights.give(Holder("payments"), place, ["write"], by=cast.platform)
    with pytest.raises(NotAllowed):
        rights.take(row.pk, by=cast.outsider)
    rights.take(row.pk, by=cast.owner)
    with pytest.raises(NotFound):
        rights.take(row.pk, by=cast.owner)
    assert Event.objects.filter(action__startswith="right.").count() == 4


@pytest.mark.parametrize(
    ("holder", "place", "given", "path"),
    [
        (Holder(), S, ["write"], "team"),
        (Holder("payments", 1), S, ["write"], "team"),
        (Holder("ghosts"), S, ["write"], "team"),
        (Holder(token=987654321), S, ["write"], "token"),
        (Holder("payments"), S, [], "rights"),
        (Holder("payments"), S, ["rule"], "rights"),
        (Holder("payments"), Covered("eu", "s"), ["write"], "context"),
        (Holder("payments"), Covered(".", "a\x00"), ["write"], "subject"),
        (Holder("payments"), Covered(".", "a" * 2000), ["write"], "subject"),
    ],
)
def test_values_that_cannot_be(
    cast: Cast, holder: Holder, place: Covered, given: list[str], path: str
) -> None:
    with pytest.raises(Invalid) as refused:
        rights.give(holder, place, given, by=cast.platform)
    assert refused.value.facts["path"] == path if hasattr(refused.value, "facts") else True
    assert not SubjectRight.objects.exists()


def test_whoever_may_write_may_ask_by_request_as_well(cast: Cast, owned: Wire) -> None:
    owners.claim(qualify("s"), make_team("outside"))
    item = NewItem("subject", "register", "s", ".", {"schema": text_of(ONE)})

    def ask() -> list[str]:
        draft = requests.create_draft(
            title="", reason="", team=cast.team, items=[item], by=cast.requester
        )
        asked = requests.submit(draft, by=cast.requester)
        return [r.role for r in asked.requirements.all()]

    with pytest.raises(Exception, match="belongs to outside"):
        ask()
    rights.give(Holder("payments"), S, ["write"], by=BY)
    assert ask() == ["owner:outside"]
