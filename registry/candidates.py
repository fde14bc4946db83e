"""What a client sends, read: parsed, with references resolved, its identity, and what equals it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from registry import contracts, lookup, memo
from registry.contracts import VERSION_PROPERTY, Json
from registry.errors import InvalidSchema
from registry.formats import base
from registry.formats.base import Entity, Parsed, Reference
from registry.lookup import Head, Stored, StoredReference
from registry.naming import SubjectName
from registry.scope import InScope

TagPairs = tuple[tuple[Entity, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class TagChange:
    """Inline tags to add to parts of a schema, and then others to remove."""

    added: TagPairs = ()
    removed: TagPairs = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client sends to register, to look up and to check. Unread members are None.

    `version` 0 means "the next one", -1 "the latest or the next one". `propagate_tags` copies the
    latest version's inline tags.
    """

    text: str
    type: str = "AVRO"
    references: tuple[Reference, ...] = ()
    metadata: Json | None = None
    rule_set: Json | None = None
    version: int = 0
    id: int | None = None
    tags: TagChange = TagChange()
    propagate_tags: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """What was asked, read: parsed, with references resolved and its identity."""

    parsed: Parsed
    references: tuple[StoredReference, ...]
    metadata: Json | None
    rule_set: Json | None
    asked: Asked

    @property
    def identity(self) -> bytes:
        return contracts.identity(
            self.parsed.text, [r.wire for r in self.references], self.metadata, self.rule_set
        )


def candidate(
    subject: SubjectName,
    asked: Asked,
    *,
    normalize: bool,
    strict: bool = True,
    fields: bool = False,
) -> Candidate:
    """Parse what was asked, with its references. Raises InvalidSchema naming the subject."""
    try:
        references = lookup.resolve(asked.references, subject.context, deleted=not strict)
        sources = lookup.sources(references)
        parsed = memo.parse(
            asked.type, asked.text, sources, strict=strict, normalize=normalize, fields=fields
        )
        if asked.tags:
            added, removed = dict(asked.tags.added), dict(asked.tags.removed)
            text = base.get(asked.type).retagged(parsed, added, removed)
            parsed = memo.parse(asked.type, text, sources, strict=strict, fields=fields)
    except InvalidSchema as error:
        raise type(error)(error.reason, subject=str(subject), schema_type=asked.type[:60]) from None
    if normalize:
        references = tuple(sorted(set(references), key=lambda r: r.wire))
    return Candidate(parsed, references, asked.metadata, asked.rule_set, asked)


def match(wanted: Candidate, among: Sequence[Head]) -> Stored | None:
    """The version, newest first, that equals the candidate.

    Equal identity comes first, then equal structure with equal references, or with the stored
    one's references written out; `confluent:version` counts only where both have it.
    """
    identity = wanted.identity
    for stored in lookup.with_texts(head for head in among if head.identity == identity):
        if same_content(wanted, stored):
            return stored
    return next(lookup.with_texts(head for head in among if _alike(wanted, head)), None)


def same_content(wanted: Candidate, stored: Stored) -> bool:
    """Whether nothing at all differs, where the MD5 is the same."""
    parsed = wanted.parsed
    mine = [r.wire for r in wanted.references]
    theirs = [r.wire for r in stored.references]
    return contracts.content(
        parsed.format, parsed.text, mine, wanted.metadata, wanted.rule_set
    ) == contracts.content(stored.type, stored.text, theirs, stored.metadata, stored.rule_set)


def _alike(wanted: Candidate, stored: Head) -> bool:
    if stored.type != wanted.parsed.format or stored.rule_set != wanted.rule_set:
        return False
    if not _same_metadata(wanted, stored):
        return False
    if stored.likeness == wanted.parsed.likeness and sorted(
        r.wire for r in stored.references
    ) == sorted(r.wire for r in wanted.references):
        return True
    return not wanted.references and stored.whole == wanted.parsed.likeness


def _same_metadata(wanted: Candidate, stored: Head) -> bool:
    mine = contracts.property_of(wanted.metadata, VERSION_PROPERTY)
    theirs = contracts.property_of(stored.metadata, VERSION_PROPERTY)
    if mine is not None and theirs is None and mine != str(stored.version):
        return False
    if (mine is None) == (theirs is None):
        return wanted.metadata == stored.metadata
    return _plain(wanted.metadata) == _plain(stored.metadata)


def _plain(metadata: Json | None) -> Json | None:
    return contracts.without_property(metadata, VERSION_PROPERTY) or None


def inheriting(wanted: Candidate, latest: Head | None, in_scope: InScope) -> Candidate:
    """With metadata and rules as they would be stored: what the request leaves out comes from the
    latest version, and what the config in scope says is laid below and above."""
    values = in_scope.values
    metadata, rules = wanted.metadata, wanted.rule_set
    if latest is not None:
        metadata = latest.metadata if metadata is None else metadata
        rules = latest.rule_set if rules is None else rules
    merge, read = contracts.merge_metadata, contracts.metadata
    metadata = merge(read(values.get("defaultMetadata")), metadata)
    metadata = merge(metadata, read(values.get("overrideMetadata")))
    unite, rule_set = contracts.merge_rule_set, contracts.rule_set
    rules = unite(rule_set(values.get("defaultRuleSet")), rules)
    rules = unite(rules, rule_set(values.get("overrideRuleSet")))
    return replace(wanted, metadata=metadata, rule_set=rules)
