"""What a grant is asked to be: who, as what, on which topic; and for how long, with which group.

The first three are its name, ``<application>/<role>/<topic>``, so that one application has one
grant of a role on a topic. Text from pages, API and files becomes a `GrantSpec` here and nowhere
else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from governance.errors import Problem
from topics.kinds import ends
from topics.kinds.grant.pattern import Pattern
from topics.kinds.grant.roles import ROLES, Access, Role

FIELDS: Final = ("group", "transactional_id", "access", "ends", "purpose")
LONGEST_ID: Final = 200  # of a group or a transactional id; Kafka itself allows far more
LONGEST_PURPOSE: Final = 500

_LEGAL_TOPIC = re.compile(r"[a-zA-Z0-9._-]{1,249}\*?|\*", re.ASCII)
_LEGAL_ID = re.compile(r"[^\x00-\x20*\x7f]+\*?", re.ASCII)


@dataclass(frozen=True, slots=True)
class GrantName:
    """Who may do what with which topics."""

    application: str
    role: Role
    topic: Pattern

    def __str__(self) -> str:
        return f"{self.application}/{self.role}/{self.topic}"

    @property
    def words(self) -> str:
        """ "orders-billing consumes payments.authorized"."""
        return f"{self.application} {ROLES[self.role].verb} {self.topic}"


@dataclass(frozen=True, slots=True)
class GrantSpec:
    """What a grant says beside its name.

    `lasts` counts from when it is applied, `ends_at` is a moment; at most one of them is set, and
    neither means that somebody must end it. `access` matters for roles that know both directions.
    """

    group: Pattern | None = None
    transactional_id: Pattern | None = None
    access: Access = Access.READ
    lasts: timedelta | None = None
    ends_at: datetime | None = None
    purpose: str = ""

    def as_json(self) -> dict[str, object]:
        """The normal form, as requests and declared rows keep it."""
        return {
            "group": str(self.group) if self.group else None,
            "transactional_id": str(self.transactional_id) if self.transactional_id else None,
            "access": self.access.value,
            "ends": self.ends_words,
            "purpose": self.purpose,
        }

    @property
    def ends_words(self) -> str:
        """The end as it reads back: a time, a length of time, or "never"."""
        return ends.in_words(self.lasts, self.ends_at)

    def until(self, now: datetime) -> datetime | None:
        """When it ends if it begins now."""
        return now + self.lasts if self.lasts is not None else self.ends_at


def name_of(text: str) -> GrantName | None:
    """The name that was written; None where it is none. A topic's name holds no slash, so an
    application's may."""
    parts = text.rsplit("/", 2)
    if len(parts) != 3 or not parts[0] or parts[1] not in set(Role):
        return None
    if not _LEGAL_TOPIC.fullmatch(parts[2]):
        return None
    return GrantName(parts[0], Role(parts[1]), Pattern.of(parts[2]))


def name_problem(text: str) -> Problem | None:
    """What is wrong with a grant's name; None when nothing is."""
    if name_of(text) is not None:
        return None
    application, _, rest = text.partition("/")
    role, _, topic = rest.rpartition("/")
    if not application.strip():
        return Problem(
            "application",
            "It is not said which application needs access.",
            "Choose one of your team's applications.",
            rule="name",
        )
    if not topic:
        return Problem(
            "topic",
            "It is not said which topic it is about.",
            "Write the topic's name, or the beginning of names with a star, as in payments.*.",
            rule="name",
        )
    if not _LEGAL_TOPIC.fullmatch(topic):
        return Problem(
            "topic",
            f"{topic[:80]!r} names no topic.",
            "Use letters, digits, dots, dashes, underscores; a star at the end alone.",
            rule="name",
        )
    return Problem(
        "role",
        f"{role[:40]!r} is no role of an application.",
        f"Use one of: {', '.join(Role)}.",
        rule="name",
    )


