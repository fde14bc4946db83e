"""Writers that meet: told so, never stuck, never both."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from governance.actors import system_actor
from governance.models import Event
from registry import lookup, removal, settings, store
from registry.candidates import Asked
from registry.errors import Incompatible, InvalidSchema, NotPermitted, Referenced, RegistryError
from registry.formats.base import Reference
from registry.models import Change
from registry.naming import qualify
from tests.registry.rest.conftest import record, text_of

BY = system_actor()
S = qualify("s")


def one(field: str, type_: str = "string") -> Asked:
    return Asked(text_of(record("R", (field, type_))))


@pytest.mark.django_db
def test_the_event_and_the_version_stand_or_fall_together() -> None:
    store.register(S, one("a"), by=BY)
    with pytest.raises(Incompatible):
        store.register(S, one("a", "int"), by=BY)
    assert Event.objects.filter(object_name="s").count() == 1


@pytest.mark.django_db
def test_a_cycle_of_references_cannot_come_to_be() -> None:
    store.register(qualify("a"), one("a"), by=BY)
    b = Asked(text_of(record("B", ("r", "R"))), references=(Reference("R", "a", 1),))
    store.register(qualify("b"), b, by=BY)
    with pytest.raises(Referenced):
        removal.delete_subject(qualify("a"), permanent=False, by=BY)
    back = Asked(text_of(record("R", ("x", "B", None))), references=(Reference("B", "b", 1),))
    with pytest.raises(RegistryError):
        store.register(qualify("a"), back, by=BY)


@pytest.mark.django_db
def test_ids_of_a_context_are_counted_from_one_without_holes() -> None:
    made = [store.register(qualify(f"s{i}"), one(f"f{i}"), by=BY).schema_id for i in range(5)]
    assert made == [1, 2, 3, 4, 5]
    again = [store.register(qualify(f":.x:s{i}"), one(f"f{i}"), by=BY).schema_id for i in range(2)]
    assert again == [1, 2]
    assert (lookup.highest_id("."), lookup.highest_id(".x"), lookup.highest_id(".y")) == (5, 2, 0)


@pytest.fixture
def held_subject(transactional_db: None) -> Iterator[None]:
    """Somebody else keeps the subject's row locked."""
    store.register(S, one("a"), by=BY)
    parameters = connection.get_connection_params()
    wanted = ("dbname", "user", "password", "host", "port")
    with psycopg.connect(**{k: parameters[k] for k in wanted if parameters.get(k)}) as other:
        other.execute("SELECT 1 FROM registry_subject FOR UPDATE")
        yield
        other.rollback()


@pytest.mark.timeout(60)
def test_a_writer_that_hangs_does_not_hang_the_others(held_subject: None) -> None:
    wider = Asked(text_of(record("R", ("a", "string"), ("b", "int", 0))))
    with pytest.raises(OperationalError, match="lock timeout"), transaction.atomic():
        store.register(S, wider, by=BY)
    with pytest.raises(OperationalError, match="lock timeout"), transaction.atomic():
        removal.delete_subject(S, permanent=False, by=BY)


@pytest.mark.django_db(transaction=True)
def test_threads_that_register_the_same_make_one_version() -> None:
    def register(_: int) -> tuple[int, int]:
        try:
            made = store.register(S, one("a"), by=BY)
            return made.version, made.schema_id
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(register, range(12))) == {(1, 1)}
    assert Event.objects.filter(action="subject.registered").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_that_exclude_each_other_one_is_told_so() -> None:
    """Each is fine when it looks; the second to write finds that the subject has moved on."""
    start = Barrier(2)

    def register(asked: tuple[str, Asked]) -> bool:
        start.wait()
        try:
            store.register(qualify(asked[0]), asked[1], by=BY)
        except Incompatible:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        for number in range(20):
            pair = [(f"s{number}", one("a", type_)) for type_ in ("string", "int")]
            assert sorted(pool.map(register, pair)) == [False, True]
            assert lookup.versions(qualify(f"s{number}")) == [(1, False)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("first", "second"),
    [
        (
            Asked('{"type":"string","logicalType":"uuid"}'),
            Asked('{"type":"string","logicalType":"uuid"}', type="JSON"),
        ),
        (
            Asked('"int"', metadata={"properties": {"a": "bc"}}),
            Asked('"int"', metadata={"properties": {"ab": "c"}}),
        ),
        (
            Asked('"int"', metadata={"properties": {"a": "b"}}),
            Asked('"int"', metadata={"tags": {"a": ["b"]}}),
        ),
    ],
)
@pytest.mark.parametrize("subject", ["s", "t"])
def test_what_only_has_the_guid_of_another_is_refused_and_not_taken_for_it(
    first: Asked, second: Asked, subject: str
) -> None:
    store.register(S, first, by=BY)
    settings.set_config(qualify(subject), {"compatibility": "NONE"}, by=BY)
    with pytest.raises(NotPermitted, match="Overwrite new schema with id 1"):
        store.register(qualify(subject), second, by=BY)
    assert lookup.versions(qualify("t")) == []


