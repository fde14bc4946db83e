"""Teams, their people and their applications."""

from __future__ import annotations

import pytest

from governance.errors import Conflict, Invalid, NotAllowed, NotFound
from governance.models import Event, Team, User
from governance.services import teams
from tests.factories import Cast, make_cast, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def test_the_platform_team_makes_teams_and_others_do_not(cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        teams.create(slug="risk", name="Risk", by=cast.owner)
    assert teams.create(slug="risk", name="Risk", by=cast.platform).slug == "risk"
    with pytest.raises(Conflict):
        teams.create(slug="risk", name="Risk", by=cast.platform)
    with pytest.raises(Invalid):
        teams.create(slug="Risk & Co", name="Risk", by=cast.platform)


def test_a_role_is_given_once_and_told_once(cast: Cast) -> None:
    make_user("ada")
    for _ in range(2):
        teams.add_member("payments", username="ada", role="requester", by=cast.owner)
    assert Event.objects.filter(action="team.member_added").count() == 1
    with pytest.raises(NotAllowed):
        teams.add_member("payments", username="ada", role="owner", by=cast.requester)
    with pytest.raises(NotFound):
        teams.add_member("payments", username="nobody", role="viewer", by=cast.owner)
    with pytest.raises(Invalid):
        teams.add_member("payments", username="ada", role="king", by=cast.owner)


def test_the_last_owner_stays(cast: Cast) -> None:
    teams.remove_member("payments", username="owner", role="owner", by=cast.second_owner)
    with pytest.raises(Conflict, match="only owner"):
        teams.remove_member("payments", username="second-owner", role="owner", by=cast.platform)


def test_roles_of_the_installation(cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        teams.set_org_roles("owner", ["steward"], by=cast.owner)
    user = teams.set_org_roles("owner", ["steward"], by=cast.platform)
    assert list(user.org_roles.values_list("role", flat=True)) == ["steward"]
    with pytest.raises(Conflict, match="your own"):
        teams.set_org_roles("platform", [], by=cast.platform)
    with pytest.raises(Invalid):
        teams.set_org_roles("owner", ["emperor"], by=cast.platform)
    assert User.objects.get(username="platform").org_roles.count() == 1


def test_prefixes_of_applications_do_not_overlap_and_the_refusal_names_both(cast: Cast) -> None:
    make = teams.create_application
    make("payments", name="one", principal="User:one", prefixes=["payments."], by=cast.owner)
    with pytest.raises(Conflict, match=r"payments\.card\..*payments\.") as refused:
        make(
            "payments",
            name="two",
            principal="User:two",
            prefixes=["payments.card."],
            by=cast.owner,
        )
    assert "own" in refused.value.message
    assert Team.objects.get(slug="payments").applications.count() == 1
    with pytest.raises(Conflict, match="User:one"):
        make("payments", name="three", principal="User:one", by=cast.owner)
    with pytest.raises(Invalid):
        make("payments", name="four", principal="four", by=cast.owner)
