"""``/contexts``: those there are, and deleting an empty one."""

from __future__ import annotations

from django.http import HttpResponse

from registry import lookup, naming, removal
from registry.rest.http import V1, RegistryRequest, answer, resource

ANY = 2**31 - 1


def _list(request: RegistryRequest) -> HttpResponse:
    begins = request.GET.get("contextPrefix", "")
    bound = request.actor.context
    found = [c for c in lookup.contexts() if c.startswith(begins) and bound in (None, c)]
    request.depends = frozenset({"contexts"})
    return answer(found[request.page(ANY, ANY)])


def _delete(request: RegistryRequest, name: str) -> HttpResponse:
    removal.delete_context(naming.context_of_path(name), by=request.actor)
    return HttpResponse(status=204, content_type=V1)


listed = resource(GET=_list)
one = resource(DELETE=_delete)
