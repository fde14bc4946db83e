"""What somebody may not see is not there for her, under any address that takes an id."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from governance.models import Event, Request
from governance.services import requests, tokens
from governance.services.items import NewItem
from tests.factories import BY, Cast, make_hook
from tests.governance.api.conftest import Caller, program, toy

SignedIn = Callable[[str], Caller]

# Every address that takes an id or a name, and whose things it shows: `hidden` are seen by a team
# and those who watch over it alone, `watched` by those alone whatever the name, `open` by everybody
# who is signed in.
OBJECTS: Mapping[str, str] = {
    "requests/<int:pk>": "hidden",
    "requests/<int:pk>/items": "hidden",
    "requests/<int:pk>/comments": "hidden",
    "requests/<int:pk>/submit": "hidden",
    "requests/<int:pk>/approve": "hidden",
    "requests/<int:pk>/request-changes": "hidden",
    "requests/<int:pk>/decline": "hidden",
    "requests/<int:pk>/withdraw": "hidden",
    "requests/<int:pk>/not-before": "hidden",
    "requests/<int:pk>/roll-back": "hidden",
    "requests/<int:pk>/replace": "hidden",
    "requests/<int:pk>/suggestions": "hidden",
    "suggestions/<int:pk>/accept": "open",
    "suggestions/<int:pk>/dismiss": "open",
    "requests/<int:pk>/break-glass": "hidden",
    "requests/<int:pk>/again": "hidden",
    "requests/<int:pk>/retry": "hidden",
    "tokens/<int:pk>": "hidden",
    "tokens/<int:pk>/revoke": "hidden",
    "broken-glass/<int:pk>/look": "open",
    "tokens/<int:pk>/rate": "hidden",
    "hooks/<int:pk>": "hidden",
    "hooks/<int:pk>/deliveries": "hidden",
    "hooks/<int:pk>/test": "hidden",
    "hooks/<int:pk>/pause": "hidden",
    "hooks/<int:pk>/resume": "hidden",
    "environments/<slug:slug>": "open",
    "environments/<slug:slug>/freezes": "open",
    "freezes/<int:pk>/lift": "open",
    "delegations/<int:pk>": "open",
    "delegations/<int:pk>/revoke": "open",
    "people/<str:username>": "watched",
    "people/<str:username>/activate": "watched",
    "people/<str:username>/deactivate": "watched",
    "people/<str:username>/password": "watched",
    "people/<str:username>/second-factor": "open",
    "people/<str:username>/roles": "open",
    "teams/<slug:slug>": "open",
    "teams/<slug:slug>/members": "open",
    "teams/<slug:slug>/members/<str:username>/<str:role>": "open",
    "teams/<slug:slug>/applications": "open",
    "teams/<slug:slug>/applications/<str:name>": "open",
    "teams/<slug:slug>/hand-over": "open",
    "teams/<slug:slug>/close": "open",
    "policies/<slug:name>": "open",
    "policies/<slug:name>/versions": "open",
    "policies/<slug:name>/activate": "open",
    "policies/<slug:name>/deactivate": "open",
    "simulations/<int:pk>": "watched by number",
    "waivers/<int:pk>": "open",
    "topics/<slug:cluster>/<str:name>": "open",
    "grants/<slug:cluster>/<path:name>": "open",
    "drift/<int:pk>": "open",
    "drift/<int:pk>/accept": "open",
    "drift/<int:pk>/revert": "open",
    "drift/<int:pk>/ignore": "open",
    "clusters/<slug:slug>": "open",
    "clusters/<slug:slug>/test": "open",
    "clusters/<slug:slug>/prices": "open",
    "subjects/<path:subject>": "open",
    "rights/<int:pk>": "open",
}
BODIES: Mapping[str, dict[str, Any]] = {
    "tokens/<int:pk>/rate": {"rate": 5},
    "requests/<int:pk>": {"revision": 1, "items": [toy("stolen")]},
    "requests/<int:pk>/comments": {"body": "Mine now."},
    "requests/<int:pk>/approve": {"revision": 1, "comment": "Yes."},
    "requests/<int:pk>/request-changes": {"revision": 1, "comment": "Yes."},
    "requests/<int:pk>/not-before": {"not_before": "2030-01-01T09:00:00Z"},
    "requests/<int:pk>/suggestions": {"position": 0, "path": "colour", "value": "blue"},
    "requests/<int:pk>/break-glass": {"revision": 1, "reason": "Now."},
    "requests/<int:pk>/decline": {"revision": 1, "comment": "Yes."},
}
METHODS = ("GET", "PUT", "POST", "DELETE")
HIDDEN = sorted(path for path, whose in OBJECTS.items() if whose == "hidden")
WATCHED = sorted(path for path, whose in OBJECTS.items() if whose == "watched")


def routes() -> Iterator[str]:
    """Every address of /api/v1 that takes something."""
    for entry in get_resolver().url_patterns:
        if isinstance(entry, URLResolver) and str(entry.pattern) == "api/v1/":
            for found in entry.url_patterns:
                assert isinstance(found, URLPattern)
                if "<" in str(found.pattern):
                    yield str(found.pattern)


@pytest.fixture
def secret_draft(cast: Cast) -> int:
    item = NewItem("toy", "create", "secret", "shelf-dev", {"colour": "red"})
    return requests.create_draft(
        title="Secret", reason="", team=cast.team, items=[item], by=cast.requester
    ).pk


@pytest.fixture
def secret_token(cast: Cast) -> int:
    token, _ = tokens.issue(
        name="secret", team=cast.team, scopes=["api:write"], expires_at=None, by=BY
    )
    return token.pk


@pytest.fixture
def secret_hook(cast: Cast) -> int:
    return make_hook("payments").pk


def test_every_address_says_whose_things_it_shows() -> None:
    assert sorted(routes()) == sorted(OBJECTS)


@pytest.mark.parametrize("path", HIDDEN)
def test_things_of_another_team_are_not_there(
    signed_in: SignedIn, secret_draft: int, secret_token: int, secret_hook: int, path: str
) -> None:
    """Allowed and refused in the same world: for the team's own people the address works."""
    numbers = {"requests": secret_draft, "tokens": secret_token, "hooks": secret_hook}
    number = numbers[path.partition("/")[0]]
    address = re.sub(r"<[^>]+>", str(number), path)
    missing = re.sub(r"<[^>]+>", "987654321", path)
    body = BODIES.get(path)
    owner, outsider = signed_in("owner"), signed_in("outsider")
    before = _state(secret_draft)
    methods = [m for m in METHODS if outsider.call(m, missing, body).status != 405]
    assert methods
    for method in methods:
        for stranger in (outsider, program("api:write", team="outside")):
            answer = stranger.call(method, address, body)
            absent = stranger.call(method, missing, body)
            assert answer.status == absent.status
            assert answer.status in ({404} if path.startswith("requests") else {404, 403})
            assert _without_numbers(answer.body) == _without_numbers(absent.body)
        assert _state(secret_draft) == before
    for method in methods:
        assert owner.call(method, address, body).status not in {404, 405}


