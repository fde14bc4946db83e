"""Waivers through the pipeline: asked for with the thing, granted once, gone by themselves."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.db.models import F
from django.db.models.functions import Now

from governance import audit
from governance.errors import NotAllowed, Refused
from governance.models import Event, Finding, PolicyVersion, Request, Requirement, Waiver
from governance.policy.load import PolicyText
from governance.services import pipeline, policies, requests, reviews
from governance.services.items import NewItem
from governance.waivers import inforce
from governance.workflow import State
from tests.factories import BY, Cast, make_cast, make_environment, make_policy
from tests.toy.models import ShelfToy

pytestmark = pytest.mark.django_db(transaction=True)

SHELF = "shelf-production"


@pytest.fixture
def cast() -> Cast:
    make_environment("production", production=True)
    make_policy("no-red", expression='toy.colour != "red"', message="Red is not allowed.")
    return make_cast("payments")


def toy(name: str = "bear", colour: str = "red", operation: str = "create") -> NewItem:
    return NewItem("toy", operation, name, SHELF, {"colour": colour})


def waiver(
    name: str = "bear", policy: str = "no-red", until: str = "30d", operation: str = "grant"
) -> NewItem:
    after = {"reason": "A gift."} | ({"until": until} if operation == "grant" else {})
    return NewItem("waiver", operation, f"{policy}/toy/{name}", SHELF, after)


def asked(cast: Cast, *items: NewItem) -> Request:
    draft = requests.create_draft(
        title="", reason="", team=cast.team, items=items, by=cast.requester
    )
    return requests.submit(draft, by=cast.requester)


def roles(request: Request) -> list[str]:
    return list(
        Requirement.objects.filter(request=request, revision=request.revision)
        .order_by("id")
        .values_list("role", flat=True)
    )


def applied(request: Request) -> Request:
    Request.objects.filter(pk=request.pk).update(next_attempt_at=None)
    pipeline.advance(request.pk)
    request.refresh_from_db()
    return request


def granted(cast: Cast, *items: NewItem) -> Request:
    """A request whose every question is answered, applied."""
    request = asked(cast, *items)
    for role in roles(request):
        by = cast.platform if role == "platform" else cast.owner
        request = reviews.approve(request, revision=request.revision, by=by)
    return applied(request)


def refusals(cast: Cast, *items: NewItem) -> list[str]:
    with pytest.raises(Refused) as refused:
        asked(cast, *items)
    return [f"{p.message} {p.way_out}" for p in refused.value.problems]


@transaction.atomic
def let_it_end(name: str = "no-red/toy/bear") -> None:
    """Lets the last day of a waiver be yesterday."""
    Waiver.objects.filter(name=name).update(
        ends_at=Now() - timedelta(seconds=1), granted_at=F("granted_at") - timedelta(days=40)
    )
    audit.record("waiver.granted", by=BY, about=Waiver.objects.get(name=name))


def test_toy_and_waiver_are_decided_together(cast: Cast) -> None:
    assert refusals(cast, toy()) == ["Red is not allowed. Do it another way."]
    request = asked(cast, toy(), waiver())
    assert request.state == State.IN_REVIEW
    assert roles(request) == ["owner:payments", "platform"]
    need = request.requirements.get(role="platform")
    assert (need.policy, need.policy_version) == ("no-red", 1)
    assert "A gift." in need.reason

    with pytest.raises(NotAllowed):
        reviews.approve(request, revision=1, by=cast.requester)
    reviews.approve(request, revision=1, by=cast.owner)
    request = applied(reviews.approve(request, revision=1, by=cast.platform))

    assert request.state == State.APPLIED
    assert ShelfToy.objects.get().colour == "red"
    row = Waiver.objects.get()
    assert (row.policy.name, row.policy_version, row.object) == ("no-red", 1, "bear")
    assert (row.team, row.request, row.generation) == (cast.team, request, 1)
    assert (row.asked_by, row.granted_by) == ("Requester", "Platform")
    assert row.until == inforce.today() + timedelta(days=30)
    actions = Event.objects.filter(request_id=request.pk).values_list("action", flat=True)
    assert list(actions).count("waiver.granted") == 1


def test_while_it_is_in_force_nobody_is_asked_and_the_page_says_why(cast: Cast) -> None:
    first = granted(cast, waiver())
    second = asked(cast, toy())
    assert roles(second) == ["owner:payments"]
    told = Finding.objects.get(request=second, policy="no-red")
    assert told.passed
    assert told.waived.endswith(f"by Platform, request #{first.pk}.")
    assert refusals(cast, toy("fox")) == ["Red is not allowed. Do it another way."]


def test_it_ends_by_itself_at_the_next_check_and_what_stands_stays(cast: Cast) -> None:
    granted(cast, toy(), waiver())
    request = asked(cast, toy("bear", "red", "paint"))
    reviews.approve(request, revision=1, by=cast.owner)
    let_it_end()
    applied(request)
    assert request.state == State.CHANGES_REQUESTED
    assert "Red is not allowed." in request.failure
    assert ShelfToy.objects.get().colour == "red"
    assert [row.name for row in inforce.ending(10)] == ["no-red/toy/bear"]


def test_it_can_be_granted_anew_and_taken_back(cast: Cast) -> None:
    granted(cast, waiver())
    let_it_end()
    again = granted(cast, waiver(until="10d"))
    assert Waiver.objects.get().generation == 2
    asked_back = asked(cast, waiver(operation="end"))
    assert roles(asked_back) == ["platform"]
    reviews.approve(asked_back, revision=1, by=cast.platform)
    assert applied(asked_back).state == State.APPLIED
    row = Waiver.objects.get()
    assert (row.generation, row.request, row.ended_request) == (3, again, asked_back)
    assert inforce.states([row.pk]) == {row.pk: "taken_back"}
    assert refusals(cast, toy()) == ["Red is not allowed. Do it another way."]
    assert "There is no waiver" in refusals(cast, waiver(operation="end"))[0]


def test_a_waiver_by_itself_needs_who_grants_it_and_not_the_owner(cast: Cast) -> None:
    make_policy("no-blue", expression='toy.colour != "blue"', waiver="steward")
    assert roles(asked(cast, waiver())) == ["platform"]
    assert roles(asked(cast, waiver(policy="no-blue"))) == ["steward"]


@pytest.mark.parametrize(
    ("item", "sentence"),
    [
        (waiver(policy="iron"), "is never waived: its owner, platform, allows no exception"),
        (waiver(policy="compatibility"), "Hard rules of a kind are no policies"),
        (waiver(policy="note"), "stops nobody"),
        (waiver(until="2020-01-01"), "would end before it begins"),
        (waiver(until="900d"), "more than a year ahead"),
        (NewItem("waiver", "grant", "no-red/topic/x", SHELF, waiver().after), "about a toy"),
    ],
)
def test_what_cannot_be_waived_is_refused_with_a_sentence(
    cast: Cast, item: NewItem, sentence: str
) -> None:
    make_policy("iron", expression="false", waiver="never")
    make_policy("note", severity="info", expression="false")
    assert asked(cast, waiver("other")).state == State.IN_REVIEW
    assert any(sentence in said for said in refusals(cast, item))


def test_a_hard_rule_stands_whatever_is_asked_with_it(cast: Cast) -> None:
    granted(cast, toy("bear", "blue"))
    said = refusals(cast, toy(), waiver())
    assert any("There is a toy bear already." in one for one in said)


def test_another_teams_object_is_for_that_team_to_ask_about(cast: Cast) -> None:
    granted(cast, toy("bear", "blue"))
    item = waiver()
    other = requests.create_draft(
        title="", reason="", team=make_outside(cast), items=[item], by=cast.outsider
    )
    with pytest.raises(Refused, match="belongs to payments"):
        requests.submit(other, by=cast.outsider)
    assert asked(cast, item).state == State.IN_REVIEW


def make_outside(cast: Cast):  # type: ignore[no-untyped-def]  # the outsider's team
    from governance.models import Team

    return Team.objects.get(slug=next(iter(cast.outsider.teams)))


def test_a_policy_that_broke_is_not_waived(cast: Cast) -> None:
    make_policy("broken", expression="toy.weight > 1")
    granted(cast, waiver(policy="broken"))
    (said,) = [one for one in refusals(cast, toy("bear", "blue")) if "broken" in one]
    assert "A waiver does not help" in said


def test_a_stricter_version_counts_at_the_recheck(cast: Cast) -> None:
    """Approved under a policy that could be waived; by the time it is applied it no longer can."""
    request = asked(cast, toy(), waiver())
    reviews.approve(request, revision=1, by=cast.owner)
    reviews.approve(request, revision=1, by=cast.platform)
    text = PolicyText(
        name="no-red",
        kind="toy",
        owner="platform",
        severity="deny",
        expression='toy.colour != "red"',
        message="Red is not allowed.",
        waiver="never",
    )
    policies.write_version(text, by=cast.platform, activate=True)
    assert applied(request).state == State.CHANGES_REQUESTED
    assert not Waiver.objects.exists()
    assert not ShelfToy.objects.exists()


def test_another_granter_is_asked_at_the_recheck(cast: Cast) -> None:
    request = asked(cast, toy(), waiver())
    reviews.approve(request, revision=1, by=cast.owner)
    reviews.approve(request, revision=1, by=cast.platform)
    text = PolicyText(
        name="no-red",
        kind="toy",
        owner="platform",
        severity="deny",
        expression='toy.colour != "red"',
        message="Red is not allowed.",
        waiver="steward",
    )
    policies.write_version(text, by=cast.platform, activate=True)
    assert applied(request).state == State.IN_REVIEW
    assert "steward" in roles(request)
    assert not Waiver.objects.exists()


def test_who_grants_is_part_of_a_version_and_stands(cast: Cast) -> None:
    with pytest.raises(DatabaseError, match="write a new version"), transaction.atomic():
        PolicyVersion.objects.update(waiver="never")
    with pytest.raises(Refused, match="cannot grant a waiver"):
        policies.write_version(
            PolicyText("x", "toy", "platform", "deny", "true", "No.", waiver="everybody"),
            by=cast.platform,
        )


def test_a_row_is_changed_with_an_event_or_not_at_all(cast: Cast) -> None:
    granted(cast, waiver())
    with pytest.raises(DatabaseError, match="without an event"), transaction.atomic():
        Waiver.objects.update(ends_at=Now() + timedelta(days=100))
    with pytest.raises(DatabaseError, match="a_year_at_most"), transaction.atomic():
        Waiver.objects.update(ends_at=Now() + timedelta(days=400))
