"""Bringing declared topics to a cluster: read, plan, send in batches, settle each object.

Nothing here trusts an earlier attempt: what is there is read afresh, the plan is made from it, and
a topic that is as declared is done, whoever made it so. That makes a second run after a kill, a
lost lease or a time-out the same as a first one. No transaction is open while a broker is waited
for.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import orjson
import structlog
from django.db import connection

from governance.kinds import Outcome, OutcomeState
from topics.errors import ClusterError, Fault
from topics.kafka import client as kafka
from topics.kafka.client import KafkaAdmin
from topics.kinds.topic.ahead import agreed, ahead
from topics.kinds.topic.kafka import Seen, read, send
from topics.kinds.topic.plan import Observed, plan_topic
from topics.kinds.topic.spec import TopicSpec, from_json
from topics.models import Cluster, DeclaredTopic
from topics.profiles import table as profiles
from topics.profiles.base import Profile
from topics.reconcile.actions import Action, Plan
from topics.reconcile.plan import batches, combined
from topics.services import clusters, lease, observe
from topics.services.settling import Settle, left_open, settle_all

log = structlog.get_logger(__name__)

ROUNDS = 5  # reads and plans of one run, when something stays open
LONGEST_PAUSE_S = 5.0
SETTLE_S = 3.0  # how long a read may trail behind a write that was acknowledged

# Held back for these reasons, a topic cannot become as declared; the others leave alone what is
# not ours, and the topic is done without it.
BLOCKING = frozenset({"paused", "vanished", "decrease", "replication"})
# A read that trails behind a write tells these wrongly, so they are believed after the last round.
DOUBTFUL = frozenset({"vanished", "decrease"})
INVALID_PARTITIONS = 37


@dataclass(frozen=True, slots=True)
class Declared:
    """A declared topic as the planner reads it."""

    name: str
    spec: TopicSpec
    generation: int
    last_applied: TopicSpec | None
    applied_generation: int
    applied_at: datetime | None
    paused: bool

    @property
    def ahead(self) -> frozenset[str]:
        """Paths that are declared and not applied."""
        if self.applied_generation == self.generation:
            return frozenset()
        return ahead(self.spec, self.last_applied)

    def agreed(self) -> Declared:
        """The topic without what is ahead: what may be put right while that is open. It carries
        the applied generation, so that putting it right marks nothing more as applied."""
        if self.last_applied is None or not self.ahead:
            return self
        part = agreed(self.spec, self.last_applied)
        return replace(self, spec=part, last_applied=part, generation=self.applied_generation)


@dataclass(slots=True)
class Progress:
    """What is left to do for the topics of one round, and what became of the others."""

    left: dict[str, int] = field(default_factory=dict)
    before: dict[str, dict[str, object]] = field(default_factory=dict)
    words: dict[str, list[str]] = field(default_factory=dict)
    open: dict[str, ClusterError] = field(default_factory=dict)

    def start(self, plan: Plan, before: Mapping[str, dict[str, object]]) -> None:
        """Takes in a fresh plan."""
        self.open.clear()
        self.left.clear()
        for action in plan.actions:
            self.left[action.name] = self.left.get(action.name, 0) + 1
            self.before.setdefault(action.name, before[action.name])
            self.words.setdefault(action.name, []).append(action.words())


def as_recorded(topic: Declared) -> Declared:
    """The topic with the history that its row tells."""
    return topic


def bring(
    cluster: Cluster,
    names: Sequence[str],
    settle: Settle,
    *,
    history: Callable[[Declared], Declared] = as_recorded,
    rounds: int = ROUNDS,
) -> None:
    """Brings the named declared topics to their declared state and settles each of them.

    `settle` is called with the outcomes of every batch as soon as there are any, and may raise to
    stop the run (another worker has the request). Every name is settled in the end, with RETRY or
    UNKNOWN where it stays open. `history` is for what takes a person's decision: it may tell the
    planner that a vanished topic was never there (and is made again), or that an override which
    others set is ours (and goes). `rounds` is how often what stays open is looked at.
    """
    done: list[str] = []

    def note(outcomes: Mapping[str, Outcome]) -> None:
        done.extend(name for name, outcome in outcomes.items() if _done(outcome))
        settle(outcomes)

    settle_all(
        cluster,
        names,
        note,
        lambda told, held: _bring(cluster, sorted(set(names)), told, held, history, rounds),
    )
    _look_again(cluster, done, history)


def _bring(
    cluster: Cluster,
    names: Sequence[str],
    settle: Settle,
    held: lease.Held,
    history: Callable[[Declared], Declared],
    rounds: int,
) -> None:
    """Rounds of read, plan and send, until nothing is open; each round only what is open still."""
    client = clusters.connect(cluster)
    profile = profiles.get(cluster.profile)
    progress = Progress()
    todo = list(names)
    for attempt in range(rounds):
        if attempt:
            _pause(attempt)
        declared = {n: history(t) for n, t in load_declared(cluster.pk, todo).items()}
        try:
            plan, outcomes, before = _plan(client, declared, profile, progress)
        except ClusterError as error:
            # What was sent before stays as unknown as it was; the next run reads it.
            if not progress.open or not error.retryable:
                raise
            kafka.forget(cluster.pk)
            break
        outcomes |= {name: _undeclared(name) for name in todo if name not in declared}
        mark_applied(cluster.pk, [declared[n] for n, o in outcomes.items() if _done(o)])
        settle(outcomes)
        progress.start(plan, before)
        progress.open |= _doubts(plan)
        _send(client, cluster, plan, declared, progress, settle, held)
        todo = sorted(progress.open)
        if not todo:
            break
    settle({name: left_open(error) for name, error in progress.open.items()})


def load_declared(cluster_id: int, names: Collection[str] | None = None) -> dict[str, Declared]:
    """Declared topics by name, as slotted values; all of the cluster with None."""
    rows = DeclaredTopic.objects.filter(cluster_id=cluster_id)
    if names is not None:
        rows = rows.filter(name__in=list(names))
    found = rows.values_list(
        "name",
        "partitions",
        "replication_factor",
        "configs",
        "generation",
        "last_applied",
        "last_applied_generation",
        "applied_at",
        "paused",
    )
    return {
        name: Declared(
            name,
            TopicSpec(partitions, replication, configs),
            generation,
            None if last is None else from_json(last),
            applied,
            at,
            paused,
        )
        for name, partitions, replication, configs, generation, last, applied, at, paused in (
            found.iterator(chunk_size=5_000)
        )
    }


def keys_of(declared: Mapping[str, Declared]) -> set[str]:
    """The config keys that a plan of these topics needs to read."""
    keys: set[str] = set()
    for topic in declared.values():
        keys |= topic.spec.configs.keys()
        if topic.last_applied is not None:
            keys |= topic.last_applied.configs.keys()
    return keys


def fresh_plan(
    client: KafkaAdmin, declared: Mapping[str, Declared], profile: Profile
) -> tuple[Plan, dict[str, dict[str, object]]]:
    """The plan of these topics from a fresh read, and what each of them is now (before-images)."""
    seen = read(client, sorted(declared), keys_of(declared))
    observed = {name: found.for_planning() for name, found in seen.items()}
    before: dict[str, dict[str, object]] = {
        name: observed[name].as_json() if name in observed else {"absent": True}
        for name in declared
    }
    return combined_plan(declared, observed, profile), before


def combined_plan(
    declared: Mapping[str, Declared], observed: Mapping[str, Observed], profile: Profile
) -> Plan:
    """The plan of these topics against what was observed of them; a missing one is not there."""
    return combined(
        plan_topic(
            name,
            topic.spec,
            topic.last_applied,
            observed.get(name),
            profile,
            paused=topic.paused,
        )
        for name, topic in declared.items()
    )


def _plan(
    client: KafkaAdmin,
    declared: Mapping[str, Declared],
    profile: Profile,
    progress: Progress,
) -> tuple[Plan, dict[str, Outcome], dict[str, dict[str, object]]]:
    """The plan, the outcomes of topics that need nothing or cannot get it, the before-images."""
    plan, before = fresh_plan(client, declared, profile)
    acting = {action.name for action in plan.actions}
    blocked = {h.name: h for h in plan.held_back if h.rule in BLOCKING and h.name not in acting}
    outcomes = {
        name: Outcome(OutcomeState.FAILED, held.reason, {"rule": held.rule})
        for name, held in blocked.items()
        if held.rule not in DOUBTFUL
    }
    for name in declared:
        if name not in acting and name not in blocked:
            outcomes[name] = _as_declared(name, progress)
    return plan, outcomes, {name: before[name] for name in acting}


def _doubts(plan: Plan) -> dict[str, ClusterError]:
    """Topics that are looked at once more before they are called gone or too large."""
    acting = {action.name for action in plan.actions}
    return {
        held.name: ClusterError(held.reason, fault=Fault.USER)
        for held in plan.held_back
        if held.rule in DOUBTFUL and held.name not in acting
    }


def _as_declared(name: str, progress: Progress) -> Outcome:
    if name in progress.words:  # sent in an earlier round, whose answer was lost
        return _applied(name, progress, "Done; the answer was lost, so it was read again.")
    return Outcome(OutcomeState.UNCHANGED, "The cluster has it as declared already.")


def _applied(name: str, progress: Progress, note: str = "") -> Outcome:
    # A later round plans less than the first, so the words of all rounds are told, once each.
    done = list(dict.fromkeys(progress.words.get(name, ())))
    return Outcome(
        OutcomeState.APPLIED,
        note or "; ".join(done),
        {"did": done},
        progress.before.get(name),
    )


def _undeclared(name: str) -> Outcome:
    return Outcome(OutcomeState.FAILED, f"{name} is not declared on this cluster.")


def _send(
    client: KafkaAdmin,
    cluster: Cluster,
    plan: Plan,
    declared: Mapping[str, Declared],
    progress: Progress,
    settle: Settle,
    held: lease.Held,
) -> None:
    """Sends the plan batch by batch. What fails for good is settled; what is open stays in
    `progress.open`, and no later action of such a topic is sent."""
    failed: set[str] = set()
    for whole in batches(plan.actions):
        batch = [a for a in whole if a.name not in failed and a.name not in progress.open]
        if not batch:
            continue
        held.renew()
        answers = _answers(client, batch)
        outcomes: dict[str, Outcome] = {}
        finished: list[Declared] = []
        for name, error in answers.items():
            if error is None:
                progress.left[name] -= 1
                if not progress.left[name]:
                    finished.append(declared[name])
                    outcomes[name] = _applied(name, progress)
            elif stays_open(error):
                progress.open[name] = error
            else:
                failed.add(name)
                outcomes[name] = Outcome(
                    OutcomeState.FAILED,
                    error.message,
                    {"wire_code": error.wire_code},
                    progress.before.get(name),
                )
        mark_applied(cluster.pk, finished)
        settle(outcomes)


def stays_open(error: ClusterError) -> bool:
    """Whether reading again may settle it.

    A topic that exists although it was not there a moment ago was made by a lost answer of ours, or
    by somebody else: the next plan looks at it; so too one that is gone although it was there, and
    one that has its partitions already.
    """
    doubtful = (Fault.RETRY, Fault.UNKNOWN, Fault.EXISTS, Fault.GONE)
    return error.fault in doubtful or error.wire_code == INVALID_PARTITIONS


def _answers(client: KafkaAdmin, batch: Sequence[Action]) -> dict[str, ClusterError | None]:
    """The answer of each topic of a batch; a call that failed as a whole answers for all."""
    try:
        return send(client, batch)
    except ClusterError as error:
        if not stays_open(error):
            raise
        log.warning("batch_open", topics=len(batch), error=error.message)
        return {action.name: error for action in batch}


def _done(outcome: Outcome) -> bool:
    return outcome.state in (OutcomeState.APPLIED, OutcomeState.UNCHANGED)


def _pause(attempt: int) -> None:
    """Back-off with jitter: reads trail behind writes, and a broker that is back needs a moment."""
    longest = min(0.25 * 2**attempt, LONGEST_PAUSE_S)
    time.sleep(longest * random.uniform(0.5, 1.0))  # noqa: S311  # jitter, no secret


_MARK = """
    UPDATE topics_declaredtopic AS t SET
        last_applied = r.spec::jsonb,
        last_applied_generation = r.generation,
        applied_at = clock_timestamp()
    FROM unnest(%(names)s::text[], %(specs)s::text[], %(generations)s::int[])
        AS r (name, spec, generation)
    WHERE t.cluster_id = %(cluster)s AND t.name = r.name
        AND (t.last_applied_generation < r.generation OR t.last_applied IS NULL
            OR t.applied_at IS NULL)
