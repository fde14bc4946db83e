"""What a request says of a waiver: which policy, which object, until when and why. Plain values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from governance import units
from governance.errors import Invalid, Problem

LONGEST_NAME: Final = 400
LONGEST_REASON: Final = 2_000
LONGEST_DAYS: Final = 366
FIELDS: Final = ("policy", "kind", "object", "until", "reason")
_DAY_MS: Final = 86_400_000
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class WaiverSpec:
    """A waiver as it is asked for. `until` is its last day in UTC; None to take it back."""

    policy: str
    kind: str
    target: str  # the object's name
    until: date | None
    reason: str

    @property
    def name(self) -> str:
        """What requests call it."""
        return name_of(self.policy, self.kind, self.target)

    @property
    def ends_at(self) -> datetime | None:
        """The moment after its last day."""
        if self.until is None:
            return None
        return datetime.combine(self.until + timedelta(days=1), time(), UTC)

    def as_json(self) -> dict[str, object]:
        """The normal form, as requests keep it."""
        found: dict[str, object] = {
            "policy": self.policy,
            "kind": self.kind,
            "object": self.target,
            "reason": self.reason,
        }
        if self.until is not None:
            found["until"] = self.until.isoformat()
        return found


def name_of(policy: str, kind: str, target: str) -> str:
    """``<policy>/<kind>/<object>``; neither of the first two holds a slash."""
    return f"{policy}/{kind}/{target}"


def from_json(value: Mapping[str, object]) -> WaiverSpec:
    """The spec of a normal form; judges nothing."""
    text = {field: str(value.get(field) or "") for field in FIELDS}
    until = date.fromisoformat(text["until"]) if text["until"] else None
    return WaiverSpec(text["policy"], text["kind"], text["object"], until, text["reason"])


def parse(
    given: Mapping[str, object], *, name: str, today: date, ends: bool = False
) -> tuple[WaiverSpec, list[Problem]]:
    """The spec that `given` asks for, and what could not be read.

    Policy, kind and object may be left out, since the name says them; they must agree with it.
    `until` is a day (2027-03-01, that day included) or a length from `today` (30 d), which becomes
    a day. What `ends` a waiver needs none.
    """
    problems = [
        Problem(str(key), f"A waiver has no field {str(key)[:40]!r}.", f"Use {', '.join(FIELDS)}.")
        for key in given
        if key not in FIELDS
    ]
    parts = [*name.split("/", 2), "", "", ""][:3]
    said = [str(given.get(key) or part) for key, part in zip(FIELDS, parts, strict=False)]
    if name_of(*said) != name or not all(said):
        problems.append(
            Problem(
                "name",
                f"“{name[:80]}” does not name the policy and the object of this waiver.",
                "Call it <policy>/<kind>/<object>, as in partitions/topic/payments.captured.",
            )
        )
    elif len(name) > LONGEST_NAME:
        problems.append(
            Problem(
                "name",
                f"The name of this waiver is longer than {LONGEST_NAME} characters.",
                "Ask the owner of the policy to leave this object out of its scope.",
            )
        )
    reason = _reason(given.get("reason"), problems)
    until = None if ends else _until(given.get("until"), today, problems)
    return WaiverSpec(said[0], said[1], said[2], until, reason), problems


def until_problem(until: date | None, today: date) -> Problem | None:
    """What is wrong with the last day of a waiver that is to begin today."""
    if until is None or until < today:
        return Problem(
            "until",
            "The waiver would end before it begins." if until else "It is not said until when.",
            "Give a day that lies ahead, or a length as 30 d.",
        )
    if until > today + timedelta(days=LONGEST_DAYS):
        return Problem(
            "until",
            f"{until.isoformat()} is more than a year ahead.",
            "Ask for a year at most, and again when it ends; or let the policy be changed.",
        )
    return None


def _reason(value: object, problems: list[Problem]) -> str:
    reason = " ".join(str(value or "").split())
    if not reason:
        problems.append(
            Problem("reason", "It is not said why.", "Say what makes this object different.")
        )
    elif len(reason) > LONGEST_REASON or "\x00" in reason:
        problems.append(
            Problem(
                "reason",
                f"The reason has more than {LONGEST_REASON:,} characters, or a NUL among them.",
                "Shorten it; what is long belongs into the request's own reason.",
            )
        )
        reason = reason[:LONGEST_REASON].replace("\x00", "")
    return reason


def _until(value: object, today: date, problems: list[Problem]) -> date | None:
    text = str(value or "").strip()
    if not text:
        problems.append(until_problem(None, today) or Problem("until", ""))
        return None
    try:
        return _day(text, today)
    except (Invalid, ValueError, OverflowError):
        problems.append(
            Problem(
                "until",
                f"“{text[:40]}” is no day and no length of time.",
                "Write a day as 2027-03-01, or a length as 30 d.",
            )
        )
        return None


def _day(text: str, today: date) -> date:
    if _DATE.fullmatch(text):
        return date.fromisoformat(text)
    if text.isdigit():
        raise ValueError(text)  # milliseconds, which nobody means here
    length = units.parse_duration_ms(text, path="until", unlimited=False)
    return today + timedelta(days=-(-length // _DAY_MS))
