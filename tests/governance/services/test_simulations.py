"""Trying a draft of a policy out: what it finds, who may, and what is left of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from governance.errors import Conflict, NotAllowed, Refused
from governance.models import Event, Policy, Simulation
from governance.policy.load import PolicyText
from governance.services import policies, requests, simulations
from tests.browser.estate import make_estate
from tests.factories import BY, Cast, make_cast, make_environment
from tests.governance.services.test_pipeline import toy
from topics.models import DeclaredTopic

pytestmark = pytest.mark.django_db

SMALL = PolicyText(
    name="small",
    kind="topic",
    owner="platform",
    severity="deny",
    expression="topic.partitions <= 3",
    message="{topic.partitions} partitions are many.",
    scope={"operations": ["alter"]},
)


@pytest.fixture
def cast() -> Cast:
    make_environment("production", production=True)
    return make_cast("payments")


def found(text: PolicyText) -> tuple[dict[str, Any], int]:
    return simulations.simulate(text)


def test_it_says_who_would_be_refused_and_who_no_longer() -> None:
    make_estate()
    first, against = found(SMALL)
    estate = first["sources"]["estate"]
    assert against == 0
    assert estate["judged"] == DeclaredTopic.objects.count()
    assert estate["newly_refused"] >= 1
    one = first["examples"]["newly_refused"][0]
    assert (one["source"], one["team"], one["before"], one["after"]) == (
        "estate",
        "payments",
        "nothing",
        "refuses",
    )
    assert "partitions are many" in one["message"]
    assert first["teams"][0]["team"] == "payments"
    policies.write_version(SMALL, by=BY, activate=True)
    again, against = found(replace(SMALL, expression="topic.partitions <= 1000"))
    assert against == 1
    assert again["sources"]["estate"]["no_longer_refused"] == estate["newly_refused"]
    same, _ = found(SMALL)
    assert same["sources"]["estate"]["newly_refused"] == 0
    assert same["sources"]["estate"]["draft"]["refuses"] == estate["newly_refused"]


def test_subjects_are_judged_with_their_tags() -> None:
    make_estate()
    draft = PolicyText(
        name="tagged",
        kind="subject",
        owner="platform",
        severity="approval",
        approver="steward",
        expression='size(subject.personal_fields) == 0 && subject.type == "AVRO"',
        message="{subject.personal_fields}",
    )
    result, _ = found(draft)
    estate = result["sources"]["estate"]
    assert estate["judged"] >= 1
    assert estate["failed"] == 0


def test_items_of_the_last_requests_are_judged_and_a_kind_without_a_list_says_so(
    cast: Cast,
) -> None:
    requests.submit(
        requests.create_draft(
            title="", reason="", team=cast.team, items=[toy("bear")], by=cast.requester
        ),
        by=cast.requester,
    )
    draft = PolicyText("no-red", "toy", "platform", "deny", 'toy.colour != "red"', "Red.")
    result, _ = found(draft)
    assert "estate" not in result["sources"]
    assert "Toy does not list it" in result["notes"]["estate"]
    assert result["sources"]["requests"]["newly_refused"] == 1
    (one,) = result["examples"]["newly_refused"]
    assert (one["name"], one["team"]) == ("bear", "payments")


def test_it_is_run_once_and_nothing_of_the_policy_is_stored(cast: Cast) -> None:
    made = simulations.start(SMALL, by=cast.platform)
    simulations.run(made.pk)
    simulations.run(made.pk)
    made.refresh_from_db()
    assert (made.state, made.attempts) == ("done", 1)
    assert simulations.draft_of(made) == SMALL
    assert not Policy.objects.exists()
    assert Event.objects.filter(action="policy.simulated").count() == 1


def test_who_may_and_what_is_refused(cast: Cast) -> None:
    for other in (cast.owner, cast.steward, cast.auditor, cast.outsider):
        with pytest.raises(NotAllowed):
            simulations.start(SMALL, by=other)
    with pytest.raises(Refused, match="cannot be tried out"):
        simulations.start(replace(SMALL, expression="(("), by=cast.platform)
    for _ in range(simulations.AT_ONCE):
        simulations.start(SMALL, by=cast.platform)
    with pytest.raises(Conflict, match="under way"):
        simulations.start(SMALL, by=cast.platform)


def test_one_whose_worker_died_is_found_and_given_up_in_the_end(cast: Cast) -> None:
    made = simulations.start(SMALL, by=cast.platform)
    silent = Now() - simulations.SILENT - timedelta(seconds=1)
    rows = Simulation.objects.filter(pk=made.pk)
    rows.update(state="running", attempts=1, beat_at=silent)
    assert simulations.sweep() == 1
    simulations.run(made.pk)
    assert rows.get().state == "done"
    rows.update(state="running", attempts=simulations.ATTEMPTS, beat_at=silent)
    assert simulations.sweep() == 0
    assert rows.get().state == "failed"
    rows.update(created_at=Now() - simulations.KEPT - timedelta(seconds=1))
    simulations.tidy()
    assert not rows.exists()
