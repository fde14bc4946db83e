"""Why a topic keeps its records longer for a while, until when, and what it falls back to; pure.

The reason is part of what is declared, and of what people agreed to: its end comes by itself. It
belongs to one value of `retention.ms`; another value that is asked for without a reason has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from governance.errors import Problem
from topics.kinds import ends
from topics.kinds.topic import configs
from topics.kinds.topic.configs import BadValue

KEY: Final = "retention.ms"
FIELD: Final = "retention_reason"
FIELDS: Final = ("kind", "text", "ends", "falls_back_to")
DEFAULT: Final = "default"  # falls back to what the cluster gives a topic that asks for nothing
LONGEST_TEXT: Final = 500


class ReasonKind(StrEnum):
    """What records are kept longer for."""

    AUDIT = "audit"
    REPLAY = "replay"
    STATE = "state"
    LEGAL = "legal"


KIND_WORDS: Final[Mapping[ReasonKind, str]] = {
    ReasonKind.AUDIT: "an audit",
    ReasonKind.REPLAY: "a replay",
    ReasonKind.STATE: "rebuilding state",
    ReasonKind.LEGAL: "a legal duty",
}


@dataclass(frozen=True, slots=True)
class RetentionReason:
    """Why, until when, and what then. At most one of `lasts` and `ends_at` is set; neither means
    that somebody must end it. `falls_back_to` is a value of `retention.ms`, or DEFAULT."""

    kind: ReasonKind
    text: str = ""
    lasts: timedelta | None = None
    ends_at: datetime | None = None
    falls_back_to: str = DEFAULT

    def as_json(self) -> dict[str, object]:
        """The normal form, as requests and declared rows keep it."""
        return {
            "kind": self.kind.value,
            "text": self.text,
            "ends": ends.in_words(self.lasts, self.ends_at),
            "falls_back_to": self.falls_back_to,
        }

    @property
    def has_end(self) -> bool:
        """Whether it ends by itself."""
        return self.lasts is not None or self.ends_at is not None

    def until(self, now: datetime) -> datetime | None:
        """When it ends if it begins now."""
        return now + self.lasts if self.lasts is not None else self.ends_at

    def fixed(self, ends_at: datetime | None) -> RetentionReason:
        """The same in force, whose length of time has become an end."""
        return replace(self, lasts=None, ends_at=None if ends_at is None else as_utc(ends_at))

    def after_end(self, overrides: Mapping[str, str]) -> dict[str, str]:
        """The overrides of the topic when it has ended."""
        kept = {key: value for key, value in overrides.items() if key != KEY}
        return kept if self.falls_back_to == DEFAULT else {**kept, KEY: self.falls_back_to}

    def falls_back_ms(self, default: str | None) -> int | None:
        """The milliseconds it falls back to; None where the cluster's default is not known."""
        return number(default if self.falls_back_to == DEFAULT else self.falls_back_to)


def as_utc(moment: datetime) -> datetime:
    """To the whole second, as the normal form holds it."""
    return moment.astimezone(UTC).replace(microsecond=0)


def from_json(value: object) -> RetentionReason | None:
    """The reason of a normal form. For JSON that `parse` or `as_json` made; judges nothing."""
    if not isinstance(value, Mapping):
        return None
    lasts, ends_at = ends.stored(str(value.get("ends") or "never"))
    return RetentionReason(
        ReasonKind(str(value["kind"])),
        str(value.get("text") or ""),
        lasts,
        ends_at,
        str(value.get("falls_back_to") or DEFAULT),
    )


# --- Limits -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Limits:
    """How long an environment lets topics keep records: in general, and by data class."""

    general: int | None = None
    by_class: Mapping[str, int] = field(default_factory=dict)

    def of(self, data_class: str | None) -> int | None:
        """Milliseconds that hold for a class; None for no limit. Its own goes before the general
        one, and may free it of that (-1)."""
        limit = self.by_class.get(data_class or "", self.general)
        return None if limit is not None and limit < 0 else limit


def number(text: str | None) -> int | None:
    """The number that a config's value spells; None for none."""
    return int(text) if text is not None and configs.WHOLE_NUMBER.fullmatch(text) else None


def within(value: int | None, limit: int | None) -> bool:
    """Whether that long is certainly not above the limit; a negative value is above every one."""
    return limit is None or (value is not None and 0 <= value <= limit)


def shorter(value: int | None, than: int | None) -> bool:
    """Whether that is certainly the shorter of two retentions, of which a negative one has no
    end."""
    if value is None or than is None or value < 0:
        return False
    return than < 0 or value < than


