"""What a kind of thing is, and the table of those that registered.

A kind (topic, subject, …) is one folder that puts an object of this shape into the table.
`governance` knows the shape and the table, never a kind: requests, checks, pages and workers go
through it. Plain values only; nothing here touches a database or a broker.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol, Self, runtime_checkable

from governance.errors import Problem, WeirError

if TYPE_CHECKING:
    from governance.actors import Actor

Json = Mapping[str, object]
NOTHING: Final = "–"  # in a difference, where there is no value


class Risk(StrEnum):
    """What an action may cost: nothing, a disturbance, or data."""

    SAFE = "safe"
    DISRUPTIVE = "disruptive"
    DESTRUCTIVE = "destructive"


class OutcomeState(StrEnum):
    """How one item ended in one attempt of a worker."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"  # the world was already as asked
    FAILED = "failed"  # will not succeed by trying again as it is
    RETRY = "retry"  # may succeed later: the broker was away, the lease was lost
    UNKNOWN = "unknown"  # a write timed out: it must be read before it may be judged


@dataclass(frozen=True, slots=True)
class ItemView:
    """One item of a request, as kinds see it.

    `id` is 0 while the item is only typed. `before` is what was declared when the item was
    written (None: nothing), `base_generation` its generation; `after` is what is asked for.
    `beside` holds (kind, place, name) of all items of the request, this one included,
    `classes_beside` the data class that the request asks for, by kind and name. `applied` says that
    it came to be: a length of time in it runs since then.
    """

    position: int
    kind: str
    operation: str
    name: str
    place: str
    after: Json
    before: Json | None = None
    base_generation: int = 0
    id: int = 0
    request_id: int = 0
    team: str = ""
    environment: str = ""
    production: bool = False
    beside: frozenset[tuple[str, str, str]] = frozenset()
    classes_beside: Mapping[tuple[str, str], str] = field(default_factory=dict)
    applied: bool = False


@dataclass(frozen=True, slots=True)
class Current:
    """What is known of the named object now, from rows alone.

    `declared` and `observed` are None where there is none; `seen_at` is an RFC 3339 time. `applied`
    is what a worker brought to the remote system last, for kinds where that can be another.
    """

    declared: Json | None
    generation: int
    observed: Json | None
    owner: str
    environment: str
    seen_at: str | None = None
    applied: Json | None = None


@dataclass(frozen=True, slots=True)
class DiffRow:
    """One line of the three-column difference; values are ready to print.

    `*_exact` hold the exact value (``604800000``) shown on hover and sent by the API; `source` says
    where the observed value comes from (default, static, dynamic); `note` is a sentence in words
    ("key order changes for new records"), `irreversible` marks what cannot be undone.
    """

    path: str
    label: str
    observed: str = NOTHING
    declared: str = NOTHING
    requested: str = NOTHING
    observed_exact: str = ""
    declared_exact: str = ""
    requested_exact: str = ""
    source: str = ""
    delta: str = ""
    note: str = ""
    changed: bool = False
    irreversible: bool = False

    @classmethod
    def unobserved(
        cls,
        path: str,
        label: str,
        declared: str | None,
        requested: str | None,
        *,
        exact: tuple[str, str] = ("", ""),
        delta: str = "",
        note: str = "",
    ) -> Self:
        """A line of what Weir alone knows; None or nothing is shown as a dash."""
        before, after = declared or NOTHING, requested or NOTHING
        return cls(
            path=path,
            label=label,
            declared=before,
            requested=after,
            declared_exact=exact[0],
            requested_exact=exact[1],
            delta=delta,
            note=note,
            changed=before != after,
        )


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that the worker will do, in words: "Set 2 configs on", `target`."""

    text: str
    target: str = ""
    risk: Risk = Risk.SAFE
    position: int = -1


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one item ended. `message` is a sentence for people; `detail` is kept with the item."""

    state: OutcomeState
    message: str = ""
    detail: Json = field(default_factory=dict)
    before_image: Json | None = None


@dataclass(frozen=True, slots=True)
class ApplyRun:
    """What a kind gets to apply: the items, who approved them, and where outcomes go.

    `record` stores outcomes of a batch at once, in a transaction of its own, with their events. A
    kind calls it as soon as a batch is settled, so that a killed worker loses one batch at most; an
    item for which nothing was recorded is tried again.
    """

    request_id: int
    items: Sequence[ItemView]
    actor: Actor
    record: Callable[[Mapping[int, Outcome]], None]


