"""The lines of a topic's difference that say what it holds and why it keeps records longer; pure.

A cluster knows none of this, so there is nothing observed beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from governance import units
from governance.kinds import NOTHING, DiffRow
from topics.kinds.topic import configs
from topics.kinds.topic.about import CLASS_WORDS, NEW, About, lowers
from topics.kinds.topic.place import Known, Place
from topics.kinds.topic.reason import FIELD, KEY, RetentionReason
from topics.kinds.topic.spec import TopicSpec


def rows(
    spec: TopicSpec, place: Place, known: Known, before: About | None, *, applied: bool = False
) -> list[DiffRow]:
    """The data class always; description, labels and reason where there are any. A length of time
    that was `applied` has become the end that is declared: the two say the same."""
    return [*_about(spec, known, before), *_reason(spec, place, known, begun=applied)]


def _about(spec: TopicSpec, known: Known, before: About | None) -> Iterator[DiffRow]:
    after = spec.about.over(before or NEW)
    notes = [_elsewhere(known, before)] if after != before else []
    old = None if before is None else before.data_class
    lowered = lowers(old, after.data_class)
    if lowered:
        notes.insert(0, "It would count as less sensitive than until now.")
    yield DiffRow.unobserved(
        "data_class",
        "Data class",
        CLASS_WORDS.get(old or "", NOTHING),
        CLASS_WORDS.get(after.data_class or "", NOTHING),
        exact=(old or "", after.data_class or ""),
        note=" ".join(filter(None, notes)) if old != after.data_class else "",
    )
    for path, label, was, will in (
        ("description", "Description", before and before.description, after.description),
        ("labels", "Labels", _labels(before), _labels(after)),
    ):
        if was or will:
            yield DiffRow.unobserved(path, label, was or NOTHING, will or NOTHING)


def _elsewhere(known: Known, before: About | None) -> str:
    """That what is said of a topic holds wherever it lives."""
    if known.also_on:
        return f"It holds on {', '.join(known.also_on[:5])} as well, where the topic also lives."
    if known.declared is None and before is not None:
        return "It holds for the topic of this name on other clusters as well."
    return ""


def _labels(said: About | None) -> str:
    labels = said.labels if said is not None else None
    return ", ".join(f"{key}={value}" for key, value in sorted((labels or {}).items()))


def _reason(spec: TopicSpec, place: Place, known: Known, *, begun: bool) -> Iterator[DiffRow]:
    old = known.declared.reason if known.declared is not None else None
    new = spec.reason
    if old is None and new is None:
        return
    yield DiffRow.unobserved(
        f"{FIELD}.kind",
        "Longer because of",
        NOTHING if old is None else old.kind.value,
        "no reason" if new is None else new.kind.value,
        note=_dropped(old) if new is None and old is not None else "",
    )
    if (old and old.text) or (new and new.text):
        yield DiffRow.unobserved(
            f"{FIELD}.text",
            "Which one",
            (old and old.text) or NOTHING,
            (new and new.text) or NOTHING,
        )
    until = DiffRow.unobserved(
        f"{FIELD}.ends",
        "Until",
        _end(old, place.zone),
        _end(new, place.zone),
        delta=_moved(old, new, known.now),
        note="" if new is None else _then(new, place),
    )
    runs = begun and new is not None and new.lasts is not None
    yield replace(until, delta="", changed=False) if runs else until
    yield DiffRow.unobserved(
        f"{FIELD}.falls_back_to",
        "Falls back to",
        _back(old, place),
        _back(new, place),
    )


def _dropped(old: RetentionReason) -> str:
    return (
        f"The reason ({old.kind}{f': {old.text}' if old.text else ''}) is dropped with this "
        "change, and with it the end: nothing falls back by itself any more."
    )


def _then(new: RetentionReason, place: Place) -> str:
    if not new.has_end:
        return "It has no end: somebody must ask for another time."
    return f"Falls back to {_back(new, place)} by itself then; nobody is asked again."


def _end(reason: RetentionReason | None, zone: str) -> str:
    if reason is None:
        return NOTHING
    if reason.lasts is not None:
        length = units.whole_duration(round(reason.lasts.total_seconds() * 1000))
        return f"{length} after it is applied"
    if reason.ends_at is None:
        return "no end"
    return moment(reason.ends_at, zone)


def moment(at: datetime, zone: str) -> str:
    """A moment by the clock of a zone: "1 March 2027, 23:59 CET"."""
    return at.astimezone(ZoneInfo(zone)).strftime("%-d %B %Y, %H:%M %Z")


def _moved(old: RetentionReason | None, new: RetentionReason | None, now: datetime | None) -> str:
    """How far a renewal moves the end."""
    if old is None or old.ends_at is None or new is None or now is None:
        return ""
    until = new.until(now)
    return "" if until is None else _signed(round((until - old.ends_at).total_seconds()))


def _signed(seconds: int) -> str:
    if not seconds:
        return ""
    return f"{'+' if seconds > 0 else '−'}{units.format_duration(abs(seconds) * 1000)}"


def _back(reason: RetentionReason | None, place: Place) -> str:
    return NOTHING if reason is None else back_in_words(reason, place.default_of(KEY))


def back_in_words(reason: RetentionReason, default: str | None) -> str:
    """What a topic falls back to: "7 d", "7 d (default)"."""
    known = configs.KEYS[KEY]
    if reason.falls_back_ms(default) is None:
        return "the cluster's default"
    if reason.falls_back_to == "default":
        return f"{configs.human(known, default or '')} (default)"
    return configs.human(known, reason.falls_back_to)
