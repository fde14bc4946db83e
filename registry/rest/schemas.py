"""Paths under ``/schemas``: by id, by guid, lists over subjects."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from django.http import HttpResponse

from registry import listing, lookup, reading
from registry.associations.rows import Lifecycle
from registry.changes import id_change, subject_change
from registry.errors import InvalidSchema, SchemaNotFound, UnknownPath
from registry.formats import base
from registry.gate import Operation, admit, looks_at
from registry.listing import Associated, Listed
from registry.lookup import Stored
from registry.naming import DEFAULT, SubjectName
from registry.rest import shapes
from registry.rest.http import (
    Json,
    RegistryRequest,
    Response,
    answer,
    resource,
    text_answer,
)
from registry.rest.lists import list_answer
from registry.rest.naming import is_searched, prefix_of, subject_of

LIST_LIMIT = 1000
NONE = "NONE"  # as a lifecycle: subjects without any association
ANY = 2**31 - 1


def _types(request: RegistryRequest) -> HttpResponse:
    request.depends = frozenset()
    return answer(base.names())


def _list(request: RegistryRequest) -> Response:
    prefix = prefix_of(request, request.GET.get("subjectPrefix", ""))
    admit(Operation.LIST, SubjectName(prefix.context or DEFAULT, ""), request.actor)
    asked = listing.Asked(
        prefix,
        deleted=request.flag("deleted"),
        latest_only=request.flag("latestOnly"),
        rule_type=request.GET.get("ruleType", ""),
        aliases=request.flag("aliases"),
        associated=_associated(request),
        within=request.actor.context,
        reader=request.reader,
        page=request.page(LIST_LIMIT, LIST_LIMIT),
    )
    weighty = bool(request.GET.get("format") or request.GET.getlist("findTags"))
    return list_answer(listing.schemas(asked), lambda one: _listed(one, request), weighty=weighty)


def _listed(one: Listed, request: RegistryRequest) -> Json | None:
    """A version in a list; None where it went while the list was made."""
    try:
        return shapes.listed(one, request)
    except InvalidSchema:  # what it refers to may have gone with it
        stored = one.stored
        if lookup.find_version(stored.subject, stored.version, deleted=True) is not None:
            raise
        return None


def _associated(request: RegistryRequest) -> Associated | None:
    """How the list is narrowed by associations, None where it is not."""
    lifecycles = request.GET.getlist("lifecycle")
    if not set(lifecycles) <= {*Lifecycle, NONE}:
        raise UnknownPath  # as for any other parameter that is a word of a list
    wanted = Associated(
        request.GET.get("resourceType"),
        request.GET.getlist("associationType"),
        [Lifecycle(one) for one in lifecycles if one != NONE],
        NONE in lifecycles,
    )
    return wanted if wanted != Associated(None, [], [], False) else None


def _held(request: RegistryRequest, number: int) -> Stored:
    """The schema of an id in the context that the request asks about. Raises SchemaNotFound."""
    text = request.GET.get("subject", "")
    subject = subject_of(request, text) if text else SubjectName(request.context or DEFAULT, "")
    admit(looks_at(subject), subject, request.actor)
    found = _by_id(subject.context, number, subject.name)
    exact = found is not None and subject.name in ("", found.subject.name)
    if not exact and subject.context != DEFAULT:
        raise SchemaNotFound(number)  # whoever names a context means that very subject
    if not exact and is_searched(request, text, subject):
        for other in filter(request.reader.may, lookup.elsewhere(subject)):
            there = _by_id(other.context, number, other.name)
            if there is not None and there.subject == other:
                return there
    if found is not None and not (exact and subject.name):  # which was admitted
        found = request.reader.holder(found)
    if found is None:
        raise SchemaNotFound(number)
    if exact:
        led_by = {subject_change(request.subject(text))} if text else set()  # it may be an alias
        request.depends = frozenset({id_change(subject.context, number), *led_by})
    return found


def _by_id(context: str, number: int, prefer: str) -> Stored | None:
    if not 0 <= number <= ANY:
        return None
    return lookup.by_id(context, number, prefer=prefer)


def _one(request: RegistryRequest, number: int) -> HttpResponse:
    stored = _held(request, number)
    max_id = None
    if request.flag("fetchMaxId"):
        request.depends = None  # every registration in the context changes it
        max_id = lookup.highest_id(stored.subject.context)
    return answer(shapes.schema_by_id(stored, request, max_id))


def _text(request: RegistryRequest, number: int) -> HttpResponse:
    return text_answer(shapes.rendered(_held(request, number), request.GET.get("format", "")))


def _subjects(request: RegistryRequest, number: int) -> HttpResponse:
    stored = _held(request, number)
    names = list(dict.fromkeys(str(subject) for subject, _ in _holders(request, stored)))
    return answer(names[request.page(ANY, ANY)])


def _versions(request: RegistryRequest, number: int) -> HttpResponse:
    stored = _held(request, number)
    held = _holders(request, stored)
    pairs = [{"subject": str(subject), "version": version} for subject, version in held]
    return answer(pairs[request.page(ANY, ANY)])


def _holders(request: RegistryRequest, stored: Stored) -> list[tuple[SubjectName, int]]:
    """The (subject, version) pairs that hold the same id, of what the caller may read."""
    deleted = request.flag("deleted")
    held = lookup.holders(stored.subject.context, stored.schema_id, deleted=deleted)
    readable = set(request.reader.only((subject for subject, _ in held), like=stored))
    return [(subject, version) for subject, version in held if subject in readable]


def _guid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise SchemaNotFound(text[:100]) from None


def _by_guid(request: RegistryRequest, guid: str) -> HttpResponse:
    if reading.told_apart(request.actor):
        stored = next((one for _, _, one in _read_by_guid(request, guid)), None)
    else:
        stored = lookup.by_guid(_guid(guid), prefer=request.actor.context or DEFAULT)
        if stored is not None:
            admit(Operation.READ, stored.subject, request.actor)
    if stored is None:
        raise SchemaNotFound(guid[:100])
    return answer(shapes.schema_by_guid(stored, request))


def _ids_of_guid(request: RegistryRequest, guid: str) -> HttpResponse:
    if reading.told_apart(request.actor):
        pairs = [(context, number) for context, number, _ in _read_by_guid(request, guid)]
    else:
        pairs = lookup.ids_of_guid(_guid(guid))
    bound = request.actor.context
    return answer([{"context": c, "id": n} for c, n in pairs if bound in (None, c)])


def _read_by_guid(request: RegistryRequest, guid: str) -> Iterator[tuple[str, int, Stored]]:
    """(context, id, what holds it) for each context in which the caller may read the content."""
    bound = request.actor.context
    for context, number in lookup.ids_of_guid(_guid(guid)):
        stored = lookup.by_id(context, number) if bound in (None, context) else None
        held = request.reader.holder(stored) if stored is not None else None
        if held is not None:
            yield context, number, held


types = resource(GET=_types)
listed = resource(GET=_list)
one = resource(GET=_one)
text = resource(GET=_text)
subjects = resource(GET=_subjects)
versions = resource(GET=_versions)
by_guid = resource(GET=_by_guid)
ids_of_guid = resource(GET=_ids_of_guid)
