"""Whose a subject is, and why; and lists of what a team owns."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.actors import system_actor
from governance.models import Lifecycle, Resource
from registry import catalogue, lookup, owners, queries, removal, store
from registry.candidates import Asked
from registry.catalogue import Wanted
from registry.models import Association
from registry.naming import DEFAULT, LATEST, SubjectName, qualify
from registry.owners import Owner
from registry.strategies import Strategy
from tests.factories import make_team
from tests.registry.rest.conftest import record, text_of

pytestmark = pytest.mark.django_db
BY = system_actor()


def register(name: str, schema: object = "string", type_: str = "AVRO") -> SubjectName:
    subject = qualify(name)
    text = schema if type_ == "PROTOBUF" and isinstance(schema, str) else text_of(schema)
    store.register(subject, Asked(text if schema != "string" else '"string"', type_), by=BY)
    return subject


def owns(team: str, kind: str, name: str) -> None:
    Resource.objects.create(kind=kind, name=name, owner=make_team(team))


def associate(topic: str, subject: str) -> None:
    Association.objects.create(
        guid=uuid4(),
        resource_name=topic,
        resource_namespace="ns",
        resource_id=f"id-{topic}",
        resource_type="topic",
        association_type="value",
        context=DEFAULT,
        subject=subject,
        lifecycle="WEAK",
    )


def test_by_itself_before_its_topic_and_the_topic_before_an_association() -> None:
    subject = register("orders-value")
    assert owners.owner_of(subject) is None
    owns("fans", "topic", "others")
    associate("others", "orders-value")
    why = "It owns the topic others, which is associated with it."
    assert owners.owner_of(subject) == Owner("fans", why)
    owns("sales", "topic", "orders")
    assert owners.owner_of(subject) == Owner("sales", "It owns the topic orders.")
    owns("billing", "subject", "orders-value")
    assert owners.owner_of(subject) == Owner("billing", owners.OWN)


def test_the_topic_in_front_of_a_records_name_counts_once_the_record_is_known() -> None:
    owns("sales", "topic", "orders")
    named = qualify("orders-com.acme.Order")
    assert owners.owner_of(named) is None
    register("orders-com.acme.Order", record("com.acme.Order"))
    register("orders-archive", record("com.acme.Order"))
    assert owners.owner_of(named) == Owner("sales", "It owns the topic orders.")
    assert owners.owner_of(qualify("orders-archive")) is None
    found = owners.belonging(named, lookup.find_version(named, LATEST))
    assert found.naming is not None
    assert found.naming.strategy is Strategy.TOPIC_RECORD


def test_the_first_of_several_owns_it_in_lists_too_and_the_retired_do_not() -> None:
    for name in ("dup-value", "ret-value"):
        register(name)
    owns("first", "topic", "dup")
    owns("second", "topic", "dup")
    owns("gone", "topic", "ret")
    Resource.objects.filter(name="ret").update(lifecycle=Lifecycle.RETIRED)
    assert owners.owner_of(qualify("dup-value")) == Owner("first", "It owns the topic dup.")
    assert owners.owner_of(qualify("ret-value")) is None
    listed = {t: [s.name for s in catalogue.subjects(Wanted(team=t))] for t in ("first", "second")}
    assert listed == {"first": ["dup-value"], "second": []}
    assert not catalogue.subjects(Wanted(team="gone"))


def test_a_list_tells_owners_with_as_many_queries_as_one_subject() -> None:
    for number in range(3):
        register(f"t{number}-value")
        owns(f"team{number}", "topic", f"t{number}")

    def counted(limit: int) -> int:
        rows = list(catalogue.subjects()[:limit])
        with CaptureQueriesContext(
            connection,
        ) as ran:
            found = queries.owned(rows)
        assert [one.belonging.owner.team for one in found if one.belonging.owner] == [
            f"team{number}" for number in range(limit)
        ]
        return len(ran)

    assert counted(1) == counted(3)


def test_lists_are_narrowed_by_team_format_and_state() -> None:
    owns("sales", "topic", "orders")
    owns("billing", "subject", "orders-key")
    owns("billing", "subject", "bills")
    for name in ("orders-value", "orders-key", "bills", "free"):
        register(name)
    register("proto", 'syntax = "proto3"; message M {}', "PROTOBUF")
    removal.delete_subject(register("gone"), permanent=False, by=BY)

    def names(wanted: Wanted) -> list[str]:
        return [one.name for one in catalogue.subjects(wanted)]

    assert names(Wanted(team="sales")) == ["orders-value"]
    assert names(Wanted(team="billing")) == ["bills", "orders-key"]
    assert names(Wanted(team="nobody")) == []
    assert names(Wanted(type="PROTOBUF")) == ["proto"]
    assert names(Wanted(deleted=True)) == ["gone"]
    (gone,) = catalogue.subjects(Wanted(deleted=True))
    assert (gone.live, gone.latest, gone.type) == (1, 1, "AVRO")  # type: ignore[attr-defined]
    assert "gone" not in names(Wanted())
