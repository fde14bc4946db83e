"""From the composer's controls to an item, and from a spec to its controls."""

from __future__ import annotations

import pytest

from governance import audit
from governance.models import Resource
from tests.factories import BY
from tests.topics.estate import make_cluster, make_topic
from topics.forms import TopicForm

pytestmark = pytest.mark.django_db


def typed(**fields: str) -> TopicForm:
    form = TopicForm({f"i0-{name}": text for name, text in fields.items()}, operation="create")
    form.is_valid()
    return form


def test_an_empty_control_is_no_override() -> None:
    item = typed(name="payments.a", retention="", cleanup="compact").new_item(None)
    assert item.after["configs"] == {"cleanup.policy": "compact"}


def test_more_settings_are_read_line_by_line() -> None:
    item = typed(others="segment.ms = 1 d\n\n flush.ms=never\nodd line").new_item(None)
    assert item.after["configs"] == {"segment.ms": "1 d", "flush.ms": "never", "odd line": ""}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"retention": "7 d", "others": "retention.ms = 1 d"}, "retention.ms"),
        ({"others": "segment.ms = 1 d\nsegment.ms = 2 d"}, "segment.ms"),
        ({"retention": "7 d", "others": "retention.ms=7 d"}, None),
        ({"retention": "7 d", "others": "segment.ms = 1 d"}, None),
    ],
)
def test_a_setting_typed_twice_is_said_and_nothing_is_dropped(
    fields: dict[str, str], said: str | None
) -> None:
    form = typed(**fields)
    problems = form.contradictions()
    assert [p.path for p in problems] == ([f"others.{said}"] if said else [])
    assert all(form.field_of(p.path) == "others" for p in problems)


@pytest.mark.parametrize("line", ["compression", "= 1 d", "segment.ms =", "="])
def test_a_line_that_sets_nothing_is_said(line: str) -> None:
    form = typed(others=f"flush.ms = 1 d\n{line}\n\n")
    (problem,) = form.contradictions()
    assert form.field_of(problem.path) == "others"
    assert f"“{line}” sets nothing." in problem.message


def test_a_spec_comes_back_as_it_was() -> None:
    spec = {
        "partitions": 6,
        "replication_factor": 3,
        "configs": {"retention.ms": "604800000", "segment.ms": "86400000"},
    }
    shown = TopicForm.initial_of("demo", "payments.a", spec)
    assert (shown["retention"], shown["others"]) == ("7 d", "segment.ms = 1 d")
    again = typed(**{name: str(value) for name, value in shown.items()}).new_item(None)
    assert again.after["configs"] == {"retention.ms": "7 d", "segment.ms": "1 d"}


@pytest.mark.parametrize(
    ("path", "control"),
    [
        ("name", "name"),
        ("partitions", "partitions"),
        ("configs.retention.ms", "retention"),
        ("configs.nobody.knows", "others"),
        ("", ""),
    ],
)
def test_what_a_rule_says_finds_its_control(path: str, control: str) -> None:
    assert typed().field_of(path) == control


REASON = {"kind": "audit", "text": "Of 2026", "ends": "90 d", "falls_back_to": "604800000"}


def test_what_is_said_of_a_topic_and_why_it_is_kept_comes_back_as_it_was() -> None:
    spec = {
        "partitions": 6,
        "replication_factor": 3,
        "configs": {"retention.ms": "31536000000"},
        "data_class": "personal",
        "description": "Cards.\nAnd more.",
        "labels": {"domain": "cards", "tier": "1"},
        "retention_reason": REASON,
    }
    shown = TopicForm.initial_of("demo", "payments.a", spec)
    assert (shown["labels"], shown["reason_falls_back_to"]) == ("domain = cards\ntier = 1", "7 d")
    again = typed(**{name: str(value) for name, value in shown.items()}).new_item(None)
    assert again.after["retention_reason"] == {**REASON, "falls_back_to": "7 d"}
    for field in ("data_class", "description", "labels"):
        assert again.after[field] == spec[field]


def test_what_a_change_does_not_say_is_shown_as_it_is_now() -> None:
    row = make_topic(make_cluster("main"), "t")
    Resource.objects.filter(pk=row.resource_id).update(data_class="sensitive")
    audit.record("topic.described", by=BY, about=row)
    shown = TopicForm.initial_of("main", "t", {"partitions": 6, "configs": {}})
    assert shown["data_class"] == "sensitive"
    assert TopicForm.initial_of("main", "new", {})["data_class"] == "internal"


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, False),
        ({"reason_kind": "audit", "reason_ends": "90 d"}, False),
        ({"reason_text": "Of 2026"}, True),
        ({"reason_ends": "90 d"}, True),
    ],
)
def test_a_reason_that_is_written_and_not_chosen_is_said(
    fields: dict[str, str], told: bool
) -> None:
    form = typed(name="payments.a", **fields)
    assert [form.field_of(p.path) for p in form.contradictions()] == ["reason_kind"] * told
    assert form.keeps_for_reason is bool(fields)


@pytest.mark.parametrize(
    ("path", "control"),
    [
        ("retention_reason", "reason_kind"),
        ("retention_reason.ends", "reason_ends"),
        ("retention_reason.falls_back_to", "reason_falls_back_to"),
        ("retention_reason.odd", "reason_kind"),
        ("data_class", "data_class"),
        ("labels", "labels"),
    ],
)
def test_what_is_said_of_a_reason_stands_beside_its_control(path: str, control: str) -> None:
    assert typed().field_of(path) == control
