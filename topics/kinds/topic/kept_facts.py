"""What policies may ask about how sensitive a topic is, and about how long it keeps records; pure.

A topic that is only compacted keeps the latest record of each key without end: `retention.ms`
deletes nothing there, and no limit of time says anything about it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from governance.policy.facts import Fact, FactType
from topics.kinds.topic.about import NEW, About, lowers
from topics.kinds.topic.kept_rules import time_deletes
from topics.kinds.topic.place import Place
from topics.kinds.topic.reason import KEY, RetentionReason
from topics.kinds.topic.spec import TopicSpec

FACTS: Final = (
    Fact("topic.data_class", FactType.TEXT, "how sensitive: none, internal, personal, sensitive"),
    Fact(
        "topic.data_class_before",
        FactType.TEXT,
        "data class until now; none where there is no such topic yet",
        optional=True,
    ),
    Fact("topic.class_lowered", FactType.FLAG, "whether it would count as less sensitive"),
    Fact("topic.labels", FactType.MAP, "labels, by key"),
    Fact(
        "topic.time_deletes",
        FactType.FLAG,
        "whether its retention deletes records: not where only the latest of each key is kept",
    ),
    Fact(
        "topic.retention_changes",
        FactType.FLAG,
        "whether its retention, the reason for it or the limit of its data class is another",
    ),
    Fact(
        "topic.retention_limit_ms",
        FactType.DURATION_MS,
        "longest retention of its data class in the environment, else of the environment",
        optional=True,
    ),
    Fact(
        "topic.retention_reason",
        FactType.TEXT,
        "what records are kept longer for: audit, replay, state, legal; none: no reason is said",
        optional=True,
    ),
    Fact("topic.retention_reason_text", FactType.TEXT, "the reason in words"),
    Fact(
        "topic.retention_lasts_ms",
        FactType.DURATION_MS,
        "how long that holds; none: no end",
        optional=True,
    ),
    Fact(
        "topic.retention_falls_back_ms",
        FactType.DURATION_MS,
        "how long records are kept after that; none: no reason is said",
        optional=True,
    ),
)


def facts(
    spec: TopicSpec,
    place: Place,
    before: About | None,
    now: datetime | None,
    declared: TopicSpec | None = None,
) -> dict[str, object]:
    """The facts of one topic that is asked for. `before` is what is said of it until now, and
    `declared` what it is until now; None judges it as a new one."""
    said = spec.about.over(before or NEW)
    old = before.data_class if before is not None else None
    return {
        "topic.data_class": said.data_class,
        "topic.data_class_before": old,
        "topic.class_lowered": lowers(old, said.data_class),
        "topic.labels": dict(said.labels or {}),
        "topic.time_deletes": time_deletes(spec, place),
        "topic.retention_changes": _changes(spec, place, said, declared),
        "topic.retention_limit_ms": place.limits.of(said.data_class),
        **_of_reason(spec.reason, place, now),
    }


def _changes(spec: TopicSpec, place: Place, said: About, declared: TopicSpec | None) -> bool:
    if declared is None:
        return True
    return (
        spec.configs.get(KEY) != declared.configs.get(KEY)
        or spec.reason != declared.reason
        or place.limits.of(said.data_class) != place.limits.of(declared.about.data_class)
    )


_NO_REASON: Final[dict[str, object]] = {
    "topic.retention_reason": None,
    "topic.retention_reason_text": "",
    "topic.retention_lasts_ms": None,
    "topic.retention_falls_back_ms": None,
}


def _of_reason(
    reason: RetentionReason | None, place: Place, now: datetime | None
) -> dict[str, object]:
    if reason is None:
        return _NO_REASON
    found: dict[str, object] = {
        "topic.retention_reason": reason.kind.value,
        "topic.retention_reason_text": reason.text,
    }
    # An end or a default that cannot be reckoned is not known, which is no "none".
    if not reason.has_end:
        found["topic.retention_lasts_ms"] = None
    elif (lasts := _lasts(reason, now)) is not None:
        found["topic.retention_lasts_ms"] = max(0, lasts // timedelta(milliseconds=1))
    back = reason.falls_back_ms(place.default_of(KEY))
    if back is not None:
        found["topic.retention_falls_back_ms"] = back
    return found


def _lasts(reason: RetentionReason, now: datetime | None) -> timedelta | None:
    if reason.lasts is not None:
        return reason.lasts
    return None if now is None or reason.ends_at is None else reason.ends_at - now
