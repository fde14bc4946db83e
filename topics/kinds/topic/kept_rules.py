"""What no approval can lift of a reason for keeping records longer; pure."""

from __future__ import annotations

from collections.abc import Iterator

from governance.errors import Problem
from topics.kinds import ends
from topics.kinds.topic import configs, volume
from topics.kinds.topic.place import Known, Place
from topics.kinds.topic.reason import FIELD, KEY, RetentionReason, number, shorter
from topics.kinds.topic.spec import TopicSpec


def reason_fits(name: str, spec: TopicSpec, place: Place, known: Known) -> Iterator[Problem]:
    """Why the reason that is given cannot be; nothing where it can, or where none is given."""
    if spec.reason is None:
        return
    yield from _has_value(spec, spec.reason)
    if not time_deletes(spec, place):
        yield _nothing_deleted(name)
    yield from _ends_ahead(spec.reason, known)
    yield from _falls_back_shorter(spec, spec.reason, place)
    yield from _falls_back_below_now(spec.reason, place, known)


def time_deletes(spec: TopicSpec, place: Place) -> bool:
    """Whether `retention.ms` deletes anything of the topic. Where the cluster's default is not
    known yet, Kafka's own is taken: it deletes."""
    policy = spec.configs.get("cleanup.policy", place.default_of("cleanup.policy"))
    return policy != "compact"


def _problem(field: str, rule: str, message: str, way_out: str) -> Problem:
    return Problem(f"{FIELD}.{field}", message, way_out, rule=rule)


def _has_value(spec: TopicSpec, reason: RetentionReason) -> Iterator[Problem]:
    if KEY not in spec.configs:
        yield _problem(
            "kind",
            "reason_without_value",
            f"It is said that records are kept for {reason.kind}, and not how long.",
            f"Set {KEY}, or leave the reason away.",
        )


def _nothing_deleted(name: str) -> Problem:
    return _problem(
        "kind",
        "time_deletes_nothing",
        f"{name} is compacted only: it keeps the latest record of each key without end, and "
        f"{KEY} deletes none of them, so that there is nothing to fall back to.",
        "Leave the reason away, or let it delete when old as well.",
    )


def _ends_ahead(reason: RetentionReason, known: Known) -> Iterator[Problem]:
    if reason.ends_at is not None and known.now is not None and reason.ends_at <= known.now:
        yield _problem(
            "ends",
            "end_is_past",
            f"{reason.ends_at:%Y-%m-%d %H:%M} UTC is over already.",
            "Write a time to come, or leave the reason away.",
        )
    elif (
        reason.ends_at is not None
        and known.now is not None
        and ends.too_far(reason.ends_at, known.now)
    ):
        yield _problem(
            "ends",
            "end_is_far",
            f"{reason.ends_at:%Y-%m-%d} is more than ten years away.",
            "Write an earlier time, or never.",
        )


def _falls_back_shorter(
    spec: TopicSpec, reason: RetentionReason, place: Place
) -> Iterator[Problem]:
    asked, back = number(spec.configs.get(KEY)), reason.falls_back_ms(place.default_of(KEY))
    if asked is None or back is None or shorter(back, asked):
        return
    known = configs.KEYS[KEY]
    yield _problem(
        "falls_back_to",
        "falls_back_shorter",
        f"It would fall back to {configs.human(known, back)}, which is not shorter than "
        f"{configs.human(known, asked)}.",
        "Write a shorter time, or ask without a reason.",
    )


def _falls_back_below_now(reason: RetentionReason, place: Place, known: Known) -> Iterator[Problem]:
    """Falling back asks no reader: what it may delete is only what was agreed on to go already."""
    back, least = reason.falls_back_ms(place.default_of(KEY)), _kept_now(place, known)
    if back is None or least is None or not shorter(back, least):
        return
    key = configs.KEYS[KEY]
    yield _problem(
        "falls_back_to",
        "falls_back_below_now",
        f"It would fall back to {configs.human(key, back)}, less than the "
        f"{configs.human(key, least)} that hold without the reason: records would go of which "
        "nobody who reads them was asked.",
        "Write as much or more, or ask for the shorter time first, on its own.",
    )


def _kept_now(place: Place, known: Known) -> int | None:
    """The shortest time for which records are kept already: by what is declared, by what the
    cluster has, by what a reason in force falls back to. None for a topic that is new."""
    if known.declared is None:
        return None
    kept = (volume.asked(known.declared, place), volume.now(place, known))
    found = [
        one.retention_ms if one.deletes else volume.UNLIMITED for one in kept if one is not None
    ]
    if known.declared.reason is not None:
        found.append(known.declared.reason.falls_back_ms(place.default_of(KEY)))
    least: int | None = None
    for value in found:
        if value is not None and (least is None or shorter(value, least)):
            least = value
    return least
