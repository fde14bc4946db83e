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
from governance.policy.load import write_policies
from governance.services import policies as service
from governance.views import carried
from governance.views.pages import PageRequest, go, page, show
from governance.views.waivers import lines as waiver_lines
from governance.waivers import inforce

MOST_WAIVERS = 20
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
    context = {
        "rows": _lines(found, versions),
        "words": words,
        "may_write": allowed(request.actor, Action.MANAGE_POLICIES, "policy").ok,
    }
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


@page
@require_GET
def as_yaml(request: PageRequest, name: str) -> HttpResponse:
    """The policy as the file that loads it: the version in force, else the newest."""
    found = _found(name)
    chosen = found.versions.order_by("-active", "-version").first()
    if chosen is None:
        raise NotFound(f"Policy {name} has no version yet. Write one first.")
    chosen.policy = found
    answer = HttpResponse(
        write_policies([service.text_of(chosen)]), content_type="application/yaml"
    )
    answer.headers["Content-Disposition"] = f'attachment; filename="{found.name}.yaml"'
    return answer


@page
@require_GET
def version(request: PageRequest, name: str, number: int) -> HttpResponse:
    """One version, beside the one before it."""
    found = _found(name)
    rows = found.versions.select_related("created_by").filter(version__lte=number)
    newest = list(rows.order_by("-version")[:2])
    if not newest or newest[0].version != number:
        raise NotFound(f"There is no version {number} of a policy {name}.")
    chosen, before = newest[0], newest[1] if len(newest) > 1 else None
    context = {
        "policy": found,
        "version": chosen,
        "before": before,
        "lines": differences(before, chosen),
        "tone": TONES.get(chosen.severity, "grey"),
    }
    return show(request, "policies/version.html", context)


@dataclass(frozen=True, slots=True)
class Difference:
    """One member of a version, as it was and as it is."""

    label: str
    before: str
    after: str
    changed: bool


_MEMBERS = (
    ("kind", "About"),
    ("severity", "When it objects"),
    ("approver", "Must agree"),
    ("waiver", "Grants waivers"),
    ("scope", "Holds for"),
    ("path", "Value"),
    ("expression", "Condition"),
    ("message", "Message"),
    ("way_out", "Way out"),
)


def differences(before: PolicyVersion | None, after: PolicyVersion) -> list[Difference]:
    """Every member of a version, with what it was in the one before."""
    lines = []
    for name, label in _MEMBERS:
        new = _member(after, name)
        old = _member(before, name) if before is not None else ""
        lines.append(Difference(label, old, new, before is not None and old != new))
    return lines


def _member(version: PolicyVersion, name: str) -> str:
    value = getattr(version, name)
    return _scope(value) if name == "scope" else str(value)


def _found(name: str) -> Policy:
    found = lookups.policies().filter(name=name).first()
    if found is None:
        raise NotFound(f"There is no policy called {name}. See the list of policies.")
    return found


def _policy(request: PageRequest, name: str, *, reason: str, refused: str = "") -> HttpResponse:
    """The page of a policy, with a reason for switching it off that was typed already."""
    found = _found(name)
    versions = found.versions.select_related("created_by").order_by("-version")
    lines = [VersionLine(v, TONES.get(v.severity, "grey"), _scope(v.scope)) for v in versions]
    context = {
        "policy": found,
        "active": next((line for line in lines if line.version.active), None),
        "lines": lines,
        "may": allowed(request.actor, Action.MANAGE_POLICIES, "policy"),
        "waivers": waiver_lines(list(inforce.listed(policy=name, state="in_force")[:MOST_WAIVERS])),
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