@dataclass(frozen=True, slots=True)
class Declaration:
    """What `declare` did for one item: the resource it belongs to and its new generation."""

    item_id: int
    generation: int


class Kind(Protocol):
    """The shape of a kind. Methods marked *worker* may wait on a remote system; no other may."""

    name: str
    title: str
    operations: frozenset[str]
    depends_on: frozenset[str]  # kinds whose items of the same request come first

    def parse(
        self, operation: str, name: str, place: str, after: Json
    ) -> tuple[Json, list[Problem]]:
        """The spec in its normal form, and what could not be read (empty: all of it was)."""

    def places(self) -> list[tuple[str, str, str]]:
        """(place, title, environment slug) of every place where this kind can live."""

    def current(self, place: str, name: str) -> Current | None:
        """What is declared and was last observed under that name; None for an unknown place."""

    def check(self, item: ItemView) -> list[Problem]:
        """Hard rules that no approval can lift, from declared and observed rows."""

    def facts(self, item: ItemView) -> Json:
        """Facts for policies, by dotted name (``topic.retention_ms``); absent means unknown."""

    def rows(self, item: ItemView) -> list[DiffRow]:
        """The difference, ready for pages and the API."""

    def steps(self, items: Sequence[ItemView]) -> list[Step]:
        """What the worker will do with these items of one request, in words."""

    def observe(self, place: str, names: Sequence[str]) -> None:
        """*Worker*: read the named objects from the remote system and store what was seen.

        Raises WeirError (with `retryable`) when the system cannot be read.
        """

    def rehearse(self, place: str, items: Sequence[ItemView]) -> list[Problem]:
        """*Worker*: what the remote system would refuse of these items for good, asked without
        changing anything; problems carry the item's position. Called after `observe`.

        Raises WeirError (with `retryable`) when the system cannot tell now.
        """

    def declare(self, items: Sequence[ItemView], *, by: Actor) -> None:
        """*Worker*: write the declared rows of approved items, in the caller's transaction.

        A second call for an item whose spec is already declared changes nothing.
        """

    def apply(self, run: ApplyRun) -> None:
        """*Worker*: plan and apply; record one outcome per item. Raises for none of them."""

    def url(self, place: str, name: str) -> str:
        """Path of the object's own page."""


class HeldHere:
    """Base of kinds whose things live in Weir alone: what is declared holds, nothing is remote."""

    def observe(self, place: str, names: Sequence[str]) -> None:
        """*Worker*: nothing to read elsewhere."""

    def rehearse(self, place: str, items: Sequence[ItemView]) -> list[Problem]:
        """Nothing to ask elsewhere."""
        return []


@runtime_checkable
class ReadsOnce(Protocol):
    """A kind that can read the rows of many things at once, which a long request needs."""

    def reading(self, targets: Iterable[tuple[str, str]]) -> AbstractContextManager[None]:
        """Reads what is known of these (place, name); within the block, questions about them are
        answered from that, and nothing that is written meanwhile is seen."""


@runtime_checkable
class WaitsFor(Protocol):
    """A kind whose items are named otherwise than the things they come after."""

    def waits_for(self, item: ItemView) -> Sequence[str]:
        """Names of things, of kinds it depends on, that must be there before this item."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Who decides on an item, as a requirement's role, why, and by which version of a policy."""

    role: str
    reason: str
    policy: str = ""
    version: int = 0


@runtime_checkable
class SaysWhoAgrees(Protocol):
    """A kind of which the owner of the thing is not the one who decides."""

    def agreement(self, item: ItemView) -> Agreement | Sequence[Agreement] | None:
        """Who decides in place of the owner, or who all do; None where the owner does all the
        same."""


@runtime_checkable
class HandsOver(Protocol):
    """A kind whose things belong to a team by a resource of their own (its kind and name), which
    another team can take over, and which can be claimed where no team has them."""

    def places(self) -> list[tuple[str, str, str]]:
        """As every kind."""

    def production_of(self, resources: Collection[int]) -> str:
        """A production environment that things of one of these resources live in, by name; empty
        for none."""

    def unclaimed(self, place: str, name: str) -> Problem | None:
        """Why a thing that nobody owns cannot be claimed; None where it can."""

    def claim(self, place: str, name: str, team: str, *, request_id: int) -> None:
        """*Worker*: makes the team its owner, in the caller's transaction, which records the
        event."""


