"""What a schema format is, and the table of those there are.

A format is one folder whose `format.py` puts an object of this shape into the table. Which
direction a comparison runs in, which versions take part and what a level means is not its
business (`registry.compatibility`); it says how one schema reads what another wrote.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from registry.errors import InvalidSchema


@dataclass(frozen=True, slots=True)
class Limits:
    """What a text may cost before it is refused; checked before and while parsing."""

    text_bytes: int = 1_048_576
    nodes: int = 40_000
    name: int = 1_000  # characters of one name; paths repeat them for everything that lies within
    member: int = 10_000  # characters of the name of a JSON member, which may be an expression
    depth: int = 100  # nesting, references followed; far below what the interpreter's stack holds
    steps: int = 300_000  # comparisons of one check
    told: int = 4_000_000  # characters of the places of all that one check found


LIMITS = Limits()


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """ "`name`, as the schema uses it, is version `version` of `subject`." -1 is the latest."""

    name: str
    subject: str
    version: int


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a referenced schema; of several, those come first that others refer to.

    `subject` and `version` say where it is stored: two schemas that name the same place refer to
    the same thing.
    """

    name: str
    text: str
    subject: str = ""
    version: int = 0


class Policy(StrEnum):
    """How strictly differences are judged; what that means is each format's own business."""

    STRICT = "STRICT"
    LENIENT = "LENIENT"
    LOGICAL = "LOGICAL"


@dataclass(frozen=True, slots=True, order=True)
class Entity:
    """A part of a schema that can carry tags: `kind` is "sr_record" or "sr_field", `path` the full
    name of the record, and for a field a dot and its name."""

    kind: str
    path: str


class Parsed(Protocol):
    """A schema that was read: its text in canonical form, and two digests.

    Schemas of equal `likeness` are the same to a look-up, though their texts may differ in what has
    no meaning (order of properties). `whole` is the likeness with references written out, None
    where there are none.
    """

    @property
    def format(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def likeness(self) -> bytes: ...
    @property
    def whole(self) -> bytes | None: ...


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that keeps the reader from reading what the writer wrote (or that it can bear).

    `text` and `words` hold ``{reader}`` and ``{writer}`` where the two sides are named; everything
    else in them is literal, so they are filled in by replacement, never by formatting.
    """

    kind: str
    path: str
    text: str
    words: str
    allowed: bool = False

    def said(self, reader: str, writer: str) -> str:
        return self.text.replace("{reader}", reader).replace("{writer}", writer)

    def in_words(self, reader: str, writer: str) -> str:
        return self.words.replace("{reader}", reader).replace("{writer}", writer)


LONGEST: Final = 1_000  # characters of a path that people read


class ChangeKind(StrEnum):
    """What happened to one part of a schema from one version to another."""

    ADDED = "added"
    REMOVED = "removed"
    RETYPED = "retyped"
    RENAMED = "renamed"
    DEFAULT_ADDED = "default added"
    DEFAULT_LOST = "default lost"
    DEFAULT_CHANGED = "default changed"
    DOCUMENTED = "description changed"
    MOVED = "moved"
    OTHER = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference by meaning: what, where (`payments.Payment.amount`), from what to what.

    `breaks` names the directions it stands in the way of ("BACKWARD", "FORWARD").
    """

    kind: ChangeKind
    path: str
    before: str = ""
    after: str = ""
    breaks: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        if len(self.path) > LONGEST:
            object.__setattr__(self, "path", f"…{self.path[-LONGEST:]}")


class Format(Protocol):
    """The shape of a format. All of it is pure and bounded by the limits it is given."""

    name: str  # as clients write it: "AVRO"
    title: str  # as people do: "Avro"

    def parse(
        self,
        text: str,
        references: Sequence[Source] = (),
        *,
        strict: bool,
        normalize: bool = False,
        fields: bool = False,
    ) -> Parsed:
        """The schema of a text. Raises InvalidSchema, with a sentence, for anything else.

        `strict` is for what is new; what was stored once stays readable without it. With `fields`,
        names of fields are looked at too, and the whole must build (the config's `validateFields`).
        """

    def differences(
        self, reader: Parsed, writer: Parsed, policy: Policy = Policy.STRICT
    ) -> list[Difference]:
        """What keeps `reader` from reading data of `writer`, in the order found."""

    def changes(self, old: Parsed, new: Parsed) -> list[Change]:
        """The difference by meaning, in the order of the newer schema, removed parts last."""

    def contents(self, parsed: Parsed) -> list[Change]:
        """All that a schema brings, as additions, in the order of the text."""

    def render(self, parsed: Parsed, form: str) -> str:
        """The text in another form (`resolved`); the canonical text where the form is unknown."""

    def names(self, text: str) -> tuple[str, ...]:
        """What clients call a schema where they name subjects after records: full names, or a
        title. Needs no references; a text that cannot be read has none."""

    def top_level(self, parsed: Parsed) -> frozenset[str]:
        """The names of the outermost fields."""

    def tags(self, parsed: Parsed) -> dict[Entity, list[str]]:
        """The inline tags (`confluent:tags`) of each part that has some, in the order written."""

    def retagged(
        self,
        parsed: Parsed,
        added: Mapping[Entity, Sequence[str]],
        removed: Mapping[Entity, Sequence[str]],
    ) -> str:
        """The text with tags added, then others removed. Raises InvalidSchema for a part that is
        not there."""


_TABLE: dict[str, Format] = {}


def register(format_: Format) -> None:
    """Put a format into the table, under the name that clients use."""
    _TABLE[format_.name] = format_


def names() -> list[str]:
    """The formats there are, sorted."""
    return sorted(_TABLE)


def every() -> Iterator[Format]:
    return iter([_TABLE[name] for name in names()])


def get(name: str) -> Format:
    """The format of that name; case matters. Raises InvalidSchema, naming those there are."""
    try:
        return _TABLE[name]
    except KeyError:
        raise InvalidSchema(
            f"The schema type {name[:60]!r} is unknown here. Known types: {', '.join(names())}."
        ) from None
