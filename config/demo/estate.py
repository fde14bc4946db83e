"""Making the demo estate: each part is made when it is not there, so that a second run changes
nothing and a person's own changes stay.

People, teams and the cluster record are written here; topics and schemas are not: they are asked
for and approved through the pipeline, like everybody's, and the worker applies them.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from django.db import transaction

from governance import audit, secrets, units
from governance.actors import actor_for_user, system_actor
from governance.errors import Refused
from governance.models import (
    Application,
    ApplicationPrefix,
    Environment,
    Membership,
    OrgRole,
    Request,
    Team,
    User,
)
from governance.services import requests, reviews
from governance.services.items import NewItem
from governance.workflow import State
from topics.models import Cluster, PriceBook
from topics.services import clusters, observe, prices

BY = system_actor("demo")
FILE = Path(__file__).parent / "estate.yaml"

Json = Mapping[str, Any]


def load() -> Json:
    """The estate as it is written down."""
    loaded: Json = yaml.safe_load(FILE.read_text())
    return loaded


def password_of(username: str) -> str:
    """The password of a demo account. No secret: the stack that has these listens on loopback."""
    return f"{username}-weir-demo"


@transaction.atomic
def make_people(estate: Json) -> None:
    """Environments, teams, people with their roles, and the application."""
    for row in estate["environments"]:
        _environment(row)
    for row in estate["teams"]:
        team, made = Team.objects.get_or_create(slug=row["slug"], defaults=row)
        if made:
            audit.record("team.created", by=BY, about=team, team=team.slug)
    for row in estate["people"]:
        _person(row)
    _application(estate["application"])


def _environment(row: Json) -> None:
    words = {"slug", "retention_limit", "retention_limits"}
    values = {k: v for k, v in row.items() if k not in words}
    values["retention_limit_ms"] = units.parse_duration_ms(row["retention_limit"])
    values["retention_limits_ms"] = {
        name: units.parse_duration_ms(limit)
        for name, limit in row.get("retention_limits", {}).items()
    }
    environment, made = Environment.objects.get_or_create(slug=row["slug"], defaults=values)
    if made:
        audit.record("environment.created", by=BY, about=environment)


def _person(row: Json) -> None:
    user, made = User.objects.get_or_create(
        username=row["username"],
        defaults={"name": row["name"], "email": f"{row['username']}@example.com"},
    )
    if not made:
        return
    user.set_password(password_of(user.username))
    user.save(update_fields=["password"])
    teams: dict[str, list[str]] = dict(row.get("also", {}))
    if row.get("team"):
        teams[row["team"]] = row["roles"]
    for slug, roles in teams.items():
        for role in roles:
            Membership.objects.create(user=user, team=Team.objects.get(slug=slug), role=role)
    for role in row.get("org_roles", []):
        OrgRole.objects.create(user=user, role=role)
    audit.record(
        "person.created",
        by=BY,
        about=user,
        data={"teams": teams, "org_roles": row.get("org_roles", [])},
    )


def _application(row: Json) -> None:
    application, made = Application.objects.get_or_create(
        name=row["name"],
        defaults={
            "team": Team.objects.get(slug=row["team"]),
            "principal": f"User:{row['username']}",
            "description": row["description"],
        },
    )
    if not made:
        return
    for prefix in row["prefixes"]:
        ApplicationPrefix.objects.create(application=application, prefix=prefix)
    audit.record("application.created", by=BY, about=application, team=row["team"])


def make_cluster(estate: Json, kafka: Mapping[str, str]) -> Cluster:
    """The record of the demo cluster, brought up to date with where the broker is now, and
    observed. Raises ClusterError when it cannot be read."""
    row = estate["cluster"]
    spec = clusters.ClusterSpec(
        name=row["name"],
        environment=row["environment"],
        bootstrap=kafka["bootstrap"],
        security=_security(kafka),
        password=kafka["password"] or None,
        region=row["region"],
        boundary=row["boundary"],
    )
    cluster = Cluster.objects.filter(slug=row["slug"]).first()
    if cluster is None:
        cluster = clusters.register(row["slug"], spec, by=BY)
    elif (cluster.bootstrap, cluster.security, _password(cluster)) != (
        spec.bootstrap,
        spec.security,
        kafka["password"],
    ):
        cluster = clusters.change(row["slug"], spec, by=BY)
    if not PriceBook.objects.filter(cluster=cluster).exists():
        _set_prices(cluster, row["prices"])
    observe.observe_cluster(cluster.pk)
    return cluster


def _set_prices(cluster: Cluster, row: Json) -> None:
    amounts = {name: Decimal(amount) for name, amount in row.items() if name != "currency"}
    prices.set_prices(cluster.slug, prices.PriceSpec(row["currency"], **amounts), by=BY)


def _password(cluster: Cluster) -> str | None:
    """What the record holds; None when the key it was sealed with is gone."""
    try:
        return secrets.reveal(cluster.password_ref).reveal() if cluster.password_ref else ""
    except secrets.SecretError:
        return None


def _security(kafka: Mapping[str, str]) -> dict[str, object]:
    if not kafka["user"]:
        return {"protocol": "PLAINTEXT"}
    return {
        "protocol": "SASL_PLAINTEXT",
        "mechanism": "SCRAM-SHA-512",
        "username": kafka["user"],
    }


def make_requests(estate: Json, cluster: Cluster) -> list[Request]:
    """The requests of the estate, each written, submitted and approved by its people once."""
    made = []
    for row in estate["requests"]:
        if Request.objects.filter(title=row["title"], team__slug=row["team"]).exists():
            continue
        made.append(_request(row, cluster))
    return made


def _request(row: Json, cluster: Cluster) -> Request:
    author = actor_for_user(User.objects.get(username=row["author"]))
    context = cluster.environment.registry_context
    request = requests.create_draft(
        title=row["title"],
        reason=row["reason"],
        team=Team.objects.get(slug=row["team"]),
        items=[
            NewItem(
                kind=item["kind"],
                operation=item["operation"],
                name=item["name"],
                place=context if item["kind"] == "subject" else cluster.slug,
                after=item["after"],
            )
            for item in row["items"]
        ],
        by=author,
    )
    try:
        request = requests.submit(request, by=author)
    except Refused:
        # Somebody's own topics stand in the way: the draft stays and says so on its page.
        return request
    for username in row.get("approve", []):
        if request.state == State.IN_REVIEW:
            approver = actor_for_user(User.objects.get(username=username))
            request = reviews.approve(request, revision=request.revision, by=approver)
    return request
