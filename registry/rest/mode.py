"""``/mode…``: what may be done in a subject, a context, everywhere."""

from __future__ import annotations

from django.http import HttpResponse

from registry import lookup, settings
from registry.errors import InvalidMode
from registry.gate import admit, looks_at
from registry.rest.config import depends_on, place_of
from registry.rest.http import RegistryRequest, answer, resource


def _get(request: RegistryRequest, subject: str | None = None) -> HttpResponse:
    name = place_of(request, subject)
    admit(looks_at(name), name, request.actor)
    request.depends = depends_on(name)
    to_global = request.flag("defaultToGlobal")
    mode = lookup.in_scope(name).mode if to_global else settings.own_mode(name)
    return answer({"mode": mode.value})


def _put(request: RegistryRequest, subject: str | None = None) -> HttpResponse:
    body = request.json("mode.update.request")
    if "mode" not in body:
        raise InvalidMode
    settings.set_mode(
        place_of(request, subject),
        body["mode"],
        force=request.flag("force"),
        by=request.actor,
        origin=request.origin,
    )
    return answer({"mode": body["mode"]})


def _delete(request: RegistryRequest, subject: str | None = None) -> HttpResponse:
    was = settings.delete_mode(
        place_of(request, subject),
        recursive=request.flag("recursive"),
        by=request.actor,
        origin=request.origin,
    )
    return answer({} if was is None else {"mode": was})


one = resource(GET=_get, PUT=_put, DELETE=_delete)
