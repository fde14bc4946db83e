"""Writers that meet: told so, never stuck, never both."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from governance.actors import system_actor
from governance.models import Event
from registry import lookup, removal, store
from registry.candidates import Asked
from registry.errors import Incompatible, Referenced, RegistryError
from registry.formats.base import Reference
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
