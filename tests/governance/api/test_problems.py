"""Whatever is wrong with a call, the answer is a problem document, and never a failure of ours."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.core.exceptions import DisallowedHost
from django.db import OperationalError
from django.test import Client
from rest_framework.exceptions import Throttled

from governance.api.problems import SORTS, every_sort, problem, sort_of
from governance.errors import Invalid, NotFound, Problem, Refused, Stale, WeirError
from tests.factories import Cast
from tests.governance.api.conftest import Caller, draft, person, program, user_of

SignedIn = Callable[[str], Caller]
MEMBERS = {"type", "title", "status", "detail", "code", "problems", "request_id"}


def test_every_document_has_the_same_members(signed_in: SignedIn) -> None:
    answer = signed_in("requester").get("requests/999", X_Request_ID="try-1")
    assert (answer.status, answer.code) == (404, "not_found")
    assert answer.body.keys() >= MEMBERS
    assert answer.body["request_id"] == answer.headers["x-request-id"] == "try-1"
    assert answer.body["type"].endswith("/api/v1/problems#not_found")
    assert answer.body["status"] == 404
    assert "#999" in answer.body["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("GET", "/api/v1/topics/", 404, "not_found"),
        ("GET", "/api/v2/topics", 404, "not_found"),
        ("GET", "/api", 404, "not_found"),
        ("POST", "/api/v1/nothing", 404, "not_found"),
        ("GET", "/api/v1/requests/99999999999999999999999", 404, "not_found"),
        ("GET", "/api/v1/teams/no-such", 404, "not_found"),
        ("GET", "/api/v1/policies/no-such", 404, "not_found"),
        ("GET", "/api/v1/clusters/no-such", 404, "not_found"),
        ("GET", "/api/v1/topics/no-such/topic", 404, "not_found"),
        ("GET", "/api/v1/subjects/no-such", 404, "not_found"),
        ("GET", "/api/v1/drift/1", 404, "not_found"),
        ("PATCH", "/api/v1/requests", 405, "method_not_allowed"),
        ("DELETE", "/api/v1/requests", 405, "method_not_allowed"),
        ("OPTIONS", "/api/v1/requests", 405, "method_not_allowed"),
        ("GET", "/api/v1/requests?q=%00", 400, "bad_address"),
        ("GET", "/api/v1/topics/dev/a%00b", 400, "bad_address"),
        ("GET", "/api/v1/topics?sort=colour", 400, "bad_address"),
        ("GET", "/api/v1/topics?q=nonsense:1", 400, "bad_address"),
        ("GET", "/api/v1/subjects?sort=colour", 400, "bad_address"),
        ("GET", "/api/v1/requests?limit=0", 400, "bad_address"),
        ("GET", "/api/v1/requests?limit=many", 400, "bad_address"),
        ("GET", "/api/v1/requests?limit=-1", 400, "bad_address"),
        ("GET", "/api/v1/requests?limit=", 400, "bad_address"),
        ("GET", "/api/v1/requests?cursor=", 400, "bad_address"),
        ("GET", "/api/v1/requests?colour=red", 400, "bad_address"),
        ("GET", "/api/v1/requests?sort=state", 400, "bad_address"),
        ("GET", "/api/v1/clusters?sort=name", 400, "bad_address"),
        ("GET", "/api/v1/requests?cursor=x", 400, "bad_address"),
        ("GET", "/api/v1/requests?mine=perhaps&state=no", 400, "bad_values"),
    ],
)
def test_addresses(signed_in: SignedIn, method: str, path: str, status: int, code: str) -> None:
    answer = signed_in("requester").call(method, path)
    assert (answer.status, answer.code) == (status, code)
    assert answer.body["detail"].endswith(".")


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"{", 400, "bad_body"),
        (b"", 400, "bad_values"),
        (b"null", 400, "bad_values"),
        (b"[]", 400, "bad_values"),
        (b'"text"', 400, "bad_values"),
        (b'{"team": NaN}', 400, "bad_body"),
        (b'{"team": "\xff"}', 400, "bad_body"),
        (b'{"team": "\\ud800"}', 400, "bad_body"),
        (b'{"team": "pay\\u0000ments"}', 400, "bad_body"),
        (b'{"\\u0000": 1}', 400, "bad_body"),
        (b"[" * 100_000, 400, "bad_body"),
        (b"[" * 100 + b"]" * 100, 400, "bad_body"),
        (b"[" + b"1," * 300_000 + b"1]", 400, "bad_body"),
        (json.dumps(draft() | {"team": 7}).encode(), 404, "not_found"),
        (json.dumps(draft() | {"team": {"a": 1}}).encode(), 400, "bad_values"),
        (json.dumps(draft() | {"team": None}).encode(), 400, "bad_values"),
        (json.dumps(draft() | {"items": {}}).encode(), 400, "bad_values"),
        (json.dumps(draft() | {"items": [1, None]}).encode(), 400, "bad_values"),
        (json.dumps(draft() | {"items": [{}] * 3_000}).encode(), 400, "bad_values"),
        (json.dumps(draft() | {"titel": "x"}).encode(), 400, "bad_values"),
        (json.dumps(draft() | {"title": "x" * 201}).encode(), 400, "bad_values"),
    ],
)
def test_bodies(signed_in: SignedIn, raw: bytes, status: int, code: str) -> None:
    answer = signed_in("requester").call("POST", "requests", raw=raw)
    assert (answer.status, answer.code) == (status, code), answer.body


def test_values_of_items_are_named_by_their_place(signed_in: SignedIn) -> None:
    body = draft() | {"items": [draft()["items"][0], {"kind": "toy"}]}
    answer = signed_in("requester").post("requests", body)
    assert answer.status == 400
    assert {(p["position"], p["path"]) for p in answer.body["problems"]} == {
        (1, "operation"),
        (1, "name"),
        (1, "place"),
        (1, "after"),
    }


def test_a_body_over_the_limit_is_not_read(signed_in: SignedIn) -> None:
    body = b'{"team": "' + b"a" * (11 * 1024 * 1024) + b'"}'
    answer = signed_in("requester").call("POST", "requests", raw=body)
    assert (answer.status, answer.code) == (413, "body_too_large")


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "nonsense"]
)
def test_only_json_is_read(signed_in: SignedIn, kind: str) -> None:
    answer = signed_in("requester").call(
        "POST", "requests", raw=b"a=1", headers={"Content-Type": kind}
    )
    assert (answer.status, answer.code) == (415, "not_json")


def test_answers_are_json_whatever_accept_says(signed_in: SignedIn) -> None:
    for accept in ("text/html", "application/xml;q=1", "nonsense"):
        assert signed_in("requester").get("me", Accept=accept).status == 200


def test_nobody_comes_in_without_a_token_or_session(cast: Cast) -> None:
    for caller in (Caller(), Caller(headers={"Authorization": "Basic YTpi"})):
        answer = caller.get("me")
        assert (answer.status, answer.code) == (401, "not_signed_in")
        assert answer.headers["www-authenticate"] == 'Bearer realm="weir"'


@pytest.mark.parametrize(
    "secret", ["", "x", "weir_nosuchprefix_secret", "weir_" + "a" * 12 + "_" + "b" * 43, "é" * 600]
)
def test_a_token_that_is_no_good_is_refused_even_in_a_session(cast: Cast, secret: str) -> None:
    caller = person(cast.requester)
    caller.headers["Authorization"] = f"Bearer {secret}"
    answer = caller.get("me")
    assert (answer.status, answer.code) == (401, "bad_token")
    assert answer.headers["www-authenticate"] == 'Bearer realm="weir"'


def test_a_token_needs_a_scope_of_the_api(cast: Cast) -> None:
    assert program("api:read").get("me").body["scopes"] == ["api:read"]
    answer = program("registry:write").get("me")
    assert (answer.status, answer.code) == (403, "not_allowed")
    assert "api:read" in answer.body["detail"]


def test_a_session_writes_with_its_csrf_token_only(cast: Cast) -> None:
    caller = Caller(client=Client(enforce_csrf_checks=True, raise_request_exception=False))
    caller.client.force_login(user_of(cast.requester))
    answer = caller.post("requests", draft())
    assert (answer.status, answer.code) == (403, "csrf_failed")
    secret = "a" * 32
    caller.client.cookies["csrftoken"] = secret
    assert caller.post("requests", draft(), X_CSRFToken=secret).status == 201
    program_caller = program("api:write")
    program_caller.client = Client(enforce_csrf_checks=True)
    assert program_caller.post("requests", draft(title="Mine")).status == 201


def test_a_refusal_says_who_could(signed_in: SignedIn) -> None:
    answer = signed_in("requester").post("teams", {"slug": "new", "name": "New"})
    assert (answer.status, answer.code) == (403, "not_allowed")
    assert answer.body["who"] == ["platform"]
    assert answer.body["rule"] == "create_team/team"


def test_an_unknown_host_is_a_problem_too(cast: Cast) -> None:
    answer = Caller().get("me", Host="evil.example")
    assert (answer.status, answer.code) == (400, "bad_address")


def test_the_codes_are_listed_for_everybody(db: None) -> None:
    answer = Caller().get("problems")
    assert answer.status == 200
    assert [s["code"] for s in answer.body] == [s.code for s in every_sort()]
    assert len({(s["code"], s["status"]) for s in answer.body}) == len(answer.body)


class Odd(WeirError):
    """An error that the table does not know."""

    code = "odd"


class Later(Odd):
    """One that goes by."""

    retryable = True


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound("x"), 404),
        (Stale("x", revision=2), 409),
        (Invalid("x", path="items[3].name"), 422),
        (Odd("x"), 422),
        (Later("x"), 503),
        (OperationalError("secret of the driver"), 503),
        (DisallowedHost("evil"), 400),
        (Throttled(), 500),
        (RuntimeError("secret of ours"), 500),
    ],
)
def test_the_table_decides_for_every_error(error: Exception, status: int) -> None:
    assert sort_of(error).status == status or isinstance(error, Throttled)
    assert "secret" not in json.dumps(problem(error))


def test_classes_in_the_table_come_before_their_bases() -> None:
    assert SORTS[Stale].code != SORTS[Stale.__mro__[1]].code


def test_places_of_items_are_numbers_of_their_own() -> None:
    found = problem(Invalid("Bad.", path="items[3].name"))["problems"][0]
    assert (found["position"], found["path"]) == (3, "name")
    refused = problem(Refused("No.", [Problem("a", "b.", "c.", 2, "r v1")]))["problems"][0]
    assert refused == {"path": "a", "message": "b.", "way_out": "c.", "position": 2, "rule": "r v1"}