@pytest.mark.django_db
def test_numbers_near_their_end_do_not_end_the_counting() -> None:
    last = 2**31 - 1
    settings.set_mode(S, "IMPORT", force=False, by=BY)
    store.register(S, replace(one("a"), id=last, version=last), by=BY)
    assert store.register(qualify("other"), one("b"), by=BY).schema_id == 1
    settings.set_mode(S, "READWRITE", force=False, by=BY)
    with pytest.raises(InvalidSchema, match="After version 2147483647 there is none"):
        store.register(S, Asked(text_of(record("R", ("a", "string"), ("b", "int", 0)))), by=BY)


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("permanent", [False, True])
def test_what_a_registration_refers_to_is_not_deleted_under_its_hands(permanent: bool) -> None:
    """The delete waits for the registration, and is then refused."""
    store.register(qualify("a"), one("a"), by=BY)
    if permanent:
        removal.delete_subject(qualify("a"), permanent=False, by=BY)
    referring = Asked(text_of(record("B", ("r", "R"))), references=(Reference("R", "a", 1),))
    (reference,) = lookup.resolve(referring.references, ".", deleted=True)
    settings.set_config(S, {"validateNewSchemas": False}, by=BY)

    def delete() -> str:
        try:
            removal.delete_subject(qualify("a"), permanent=permanent, by=BY)
        except Referenced:
            return "referenced"
        finally:
            connection.close()
        return "deleted"

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            assert lookup.held([reference], deleted=True)
            assert lookup.held([reference], deleted=False) is not permanent
            deleting = pool.submit(delete)
            while not somebody_waits():
                assert not deleting.done()
            store.register(S, referring, by=BY)
        assert deleting.result() == "referenced"


@pytest.mark.django_db(transaction=True)
def test_a_registration_whose_reference_has_gone_meanwhile_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store.register(qualify("a"), one("a"), by=BY)
    referring = Asked(text_of(record("B", ("r", "R"))), references=(Reference("R", "a", 1),))
    decide = store._decide

    def and_then_it_goes(*args: Any, **named: Any) -> Any:
        decided = decide(*args, **named)
        removal.delete_subject(qualify("a"), permanent=False, by=BY)
        return decided

    monkeypatch.setattr(store, "_decide", and_then_it_goes)
    with pytest.raises(InvalidSchema, match="not there"):
        store.register(S, referring, by=BY)


@pytest.mark.django_db(transaction=True)
def test_deleting_the_last_holder_of_an_id_and_registering_its_content_meet() -> None:
    """Either the id lives on with the new version, or that has a new id; nobody gets an error."""
    start = Barrier(2)

    def delete(name: str) -> None:
        start.wait()
        try:
            removal.delete_subject(qualify(name), permanent=True, by=BY)
        finally:
            connection.close()

    def register(name: str) -> None:
        start.wait()
        try:
            store.register(qualify(f"{name}-too"), one("a"), by=BY)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        for number in range(30):
            name = f"s{number}"
            store.register(qualify(name), one("a"), by=BY)
            removal.delete_subject(qualify(name), permanent=False, by=BY)
            for done in [pool.submit(delete, name), pool.submit(register, name)]:
                done.result()
            (stored,) = lookup.heads(qualify(f"{name}-too"))
            assert lookup.by_id(".", stored.schema_id) == lookup.with_text(stored)
            removal.delete_subject(qualify(f"{name}-too"), permanent=False, by=BY)
            removal.delete_subject(qualify(f"{name}-too"), permanent=True, by=BY)


@pytest.mark.django_db
def test_a_mode_that_changes_while_a_schema_is_looked_at_decides(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decide = store._decide

    def and_then_it_is_closed(*args: Any, **named: Any) -> Any:
        decided = decide(*args, **named)
        settings.set_mode(S, "READONLY", force=False, by=BY)
        return decided

    monkeypatch.setattr(store, "_decide", and_then_it_is_closed)
    with pytest.raises(NotPermitted, match="read-only"):
        store.register(S, one("a"), by=BY)
    assert lookup.versions(S) == []


@pytest.mark.django_db
def test_content_put_in_the_place_of_a_version_ends_its_id() -> None:
    settings.set_mode(S, "IMPORT", force=False, by=BY)
    store.register(S, replace(one("a"), id=100, version=5), by=BY)
    Change.objects.all().delete()
    store.register(S, replace(one("b"), id=105, version=5), by=BY)
    assert lookup.by_id(".", 100) is None
    assert {"id/./100", "id/./105"} <= set(Change.objects.values_list("name", flat=True))
    again = store.register(S, replace(one("c"), id=100, version=6), by=BY)
    assert again.schema_id == 100


@pytest.mark.django_db
def test_ids_beyond_those_that_are_counted_are_known() -> None:
    settings.set_mode(S, "IMPORT", force=False, by=BY)
    store.register(S, replace(one("a"), id=2**31 - 2, version=1), by=BY)
    assert lookup.highest_id(".") == 2**31 - 2