"""


def mark_applied(cluster_id: int, topics: Sequence[Declared]) -> None:
    """Notes that these specs are on the cluster now. A newer note is never overwritten."""
    if not topics:
        return
    ordered = sorted(topics, key=lambda topic: topic.name)
    with connection.cursor() as cursor:
        cursor.execute(
            _MARK,
            {
                "cluster": cluster_id,
                "names": [topic.name for topic in ordered],
                "specs": [orjson.dumps(topic.spec.on_cluster()).decode() for topic in ordered],
                "generations": [topic.generation for topic in ordered],
            },
        )


def _look_again(
    cluster: Cluster, names: Sequence[str], history: Callable[[Declared], Declared]
) -> None:
    """Writes down what the cluster has now of these topics, once it shows what was done.

    Only for pages to be fresh: the outcomes are settled, so nothing that fails here matters; the
    next round of observation sees it too.
    """
    if not names:
        return
    declared = {n: history(t) for n, t in load_declared(cluster.pk, names).items()}
    profile = profiles.get(cluster.profile)
    try:
        for _ in _polls(SETTLE_S):
            seen = observe.observe_topics(cluster, names)
            if all(_shows(topic, seen.get(name), profile) for name, topic in declared.items()):
                return
    except ClusterError as error:
        log.info("not_seen_again", cluster=cluster.slug, error=error.message)


def _shows(topic: Declared, seen: Seen | None, profile: Profile) -> bool:
    """Whether what was read has everything that is declared."""
    if seen is None:
        return False
    plan = plan_topic(topic.name, topic.spec, topic.last_applied, seen.for_planning(), profile)
    return not plan


def _polls(seconds: float) -> Iterator[int]:
    """Attempts with growing pauses, for `seconds` in all."""
    deadline = time.monotonic() + seconds
    pause = 0.05
    turn = 0
    while True:
        yield turn
        turn += 1
        if time.monotonic() + pause > deadline:
            return
        time.sleep(pause)
        pause = min(pause * 2, 1.0)