@runtime_checkable
class Estate(Protocol):
    """A kind that can judge everything that is declared, which trying out a policy needs."""

    def estate_facts(self, wanted: frozenset[str]) -> Iterator[tuple[ItemView, Json]]:
        """Every declared object as an item that asks for what it is, with the facts that `facts`
        would give. `team` is its owner. Facts that are not `wanted` may be left out.

        Streams: what it holds in memory does not grow with the number of objects.
        """


@dataclass(frozen=True, slots=True)
class Undone:
    """What takes an applied item back: a change as it would be asked for, from what is now.

    `notes` are sentences about what of it stays all the same.
    """

    operation: str
    after: Json
    notes: tuple[str, ...] = ()


@runtime_checkable
class Undoes(Protocol):
    """A kind whose applied items can be taken back by another request."""

    def undo(self, item: ItemView, before: Json | None) -> Undone | Problem:
        """The change that restores `before`, or why there is none. Reads rows, never a cluster.

        What others have changed since is left as it is, and said.
        """


@dataclass(frozen=True, slots=True)
class Effect:
    """One consequence of an item beyond its own values, in words: how much it will hold, what that
    costs, who loses by it.

    `name` says what kind of consequence it is; `exact` holds its numbers for the API. `how` says
    how it was found out, or what it assumes; `tone` is empty, good, warn or bad.
    """

    name: str
    label: str
    text: str
    tone: str = ""
    how: str = ""
    exact: Json = field(default_factory=dict)


@runtime_checkable
class TellsEffects(Protocol):
    """A kind that can say what its items do beyond their own values."""

    def effects(self, item: ItemView) -> Sequence[Effect]:
        """Consequences, the gravest first, from rows alone; none where there is nothing to say."""


def effects_of(item: ItemView) -> Sequence[Effect]:
    """What an item's kind says of its consequences."""
    kind = get(item.kind)
    return kind.effects(item) if isinstance(kind, TellsEffects) else ()


class UnknownKind(WeirError):
    """No kind of that name registered."""

    code = "unknown_kind"


_TABLE: dict[str, Kind] = {}
# What the innermost block of `reading` has read: (kind, place, name).
_READ: ContextVar[frozenset[tuple[str, str, str]]] = ContextVar("kinds_read", default=frozenset())


def register(kind: Kind) -> None:
    """Put a kind into the table; a second kind of the same name is a programming error."""
    if kind.name in _TABLE and type(_TABLE[kind.name]) is not type(kind):
        raise ValueError(f"Two kinds call themselves {kind.name!r}.")
    _TABLE[kind.name] = kind


def unregister(name: str) -> None:
    """Take a kind out again; for tests that bring a kind of their own."""
    _TABLE.pop(name, None)


def get(name: str) -> Kind:
    """The kind of that name. Raises UnknownKind, naming those there are."""
    try:
        return _TABLE[name]
    except KeyError:
        known = ", ".join(sorted(_TABLE)) or "none"
        raise UnknownKind(
            f"There is no kind {name!r}. Kinds of this installation: {known}.", kind=name
        ) from None


def every() -> Iterator[Kind]:
    """All kinds, by name."""
    return iter([_TABLE[name] for name in sorted(_TABLE)])


def in_order(names: Sequence[str]) -> list[str]:
    """Names of kinds so that each comes after those it depends on.

    Kinds that do not depend on one another keep the order of their names, so that the result
    never depends on who registered first.
    """
    left = sorted(set(names))
    done: list[str] = []
    while left:
        ready = [n for n in left if not (get(n).depends_on & set(left) - {n})]
        if not ready:
            raise ValueError(f"Kinds depend on each other in a circle: {', '.join(left)}.")
        done.extend(ready)
        left = [n for n in left if n not in ready]
    return done


@contextmanager
def reading(targets: Iterable[tuple[str, str, str]]) -> Iterator[None]:
    """Lets the kinds of these (kind, place, name) read their rows once, for the block; nothing is
    read again where a block around this one has them all."""
    asked = frozenset(targets)
    if asked <= _READ.get():
        yield
        return
    by_kind: dict[str, list[tuple[str, str]]] = {}
    for name, place, target in sorted(asked):
        by_kind.setdefault(name, []).append((place, target))
    token = _READ.set(asked)
    try:
        with ExitStack() as stack:
            for name, wanted in by_kind.items():
                kind = _TABLE.get(name)
                if isinstance(kind, ReadsOnce):
                    stack.enter_context(kind.reading(wanted))
            yield
    finally:
        _READ.reset(token)
