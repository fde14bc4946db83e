"""``/config…``: the settings of a subject, a context, the server."""

from __future__ import annotations

from django.http import HttpResponse

from registry import lookup, settings
from registry.changes import setting_change, subject_change
from registry.gate import admit, looks_at
from registry.naming import DEFAULT, GLOBAL, SubjectName
from registry.rest import shapes
from registry.rest.http import RegistryRequest, answer, resource


def place_of(request: RegistryRequest, subject: str | None) -> SubjectName:
    """The place that a path of settings names; none is the top level, or the context's."""
    return request.subject(subject or "")


def depends_on(subject: SubjectName) -> frozenset[str]:
    """Changes that make an answer about settings in scope of a subject old."""
    return frozenset(
        {
            subject_change(subject),
            setting_change(subject.context),
            setting_change(DEFAULT),
            setting_change(GLOBAL),
        }
    )


def _get(request: RegistryRequest, subject: str | None = None) -> HttpResponse:
    name = place_of(request, subject)
    admit(looks_at(name), name, request.actor)
    request.depends = depends_on(name)
    if request.flag("defaultToGlobal"):
        return answer(shapes.config(lookup.in_scope(name).values))
    return answer(shapes.config(settings.own_config(name)))


def _put(request: RegistryRequest, subject: str | None = None) -> HttpResponse:
    values = settings.set_config(
        place_of(request, subject),
        request.json("config.update.request"),
        by=request.actor,
        origin=request.origin,
    )
    return answer(shapes.config_update(values))


def _delete(request: RegistryRequest, subject: str | None = None) -> HttpResponse:
    name = place_of(request, subject)
    return answer(
        shapes.config(settings.delete_config(name, by=request.actor, origin=request.origin))
    )


one = resource(GET=_get, PUT=_put, DELETE=_delete)
