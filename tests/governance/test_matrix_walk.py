"""Every row of the permission matrix, by page and by API, with one who may and one who may not.

`api/test_matrix.py` and `views/test_matrix.py` walk each with everybody; here both doors of a row
stand beside each other, so that a row which only one of them has shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import pytest
from django.db import transaction
from django.test import Client

from governance.models import Event, Team, User
from governance.permissions import MATRIX, Action
from governance.services import teams
from tests.factories import BY, make_team
from tests.governance.api import test_matrix as api
from tests.governance.api.conftest import Answer, Caller, toy
from tests.governance.views import test_matrix as pages
from tests.governance.views.test_matrix import Pages, post, world

pytestmark = pytest.mark.django_db
__all__ = ["world"]


@dataclass(frozen=True, slots=True)
class Walk:
    """Who may and who may not."""

    may: str
    may_not: str


WALKS: Mapping[tuple[Action, str], Walk] = {
    (Action.VIEW, "event"): Walk("auditor", "owner"),
    (Action.VIEW, "token"): Walk("viewer", "outsider"),
    (Action.VIEW, "draft"): Walk("viewer", "outsider"),
    (Action.VIEW, "hook"): Walk("viewer", "outsider"),
    (Action.VIEW, "account"): Walk("auditor", "owner"),
    (Action.VIEW, "identity"): Walk("auditor", "owner"),
    (Action.VIEW, "*"): Walk("nobody", "anonymous"),
    (Action.REQUEST, "*"): Walk("requester", "viewer"),
    (Action.EDIT, "*"): Walk("requester", "viewer"),
    (Action.COMMENT, "*"): Walk("viewer", "auditor"),
    (Action.WITHDRAW, "*"): Walk("requester", "viewer"),
    (Action.RETRY, "*"): Walk("requester", "viewer"),
    (Action.SUPERSEDE, "*"): Walk("requester", "viewer"),
    (Action.APPROVE_AS_OWNER, "*"): Walk("approver", "requester"),
    (Action.APPROVE_AS_PLATFORM, "*"): Walk("platform", "outsider"),
    (Action.APPROVE_AS_STEWARD, "*"): Walk("steward", "outsider"),
    (Action.BREAK_GLASS, "request"): Walk("platform", "owner"),
    (Action.LOOK_AT_GLASS, "request"): Walk("platform", "owner"),
    (Action.ACCEPT_DRIFT, "*"): Walk("requester", "outsider"),
    (Action.REVERT_DRIFT, "*"): Walk("owner", "approver"),
    (Action.IGNORE_DRIFT, "*"): Walk("owner", "approver"),
    (Action.CREATE_TEAM, "team"): Walk("platform", "owner"),
    (Action.MANAGE_TEAM, "team"): Walk("owner", "approver"),
    (Action.MANAGE_MEMBERS, "team"): Walk("owner", "approver"),
    (Action.MANAGE_APPLICATIONS, "team"): Walk("owner", "approver"),
    (Action.MANAGE_TOKENS, "token"): Walk("owner", "approver"),
    (Action.MANAGE_HOOKS, "hook"): Walk("owner", "approver"),
    (Action.MANAGE_PEOPLE, "person"): Walk("platform", "owner"),
    (Action.MANAGE_ORG_ROLES, "person"): Walk("platform", "owner"),
    (Action.MANAGE_POLICIES, "policy"): Walk("platform", "owner"),
    (Action.SIMULATE_POLICIES, "policy"): Walk("platform", "owner"),
    (Action.MANAGE_CLUSTERS, "cluster"): Walk("platform", "owner"),
    (Action.MANAGE_ENVIRONMENTS, "environment"): Walk("platform", "owner"),
    (Action.FREEZE, "environment"): Walk("platform", "owner"),
}
# Rows that are shown elsewhere, with what they need there, and where.
WITHOUT_ADDRESS: Mapping[tuple[Action, str], str] = {
    (Action.VIEW, "simulation"): "test_matrix.py of the API; views/test_policy_pages.py",
    (Action.GOVERN_SUBJECT, "subject"): "registry/api/test_governing.py",
    (Action.GOVERN_SUBJECT, "context"): "registry/api/test_governing.py",
    (Action.LIMIT_RATE, "token"): "registry/api/test_governing.py",
    (Action.VERIFY_AUDIT, "event"): "`manage.py audit verify`: test_audit_command.py",
    (Action.READ_REGISTRY, "subject"): "the wire API: registry/rest/test_transport.py",
    (Action.WRITE_REGISTRY, "subject"): "the wire API: registry/rest/test_transport.py",
}
SEEN: Mapping[str, str] = {
    "event": "/audit/",
    "draft": "/requests/{drafted}/",
    "hook": "/hooks/{hook}/",
    "account": "/people/",
    "identity": "/sign-in-setup/",
    "*": "/topics/",
}
CALLS: Mapping[Action, Callable[[Pages, Caller], Answer]] = {
    **api.CALLS,
    Action.APPROVE_AS_PLATFORM: lambda w, c: approve(w.asked["platform"], c),
    Action.APPROVE_AS_STEWARD: lambda w, c: approve(w.asked["steward"], c),
}
FORMS: Mapping[Action, pages.Page] = {
    **pages.PAGES,
    Action.MANAGE_PEOPLE: post("/people/somebody/", name="Some Body"),
    Action.MANAGE_ORG_ROLES: post("/people/somebody/roles/", roles="auditor"),
    Action.MANAGE_ENVIRONMENTS: post(
        "/environments/dev/",
        name="For trying out",
        colour="teal",
        position="0",
        time_zone="UTC",
        registry_context=".",
    ),
}


def approve(number: int, caller: Caller) -> Answer:
    """An approval of the first revision."""
    return caller.post(f"requests/{number}/approve", {"revision": 1})


def rows() -> set[tuple[Action, str]]:
    return {(row.action, kind) for row in MATRIX for kind in row.kinds or {"*"}}


def test_each_row_has_an_address_or_a_reason() -> None:
    assert WALKS.keys() | WITHOUT_ADDRESS.keys() == rows()
    assert WALKS.keys().isdisjoint(WITHOUT_ADDRESS)


@pytest.mark.parametrize(("what", "walk"), WALKS.items(), ids=lambda v: getattr(v, "may", str(v)))
def test_by_page_and_by_api_one_may_and_one_may_not(
    world: Pages, what: tuple[Action, str], walk: Walk
) -> None:
    action, kind = what
    drafted = api._request(world.cast, "drafted")
    if kind == "draft":
        world = replace(world, draft=drafted)
    pages.everybody(world.cast)
    for who, may in ((walk.may, True), (walk.may_not, False)):
        assert by_api(world, action, kind, who) is may, ("api", who)
        assert by_page(world, action, kind, who, drafted) is may, ("page", who)


def by_api(world: Pages, action: Action, kind: str, who: str) -> bool:
    call = api.VIEWS[kind] if action is Action.VIEW else CALLS[action]
    answer = undone(world, Caller(client=browser(who)), call)
    assert answer.status < 500
    assert answer.status in {200, 201, 202, 401, 403, 404}, answer.body
    return answer.status < 300


def undone(world: Pages, caller: Caller, call: Callable[[Pages, Caller], Answer]) -> Answer:
    """The answer to a call whose effects are taken back."""
    with transaction.atomic():
        answer = call(world, caller)
        transaction.set_rollback(True)
    return answer


def by_page(world: Pages, action: Action, kind: str, who: str, drafted: int) -> bool:
    client = browser(who)
    if kind == "token" and action is Action.VIEW:
        return b"walked" in client.get("/tokens/").content
    if action is Action.VIEW:
        seen = SEEN[kind].format(drafted=drafted, hook=world.hook)
        return bool(client.get(seen).status_code == 200)
    _, events = pages.undone(world, who, FORMS[action])
    return events > 0


def browser(who: str) -> Client:
    client = Client(raise_request_exception=False)
    if who != "anonymous":
        client.force_login(User.objects.get(username=who.replace("_", "-")))
    return client


def test_somebody_in_two_teams_acts_for_the_right_one(world: Pages) -> None:
    """An owner here and a viewer there: by page and by API alike."""
    make_team("billing")
    teams.add_member("billing", username="owner", role="viewer", by=BY)
    client = browser("owner")
    caller = Caller(client=client)
    assert caller.get("me").body["teams"] == {"billing": ["viewer"], "payments": ["owner"]}
    for slug, may in (("payments", True), ("billing", False)):
        body = {"username": "outsider", "role": "viewer"}
        assert caller.post(f"teams/{slug}/members", body).status == (201 if may else 403)
        draft = {"team": slug, "items": [toy(f"for-{slug}")]}
        assert caller.post("requests", draft).status == (201 if may else 403)
        with transaction.atomic():
            answer = client.post(f"/teams/{slug}/change/", {"name": f"{slug} too"})
        assert answer.status_code == (302 if may else 403)
        shown = client.get(f"/teams/{slug}/").content
        assert (b"Add to the team" in shown) is may
    assert Team.objects.get(slug="billing").name == "Billing"
    assert Event.objects.filter(action="team.changed", team="payments").count() == 1
    offered = client.get("/requests/new/").content.decode()
    assert 'value="payments"' in offered
    assert 'value="billing"' not in offered
