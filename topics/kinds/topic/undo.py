"""What takes a change of a topic back: key by key, from what is declared now; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from governance.errors import Problem
from governance.kinds import Undone
from topics.kinds.topic.about import About
from topics.kinds.topic.reason import KEY, RetentionReason
from topics.kinds.topic.spec import TopicSpec

_DEFAULT = "the default"


def undo_change(
    name: str,
    *,
    before: TopicSpec | None,
    after: TopicSpec,
    now: TopicSpec | None,
    time: datetime | None = None,
) -> Undone | Problem:
    """The change from `now` that takes back what led from `before` to `after`.

    Partitions cannot be taken away, and a value that somebody changed since stays. `time` is the
    database's: a reason whose end is over by then does not come back.
    """
    if before is None:
        return Problem(
            "name",
            f"{name} was created, and topics are not deleted here.",
            "Stop its producers and consumers; the platform team can delete it on the cluster.",
            rule="undo",
        )
    if now is None:
        return Problem(
            "name", f"{name} is not declared any more.", "Ask to create it.", rule="undo"
        )
    notes: list[str] = []
    configs = _configs(before.configs, after.configs, now.configs, notes)
    if _is_over(before, after, now, configs, time):
        assert before.reason is not None  # noqa: S101  # it is over
        configs = before.reason.after_end(configs)
        notes.append(
            f"The time for which {KEY} was {before.configs.get(KEY) or _DEFAULT} is over: it "
            f"becomes {configs.get(KEY) or _DEFAULT}, which was agreed on for then."
        )
    if after.partitions != before.partitions:
        notes.append(
            f"Its {now.partitions} partitions stay: partitions can be added, never taken away."
        )
    asked = replace(
        now,
        configs=configs,
        about=_about(before.about, after.about, now.about, notes),
        reason=_reason(before, now, configs, time),
    )
    if asked.as_json() == now.as_json():
        why = " ".join(notes) or f"{name} is declared as it was before already."
        return Problem("", why, "There is nothing to take back.", rule="undo")
    return Undone("alter", asked.as_json(), tuple(notes))


def _configs(
    before: Mapping[str, str], after: Mapping[str, str], now: Mapping[str, str], notes: list[str]
) -> dict[str, str]:
    asked = dict(now)
    for key in sorted(before.keys() | after.keys()):
        old, made, is_now = before.get(key), after.get(key), now.get(key)
        if old == made or is_now == old:
            continue
        if is_now != made:
            notes.append(
                f"{key} was changed since, to {is_now or _DEFAULT}, and stays as it is now."
            )
        elif old is None:
            asked.pop(key, None)
        else:
            asked[key] = old
    return asked


def _about(before: About, after: About, now: About, notes: list[str]) -> About:
    """What was said of the topic before, as far as nobody said something else since."""
    if after.over(now) != now:
        notes.append("What is said of it was changed since, and stays as it is now.")
        return now
    return About(
        before.data_class if after.data_class is not None else now.data_class,
        before.description if after.description is not None else now.description,
        before.labels if after.labels is not None else now.labels,
    ).over(now)


def _is_over(
    before: TopicSpec,
    after: TopicSpec,
    now: TopicSpec,
    configs: Mapping[str, str],
    time: datetime | None,
) -> bool:
    """Whether the retention that comes back was to end, and its end is over."""
    if configs.get(KEY) != before.configs.get(KEY) or not _ended(before.reason, time):
        return False
    taken_back = (after.configs.get(KEY), after.reason) != (before.configs.get(KEY), before.reason)
    return taken_back or _ended(now.reason, time)


def _ended(reason: RetentionReason | None, time: datetime | None) -> bool:
    if reason is None or reason.ends_at is None or time is None:
        return False
    return reason.ends_at <= time


def _reason(
    before: TopicSpec, now: TopicSpec, configs: Mapping[str, str], time: datetime | None
) -> RetentionReason | None:
    """The reason that goes with the retention that is asked for: the one before with the value
    before, the one of now with that of now."""
    if configs.get(KEY) != before.configs.get(KEY):
        return now.reason if configs.get(KEY) == now.configs.get(KEY) else None
    return now.reason if _ended(before.reason, time) else before.reason
