"""Policies: what holds now, and every version there was."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from governance import lookups
from governance.errors import Invalid, NotFound
from governance.models import Policy, PolicyVersion
from governance.permissions import Action, allowed
from governance.services import policies as service
from governance.views import carried
from governance.views.pages import PageRequest, go, page, show

TONES: Mapping[str, str] = {
    "info": "grey",
    "warn": "amber",
    "approval": "blue",
    "deny": "red",
    "auto": "green",
}


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
    return _policy(request, name, reason=str(carried.initial(request).get("reason", "")))


@page
@require_POST
def activate(request: PageRequest, name: str) -> HttpResponse:
    """Puts one version in force; the one that was is so no longer."""
    text = request.POST.get("version", "")
    version = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    service.activate(name, version, by=request.actor)
    return go(request, reverse("policy", args=[name]))


@page
@require_POST
def deactivate(request: PageRequest, name: str) -> HttpResponse:
    """Switches the policy off, for a reason that the audit keeps."""
    reason = request.POST.get("reason", "")
    try:
        service.deactivate(name, by=request.actor, reason=reason)
    except Invalid as error:
        return _policy(request, name, reason=reason, refused=error.message)
    return go(request, reverse("policy", args=[name]))


def _policy(request: PageRequest, name: str, *, reason: str, refused: str = "") -> HttpResponse:
    """The page of a policy, with a reason for switching it off that was typed already."""
    found = lookups.policies().filter(name=name).first()
    if found is None:
        raise NotFound(f"There is no policy called {name}. See the list of policies.")
    versions = found.versions.select_related("created_by").order_by("-version")
    lines = [VersionLine(v, TONES.get(v.severity, "grey"), _scope(v.scope)) for v in versions]
    context = {
        "policy": found,
        "active": next((line for line in lines if line.version.active), None),
        "lines": lines,
        "may": allowed(request.actor, Action.MANAGE_POLICIES, "policy"),
        "reason_draft": reason,
        "reason_error": refused,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK
    return show(request, "policies/detail.html", context, status=status)


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
