"""The permission matrix, walked whole through the API: each row for everybody, let in or refused.

The table decides what is expected; a call that answers otherwise forgot to ask it. Each caller gets
the same fresh object, so that a refusal cannot come from its state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from governance import audit
from governance.actors import Actor
from governance.models import BrokenGlass, Request, Simulation
from governance.permissions import MATRIX, Action, Row, allowed
from governance.policy.load import PolicyText
from governance.services import glass, requests, reviews, simulations, tokens
from governance.services.items import NewItem
from tests.factories import BY, Cast, make_actor, make_approver, make_hook, make_policy, make_user
from tests.governance.api.conftest import Answer, Caller, draft, person, program, toy
from topics.models import Cluster, DeclaredTopic, Drift, ObservedTopic
from topics.services import clusters
from topics.services.clusters import ClusterSpec

ROLES = (
    "requester", "owner", "second_owner", "viewer", "platform", "steward", "auditor", "outsider",
)  # fmt: skip
TOKENS = ("api:read", "api:write", "registry:write")

# Rows without an address in /api/v1, and where they are walked instead.
ELSEWHERE: Mapping[Action, str] = {
    Action.GOVERN_SUBJECT: "tests/registry/api/test_governing.py",
    Action.LIMIT_RATE: "tests/registry/api/test_governing.py",
    Action.VERIFY_AUDIT: "`manage.py audit verify`",
    Action.READ_REGISTRY: "the wire API",
    Action.WRITE_REGISTRY: "the wire API",
}


@dataclass(frozen=True, slots=True)
class World:
    """What calls are about."""

    cast: Cast
    draft: int
    review: int
    failed: int
    drift: int
    token: int
    hook: int


Call = Callable[[World, Caller], Answer]

VIEWS: Mapping[str, Call] = {
    "event": lambda w, c: c.get("audit/events"),
    "token": lambda w, c: c.get(f"tokens/{w.token}"),
    "hook": lambda w, c: c.get(f"hooks/{w.hook}"),
    "account": lambda w, c: c.get("people"),
    "draft": lambda w, c: c.get(f"requests/{w.draft}"),
    "simulation": lambda w, c: c.get(f"simulations/{Simulation.objects.latest('pk').pk}"),
    "identity": lambda w, c: c.get("identity"),
    "*": lambda w, c: c.get("topics"),
}
CALLS: Mapping[Action, Call] = {
    Action.REQUEST: lambda w, c: c.post("requests", draft(toy("new"))),
    Action.EDIT: lambda w, c: c.put(
        f"requests/{w.review}", {"revision": 1, "items": [toy("other")]}
    ),
    Action.COMMENT: lambda w, c: c.post(f"requests/{w.review}/comments", {"body": "Hm."}),
    Action.WITHDRAW: lambda w, c: c.post(f"requests/{w.review}/withdraw"),
    Action.RETRY: lambda w, c: c.post(f"requests/{w.failed}/retry"),
    Action.APPROVE_AS_OWNER: lambda w, c: c.post(f"requests/{w.review}/approve", {"revision": 1}),
    Action.APPROVE_AS_PLATFORM: lambda w, c: c.post(
        f"requests/{_asks(w, 'platform')}/approve", {"revision": 1}
    ),
    Action.APPROVE_AS_STEWARD: lambda w, c: c.post(
        f"requests/{_asks(w, 'steward')}/approve", {"revision": 1}
    ),
    Action.SUPERSEDE: lambda w, c: c.post(f"requests/{w.review}/replace"),
    Action.BREAK_GLASS: lambda w, c: c.post(
        f"requests/{w.review}/break-glass", {"revision": 1, "reason": "Now."}
    ),
    Action.LOOK_AT_GLASS: lambda w, c: c.post(
        f"broken-glass/{broken_glass(w)}/look", {"verdict": "confirmed"}
    ),
    Action.FREEZE: lambda w, c: c.post(
        "environments/dev/freezes",
        {"ends_at": (timezone.now() + timedelta(days=1)).isoformat(), "reason": "Closing."},
    ),
    Action.ACCEPT_DRIFT: lambda w, c: c.post(f"drift/{w.drift}/accept"),
    Action.REVERT_DRIFT: lambda w, c: c.post(f"drift/{w.drift}/revert"),
    Action.IGNORE_DRIFT: lambda w, c: c.post(
        f"drift/{w.drift}/ignore",
        {"reason": "Known.", "until": (timezone.now() + timedelta(days=1)).isoformat()},
    ),
    Action.CREATE_TEAM: lambda w, c: c.post("teams", {"slug": "fresh", "name": "Fresh"}),
    Action.MANAGE_TEAM: lambda w, c: c.put("teams/payments", {"name": "Payments and more"}),
    Action.MANAGE_MEMBERS: lambda w, c: c.post(
        "teams/payments/members", {"username": "outsider", "role": "viewer"}
    ),
    Action.MANAGE_APPLICATIONS: lambda w, c: c.post(
        "teams/payments/applications", {"name": "till", "principal": "User:till"}
    ),
    Action.MANAGE_TOKENS: lambda w, c: c.post(f"tokens/{w.token}/revoke"),
    Action.MANAGE_HOOKS: lambda w, c: c.post(f"hooks/{w.hook}/pause"),
    Action.MANAGE_PEOPLE: lambda w, c: c.put("people/somebody", {"name": "Some Body"}),
    Action.MANAGE_ORG_ROLES: lambda w, c: c.put("people/somebody/roles", {"roles": ["auditor"]}),
    Action.MANAGE_POLICIES: lambda w, c: c.post(
        "policies/toys/versions",
        {
            "kind": "toy",
            "owner": "platform",
            "severity": "warn",
            "expression": "true",
            "message": "No.",
            "way_out": "Yes.",
        },
    ),
    Action.SIMULATE_POLICIES: lambda w, c: c.post(
        "simulations",
        {
            "yaml": "- {name: toys, kind: toy, owner: platform, severity: warn,"
            " expression: 'true', message: No.}"
        },
    ),
    Action.MANAGE_CLUSTERS: lambda w, c: c.post(
        "clusters",
        {"slug": "fresh", "name": "Fresh", "environment": "dev", "bootstrap": "127.0.0.1:1"},
    ),
    Action.MANAGE_ENVIRONMENTS: lambda w, c: c.put("environments/dev", {"name": "For trying out"}),
}


@pytest.fixture
def world(cast: Cast) -> World:
    make_user("somebody")
    draft = PolicyText("toys", "toy", "platform", "warn", "true", "No.")
    simulations.start(draft, by=cast.platform)
    return World(
        cast=cast,
        draft=_request(cast, "a"),
        review=_submitted(cast, "b"),
        failed=_failed(cast),
        drift=_drift(cast),
        token=tokens.issue(
            name="walked", team=cast.team, scopes=["api:read"], expires_at=None, by=BY
        )[0].pk,
        hook=make_hook("payments").pk,
    )


def _rows() -> list[tuple[Row, str]]:
    """Each row with a kind to walk it with."""
    found = []
    for row in MATRIX:
        kinds = sorted(row.kinds) if row.kinds is not None else ["*"]
        found += [(row, kind) for kind in kinds if row.action not in ELSEWHERE]
    return found


def test_every_row_is_walked_here_or_elsewhere() -> None:
    walked = CALLS.keys() | {Action.VIEW}
    assert walked.isdisjoint(ELSEWHERE)
    assert walked | ELSEWHERE.keys() == {row.action for row in MATRIX}
    assert {k for row, k in _rows() if row.action is Action.VIEW} == VIEWS.keys()


@pytest.mark.parametrize(
    ("row", "kind"), [pytest.param(r, k, id=f"{r.action}-{k}") for r, k in _rows()]
)
def test_each_row_lets_in_and_refuses(world: World, row: Row, kind: str) -> None:
    call = VIEWS[kind] if row.action is Action.VIEW else CALLS[row.action]
    what = {"*": "drift" if row.action in DRIFTS else "request"}.get(kind, kind)
    let_in, refused = set(), set()
    for name, (caller, actor) in _callers(world.cast).items():
        expected = allowed(actor, row.action, what, "payments").ok
        answer = _undone(world, caller, call)
        if expected:
            assert answer.status in {200, 201, 202}, (name, answer.body)
            let_in.add(name)
        else:
            # What somebody may not even see looks like what is not there.
            assert answer.status in {403, 404}, (name, answer.body)
            assert answer.body["detail"].endswith((".", "…")), name
            if answer.status == 404:
                assert not allowed(actor, Action.VIEW, kind, "payments").ok, name
            refused.add(name)
    assert let_in
    assert refused


DRIFTS = frozenset({Action.ACCEPT_DRIFT, Action.REVERT_DRIFT, Action.IGNORE_DRIFT})


def _callers(cast: Cast) -> dict[str, tuple[Caller, Actor]]:
    """People by role, somebody without any, and programs of the team by scope."""
    found = {name: (person(getattr(cast, name)), getattr(cast, name)) for name in ROLES}
    approver = make_approver()
    found["approver"] = (person(approver), approver)
    nobody = make_actor("nobody")
    found["nobody"] = (person(nobody), nobody)
    for scope in TOKENS:
        caller = program(scope)
        actor = tokens.authenticate(caller.headers["Authorization"].removeprefix("Bearer "))
        assert actor is not None
        found[scope] = (caller, actor)
    return found


class _Undo(Exception):
    """Takes back what a call has done."""


def _undone(world: World, caller: Caller, call: Call) -> Answer:
    """The answer to a call whose effects are taken back, so that the next meets the same world."""
    try:
        with transaction.atomic():
            answer = call(world, caller)
            raise _Undo
    except _Undo:
        return answer


def _request(cast: Cast, name: str) -> int:
    item = NewItem("toy", "create", name, "shelf-dev", {"colour": "red"})
    made = requests.create_draft(
        title="", reason="", team=cast.team, items=[item], by=cast.requester
    )
    return made.pk


def _submitted(cast: Cast, name: str) -> int:
    number = _request(cast, name)
    requests.submit(Request.objects.get(pk=number), by=cast.requester)
    return number


def _asks(world: World, role: str) -> int:
    """A request on which all have agreed but somebody of that role."""
    make_policy(f"{role}-too", expression="false", severity="approval", approver=role)
    number = _submitted(world.cast, f"for-{role}")
    found = Request.objects.get(pk=number)
    reviews.approve(found, revision=1, by=world.cast.second_owner)
    return number


def broken_glass(world: World) -> int:
    """A glass that was broken by somebody else of the platform team."""
    breaker = make_actor(org=("platform",))
    found = Request.objects.get(pk=world.review)
    glass.break_glass(found, revision=1, reason="Now.", by=breaker)
    return BrokenGlass.objects.get().pk


@transaction.atomic
def _failed(cast: Cast) -> int:
    number = _submitted(cast, "c")
    found = Request.objects.get(pk=number)
    Request.objects.filter(pk=number).update(state="failed")
    audit.record("request.failed", by=BY, about=found)
    return number


@transaction.atomic
def _drift(cast: Cast) -> int:
    """A topic of payments whose retention is not as declared."""
    spec = ClusterSpec(name="Dev", environment="dev", bootstrap="127.0.0.1:1")
    cluster: Cluster = clusters.register("dev", spec, by=BY)
    Cluster.objects.filter(pk=cluster.pk).update(
        brokers=1,
        supported_keys=["retention.ms"],
        default_configs={"retention.ms": {"value": "604800000", "source": "default"}},
        observed_at=timezone.now(),
        reachable=True,
    )
    resource = cast.team.resources.create(kind="topic", name="payments.made")
    DeclaredTopic.objects.create(
        resource=resource,
        environment=cluster.environment,
        cluster=cluster,
        name="payments.made",
        partitions=1,
        replication_factor=1,
        configs={"retention.ms": "1000"},
        last_applied={
            "partitions": 1,
            "replication_factor": 1,
            "configs": {"retention.ms": "1000"},
        },
        last_applied_generation=1,
    )
    ObservedTopic.objects.create(
        cluster=cluster,
        name="payments.made",
        partitions=1,
        replication_factor=1,
        configs={},
        row_hash=b"",
        seen_at=timezone.now(),
        changed_at=timezone.now(),
    )
    audit.record("topic.declared", by=BY, about=resource)
    row = Drift.objects.create(
        cluster=cluster,
        kind="topic",
        name="payments.made",
        key="configs.retention.ms",
        declared="1000",
        observed="604800000",
        team="payments",
        since_before=timezone.now(),
    )
    audit.record("drift.found", by=BY, about=row)
    return row.pk
