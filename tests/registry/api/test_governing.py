"""Gate levels, rights and token limits, on pages and through the API: for those who may."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from governance.models import Event, ServiceToken, User
from registry import levels, owners, store
from registry.candidates import Asked
from registry.covering import Covered
from registry.models import GateLevel, SubjectRight
from registry.naming import qualify
from tests.factories import BY, Cast, make_cast, make_token
from tests.governance.api.conftest import Caller, program

S = {"subject": "s"}
WIDE = {"subject": "", "prefix": True}


@pytest.fixture
def cast(db: None) -> Cast:
    found = make_cast("payments")
    store.register(qualify("s"), Asked('"int"'), by=BY)
    owners.claim(qualify("s"), found.team)
    return found


def calling(name: str) -> Caller:
    caller = Caller()
    caller.client.force_login(User.objects.get(username=name))
    return caller


def browsing(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


def test_levels_are_set_by_owners_and_for_wider_places_by_the_platform(cast: Cast) -> None:
    owner, platform = calling("owner"), calling("platform")
    made = owner.call("PUT", "gates", {**S, "level": "by_request"})
    assert (made.status, made.body) == (200, {"level": "by_request", "own": True})
    assert owner.call("PUT", "gates", {**WIDE, "level": "checked"}).status == 403
    for refused in ("requester", "outsider", "auditor"):
        assert calling(refused).call("PUT", "gates", {**S, "level": "open"}).status == 403
    assert program("api:write").call("PUT", "gates", {**S, "level": "open"}).status == 403
    assert platform.call("PUT", "gates", {**WIDE, "level": "checked"}).status == 200
    assert platform.call("PUT", "gates", {**S, "level": "shut"}).status == 400
    listed = calling("viewer").get("gates").body["results"]
    assert [(one["subject"], one["prefix"], one["level"]) for one in listed] == [
        ("", True, "checked"),
        ("s", False, "by_request"),
    ]
    cleared = owner.call("PUT", "gates", {**S, "level": None})
    assert cleared.body == {"level": "checked", "own": False}


def test_rights_are_given_shown_and_taken(cast: Cast) -> None:
    owner, outsider = calling("owner"), calling("outsider")
    given = owner.call("POST", "rights", {**S, "team": "outside", "rights": ["write"]})
    assert (given.status, given.body["team"], given.body["rights"]) == (201, "outside", ["write"])
    again = owner.call("POST", "rights", {**S, "team": "outside", "rights": ["delete", "write"]})
    assert again.body["id"] == given.body["id"]
    assert (
        outsider.call("POST", "rights", {**S, "team": "outside", "rights": ["admin"]}).status == 403
    )
    wrong: tuple[tuple[dict[str, object], int], ...] = (
        ({"rights": []}, 400),
        ({"rights": ["rule"]}, 400),
        ({"until": "2001-01-01T00:00:00Z"}, 422),
        ({"team": "ghosts"}, 422),
        ({"token": 1}, 422),
        ({"context": "eu"}, 422),
    )
    for change, status in wrong:
        body = {**S, "team": "outside", "rights": ["write"], **change}
        answer = owner.call("POST", "rights", body)
        assert answer.status == status, (change, answer.body)
    (listed,) = outsider.get("rights").body["results"]
    assert listed["rights"] == ["delete", "write"]
    address = f"rights/{given.body['id']}"
    assert outsider.call("DELETE", address).status == 403
    assert owner.call("DELETE", address).status == 204
    assert owner.call("DELETE", address).status == 404
    assert not SubjectRight.objects.exists()


def test_a_bound_token_sees_its_context_alone(cast: Cast) -> None:
    for context in (".", ".eu"):
        levels.set_level(Covered(context, "", prefix=True), "checked", by=BY)
    caller = program("api:read")
    assert len(caller.get("gates").body["results"]) == 2
    ServiceToken.objects.update(context=".eu")
    assert [one["context"] for one in caller.get("gates").body["results"]] == [".eu"]


def test_the_tab_of_a_subject_sets_its_gate_and_gives_rights(cast: Cast) -> None:
    owner, viewer = browsing("owner"), browsing("viewer")
    tab = "/subjects/~/s/?tab=writing"
    assert "Set it" in owner.get(tab).content.decode()
    seen = viewer.get(tab).content.decode()
    assert "Open: whoever may write registers" in seen
    assert "Set it" not in seen
    assert "Give it" not in seen
    form = {"context": ".", "subject": "s", "from": "subject"}
    done = owner.post("/subjects/writing/gate/", {**form, "level": "checked"})
    assert (done.status_code, done["Location"]) == (302, tab)
    assert "Checked: policies judge" in viewer.get(tab).content.decode()
    token, _ = make_token("outside", "registry:write", name="writer")
    right = {**form, "holder": "outside/writer", "rights": ["write"], "until": "2999-01-31"}
    assert owner.post("/subjects/writing/rights/", right)["Location"] == tab
    row = SubjectRight.objects.get()
    assert row.token_id == token.pk
    assert "outside/writer" in viewer.get(tab).content.decode()
    for client in (viewer, browsing("outsider")):
        assert client.post("/subjects/writing/gate/", {**form, "level": "open"}).status_code == 403
        taken = client.post(f"/subjects/writing/rights/{row.pk}/take/", form)
        assert taken.status_code == 403
    mistakes: tuple[dict[str, object], ...] = (
        {"holder": "outside/nobody"},
        {"until": "soon"},
        {"rights": []},
        {"holder": ""},
    )
    for wrong in mistakes:
        answer = owner.post("/subjects/writing/rights/", {**right, **wrong})
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY, wrong
    assert owner.post(f"/subjects/writing/rights/{row.pk}/take/", form)["Location"] == tab
    assert not SubjectRight.objects.exists()
    assert owner.post("/subjects/writing/gate/", {**form, "level": ""})["Location"] == tab
    assert not GateLevel.objects.exists()


def test_the_page_of_places_shows_all_in_a_fixed_number_of_queries(cast: Cast) -> None:
    platform, viewer = browsing("platform"), browsing("viewer")
    page = "/subjects/writing/"

    def counted() -> int:
        with CaptureQueriesContext(connection) as ran:
            assert viewer.get(page).status_code == 200
        return len(ran)

    form = {"context": ".", "prefix": "1"}
    names = ["", "orders-", "<b>bold</b>"]
    counts = []
    for name in names:
        platform.post("/subjects/writing/gate/", {**form, "subject": name, "level": "by_request"})
        right = {**form, "subject": name, "holder": "outside", "rights": ["write", "delete"]}
        assert platform.post("/subjects/writing/rights/", right)["Location"] == page
        counts.append(counted())
    assert counts[0] == counts[-1]
    shown = viewer.get(page).content.decode()
    assert "the context ." in shown
    assert "subjects orders-*" in shown
    assert "&lt;b&gt;bold" in shown
    assert "Give it" not in shown
    assert "Give it" in platform.get(page).content.decode()


def test_a_tokens_limit_is_set_on_the_page_by_the_platform(cast: Cast) -> None:
    token, _ = make_token("payments", "registry:read")
    address = f"/tokens/{token.pk}/rate/"
    for client in (browsing("owner"), browsing("auditor")):
        assert client.post(address, {"rate": "5"}).status_code == 403
        assert "Limit…" not in client.get("/tokens/").content.decode()
    platform = browsing("platform")
    assert "Limit…" in platform.get("/tokens/").content.decode()
    for wrong in ("x", "-1", "٣", "9999999"):
        assert platform.post(address, {"rate": wrong}).status_code == 422
    for typed, kept, shown in (
        ("5", 5, "5 registry requests a second"),
        ("0", 0, "no limit at the registry"),
        ("", None, ""),
    ):
        assert platform.post(address, {"rate": typed}).status_code == 302
        token.refresh_from_db()
        assert token.registry_rate == kept
        assert shown in platform.get("/tokens/").content.decode()
    assert Event.objects.filter(action="token.limited").count() == 3
    through = calling("platform").call("POST", f"tokens/{token.pk}/rate", {"rate": 7, "burst": 70})
    assert (through.body["registry_rate"], through.body["registry_burst"]) == (7, 70)
