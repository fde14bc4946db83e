"""The permission matrix, walked through the pages: each form for everybody, taken or refused.

The table decides what is expected. The world is that of the API's walk; what a page did is taken
back, so that everybody meets the same one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import cast as typed_as

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from governance.actors import Actor, actor_for_user
from governance.models import Event, PolicyVersion, Request, User
from governance.permissions import MATRIX, Action, allowed
from governance.services import requests, tokens
from governance.services.items import NewItem
from tests.factories import (
    BY,
    Cast,
    make_actor,
    make_approver,
    make_cast,
    make_environment,
    make_hook,
    make_policy,
    make_user,
)
from tests.governance.api import test_matrix as api
from tests.governance.api.test_matrix import ROLES, World

pytestmark = pytest.mark.django_db

# Actions that no page of this walk does, and where they are walked instead.
ELSEWHERE: Mapping[Action, str] = {
    Action.GOVERN_SUBJECT: "tests/registry/api/test_governing.py",
    Action.LIMIT_RATE: "tests/registry/api/test_governing.py",
    Action.MANAGE_PEOPLE: "test_people.py",
    Action.MANAGE_ORG_ROLES: "test_people.py",
    Action.MANAGE_ENVIRONMENTS: "test_people.py",
    Action.VERIFY_AUDIT: "`manage.py audit verify`",
    Action.READ_REGISTRY: "the wire API",
    Action.WRITE_REGISTRY: "the wire API",
}
TOPIC = {"i0-place": "dev", "i0-partitions": "1", "i0-replication_factor": "1"}
COMPOSED = {"parts": "topic:create", "team": "payments", "do": "save", **TOPIC}


@dataclass(frozen=True, slots=True)
class Pages(World):
    """The world, with a request for each role that is asked beside the owner."""

    asked: Mapping[str, int]


Page = Callable[[Pages, Client], HttpResponse]


def post(path: str, **values: str) -> Page:
    """A form that goes to an address in which {review} and the like stand for the world's."""

    def send(world: Pages, client: Client) -> HttpResponse:
        known = {
            name: getattr(world, name) for name in ("review", "failed", "drift", "token", "hook")
        }
        return typed_as(HttpResponse, client.post(path.format(**known), values))

    return send


def approve_as(role: str) -> Page:
    """An approval of a request on which all have agreed but somebody of that role."""

    def send(world: Pages, client: Client) -> HttpResponse:
        number = world.review if role == "owner" else world.asked[role]
        path = f"/requests/{number}/decide/"
        values = {"verdict": "approve", "revision": "1"}
        return typed_as(HttpResponse, client.post(path, values))

    return send


def edit(world: Pages, client: Client) -> HttpResponse:
    """An edit of a topic's request; one of toys is a program's."""
    values = {**COMPOSED, "i0-name": "payments.edited", "revision": "1", "do": "submit"}
    return typed_as(HttpResponse, client.post(f"/requests/{world.draft}/edit/", values))


def look_at_glass(world: Pages, client: Client) -> HttpResponse:
    """A word on a glass that somebody else broke."""
    path = f"/glass/{api.broken_glass(world)}/"
    return typed_as(HttpResponse, client.post(path, {"verdict": "confirmed"}))


TOMORROW = (timezone.now() + timedelta(days=1)).date().isoformat()
PAGES: Mapping[Action, Page] = {
    Action.REQUEST: post("/requests/new/", **COMPOSED, **{"i0-name": "payments.new"}),
    Action.EDIT: edit,
    Action.COMMENT: post("/requests/{review}/comment/", body="Hm."),
    Action.WITHDRAW: post("/requests/{review}/withdraw/"),
    Action.RETRY: post("/requests/{failed}/retry/"),
    Action.APPROVE_AS_OWNER: approve_as("owner"),
    Action.APPROVE_AS_PLATFORM: approve_as("platform"),
    Action.APPROVE_AS_STEWARD: approve_as("steward"),
    Action.SUPERSEDE: post("/requests/{review}/replace/"),
    Action.BREAK_GLASS: post("/requests/{review}/glass/", revision="1", reason="Now."),
    Action.LOOK_AT_GLASS: look_at_glass,
    Action.FREEZE: post(
        "/environments/dev/freezes/", ends_at=f"{TOMORROW}T23:59", reason="Closing."
    ),
    Action.ACCEPT_DRIFT: post("/drift/{drift}/accept/"),
    Action.REVERT_DRIFT: post("/drift/{drift}/revert/"),
    Action.IGNORE_DRIFT: post("/drift/{drift}/ignore/", reason="Known.", until=TOMORROW),
    Action.CREATE_TEAM: post("/teams/new/", slug="fresh", name="Fresh"),
    Action.MANAGE_TEAM: post("/teams/payments/change/", name="Payments and more"),
    Action.MANAGE_MEMBERS: post("/teams/payments/people/", username="outsider", role="viewer"),
    Action.MANAGE_APPLICATIONS: post(
        "/teams/payments/applications/", name="till", principal="User:till"
    ),
    Action.MANAGE_TOKENS: post("/tokens/{token}/revoke/"),
    Action.MANAGE_HOOKS: post("/hooks/{hook}/pause/"),
    Action.MANAGE_POLICIES: post("/policies/walked/off/", reason="Replaced."),
    Action.SIMULATE_POLICIES: post(
        "/policies/new/",
        name="tried",
        kind="toy",
        owner="platform",
        severity="warn",
        waiver="platform",
        expression="true",
        message="No.",
        do="simulate",
    ),
    Action.MANAGE_CLUSTERS: post(
        "/clusters/new/",
        slug="fresh",
        name="Fresh",
        environment="dev",
        bootstrap="127.0.0.1:1",
        profile="apache-kafka",
        zones="1",
        drift_mode="report",
        protocol="PLAINTEXT",
    ),
}
DRIFTS = frozenset({Action.ACCEPT_DRIFT, Action.REVERT_DRIFT, Action.IGNORE_DRIFT})


