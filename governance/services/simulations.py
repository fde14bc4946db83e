"""Trying out a draft of a policy on everything that is declared and on the last requests.

Nothing of the draft is stored but the row of the simulation, which goes after a week. The row is
the truth: a worker takes it by a guarded update, says now and then that it is still on it, and a
sweep finds those whose worker died.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from itertools import islice

import structlog
from django.db import transaction
from django.db.models import Count, F
from django.db.models.functions import Now

from governance import audit, dispatch, facts, kinds
from governance.actors import Actor
from governance.errors import Conflict, Refused, WeirError
from governance.kinds import ItemView
from governance.models import UNFINISHED, Item, PolicyVersion, Request, Simulation, SimulationState
from governance.permissions import Action, demand
from governance.policy.evaluate import check_policy
from governance.policy.facts import of_change
from governance.policy.load import PolicyText
from governance.policy.simulation import Subject, Tally, everywhere, reads
from governance.policy.waiving import Granted
from governance.services.checks import Around, as_rule, common_facts, item_facts
from governance.services.items import Beside, Neighbour, view
from governance.waivers import inforce

log = structlog.get_logger(__name__)

LAST_REQUESTS = 500
MOST_ITEMS = 5_000
BATCH = 500
EVERY = 2_000  # objects, between two words of how far it is
AT_ONCE = 3  # unfinished ones of one person
ATTEMPTS = 3
SILENT = timedelta(minutes=2)
KEPT = timedelta(days=7)
AT_ONE_SWEEP = 20

Told = Callable[[int], None]


class Superseded(WeirError):
    """Another worker has taken this simulation over."""

    code = "simulation_taken_over"


@transaction.atomic
def start(text: PolicyText, *, by: Actor) -> Simulation:
    """Lets a worker try the draft out. Raises Refused with a problem for each field that is wrong,
    Conflict for somebody who has several under way."""
    demand(by, Action.SIMULATE_POLICIES, "policy")
    _must_hold_up(text)
    under_way = Simulation.objects.filter(author_id=by.user_id, state__in=UNFINISHED)
    if by.user_id is not None and under_way.count() >= AT_ONCE:
        raise Conflict(f"You have {AT_ONCE} simulations under way. Wait until one is done.")
    made = Simulation.objects.create(
        draft=asdict(text),
        policy=text.name,
        kind=text.kind,
        author_id=by.user_id,
        author_name=by.name,
    )
    audit.record("policy.simulated", by=by, about=made, data={"policy": text.name})
    dispatch.after_commit("governance.simulate", made.pk)
    return made


def draft_of(simulation: Simulation) -> PolicyText:
    """The draft as it was written."""
    known = PolicyText.__dataclass_fields__
    return PolicyText(**{name: value for name, value in simulation.draft.items() if name in known})


def run(pk: int) -> None:
    """Does one simulation, if no other worker is on it. An expected failure is kept in its row."""
    taken = Simulation.objects.filter(pk=pk, state=SimulationState.WAITING).update(
        state=SimulationState.RUNNING, attempts=F("attempts") + 1, beat_at=Now()
    )
    if not taken:
        return
    simulation = Simulation.objects.get(pk=pk)
    mine = Simulation.objects.filter(
        pk=pk, state=SimulationState.RUNNING, attempts=simulation.attempts
    )

    def told(judged: int) -> None:
        if not mine.update(judged=judged, beat_at=Now()):
            raise Superseded(f"Simulation {pk} was taken over by another worker.")

    try:
        found, against = simulate(draft_of(simulation), told=told)
    except Superseded:
        return
    except WeirError as error:
        mine.update(state=SimulationState.FAILED, failure=error.message, finished_at=Now())
        return
    mine.update(
        state=SimulationState.DONE, found=found, against=against, finished_at=Now(), failure=""
    )


def simulate(
    text: PolicyText, *, told: Told = lambda judged: None
) -> tuple[dict[str, object], int]:
    """What the draft would say of all there is, as JSON, and the version it was compared with (0:
    none is in force). `told` hears how many objects are judged."""
    _must_hold_up(text)
    began = time.monotonic()
    version = (
        PolicyVersion.objects.filter(policy__name=text.name, active=True)
        .select_related("policy")
        .first()
    )
    now = as_rule(version) if version is not None else None
    if now is not None and now.kind != text.kind:
        now = None  # it speaks of other things
    draft = text.row(version.version + 1 if version else 1)
    waivers = _waivers(text)
    notes: dict[str, str] = {}
    tally = Tally(everywhere(draft), everywhere(now) if now else None)
    count = 0
    for subject, given in _estate(text.kind, reads(draft, now), notes):
        tally.take(subject, given, waivers.get((subject.place, subject.name)))
        count += 1
        if count % EVERY == 0:
            told(count)
    tally.draft, tally.now = draft, now
    for subject, given in _requests(text.kind):
        tally.take(subject, given, waivers.get((subject.place, subject.name)))
        count += 1
        if count % BATCH == 0:
            told(count)
    told(count)
    found = {**tally.found(), "notes": notes, "seconds": round(time.monotonic() - began, 1)}
    return found, now.version if now else 0


def sweep() -> int:
    """Wakes a worker for simulations that nobody is on; gives up those that failed too often."""
    silent = Simulation.objects.filter(beat_at__lt=Now() - SILENT)
    silent.filter(state=SimulationState.RUNNING, attempts__gte=ATTEMPTS).update(
        state=SimulationState.FAILED,
        failure="Its worker died several times. Narrow the policy's scope, and try again.",
        finished_at=Now(),
    )
    silent.filter(state=SimulationState.RUNNING).update(
        state=SimulationState.WAITING, beat_at=Now()
    )
    waiting = Simulation.objects.filter(
        state=SimulationState.WAITING, beat_at__lt=Now() - timedelta(seconds=20)
    ) | Simulation.objects.filter(state=SimulationState.WAITING, attempts__gt=0)
    lost = list(waiting.order_by("pk").values_list("pk", flat=True)[:AT_ONE_SWEEP])
    for pk in lost:
        dispatch.send("governance.simulate", pk, expires=timedelta(minutes=1))
    return len(lost)


def tidy() -> None:
    """Removes simulations that have had their time."""
    Simulation.objects.filter(created_at__lt=Now() - KEPT).delete()


def _must_hold_up(text: PolicyText) -> None:
    problems = check_policy(text.row())
    if problems:
        raise Refused(
            f"Policy {text.name[:80]} cannot be tried out so: {problems[0].message}", problems
        )
    kinds.get(text.kind)


def _waivers(text: PolicyText) -> Mapping[tuple[str, str], Granted]:
    """Waivers of this policy in force, by place and name."""
    rows = inforce.listed(policy=text.name, state="in_force").filter(kind=text.kind)
    return {(row.place, row.object): inforce.of(row) for row in rows.iterator(BATCH)}


def _estate(
    name: str, wanted: frozenset[str], notes: dict[str, str]
) -> Iterator[tuple[Subject, dict[str, object]]]:
    """Everything declared of that kind, with its facts."""
    kind = kinds.get(name)
    if not isinstance(kind, kinds.Estate):
        notes["estate"] = f"What is declared cannot be judged: {kind.title} does not list it."
        return
    around = Around()
    nothing = of_change(kinds.Risk.SAFE, irreversible=False)  # what stands changes nothing
    for item, own in kind.estate_facts(wanted):
        common = common_facts(item, owner=item.team, asks=item.team, around=around)
        given = {**common, **nothing, **own}
        if not wanted <= given.keys():
            given |= facts.provided(item)
        yield _subject("estate", item, item.team), given


def _requests(name: str) -> Iterator[tuple[Subject, dict[str, object]]]:
    """Items of that kind of the last requests, as they would be judged today."""
    last = Request.objects.filter(submitted_at__isnull=False).order_by("-pk")
    ids = list(last.values_list("pk", flat=True)[:LAST_REQUESTS])
    rows = (
        Item.objects.filter(request__in=ids, kind=name)
        .select_related("request__team", "request__environment")
        .order_by("-request_id", "position")[:MOST_ITEMS]
    )
    counted = Item.objects.filter(request__in=ids).order_by().values_list("request")
    around = Around(sizes=dict(counted.annotate(n=Count("pk"))))
    asked = _asked_in(ids)
    found = rows.iterator(BATCH)
    while group := list(islice(found, BATCH)):
        items = [asked[row.request_id].told_to(view(row.request, row)) for row in group]
        with kinds.reading((i.kind, i.place, i.name) for i in items):
            for item in items:
                given = item_facts(item, team=item.team, around=around)
                yield _subject("requests", item, str(given["owner.team"])), given


def _asked_in(ids: Sequence[int]) -> dict[int, Beside]:
    """What else each of these requests is about: its items are judged by that as well."""
    rows = Item.objects.filter(request__in=ids).order_by("-request_id", "position")
    found: dict[int, list[Neighbour]] = {number: [] for number in ids}
    values = rows.values_list("request_id", "kind", "place", "name", "after__data_class")
    for number, *one in values[:MOST_ITEMS]:
        found[number].append(Neighbour(*one))
    return {number: Beside.of(neighbours) for number, neighbours in found.items()}


def _subject(source: str, item: ItemView, team: str) -> Subject:
    return Subject(
        source, item.kind, item.place, item.name, team, item.environment, item.request_id
    )
