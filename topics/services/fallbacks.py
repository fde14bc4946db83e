"""The end of a longer retention, which comes by itself.

When its time is over, a topic's declared retention becomes what was agreed on for then: a change of
the system's that cites the request in which people agreed. A worker brings it to the cluster, by
the same plan as every change, and the row says so until that is done: what cannot be done is tried
again by a sweep, each time after a longer pause, so that it keeps nobody else waiting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import DateTimeField, Q, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Now

from governance import audit, dispatch
from governance.actors import system_actor
from governance.clock import database_now
from governance.kinds import Outcome, OutcomeState
from topics.kinds.topic import configs
from topics.kinds.topic.ahead import agreed
from topics.kinds.topic.reason import FIELD, KEY, RetentionReason, from_json
from topics.models import Cluster, DeclaredTopic
from topics.services import apply
from topics.services.apply import Declared

log = structlog.get_logger(__name__)

SYSTEM = "leases"
ENDED_AT_ONCE = 500  # topics that one sweep lets fall back; the next goes on
BROUGHT_AT_ONCE = 1_000
FIRST_PAUSE: Final = timedelta(seconds=5)
LONGEST_PAUSE: Final = timedelta(minutes=10)
PATH = f"configs.{KEY}"
_DONE = frozenset({OutcomeState.APPLIED, OutcomeState.UNCHANGED})


def end_due() -> int:
    """Lets the topics whose longer time is over fall back, each with an event that cites the
    request in which that was agreed, and sets workers going. How many did.

    A topic that never came to be is left out: its time begins when it does.
    """
    with transaction.atomic():
        due = list(
            DeclaredTopic.objects.select_for_update(of=("self",), skip_locked=True)
            .filter(retention_ends_at__lte=Now(), last_applied__isnull=False)
            .select_related("resource__owner", "cluster")
            .order_by("retention_ends_at", "pk")[:ENDED_AT_ONCE]
        )
        happenings = [_fall_back(row) for row in due]
        DeclaredTopic.objects.bulk_update(
            due,
            ["configs", "retention_reason", "retention_ends_at", "fall_back", "generation",
             "origins", "updated_at"],
        )  # fmt: skip
        audit.record_many(happenings, by=system_actor(SYSTEM))
        for cluster_id in sorted({row.cluster_id for row in due}):
            dispatch.after_commit("topics.fall_back", cluster_id, queue="clusters")
    return len(due)


def _fall_back(row: DeclaredTopic) -> audit.Happening:
    """Changes the row to what was agreed on for this end; the event that says so."""
    reason = from_json(row.retention_reason)
    assert reason is not None  # noqa: S101  # the two columns are written together
    number = request_of(row)
    ended, before = row.retention_ends_at, row.configs.get(KEY)
    row.configs = reason.after_end(row.configs)
    after = row.configs.get(KEY)
    row.fall_back = {
        "request": number,
        "to": after,
        "since": ended.isoformat() if ended else None,
        "error": "",
    }
    row.retention_reason = row.retention_ends_at = None
    row.generation += 1
    row.updated_at = Now()  # the database's clock
    row.origins = _origins(row.origins, after)
    return audit.Happening(
        "topic.fell_back",
        audit.Subject("topic", f"{row.cluster.slug}/{row.name}", row.name),
        request_id=number,
        team=row.resource.owner.slug,
        data={
            "before": before,
            "after": after,
            "message": f"{row.name}: {_in_words(before)} → {_in_words(after)}",
            **_told(reason, ended),
        },
    )


def request_of(row: DeclaredTopic) -> int | None:
    """The request in which the reason that holds was agreed."""
    number = str(row.origins.get(FIELD, "")).removeprefix("request:")
    return int(number) if number.isdecimal() else None


def _origins(old: Mapping[str, str], after: str | None) -> dict[str, str]:
    """The value that it falls back to comes from the request that agreed on the end."""
    kept = {path: source for path, source in old.items() if path not in (FIELD, PATH)}
    return kept if after is None or FIELD not in old else {**kept, PATH: old[FIELD]}


def _in_words(value: str | None) -> str:
    return "the cluster's default" if value is None else configs.human(configs.KEYS[KEY], value)


def _told(reason: RetentionReason, ended: datetime | None) -> dict[str, object]:
    return {
        "reason": reason.kind.value,
        "text": reason.text,
        "ended": ended.isoformat() if ended else None,
    }


# --- Bringing it to the cluster (workers) -----------------------------------------------------


def _open() -> QuerySet[DeclaredTopic]:
    """Topics that fell back and whose clusters do not know yet. A paused one waits, and so does one
    that could not be done until it is tried again."""
    again_at = Cast(KT("fall_back__again_at"), DateTimeField())
    rows = DeclaredTopic.objects.filter(fall_back__isnull=False, paused=False)
    return rows.alias(again_at=again_at).filter(Q(again_at=None) | Q(again_at__lte=Now()))


def pause(tries: int) -> timedelta:
    """How long one waits that could not be done for the so many-th time."""
    doubled: int = 2 ** min(tries - 1, 20)
    return min(FIRST_PAUSE * doubled, LONGEST_PAUSE)


def bring(cluster_id: int) -> int:
    """*Worker*: brings what fell back to a cluster; how many are done.

    What cannot be done now stays noted with its reason, and is tried again by the sweep.
    """
    cluster = Cluster.objects.select_related("environment").get(pk=cluster_id)
    rows = _open().filter(cluster=cluster).order_by("pk")[:BROUGHT_AT_ONCE]
    generations = dict(rows.values_list("name", "generation"))
    if not generations:
        return 0
    done = 0

    def settle(outcomes: Mapping[str, Outcome]) -> None:
        nonlocal done
        done += _settle(cluster, outcomes, generations)

    apply.bring(cluster, sorted(generations), settle, history=retention_alone, rounds=1)
    return done


def retention_alone(recorded: Declared) -> Declared:
    """The topic with nothing but its retention ahead: what a request declared beside it and could
    not apply must not be tried again along with it."""
    last = recorded.last_applied
    if last is None or recorded.ahead <= {PATH}:
        return recorded
    part = agreed(recorded.spec, last)
    wanted, had = recorded.spec.configs.get(KEY), last.configs.get(KEY)
    return replace(
        recorded,
        spec=replace(part, configs=_with(part.configs, wanted)),
        last_applied=replace(part, configs=_with(part.configs, had)),
        generation=recorded.applied_generation,
    )


def _with(overrides: Mapping[str, str], value: str | None) -> dict[str, str]:
    kept = {key: text for key, text in overrides.items() if key != KEY}
    return kept if value is None else {**kept, KEY: value}


def _settle(
    cluster: Cluster, outcomes: Mapping[str, Outcome], generations: Mapping[str, int]
) -> int:
    """Notes how each ended: what is done with an event, what is not with why. How many are done."""
    with transaction.atomic():
        rows = list(
            DeclaredTopic.objects.select_for_update(of=("self",))
            .filter(cluster=cluster, name__in=list(outcomes), fall_back__isnull=False)
            .select_related("resource__owner")
            .order_by("name")
        )
        happenings = []
        now = database_now()
        # One that somebody declared anew meanwhile is looked at again by the next sweep.
        for row in [r for r in rows if r.generation == generations.get(r.name)]:
            outcome, told = outcomes[row.name], dict(row.fall_back or {})
            if outcome.state in _DONE:
                _note_applied(row)
                happenings.append(_brought(cluster, row, outcome, told))
                continue
            tries = int(told.get("tries") or 0) + 1
            again_at = (now + pause(tries)).isoformat()
            row.fall_back = {**told, "error": outcome.message, "tries": tries, "again_at": again_at}
            if told.get("error") != outcome.message:
                log.warning("not_fallen_back", topic=row.name, why=outcome.message)
        DeclaredTopic.objects.bulk_update(rows, ["fall_back", "last_applied"])
        audit.record_many(happenings, by=system_actor(SYSTEM))
    return len(happenings)


def _note_applied(row: DeclaredTopic) -> None:
    """The retention is on the cluster, whatever else of the topic is still ahead."""
    row.fall_back = None
    last = dict(row.last_applied or {})
    last["configs"] = _with(last.get("configs") or {}, row.configs.get(KEY))
    row.last_applied = last


def _brought(
    cluster: Cluster, row: DeclaredTopic, outcome: Outcome, told: Mapping[str, object]
) -> audit.Happening:
    number = told.get("request")
    return audit.Happening(
        "topic.fall_back_applied",
        audit.Subject("topic", f"{cluster.slug}/{row.name}", row.name),
        request_id=number if isinstance(number, int) else None,
        team=row.resource.owner.slug,
        data={"message": outcome.message, "before": dict(outcome.before_image or {})},
    )


def waiting() -> list[int]:
    """Clusters on which something is to fall back that nobody brought yet."""
    found = _open().values_list("cluster_id", flat=True).distinct().order_by("cluster_id")
    return list(found)


def sweep() -> int:
    """By beat: lets what is due fall back, and wakes a worker for each cluster where it waits."""
    ended = end_due()
    for cluster_id in waiting():
        dispatch.send(
            "topics.fall_back", cluster_id, queue="clusters", expires=settings.SWEEP_INTERVAL * 4
        )
    return ended
