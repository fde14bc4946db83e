"""``/compatibility/…``: would this schema be taken, and if not, why."""

from __future__ import annotations

from django.http import HttpResponse

from registry import naming, store
from registry.compatibility import Verdict
from registry.errors import InvalidSchema
from registry.rest import bodies, shapes
from registry.rest.http import RegistryRequest, answer, resource
from registry.rest.naming import subject_of


def _check(request: RegistryRequest, subject: str, version: str | None = None) -> HttpResponse:
    number = None if version is None else naming.version_number(version)
    verbose = request.flag("verbose")
    try:
        given = store.check(
            subject_of(request, subject),
            bodies.asked(request.json("compatibility.request")),
            version=number,
            normalize=request.flag("normalize"),
            by=request.actor,
        )
    except InvalidSchema as error:
        if not verbose:
            raise
        given = Verdict(False, (error.message,))
    return answer(shapes.verdict(given, verbose=verbose))


check = resource(POST=_check)
