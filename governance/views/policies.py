"""Policies: what holds now, and every version there was."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from governance import lookups
from governance.errors import NotFound
from governance.models import Policy, PolicyVersion
from governance.views.pages import PageRequest, page, show

TONES: Mapping[str, str] = {"info": "grey", "warn": "amber", "approval": "blue", "deny": "red"}


@dataclass(frozen=True, slots=True)
class PolicyLine:
    """A policy with the version in force."""

    policy: Policy
    version: PolicyVersion | None
    tone: str
    scope: str


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One version with its scope in words."""

    version: PolicyVersion
    tone: str
    scope: str


@page
@require_GET
def policies(request: PageRequest) -> HttpResponse:
    words = request.GET.get("q", "").strip()[:80]
    found = list(lookups.policies(words))
    versions = lookups.active_versions(found)
    context = {"rows": _lines(found, versions), "words": words}
    return show(request, "policies/list.html", context, fragment="policies/_table.html")


@page
@require_GET
def policy(request: PageRequest, name: str) -> HttpResponse:
    found = lookups.policies().filter(name=name).first()
    if found is None:
        raise NotFound(f"There is no policy called {name}. See the list of policies.")
    versions = found.versions.select_related("created_by").order_by("-version")
    lines = [VersionLine(v, TONES.get(v.severity, "grey"), _scope(v.scope)) for v in versions]
    active = next((line for line in lines if line.version.active), None)
    context = {"policy": found, "active": active, "lines": lines}
    return show(request, "policies/detail.html", context)


def _lines(found: Sequence[Policy], versions: Mapping[int, PolicyVersion]) -> list[PolicyLine]:
    lines = []
    for one in found:
        version = versions.get(one.pk)
        tone = TONES.get(version.severity, "grey") if version else "grey"
        lines.append(PolicyLine(one, version, tone, _scope(version.scope) if version else ""))
    return lines


def _scope(scope: Mapping[str, object]) -> str:
    """Where a policy holds, in words: ``create · production``."""
    parts = []
    for name in ("operations", "environments", "teams"):
        values = scope.get(name)
        if isinstance(values, list) and values:
            parts.append(", ".join(str(v) for v in values))
    if scope.get("production") is not None:
        parts.append("production only" if scope["production"] else "not in production")
    rest = {k: v for k, v in scope.items() if k not in _KNOWN}
    if rest:
        parts.append(json.dumps(rest))
    return " · ".join(parts) or "everywhere"


_KNOWN = frozenset({"operations", "environments", "teams", "production"})
