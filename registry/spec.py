"""What a request says of a subject: a schema, its references, and a level. Plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from governance.errors import Problem
from registry import compatibility, contracts
from registry.candidates import Asked, Candidate
from registry.contracts import Json
from registry.errors import InvalidLevel, RegistryError
from registry.formats import base
from registry.formats.base import LIMITS, Reference
from registry.lookup import MAX_REFERENCES, Stored
from registry.naming import LATEST

SENSITIVE = (
    "Properties of metadata that are named sensitive cannot be asked for, since everybody sees "
    "what a request asks for."
)


@dataclass(frozen=True, slots=True)
class SubjectSpec:
    """The schema asked for; `compatibility` None leaves the level as it is, `metadata` and
    `rule_set` None take those of the version before."""

    type: str
    text: str
    references: tuple[Reference, ...] = ()
    compatibility: str | None = None
    metadata: Json | None = None
    rule_set: Json | None = None

    @staticmethod
    def of(stored: Stored) -> SubjectSpec:
        """The spec that a stored version would have had."""
        return SubjectSpec(stored.type, stored.text, tuple(r.wire for r in stored.references))

    @staticmethod
    def wanted(found: Candidate) -> SubjectSpec:
        """The spec of what a client sent, as far as it was read."""
        return SubjectSpec(
            found.parsed.format,
            found.parsed.text,
            tuple(r.wire for r in found.references),
            metadata=found.asked.metadata,
            rule_set=found.asked.rule_set,
        )

    def asked(self) -> Asked:
        return Asked(
            text=self.text,
            type=self.type,
            references=self.references,
            metadata=self.metadata,
            rule_set=self.rule_set,
        )

    def as_json(self) -> dict[str, object]:
        found: dict[str, object] = {"schemaType": self.type, "schema": self.text}
        if self.references:
            found["references"] = [
                {"name": r.name, "subject": r.subject, "version": r.version}
                for r in self.references
            ]
        if self.compatibility is not None:
            found["compatibility"] = self.compatibility
        if self.metadata is not None:
            found["metadata"] = self.metadata
        if self.rule_set is not None:
            found["ruleSet"] = self.rule_set
        return found


def from_json(value: Mapping[str, object]) -> SubjectSpec:
    """A spec that was stored in its normal form; what is missing or odd is left out."""
    return parse(value)[0]


def parse(value: Mapping[str, object]) -> tuple[SubjectSpec, list[Problem]]:
    """The spec of what somebody sent, and what could not be read of it."""
    problems: list[Problem] = []
    type_ = value.get("schemaType") or "AVRO"
    if not isinstance(type_, str) or type_ not in base.names():
        problems.append(
            Problem(
                "schemaType",
                f"The format {str(type_)[:40]!r} is unknown.",
                f"Choose among {', '.join(base.names())}.",
            )
        )
        type_ = "AVRO"
    text = value.get("schema")
    if not isinstance(text, str) or not text.strip():
        problems.append(Problem("schema", "There is no schema.", "Write it, or paste it."))
        text = ""
    elif len(text.encode("utf-8", "surrogatepass")) > LIMITS.text_bytes:
        problems.append(
            Problem("schema", f"The schema is longer than {LIMITS.text_bytes} bytes.", "Split it.")
        )
        text = ""
    references = _references(value.get("references"), problems)
    level = _level(value, problems)
    metadata, rules = _metadata(value, problems), _rules(value, problems)
    return SubjectSpec(type_, text, references, level, metadata, rules), problems


def _metadata(value: Mapping[str, object], problems: list[Problem]) -> Json | None:
    try:
        found = contracts.metadata(value.get("metadata"))
    except RegistryError as error:
        problems.append(Problem("metadata", error.message, "Send what the wire API takes."))
        return None
    if found and found.get("sensitive"):
        problems.append(Problem("metadata", SENSITIVE, "Leave them out.", rule="sensitive"))
        return None
    return found


def _rules(value: Mapping[str, object], problems: list[Problem]) -> Json | None:
    try:
        found = contracts.rule_set(value.get("ruleSet"))
        contracts.ensure_valid_rules(found)
    except RegistryError as error:
        problems.append(Problem("ruleSet", error.message, "Send what the wire API takes."))
        return None
    return found


def _level(value: Mapping[str, object], problems: list[Problem]) -> str | None:
    asked = value.get("compatibility")
    if asked in (None, ""):
        return None
    try:
        return compatibility.level(asked).value
    except InvalidLevel:
        known = ", ".join(level.value for level in compatibility.Level)
        rule = f"There is no compatibility level {str(asked)[:60]!r}."
        problems.append(Problem("compatibility", rule, f"Choose one of {known}."))
        return None


def _references(value: object, problems: list[Problem]) -> tuple[Reference, ...]:
    if value in (None, "", []):
        return ()
    if not isinstance(value, Sequence) or isinstance(value, str):
        problems.append(Problem("references", "The references are no list.", "Send a list."))
        return ()
    if len(value) > MAX_REFERENCES:
        problems.append(
            Problem(
                "references",
                f"There are more than {MAX_REFERENCES} references.",
                "Put schemas that belong together into one subject.",
            )
        )
        return ()
    found = []
    for item in value:
        reference = _reference(item)
        if reference is None:
            problems.append(
                Problem(
                    "references",
                    "A reference needs a name, a subject and a version.",
                    "Give all three; version -1 means the latest.",
                )
            )
        else:
            found.append(reference)
    return tuple(found)


def _reference(item: object) -> Reference | None:
    if not isinstance(item, Mapping):
        return None
    name, subject, version = item.get("name"), item.get("subject"), item.get("version", LATEST)
    if not (isinstance(name, str) and name and isinstance(subject, str) and subject):
        return None
    if not isinstance(version, int) or isinstance(version, bool):
        return None
    return Reference(name, subject, version)
