"""A subject in a request: what is read, refused, shown, and applied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from governance import facts, kinds
from governance.actors import system_actor
from governance.errors import Problem, Refused
from governance.kinds import ApplyRun, ItemView, Outcome, OutcomeState, Undone
from governance.models import Event, Request, Resource
from governance.services import pipeline, requests, reviews
from governance.services.items import NewItem
from governance.workflow import State
from registry import lookup, owners, queries, settings, store
from registry.candidates import Asked
from registry.formats.base import Reference
from registry.naming import qualify
from tests.factories import Cast, make_actor, make_cast, make_environment, make_team
from tests.registry.rest.conftest import record, text_of

pytestmark = pytest.mark.django_db
BY = system_actor()
ONE = record("R", ("a", "string"))
TWO = record("R", ("a", "string"), ("b", "int", 0))
OTHER = record("R", ("a", "int"))


def item(
    schema: object, *, team: str = "", compatibility: str | None = None, name: str = "s"
) -> ItemView:
    after: dict[str, object] = {"schemaType": "AVRO", "schema": text_of(schema)}
    if compatibility is not None:
        after["compatibility"] = compatibility
    return ItemView(0, "subject", "register", name, ".", after, id=7, request_id=3, team=team)


def register(schema: object, name: str = "s") -> None:
    store.register(qualify(name), Asked(text_of(schema)), by=BY)


def apply(*items: ItemView) -> Mapping[int, Outcome]:
    outcomes: dict[int, Outcome] = {}
    kinds.get("subject").apply(ApplyRun(3, items, BY, outcomes.update))
    return outcomes


@pytest.mark.parametrize(
    ("after", "path"),
    [
        ({}, "schema"),
        ({"schema": "{"}, "schema"),
        ({"schema": 5}, "schema"),
        ({"schema": '"int"', "schemaType": "XML"}, "schemaType"),
        ({"schema": '"int"', "compatibility": "SIDEWAYS"}, "compatibility"),
        ({"schema": '"int"', "references": [{}]}, "references"),
        (
            {"schema": '"int"', "references": [{"name": "a", "subject": "n", "version": 1}]},
            "schema",
        ),
    ],
)
def test_what_cannot_be_read_is_said_beside_its_field(after: dict[str, Any], path: str) -> None:
    _, problems = kinds.get("subject").parse("register", "s", ".", after)
    assert [p.path for p in problems] == [path]
    assert all(p.message and p.way_out for p in problems)


def test_an_incompatible_schema_is_refused_before_review_and_names_the_field() -> None:
    register(ONE)
    kind = kinds.get("subject")
    assert kind.check(item(TWO)) == []
    (problem,) = kind.check(item(OTHER))
    assert "field 'a' of R" in problem.message
    assert problem.path == "schema"
    # A request may lower the level in the same step; that is for reviewers to decide.
    assert kind.check(item(OTHER, compatibility="NONE")) == []


def test_a_subject_of_another_team_is_refused() -> None:
    owner = make_team("orders")
    Resource.objects.create(kind="topic", name="orders", owner=owner)
    (problem,) = kinds.get("subject").check(item(ONE, team="payments", name="orders-value"))
    assert "orders" in problem.message
    assert kinds.get("subject").check(item(ONE, team="orders", name="orders-value")) == []


def test_rows_tell_the_difference_by_meaning() -> None:
    kind = kinds.get("subject")
    assert [(r.path, r.requested) for r in kind.rows(item(ONE))] == [("schema.R.a", "string")]
    register(ONE)
    rows = kind.rows(item(record("R", ("b", "int")), compatibility="NONE"))
    told = {row.path: (row.declared, row.requested, row.delta) for row in rows}
    assert told == {
        "schema.R.b": ("–", "int", "added"),
        "schema.R.a": ("string", "–", "removed"),
        "compatibility": ("BACKWARD", "NONE", ""),
    }
    assert all(row.note for row in rows)


def test_facts_for_policies() -> None:
    register(ONE)
    facts = kinds.get("subject").facts(item(OTHER))
    assert facts["subject.compatible"] is False
    assert facts["subject.breaks"] == ["BACKWARD", "FORWARD"]
    assert (facts["change.risk"], facts["change.irreversible"]) == ("disruptive", False)
    assert facts["subject.changes"] == ["R.a: retyped, string → int"]
    assert (facts["subject.versions"], facts["subject.compatibility"]) == (1, "BACKWARD")


def test_steps_say_what_will_be_done() -> None:
    kind = kinds.get("subject")
    said = [step.text for step in kind.steps([item(ONE, compatibility="FULL")])]
    assert said == ["Set compatibility to FULL on", "Register version 1 of"]
    register(ONE)
    (step,) = kind.steps([item(ONE)])
    assert "version 1 has this content" in step.text


def test_applying_registers_once_under_the_request() -> None:
    first = apply(item(ONE, compatibility="FULL"))[7]
    assert first.state is OutcomeState.APPLIED
    assert first.detail["version"] == 1
    assert apply(item(ONE, compatibility="FULL"))[7].state is OutcomeState.UNCHANGED
    stored = lookup.version(qualify("s"), 1)
    assert (stored.request_id, stored.by) == (3, "weir")
    assert lookup.in_scope(qualify("s")).level == "FULL"
    event = Event.objects.get(action="subject.registered")
    assert event.request_id == 3


def test_applying_records_a_refusal_and_goes_on() -> None:
    register(ONE)
    settings.set_mode(qualify("closed"), "READONLY", force=False, by=BY)
    outcomes = apply(item(OTHER))
    assert outcomes[7].state is OutcomeState.FAILED
    assert "field 'a' of R" in outcomes[7].message
    assert apply(item(ONE, name="closed"))[7].state is OutcomeState.FAILED


def test_declaring_says_whose_the_subject_is() -> None:
    make_team("payments")
    kinds.get("subject").declare([item(ONE, team="payments")], by=BY)
    kinds.get("subject").declare([item(ONE, team="payments")], by=BY)
    assert Resource.objects.filter(kind="subject", name="s").count() == 1
    current = kinds.get("subject").current(".", "s")
    assert current is None or current.owner == "payments"


def test_a_page_can_read_all_of_a_subject() -> None:
    register(ONE)
    register(TWO)
    store.register(
        qualify("order"),
        Asked(text_of(record("O", ("r", "R"))), references=(Reference("R", "s", -1),)),
        by=BY,
    )
    found = queries.subject(".", "s")
    assert found is not None
    assert [v.version for v in found.versions] == [2, 1]
    assert [v.by for v in found.live] == ["weir", "weir"]
    assert [(r.subject.name, r.names_version) for r in found.referenced_by] == [("order", 2)]
    assert [c.path for c in queries.changes(".", "s", 1, 2)] == ["R.b"]
    assert queries.check(".", "s", "AVRO", text_of(OTHER)).compatible is False
    assert queries.subject(".", "none") is None
    assert [row.name for row in queries.subject_rows()] == ["order", "s"]


def test_a_request_goes_all_the_way() -> None:
    cast = make_cast()
    make_environment()
    wanted = NewItem("subject", "register", "s", ".", {"schema": text_of(ONE)})
    request = requests.submit(draft(cast, wanted), by=cast.requester)
    request = reviews.approve(request, revision=request.revision, by=cast.owner)
    pipeline.advance(request.pk)
    request.refresh_from_db()
    assert request.state == State.APPLIED
    assert lookup.version(qualify("s"), 1).request_id == request.pk
    assert owners.owner_of(qualify("s")) == owners.Owner("payments", owners.OWN)
    broken = NewItem("subject", "register", "s", ".", {"schema": text_of(OTHER)})
    with pytest.raises(Refused) as refused:
        requests.submit(draft(cast, broken), by=cast.requester)
    assert "field 'a' of R" in refused.value.problems[0].message


def draft(cast: Cast, wanted: NewItem) -> Request:
    return requests.create_draft(
        title="A schema", reason="", team=cast.team, items=[wanted], by=cast.requester
    )


def undo(after: object, before: object | None) -> Undone | Problem:
    kind = kinds.get("subject")
    assert isinstance(kind, kinds.Undoes)
    was = None if before is None else {"schemaType": "AVRO", "schema": text_of(before)}
    return kind.undo(item(after), was)


def test_the_old_content_is_registered_again_where_it_has_no_version_any_more() -> None:
    register(TWO)
    back = undo(TWO, ONE)
    assert isinstance(back, Undone)
    assert back.operation == "register"
    assert back.after == {"schemaType": "AVRO", "schema": text_of(ONE)}
    (outcome,) = apply(replace(item(ONE), after=back.after)).values()
    assert outcome.state is OutcomeState.APPLIED
    assert outcome.detail["version"] == 2


@pytest.mark.parametrize(
    ("there", "before", "words"),
    [
        ((ONE,), None, "versions are not taken away"),
        ((ONE, TWO), ONE, "still, as version 1"),
        ((ONE, TWO), TWO, "latest version"),
        ((ONE,), OTHER, "does not meet the level BACKWARD"),
    ],
)
def test_what_of_a_subject_cannot_be_taken_back_says_why(
    there: tuple[object, ...], before: object | None, words: str
) -> None:
    for schema in there:
        register(schema)
    why = undo(TWO, before)
    assert isinstance(why, Problem)
    assert words in why.message
    assert why.way_out


@pytest.fixture
def readers() -> Iterator[dict[tuple[str, str], list[str] | None]]:
    """Who reads a topic in an environment, as whoever knows would say it."""
    known: dict[tuple[str, str], list[str] | None] = {}
    with facts.instead_of_readers("topic", lambda place, name: known.get((place, name))):
        yield known


def test_who_reads_the_topic_is_asked_about_a_change_that_breaks_it(
    readers: dict[tuple[str, str], list[str] | None],
) -> None:
    make_environment("production", production=True)
    cast = make_cast("payments")
    make_actor("sam", team="shop", roles=("owner",))
    readers["production", "orders"] = ["payments", "shop", "outside"]
    readers["staging", "orders"] = ["elsewhere"]
    settings.set_config(qualify("orders-value"), {"compatibility": "NONE"}, by=BY)
    register(ONE, "orders-value")
    after = {"schema": text_of(OTHER)}
    draft = requests.create_draft(
        title="",
        reason="",
        team=cast.team,
        items=[NewItem("subject", "register", "orders-value", ".", after)],
        by=cast.requester,
    )
    asked = requests.submit(draft, by=cast.requester)
    roles = {r.role: r.reason for r in asked.requirements.all()}
    assert set(roles) == {"owner:payments", "owner:shop", "owner:outside"}
    assert roles["owner:shop"] == ("shop consumes it, and this change breaks: BACKWARD, FORWARD.")
    asked = reviews.approve(asked, revision=asked.revision, by=cast.owner)
    assert asked.state == State.IN_REVIEW
    reviews.approve(asked, revision=asked.revision, by=cast.outsider)


def test_another_format_breaks_both_sides() -> None:
    settings.set_config(qualify("s"), {"compatibility": "NONE"}, by=BY)
    register(ONE)
    after = {"schemaType": "JSON", "schema": "{}"}
    asked = ItemView(0, "subject", "register", "s", ".", after, id=7, request_id=3)
    assert kinds.get("subject").facts(asked)["subject.breaks"] == ["BACKWARD", "FORWARD"]


@pytest.mark.parametrize(
    ("name", "known", "teams"),
    [
        ("orders-value", ["shop"], ["shop"]),
        ("orders-value", [], []),
        ("orders-value", None, None),
        ("free", ["shop"], None),
    ],
)
def test_consumers_are_known_where_somebody_can_say(
    readers: dict[tuple[str, str], list[str] | None],
    name: str,
    known: list[str] | None,
    teams: list[str] | None,
) -> None:
    readers["dev", "orders"] = known
    one = replace(item(ONE, name=name), environment="dev")
    assert facts.provided(one).get("consumers.teams") == teams


@pytest.mark.parametrize(
    ("before", "after", "loosens"),
    [
        ("FULL", "BACKWARD", True),
        ("BACKWARD", "FORWARD", True),
        ("BACKWARD_TRANSITIVE", "FULL", True),
        ("BACKWARD", "NONE", True),
        ("BACKWARD", "FULL", False),
        ("BACKWARD", "BACKWARD_TRANSITIVE", False),
        ("NONE", "NONE", False),
    ],
)
def test_a_level_that_promises_less(before: str, after: str, loosens: bool) -> None:
    settings.set_config(qualify("s"), {"compatibility": before}, by=BY)
    register(ONE)
    kind = kinds.get("subject")
    assert kind.facts(item(ONE, compatibility=after))["subject.loosens"] is loosens
