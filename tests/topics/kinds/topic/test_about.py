"""What is said of a topic: read, compared, and never said twice."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from governance.errors import Problem
from governance.models import DataClass
from topics.kinds.topic.about import (
    CLASS_WORDS,
    CLASSES,
    NEW,
    SILENT,
    About,
    from_json,
    lowers,
    parse,
)

BEFORE = About("personal", "Cards that were charged.", {"domain": "checkout"})


def read(given: Mapping[str, object], before: About | None = BEFORE) -> tuple[About, list[Problem]]:
    problems: list[Problem] = []
    return parse(given, before, problems), problems


def test_the_classes_are_those_of_resources() -> None:
    assert list(CLASSES) == DataClass.values
    assert dict(DataClass.choices) == CLASS_WORDS


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, SILENT),
        (BEFORE.as_json(), SILENT),
        ({"data_class": "personal", "description": "New."}, About(description="New.")),
        ({"data_class": " Internal "}, About("internal")),
        ({"data_class": ""}, SILENT),
        ({"description": ""}, About(description="")),
        ({"description": None, "labels": None, "data_class": None}, SILENT),
        ({"labels": {}}, About(labels={})),
        ({"labels": {"domain": "checkout"}}, SILENT),
        ({"labels": {" tier ": 1, "domain": " check  out "}},
         About(labels={"tier": "1", "domain": "check out"})),
        ({"description": "One. \r\nTwo.\n"}, About(description="One.\nTwo.")),
    ],
)  # fmt: skip
def test_only_what_is_new_is_said(given: dict[str, object], expected: About) -> None:
    found, problems = read(given)
    assert (found, problems) == (expected, [])
    assert from_json(found.as_json()) == found
    assert read(found.as_json())[0] == found
    assert found.over(BEFORE).beside(BEFORE) == found


def test_an_empty_text_says_nothing_of_a_new_topic() -> None:
    given = {"data_class": "internal", "description": "", "labels": {}}
    assert read(given, None) == (About("internal"), [])
    assert About("internal").over(NEW) == NEW


@pytest.mark.parametrize(
    ("given", "path", "said"),
    [
        ({"data_class": "secret"}, "data_class", "is no data class"),
        ({"data_class": ["personal"]}, "data_class", "is no data class"),
        ({"description": 7}, "description", "is a text"),
        ({"description": "x" * 1_001}, "description", "1,001 characters"),
        ({"description": "a\x00b"}, "description", "NUL"),
        ({"labels": "domain=checkout"}, "labels", "pairs"),
        ({"labels": {"Domain": "x"}}, "labels", "cannot be the key"),
        ({"labels": {"": "x"}}, "labels", "cannot be the key"),
        ({"labels": {"a" * 64: "x"}}, "labels", "cannot be the key"),
        ({"labels": {"domain": ""}}, "labels", "has no value"),
        ({"labels": {"domain": {"a": 1}}}, "labels", "has no value"),
        ({"labels": {"domain": "x" * 201}}, "labels", "201 characters"),
        ({"labels": {"domain": "a\x00"}}, "labels", "NUL"),
        ({"labels": {f"k{n}": "x" for n in range(21)}}, "labels", "21 labels"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(
    given: dict[str, object], path: str, said: str
) -> None:
    found, (problem,) = read(given)
    assert problem.path == path
    assert said in problem.message
    assert problem.way_out
    assert found.data_class is None


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("personal", "internal", True),
        ("sensitive", "personal", True),
        ("internal", "none", True),
        ("internal", "personal", False),
        ("personal", "personal", False),
        (None, "none", False),
        ("odd", "none", False),
    ],
)
def test_going_down_is_told_from_going_up(before: str | None, after: str, expected: bool) -> None:
    assert lowers(before, after) is expected
