"""Kinds of difference between two .proto files: which may be, and how each is said.

Names, which of them are no obstacle, and the sentences of the wire are its reference server's.
"""

from __future__ import annotations

from typing import Final

from registry.formats.base import Difference

ALLOWED: Final = frozenset(
    {
        *("MESSAGE_ADDED", "MESSAGE_MOVED", "ENUM_ADDED", "ENUM_REMOVED", "ENUM_CONST_ADDED"),
        *("ENUM_CONST_CHANGED", "ENUM_CONST_REMOVED", "FIELD_ADDED", "FIELD_REMOVED"),
        *("FIELD_NAME_CHANGED", "FIELD_STRING_OR_BYTES_LABEL_CHANGED", "ONEOF_ADDED"),
        *("ONEOF_REMOVED", "ONEOF_FIELD_ADDED", "ONEOF_FIELD_MOVED_TO_TOP_LEVEL"),
    }
)

# Kind: the sentence of the wire, and the one for people.
SAID: Final[dict[str, tuple[str, str]]] = {
    "PACKAGE_CHANGED": (
        "The package at '{path}' in the {reader} schema does not match the package in the {writer} "
        "schema",
        "the {reader} schema is of another package than the {writer} one: keep the package",
    ),
    "MESSAGE_REMOVED": (
        "The {reader} schema is missing a MESSAGE type at path '{path}' in the {writer} schema",
        "the message {place} is gone from the {reader} schema: keep it, even where nothing uses it",
    ),
    "FIELD_KIND_CHANGED": (
        "The type of a field at path '{path}' in the {reader} schema does not match the {writer} "
        "schema",
        "{place} is no longer the same sort of thing (value, message or map) in the {reader} "
        "schema: give it a new number and reserve the old one",
    ),
    "FIELD_SCALAR_KIND_CHANGED": (
        "The kind of a SCALAR field at path '{path}' in the {reader} schema does not match its "
        "kind in the {writer} schema",
        "{place} is written in another way in the {reader} schema than in the {writer} one: keep "
        "the type, or give the field a new number",
    ),
    "FIELD_NAMED_TYPE_CHANGED": (
        "The type of a MESSAGE field at path '{path}' in the {reader} schema does not match its "
        "type in the {writer} schema",
        "{place} is of another message in the {reader} schema, or of one that cannot read the "
        "{writer} one: keep the type, or give the field a new number",
    ),
    "FIELD_NUMERIC_LABEL_CHANGED": (
        "The label for a NUMERIC field at path '{path}' in the {reader} schema does not match its "
        "label in the {writer} schema",
        "{place} has another label (optional, repeated, required) in the {reader} schema: keep it, "
        "since numbers in a list are packed",
    ),
    "REQUIRED_FIELD_ADDED": (
        "A required field  at path '{path}' in the {reader} schema is missing in the {writer} "
        "schema",
        "{place} is required by the {reader} schema and unknown to the {writer} one: make it "
        "optional",
    ),
    "REQUIRED_FIELD_REMOVED": (
        "The {reader} schema is missing a required field at path: '{path}' in the {writer} schema",
        "{place}, which the {writer} schema requires, is gone from the {reader} one: keep it",
    ),
    "ONEOF_FIELD_REMOVED": (
        "The {reader} schema is missing a oneof field at path '{path}' in the {writer} schema",
        "{place} is gone from its oneof in the {reader} schema: keep it, or remove the whole oneof",
    ),
    "MULTIPLE_FIELDS_MOVED_TO_ONEOF": (
        "Multiple fields in the oneof at path '{path}' in the {reader} schema are outside a oneof "
        "in the {writer} schema",
        "{place} in the {reader} schema joins fields that could be set together in the {writer} "
        "one: move one of them at most",
    ),
    "FIELD_MOVED_TO_EXISTING_ONEOF": (
        "A field in the oneof at path '{path}' in the {reader} schema is outside an existing oneof "
        "in the {writer} schema",
        "{place} in the {reader} schema takes in a field that could be set beside the others in "
        "the {writer} one: leave it outside",
    ),
}


def difference(kind: str, path: tuple[str, ...]) -> Difference:
    """A difference with its sentences; `path` names messages, a oneof and a field's number."""
    wire, words = SAID.get(kind, ("", "{place} differs"))
    pointer = "#/" + "/".join(path)
    said = f'{{errorType:"{kind}", description:"{wire.replace("{path}", pointer)}"}}'
    allowed = kind in ALLOWED
    return Difference(kind, pointer, said, words.replace("{place}", place(path)), allowed)


def place(path: tuple[str, ...]) -> str:
    """What a path points at: `field 3 of Order.Line`, `the oneof kind of Order`."""
    names = [step for step in path if not step.lstrip("-").isdigit()]
    numbers = [step for step in path if step.lstrip("-").isdigit()]
    owner = ".".join(names) or "the file"
    return f"field {numbers[-1]} of {owner}" if numbers else owner
