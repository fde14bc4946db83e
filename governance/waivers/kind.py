"""How a waiver takes part in requests: granted, or taken back early, like any other change.

Nothing remote is involved: what is declared holds at once, and every check asks for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse

from governance import audit, kinds
from governance.actors import Actor
from governance.errors import Problem
from governance.kinds import (
    Agreement,
    ApplyRun,
    Current,
    DiffRow,
    HeldHere,
    ItemView,
    Json,
    Outcome,
    OutcomeState,
    Risk,
    Step,
)
from governance.models import Environment, PolicyVersion, Request, Review, Team
from governance.policy.evaluate import GRANTS, NEVER, Severity
from governance.policy.facts import Fact, FactType, declare, of_change
from governance.policy.waiving import day
from governance.waivers import inforce
from governance.waivers.inforce import GRANT, KIND
from governance.waivers.model import Waiver
from governance.waivers.spec import WaiverSpec, from_json, parse, until_problem

FACTS: Final = (
    Fact("waiver.policy", FactType.TEXT, "policy that is to be waived"),
    Fact("waiver.severity", FactType.TEXT, "what its objection means: deny, approval, warn"),
    Fact("waiver.kind", FactType.TEXT, "kind of the object"),
    Fact("waiver.object", FactType.TEXT, "name of the object"),
    Fact("waiver.days", FactType.COUNT, "days until it ends"),
)
_HARD = "Hard rules of a kind are no policies: they can never be waived."


class WaiverKind(HeldHere):
    """Waivers: granted for one policy and one object, until a day."""

    name = KIND
    title = "Waiver"
    operations = frozenset({GRANT, "end"})
    depends_on: frozenset[str] = frozenset()

    def parse(
        self, operation: str, name: str, place: str, after: Json
    ) -> tuple[Json, list[Problem]]:
        """The spec in its normal form; a length of time becomes a day."""
        ends = operation != GRANT
        spec, problems = parse(after, name=name, today=inforce.today(), ends=ends)
        return spec.as_json(), problems

    def places(self) -> list[tuple[str, str, str]]:
        """Everywhere where anything else can live."""
        found = [place for kind in kinds.every() if kind.name != KIND for place in kind.places()]
        return list(dict.fromkeys(found))

    def current(self, place: str, name: str) -> Current | None:
        """The waiver of that name; None for one that was never granted."""
        row = _row(place, name)
        if row is None:
            return None
        spec = _spec(row).as_json() if _holds(row) else None
        return Current(
            declared=spec,
            generation=row.generation,
            observed=spec,
            owner=row.team.slug,
            environment=row.environment.slug,
        )

    def check(self, item: ItemView) -> list[Problem]:
        """Whether there is such a rule, whether it can be waived, for this object and so long."""
        spec = from_json(item.after)
        if item.operation != GRANT:
            return _check_end(item)
        version = inforce.rule(spec.policy)
        if version is None:
            return [
                Problem(
                    "policy",
                    f"There is no policy {spec.policy[:80]} in force that could be waived.",
                    f"Choose one of the list of policies. {_HARD}",
                )
            ]
        wrong = [*_check_rule(version, spec), *_check_object(item, spec)]
        if (problem := until_problem(spec.until, inforce.today())) is not None:
            wrong.append(problem)
        return wrong

    def facts(self, item: ItemView) -> Json:
        """Facts for policies on waivers."""
        spec = from_json(item.after)
        found: dict[str, object] = {
            "waiver.policy": spec.policy,
            "waiver.kind": spec.kind,
            "waiver.object": spec.target,
            **of_change(Risk.SAFE, irreversible=False),
        }
        if (version := inforce.rule(spec.policy)) is not None:
            found["waiver.severity"] = version.severity
        if spec.until is not None:
            found["waiver.days"] = (spec.until - inforce.today()).days
        return found

    def agreement(self, item: ItemView) -> Agreement | None:
        """Whoever the policy says may grant its waivers; they also let one be taken back."""
        spec = from_json(item.after)
        version = inforce.rule(spec.policy)
        role = GRANTS if version is None or version.waiver == NEVER else version.waiver
        number = version.version if version is not None else 0
        if spec.until is None:
            words = f"The waiver of {spec.target} from {spec.policy} is taken back: {spec.reason}"
        else:
            words = (
                f"{spec.target} is to be spared {spec.policy} until {day(spec.until)}: "
                f"{spec.reason}"
            )
        return Agreement(role, words, spec.policy if number else "", number)

    def rows(self, item: ItemView) -> list[DiffRow]:
        """The rule, the object, the last day and why."""
        spec = from_json(item.after)
        row = _row(item.place, item.name)
        before = _spec(row) if row is not None and _holds(row) else None
        had = day(before.until) if before is not None and before.until else "–"
        wanted = day(spec.until) if spec.until else "taken back"
        return [
            _line("policy", "Policy", spec.policy, before is not None),
            _line("object", spec.kind.capitalize(), spec.target, before is not None),
            DiffRow("until", "Until", had, had, wanted, changed=had != wanted),
            DiffRow(
                "reason",
                "Why",
                before.reason if before else "–",
                before.reason if before else "–",
                spec.reason,
                changed=before is None or before.reason != spec.reason,
            ),
        ]

    def steps(self, items: Sequence[ItemView]) -> list[Step]:
        """What changes for the next check."""
        return [_step(item, from_json(item.after)) for item in items]

    def declare(self, items: Sequence[ItemView], *, by: Actor) -> None:
        """*Worker*: writes the waivers of approved items, each with its event."""
        for item in items:
            row = (
                Waiver.objects.select_for_update(of=("self",))
                .select_related("team", "environment")
                .filter(place=item.place, name=item.name)
                .first()
            )
            spec = from_json(item.after)
            if item.operation == GRANT:
                _grant(item, spec, row, by)
            elif row is not None and row.ended_at is None:
                _end(item, spec, row, by)

    def apply(self, run: ApplyRun) -> None:
        """*Worker*: says what holds now; declaring it was all there is to do."""
        for item in run.items:
            spec = from_json(item.after)
            words = f"Granted until {day(spec.until)}." if spec.until else "Taken back."
            run.record({item.id: Outcome(OutcomeState.APPLIED, words)})

    def url(self, place: str, name: str) -> str:
        """The waiver's page; the list where it was never granted."""
        row = _row(place, name)
        return reverse("waiver", args=[row.pk]) if row is not None else reverse("waivers")


