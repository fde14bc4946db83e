"""Things change hands by request: who is asked, what is refused, and what follows."""

from __future__ import annotations

import pytest
from django.db import transaction

from governance import audit, kinds, queries
from governance.actors import Actor, actor_for_user
from governance.errors import Conflict, NotAllowed, Refused
from governance.kinds import ItemView, Json
from governance.models import Environment, Event, Request, Resource, Team, User
from governance.ownership import things
from governance.services import people, pipeline, requests, reviews, rollback, team_life, teams
from governance.services.items import NewItem, views
from governance.workflow import State
from tests.factories import BY, Cast, make_actor, make_cast, make_environment, make_team
from tests.toy.kind import Toy
from tests.toy.models import DeclaredToy, ShelfToy

pytestmark = pytest.mark.django_db(transaction=True)

SHELF = "shelf-production"


@pytest.fixture
def cast() -> Cast:
    make_environment("production", production=True)
    return make_cast("payments")


@pytest.fixture
def shop(cast: Cast) -> Actor:
    """The owner of the team that takes."""
    return make_actor("sam", team="shop", roles=("owner",))


def now(actor: Actor) -> Actor:
    """The same person with the rights that she has by now."""
    return actor_for_user(User.objects.get(username=actor.name))


def applied(request: Request, *approvers: Actor) -> Request:
    for person in approvers:
        request = reviews.approve(request, revision=request.revision, by=person)
    pipeline.advance(request.pk)
    request.refresh_from_db()
    return request


def toy(cast: Cast, name: str = "bear") -> None:
    """A toy of payments."""
    item = NewItem("toy", "create", name, SHELF, {"colour": "red"})
    assert applied(asked([item], cast.requester), cast.owner).state == State.APPLIED


def asked(items: list[NewItem], by: Actor, *, team: str = "payments") -> Request:
    draft = requests.create_draft(
        title="", reason="", team=Team.objects.get(slug=team), items=items, by=by
    )
    return requests.submit(draft, by=by)


def change(
    thing: str = "toy/bear", to: str = "shop", operation: str = "transfer", **after: str
) -> NewItem:
    return NewItem("ownership", operation, thing, SHELF, {"to": to, **after})


def roles(request: Request, *, still_open: bool = False) -> list[str]:
    found = request.requirements.filter(revision=request.revision)
    if still_open:
        found = found.filter(review__isnull=True)
    return sorted(found.values_list("role", flat=True))


def refused(items: list[NewItem], by: Actor, words: str, *, team: str = "payments") -> None:
    with pytest.raises(Refused) as said:
        asked(items, by, team=team)
    assert words in " ".join(p.message for p in said.value.problems)


def test_both_teams_agree_and_then_the_new_owner_decides(cast: Cast, shop: Actor) -> None:
    toy(cast)
    request = asked([change()], cast.requester)
    assert roles(request) == ["owner:payments", "owner:shop"]
    reasons = {q.role: q.reason for q in request.requirements.all()}
    assert reasons["owner:payments"] == "payments gives the toy bear away."
    assert reasons["owner:shop"] == "shop takes the toy bear and answers for it then."
    for stranger in (cast.outsider, cast.platform, cast.viewer):
        with pytest.raises(NotAllowed, match="You are not asked"):
            reviews.approve(request, revision=1, by=stranger)

    request = applied(request, cast.owner, shop)

    assert request.state == State.APPLIED
    assert Resource.objects.get(kind="toy", name="bear").owner.slug == "shop"
    event = Event.objects.get(action="resource.handed_over")
    assert (event.team, event.request_id) == ("shop", request.pk)
    assert event.data == {"from": "payments", "to": "shop"}
    painted = NewItem("toy", "paint", "bear", SHELF, {"colour": "blue"})
    assert roles(asked([painted], cast.requester)) == ["owner:shop"]


def test_the_taking_team_may_ask_too_and_nobody_else(cast: Cast, shop: Actor) -> None:
    toy(cast)
    make_team("third")
    refused([change()], cast.outsider, "outside asks", team="outside")
    refused([change(to="third")], shop, "between payments and third, and shop asks", team="shop")
    make_actor("sue", team="shop", roles=("owner",))
    request = asked([change()], shop, team="shop")
    assert roles(request) == ["owner:payments", "owner:shop"]
    with pytest.raises(NotAllowed, match="You wrote"):
        reviews.approve(request, revision=1, by=shop)


