"""Thousands of requests: each is a copy of one that went through the services, for other people,
other teams and other names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import transaction

from bench.estate import BATCH, DAY, Company, chosen
from governance import audit
from governance.actors import actor_for_user
from governance.clock import database_now
from governance.models import (
    Comment,
    Event,
    Finding,
    Item,
    ItemAuthor,
    Request,
    Requirement,
    Review,
    User,
)
from governance.services import requests
from governance.services.items import NewItem
from governance.workflow import OPEN, State
from tests.factories import BY

OPEN_REQUESTS: Final = 10_000
CLOSED_REQUESTS: Final = 2_000
STATES: Final = {
    State.IN_REVIEW: 75,
    State.CHANGES_REQUESTED: 10,
    State.DRAFT: 10,
    State.SCHEDULED: 5,
}
ENDS: Final = {State.APPLIED: 80, State.DECLINED: 10, State.WITHDRAWN: 10}
SAID: Final = (
    "Why so many partitions?",
    "The weekly job reads it from the start, so a week is needed.",
    "Please name the group after the application.",
    "Agreed with the platform team on Tuesday.",
)
SCHEMA: Final = (
    '{"type":"record","name":"R%d","fields":[{"name":"id","type":"string"},'
    '{"name":"amount","type":"long"},{"name":"at","type":"long"}]}'
)

Asks = Callable[[Company, str, int], list[NewItem]]


def new_topic(company: Company, team: str, number: int) -> list[NewItem]:
    """A topic and its schema."""
    name = f"{team}.new.stream-{number}"
    after = {"partitions": 6, "configs": {"retention.ms": str(7 * DAY)}}
    return [
        NewItem("topic", "create", name, "prod-eu", after),
        NewItem("subject", "register", f"{name}-value", ".", {"schema": SCHEMA % number}),
    ]


def long_retention(company: Company, team: str, number: int) -> list[NewItem]:
    """More days than the environment allows, which a data steward must agree to."""
    place, name = company.names[team][number % len(company.names[team])]
    return [NewItem("topic", "alter", name, place, {"configs": {"retention.ms": str(90 * DAY)}})]


def more_partitions(company: Company, team: str, number: int) -> list[NewItem]:
    """Partitions of five topics of one cluster."""
    cluster = company.clusters[number % len(company.clusters)].slug
    names = [name for place, name in company.names[team] if place == cluster]
    first = number * 5 % (len(names) - 5)
    return [
        NewItem("topic", "alter", name, cluster, {"partitions": 36})
        for name in names[first : first + 5]
    ]


def access(company: Company, team: str, number: int) -> list[NewItem]:
    """One application may read another team's topic."""
    other = company.teams[number % len(company.teams)].slug
    place, topic = company.names[other][number % len(company.names[other])]
    application = company.applications[team][number % len(company.applications[team])]
    name = f"{application.name}/consumer/{topic}"
    after = {"ends": "90 d", "purpose": "monthly reports"}
    return [NewItem("grant", "create", name, place, after)]


SORTS: Final[Mapping[str, tuple[Asks, int]]] = {
    "A stream with its schema": (new_topic, 40),
    "Keep records longer": (long_retention, 25),
    "More partitions": (more_partitions, 10),
    "Access for reports": (access, 25),
}


@dataclass(frozen=True, slots=True)
class _Model:
    """A request that went through the services: what its copies are made from."""

    title: str
    asks: Asks
    items: Sequence[Item]
    findings: Sequence[Finding]
    roles: Sequence[Requirement]
    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class _Copy:
    """One copy to be made: its items name the same sort of things as the model's."""

    model: _Model
    number: int
    team: str
    author: User
    state: State
    items: Sequence[NewItem]


def make_requests(company: Company) -> None:
    """Open ones and closed ones, the open ones first."""
    models = [_model(company, title, asks) for title, (asks, _) in SORTS.items()]
    weights = [weight for _, weight in SORTS.values()]
    states = [(STATES, OPEN_REQUESTS), (ENDS, CLOSED_REQUESTS)]
    number = 1
    for mix, wanted in states:
        for start in range(0, wanted, BATCH):
            copies = []
            for _ in range(min(BATCH, wanted - start)):
                number += 1
                (model,) = chosen.choices(models, weights)
                (state,) = chosen.choices(list(mix), list(mix.values()))
                team = chosen.choice(company.teams).slug
                author = chosen.choice(company.authors[team])
                items = model.asks(company, team, number)
                copies.append(_Copy(model, number, team, author, state, items))
            _write(company, copies)


def _model(company: Company, title: str, asks: Asks) -> _Model:
    team = company.teams[0]
    author = actor_for_user(company.authors[team.slug][0])
    items = asks(company, team.slug, 1)
    found = requests.create_draft(
        title=title, reason=f"{title}, as agreed.", team=team, items=items, by=author
    )
    found = requests.submit(found, by=author)
    return _Model(
        title=title,
        asks=asks,
        items=list(found.items.all()),
        findings=list(found.findings.all()),
        roles=list(found.requirements.all()),
        events=list(Event.objects.filter(request_id=found.pk)),
    )


