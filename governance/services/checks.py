"""What the rules say of the items of a request: the same answer at typing, submit and approve."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from governance import facts, kinds
from governance.errors import Problem
from governance.kinds import ItemView
from governance.models import Environment, Finding, Item, PolicyVersion, Request, Severity
from governance.policy.evaluate import PolicyRow, Verdict, evaluate
from governance.policy.routing import AUTO, Need, merged, route
from governance.workflow import IN_FLIGHT

BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Examination:
    """Everything that was found: `problems` no approval can lift, `verdicts` by item position, and
    `needs`, who must agree. `facts` by position are kept for pages that explain a verdict."""

    problems: tuple[Problem, ...]
    verdicts: Mapping[int, tuple[Verdict, ...]]
    needs: tuple[Need, ...]

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
    return [
        PolicyRow(
            name=row.policy.name,
            version=row.version,
            kind=row.kind,
            expression=row.expression,
            severity=row.severity,
            approver=row.approver,
            scope=row.scope,
            path=row.path,
            message=row.message,
            way_out=row.way_out,
            owner=row.policy.owner,
        )
        for row in rows
    ]


def examine(items: Sequence[ItemView], *, team: str) -> Examination:
    """Checks items that belong to one request of `team`. Reads rows, never a cluster."""
    policies = active_policies()
    problems: list[Problem] = list(_held_by_others(items))
    verdicts: dict[int, tuple[Verdict, ...]] = {}
    needs: list[Need] = []
    environments = {slug: _environment_facts(slug) for slug in {i.environment for i in items}}
    with kinds.reading((i.kind, i.place, i.name) for i in items):
        for item in items:
            kind = kinds.get(item.kind)
            problems += [replace(p, position=item.position) for p in kind.check(item)]
            facts = item_facts(item, team=team, environment=environments[item.environment])
            said = tuple(evaluate([p for p in policies if p.kind == item.kind], facts))
            verdicts[item.position] = said
            needs += route(said, facts)
    return Examination(tuple(problems), verdicts, tuple(_without_idle_auto(merged(needs))))


def judged(item: ItemView, *, team: str) -> tuple[Verdict, ...]:
    """What the policies of its kind say of one item, for a change that nobody asks for: it is made
    elsewhere, now."""
    policies = [p for p in active_policies() if p.kind == item.kind]
    if not policies:
        return ()
    with kinds.reading([(item.kind, item.place, item.name)]):
        environment = _environment_facts(item.environment)
        return tuple(evaluate(policies, item_facts(item, team=team, environment=environment)))


def _without_idle_auto(needs: Sequence[Need]) -> Sequence[Need]:
    """A policy's own approval counts only where no item of the request needs a person."""
    people = [need for need in needs if need.role != AUTO]
    return people or needs


def item_facts(
    item: ItemView, *, team: str, environment: Mapping[str, object]
) -> dict[str, object]:
    """The facts that policies judge: the kind's own, and those every item has."""
    kind = kinds.get(item.kind)
    current = kind.current(item.place, item.name)
    owner = current.owner if current and current.owner else team
    return {
        "item.operation": item.operation,
        "item.name": item.name,
        "item.kind": item.kind,
        "item.place": item.place,
        "request.team": team,
        "owner.team": owner,
        "environment.name": item.environment,
        "environment.production": item.production,
        **environment,
        **kind.facts(item),
        **facts.provided(item),
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
        )
        for position, verdicts in examination.verdicts.items()
        for v in verdicts
    ]
    Finding.objects.bulk_create(rows, batch_size=BATCH)
