"""From draft to applied, with a toy kind: what a worker does, and what it survives."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import Count
from django.db.models.functions import Now
from pytest_django.fixtures import Settings

from governance import audit
from governance.errors import Conflict, NotAllowed, Refused, Stale
from governance.models import Event, Item, Request
from governance.services import items, pipeline, requests, reviews, teams
from governance.services.heartbeat import Clock
from governance.services.items import NewItem
from governance.workflow import ItemState, State
from tests.factories import BY, Cast, make_cast, make_environment, make_policy
from tests.toy.kind import TROUBLE, Toy, Trouble
from tests.toy.models import DeclaredToy, ShelfToy

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast() -> Cast:
    make_environment("production", production=True)
    return make_cast("payments")


@pytest.fixture(autouse=True)
def no_trouble() -> Iterator[Trouble]:
    TROUBLE.none()
    yield TROUBLE
    TROUBLE.none()


def toy(name: str, colour: str = "red", operation: str = "create") -> NewItem:
    return NewItem("toy", operation, name, "shelf-production", {"colour": colour})


def draft(cast: Cast, *wanted: NewItem) -> Request:
    return requests.create_draft(
        title="Toys", reason="", team=cast.team, items=wanted or [toy("bear")], by=cast.requester
    )


def approved(cast: Cast, *wanted: NewItem) -> Request:
    request = requests.submit(draft(cast, *wanted), by=cast.requester)
    return reviews.approve(request, revision=request.revision, by=cast.owner)


def settle(request: Request) -> Request:
    """Lets the worker take it as far as it goes now, pauses left out."""
    Request.objects.filter(pk=request.pk).update(next_attempt_at=None)
    pipeline.advance(request.pk)
    request.refresh_from_db()
    return request


def actions(request: Request) -> list[str]:
    return list(
        Event.objects.filter(request_id=request.pk).order_by("id").values_list("action", flat=True)
    )


def test_one_toy_goes_all_the_way_and_each_move_is_one_event(cast: Cast) -> None:
    request = settle(approved(cast))

    assert request.state == State.APPLIED
    assert ShelfToy.objects.get().colour == "red"
    assert DeclaredToy.objects.get().resource.owner == cast.team
    assert actions(request) == [
        "request.created",
        "request.submitted",
        "request.review_asked",
        "request.reviewed",
        "request.approved",
        "request.recheck_started",
        "request.apply_started",
        "item.applied",
        "request.applied",
    ]


def test_the_author_cannot_approve_and_the_owner_can(cast: Cast) -> None:
    by_owner = requests.create_draft(
        title="", reason="", team=cast.team, items=[toy("bear")], by=cast.owner
    )
    request = requests.submit(by_owner, by=cast.owner)
    with pytest.raises(NotAllowed, match="wrote or edited"):
        reviews.approve(request, revision=1, by=cast.owner)
    with pytest.raises(NotAllowed, match="an approver or owner of payments"):
        reviews.approve(request, revision=1, by=cast.outsider)
    assert reviews.approve(request, revision=1, by=cast.second_owner).state == State.APPROVED


def test_a_second_advance_of_a_finished_request_does_nothing(cast: Cast) -> None:
    request = settle(approved(cast))
    before = actions(request)
    settle(request)
    assert actions(request) == before
    assert ShelfToy.objects.get().painted == 1


def test_while_one_worker_is_on_it_another_leaves_it_alone(cast: Cast) -> None:
    request = approved(cast)
    during: list[str] = []

    def meanwhile(_name: str) -> None:
        pipeline.advance(request.pk)
        during.append(Request.objects.get(pk=request.pk).state)

    TROUBLE.before_each = meanwhile
    settle(request)
    assert during == [State.APPLYING]
    assert actions(request).count("request.apply_started") == 1
    assert ShelfToy.objects.get().painted == 1


def test_a_worker_that_lost_its_lease_records_nothing_more(cast: Cast) -> None:
    request = approved(cast, toy("bear"), toy("fox"))

    def robbed(name: str) -> None:
        if name == "fox":
            Request.objects.filter(pk=request.pk).update(lease=99, lease_until=Now())

    TROUBLE.before_each = robbed
    settle(request)
    assert request.state == State.APPLYING
    assert {i.name: i.state for i in request.items.all()} == {
        "bear": ItemState.APPLIED,
        "fox": ItemState.PENDING,
    }

    TROUBLE.before_each = None
    settle(request)
    assert request.state == State.APPLIED
    assert list(ShelfToy.objects.values_list("painted", flat=True)) == [1, 1]
    assert actions(request).count("item.applied") == 1
    assert actions(request).count("item.unchanged") == 1


def test_a_transaction_that_takes_longer_than_the_lease_ends_with_a_full_one(
    cast: Cast, settings: Settings
) -> None:
    settings.LEASE_TTL = timedelta(seconds=1)
    request = approved(cast)
    locked = threading.Event()

    def hold_up() -> None:
        """Lets nobody declare a toy until the lease is long over."""
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"LOCK TABLE {DeclaredToy._meta.db_table} IN EXCLUSIVE MODE")
                locked.set()
                over = Request.objects.filter(
                    pk=request.pk, lease_until__lt=Clock() - timedelta(seconds=2)
                )
                deadline = time.monotonic() + 30
                while not over.exists():
                    assert time.monotonic() < deadline
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(hold_up)
        assert locked.wait(30)
        pipeline.advance(request.pk)
        held.result()
    request.refresh_from_db()
    assert request.state == State.APPLIED


def test_the_sweep_finds_what_no_message_announced(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = approved(cast)
    woken: list[object] = []
    monkeypatch.setattr(
        "governance.dispatch.send", lambda task, *args, **_: woken.append((task, *args))
    )
    assert pipeline.sweep() == 1
    assert woken == [("governance.advance", request.pk)]
    settle(request)
    assert pipeline.sweep() == 0


def test_a_remote_that_is_away_puts_the_request_off_and_says_so_once(cast: Cast) -> None:
    request = approved(cast)
    TROUBLE.away = True
    settle(request)
    settle(request)
    assert request.state == State.RECHECKING
    assert request.next_attempt_at is not None
    assert "cannot be reached" in request.failure
    assert actions(request).count("request.put_off") == 1

    TROUBLE.away = False
    assert settle(request).state == State.APPLIED
    assert request.failure == ""


def test_after_too_many_tries_it_fails_and_a_retry_finishes_it(cast: Cast) -> None:
    request = approved(cast)
    TROUBLE.later.add("bear")
    for _ in range(pipeline.MAX_ATTEMPTS):
        settle(request)
    assert request.state == State.FAILED
    assert "busy with bear" in request.items.get().error

    TROUBLE.later.clear()
    with pytest.raises(NotAllowed):
        requests.retry(request, by=cast.outsider)
    requests.retry(request, by=cast.requester)
    assert settle(request).state == State.APPLIED


def test_a_failure_stops_nothing_but_what_depends_on_it(cast: Cast) -> None:
    request = approved(cast, toy("bear"), toy("fox"))
    Item.objects.filter(request=request, name="fox").update(depends_on=[])
    TROUBLE.broken.add("bear")
    settle(request)
    assert request.state == State.PARTLY_APPLIED
    assert {i.name: i.state for i in request.items.all()} == {
        "bear": ItemState.FAILED,
        "fox": ItemState.APPLIED,
    }
    assert "fell off the shelf" in request.failure


def test_what_depends_on_a_failure_is_skipped_and_says_so(cast: Cast) -> None:
    request = approved(cast, toy("bear"), toy("fox"))
    Item.objects.filter(request=request, name="fox").update(depends_on=[0])
    TROUBLE.broken.add("bear")
    settle(request)
    settle(request)
    fox = request.items.get(name="fox")
    assert fox.state == ItemState.SKIPPED
    assert "bear failed" in fox.error


def test_a_hard_problem_is_refused_before_review_and_the_draft_stays(cast: Cast) -> None:
    settle(approved(cast))
    second = draft(cast, toy("bear"), toy("fox"))
    with pytest.raises(Refused, match="already") as refused:
        requests.submit(second, by=cast.requester)
    assert [p.position for p in refused.value.problems] == [0]
    second.refresh_from_db()
    assert second.state == State.DRAFT
    assert second.findings.get(item__name="bear").way_out == "Paint it instead."


def test_a_name_that_another_open_request_asks_for_is_refused(cast: Cast) -> None:
    first = requests.submit(draft(cast), by=cast.requester)
    with pytest.raises(Refused, match=f"#{first.pk} already"):
        requests.submit(draft(cast), by=cast.requester)


def test_a_denying_policy_refuses_and_names_its_version(cast: Cast) -> None:
    make_policy("no-red", kind="toy", expression='toy.colour != "red"', severity="deny")
    with pytest.raises(Refused) as refused:
        requests.submit(draft(cast), by=cast.requester)
    assert [p.rule for p in refused.value.problems] == ["no-red v1"]


def test_an_approval_policy_asks_a_second_role_and_two_people_must_agree(cast: Cast) -> None:
    make_policy(
        "red-is-loud",
        kind="toy",
        expression='toy.colour != "red"',
        severity="approval",
        approver="steward",
    )
    request = requests.submit(draft(cast), by=cast.requester)
    assert [r.role for r in request.requirements.all()] == ["owner:payments", "steward"]
    assert reviews.approve(request, revision=1, by=cast.owner).state == State.IN_REVIEW
    with pytest.raises(NotAllowed):
        reviews.approve(request, revision=1, by=cast.owner)
    assert reviews.approve(request, revision=1, by=cast.steward).state == State.APPROVED


def test_an_edit_makes_a_new_revision_and_old_approvals_no_longer_count(cast: Cast) -> None:
    make_policy(
        "red-is-loud",
        kind="toy",
        expression='toy.colour != "red"',
        severity="approval",
        approver="steward",
    )
    request = requests.submit(draft(cast), by=cast.requester)
    reviews.approve(request, revision=1, by=cast.owner)
    edited = requests.edit(
        request, title="", reason="", items=[toy("bear", "blue")], revision=1, by=cast.requester
    )
    request = requests.submit(edited, by=cast.requester)
    assert request.revision == 2
    with pytest.raises(Stale):
        reviews.approve(request, revision=1, by=cast.owner)
    assert reviews.approve(request, revision=2, by=cast.owner).state == State.APPROVED


def test_what_changed_after_it_was_written_goes_back_to_review(cast: Cast) -> None:
    settle(approved(cast))
    request = approved(cast, toy("bear", "blue", "paint"))
    DeclaredToy.objects.update(colour="green", generation=7)
    settle(request)
    assert request.state == State.IN_REVIEW
    assert request.revision == 2
    assert request.items.get().before == {"colour": "green"}
    assert "bear" in request.failure
    reviews.approve(request, revision=2, by=cast.owner)
    assert settle(request).state == State.APPLIED
    assert ShelfToy.objects.get().colour == "blue"
    assert request.items.get().before_image == {"colour": "red"}


def test_what_became_impossible_after_the_approval_goes_back_to_its_author(cast: Cast) -> None:
    request = approved(cast)
    toys = Toy()
    with transaction.atomic():
        toys.declare(items.views(request, request.items.all()), by=cast.platform)
        audit.record("toy.adopted", by=cast.platform, about=request)
    settle(request)
    assert request.state == State.CHANGES_REQUESTED
    assert "already" in request.failure
    assert not ShelfToy.objects.exists()


def test_what_the_shelf_would_refuse_goes_back_before_anything_is_declared(cast: Cast) -> None:
    request = approved(cast, toy("bear"), toy("fox"))
    TROUBLE.unwanted.add("fox")
    settle(request)
    assert request.state == State.CHANGES_REQUESTED
    assert request.failure == "The shelf shelf-production takes no fox. Use another shelf."
    finding = request.findings.get(stage="approve", passed=False)
    assert (finding.item_id, finding.path) == (request.items.get(name="fox").pk, "colour")
    assert not DeclaredToy.objects.exists()
    assert not ShelfToy.objects.exists()


def test_a_shelf_that_cannot_tell_puts_the_request_off_undeclared(cast: Cast) -> None:
    request = approved(cast)
    TROUBLE.dumb = True
    settle(request)
    assert request.state == State.RECHECKING
    assert "does not say" in request.failure
    assert not DeclaredToy.objects.exists()

    TROUBLE.dumb = False
    assert settle(request).state == State.APPLIED


def test_what_a_rule_refuses_is_not_asked_of_the_shelf(cast: Cast) -> None:
    request = approved(cast)
    make_policy("no-toys", expression="false")
    TROUBLE.dumb = True
    assert settle(request).state == State.CHANGES_REQUESTED


def test_a_withdrawn_request_is_not_applied(cast: Cast) -> None:
    request = approved(cast)
    requests.withdraw(request, by=cast.requester)
    settle(request)
    assert request.state == State.WITHDRAWN
    assert not ShelfToy.objects.exists()
    with pytest.raises(Conflict):
        requests.withdraw(request, by=cast.requester)


def test_three_hundred_items_are_each_applied_once(cast: Cast) -> None:
    request = settle(approved(cast, *[toy(f"bear-{n}") for n in range(300)]))
    assert request.state == State.APPLIED
    assert ShelfToy.objects.filter(painted=1).count() == 300
    per_item = (
        Event.objects.filter(request_id=request.pk, action="item.applied")
        .values("object_name")
        .annotate(n=Count("id"))
    )
    assert {row["n"] for row in per_item} == {1}
    assert len(per_item) == 300


def test_two_submits_of_one_name_at_once_and_one_is_refused(cast: Cast) -> None:
    drafts = [draft(cast), draft(cast)]
    start = threading.Barrier(2)

    def submit(request: Request) -> str:
        try:
            start.wait(10)
            return str(requests.submit(request, by=cast.requester).state)
        except Refused as refused:
            return refused.problems[0].rule
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        ends = sorted(pool.map(submit, drafts))
    assert ends == sorted([State.IN_REVIEW, "one open request a name"])


def test_a_retry_does_not_undo_what_somebody_else_declared_since(cast: Cast) -> None:
    settle(approved(cast))
    old = approved(cast, toy("bear", "blue", "paint"))
    TROUBLE.broken.add("bear")
    assert settle(old).state == State.FAILED
    TROUBLE.broken.clear()
    newer = settle(approved(cast, toy("bear", "green", "paint")))
    assert newer.state == State.APPLIED

    requests.retry(old, by=cast.requester)
    settle(old)
    assert old.state == State.IN_REVIEW
    assert "bear" in old.failure
    assert ShelfToy.objects.get().colour == "green"
    assert DeclaredToy.objects.get().colour == "green"

    assert [r.role for r in old.requirements.filter(revision=2)] == ["owner:payments"]
    reviews.approve(old, revision=2, by=cast.owner)
    assert settle(old).state == State.APPLIED
    assert ShelfToy.objects.get().colour == "blue"


def test_a_retry_meets_the_rules_that_hold_now(cast: Cast) -> None:
    request = approved(cast)
    TROUBLE.broken.add("bear")
    assert settle(request).state == State.FAILED
    TROUBLE.broken.clear()
    make_policy("no-red", kind="toy", expression='toy.colour != "red"', severity="deny")
    requests.retry(request, by=cast.requester)
    assert settle(request).state == State.CHANGES_REQUESTED
    assert not ShelfToy.objects.exists()


def test_a_token_bound_to_a_context_asks_in_its_environments_alone(cast: Cast) -> None:
    make_environment("staging", registry_context=".staging")
    bound = replace(cast.requester, context=".staging")
    inside = NewItem("toy", "create", "bear", "shelf-staging", {"colour": "red"})
    asked = requests.create_draft(title="", reason="", team=cast.team, items=[inside], by=bound)
    assert asked.pk
    with pytest.raises(NotAllowed, match="bound to the registry context"):
        requests.create_draft(title="", reason="", team=cast.team, items=[toy("fox")], by=bound)


def test_a_comment_counts_a_line_end_once(cast: Cast) -> None:
    request = requests.submit(draft(cast), by=cast.requester)
    body = "a\r\n" * (requests.MAX_TEXT // 2)
    assert requests.comment(request, body=body, by=cast.owner).body.count("a") == 10_000


def test_what_comes_back_from_a_recheck_is_looked_at_by_people(cast: Cast) -> None:
    """A policy that would let it through by now does not: nobody could meet its requirement."""
    make_environment("dev")
    item = NewItem("toy", "create", "bear", "shelf-dev", {"colour": "red"})
    request = requests.submit(draft(cast, item), by=cast.requester)
    request = reviews.approve(request, revision=1, by=cast.owner)
    make_policy("small-change", severity="auto")
    teams.remove_member("payments", username="owner", role="owner", by=cast.platform)

    request = settle(request)

    unmet = request.requirements.filter(review__isnull=True)
    assert request.state == State.IN_REVIEW
    assert list(unmet.values_list("role", flat=True)) == ["owner:payments"]
    assert settle(reviews.approve(request, revision=1, by=cast.second_owner)).state == "applied"


def test_a_policy_lets_nothing_through_that_another_change_has_overtaken(cast: Cast) -> None:
    make_environment("dev")
    settle(approved(cast, NewItem("toy", "create", "bear", "shelf-dev", {"colour": "red"})))
    make_policy("small-change", severity="auto")
    paint = NewItem("toy", "paint", "bear", "shelf-dev", {"colour": "blue"})
    request = requests.submit(draft(cast, paint), by=cast.requester)
    assert request.state == State.APPROVED
    with transaction.atomic():
        DeclaredToy.objects.update(generation=9)
        audit.record("toy.changed", by=BY, about=audit.Subject("toy", "bear", "bear"))

    request = settle(request)

    assert request.state == State.IN_REVIEW
    unmet = request.requirements.filter(revision=2, review__isnull=True)
    assert list(unmet.values_list("role", flat=True)) == ["owner:payments"]
