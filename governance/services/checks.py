"""What the rules say of the items of a request: the same answer at typing, submit and approve."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet

from governance import facts, kinds
from governance.errors import Problem
from governance.kinds import ItemView
from governance.models import (
    Environment,
    Finding,
    Item,
    ItemAuthor,
    Membership,
    PolicyVersion,
    Request,
    Severity,
    Team,
)
from governance.permissions import DECIDING
from governance.policy.evaluate import PolicyRow, Verdict, evaluate
from governance.policy.facts import Facts
from governance.policy.routing import AUTO, Need, answerable, consumers_asked, route, teams_asked
from governance.waivers import inforce
from governance.waivers.inforce import Waivers
from governance.workflow import IN_FLIGHT

BATCH = 1_000
READERS = "consumers.count"


@dataclass(frozen=True, slots=True)
class Examination:
    """Everything that was found: `problems` no approval can lift, `verdicts` by item position, and
    `needs`, who must agree; `people`, who must where no policy approves by itself. `facts` by
    position are kept for pages that explain a verdict."""

    problems: tuple[Problem, ...]
    verdicts: Mapping[int, tuple[Verdict, ...]]
    needs: tuple[Need, ...]
    people: tuple[Need, ...] = ()

    def before_people(self) -> Examination:
        """The same for a request that people look at already: none of it approves itself."""
        return replace(self, needs=self.people) if _only_auto(self.needs) else self

    def without_problems_of(self, positions: Collection[int]) -> Examination:
        """The same with the kind's hard rules left aside for these items; policies still count."""
        kept = tuple(p for p in self.problems if p.position not in positions)
        return replace(self, problems=kept)

    def with_problems(self, problems: Sequence[Problem]) -> Examination:
        """The same with more that no approval can lift."""
        return replace(self, problems=(*self.problems, *problems))

    @property
    def refusals(self) -> tuple[Problem, ...]:
        """Problems and denying verdicts, as one list of sentences."""
        denied = [
            Problem(
                path=v.path,
                message=v.message,
                way_out=v.way_out,
                position=position,
                rule=f"{v.policy} v{v.version}",
            )
            for position, verdicts in sorted(self.verdicts.items())
            for v in verdicts
            if v.severity == Severity.DENY and not v.passed
        ]
        return (*self.problems, *denied)


def active_policies() -> list[PolicyRow]:
    """The active version of every policy, ready to be evaluated."""
    rows = (
        PolicyVersion.objects.filter(active=True).select_related("policy").order_by("policy__name")
    )
    return [as_rule(row) for row in rows]


def as_rule(row: PolicyVersion) -> PolicyRow:
    """A version of a policy, loaded with it, as the core evaluates it."""
    return PolicyRow(
        name=row.policy.name,
        version=row.version,
        kind=row.kind,
        expression=row.expression,
        severity=row.severity,
        approver=row.approver,
        waiver=row.waiver,
        scope=row.scope,
        path=row.path,
        message=row.message,
        way_out=row.way_out,
        owner=row.policy.owner,
    )


def examine(items: Sequence[ItemView], *, team: str, typed_by: int | None = None) -> Examination:
    """Checks items that belong to one request of `team`. Reads rows, never a cluster.

    `typed_by` is the person who is writing them, before they are anybody's items.
    """
    policies = active_policies()
    problems: list[Problem] = list(_held_by_others(items))
    verdicts: dict[int, tuple[Verdict, ...]] = {}
    needs: list[Need] = []
    people: list[Need] = []
    around = Around(
        request_id=items[0].request_id, typed_by=typed_by, counts_readers=_count_readers(policies)
    )
    waivers = inforce.concerning(items)
    with kinds.reading((i.kind, i.place, i.name) for i in items):
        for item in items:
            kind = kinds.get(item.kind)
            problems += [replace(p, position=item.position) for p in kind.check(item)]
            facts = item_facts(item, team=team, around=around)
            said = _said(item, facts, policies, waivers)
            verdicts[item.position] = said
            deciding = _decides(kind, item)
            needs += route(said, facts, instead_of_owner=deciding)
            people += route(said, facts, instead_of_owner=deciding, by_people=True)
    able = around.able(teams_asked([*needs, *people]))
    asked = _without_idle_auto(answerable(needs, able))
    return Examination(tuple(problems), verdicts, tuple(asked), tuple(answerable(people, able)))


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rules say of a change that nobody asks for: what policies of its kind say, and whom
    they have agree because it breaks what these read."""

    verdicts: tuple[Verdict, ...]
    consumers: tuple[Need, ...]


def judged(item: ItemView, *, team: str) -> Judged:
    """What is said of one item, for a change that is made elsewhere, now."""
    policies = [p for p in active_policies() if p.kind == item.kind]
    with kinds.reading([(item.kind, item.place, item.name)]):
        facts = item_facts(item, team=team, around=Around())
        said = _said(item, facts, policies, inforce.concerning([item]))
        return Judged(said, tuple(consumers_asked(facts)))


def _said(
    item: ItemView, facts: Facts, policies: Sequence[PolicyRow], waivers: Waivers
) -> tuple[Verdict, ...]:
    """What the policies of its kind say of an item, its waivers considered."""
    found = evaluate([p for p in policies if p.kind == item.kind], facts)
    return tuple(waivers.judge(item, verdict) for verdict in found)


def _without_idle_auto(needs: Sequence[Need]) -> Sequence[Need]:
    """A policy's own approval counts only where no item of the request needs a person."""
    people = [need for need in needs if need.role != AUTO]
    return people or needs


