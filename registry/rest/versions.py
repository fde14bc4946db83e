"""``/subjects/S/versions…``: listing, reading, registering, deleting."""

from __future__ import annotations

from django.http import HttpResponse

from registry import lookup, naming, removal, store, tagging, weight
from registry.errors import SubjectNotFound
from registry.gate import Operation, admit
from registry.lookup import Stored
from registry.rest import bodies, shapes
from registry.rest.http import RegistryRequest, answer, resource, text_answer
from registry.rest.naming import remember, searched, subject_of

ANY = 2**31 - 1


def _list(request: RegistryRequest, subject: str) -> HttpResponse:
    name = subject_of(request, subject)
    admit(Operation.READ, name, request.actor)
    there = lookup.versions(name)
    if request.flag("deletedAsNegative"):
        numbers = [-number if gone else number for number, gone in there]
    elif request.flag("deletedOnly"):
        numbers = [number for number, gone in there if gone]
    else:
        numbers = [number for number, gone in there if request.flag("deleted") or not gone]
    hidden_too = request.flag("deleted") or request.flag("deletedOnly")
    if not any(hidden_too or not gone for _, gone in there):
        raise SubjectNotFound(str(name))
    remember(request, subject, name)
    return answer(numbers[request.page(ANY, ANY)])


def _register(request: RegistryRequest, subject: str) -> HttpResponse:
    asked = bodies.asked(request.json("register.request"))
    made = store.register(
        subject_of(request, subject),
        asked,
        by=request.actor,
        origin=request.origin,
        normalize=request.flag("normalize"),
        force=request.flag("force"),
    )
    with weight.apart():
        return answer(shapes.registered(made, request.GET.get("format", "")))


def _held(request: RegistryRequest, subject: str, version: str) -> Stored:
    number = naming.version_number(version)
    deleted = request.flag("deleted")
    return searched(request, subject, lambda name: lookup.version(name, number, deleted=deleted))[1]


def _one(request: RegistryRequest, subject: str, version: str) -> HttpResponse:
    return answer(shapes.schema_object(_held(request, subject, version), request))


def _text(request: RegistryRequest, subject: str, version: str) -> HttpResponse:
    stored = _held(request, subject, version)
    return text_answer(shapes.rendered(stored, request.GET.get("format", "")))


def _referenced_by(request: RegistryRequest, subject: str, version: str) -> HttpResponse:
    number = naming.version_number(version)
    name, stored = searched(
        request, subject, lambda name: lookup.version(name, number, deleted=True)
    )
    request.depends = None  # any registration anywhere may add to it
    ids = lookup.referrers(name, stored.version, deleted=request.flag("deleted"))
    return answer(ids[request.page(ANY, ANY)])


def _tag(request: RegistryRequest, subject: str, version: str) -> HttpResponse:
    number = naming.version_number(version)
    made = tagging.retag(
        subject_of(request, subject),
        number,
        bodies.tagging(request.json("tag.schema.request")),
        by=request.actor,
        origin=request.origin,
    )
    return answer(shapes.registered(made))


def _delete(request: RegistryRequest, subject: str, version: str) -> HttpResponse:
    number = removal.delete_version(
        subject_of(request, subject),
        naming.version_number(version),
        permanent=request.flag("permanent"),
        by=request.actor,
        origin=request.origin,
    )
    return answer(number)


listed = resource(GET=_list, POST=_register)
one = resource(GET=_one, DELETE=_delete)
text = resource(GET=_text)
tags = resource(POST=_tag)
referenced_by = resource(GET=_referenced_by)
