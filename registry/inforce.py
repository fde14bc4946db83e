"""The settings in force for a subject, each with its value in words and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from registry.naming import DEFAULT, GLOBAL
from registry.scope import InScope, Place

SERVER: Final = "the server's default"
_TITLES: Final[Mapping[str, str]] = {
    "compatibilityPolicy": "Policy",
    "compatibilityGroup": "Compatibility group",
    "normalize": "Normalize",
    "validateFields": "Validate fields",
    "validateNewSchemas": "Validate new schemas",
    "validateRules": "Validate rules",
    "alias": "Alias of",
    "aliasForDeks": "Alias for keys",
    "defaultMetadata": "Metadata by default",
    "overrideMetadata": "Metadata always",
    "defaultRuleSet": "Rules by default",
    "overrideRuleSet": "Rules always",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One member of the config, or the mode; `name` as on the wire."""

    name: str
    title: str
    value: str
    origin: str


def in_force(scope: InScope) -> list[Setting]:
    """The level and the mode, and whatever else is set. Values of metadata are not told."""
    config = origin(scope.config_from)
    own_level = scope.values.get("compatibilityLevel") is not None
    found = [
        Setting(
            "compatibilityLevel",
            "Compatibility",
            str(scope.level),
            config if own_level else SERVER,
        ),
        Setting("mode", "Mode", str(scope.mode), origin(scope.mode_from)),
    ]
    top = origin((DEFAULT, ""))
    for name, title in _TITLES.items():
        value = scope.values.get(name)
        if value is not None:
            from_ = top if name in scope.inherited else config
            found.append(Setting(name, title, _words(value), from_))
    return found


def origin(place: Place | None) -> str:
    """Where a setting comes from, in words."""
    if place is None:
        return SERVER
    context, subject = place
    if subject:
        return "this subject"
    return "all contexts" if context == GLOBAL else f"the context {context}"


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        counts = (
            (key, len(inner)) for key, inner in value.items() if isinstance(inner, list | dict)
        )
        return ", ".join(f"{count} {key}" for key, count in counts if count) or "none"
    return str(value)