def test_what_cannot_change_hands(cast: Cast, shop: Actor) -> None:
    toy(cast)
    toy(cast, "lion")
    for item, words in (
        (change(to="payments"), "payments has it already"),
        (change(to="ghost"), "does not exist"),
        (change("grant/x", **{"from": "payments"}), "A grant does not change hands"),
        (change("waiver/x", **{"from": "payments"}), "A waiver does not change hands"),
        (change("nothing/x", **{"from": "payments"}), "A nothing does not change hands"),
        (change(**{"from": "shop"}, to="payments"), "belongs to payments, not to shop"),
        (change("toy/z*", **{"from": "payments"}), "payments has no toy that begins with z"),
        (change("toy/bear", operation="claim", to="payments"), "bear belongs to payments"),
        (change("toy/ghost", operation="claim", to="payments"), "No toy ghost stands on"),
        (change("toy/ghost", operation="claim"), "payments asks, and shop is to have it"),
    ):
        refused([item], cast.requester, words)
    for item, path in (
        (change("toy/ghost"), "object"),
        (change("toy/b*"), "from"),
        (change("toy/b*", operation="claim", to="payments"), "object"),
    ):
        with pytest.raises(Refused) as said:
            asked([item], cast.requester)
        assert [p.path for p in said.value.problems] == [path]
    assert set(Resource.objects.values_list("owner__slug", flat=True)) == {"payments"}


def test_two_of_one_name_do_not_come_together(cast: Cast, shop: Actor) -> None:
    toy(cast)
    make_environment("dev")
    item = NewItem("toy", "create", "bear", "shelf-dev", {"colour": "red"})
    teams.add_member("shop", username="requester", role="requester", by=BY)
    theirs = asked([item], now(cast.requester), team="shop")
    assert applied(theirs, shop).state == State.APPLIED
    refused([change()], cast.requester, "shop has a toy bear already")


def test_all_that_begin_alike(cast: Cast, shop: Actor) -> None:
    for name in ("bear", "bee", "lion"):
        toy(cast, name)
    request = asked([change("toy/be*", **{"from": "payments"})], cast.requester)
    (item,) = queries.request_page(request, shop).items
    assert [row.note for row in item.rows if row.path == "object"] == ["bear, bee"]
    # One more is looked at again before anything moves.
    toy(cast, "beaver")
    request = applied(request, cast.owner, shop)
    assert (request.state, request.revision) == (State.IN_REVIEW, 2)
    request = applied(request, cast.owner, shop)
    assert request.state == State.APPLIED
    owned = Resource.objects.filter(kind="toy").values_list("name", "owner__slug")
    assert dict(owned) == {"bear": "shop", "beaver": "shop", "bee": "shop", "lion": "payments"}
    assert Event.objects.filter(action="resource.handed_over").count() == 3


