"""The sandbox: verdicts at each level, and nothing stored."""

from __future__ import annotations

import pytest

from governance.actors import system_actor
from registry import settings, store, trial
from registry.candidates import Asked
from registry.compatibility import Level
from registry.models import Schema, Version
from registry.naming import qualify
from registry.trial import Trial, Unreadable
from tests.registry.rest.conftest import record, text_of

pytestmark = pytest.mark.django_db
BY = system_actor()
ONE = record("R", ("a", "string"))
TWO = record("R", ("a", "string"), ("b", "int", 0))
THREE = record("R", ("a", "string"), ("b", "int"))
SUBJECT = qualify("s")


def passed(found: Trial) -> set[Level]:
    return {one.level for one in found.levels if one.compatible}


def tried(schema: object) -> Trial:
    return trial.in_subject(SUBJECT, Asked(text_of(schema)))


def test_every_level_is_judged_with_the_latest_and_with_all() -> None:
    store.register(SUBJECT, Asked(text_of(ONE)), by=BY)
    store.register(SUBJECT, Asked(text_of(TWO)), by=BY)
    found = tried(THREE)
    assert passed(found) == set(Level) - {Level.BACKWARD_TRANSITIVE, Level.FULL_TRANSITIVE}
    against = {one.level: one.against for one in found.levels}
    assert against[Level.BACKWARD_TRANSITIVE] == 1
    assert (found.level, found.compared, found.existing) == (Level.BACKWARD, 2, None)
    assert found.verdict is not None
    assert found.verdict.compatible
    assert [change.kind.value for change in found.comparison.changes] == ["default lost"]


def test_what_is_there_already_is_said() -> None:
    store.register(SUBJECT, Asked(text_of(ONE)), by=BY)
    assert tried(ONE).existing == 1


def test_nothing_is_in_the_way_of_the_first() -> None:
    found = tried(ONE)
    assert (found.compared, passed(found)) == (0, set(Level))


def test_the_level_in_force_decides() -> None:
    store.register(SUBJECT, Asked(text_of(TWO)), by=BY)
    settings.set_config(SUBJECT, {"compatibility": "FORWARD"}, by=BY)
    found = tried(record("R", ("a", "string"), ("c", "int", 0)))
    assert found.level is Level.FORWARD
    assert found.verdict is not None
    assert found.verdict.compatible


def test_two_texts_are_compared() -> None:
    found = trial.after("AVRO", text_of(ONE), text_of(THREE))
    assert passed(found) == {Level.NONE, Level.FORWARD, Level.FORWARD_TRANSITIVE}
    assert (found.level, found.verdict) == (None, None)
    assert found.comparison.backward


@pytest.mark.parametrize(
    ("earlier", "text", "field"), [("{", '"int"', "earlier"), ('"int"', "{", "schema")]
)
def test_a_text_that_is_no_schema_is_named(earlier: str, text: str, field: str) -> None:
    with pytest.raises(Unreadable) as refused:
        trial.after("AVRO", earlier, text)
    assert refused.value.field == field
    with pytest.raises(Unreadable):
        trial.in_subject(SUBJECT, Asked("{"))


def test_it_ends_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    for schema in (ONE, TWO, THREE):
        store.register(SUBJECT, Asked(text_of(schema)), by=BY)
    monkeypatch.setattr(trial, "PATIENCE", -1.0)
    found = tried(record("R", ("z", "string")))
    assert (found.compared, found.more) == (1, True)
    assert found.latest == 3


def test_nothing_is_stored() -> None:
    tried(ONE)
    trial.after("AVRO", text_of(ONE), text_of(TWO))
    assert not Version.objects.exists()
    assert not Schema.objects.exists()


def test_it_begins_with_the_latest_version() -> None:
    assert trial.begun(qualify("")) == {}
    assert trial.begun(SUBJECT) == {"subject": "s"}
    store.register(SUBJECT, Asked(text_of(ONE)), by=BY)
    begun = trial.begun(SUBJECT)
    assert (begun["format"], begun["references"]) == ("AVRO", "")
    assert '\n  "name": "R"' in begun["schema"]
