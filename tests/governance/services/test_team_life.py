"""Teams change, hand over and close; applications are changed and deleted."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from governance import audit
from governance.errors import Conflict, Invalid, NotAllowed, NotFound, Taken
from governance.models import Application, Event, Membership, Request, Resource, Team
from governance.services import requests, team_life, teams, tokens
from governance.services.items import NewItem
from tests.factories import (
    BY,
    Cast,
    make_actor,
    make_cast,
    make_environment,
    make_policy,
    make_team,
    make_token,
)
from tests.toy.models import DeclaredToy

pytestmark = pytest.mark.django_db

SHELF = "shelf-production"


@pytest.fixture
def cast() -> Cast:
    make_team("billing")
    return make_cast()


@transaction.atomic
def owns(team: Team, name: str) -> Resource:
    made = team.resources.create(kind="topic", name=name)
    audit.record("topic.declared", by=BY, about=made)
    return made


def test_an_owner_changes_what_is_said_of_her_team(cast: Cast) -> None:
    said = {"name": "Payments", "chat": "#pay", "cost_centre": "4711", "successor": "billing"}
    with pytest.raises(NotAllowed):
        team_life.change("payments", **said, by=cast.requester)
    team = team_life.change("payments", **said, by=cast.owner)
    assert (team.chat, team.cost_centre, str(team.successor)) == ("#pay", "4711", "billing")
    team_life.change("payments", **said, by=cast.owner)
    told = Event.objects.get(action="team.changed")
    assert told.data["after"]["cost_centre"] == "4711"
    for wrong in ("payments", "ghost"):
        with pytest.raises(Invalid, match="cannot follow payments"):
            team_life.change("payments", name="x", successor=wrong, by=cast.owner)
    with pytest.raises(Invalid):
        team_life.change("payments", name="x", email="no address", by=cast.owner)


def test_a_team_closes_once_what_it_has_belongs_to_its_successor(cast: Cast) -> None:
    owns(cast.team, "payments.made")
    teams.create_application("payments", name="till", principal="User:till", by=cast.owner)
    _, secret = make_token("payments")
    with pytest.raises(Conflict, match="has 1 resource and 1 application"):
        team_life.close("payments", by=cast.platform)
    with pytest.raises(Conflict, match="has no successor"):
        team_life.hand_over("payments", by=cast.platform)
    team_life.change("payments", name="Payments", successor="billing", by=cast.owner)
    for refused in (team_life.hand_over, team_life.close):
        with pytest.raises(NotAllowed):
            refused("payments", by=cast.owner)
    team_life.hand_over("payments", by=cast.platform)
    assert Resource.objects.get().owner.slug == "billing"
    assert Application.objects.get().team.slug == "billing"
    assert Event.objects.filter(action="resource.handed_over", team="billing").count() == 1
    closed = team_life.close("payments", by=cast.platform)
    assert closed.closed_at is not None
    assert not Membership.objects.filter(team=closed).exists()
    assert tokens.authenticate(secret) is None
    team_life.close("payments", by=cast.platform)
    assert Event.objects.filter(action="team.closed").count() == 1
    with pytest.raises(Conflict, match="is closed"):
        teams.add_member("payments", username="owner", role="owner", by=cast.platform)
    with pytest.raises(Conflict, match="is closed"):
        teams.create_application("payments", name="x", principal="User:x", by=cast.platform)
    with pytest.raises(Invalid, match="cannot follow"):
        team_life.change("billing", name="B", successor="payments", by=cast.platform)


def test_two_of_one_name_are_not_made_one(cast: Cast) -> None:
    owns(cast.team, "same")
    owns(make_team("billing"), "same")
    team_life.change("payments", name="Payments", successor="billing", by=cast.owner)
    with pytest.raises(Conflict, match="billing owns a topic same as well as payments"):
        team_life.hand_over("payments", by=cast.platform)


def test_an_application_is_changed_and_deleted_by_an_owner(cast: Cast) -> None:
    teams.create_application(
        "payments", name="till", principal="User:till", prefixes=["pay."], by=cast.owner
    )
    teams.create_application(
        "outside", name="other", principal="User:other", prefixes=["out."], by=cast.outsider
    )
    said: dict[str, Any] = {
        "principal": "User:till-2",
        "prefixes": ["pay.", "till."],
        "description": "Tills",
    }
    with pytest.raises(NotAllowed):
        team_life.change_application("payments", "till", **said, by=cast.requester)
    with pytest.raises(NotFound):
        team_life.change_application("payments", "other", **said, by=cast.owner)
    changed = team_life.change_application("payments", "till", **said, by=cast.owner)
    assert [p.prefix for p in changed.prefixes.all()] == ["pay.", "till."]
    with pytest.raises(Taken, match="overlaps"):
        team_life.change_application(
            "payments", "till", **{**said, "prefixes": ["out.x"]}, by=cast.owner
        )
    with pytest.raises(Taken, match="User:other"):
        team_life.change_application(
            "payments", "till", **{**said, "principal": "User:other"}, by=cast.owner
        )
    with pytest.raises(NotAllowed):
        team_life.delete_application("payments", "till", by=cast.requester)
    team_life.delete_application("payments", "till", by=cast.owner)
    assert list(Application.objects.values_list("name", flat=True)) == ["other"]
    assert Event.objects.filter(action="application.deleted").count() == 1


def test_who_waits_for_a_teams_owner_is_asked_anew_or_keeps_it_from_closing(cast: Cast) -> None:
    """Requests of another team: one about what is handed over, one that a policy sends there."""
    environment = make_environment()
    make_actor("bo", team="billing", roles=("owner",))
    for team, name in (("payments", "bear"), ("outside", "lion")):
        resource = Team.objects.get(slug=team).resources.create(kind="toy", name=name)
        DeclaredToy.objects.create(
            resource=resource, environment=environment, place=SHELF, name=name, colour="red"
        )
        audit.record("toy.declared", by=BY, about=resource)

    def painted(name: str) -> Request:
        item = NewItem("toy", "paint", name, SHELF, {"colour": "blue"})
        draft = requests.create_draft(
            title="",
            reason="",
            team=Team.objects.get(slug="outside"),
            items=[item],
            by=cast.outsider,
        )
        return requests.submit(draft, by=cast.outsider)

    bear = painted("bear")
    make_policy(
        "shown", expression="item.name == 'bear'", severity="approval", approver="owner:payments"
    )
    lion = painted("lion")
    assert list(bear.requirements.values_list("role", flat=True)) == ["owner:payments"]
    team_life.change("payments", name="Payments", successor="billing", by=cast.owner)

    team_life.hand_over("payments", by=cast.platform)

    assert list(bear.requirements.values_list("role", flat=True)) == ["owner:billing"]
    with pytest.raises(Conflict, match=f"#{lion.pk} waits for an approver or owner of payments"):
        team_life.close("payments", by=cast.platform)
    requests.withdraw(lion, by=cast.outsider)
    assert team_life.close("payments", by=cast.platform).closed_at is not None
