"""``/associations…``: which subjects a topic uses, for its keys and its values.

Serializers ask by the topic's name before they write its first record, and expect a list, empty
where nobody said anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.http import HttpResponse

from registry import lookup, naming, weight
from registry.associations import rows, rules, store
from registry.associations.rows import TOPIC, Association, Filter, Lifecycle
from registry.associations.store import Caller, Made
from registry.errors import InvalidAssociation, RegistryError, UnknownPath
from registry.gate import Operation, admit
from registry.naming import DEFAULT, SubjectName
from registry.reading import told_apart
from registry.rest import association_bodies as bodies
from registry.rest import shapes
from registry.rest.association_bodies import Named, Op, Step
from registry.rest.errors import expected
from registry.rest.http import Json, RegistryRequest, answer, resource, without_empty
from registry.rest.naming import aliased, subject_of

LIST_LIMIT = 1000


# --- Reading -------------------------------------------------------------------------------------


def _filter(request: RegistryRequest) -> Filter:
    given = request.GET.get("lifecycle", "")
    if given and given not in tuple(Lifecycle):
        raise UnknownPath
    return Filter(
        request.GET.get("resourceType") or TOPIC,
        request.GET.getlist("associationType"),
        Lifecycle(given) if given else None,
        request.actor.context,
    )


def _listed(request: RegistryRequest, found: Sequence[Association]) -> HttpResponse:
    readable = _readable(request, found)
    page = readable[request.page(LIST_LIMIT, LIST_LIMIT)]
    return answer([shapes.association(one) for one in page])


def _readable(request: RegistryRequest, found: Sequence[Association]) -> list[Association]:
    """Those with subjects that the caller may read."""
    subjects = set(request.reader.only(one.subject for one in found))
    return [one for one in found if one.subject in subjects]


def _of_subject(request: RegistryRequest, subject: str) -> HttpResponse:
    name = subject_of(request, subject)
    admit(Operation.READ, name, request.actor)
    return _listed(request, rows.of_subject(name, _filter(request)))


def _of_resource(request: RegistryRequest, resource: str) -> HttpResponse:
    return _listed(request, rows.of_resource(resource, _filter(request)))


def _of_name(request: RegistryRequest, namespace: str, name: str) -> HttpResponse:
    return _listed(request, rows.of_name(name, namespace, _filter(request)))


def _many(request: RegistryRequest) -> HttpResponse:
    body = request.json("batchGetAssociations.request")
    with_schemas = request.flag("includeSchemas")
    if told_apart(request.actor):
        weight.alone()  # each is read anew
    return _results([_got(request, one, with_schemas) for one in bodies.requests(body)])


def _got(request: RegistryRequest, body: Json, with_schemas: bool) -> Json:
    try:
        named = bodies.named(body)
        if not named.id and not named.name:
            raise InvalidAssociation(
                "resourceId", "either resourceId or resourceName must be specified"
            )
        if named.name and not named.namespace:
            raise InvalidAssociation(
                "resourceNamespace", "resourceNamespace is required when resourceName is specified"
            )
        wanted = Filter(
            named.type or TOPIC,
            bodies.types(body),
            bodies.lifecycle(body.get("lifecycle")),
            request.actor.context,
        )
        if named.id:
            found = rows.of_resource(named.id, wanted)
        else:
            found = rows.of_name(named.name or "", named.namespace or "", wanted)
        found = _readable(request, found)
        if len({one.resource_id for one in found}) > 1:
            raise InvalidAssociation(
                "resourceName", f"'{named.name}' names several resources: ask by resourceId"
            )
        schemas = _latest(found, request) if with_schemas else {}
        return {"result": _response(_known(named, found), found, schemas)}
    except RegistryError as error:
        return _error(error)


def _known(named: Named, found: Sequence[Association]) -> Named:
    """What was sent of a resource, completed from what it has."""
    if not found:
        return Named(named.name, named.namespace, named.id, named.type or TOPIC)
    first = found[0]
    return Named(
        first.resource_name, first.resource_namespace, first.resource_id, first.resource_type
    )


def _latest(found: Sequence[Association], request: RegistryRequest) -> dict[str, Json]:
    latest = {one.type: lookup.find_version(one.subject, naming.LATEST) for one in found}
    return {t: shapes.schema_object(v, request) for t, v in latest.items() if v is not None}


# --- Writing -------------------------------------------------------------------------------------


def _caller(request: RegistryRequest) -> Caller:
    return Caller(request.actor, request.origin, request.flag("dryRun"))


def _qualifier(request: RegistryRequest) -> bodies.Qualify:
    """How subjects of a body are read: in the context of the query, else that of the request."""
    given = request.GET.get("context", "")
    context = naming.context_of_path(given) if given else request.context or DEFAULT

    def qualify(text: str) -> SubjectName:
        return aliased(naming.qualify(text, context))

    return qualify


def _create(request: RegistryRequest) -> HttpResponse:
    body = request.json("createAssociation.request")
    named = bodies.named(body)
    return answer(_associate(request, named, body, create=True))


def _upsert(request: RegistryRequest, resource: str) -> HttpResponse:
    body = request.json("createOrUpdateAssociation.request")
    named = bodies.named(body)
    if named.id is not None and named.id != resource:
        raise InvalidAssociation(
            "resourceId",
            "Resource ID in the path parameter does not match the resource ID in the request body",
        )
    named = Named(named.name, named.namespace, resource, named.type)
    return answer(_associate(request, named, body, create=False))


def _associate(request: RegistryRequest, named: Named, body: Json, *, create: bool) -> Json:
    caller = _caller(request)
    of = rules.resource(named.name, named.namespace, named.id, named.type, dry_run=caller.dry_run)
    wanted = bodies.wanted(body, _qualifier(request))
    made = store.associate(of, wanted, create=create, caller=caller)
    found = [one.association for one in made]
    return _response(Named(of.name, of.namespace, of.id, of.type), found, _schemas(made))


def _schemas(made: Sequence[Made]) -> dict[str, Json]:
    return {
        one.association.type: shapes.registered_in(one.schema)
        for one in made
        if one.schema is not None
    }


def _delete(request: RegistryRequest, resource: str) -> HttpResponse:
    store.dissociate(
        resource,
        Filter(request.GET.get("resourceType") or TOPIC, request.GET.getlist("associationType")),
        cascade=request.flag("cascadeLifecycle"),
        caller=_caller(request),
    )
    return HttpResponse(status=204)


def _change(request: RegistryRequest) -> HttpResponse:
    body = request.json("mutateAssociations.request")
    listed = bodies.requests(body)
    for one in listed:
        bodies.ensure_operations(one)
    weight.alone()
    return _results([_changed(request, one) for one in listed])


def _changed(request: RegistryRequest, body: Json) -> Json:
    """One request of a batch: done as a whole, or not at all."""
    caller = _caller(request)
    try:
        named = bodies.named(body)
        of = rules.resource(
            named.name, named.namespace, named.id, named.type, dry_run=caller.dry_run
        )
        steps = bodies.steps(body, _qualifier(request))
        with transaction.atomic():
            schemas: dict[str, Json] = {}
            for step in steps:
                schemas |= _take(of, step, caller)
        found = [] if caller.dry_run or of.id is None else rows.of_resource(of.id)
        known = Named(of.name, of.namespace, of.id, of.type)
        return {"result": _response(known, _readable(request, found), schemas)}
    except Exception as error:  # noqa: BLE001 - the others of the batch are answered all the same
        return _error(expected(error))


def _take(of: rules.Resource, step: Step, caller: Caller) -> dict[str, Json]:
    if step.op is not Op.DELETE:
        made = store.associate(of, step.wanted, create=step.op is Op.CREATE, caller=caller)
        return _schemas(made)
    wanted = Filter(of.type, [one.type for one in step.wanted])
    if of.id is not None and rows.of_resource(of.id, wanted):
        store.dissociate(of.id, wanted, cascade=step.cascade, caller=caller)
    return {}


# --- Answers -------------------------------------------------------------------------------------


def _response(named: Named, found: Sequence[Association], schemas: Mapping[str, Json]) -> Json:
    return without_empty(
        {
            "resourceName": named.name,
            "resourceNamespace": named.namespace,
            "resourceId": named.id,
            "resourceType": named.type,
            "associations": [
                without_empty(
                    {
                        "subject": str(one.subject),
                        "associationType": one.type,
                        "lifecycle": one.lifecycle,
                        "schema": schemas.get(one.type),
                    }
                )
                for one in found
            ],
        }
    )


def _error(error: RegistryError) -> Json:
    return {"error": {"error_code": error.code, "message": error.message}}


def _results(results: Sequence[Json]) -> HttpResponse:
    return answer({"results": list(results)}, 207)


made = resource(POST=_create)
many = resource(POST=_many)
changed = resource(POST=_change)
of_subject = resource(GET=_of_subject)
of_resource = resource(GET=_of_resource, PUT=_upsert, DELETE=_delete)
of_name = resource(GET=_of_name)