def _row(place: str, name: str) -> Waiver | None:
    return (
        Waiver.objects.select_related("policy", "team", "environment")
        .filter(place=place, name=name)
        .first()
    )


def _holds(row: Waiver) -> bool:
    return Waiver.objects.filter(inforce.IN_FORCE, pk=row.pk).exists()


def _spec(row: Waiver) -> WaiverSpec:
    return WaiverSpec(row.policy.name, row.kind, row.object, row.until, row.reason)


def _line(path: str, label: str, value: str, known: bool) -> DiffRow:
    before = value if known else "–"
    return DiffRow(path, label, before, before, value, changed=not known)


def _step(item: ItemView, spec: WaiverSpec) -> Step:
    target = f"{spec.target} on {item.place}"
    if spec.until is None:
        return Step(f"Let {spec.policy} count again for", target, position=item.position)
    words = f"Let {spec.policy} not count until {day(spec.until)} for"
    return Step(words, target, position=item.position)


# --- Rules ------------------------------------------------------------------------------------


def _check_rule(version: PolicyVersion, spec: WaiverSpec) -> list[Problem]:
    name, owner = version.policy.name, version.policy.owner
    if version.waiver == NEVER:
        return [
            Problem(
                "policy",
                f"Policy {name} v{version.version} is never waived: its owner, {owner}, allows no "
                "exception.",
                "Ask for a change that it lets pass, or talk to its owner about the rule.",
                rule=f"{name} v{version.version}",
            )
        ]
    if spec.kind == KIND or version.kind != spec.kind:
        return [
            Problem(
                "kind",
                f"Policy {name} is about a {version.kind}"
                + (
                    ", and rules on waivers are not waived."
                    if spec.kind == KIND
                    else f", not about a {spec.kind[:40]}."
                ),
                "Choose the policy that objects to this object.",
            )
        ]
    if version.severity in (Severity.INFO, Severity.AUTO):
        return [
            Problem(
                "policy",
                f"Policy {name} stops nobody, so there is nothing to waive.",
                "Leave the waiver out.",
            )
        ]
    return []


