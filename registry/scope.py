"""Config and mode in scope: which row gives a subject its level, and which its mode.

Pure: the rows are read elsewhere. Order of places: the subject, its context, all contexts
(``:.__GLOBAL:``), the server's default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from registry.compatibility import Level, level
from registry.formats.base import Policy
from registry.naming import DEFAULT, GLOBAL, SubjectName

Values = Mapping[str, object]
Place = tuple[str, str]  # context, subject ("" for the context itself)

DEFAULT_LEVEL: Final = Level.BACKWARD
# Members that a subject's config leaves out and the top level then gives; the level is none.
INHERITED: Final = (
    "normalize",
    "validateFields",
    "validateNewSchemas",
    "validateRules",
    "compatibilityPolicy",
    "compatibilityGroup",
)


class Mode(StrEnum):
    """What may be done in a subject, a context, or everywhere."""

    READWRITE = "READWRITE"
    READONLY = "READONLY"
    READONLY_OVERRIDE = "READONLY_OVERRIDE"
    IMPORT = "IMPORT"
    FORWARD = "FORWARD"

    @property
    def writable(self) -> bool:
        """Whether anything but reading is allowed."""
        return self not in (Mode.READONLY, Mode.READONLY_OVERRIDE)

    @property
    def importing(self) -> bool:
        """Whether schemas come with their ids, from another registry: fetched, or forwarded."""
        return self in (Mode.IMPORT, Mode.FORWARD)


def places(subject: SubjectName) -> tuple[Place, ...]:
    """Where settings of a subject are looked for, in order."""
    own = [(subject.context, subject.name)] if subject.name else []
    return (*own, (subject.context, ""), (GLOBAL, ""))


def looked_up(subject: SubjectName) -> set[Place]:
    """The places of whose rows `in_scope` makes what is in force for the subject."""
    return {*places(subject), (DEFAULT, ""), (GLOBAL, "")}


def place(subject: SubjectName) -> Place:
    """The place that a name of settings stands for."""
    return (subject.context, subject.name)


@dataclass(frozen=True, slots=True)
class InScope:
    """What is in force for a subject, and where each part comes from.

    `config_from` and `mode_from` are None for the server's default.
    """

    level: Level
    values: Values
    config_from: Place | None
    mode: Mode
    mode_from: Place | None
    inherited: frozenset[str] = field(default_factory=frozenset)

    @property
    def policy(self) -> Policy:
        return Policy(self.text("compatibilityPolicy") or Policy.STRICT)

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.values.get(name)
        return value if isinstance(value, bool) else default

    def text(self, name: str) -> str | None:
        value = self.values.get(name)
        return value if isinstance(value, str) else None


def in_scope(
    subject: SubjectName, configs: Mapping[Place, Values], modes: Mapping[Place, str]
) -> InScope:
    """What is in force, given the rows of `places(subject)` and of the top level."""
    config_from = next((p for p in places(subject) if p in configs), None)
    values: dict[str, object] = dict(configs[config_from]) if config_from else {}
    inherited: set[str] = set()
    if config_from and config_from[1]:
        for name in INHERITED:
            given = configs.get((DEFAULT, ""), {}).get(name)
            if values.get(name) is None and given is not None:
                values[name] = given
                inherited.add(name)
    mode_from = next((p for p in places(subject) if p in modes), None)
    return InScope(
        level=_level(values),
        values=values,
        config_from=config_from,
        mode=Mode(modes[mode_from]) if mode_from else Mode.READWRITE,
        mode_from=mode_from,
        inherited=frozenset(inherited),
    )


def _level(values: Values) -> Level:
    # A config without a level has the server's default, not the level of the place above it.
    given = values.get("compatibilityLevel")
    return level(given) if given is not None else DEFAULT_LEVEL