@transaction.atomic
def _write(company: Company, copies: Sequence[_Copy]) -> None:
    teams = {team.slug: team for team in company.teams}
    environments = {c.slug: c.environment for c in company.clusters}
    now = database_now()
    rows = []
    for n, copy in enumerate(copies):
        place = copy.items[0].place
        submitted = None if copy.state is State.DRAFT else now - timedelta(minutes=3 * n)
        rows.append(
            Request(
                title=f"{copy.model.title} {copy.number}",
                reason=f"{copy.model.title}, as agreed.",
                state=copy.state,
                author=copy.author,
                author_name=copy.author.username,
                team=teams[copy.team],
                environment=environments[place],
                submitted_at=submitted,
                expires_at=now + timedelta(days=30) if copy.state is State.IN_REVIEW else None,
                scheduled_for=now + timedelta(days=7) if copy.state is State.SCHEDULED else None,
            )
        )
    made = Request.objects.bulk_create(rows, batch_size=BATCH)
    pairs = list(zip(made, copies, strict=True))
    items = Item.objects.bulk_create(_items(pairs), batch_size=BATCH)
    ItemAuthor.objects.bulk_create(
        [ItemAuthor(item=item, user=item.request.author) for item in items], batch_size=BATCH
    )
    Finding.objects.bulk_create(_findings(pairs, items), batch_size=BATCH)
    _agree(company, pairs)
    Comment.objects.bulk_create(_comments(company, pairs), batch_size=BATCH)
    Event.objects.bulk_create(_events(pairs), batch_size=BATCH)
    audit.record("bench.requests", by=BY, about=made[0])


Pairs = Sequence[tuple[Request, _Copy]]


def _items(pairs: Pairs) -> Iterator[Item]:
    for request, copy in pairs:
        for new, model in zip(copy.items, copy.model.items, strict=True):
            yield Item(
                request=request,
                position=model.position,
                kind=model.kind,
                operation=model.operation,
                name=new.name,
                place=new.place,
                before=model.before,
                after=model.after,
                base_generation=model.base_generation,
                depends_on=model.depends_on,
                state="applied" if request.state == State.APPLIED else "pending",
            )


def _findings(pairs: Pairs, items: Sequence[Item]) -> Iterator[Finding]:
    by_place = {(item.request_id, item.position): item.pk for item in items}
    for request, copy in pairs:
        positions = {item.pk: item.position for item in copy.model.items}
        for model in copy.model.findings:
            position = positions.get(model.item_id or 0, 0)
            yield Finding(
                request=request,
                item_id=by_place[request.pk, position],
                revision=1,
                stage=model.stage,
                policy=model.policy,
                policy_version=model.policy_version,
                severity=model.severity,
                passed=model.passed,
                path=model.path,
                message=model.message,
                way_out=model.way_out,
            )


def _agree(company: Company, pairs: Pairs) -> None:
    """Who must agree; one in five of those that need a steward has her agreement already, and what
    was applied has everybody's."""
    wanted: list[tuple[Requirement, User | None]] = []
    for request, copy in pairs:
        if copy.state is State.DRAFT:
            continue
        for role in copy.model.roles:
            owner = role.role.startswith("owner:")
            could: User = chosen.choice(company.owners[copy.team]) if owner else company.steward
            given = copy.state is State.APPLIED or (not owner and copy.number % 5 == 0)
            requirement = Requirement(
                request=request,
                revision=1,
                role=f"owner:{copy.team}" if owner else role.role,
                reason=role.reason,
                policy=role.policy,
                policy_version=role.policy_version,
            )
            wanted.append((requirement, could if given else None))
    reviews = [
        Review(request=r.request, revision=1, reviewer=by, verdict="approve", acted_as=r.role)
        for r, by in wanted
        if by is not None
    ]
    made = iter(Review.objects.bulk_create(reviews, batch_size=BATCH))
    for requirement, by in wanted:
        requirement.review = next(made) if by is not None else None
    Requirement.objects.bulk_create([r for r, _ in wanted], batch_size=BATCH)


def _comments(company: Company, pairs: Pairs) -> Iterator[Comment]:
    for request, copy in pairs:
        for n in range(copy.number % 4):
            author = chosen.choice(company.owners[copy.team])
            yield Comment(
                request=request,
                author=author,
                author_name=author.username,
                body=SAID[n],
            )


def _events(pairs: Pairs) -> Iterator[Event]:
    for request, copy in pairs:
        for model in copy.model.events:
            yield Event(
                actor_kind=model.actor_kind,
                actor_id=copy.author.pk,
                actor_name=copy.author.username,
                action=model.action,
                object_kind=model.object_kind,
                object_id=str(request.pk),
                object_name=str(request),
                team=copy.team,
                request_id=request.pk,
                data=model.data,
            )


def count_open() -> int:
    """How many requests are open."""
    return Request.objects.filter(state__in=OPEN).count()
