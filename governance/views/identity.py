"""How people sign in here: what is set up, which rules give which rights, what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpResponse
from django.views.decorators.http import require_GET

from governance.identity.mapping import Rule
from governance.models import Team
from governance.permissions import Action, demand
from governance.services import identities
from governance.views.pages import PageRequest, page, show
from governance.views.tabs import organisation

MOST_RULES = 200
MOST_TROUBLES = 20


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule, and whether the team that it names is there."""

    group: str
    gives: str
    missing: bool


@dataclass(frozen=True, slots=True)
class Way:
    """A provider as it is set up; no secret is in it."""

    title: str
    facts: Sequence[tuple[str, str]]
    rules: Sequence[RuleRow]
    more: int


@page
@require_GET
def setup(request: PageRequest) -> HttpResponse:
    """For those who watch over accounts."""
    demand(request.actor, Action.VIEW, "identity")
    context = {
        "ways": _ways(),
        "local": settings.LOCAL_SIGN_IN,
        "second_factor": settings.MFA_REQUIRED,
        "recheck": settings.IDENTITY_RECHECK,
        "grace": settings.IDENTITY_GRACE,
        "troubles": identities.troubles(request.actor)[:MOST_TROUBLES],
        "tabs": organisation(request.actor, "identity"),
    }
    return show(request, "identity/setup.html", context)


def _ways() -> list[Way]:
    teams = set(Team.objects.filter(closed_at__isnull=True).values_list("slug", flat=True))
    found = []
    if settings.OIDC is not None:
        known = settings.OIDC
        facts = [
            ("Issuer", known.issuer),
            ("Client", known.client_id),
            ("Scopes", " ".join(known.scopes)),
            ("Claim of groups", known.groups_claim),
            ("Claim of the name", known.username_claim),
        ]
        found.append(_way(f"OpenID Connect: {known.label}", facts, known.rules, teams))
    if settings.LDAP is not None:
        ldap = settings.LDAP
        facts = [
            ("Server", f"{ldap.url}{' with StartTLS' if ldap.start_tls else ''}"),
            ("People", f"{ldap.user_filter} below {ldap.user_base}"),
            ("Groups", f"{ldap.group_filter} below {ldap.group_base}"),
            ("Name of a group", ldap.group_name),
            ("Id of a person", ldap.id_attribute),
        ]
        found.append(_way(f"LDAP: {ldap.label}", facts, ldap.rules, teams))
    return found


def _way(
    title: str, facts: Sequence[tuple[str, str]], rules: Sequence[Rule], teams: set[str]
) -> Way:
    rows = [
        RuleRow(rule.group, str(rule.grant), bool(rule.grant.team) and rule.grant.team not in teams)
        for rule in rules
    ]
    # Those that cannot work come first, so that none is cut off.
    rows.sort(key=lambda row: not row.missing)
    return Way(title, facts, rows[:MOST_RULES], max(len(rows) - MOST_RULES, 0))
