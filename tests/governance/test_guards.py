"""What the database refuses by itself, whatever a service does."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from governance import audit
from governance.actors import system_actor
from governance.models import (
    Application,
    ApplicationPrefix,
    Event,
    Item,
    ItemAuthor,
    Policy,
    PolicyVersion,
    Request,
    Requirement,
    Review,
    Team,
    User,
)

pytestmark = pytest.mark.django_db


def team(slug: str = "payments") -> Team:
    made = Team.objects.create(slug=slug, name=slug)
    audit.record("team.created", by=system_actor(), about=made)
    return made


def in_review(author: User, owner: Team, *roles: str) -> Request:
    request = Request.objects.create(title="t", team=owner, author=author, state="in_review")
    item = Item.objects.create(
        request=request, position=0, kind="toy", operation="create", name="x", place="p", after={}
    )
    ItemAuthor.objects.create(item=item, user=author)
    for role in roles:
        Requirement.objects.create(request=request, revision=1, role=role, reason="because")
    return request


def approve(request: Request, person: User, requirement: Requirement | None = None) -> Review:
    review = Review.objects.create(
        request=request, revision=1, reviewer=person, verdict="approve", acted_as="x"
    )
    if requirement:
        requirement.review = review
        requirement.save()
    return review


def refused(action: Callable[[], object], words: str) -> None:
    with pytest.raises(DatabaseError, match=words), transaction.atomic():
        action()


@pytest.mark.parametrize(
    "statement",
    ["UPDATE governance_event SET actor_name = 'nobody'", "DELETE FROM governance_event"],
)
def test_events_are_neither_changed_nor_removed(statement: str) -> None:
    team()

    def change() -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)

    refused(change, "insert-only")
    assert Event.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_governed_change_without_an_event_does_not_commit() -> None:
    with pytest.raises(IntegrityError, match="without an event"), transaction.atomic():
        Team.objects.create(slug="quiet", name="quiet")
    assert not Team.objects.filter(slug="quiet").exists()

    with transaction.atomic():
        team("told")
    assert Team.objects.filter(slug="told").exists()


@pytest.mark.django_db(transaction=True)
def test_an_event_of_another_transaction_does_not_count() -> None:
    with transaction.atomic():
        made = team("told")
    made.name = "renamed in silence"
    with pytest.raises(IntegrityError, match="without an event"):
        made.save()
    made.refresh_from_db()
    assert made.name == "told"


def test_an_author_cannot_approve_and_another_person_can() -> None:
    author, other = User.objects.create(username="a"), User.objects.create(username="b")
    request = in_review(author, team(), "platform")
    refused(lambda: approve(request, author), "wrote or edited")
    approve(request, other, request.requirements.get())


def test_an_editor_cannot_approve() -> None:
    author, editor = User.objects.create(username="a"), User.objects.create(username="b")
    request = in_review(author, team(), "platform")
    ItemAuthor.objects.create(item=request.items.get(), user=editor)
    refused(lambda: approve(request, editor), "wrote or edited")


def test_an_approver_cannot_become_an_author_of_what_she_approved() -> None:
    author, other = User.objects.create(username="a"), User.objects.create(username="b")
    request = in_review(author, team(), "platform")
    approve(request, other, request.requirements.get())
    item = request.items.get()
    refused(lambda: ItemAuthor.objects.create(item=item, user=other), "authors")


def test_one_person_cannot_meet_two_requirements() -> None:
    author, other, third = (User.objects.create(username=n) for n in "abc")
    request = in_review(author, team(), "platform", "steward")
    first, second = request.requirements.all()
    approve(request, other, first)
    refused(lambda: approve(request, other, second), "two requirements")
    approve(request, third, second)


def test_a_request_is_not_approved_while_an_agreement_is_missing() -> None:
    author, other = User.objects.create(username="a"), User.objects.create(username="b")
    request = in_review(author, team(), "platform")

    def set_approved() -> None:
        Request.objects.filter(pk=request.pk).update(state="approved")

    refused(set_approved, "lacks an approval")
    approve(request, other, request.requirements.get())
    set_approved()
    request.refresh_from_db()
    assert request.state == "approved"


def test_a_request_without_any_requirement_is_never_approved() -> None:
    request = in_review(User.objects.create(username="a"), team())
    refused(
        lambda: Request.objects.filter(pk=request.pk).update(state="approved"), "lacks an approval"
    )


@pytest.mark.parametrize(
    ("first", "second", "overlap"),
    [
        ("payments.", "payments.card.", True),
        ("payments.card.", "payments.", True),
        ("payments.", "payments.", True),
        ("payments.", "payouts.", False),
    ],
)
def test_prefixes_of_two_applications_do_not_overlap(
    first: str, second: str, overlap: bool
) -> None:
    owner = team()
    one = Application.objects.create(team=owner, name="one", principal="User:one")
    two = Application.objects.create(team=owner, name="two", principal="User:two")
    ApplicationPrefix.objects.create(application=one, prefix=first)

    def add() -> None:
        ApplicationPrefix.objects.create(application=two, prefix=second)

    if overlap:
        refused(add, "overlaps|unique")
    else:
        add()


def test_prefixes_of_one_application_may_nest() -> None:
    one = Application.objects.create(team=team(), name="one", principal="User:one")
    ApplicationPrefix.objects.create(application=one, prefix="a.")
    ApplicationPrefix.objects.create(application=one, prefix="a.b.")


def test_a_version_of_a_policy_never_changes_but_can_be_switched() -> None:
    policy = Policy.objects.create(name="p", owner="platform")
    version = PolicyVersion.objects.create(
        policy=policy, version=1, kind="toy", expression="true", severity="deny", message="m"
    )
    audit.record("policy.created", by=system_actor(), about=policy)
    version.active = True
    version.save()
    version.expression = "false"
    refused(version.save, "never changes")
