"""Access: the list of grants, the page of one, and answers to who may do what, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from governance import lookups
from governance import queries as request_queries
from governance.actors import Actor
from governance.errors import NotFound
from governance.permissions import Action, allowed
from governance.views.asking import change_url
from governance.views.pages import PageRequest, page, show
from governance.views.paging import by_number, narrowed_by
from governance.views.searches import Hits, register_search
from governance.workflow import OPEN
from topics import grant_queries as queries
from topics.kinds.grant.diff import ACCESS_WORDS
from topics.kinds.grant.kind import GrantKind
from topics.kinds.grant.model import DeclaredGrant
from topics.kinds.grant.roles import ROLES, Role
from topics.kinds.grant.spec import from_json, name_of
from topics.models import Cluster
from topics.queries import clusters as every_cluster
from topics.views.topic_tabs import tabs

MOST_REQUESTS = 20


@dataclass(frozen=True, slots=True)
class GrantRow:
    """A grant as lists print it."""

    row: DeclaredGrant
    url: str
    role: str
    topic: str


@page
@require_GET
def grants(request: PageRequest) -> HttpResponse:
    """Who uses what, for how long; narrowed by team, cluster and state."""
    teams, clusters = lookups.every_team(), list(every_cluster())
    narrow = narrowed_by(
        request,
        ["q"],
        {
            "team": {team.slug for team in teams},
            "cluster": {row.slug for row in clusters},
            "state": queries.STATES,
        },
    )
    found = queries.listed(
        words=narrow["q"], team=narrow["team"], cluster=narrow["cluster"], state=narrow["state"]
    )
    listed = by_number(request, found, one="grant")
    context = {
        "listed": listed,
        "rows": [_row(row) for row in listed.rows],
        "narrow": narrow,
        "narrowed": any(narrow.values()),
        "teams": teams,
        "clusters": [(row.slug, row.slug) for row in clusters],
        "states": _STATES,
        "tabs": tabs("grants"),
        "ask_url": f"{reverse('request-new')}?kind=grant",
    }
    return show(request, "grants/list.html", context, fragment="grants/_table.html")


_STATES = (
    ("active", "in force"),
    ("pending", "being given"),
    ("soon", "ends within 14 days"),
    ("ended", "ended"),
)


@page
@require_GET
def grant(request: PageRequest, cluster: str, name: str) -> HttpResponse:
    """One grant: how long, for what, which lines it takes, what happened to it."""
    row = queries.grant(cluster, name)
    named = name_of(name)
    if row is None or named is None:
        raise NotFound(f"There is no grant {name} on {cluster}.")
    spec = from_json(row.spec)
    team = row.application.team.slug
    requests = list(
        request_queries.of_target(request.actor, "grant", cluster, name)[:MOST_REQUESTS]
    )
    in_force = row.state == "active" and row.last_applied is not None
    change = allowed(request.actor, Action.REQUEST, "grant", team)
    context = {
        "grant": row,
        "named": named,
        "spec": spec,
        "role": ROLES[named.role],
        "access": ACCESS_WORDS[spec.access] if ROLES[named.role].access is None else "",
        "lines": queries.lines_of(row),
        "open_requests": [r for r in requests if r.state in OPEN],
        "page": {"history": lookups.history("grant", f"{cluster}/{name}")},
        "topic_url": _topic_url(row),
        "change_url": change_url("grant", cluster, name) if in_force and change.ok else "",
        "again_url": _again_url(row) if row.state != "active" and change.ok else "",
        "end_url": _end_url(row) if in_force and _may_end(request.actor) else "",
        "why_not": "" if change.ok else change.why,
        "in_force": in_force,
        "production": row.environment.production,
    }
    return show(request, "grants/detail.html", context)


@page
@require_GET
def explain(request: PageRequest) -> HttpResponse:
    """Who may use a topic, what a principal may do, why somebody may not: as far as it is asked."""
    clusters = list(every_cluster())
    slugs = [cluster.slug for cluster in clusters]
    narrow = narrowed_by(request, ["topic", "principal", "group"], {"cluster": slugs})
    chosen = narrow["cluster"] or (slugs[0] if slugs else "")
    cluster = next((c for c in clusters if c.slug == chosen), None)
    context = {
        "asked": {**narrow, "cluster": chosen},
        "cluster": cluster,
        "clusters": [(slug, slug) for slug in slugs],
        "tabs": tabs("explain"),
        **(_answer(cluster, narrow) if cluster else {}),
    }
    return show(request, "grants/explain.html", context, fragment="grants/_answer.html")


def _answer(cluster: Cluster, asked: Mapping[str, str]) -> dict[str, object]:
    topic, principal = asked["topic"], queries.principal_of(asked["principal"])
    if topic and principal:
        found = queries.explain(cluster, principal, topic, asked["group"])
        who = {"application": found.who.application} if found.who.application else {}
        return {
            "question": "why",
            "explanation": found,
            "read_url": ask_url(cluster.slug, topic, role="consumer", **who),
            "write_url": ask_url(cluster.slug, topic, role="producer", **who),
        }
    if topic:
        return {"question": "who", "topic": topic, "uses": queries.uses(cluster, topic)}
    if principal:
        rights = queries.rights(cluster, principal)
        return {"question": "what", "principal": principal, "rights": rights}
    return {"question": ""}


def _row(row: DeclaredGrant) -> GrantRow:
    return GrantRow(
        row=row,
        url=GrantKind().url(row.cluster.slug, row.name),
        role=ROLES[Role(row.role)].verb,
        topic=str(row.pattern),
    )


def _topic_url(row: DeclaredGrant) -> str:
    if row.prefixed:
        return f"{reverse('topics')}?{urlencode({'q': row.topic})}"
    return reverse("topic", args=[row.cluster.slug, row.topic])


def _again_url(row: DeclaredGrant) -> str:
    named = {"application": row.application.name, "role": row.role}
    return ask_url(row.cluster.slug, str(row.pattern), **named)


def _may_end(actor: Actor) -> bool:
    """Whether she may ask for anything at all; whose agreement it takes, the request says."""
    return bool(lookups.request_teams(actor))


def _end_url(row: DeclaredGrant) -> str:
    return f"{change_url('grant', row.cluster.slug, row.name)}&operation=revoke"


@register_search
def search(actor: Actor, words: str, limit: int) -> Hits:
    """Grants whose name holds the words: of an application, on a topic."""
    rows = [_row(row) for row in queries.listed(words=words)[:limit]]
    return Hits(
        title="Access",
        rows=[
            (one.url, one.row.name, f"{one.row.cluster.slug} · {one.row.get_state_display()}")
            for one in rows
        ],
        more_url=f"{reverse('grants')}?{urlencode({'q': words})}",
        names=True,
    )


def ask_url(place: str, topic: str, **known: str) -> str:
    """The form that asks for access to a topic; `known` may say the application and the role."""
    asked = {"kind": "grant", "place": place, "topic": topic, **known}
    return f"{reverse('request-new')}?{urlencode(asked)}"
