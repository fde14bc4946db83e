"""Where resources are declared: over all kinds, without knowing any of them."""

from __future__ import annotations

from collections.abc import Collection

from django.apps import apps
from django.db.models import Exists, OuterRef, Q

from governance.models import DeclaredBase


def models() -> list[type[DeclaredBase]]:
    """The tables of declared rows, one a kind."""
    return [model for model in apps.get_models() if issubclass(model, DeclaredBase)]


def contexts_of(resources: Collection[int]) -> dict[int, set[str]]:
    """Registry contexts of the environments that each is declared in. One that is declared nowhere
    is missing. One query over all kinds."""
    first, *others = [
        model._default_manager.order_by()
        .filter(resource__in=resources)
        .values_list("resource_id", "environment__registry_context")
        for model in models()
    ]
    found: dict[int, set[str]] = {}
    for resource, context in first.union(*others):
        found.setdefault(resource, set()).add(context)
    return found


def production_of(resources: Collection[int]) -> str:
    """A production environment that one of these is declared in, by name; empty for none."""
    first, *others = [
        model._default_manager.order_by()
        .filter(resource__in=resources, environment__production=True)
        .values_list("environment__slug", flat=True)
        for model in models()
    ]
    return min(first.union(*others), default="")


def declared(context: OuterRef | None = None) -> Q:
    """For a query of resources: declared anywhere, or in environments of that registry context."""
    where = Q()
    for model in models():
        rows = model._default_manager.filter(resource=OuterRef("pk"))
        if context is not None:
            rows = rows.filter(environment__registry_context=context)
        where |= Q(Exists(rows))
    return where if where else Q(pk__in=[])
