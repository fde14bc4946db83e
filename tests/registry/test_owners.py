"""Whose a subject is, and why; and lists of what a team owns."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from governance import audit, kinds
from governance.actors import system_actor
from governance.models import Environment, Lifecycle, Resource
from registry import catalogue, lookup, owners, queries, removal, store
from registry.candidates import Asked
from registry.catalogue import Wanted
from registry.models import Association
from registry.naming import DEFAULT, LATEST, SubjectName, qualify
from registry.owners import Owner
from registry.strategies import Strategy
from tests.factories import make_environment, make_team
from tests.registry.rest.conftest import record, text_of
from tests.toy.models import DeclaredToy

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


@pytest.fixture
def two_contexts() -> None:
    """A topic of one name in two environments with a registry context each, owned by two teams."""
    for slug, context, team in (("dev", ".dev", "builders"), ("prod", ".", "sellers")):
        environment = make_environment(slug, registry_context=context)
        resource = Resource.objects.create(kind="topic", name="orders", owner=make_team(team))
        place(resource, environment)


def place(resource: Resource, environment: Environment) -> None:
    with transaction.atomic():
        DeclaredToy.objects.create(
            resource=resource,
            environment=environment,
            name=resource.name,
            place=f"shelf-{environment.slug}",
            colour="red",
        )


def test_a_topic_counts_in_the_contexts_of_its_environments(two_contexts: None) -> None:
    assert owners.owner_of(qualify(":.dev:orders-value")) == Owner(
        "builders", "It owns the topic orders."
    )
    assert owners.owner_of(qualify("orders-value")) == Owner("sellers", "It owns the topic orders.")
    assert owners.owner_of(qualify(":.test:orders-value")) is None
    # What was never placed counts everywhere, behind what was.
    owns("dreamers", "topic", "orders")
    found = [
        owners.owner_of(qualify(f":{context}:orders-value")) for context in (".", ".dev", ".test")
    ]
    assert [one.team for one in found if one] == ["sellers", "builders", "dreamers"]


def test_lists_of_a_team_say_the_same_of_both_contexts(two_contexts: None) -> None:
    for name in ("orders-value", ":.dev:orders-value", ":.test:orders-value", ":.dev:free"):
        register(name)
    owners.claim(qualify(":.dev:free"), make_team("sellers"))
    for team in ("builders", "sellers"):
        listed = {
            SubjectName(s.context.name, s.name) for s in catalogue.subjects(Wanted(team=team))
        }
        told = {
            row.name
            for row in queries.owned(list(catalogue.subjects()))
            if row.belonging.owner and row.belonging.owner.team == team
        }
        assert listed == told
        assert len(listed) == (1 if team == "builders" else 2)


def test_a_name_is_claimed_for_one_context_and_by_one_team() -> None:
    here, there = qualify("s"), qualify(":.dev:s")
    first, second = make_team("first"), make_team("second")
    assert owners.claim(here, first) == "first"
    assert owners.claim(here, second) == "first"
    assert owners.claim(there, second) == "second"
    assert [owners.owner_of(one) for one in (here, there)] == [
        Owner("first", owners.OWN),
        Owner("second", owners.OWN),
    ]
    Resource.objects.filter(owner=first).update(lifecycle=Lifecycle.RETIRED)
    assert owners.owner_of(here) is None or owners.owner_of(here) == Owner("second", owners.OWN)
    assert owners.claim(here, second) == "second"


def test_where_a_subject_was_claimed_in_production() -> None:
    make_environment("dev", registry_context=".dev")
    make_environment("live", production=True, registry_context=".")
    team = make_team("orders")
    with transaction.atomic():
        owners.claim(qualify(":.dev:orders"), team)
        audit.record("subject.claimed", by=BY, about=team)
    only_dev = list(Resource.objects.values_list("pk", flat=True))
    assert owners.production_of(only_dev) == ""
    with transaction.atomic():
        owners.claim(qualify("orders"), team)
        audit.record("subject.claimed", by=BY, about=team)
    assert owners.production_of(only_dev) == "live"
    kind = kinds.get("subject")
    assert isinstance(kind, kinds.HandsOver)
    assert kind.production_of(only_dev) == "live"
