"""Teams, their people and their applications."""

import pytest

from governance.actors import actor_for_user
from governance.errors import Conflict, Invalid, NotAllowed, NotFound
from governance.models import Application, Event, Membership
from governance.services import teams
from tests.factories import Cast, make_approver, make_cast, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def actions() -> list[str]:
    return list(Event.objects.order_by("-id").values_list("action", flat=True)[:1])


def test_the_platform_team_makes_teams_and_nobody_else(cast: Cast) -> None:
    made = teams.create(slug="ledger", name="Ledger", by=cast.platform)
    assert (made.slug, actions()) == ("ledger", ["team.created"])
    with pytest.raises(NotAllowed, match="this takes the platform team"):
        teams.create(slug="other", name="Other", by=cast.owner)
    with pytest.raises(Conflict, match="There is a team ledger already"):
        teams.create(slug="ledger", name="Again", by=cast.platform)


@pytest.mark.parametrize("slug", ["", "Ledger", "a b", "-x", "x-", "a.b", "é", "x" * 64, "a\n"])
def test_a_wrong_slug_is_refused(cast: Cast, slug: str) -> None:
    with pytest.raises(Invalid, match="small letters, digits and dashes"):
        teams.create(slug=slug, name="x", by=cast.platform)


def test_an_owner_gives_and_takes_roles(cast: Cast) -> None:
    user = make_user("new")
    for _ in range(2):  # a second time changes nothing
        teams.add_member("payments", username="new", role="requester", by=cast.owner)
    assert Event.objects.filter(action="team.member_added").count() == 1
    assert actor_for_user(user).teams == {"payments": {"requester"}}
    teams.remove_member("payments", username="new", role="requester", by=cast.owner)
    assert actor_for_user(user).teams == {}
    with pytest.raises(NotFound, match="is no requester of payments"):
        teams.remove_member("payments", username="new", role="requester", by=cast.owner)
    with pytest.raises(NotFound, match="nobody called ghost"):
        teams.add_member("payments", username="ghost", role="viewer", by=cast.owner)
    with pytest.raises(Invalid, match="Choose one of viewer, requester, approver, owner"):
        teams.add_member("payments", username="new", role="king", by=cast.owner)


def test_nobody_makes_herself_an_owner(cast: Cast) -> None:
    others = (cast.requester, cast.viewer, cast.outsider, cast.steward, cast.auditor)
    for actor in (make_approver(), *others):
        with pytest.raises(NotAllowed, match="an owner of payments or the platform team"):
            teams.add_member("payments", username=actor.name, role="owner", by=actor)
    assert Membership.objects.filter(team=cast.team, role="owner").count() == 2


def test_the_last_owner_stays(cast: Cast) -> None:
    make_approver()  # who decides for a team cannot say who belongs to it
    teams.remove_member("payments", username="second-owner", role="owner", by=cast.owner)
    with pytest.raises(Conflict, match="is the only owner of payments"):
        teams.remove_member("payments", username="owner", role="owner", by=cast.platform)


def make_application(cast: Cast, name: str, *prefixes: str) -> Application:
    return teams.create_application(
        "payments", name=name, principal=f"User:{name}", prefixes=prefixes, by=cast.owner
    )


def test_an_application_has_a_principal_and_prefixes_of_its_own(cast: Cast) -> None:
    made = make_application(cast, "checkout", "payments.", "checkout.")
    assert made.principal == "User:checkout"
    assert set(made.prefixes.values_list("prefix", flat=True)) == {"payments.", "checkout."}
    assert actions() == ["application.created"]
    make_application(cast, "ledger", "ledger.")


@pytest.mark.parametrize("prefix", ["payments.", "payments.card", "pay", "p"])
def test_a_prefix_that_overlaps_another_applications_is_refused(cast: Cast, prefix: str) -> None:
    make_application(cast, "checkout", "payments.")
    with pytest.raises(Conflict, match="Choose a prefix of its own"):
        make_application(cast, "other", prefix)
    assert Application.objects.count() == 1


@pytest.mark.parametrize(
    ("principal", "prefixes"),
    [("checkout", []), ("User:", []), ("User:a b", []), ("User:x", [""]), ("User:x", ["a b"])],
)
def test_a_wrong_application_is_refused(cast: Cast, principal: str, prefixes: list[str]) -> None:
    with pytest.raises(Invalid):
        teams.create_application(
            "payments", name="x", principal=principal, prefixes=prefixes, by=cast.owner
        )


def test_a_principal_belongs_to_one_application(cast: Cast) -> None:
    make_application(cast, "checkout")
    with pytest.raises(Conflict, match="acts as User:checkout already"):
        make_application(cast, "checkout")
    with pytest.raises(NotAllowed):
        teams.create_application("payments", name="x", principal="User:x", by=cast.requester)