def _only_auto(needs: Sequence[Need]) -> bool:
    return all(need.role == AUTO for need in needs)


def _decides(kind: kinds.Kind, item: ItemView) -> list[Need]:
    """Who decides in place of the owner, for kinds that say so."""
    found = kind.agreement(item) if isinstance(kind, kinds.SaysWhoAgrees) else None
    agreed = [found] if isinstance(found, kinds.Agreement) else found or []
    return [Need(one.role, one.reason, one.policy, one.version) for one in agreed]


def _count_readers(policies: Sequence[PolicyRow]) -> bool:
    """Whether any policy asks how many teams read a thing, which may cost a query an item."""
    return any(READERS in text for p in policies for text in (p.expression, p.message, p.way_out))


@dataclass(frozen=True, slots=True)
class _Team:
    """Whether it has somebody on call, and who of it could agree."""

    on_call: bool
    able: frozenset[int]


class Around:
    """What is known of environments and teams, read once for each that is asked about.

    Who wrote the request, or types it, does not count among those who could agree.
    """

    def __init__(
        self,
        *,
        request_id: int = 0,
        typed_by: int | None = None,
        counts_readers: bool = False,
        sizes: Mapping[int, int] | None = None,
    ) -> None:
        self._request_id, self._typed_by = request_id, typed_by
        self._counts_readers, self._sizes = counts_readers, sizes or {}
        self._environments: dict[str, Mapping[str, object]] = {}
        self._teams: dict[str, _Team | None] = {}

    def environment(self, slug: str) -> Mapping[str, object]:
        """The limits of an environment."""
        if slug not in self._environments:
            self._environments[slug] = _environment_facts(slug)
        return self._environments[slug]

    def owner(self, team: str) -> Mapping[str, object]:
        """What is known of a team that owns; nothing where there is no such team."""
        known = self._team(team)
        if known is None:
            return {}
        return {"owner.on_call": known.on_call, "owner.approvers": len(known.able)}

    def able(self, teams: Collection[str]) -> dict[str, frozenset[int]]:
        """Ids of those who could agree for each of these teams; one query for all that were not
        asked about before."""
        self._read(set(teams) - self._teams.keys())
        return {team: known.able for team in teams if (known := self._teams.get(team))}

    def _team(self, team: str) -> _Team | None:
        if team not in self._teams:
            self._read({team})
        return self._teams[team]

    def _read(self, teams: Collection[str]) -> None:
        if not teams:
            return
        self._teams |= dict.fromkeys(teams)
        found = Team.objects.filter(slug__in=teams).annotate(able=ArraySubquery(self._able()))
        for slug, on_call, able in found.values_list("slug", "on_call", "able"):
            self._teams[slug] = _Team(bool(on_call.strip()), frozenset(able))

    def size(self, item: ItemView) -> int:
        """How many items the request of this one has."""
        return self._sizes.get(item.request_id) or max(1, len(item.beside))

    def readers(self, item: ItemView, own: Facts) -> Mapping[str, object]:
        """How many teams read the thing; nothing where nobody can say."""
        teams = own.get("consumers.teams")
        if teams is None and self._counts_readers:
            teams = facts.readers_of(item.kind, item.environment, item.name)
        return {READERS: len(teams)} if isinstance(teams, Collection) else {}

    def _able(self) -> QuerySet[Membership, int]:
        """Ids of those who decide for a team and wrote nothing of it, for a query of teams."""
        able = Membership.objects.filter(
            team=OuterRef("pk"), role__in=DECIDING, user__is_active=True
        ).exclude(user=self._typed_by or 0)
        if self._request_id:
            wrote = ItemAuthor.objects.filter(item__request=self._request_id)
            able = able.exclude(user__in=wrote.values("user"))
        return able.order_by().values_list("user", flat=True)


