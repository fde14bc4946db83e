"""A large company under Weir: 40 teams, 200 people, 50,000 topics, grants and subjects.

Rows are written in bulk, past the services, each step in one transaction with an event of its own,
as the guards of the database want it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db import transaction

from governance import audit
from governance.clock import database_now
from governance.models import (
    Application,
    ApplicationPrefix,
    Environment,
    Lifecycle,
    Membership,
    OrgRole,
    Resource,
    Team,
    User,
)
from governance.services import policies
from registry.models import Context, Schema, Subject, Version
from tests.factories import BY, make_environment
from topics.measures.model import GroupMeasure, MeasureRound, PriceBook, TopicMeasure
from topics.models import Cluster, DeclaredGrant, DeclaredTopic, Drift, ObservedBinding
from topics.models import ObservedTopic as SeenTopic

TEAMS: Final = 40
PEOPLE: Final = 200
TOPICS: Final = 50_000
UNMANAGED: Final = 2_000
DRIFTING: Final = 1_000
APPLICATIONS: Final = 200
GRANTS: Final = 4_000
GROUPS: Final = 20_000  # readers of topics, each so far behind
SUBJECTS: Final = 10_000
BATCH: Final = 5_000
DAY: Final = 86_400_000
ROLES: Final = ("requester", "requester", "owner", "owner", "viewer")
# What topics are called after; drawn by `chosen`, the same in every run.
DOMAINS: Final = ("orders", "invoices", "shipments", "refunds", "profiles", "carts", "devices")
FACTS: Final = ("created", "changed", "cancelled", "settled", "measured", "enriched", "expired")
CLUSTERS: Final = {
    "dev-1": "development",
    "stage-1": "staging",
    "prod-eu": "production",
    "prod-us": "production",
}
CONTEXTS: Final = {"development": "dev", "staging": "stage", "production": "."}
chosen = random.Random(6)  # noqa: S311 - a draw that is the same in every run, no secret


@dataclass(frozen=True, slots=True)
class Company:
    """What was made, for those who add to it or ask for pages of it.

    `authors` and `owners` are people by the slug of their team; `names` are topics as (cluster,
    name) by team.
    """

    environments: Sequence[Environment]
    clusters: Sequence[Cluster]
    teams: Sequence[Team]
    authors: dict[str, list[User]]
    owners: dict[str, list[User]]
    names: dict[str, list[tuple[str, str]]]
    applications: dict[str, list[Application]]
    steward: User
    platform: User


def make_company() -> Company:
    """All of it but requests; some 30 seconds."""
    policies.load_starter(by=BY)
    environments, clusters = _places()
    teams = _teams()
    people = _people(teams)
    applications = _applications(teams)
    names = _topics(clusters, teams)
    _grants(clusters, applications, names)
    _subjects(names)
    return Company(
        environments=environments,
        clusters=clusters,
        teams=teams,
        authors=people.authors,
        owners=people.owners,
        names=names,
        applications=applications,
        steward=people.steward,
        platform=people.platform,
    )


@transaction.atomic
def _places() -> tuple[list[Environment], list[Cluster]]:
    environments = {
        slug: make_environment(
            slug, production=slug == "production", max_partitions=48, registry_context=context
        )
        for slug, context in CONTEXTS.items()
    }
    clusters = [
        Cluster.objects.create(
            slug=slug,
            name=slug.capitalize(),
            environment=environments[environment],
            bootstrap="127.0.0.1:1",
            brokers=6,
            default_replication=3,
            default_configs={
                "retention.ms": {"value": str(7 * DAY), "source": "default"},
                "cleanup.policy": {"value": "delete", "source": "default"},
                "min.insync.replicas": {"value": "2", "source": "static"},
            },
            supported_keys=["cleanup.policy", "compression.type", "retention.ms", "segment.ms"],
            reachable=True,
            observed_at=database_now(),
        )
        for slug, environment in CLUSTERS.items()
    ]
    audit.record("bench.places", by=BY, about=clusters[0])
    return list(environments.values()), clusters


@transaction.atomic
def _teams() -> list[Team]:
    rows = [
        Team(slug=f"team-{number:02}", name=f"Team {number}", on_call=f"#on-call-{number}")
        for number in range(TEAMS)
    ]
    teams = Team.objects.bulk_create(rows)
    audit.record("bench.teams", by=BY, about=teams[0])
    return teams


@dataclass(frozen=True, slots=True)
class _People:
    authors: dict[str, list[User]]
    owners: dict[str, list[User]]
    steward: User
    platform: User


@transaction.atomic
def _people(teams: Sequence[Team]) -> _People:
    """Five in each team; every tenth owns the seven teams after her own as well."""
    users = User.objects.bulk_create(
        [User(username=f"person-{n:03}", name=f"Person {n}") for n in range(PEOPLE)]
    )
    authors: dict[str, list[User]] = {team.slug: [] for team in teams}
    owners: dict[str, list[User]] = {team.slug: [] for team in teams}
    memberships = []
    for number, user in enumerate(users):
        team, role = teams[number % TEAMS], ROLES[number // TEAMS]
        memberships.append(Membership(user=user, team=team, role=role))
        if role == "requester":
            authors[team.slug].append(user)
        if role == "owner":
            owners[team.slug].append(user)
        if number % 10 == 0 and role == "owner":
            further = [teams[(number + n) % TEAMS] for n in range(1, 8)]
            memberships += [Membership(user=user, team=other, role="owner") for other in further]
    Membership.objects.bulk_create(memberships)
    steward, platform = users[-1], users[-2]
    OrgRole.objects.create(user=steward, role="steward")
    OrgRole.objects.create(user=platform, role="platform")
    audit.record("bench.people", by=BY, about=users[0])
    return _People(authors, owners, steward, platform)


@transaction.atomic
def _applications(teams: Sequence[Team]) -> dict[str, list[Application]]:
    rows = Application.objects.bulk_create(
        [
            Application(team=teams[n % TEAMS], name=f"app-{n:03}", principal=f"User:app-{n:03}")
            for n in range(APPLICATIONS)
        ]
    )
    ApplicationPrefix.objects.bulk_create(
        [ApplicationPrefix(application=row, prefix=f"{row.name}.") for row in rows]
    )
    audit.record("bench.applications", by=BY, about=rows[0])
    found: dict[str, list[Application]] = {team.slug: [] for team in teams}
    for row in rows:
        found[row.team.slug].append(row)
    return found


# --- Topics -----------------------------------------------------------------------------------


@transaction.atomic
def _topics(clusters: Sequence[Cluster], teams: Sequence[Team]) -> dict[str, list[tuple[str, str]]]:
    resources = Resource.objects.bulk_create(
        [
            Resource(
                kind="topic",
                name=f"{teams[n % TEAMS].slug}.{_words()}-{n}",
                owner=teams[n % TEAMS],
                lifecycle=Lifecycle.ACTIVE,
            )
            for n in range(TOPICS)
        ],
        batch_size=BATCH,
    )
    declared = [
        _declared(clusters[n // TEAMS % len(clusters)], resource, n)
        for n, resource in enumerate(resources)
    ]
    DeclaredTopic.objects.bulk_create(declared, batch_size=BATCH)
    SeenTopic.objects.bulk_create(_seen(clusters, declared), batch_size=BATCH)
    _measures(clusters, declared)
    Drift.objects.bulk_create(_drifts(declared), batch_size=BATCH)
    audit.record("bench.topics", by=BY, about=clusters[0])
    names: dict[str, list[tuple[str, str]]] = {team.slug: [] for team in teams}
    for row in declared:
        names[row.resource.owner.slug].append((row.cluster.slug, row.name))
    return names


def _words() -> str:
    return f"{chosen.choice(DOMAINS)}.{chosen.choice(FACTS)}"


def _declared(cluster: Cluster, resource: Resource, number: int) -> DeclaredTopic:
    configs = {"retention.ms": str(DAY * (1 + number % 30)), "cleanup.policy": "delete"}
    spec = {"partitions": 1 + number % 24, "replication_factor": 3, "configs": configs}
    return DeclaredTopic(
        cluster=cluster,
        environment=cluster.environment,
        resource=resource,
        name=resource.name,
        partitions=1 + number % 24,
        replication_factor=3,
        configs=configs,
        last_applied=spec,
        last_applied_generation=1,
    )


def _seen(clusters: Sequence[Cluster], declared: Sequence[DeclaredTopic]) -> Iterable[SeenTopic]:
    now = database_now()
    for row in declared:
        found = {key: {"value": value, "source": "topic"} for key, value in row.configs.items()}
        yield _seen_topic(row.cluster, row.name, row.partitions, found, now)
    for number in range(UNMANAGED):
        yield _seen_topic(
            clusters[number % len(clusters)], f"legacy.{_words()}-{number}", 3, {}, now
        )


def _seen_topic(
    cluster: Cluster, name: str, partitions: int, configs: object, seen_at: datetime
) -> SeenTopic:
    return SeenTopic(
        cluster=cluster,
        name=name,
        partitions=partitions,
        replication_factor=3,
        configs=configs,
        row_hash=b"1",
        seen_at=seen_at,
        changed_at=seen_at,
    )


def _measures(clusters: Sequence[Cluster], declared: Sequence[DeclaredTopic]) -> None:
    """Sizes, growth and readers as the last round found them; what one cluster costs is unknown."""
    now = database_now()
    MeasureRound.objects.bulk_create(
        [MeasureRound(cluster=cluster, attempted_at=now, seen_at=now) for cluster in clusters]
    )
    PriceBook.objects.bulk_create(
        [
            PriceBook(cluster=one, currency="EUR", local_gib_month=Decimal("0.08"))
            for one in clusters[1:]
        ]
    )
    TopicMeasure.objects.bulk_create(
        (_measure(row, number, now) for number, row in enumerate(declared)), batch_size=BATCH
    )
    read = chosen.sample(declared, GROUPS)
    GroupMeasure.objects.bulk_create(
        (_reader(row, number, now) for number, row in enumerate(read)), batch_size=BATCH
    )


def _measure(row: DeclaredTopic, number: int, now: datetime) -> TopicMeasure:
    records = 1_000 * (1 + number % 500)
    seconds = int(now.timestamp())
    return TopicMeasure(
        cluster=row.cluster,
        name=row.name,
        partitions=row.partitions,
        end_offset=2 * records,
        records=records,
        leader_bytes=200 * records,
        local_bytes=600 * records,
        remote_bytes=0,
        record_bytes=200.0,
        samples=[[seconds - 3600, records], [seconds, 2 * records]],
        seen_at=now,
    )


def _reader(row: DeclaredTopic, number: int, now: datetime) -> GroupMeasure:
    lag = 0 if number % 3 else 50 * (1 + number % 100)
    return GroupMeasure(
        cluster=row.cluster,
        topic=row.name,
        group=f"app-{number % APPLICATIONS:03}.group",
        state="Stable",
        lag=lag,
        oldest_unread_at=now - timedelta(hours=1 + number % 48) if lag else None,
        unread_bytes=200 * lag,
        positions=b"1",
        seen_at=now,
    )


def _drifts(declared: Sequence[DeclaredTopic]) -> list[Drift]:
    now = database_now()
    return [
        Drift(
            cluster=row.cluster,
            kind="topic",
            name=row.name,
            key="configs.retention.ms",
            declared=row.configs["retention.ms"],
            observed=str(2 * DAY),
            team=row.resource.owner.slug,
            since_before=now - timedelta(minutes=number),
        )
        for number, row in enumerate(chosen.sample(declared, DRIFTING))
    ]


# --- Grants and subjects ----------------------------------------------------------------------


@transaction.atomic
def _grants(
    clusters: Sequence[Cluster],
    applications: dict[str, list[Application]],
    names: dict[str, list[tuple[str, str]]],
) -> None:
    by_slug = {cluster.slug: cluster for cluster in clusters}
    targets = chosen.sample([one for of_team in names.values() for one in of_team], GRANTS)
    every = [row for rows in applications.values() for row in rows]
    wanted = [
        (every[n % len(every)], ("consumer", "producer")[n % 2], by_slug[slug], topic)
        for n, (slug, topic) in enumerate(targets)
    ]
    resources = Resource.objects.bulk_create(
        [
            Resource(
                kind="grant",
                name=f"{application.name}/{role}/{topic}",
                owner=application.team,
                lifecycle=Lifecycle.ACTIVE,
            )
            for application, role, _, topic in wanted
        ],
        batch_size=BATCH,
    )
    DeclaredGrant.objects.bulk_create(
        [
            DeclaredGrant(
                cluster=cluster,
                environment=cluster.environment,
                resource=resource,
                name=resource.name,
                application=application,
                role=role,
                topic=topic,
                spec={"access": "read", "ends": "90 d", "purpose": "reports"},
                ends_at=database_now() + timedelta(days=90),
                last_applied_generation=1,
            )
            for resource, (application, role, cluster, topic) in zip(resources, wanted, strict=True)
        ],
        batch_size=BATCH,
    )
    now = database_now()
    ObservedBinding.objects.bulk_create(
        [
            ObservedBinding(
                cluster=cluster,
                resource_type="topic",
                resource_name=topic,
                principal=application.principal,
                operation="read" if role == "consumer" else "write",
                seen_at=now,
            )
            for application, role, cluster, topic in wanted
        ],
        batch_size=BATCH,
    )
    audit.record("bench.grants", by=BY, about=clusters[0])


@transaction.atomic
def _subjects(names: dict[str, list[tuple[str, str]]]) -> None:
    """A subject with one version for every fifth topic, all of the same schema."""
    context, _ = Context.objects.get_or_create(name=".")
    schema = Schema.objects.create(
        context=context, schema_id=1, type="AVRO", text='"string"', identity=b"1", likeness=b"1"
    )
    every = sorted(name for of_team in names.values() for _, name in of_team)
    subjects = Subject.objects.bulk_create(
        [Subject(context=context, name=f"{name}-value") for name in every[:: TOPICS // SUBJECTS]],
        batch_size=BATCH,
    )
    Version.objects.bulk_create(
        [Version(subject=row, version=1, schema=schema) for row in subjects], batch_size=BATCH
    )
    audit.record("bench.subjects", by=BY, about=audit.Subject("context", ".", "."))
