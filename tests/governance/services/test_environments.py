"""Environments: made and changed by the platform team, in words, with an event each."""

from dataclasses import replace
from typing import Any

import pytest

from governance.errors import Conflict, Invalid, NotAllowed, NotFound
from governance.models import Environment, Event
from governance.services import environments
from governance.services.environments import EnvironmentSpec, spec_of
from tests.factories import DAY_MS, Cast, make_cast

pytestmark = pytest.mark.django_db

SPEC = EnvironmentSpec(
    name="Staging",
    colour="amber",
    time_zone="Europe/Berlin",
    retention_limit="30 d",
    max_partitions=12,
    registry_context=".staging",
    position=1,
)


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def test_the_platform_team_makes_one_and_nobody_else(cast: Cast) -> None:
    made = environments.create("staging", SPEC, by=cast.platform)
    made.refresh_from_db()
    assert (made.retention_limit_ms, made.max_partitions) == (30 * DAY_MS, 12)
    assert (made.time_zone, made.registry_context) == ("Europe/Berlin", ".staging")
    told = Event.objects.get(action="environment.created")
    assert (told.object_name, told.data["after"]["retention_limit_ms"]) == ("staging", 30 * DAY_MS)
    for actor in (cast.owner, cast.steward, cast.auditor, cast.outsider):
        with pytest.raises(NotAllowed, match="change environments: this takes the platform team"):
            environments.create("other", SPEC, by=actor)
        with pytest.raises(NotAllowed):
            environments.change("staging", SPEC, by=actor)
    with pytest.raises(Conflict, match="There is an environment staging already"):
        environments.create("staging", SPEC, by=cast.platform)


def test_a_change_tells_before_and_after_and_the_same_again_tells_nothing(cast: Cast) -> None:
    environments.create("staging", SPEC, by=cast.platform)
    stricter = replace(SPEC, production=True, retention_limit="7 d", max_partitions=None)
    for _ in range(2):
        changed = environments.change("staging", stricter, by=cast.platform)
    assert changed.production
    told = Event.objects.get(action="environment.changed")
    assert told.data == {
        "before": {"production": False, "retention_limit_ms": 30 * DAY_MS, "max_partitions": 12},
        "after": {"production": True, "retention_limit_ms": 7 * DAY_MS, "max_partitions": None},
    }
    with pytest.raises(NotFound, match="There is no environment nowhere"):
        environments.change("nowhere", SPEC, by=cast.platform)


@pytest.mark.parametrize("slug", ["", "Prod", "a b", "-x", "x-", "a.b", "new", "x" * 41, "a\n"])
def test_a_wrong_slug_is_refused(cast: Cast, slug: str) -> None:
    with pytest.raises(Invalid, match="cannot be the short name of an environment") as refused:
        environments.create(slug, SPEC, by=cast.platform)
    assert refused.value.path == "slug"


WRONG: list[tuple[str, Any, str]] = [
    ("colour", "pink", "Choose one of teal, green"),
    ("time_zone", "Mars/Olympus", "There is no time zone 'Mars/Olympus'"),
    ("time_zone", "", "There is no time zone"),
    ("time_zone", "localtime", "There is no time zone"),
    ("time_zone", "../etc/passwd", "There is no time zone"),
    ("time_zone", "Europe", "There is no time zone"),
    ("time_zone", "x" * 5000, "There is no time zone"),
    ("retention_limit", "a while", "is not a duration"),
    ("retention_limit", "1 month", "no fixed length"),
    ("retention_limit", "0", "would let no topic keep anything"),
    ("max_partitions", 0, "Write a number from 1"),
    ("max_partitions", 10**12, "Write a number from 1"),
    ("registry_context", "", "is no registry context"),
    ("registry_context", "staging", "is no registry context"),
    ("registry_context", ":.a:", "is no registry context"),
    ("registry_context", ".a b", "is no registry context"),
    ("position", -1, "is no place in the list"),
]


@pytest.mark.parametrize(("field", "value", "sentence"), WRONG)
def test_a_wrong_value_is_refused_beside_its_field(
    cast: Cast, field: str, value: Any, sentence: str
) -> None:
    environments.create("staging", SPEC, by=cast.platform)
    with pytest.raises(Invalid, match=sentence) as refused:
        environments.change("staging", replace(SPEC, **{field: value}), by=cast.platform)
    assert refused.value.path == field
    assert not Event.objects.filter(action="environment.changed").exists()


@pytest.mark.parametrize("words", ["", "none", "None", "unlimited", " "])
def test_no_limit_is_said_in_several_words(cast: Cast, words: str) -> None:
    made = environments.create("free", replace(SPEC, retention_limit=words), by=cast.platform)
    assert made.retention_limit_ms is None


@pytest.mark.parametrize("limit", [None, 1, DAY_MS, 93_784_005, 30 * DAY_MS])
def test_what_a_form_begins_with_changes_nothing(cast: Cast, limit: int | None) -> None:
    made = environments.create("staging", SPEC, by=cast.platform)
    Environment.objects.filter(pk=made.pk).update(retention_limit_ms=limit)
    made.refresh_from_db()
    environments.change("staging", spec_of(made), by=cast.platform)
    made.refresh_from_db()
    assert made.retention_limit_ms == limit
    assert not Event.objects.filter(action="environment.changed").exists()


def test_limits_of_data_classes_read_back_as_they_were_written(cast: Cast) -> None:
    words = {"sensitive": "36 h", "none": "unlimited", "personal": "7 d", "internal": " "}
    made = environments.create("free", replace(SPEC, retention_limits=words), by=cast.platform)
    assert made.retention_limits_ms == {
        "none": -1, "personal": 7 * DAY_MS, "sensitive": 36 * 3_600_000,
    }  # fmt: skip
    made.refresh_from_db()
    assert spec_of(made).retention_limits == {
        "none": "unlimited", "personal": "7 d", "sensitive": "1 d 12 h",
    }  # fmt: skip
    environments.change("free", spec_of(made), by=cast.platform)
    assert not Event.objects.filter(action="environment.changed").exists()
    for odd in ({"secret": "7 d"}, {"personal": "soon"}, {"personal": "0"}):
        with pytest.raises(Invalid) as refused:
            environments.change("free", replace(SPEC, retention_limits=odd), by=cast.platform)
        assert refused.value.path.startswith("retention_limits")
    with pytest.raises(NotAllowed):
        environments.change("free", replace(SPEC, retention_limits=words), by=cast.owner)