def from_json(value: Mapping[str, object]) -> GrantSpec:
    """The spec of a normal form. For JSON that `parse` or `as_json` made; judges nothing."""
    group, identifier = value.get("group"), value.get("transactional_id")
    lasts, ends_at = ends.stored(str(value.get("ends") or "never"))
    return GrantSpec(
        group=Pattern.of(str(group)) if group else None,
        transactional_id=Pattern.of(str(identifier)) if identifier else None,
        access=Access(str(value.get("access") or Access.READ)),
        lasts=lasts,
        ends_at=ends_at,
        purpose=str(value.get("purpose") or ""),
    )


def parse(
    given: Mapping[str, object],
    name: GrantName,
    *,
    base: GrantSpec | None,
    zone: str = "UTC",
) -> tuple[GrantSpec, list[Problem]]:
    """The spec in its normal form, and what could not be read.

    What is left out comes from `base` (what is declared now), or else from the role: a group is
    called after its application. A day without a time ends at its last moment in `zone`, the
    environment's.
    """
    problems = [
        Problem(str(key), f"A grant has no {str(key)[:60]!r}.", f"It has: {', '.join(FIELDS)}.")
        for key in given
        if key not in FIELDS
    ]
    role = ROLES[name.role]
    spec = base or GrantSpec()
    access = _access(given, name, spec, problems)
    spec = replace(
        spec,
        access=access,
        group=_identifier(
            given, "group", spec.group, name, wanted=_has_group(name, access), problems=problems
        ),
        transactional_id=_identifier(
            given,
            "transactional_id",
            spec.transactional_id,
            name,
            wanted=role.transactional,
            problems=problems,
        ),
        purpose=_purpose(given, spec, problems),
    )
    if "ends" in given:
        lasts, ends_at = ends.parse(given["ends"], zone, problems)
        spec = replace(spec, lasts=lasts, ends_at=ends_at)
    return spec, problems


def _has_group(name: GrantName, access: Access) -> bool:
    """Whether it has a group: a connector has one where it reads."""
    role = ROLES[name.role]
    return role.group and not (name.role is Role.CONNECT and access is Access.WRITE)


def _access(
    given: Mapping[str, object], name: GrantName, base: GrantSpec, problems: list[Problem]
) -> Access:
    fixed = ROLES[name.role].access
    if fixed is not None:
        return fixed
    text = str(given.get("access") or base.access)
    if text in set(Access):
        return Access(text)
    problems.append(
        Problem("access", f"{text[:40]!r} is no direction.", f"Use one of: {', '.join(Access)}.")
    )
    return base.access


def _identifier(
    given: Mapping[str, object],
    key: str,
    base: Pattern | None,
    name: GrantName,
    *,
    wanted: bool,
    problems: list[Problem],
) -> Pattern | None:
    """A group's or transactional id's pattern, None where the role has none."""
    text = str(given.get(key) or "").strip()
    if not wanted:
        if text:
            problems.append(
                Problem(
                    key,
                    f"A {ROLES[name.role].title.lower()} has no {key.replace('_', ' ')}.",
                    "Leave it empty, or choose another role.",
                )
            )
        return None
    if not text:
        return base or Pattern(name.application)
    if len(text) > LONGEST_ID or not _LEGAL_ID.fullmatch(text):
        problems.append(
            Problem(
                key,
                f"{text[:60]!r} cannot be a {key.replace('_', ' ')} here.",
                f"Use at most {LONGEST_ID} letters, digits and signs without spaces; a star at the "
                "end alone.",
            )
        )
        return base
    return Pattern.of(text)


def _purpose(given: Mapping[str, object], base: GrantSpec, problems: list[Problem]) -> str:
    if given.get("purpose") is None:
        return base.purpose
    text = " ".join(str(given["purpose"]).split())
    if len(text) > LONGEST_PURPOSE:
        problems.append(
            Problem(
                "purpose",
                f"It has {len(text):,} characters, {LONGEST_PURPOSE} at most.",
                "Shorten it.",
            )
        )
    if "\x00" in text:
        problems.append(Problem("purpose", "It holds a NUL character.", "Remove it."))
    return text[:LONGEST_PURPOSE].replace("\x00", "")