# --- Reading ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asking:
    """What is known around what is typed: the clock's zone, the limit that will hold, the cluster's
    default, what is declared until now (`was`; None with `known` for the default), and why."""

    zone: str = "UTC"
    limit: int | None = None
    default: str | None = None
    was: str | None = None
    known: bool = False
    before: RetentionReason | None = None


def parse(
    given: Mapping[str, object], asked: str | None, around: Asking, problems: list[Problem]
) -> RetentionReason | None:
    """The reason that goes with the retention that is asked for; None for none.

    Left out, the one that holds stays with its value; what it leaves out itself, it takes from
    there. What cannot be read is added to `problems`.
    """
    if FIELD not in given:
        return around.before if around.known and asked == around.was else None
    found = given[FIELD]
    if found is None or found == "" or found == {}:
        return None
    if not isinstance(found, Mapping):
        problems.append(
            _problem("", "not_a_mapping", "The reason has a kind, a text, an end.",
                     'Write {"kind": "audit", "text": "…", "ends": "90d"}, for example.')
        )  # fmt: skip
        return None
    problems += [
        _problem("", "unknown_field", f"A reason has no {str(key)[:60]!r}.",
                 f"It has: {', '.join(FIELDS)}.")
        for key in found
        if key not in FIELDS
    ]  # fmt: skip
    kind = _kind(found.get("kind"), around.before, problems)
    text = _text(found.get("text"), around.before, problems)
    lasts, ends_at = _end(found.get("ends"), around, problems)
    back = _falls_back(found.get("falls_back_to"), asked, around, problems)
    return None if kind is None else RetentionReason(kind, text, lasts, ends_at, back)


def _problem(field_name: str, rule: str, message: str, way_out: str) -> Problem:
    path = f"{FIELD}.{field_name}" if field_name else FIELD
    return Problem(path, message, way_out, rule=rule)


def _kind(
    given: object, before: RetentionReason | None, problems: list[Problem]
) -> ReasonKind | None:
    text = str(given or "").strip().lower()
    if not text and before is not None:
        return before.kind
    if text in set(ReasonKind):
        return ReasonKind(text)
    said = f"{text[:40]!r} is no such reason." if text else "It is not said what it is kept for."
    problems.append(_problem("kind", "reason", said, f"Use one of: {', '.join(ReasonKind)}."))
    return None


def _text(given: object, before: RetentionReason | None, problems: list[Problem]) -> str:
    if given is None:
        return before.text if before is not None else ""
    text = " ".join(str(given).split())
    if len(text) > LONGEST_TEXT:
        said = f"The reason has {len(text):,} characters, {LONGEST_TEXT} at most."
        problems.append(_problem("text", "too_long", said, "Shorten it."))
    if "\x00" in text:
        problems.append(_problem("text", "nul", "It holds a NUL character.", "Remove it."))
    return text[:LONGEST_TEXT].replace("\x00", "")


def _end(given: object, around: Asking, problems: list[Problem]) -> ends.End:
    if given is None or str(given).strip() == "":
        if around.before is not None:
            return around.before.lasts, around.before.ends_at
        problems.append(
            _problem(
                "ends",
                "end",
                "It is not said until when it is kept so long.",
                "Write a length of time (90 d), a day (2027-03-01), or never.",
            )
        )
        return None, None
    return ends.parse(given, around.zone, problems, path=f"{FIELD}.ends")


def _falls_back(given: object, asked: str | None, around: Asking, problems: list[Problem]) -> str:
    if given is None or str(given).strip() == "":
        return _usual(asked, around, problems)
    text = str(given).strip()
    if text.lower() == DEFAULT:
        return DEFAULT
    try:
        return configs.parse_value(configs.KEYS[KEY], text)
    except BadValue as bad:
        said = bad.rule.removeprefix(f"{KEY}: ")
        problems.append(_problem("falls_back_to", "bad_value", said, bad.way_out))
        return DEFAULT


def _usual(asked: str | None, around: Asking, problems: list[Problem]) -> str:
    """What it falls back to where nobody says: what was to come after the reason that holds, the
    value until now, the limit, the cluster's default; the first that is shorter and allowed."""
    wanted = number(asked)
    candidates: list[str] = []
    if around.before is not None:
        candidates.append(around.before.falls_back_to)
    elif around.known:
        candidates.append(DEFAULT if around.was is None else around.was)
    if around.limit is not None:
        candidates.append(str(around.limit))
    candidates.append(DEFAULT)
    for value in candidates:
        length = number(around.default if value == DEFAULT else value)
        if shorter(length, wanted) and within(length, around.limit):
            return value
    problems.append(
        _problem(
            "falls_back_to",
            "falls_back",
            "It is not said how long records are kept after that.",
            "Write a shorter time, for example 7 d.",
        )
    )
    return DEFAULT