@pytest.mark.parametrize("path", WATCHED)
def test_who_may_not_see_accounts_learns_nothing_of_a_name(signed_in: SignedIn, path: str) -> None:
    platform, outsider = signed_in("platform"), signed_in("outsider")
    there, missing = (re.sub(r"<[^>]+>", name, path) for name in ("viewer", "ghost"))
    methods = [m for m in METHODS if platform.call(m, missing, {}).status != 405]
    assert methods
    for method in methods:
        answers = [outsider.call(method, address, {}) for address in (there, missing)]
        assert [a.status for a in answers] == [403, 403]
        assert _without_numbers(answers[0].body) == _without_numbers(answers[1].body)
        assert platform.call(method, there, {}).status != 403


def test_lists_leave_them_out(signed_in: SignedIn, secret_draft: int, secret_token: int) -> None:
    for name, sees in (("requester", True), ("auditor", True), ("outsider", False)):
        caller = signed_in(name)
        for query in ("", "?q=Secret", f"?q={secret_draft}", "?state=draft", "?team=payments"):
            found = [r["id"] for r in caller.get(f"requests{query}").body["results"]]
            assert (secret_draft in found) is sees, (name, query)
        found = [t["id"] for t in caller.get("tokens").body["results"]]
        assert (secret_token in found) is sees, name


def test_the_audit_is_for_those_who_may_read_it(
    signed_in: SignedIn, secret_draft: int, cast: Cast
) -> None:
    assert Event.objects.filter(request_id=secret_draft).exists()
    for path in ("audit/events", f"audit/events?request={secret_draft}", "audit/seals"):
        assert signed_in("auditor").get(path).status == 200
        for caller in (signed_in("owner"), signed_in("outsider"), program("api:write")):
            answer = caller.get(path)
            assert (answer.status, answer.code) == (403, "not_allowed")


def test_no_answer_carries_a_secret_of_a_token(
    signed_in: SignedIn, secret_token: int, cast: Cast
) -> None:
    owner = signed_in("owner")
    for answer in (owner.get("tokens"), owner.get(f"tokens/{secret_token}")):
        assert "digest" not in str(answer.body)
        assert "secret'" not in str(answer.body).replace("'secret'", "")


def _state(number: int) -> list[tuple[Any, ...]]:
    found = Request.objects.filter(pk=number)
    return list(found.values_list("state", "revision", "title", "items__name", "comments__body"))


def _without_numbers(body: dict[str, Any]) -> dict[str, Any]:
    """A problem without what differs between two calls for a good reason."""
    kept = {k: v for k, v in body.items() if k not in {"request_id", "request"}}
    return kept | {"detail": re.sub(r"\d+", "N", kept["detail"])}
