"""People are told, once, of what concerns them and of nothing else, in the change's transaction."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings as SettingsWrapper

from config.named import MailServer
from governance import queries
from governance.actors import Actor, actor_for_token, actor_for_user, system_actor
from governance.errors import Invalid, NotAllowed
from governance.models import (
    BrokenGlass,
    Delivery,
    Event,
    Membership,
    Notification,
    OrgRole,
    Request,
    User,
)
from governance.notices.table import Happening
from governance.services import (
    delegations,
    expiry,
    glass,
    notices,
    pipeline,
    requests,
    reviews,
    suggestions,
    teams,
)
from governance.services.items import NewItem
from tests.factories import (
    BY,
    Cast,
    make_cast,
    make_environment,
    make_hook,
    make_policy,
    make_token,
    make_user,
)
from tests.governance.services.test_expiry import let_time_pass
from tests.toy.models import DeclaredToy

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    make_environment("production", production=True)
    made = make_cast("payments")
    for user in User.objects.all():
        user.email = f"{user.username}@example.com"
        user.save(update_fields=["email"])
    return made


@pytest.fixture(autouse=True)
def mail(settings: SettingsWrapper) -> None:
    """Mail is on; nothing is sent, since no worker runs."""
    settings.MAIL = MailServer("127.0.0.1", 9, False, "", "")


def toy(name: str, colour: str = "red", operation: str = "create") -> NewItem:
    return NewItem("toy", operation, name, "shelf-production", {"colour": colour})


def draft(cast: Cast, name: str = "bear", by: Actor | None = None) -> Request:
    return requests.create_draft(
        title="Toys", reason="", team=cast.team, items=[toy(name)], by=by or cast.requester
    )


def asked(cast: Cast, name: str = "bear") -> Request:
    request = requests.submit(draft(cast, name), by=cast.requester)
    request.refresh_from_db()
    return request


def told(happening: Happening) -> dict[str, str]:
    """Who was told of it, in which words."""
    found = Notification.objects.filter(happening=happening)
    return {n.user.username: n.sentence for n in found.select_related("user")}


def everything() -> set[tuple[str, str]]:
    return set(Notification.objects.values_list("user__username", "happening"))


def test_whoever_can_agree_is_told_and_nobody_else(cast: Cast) -> None:
    request = asked(cast)
    assert set(told(Happening.SUBMITTED)) == {"owner", "second-owner"}
    assert {user for user, _ in everything()} == {"owner", "second-owner"}
    notice = Notification.objects.filter(user__username="owner").get()
    assert (notice.who, notice.request_id, notice.title) == ("Requester", request.pk, "Toys")
    assert notice.url == f"/requests/{request.pk}/"
    assert notice.why == "You can give an agreement that it needs."
    mails = Delivery.objects.values_list("user__username", flat=True)
    assert set(mails) == {"owner", "second-owner"}


def test_an_author_who_owns_the_team_is_not_asked_for_her_own_agreement(cast: Cast) -> None:
    requests.submit(draft(cast, by=cast.owner), by=cast.owner)
    assert set(told(Happening.SUBMITTED)) == {"second-owner"}


def test_platform_and_steward_are_told_where_a_rule_asks_for_them(cast: Cast) -> None:
    make_policy("platform-too", expression="false", severity="approval", approver="platform")
    make_policy("steward-too", expression="false", severity="approval", approver="steward")
    boss = make_user("boss")
    User.objects.filter(pk=boss.pk).update(is_superuser=True)
    asked(cast)
    told_now = set(told(Happening.SUBMITTED))
    assert told_now == {"owner", "second-owner", "platform", "steward", "boss"}


def test_the_author_is_told_of_each_step(cast: Cast) -> None:
    make_policy("platform-too", expression="false", severity="approval", approver="platform")
    request = asked(cast)
    reviews.approve(request, revision=1, by=cast.owner)
    assert set(told(Happening.AGREED)) == {"requester"}
    assert told(Happening.APPROVED) == {}
    reviews.approve(request, revision=1, comment="@owner done", by=cast.platform)
    assert told(Happening.APPROVED) == {
        "requester": "gave the last approval",
        "owner": "approved it, and mentioned you",
    }
    pipeline.advance(request.pk)
    assert set(told(Happening.APPLIED)) == {"requester", "owner", "platform"}
    who = Notification.objects.filter(happening="applied").values_list("who", flat=True)
    assert set(who) == {"Weir"}


def test_changes_asked_for_and_declined(cast: Cast) -> None:
    request = asked(cast)
    reviews.request_changes(request, revision=1, comment="Blue, please.", by=cast.owner)
    assert told(Happening.CHANGES_REQUESTED) == {"requester": "asks you for changes"}
    assert Notification.objects.get(happening="changes_requested").detail == "Blue, please."
    other = asked(cast, "duck")
    reviews.decline(other, revision=1, comment="No ducks.", by=cast.second_owner)
    assert told(Happening.DECLINED) == {"requester": "declined your request"}


def test_comments_reach_those_who_took_part_and_those_mentioned(cast: Cast) -> None:
    request = asked(cast)
    Notification.objects.all().delete()
    requests.comment(request, body="Why red?", by=cast.platform)
    assert told(Happening.COMMENTED) == {"requester": "commented on your request"}
    requests.comment(request, body="Ask @Steward, @nobody and @requester.", by=cast.owner)
    latest = Notification.objects.order_by("-key").values_list("key", flat=True)[0]
    found = Notification.objects.filter(key=latest).values_list("user__username", "sentence")
    assert dict(found) == {
        "steward": "mentioned you",
        "requester": "mentioned you",
        "platform": "commented",
    }
    requests.comment(request, body="I am @requester.", by=cast.requester)
    newest = Notification.objects.order_by("-key").values_list("key", flat=True)[0]
    assert set(
        Notification.objects.filter(key=newest).values_list("user__username", flat=True)
    ) == {"platform", "owner"}


def test_a_draft_is_told_to_those_alone_who_may_see_it(cast: Cast) -> None:
    request = draft(cast)
    requests.comment(request, body="@outsider @steward @viewer @auditor look", by=cast.owner)
    assert set(told(Happening.COMMENTED)) == {"viewer", "auditor", "requester"}
    request = requests.submit(request, by=cast.requester)
    requests.comment(request, body="@outsider look", by=cast.owner)
    assert "outsider" in told(Happening.COMMENTED)


def test_webhooks_hear_nothing_of_drafts(cast: Cast) -> None:
    make_hook("payments"), make_hook(""), make_hook("outside")
    request = draft(cast)
    requests.comment(request, body="Not yet.", by=cast.owner)
    assert not Delivery.objects.filter(hook__isnull=False).exists()
    requests.submit(request, by=cast.requester)
    teams_told = Delivery.objects.filter(hook__isnull=False).values_list("hook__team__slug")
    assert set(teams_told) == {("payments",), (None,)}


def test_whoever_was_switched_off_is_told_nothing(cast: Cast) -> None:
    User.objects.filter(username="owner").update(is_active=False)
    asked(cast)
    assert set(told(Happening.SUBMITTED)) == {"second-owner"}


def test_what_a_program_asked_for_is_told_to_the_owners_of_its_team(cast: Cast) -> None:
    token, _ = make_token("payments", "api:write")
    by = actor_for_token(token)
    request = requests.submit(draft(cast, by=by), by=by)
    reviews.decline(request, revision=1, comment="No.", by=cast.second_owner)
    assert set(told(Happening.DECLINED)) == {"owner"}


def test_an_event_told_twice_makes_one_notice(cast: Cast) -> None:
    make_hook("payments")
    request = asked(cast)
    before = (Notification.objects.count(), Delivery.objects.count())
    event = Event.objects.get(action="request.review_asked")
    notices.happened(event, request, by=system_actor("policies"))
    notices.happened(event, request, by=system_actor("policies"))
    assert (Notification.objects.count(), Delivery.objects.count()) == before


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_was_told_to_nobody(cast: Cast) -> None:
    request = draft(cast)

    def submitted_in_vain() -> None:
        with transaction.atomic():
            requests.submit(request, by=cast.requester)
            assert Notification.objects.exists()
            raise InterruptedError

    with pytest.raises(InterruptedError):
        submitted_in_vain()
    assert not Notification.objects.exists()
    assert not Delivery.objects.exists()


def test_expiry_and_withdrawal(cast: Cast) -> None:
    request, other = asked(cast), asked(cast, "duck")
    requests.comment(request, body="Hm.", by=cast.owner)
    requests.comment(other, body="Hm.", by=cast.owner)
    let_time_pass(request)
    expiry.expire()
    assert set(told(Happening.EXPIRED)) == {"requester", "owner"}
    requests.withdraw(other, by=cast.requester)
    assert set(told(Happening.WITHDRAWN)) == {"owner"}


def test_whose_approval_lapsed_is_told_and_so_are_those_who_can_agree_now(cast: Cast) -> None:
    request = asked(cast)
    reviews.approve(request, revision=1, by=cast.owner)
    Notification.objects.all().delete()
    teams.remove_member("payments", username="owner", role="owner", by=BY)
    pipeline.advance(request.pk)
    request.refresh_from_db()
    assert request.state == "in_review"
    assert told(Happening.APPROVAL_LAPSED) == {"owner": "no longer counts your approval"}
    assert told(Happening.SENT_BACK)["second-owner"].endswith("it needs your agreement")
    assert told(Happening.SENT_BACK)["requester"] == "sent your request back to review"


def test_a_broken_glass_is_told_to_those_who_can_look_at_it_and_the_look_to_whoever_broke_it(
    cast: Cast,
) -> None:
    second = make_user("second-platform", org=("platform",))
    request = asked(cast)
    request = glass.break_glass(request, revision=1, reason="They stand still.", by=cast.platform)
    assert told(Happening.GLASS_BROKEN) == {
        "second-platform": "broke the glass: look at it within a day",
        "requester": "broke the glass: it is applied at once",
    }
    found = BrokenGlass.objects.get(request=request)
    by = actor_for_user(second)
    glass.look_at(found, verdict="objected", comment="It could have waited.", by=by)
    assert told(Happening.GLASS_OBJECTED)["platform"] == "objects to your breaking the glass"
    assert set(told(Happening.GLASS_OBJECTED)) == {"platform", "requester"}


def test_whoever_stands_in_for_an_owner_is_asked_as_well(cast: Cast) -> None:
    delegations.give(to="viewer", ends="7d", reason="Holidays.", by=cast.owner)
    asked(cast)
    assert set(told(Happening.SUBMITTED)) == {"owner", "second-owner", "viewer"}


def test_a_suggestion_is_told_to_the_author_and_its_end_to_whoever_made_it(cast: Cast) -> None:
    made = suggestions.suggest(
        asked(cast), revision=1, position=0, path="colour", value="blue", by=cast.owner
    )
    assert told(Happening.SUGGESTED) == {"requester": "suggests another value"}
    suggestions.dismiss(made, by=cast.requester)
    assert told(Happening.SUGGESTION_SETTLED) == {"owner": "settled your suggestion"}


def test_a_new_revision_asks_those_who_must_agree_to_that_one(cast: Cast) -> None:
    """Requirements of the new revision are there before the move tells anybody."""
    first = asked(cast)
    reviews.approve(first, revision=1, by=cast.owner)
    pipeline.advance(first.pk)
    paint = requests.create_draft(
        title="Paint", reason="", team=cast.team, items=[toy("bear", "blue", "paint")],
        by=cast.requester,
    )  # fmt: skip
    reviews.approve(requests.submit(paint, by=cast.requester), revision=1, by=cast.owner)
    DeclaredToy.objects.update(colour="green", generation=7)
    Notification.objects.all().delete()
    pipeline.advance(paint.pk)
    paint.refresh_from_db()
    assert (paint.state, paint.revision) == ("in_review", 2)
    assert {"owner", "second-owner", "requester"} == set(told(Happening.SENT_BACK))


def test_two_hundred_approvers_cost_no_more_statements_than_two(cast: Cast) -> None:
    make_policy("platform-too", expression="false", severity="approval", approver="platform")
    few, many = draft(cast), draft(cast, "duck")
    with CaptureQueriesContext(connection) as before:
        requests.submit(few, by=cast.requester)
    people = User.objects.bulk_create(
        User(username=f"crowd{n}", email=f"crowd{n}@example.com") for n in range(200)
    )
    Membership.objects.bulk_create(
        Membership(user=user, team=cast.team, role="owner") for user in people[:100]
    )
    OrgRole.objects.bulk_create(OrgRole(user=user, role="platform") for user in people[100:])
    with CaptureQueriesContext(connection) as after:
        requests.submit(many, by=cast.requester)
    assert Notification.objects.filter(request=many).count() == 203
    assert Delivery.objects.filter(request=many).count() == 203
    assert len(after) == len(before)


# --- What others call -------------------------------------------------------------------------


def test_others_tell_people_by_a_key_once(cast: Cast) -> None:
    for _ in range(2):
        notices.tell(
            Happening.ENDS_SOON,
            people=[cast.owner.user_id or 0, cast.viewer.user_id or 0],
            key="grant:7:ends:2026-12-01",
            by=system_actor("clock"),
            title="payments.authorized for orders",
            url="/topics/",
        )
    assert set(told(Happening.ENDS_SOON)) == {"owner", "viewer"}
    assert Notification.objects.count() == Delivery.objects.count() == 2


# --- One's own notices ------------------------------------------------------------------------


def test_marking_as_read_touches_ones_own_alone(cast: Cast) -> None:
    asked(cast)
    owner, second = (Notification.objects.get(user__username=n) for n in ("owner", "second-owner"))
    assert notices.mark_read([owner.pk, second.pk], by=cast.owner) == 1
    assert notices.mark_read([owner.pk], by=cast.owner) == 0
    assert notices.mark_read(by=cast.second_owner, until=second.pk - 1) == 0
    assert notices.mark_read(by=cast.second_owner, until=second.pk) == 1
    with pytest.raises(NotAllowed, match="Notices are people's"):
        notices.mark_read(by=BY)


def test_a_choice_decides_the_channel(cast: Cast) -> None:
    notices.choose({"needs_me": "digest"}, digest_hour=7, time_zone="Asia/Tokyo", by=cast.owner)
    notices.choose({"needs_me": "inbox"}, digest_hour=7, time_zone="UTC", by=cast.second_owner)
    asked(cast)
    owner = Notification.objects.get(user__username="owner")
    assert owner.digest_at is not None
    assert (owner.digest_at.hour, owner.digest_at.minute) == (22, 0)  # 07:00 in Tokyo
    assert Notification.objects.get(user__username="second-owner").digest_at is None
    assert not Delivery.objects.exists()
    notices.choose({}, digest_hour=9, time_zone="UTC", by=cast.owner)
    owner.refresh_from_db()
    assert owner.digest_at is not None
    assert owner.digest_at.hour == 9
    assert Event.objects.filter(action="person.notices_chosen").count() == 3


@pytest.mark.parametrize(
    ("channels", "hour", "zone", "path"),
    [
        ({"pigeons": "mail"}, 8, "UTC", "channels"),
        ({"mentions": "pigeon"}, 8, "UTC", "channels"),
        ({}, 24, "UTC", "digest_hour"),
        ({}, -1, "UTC", "digest_hour"),
        ({}, 8, "Mars/Olympus", "time_zone"),
        ({}, 8, "../UTC", "time_zone"),
    ],
)
def test_nonsense_is_not_chosen(
    cast: Cast, channels: dict[str, str], hour: int, zone: str, path: str
) -> None:
    with pytest.raises(Invalid) as refused:
        notices.choose(channels, digest_hour=hour, time_zone=zone, by=cast.owner)
    assert refused.value.path == path
    notices.choose({"mentions": "inbox"}, digest_hour=8, time_zone="UTC", by=cast.owner)


def test_without_a_mail_server_nothing_piles_up(cast: Cast, settings: SettingsWrapper) -> None:
    settings.MAIL = None
    asked(cast)
    assert Notification.objects.count() == 2
    assert not Delivery.objects.exists()
    assert not Notification.objects.filter(digest_at__isnull=False).exists()


def test_the_actor_of_a_person_finds_her_notices(cast: Cast) -> None:
    asked(cast)
    owner = actor_for_user(User.objects.get(username="owner"))
    assert queries.unread_notices(owner) == queries.notices(owner).count() == 1
    assert queries.unread_notices(BY) == queries.notices(BY).count() == 0