def _check_object(item: ItemView, spec: WaiverSpec) -> list[Problem]:
    """A waiver is asked for by whoever owns the object, or is about to make it."""
    try:
        kind = kinds.get(spec.kind)
    except kinds.UnknownKind as error:
        return [Problem("kind", error.message, "Choose one of them.")]
    if item.place not in {place for place, _, _ in kind.places()}:
        return [
            Problem(
                "place",
                f"A {spec.kind} cannot lie in {item.place}.",
                "Choose the place where the object is, or is to be.",
            )
        ]
    current = kind.current(item.place, spec.target)
    owner = current.owner if current is not None else ""
    if owner and owner != item.team:
        return [
            Problem(
                "object",
                f"{spec.target} belongs to {owner}, and {item.team} asks.",
                f"Let {owner} ask for the waiver.",
            )
        ]
    return []


def _check_end(item: ItemView) -> list[Problem]:
    row = _row(item.place, item.name)
    # A retry finds it taken back by its own first attempt.
    if row is not None and (_holds(row) or row.ended_request_id == item.request_id):
        return []
    return [
        Problem(
            "name",
            f"There is no waiver {item.name[:120]} in force.",
            "Nothing needs to be taken back.",
        )
    ]


# --- Writing ----------------------------------------------------------------------------------


def _grant(item: ItemView, spec: WaiverSpec, row: Waiver | None, by: Actor) -> None:
    if row is not None and row.request_id == item.request_id and row.ended_at is None:
        return  # an earlier attempt of this request wrote it
    version = inforce.rule(spec.policy)
    if version is None or spec.ends_at is None:
        return  # the check before this refused it; nothing to hold on to
    request = Request.objects.select_related("author").get(pk=item.request_id)
    row = row or Waiver(
        policy=version.policy, kind=spec.kind, place=item.place, object=spec.target, generation=0
    )
    row.name = item.name
    row.policy_version = version.version
    row.environment = Environment.objects.get(slug=item.environment)
    row.team = Team.objects.get(slug=item.team)
    row.reason = spec.reason
    row.generation += 1
    row.granted_at = Now()  # the database's clock
    row.ends_at = spec.ends_at
    row.ended_at, row.ended_reason, row.ended_request = None, "", None
    row.asked_by = str(request.author) if request.author else request.author_name
    row.granted_by = _granted_by(request, version.waiver)
    row.request = request
    row.save()
    audit.record(
        "waiver.granted",
        by=by,
        about=row,
        request_id=request.pk,
        team=item.team,
        data={
            "policy": spec.policy,
            "version": version.version,
            "object": f"{spec.kind} {item.place}/{spec.target}",
            "until": spec.until.isoformat() if spec.until else "",
            "granted_by": row.granted_by,
        },
    )


def _end(item: ItemView, spec: WaiverSpec, row: Waiver, by: Actor) -> None:
    row.ended_at = Now()  # the database's clock
    row.ended_reason = spec.reason
    row.generation += 1
    row.ended_request_id = item.request_id
    row.save(update_fields=["ended_at", "ended_reason", "generation", "ended_request"])
    audit.record(
        "waiver.ended",
        by=by,
        about=row,
        request_id=item.request_id,
        team=row.team.slug,
        data={"reason": spec.reason},
    )


def _granted_by(request: Request, role: str) -> str:
    """Who gave the approval that it needed; a policy version where one did so by itself."""
    given = Review.objects.filter(
        Q(requirements__role=role) | Q(reviewer__isnull=True),
        requirements__request=request,
        requirements__revision=request.revision,
    ).select_related("reviewer", "delegation__giver")
    names = {review.by for review in given}
    return ", ".join(sorted(names)) or role


declare(KIND, FACTS)
kinds.register(WaiverKind())
