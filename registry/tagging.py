"""Inline tags changed by a request: what is asked for, and the version that comes of it.

The text of a schema carries its tags, so other tags are another schema: the change is made to a
version's text, and the result is registered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from governance.actors import Actor
from registry import contracts, lookup, memo, store
from registry.candidates import Asked, TagChange
from registry.changes import Origin
from registry.contracts import VERSION_PROPERTY, Json
from registry.errors import InvalidRuleSet, SubjectNotFound, VersionNotFound
from registry.formats import base
from registry.formats.base import Entity
from registry.gate import Operation, admit
from registry.lookup import Stored
from registry.naming import LATEST, SubjectName
from registry.store import Registered


@dataclass(frozen=True, slots=True)
class Tagging:
    """What is to be made of a version. Of `rule_set` and the two others one kind at most is given.

    `version` is the number that the result must get; None leaves that open.
    """

    tags: TagChange
    version: int | None = None
    metadata: Json | None = None
    rule_set: Json | None = None
    rules_to_merge: Json | None = None
    rules_to_remove: Sequence[str] | None = None


def retag(
    subject: SubjectName, number: int, asked: Tagging, *, by: Actor, origin: Origin
) -> Registered:
    """Registers a version's schema with other tags, rules or metadata.

    Raises VersionNotFound, SubjectNotFound, InvalidSchema for a path that leads nowhere or a number
    that is not the next, InvalidRuleSet; and whatever registering raises.
    """
    admit(Operation.REGISTER, subject, by)
    stored = lookup.find_version(subject, number)
    if stored is None:
        if not any(not gone for _, gone in lookup.versions(subject)):
            raise SubjectNotFound(str(subject))
        raise VersionNotFound(number)
    metadata = stored.metadata if asked.metadata is None else asked.metadata
    following = asked.version or 0
    wanted = Asked(
        text=stored.text,
        type=stored.type,
        references=tuple(r.wire for r in stored.references),
        metadata=contracts.with_property(metadata, VERSION_PROPERTY, str(following)),
        rule_set=_rules(subject, asked),
        version=following,
        tags=asked.tags,
    )
    return store.register(subject, wanted, by=by, origin=origin)


def _rules(subject: SubjectName, asked: Tagging) -> Json | None:
    """The rules given, or those of the version before, changed."""
    if asked.rules_to_merge is None and asked.rules_to_remove is None:
        return asked.rule_set
    if asked.rule_set is not None:
        raise InvalidRuleSet(
            "ruleSet should be omitted if specifying rulesToMerge or rulesToRemove"
        )
    before = lookup.find_version(subject, asked.version - 1 if asked.version else LATEST)
    rules = contracts.merge_rule_set(before.rule_set if before else None, asked.rules_to_merge)
    gone = set(asked.rules_to_remove or ())
    return contracts.without_rules(rules, gone) if gone else rules


def found(stored: Stored, wanted: Sequence[str]) -> list[Json]:
    """The tagged parts of a version, as reads answer them: those with one of the tags, or "*"."""
    if not wanted:
        return []
    tags: Mapping[Entity, Sequence[str]] = base.get(stored.type).tags(memo.parsed(stored))
    return [
        {"schemaEntity": {"entityPath": part.path, "entityType": part.kind}, "tags": list(names)}
        for part, names in tags.items()
        if "*" in wanted or not set(wanted).isdisjoint(names)
    ]
