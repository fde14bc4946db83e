"""Kinds of difference between two JSON Schemas: which may be, and how each is said.

Names, which of them are no obstacle under which policy, and the sentences of the wire are those of
the wire's reference server. `{reader}` and `{writer}` are filled in by the caller.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from registry.formats.base import Difference, Policy

_BY_VALUE: Final = (
    *("MAX_LENGTH", "MAXIMUM", "EXCLUSIVE_MAXIMUM", "MAX_PROPERTIES", "MAX_ITEMS"),
    "MAX_CONTAINS",
)
_BY_LEAST: Final = (
    *("MIN_LENGTH", "MINIMUM", "EXCLUSIVE_MINIMUM", "MIN_PROPERTIES", "MIN_ITEMS"),
    "MIN_CONTAINS",
)

ALLOWED: Final[frozenset[str]] = frozenset(
    {
        *(f"{name}_{change}" for name in _BY_VALUE for change in ("INCREASED", "REMOVED")),
        *(f"{name}_{change}" for name in _BY_LEAST for change in ("DECREASED", "REMOVED")),
        *("ID_CHANGED", "TITLE_CHANGED", "DESCRIPTION_CHANGED", "DEFAULT_CHANGED"),
        *("SCHEMA_REMOVED", "TYPE_EXTENDED", "PATTERN_REMOVED", "UNIQUE_ITEMS_REMOVED"),
        *("MULTIPLE_OF_REDUCED", "MULTIPLE_OF_REMOVED", "ENUM_ARRAY_EXTENDED"),
        *("REQUIRED_ATTRIBUTE_WITH_DEFAULT_ADDED", "REQUIRED_ATTRIBUTE_REMOVED"),
        *("DEPENDENCY_ARRAY_NARROWED", "DEPENDENCY_ARRAY_REMOVED", "DEPENDENCY_SCHEMA_REMOVED"),
        *("ADDITIONAL_PROPERTIES_ADDED", "ADDITIONAL_PROPERTIES_EXTENDED"),
        *("UNEVALUATED_PROPERTIES_ADDED", "UNEVALUATED_PROPERTIES_EXTENDED"),
        *("ADDITIONAL_ITEMS_ADDED", "ADDITIONAL_ITEMS_EXTENDED"),
        *("UNEVALUATED_ITEMS_ADDED", "UNEVALUATED_ITEMS_EXTENDED"),
        "PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL",
        "REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_UNOPEN_CONTENT_MODEL",
        "OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL",
        "PROPERTY_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL",
        "PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL",
        "PROPERTY_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        "PROPERTY_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        "ITEM_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL",
        "ITEM_ADDED_TO_CLOSED_CONTENT_MODEL",
        "ITEM_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL",
        "ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL",
        "ITEM_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        "ITEM_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        *("COMBINED_TYPE_EXTENDED", "PRODUCT_TYPE_NARROWED", "SUM_TYPE_EXTENDED"),
        "NOT_TYPE_NARROWED",
    }
)

# A lenient subject leaves the content model out of account.
LENIENT: Final[frozenset[str]] = ALLOWED | {
    *("ADDITIONAL_PROPERTIES_NARROWED", "ADDITIONAL_PROPERTIES_REMOVED"),
    *("UNEVALUATED_PROPERTIES_NARROWED", "UNEVALUATED_PROPERTIES_REMOVED"),
    "REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL",
    "OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL",
    "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL",
    "PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
    "PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
}


def allowed(policy: Policy) -> frozenset[str]:
    """Kinds that are no obstacle under a policy."""
    return LENIENT if policy is Policy.LENIENT else ALLOWED


# --- Sentences ------------------------------------------------------------------------------------

_KEYWORD: Final = (
    "The keyword at path '{path}' in the {reader} schema is not present in the {writer} schema",
    "{place} is restricted by the {reader} schema and not by the {writer} one: leave the "
    "restriction out",
)
_MORE: Final = (
    "The value at path '{path}' in the {reader} schema is more than its value in the {writer} "
    "schema",
    "{place} is higher in the {reader} schema than in the {writer} one: keep it, or lower it",
)
_LESS: Final = (
    "The value at path '{path}' in the {reader} schema is less than its value in the {writer} "
    "schema",
    "{place} is lower in the {reader} schema than in the {writer} one: keep it, or raise it",
)
_OTHER: Final = (
    "The value at path '{path}' is different between the {reader} and {writer} schema",
    "{place} differs between the {reader} and the {writer} schema: keep it as it was",
)
_FEWER: Final = (
    "An array or combined type at path '{path}' has fewer elements in the {reader} schema than the "
    "{writer} schema",
    "{place} allows less in the {reader} schema than in the {writer} one: keep what was allowed",
)
_EXTENDED: Final = (
    "An array or combined type at path '{path}' has more elements in the {reader} schema than the "
    "{writer} schema",
    "{place} asks for more in the {reader} schema than in the {writer} one: ask for no more",
)
_TYPE: Final = (
    "A type at path '{path}' is different between the {reader} schema and the {writer} schema",
    "{place} has another type in the {reader} schema than in the {writer} one: keep the type, or "
    "add a property of another name",
)
_OPEN: Final = (
    "The {reader} schema has an open content model and has a property or item at path '{path}' "
    "which is missing in the {writer} schema",
    "{place} is new in the {reader} schema, and the {writer} one let anything stand there: set "
    "additionalProperties to false in the older one, or judge the subject by the policy LENIENT",
)
_REQUIRED: Final = (
    "The {reader} schema has an unopen content model and has a required property at path '{path}' "
    "which is missing in the {writer} schema",
    "{place} is required by the {reader} schema and unknown to the {writer} one: make it optional, "
    "or give it a default",
)
_CLOSED: Final = (
    "The {reader} has a closed content model and is missing a property or item present at path "
    "'{path}' in the {writer} schema",
    "{place} is part of the {writer} schema, and the {reader} one forbids what it does not name: "
    "keep it, or allow additional ones",
)
_UNCOVERED_LOST: Final = (
    "A property or item is missing in the {reader} schema but present at path '{path}' in the "
    "{writer} schema and is not covered by its partially open content model",
    "{place} is gone from the {reader} schema, and what may stand there instead does not take what "
    "the {writer} one wrote: keep it, or allow it",
)
_UNCOVERED_NEW: Final = (
    "The {reader} schema has a property or item at path '{path}' which is missing in the {writer} "
    "schema and is not covered by its partially open content model",
    "{place} is new in the {reader} schema, and the {writer} one let other values stand there: "
    "give it a type that takes them",
)

_SAID: Final[Mapping[str, tuple[str, str]]] = {
    **{f"{name}_ADDED": _KEYWORD for name in (*_BY_VALUE, *_BY_LEAST)},
    **{f"{name}_DECREASED": _LESS for name in _BY_VALUE},
    **{f"{name}_INCREASED": _MORE for name in _BY_LEAST},
    **dict.fromkeys(
        (
            *("PATTERN_ADDED", "MULTIPLE_OF_ADDED", "DEPENDENCY_ARRAY_ADDED"),
            *("DEPENDENCY_SCHEMA_ADDED", "UNIQUE_ITEMS_ADDED"),
            *("ADDITIONAL_PROPERTIES_REMOVED", "UNEVALUATED_PROPERTIES_REMOVED"),
            *("ADDITIONAL_ITEMS_REMOVED", "UNEVALUATED_ITEMS_REMOVED"),
        ),
        _KEYWORD,
    ),
    "REQUIRED_ATTRIBUTE_ADDED": (
        _KEYWORD[0],
        "{place} is required by the {reader} schema and not by the {writer} one: leave it "
        "optional, or give it a default",
    ),
    "SCHEMA_ADDED": ("", _KEYWORD[1]),  # the reference server has no sentence for it
    "MULTIPLE_OF_EXPANDED": _MORE,
    **dict.fromkeys(("PATTERN_CHANGED", "MULTIPLE_OF_CHANGED", "DEPENDENCY_ARRAY_CHANGED"), _OTHER),
    **dict.fromkeys(
        (
            *("ADDITIONAL_PROPERTIES_NARROWED", "UNEVALUATED_PROPERTIES_NARROWED"),
            *("ADDITIONAL_ITEMS_NARROWED", "UNEVALUATED_ITEMS_NARROWED"),
            *("ENUM_ARRAY_NARROWED", "SUM_TYPE_NARROWED"),
        ),
        _FEWER,
    ),
    **dict.fromkeys(
        ("DEPENDENCY_ARRAY_EXTENDED", "PRODUCT_TYPE_EXTENDED", "NOT_TYPE_EXTENDED"), _EXTENDED
    ),
    **dict.fromkeys(
        (
            *("TYPE_CHANGED", "TYPE_NARROWED", "ENUM_ARRAY_CHANGED", "COMBINED_TYPE_CHANGED"),
            "COMBINED_TYPE_SUBSCHEMAS_CHANGED",
        ),
        _TYPE,
    ),
    **dict.fromkeys(
        (
            "REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL",
            "REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL",
            "OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL",
            "ITEM_ADDED_TO_OPEN_CONTENT_MODEL",
        ),
        _OPEN,
    ),
    "REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL": _REQUIRED,
    "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL": _CLOSED,
    "ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL": _CLOSED,
    "PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL": _UNCOVERED_LOST,
    "ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL": _UNCOVERED_LOST,
    "PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL": _UNCOVERED_NEW,
    "ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL": _UNCOVERED_NEW,
}


def difference(kind: str, path: str, policy: Policy) -> Difference:
    """A difference with its sentences; `path` is a pointer as in `#/properties/name`."""
    wire, words = _SAID.get(kind, ("", "{place} differs"))
    said = f'{{errorType:"{kind}", description:"{wire.replace("{path}", path)}\'}}'
    place = _place(path)
    return Difference(kind, path, said, words.replace("{place}", place), kind in allowed(policy))


def _place(path: str) -> str:
    """What a pointer points at, in words: `#/properties/a/properties/b/minLength`."""
    steps = path.removeprefix("#/").split("/") if path != "#/" else []
    names: list[str] = []
    index = 0
    while index + 1 < len(steps) and steps[index] == "properties":
        names.append(steps[index + 1])
        index += 2
    if index + 1 < len(steps) and steps[index] == "required":
        names.append(steps[index + 1])
        index += 2
    what = f"the property {'.'.join(names)}" if names else "the schema"
    rest = "/".join(steps[index:])
    return f"{rest} of {what}" if rest else what