def test_too_many_at_once(cast: Cast, shop: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(things, "MOST", 1)
    toy(cast)
    toy(cast, "bee")
    refused([change("toy/be*", **{"from": "payments"})], cast.requester, "More than 1 begin")


def test_what_nobody_owns_is_claimed_with_the_platform_team(cast: Cast) -> None:
    ShelfToy.objects.create(place=SHELF, name="stray", colour="green")
    request = asked([change("toy/stray", "payments", "claim")], cast.requester)
    assert roles(request) == ["platform"]
    with pytest.raises(NotAllowed, match="You are not asked"):
        reviews.approve(request, revision=1, by=cast.owner)
    # Only one asks for it at a time.
    teams.add_member("outside", username="requester", role="requester", by=BY)
    theirs = change("toy/stray", "outside", "claim")
    refused([theirs], now(cast.requester), "asked for in", team="outside")
    request = applied(request, cast.platform)
    assert request.state == State.APPLIED
    assert DeclaredToy.objects.get(name="stray").resource.owner.slug == "payments"
    event = Event.objects.get(action="resource.claimed")
    assert (event.team, event.object_name, event.request_id) == ("payments", "stray", request.pk)


def test_it_belongs_to_somebody_else_by_the_time_it_is_applied(cast: Cast, shop: Actor) -> None:
    toy(cast)
    third = make_team("third")
    request = reviews.approve(asked([change()], cast.requester), revision=1, by=cast.owner)
    request = reviews.approve(request, revision=1, by=shop)
    rows = list(Resource.objects.filter(kind="toy"))
    with transaction.atomic():
        team_life.give(rows, third, by=BY)
    pipeline.advance(request.pk)
    request.refresh_from_db()
    assert request.state == State.CHANGES_REQUESTED
    assert "belongs to third, not to payments" in request.failure


def test_requests_that_wait_for_the_owner_ask_the_new_one(cast: Cast, shop: Actor) -> None:
    toy(cast)
    toy(cast, "lion")
    waits = asked([NewItem("toy", "paint", "bear", SHELF, {"colour": "blue"})], cast.requester)
    other = asked([NewItem("toy", "paint", "lion", SHELF, {"colour": "blue"})], cast.requester)
    assert roles(waits) == ["owner:payments"]
    assert waits in queries.needs_me(cast.owner)

    applied(asked([change()], cast.requester), cast.owner, shop)

    waits.refresh_from_db()
    assert (waits.state, roles(waits)) == (State.IN_REVIEW, ["owner:shop"])
    assert roles(other) == ["owner:payments"]
    assert waits in queries.needs_me(shop)
    assert waits not in queries.needs_me(cast.owner)
    told = Event.objects.get(action="request.rerouted", request_id=waits.pk)
    assert (told.data["before"], told.data["after"]) == (["owner:payments"], ["owner:shop"])
    with pytest.raises(NotAllowed, match="You are not asked"):
        reviews.approve(waits, revision=1, by=cast.owner)
    assert applied(waits, shop).state == State.APPLIED


class GuestToy(Toy):
    """A toy that belongs to whoever owns the bear, as what follows a thing does."""

    def facts(self, item: ItemView) -> Json:
        owner = Resource.objects.get(kind="toy", name="bear").owner.slug
        return {**super().facts(item), "owner.team": owner}


def test_what_waits_for_the_giver_under_another_name_asks_the_taker(
    cast: Cast, shop: Actor
) -> None:
    toy(cast)
    kinds.unregister("toy")
    kinds.register(GuestToy())
    try:
        cub = NewItem("toy", "create", "cub", SHELF, {"colour": "red"})
        waits = asked([cub], cast.requester)
        assert roles(waits) == ["owner:payments"]
        applied(asked([change()], cast.requester), cast.owner, shop)
        assert roles(waits) == ["owner:shop"]
    finally:
        kinds.unregister("toy")
        kinds.register(Toy())


def test_an_approved_request_is_asked_again_before_it_is_applied(cast: Cast, shop: Actor) -> None:
    toy(cast)
    paint = asked([NewItem("toy", "paint", "bear", SHELF, {"colour": "blue"})], cast.requester)
    paint = reviews.approve(paint, revision=1, by=cast.owner)
    applied(asked([change()], cast.requester), cast.owner, shop)
    pipeline.advance(paint.pk)
    paint.refresh_from_db()
    assert (paint.state, roles(paint, still_open=True)) == (State.IN_REVIEW, ["owner:shop"])


def test_a_team_without_an_owner_does_not_hold_it_up(cast: Cast, shop: Actor) -> None:
    toy(cast)
    people.switch_off("sam", by=cast.platform)
    request = asked([change()], cast.requester)
    assert roles(request) == ["owner:payments", "platform"]
    assert "shop has nobody else" in request.requirements.get(role="platform").reason
    assert applied(request, cast.owner, cast.platform).state == State.APPLIED


def test_one_person_alone_for_both_teams_does_not_hold_it_up(cast: Cast, shop: Actor) -> None:
    toy(cast)
    teams.add_member("payments", username="sam", role="owner", by=BY)
    assert roles(asked([change()], cast.requester)) == ["owner:payments", "owner:shop"]
    for username in ("owner", "second-owner"):
        teams.remove_member("payments", username=username, role="owner", by=BY)
    requests.withdraw(Request.objects.get(state=State.IN_REVIEW), by=cast.requester)
    request = asked([change()], cast.requester)
    assert roles(request) == ["owner:payments", "platform"]
    why = request.requirements.get(role="platform").reason
    assert "Whoever could agree for shop is asked for another team" in why
    assert applied(request, now(shop), cast.platform).state == State.APPLIED


def test_it_is_given_back_by_a_roll_back(cast: Cast, shop: Actor) -> None:
    toy(cast)
    request = applied(asked([change()], cast.requester), cast.owner, shop)
    draft = rollback.roll_back(request, by=cast.requester)
    back = applied(requests.submit(draft, by=cast.requester), cast.owner, shop)
    assert back.state == State.APPLIED
    assert Resource.objects.get(kind="toy", name="bear").owner.slug == "payments"
    with pytest.raises(Refused, match="belongs to payments by now"):
        rollback.roll_back(request, by=cast.requester)

    ShelfToy.objects.create(place=SHELF, name="stray", colour="green")
    claimed = applied(
        asked([change("toy/stray", "payments", "claim")], cast.requester), cast.platform
    )
    with pytest.raises(Refused, match="belonged to nobody before"):
        rollback.roll_back(claimed, by=cast.requester)


def test_a_second_try_changes_nothing(cast: Cast, shop: Actor) -> None:
    toy(cast)
    request = applied(asked([change()], cast.requester), cast.owner, shop)
    kind = kinds.get("ownership")
    items = views(request, request.items.all())
    with transaction.atomic():
        kind.declare(items, by=BY)
    assert Event.objects.filter(action="resource.handed_over").count() == 1
    assert Resource.objects.get(kind="toy", name="bear").owner.slug == "shop"


def test_who_cannot_agree_any_more_does_not_count_among_the_others(cast: Cast, shop: Actor) -> None:
    """Shop has two owners as payments has, one of whom wrote it: Sam, of both, agrees for shop."""
    toy(cast)
    sue = make_actor("sue", team="shop", roles=("owner",))
    teams.add_member("payments", username="sam", role="owner", by=BY)
    teams.remove_member("payments", username="second-owner", role="owner", by=BY)
    request = asked([change()], sue, team="shop")
    request = reviews.approve(request, revision=1, by=now(shop))
    assert roles(request, still_open=True) == ["owner:payments"]
    assert applied(request, cast.owner).state == State.APPLIED


def test_who_could_answer_for_both_answers_for_what_fewer_others_can(
    cast: Cast, shop: Actor
) -> None:
    """Sam owns both, alone the one that takes: he agrees for that, whoever comes first."""
    toy(cast)
    teams.add_member("payments", username="sam", role="owner", by=BY)
    sam = now(shop)
    request = asked([change()], cast.requester)
    page = queries.request_page(request, sam)
    assert page.acting_as == "an approver or owner of shop"
    request = reviews.approve(request, revision=1, by=sam)
    assert roles(request, still_open=True) == ["owner:payments"]
    assert applied(request, cast.owner).state == State.APPLIED


def test_what_changed_hands_after_the_check_is_left_to_whoever_has_it(
    cast: Cast, shop: Actor
) -> None:
    toy(cast)
    third = make_team("third")
    kind = kinds.get("ownership")
    transfer = asked([change()], cast.requester)
    items = views(transfer, transfer.items.all())
    stale = list(Resource.objects.filter(kind="toy"))
    with transaction.atomic():
        team_life.give(stale, third, by=BY)
    with pytest.raises(Conflict, match="changed hands meanwhile"), transaction.atomic():
        team_life.give(stale, Team.objects.get(slug="shop"), by=BY)
    with pytest.raises(Conflict, match="payments does not have the toy bear any more"):
        kind.declare(items, by=BY)

    ShelfToy.objects.create(place=SHELF, name="stray", colour="green")
    claim = asked([change("toy/stray", "payments", "claim")], cast.requester)
    items = views(claim, claim.items.all())
    with transaction.atomic():
        made = third.resources.create(kind="toy", name="stray")
        where = Environment.objects.get(slug="production")
        DeclaredToy.objects.create(
            resource=made, environment=where, place=SHELF, name="stray", colour="green"
        )
        audit.record("toy.declared", by=BY, about=made)
    with pytest.raises(Conflict, match="stray belongs to third by now"):
        kind.declare(items, by=BY)
    assert set(Resource.objects.values_list("owner__slug", flat=True)) == {"third"}
