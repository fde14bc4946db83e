"""The sandbox: verdicts at each level, and nothing stored."""

from __future__ import annotations

import pytest

from governance.actors import system_actor
from registry import settings, store, trial
from registry.candidates import Asked
from registry.compatibility import Level
from registry.contracts import Json
from registry.errors import Incompatible
from registry.formats.base import Reference
from registry.models import Schema, Version
from registry.naming import qualify
from registry.trial import Trial, Unreadable
from registry.views.sandbox import SandboxForm
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


def test_a_group_is_compared_as_registering_compares_it() -> None:
    settings.set_config(SUBJECT, {"compatibilityGroup": "major"}, by=BY)
    metadata: Json = {"properties": {"major": "1"}}
    store.register(SUBJECT, Asked(text_of(ONE), metadata=metadata), by=BY)
    found = tried(THREE)
    assert found.verdict is not None
    assert not found.verdict.compatible
    with pytest.raises(Incompatible):
        store.register(SUBJECT, Asked(text_of(THREE)), by=BY)
    other = trial.in_subject(
        SUBJECT, Asked(text_of(THREE), metadata={"properties": {"major": "2"}})
    )
    assert (other.compared, passed(other)) == (0, set(Level))


def test_what_the_config_asks_of_new_schemas_is_asked() -> None:
    settings.set_config(SUBJECT, {"validateFields": True}, by=BY)
    text = '{"type":"object","properties":{"$$a":{"type":"string"}}}'
    with pytest.raises(Unreadable):
        trial.in_subject(SUBJECT, Asked(text, "JSON"))
    settings.set_config(SUBJECT, {"validateFields": None, "validateNewSchemas": False}, by=BY)
    assert tried(record("R", ("a", "int", "x"))).existing is None


def test_a_reserved_name_that_the_latest_version_keeps_stays() -> None:
    settings.set_config(SUBJECT, {"validateFields": True}, by=BY)
    metadata: Json = {"properties": {"confluent:reserved": "old"}}
    store.register(SUBJECT, Asked(text_of(ONE), metadata=metadata), by=BY)
    found = tried(TWO)
    assert found.verdict is not None
    assert found.verdict.compatible


@pytest.mark.parametrize("name", ["__GLOBAL", ":.__GLOBAL:x", "a\x07"])
def test_a_subject_that_nobody_can_write_to_is_refused(name: str) -> None:
    with pytest.raises(Unreadable) as refused:
        trial.in_subject(qualify(name), Asked('"int"'))
    assert refused.value.field == "subject"


def test_a_reference_to_nothing_is_said_beside_the_references() -> None:
    uses = (Reference("B", "nope", 1),)
    with pytest.raises(Unreadable) as refused:
        trial.in_subject(SUBJECT, Asked('"int"', references=uses))
    assert refused.value.field == "references"


def test_a_mode_that_takes_nothing_is_said() -> None:
    settings.set_mode(SUBJECT, "READONLY", force=False, by=BY)
    assert tried(ONE).mode == "READONLY"


def test_a_stored_version_that_cannot_be_read_is_named() -> None:
    store.register(SUBJECT, Asked(text_of(ONE)), by=BY)
    Schema.objects.update(text="{")
    with pytest.raises(Unreadable, match="Version 1 of it cannot be read") as refused:
        tried(TWO)
    assert refused.value.field == "subject"


def test_the_earlier_text_may_do_without_the_references() -> None:
    money = qualify("Money")
    store.register(money, Asked(text_of(record("Money", ("v", "long")))), by=BY)
    inline = record("R", ("m", record("Money", ("v", "long"))))
    named = record("R", ("m", "Money"))
    found = trial.after("AVRO", text_of(inline), text_of(named), (Reference("Money", "Money", 1),))
    assert passed(found) == set(Level)


def test_what_it_begins_with_can_be_sent_back() -> None:
    store.register(qualify("my money"), Asked(text_of(record("Money", ("v", "long")))), by=BY)
    uses = (Reference("Money", "my money", 1),)
    store.register(SUBJECT, Asked(text_of(record("R", ("m", "Money"))), references=uses), by=BY)
    form = SandboxForm({**trial.begun(SUBJECT), "earlier": ""})
    assert form.is_valid()
    assert form.cleaned_data["references"] == uses
    many = record("Wide", *((f"f{n}", "int") for n in range(20_000)))
    store.register(qualify("wide"), Asked(text_of(many)), by=BY)
    assert SandboxForm({**trial.begun(qualify("wide")), "earlier": ""}).is_valid()


def test_it_ends_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    for schema in (ONE, TWO, THREE):
        store.register(SUBJECT, Asked(text_of(schema)), by=BY)
    monkeypatch.setattr(trial, "PATIENCE", -1.0)
    found = tried(record("R", ("z", "string")))
    assert (found.compared, found.more) == (1, True)
    assert found.latest == 3
    by_level = {one.level: one.compatible for one in found.levels}
    assert by_level[Level.FORWARD_TRANSITIVE] is False
    wide = tried(record("R", ("a", "string"), ("b", "int"), ("c", "int", 0)))
    unsure = {one.level for one in wide.levels if one.compatible is None}
    assert unsure == {Level.BACKWARD_TRANSITIVE, Level.FORWARD_TRANSITIVE, Level.FULL_TRANSITIVE}


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
