"""``/subjects`` and ``/subjects/S``: lists, look-up by content, deleting."""

from __future__ import annotations

from django.http import HttpResponse

from registry import contracts, lookup, removal, store
from registry.errors import SchemaNotFound, SubjectNotFound
from registry.gate import Operation, admit
from registry.naming import DEFAULT, EVERY, SubjectName
from registry.rest import bodies, shapes
from registry.rest.http import RegistryRequest, answer, resource
from registry.rest.naming import prefix_of, remember, searched, subject_of

ANY = 2**31 - 1


def _list(request: RegistryRequest) -> HttpResponse:
    asked = request.GET.get("subjectPrefix", EVERY if request.context is None else "")
    prefix = prefix_of(request, asked)
    admit(Operation.LIST, SubjectName(prefix.context or DEFAULT, ""), request.actor)
    found = lookup.subjects(
        prefix, deleted=request.flag("deleted"), deleted_only=request.flag("deletedOnly")
    )
    found = request.reader.only(found)
    request.depends = frozenset({"subjects"})
    return answer([str(subject) for subject in found[request.page(ANY, ANY)]])


def _look_up(request: RegistryRequest, subject: str) -> HttpResponse:
    asked = bodies.asked(request.json("subject.lookup.request"))

    def read(name: SubjectName) -> store.Found:
        return store.find(
            name,
            asked,
            normalize=request.flag("normalize"),
            deleted=request.flag("deleted"),
            by=request.actor,
        )

    _, found = searched(request, subject, read)
    return answer(shapes.looked_up(found, request))


def _delete(request: RegistryRequest, subject: str) -> HttpResponse:
    numbers = removal.delete_subject(
        subject_of(request, subject),
        permanent=request.flag("permanent"),
        by=request.actor,
        origin=request.origin,
    )
    return answer(numbers)


def _metadata(request: RegistryRequest, subject: str) -> HttpResponse:
    """The newest version whose metadata has all the pairs of `key` and `value`."""
    name = subject_of(request, subject)
    admit(Operation.READ, name, request.actor)
    pairs = list(zip(request.GET.getlist("key"), request.GET.getlist("value"), strict=False))
    visible = lookup.heads(name, deleted=request.flag("deleted"))
    if not visible:
        raise SubjectNotFound(str(name))
    remember(request, subject, name)
    found = (
        head
        for head in visible
        if contracts.has_properties(head.metadata)
        and all(contracts.property_of(head.metadata, key) == value for key, value in pairs)
    )
    for stored in lookup.with_texts(found):
        return answer(shapes.schema_object(stored, request))
    raise SchemaNotFound


listed = resource(GET=_list)
one = resource(POST=_look_up, DELETE=_delete)
metadata = resource(GET=_metadata)