def item_facts(item: ItemView, *, team: str, around: Around) -> dict[str, object]:
    """The facts that policies judge: the kind's own, and those every item has."""
    kind = kinds.get(item.kind)
    current = kind.current(item.place, item.name)
    own = {**kind.facts(item), **facts.provided(item)}
    # Whom the kind itself names wins, and what is known of the owner is then known of that one.
    named = own.get("owner.team")
    owner = named if isinstance(named, str) else (current and current.owner) or team
    common = common_facts(item, owner=owner, asks=team, around=around)
    return {**common, **around.readers(item, own), **own}


def common_facts(item: ItemView, *, owner: str, asks: str, around: Around) -> dict[str, object]:
    """The facts that every item has."""
    return {
        "item.operation": item.operation,
        "item.name": item.name,
        "item.kind": item.kind,
        "item.place": item.place,
        "request.team": asks,
        "request.items": around.size(item),
        "owner.team": owner,
        "environment.name": item.environment,
        "environment.production": item.production,
        **around.owner(owner),
        **around.environment(item.environment),
    }


def _environment_facts(slug: str) -> dict[str, object]:
    limits = (
        Environment.objects.filter(slug=slug).values("retention_limit_ms", "max_partitions").first()
    )
    return {f"environment.{name}": value for name, value in (limits or {}).items()}


def _held_by_others(items: Sequence[ItemView]) -> list[Problem]:
    """Names that another open request asks for already: decide on that one first."""
    targets: dict[tuple[str, str], list[ItemView]] = defaultdict(list)
    for item in items:
        targets[item.kind, item.place].append(item)
    found: list[Problem] = []
    for (kind, place), group in targets.items():
        by_name = {item.name: item for item in group}
        others = (
            Item.objects.filter(
                kind=kind,
                place=place,
                name__in=list(by_name),
                request__state__in=[s.value for s in IN_FLIGHT],
            )
            .exclude(request_id=group[0].request_id)
            # What this one replaces gives its names to it.
            .exclude(request__in=_replaced(group[0].request_id))
            .values_list("name", "request_id")
        )
        found += [
            Problem(
                path="name",
                message=f"{name} is asked for in request #{number} already.",
                way_out=f"Wait until #{number} is decided, or comment there.",
                position=by_name[name].position,
                rule="one open request a name",
            )
            for name, number in others
        ]
    return found


def _replaced(request_id: int) -> QuerySet[Request]:
    return Request.objects.filter(replacements=request_id or None)


def store_findings(request: Request, examination: Examination, *, stage: str) -> None:
    """Keeps what was found for this revision and stage, in place of what was there before."""
    Finding.objects.filter(request=request, revision=request.revision, stage=stage).delete()
    ids = dict(request.items.values_list("position", "id"))
    rows = [
        Finding(
            request=request,
            item_id=ids.get(p.position),
            revision=request.revision,
            stage=stage,
            policy=p.rule,
            severity=Severity.DENY,
            path=p.path,
            message=p.message,
            way_out=p.way_out,
        )
        for p in examination.problems
    ]
    rows += [
        Finding(
            request=request,
            item_id=ids.get(position),
            revision=request.revision,
            stage=stage,
            policy=v.policy,
            policy_version=v.version,
            severity=v.severity,
            passed=v.passed,
            path=v.path,
            message=v.message,
            way_out=v.way_out,
            owner=v.owner,
            waived=v.waived,
        )
        for position, verdicts in examination.verdicts.items()
        for v in verdicts
    ]
    Finding.objects.bulk_create(rows, batch_size=BATCH)