@pytest.fixture
def world() -> Pages:
    make_environment("dev", retention_limit_ms=None)
    people = make_cast()
    make_user("somebody")
    make_policy("walked")
    drift = api._drift(people)
    item = NewItem("topic", "create", "payments.asked", "dev", {"partitions": 1})
    asked = requests.create_draft(
        title="", reason="", team=people.team, items=[item], by=people.requester
    )
    plain = World(
        cast=people,
        draft=requests.submit(Request.objects.get(pk=asked.pk), by=people.requester).pk,
        review=api._submitted(people, "b"),
        failed=api._failed(people),
        drift=drift,
        token=tokens.issue(
            name="walked", team=people.team, scopes=["api:read"], expires_at=None, by=BY
        )[0].pk,
        hook=make_hook("payments").pk,
    )
    asked_too = {}
    for role in ("platform", "steward"):
        asked_too[role] = api._asks(plain, role)
        # The next request is asked about by the next role alone.
        PolicyVersion.objects.filter(policy__name=f"{role}-too").update(active=False)
    return Pages(**{f.name: getattr(plain, f.name) for f in fields(plain)}, asked=asked_too)


def test_every_action_is_walked_here_or_elsewhere() -> None:
    assert PAGES.keys().isdisjoint(ELSEWHERE)
    assert PAGES.keys() | ELSEWHERE.keys() | {Action.VIEW} == {row.action for row in MATRIX}


@pytest.mark.parametrize("action", PAGES)
def test_each_form_is_taken_from_those_who_may(world: Pages, action: Action) -> None:
    row = next(row for row in MATRIX if row.action is action)
    kind = next(iter(row.kinds)) if row.kinds else "drift" if action in DRIFTS else "request"
    taken: set[str] = set()
    refused: set[str] = set()
    for name, actor in everybody(world.cast).items():
        expected = allowed(actor, action, kind, "payments").ok
        status, changes = undone(world, name, PAGES[action])
        # A refusal may be a page of its own, or stand on the page that one comes back to; what
        # counts is that nothing happened.
        assert status < 500, name
        assert bool(changes) is expected, (name, status)
        (taken if expected else refused).add(name)
    assert taken
    assert refused


def test_each_page_opens_for_those_who_may(world: Pages) -> None:
    draft = api._request(world.cast, "drafted")
    pages = {
        "/audit/": ("event", None),
        "/people/": ("account", None),
        "/sign-in-setup/": ("identity", None),
        f"/requests/{draft}/": ("draft", "payments"),
        "/topics/": ("topic", None),
    }
    for path, (kind, team) in pages.items():
        for name, actor in everybody(world.cast).items():
            expected = allowed(actor, Action.VIEW, kind, team).ok
            answer = signed_in(name).get(path)
            assert (answer.status_code == 200) is expected, (path, name)


def everybody(cast: Cast) -> dict[str, Actor]:
    """People by role, and somebody without any."""
    found = {name: getattr(cast, name) for name in ROLES}
    if not User.objects.filter(username="nobody").exists():
        make_actor("nobody")
        make_approver()
    approver = actor_for_user(User.objects.get(username="approver"))
    return found | {"approver": approver, "nobody": Actor("user", None, "nobody")}


def signed_in(role: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=role.replace("_", "-")))
    return client


class _Undo(Exception):
    """Takes back what a page has done."""


def undone(world: Pages, role: str, page: Page) -> tuple[int, int]:
    """The status of a form whose effects are taken back, and how many events it wrote for her."""
    client = signed_in(role)
    try:
        with transaction.atomic():
            newest = Event.objects.latest("pk").pk
            answer = page(world, client)
            events = (
                Event.objects.filter(pk__gt=newest)
                .filter(actor_name=role.replace("_", "-"))
                .count()
            )
            raise _Undo
    except _Undo:
        return answer.status_code, events
