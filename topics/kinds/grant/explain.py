"""Who may do what on a cluster, from its ACL lines, as Kafka's own authorizer decides; pure.

A line that denies beats all that allow. Reading, writing, deleting and altering include
describing; altering configs includes describing them. Superusers are set in the brokers' files and
stand in no line, so no answer here speaks of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from topics.kinds.grant.bindings import ANY_HOST, Binding, Operation, Resource

EVERYBODY: Final = "User:*"

IMPLIES: Final[Mapping[Operation, frozenset[Operation]]] = {
    Operation.DESCRIBE: frozenset(
        {Operation.READ, Operation.WRITE, Operation.DELETE, Operation.ALTER}
    ),
    Operation.DESCRIBE_CONFIGS: frozenset({Operation.ALTER_CONFIGS}),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a principal may, and through which lines. `somewhere` says that what allows it holds
    for single hosts only."""

    allowed: bool
    through: tuple[Binding, ...] = ()
    denied_by: tuple[Binding, ...] = ()

    @property
    def somewhere(self) -> bool:
        """Whether it may from some hosts only."""
        return self.allowed and all(line.host != ANY_HOST for line in self.through)


def may(
    principal: str, operation: Operation, resource: Resource, name: str, lines: Iterable[Binding]
) -> Answer:
    """Whether the principal may do this to the named resource, and why.

    A deny for one host alone leaves the others: it is told, and does not decide.
    """
    mine = [
        line
        for line in lines
        if line.principal in (principal, EVERYBODY)
        and line.resource is resource
        and line.pattern.covers(name)
    ]
    denied = tuple(sorted(one for one in mine if not one.allow and _denies(one, operation)))
    through = tuple(sorted(one for one in mine if one.allow and _allows(one, operation)))
    if any(line.host == ANY_HOST for line in denied):
        return Answer(False, through, denied)
    return Answer(bool(through), through, denied)


def _allows(line: Binding, operation: Operation) -> bool:
    return line.operation in {operation, Operation.ALL} | IMPLIES.get(operation, frozenset())


def _denies(line: Binding, operation: Operation) -> bool:
    return line.operation in {operation, Operation.ALL}


def who_may(
    operation: Operation, resource: Resource, name: str, lines: Iterable[Binding]
) -> dict[str, Answer]:
    """Every principal of whom a line says something about this, with its answer, by name."""
    covering = [line for line in lines if line.resource is resource and line.pattern.covers(name)]
    concerned = {
        line.principal
        for line in covering
        if (_allows(line, operation) if line.allow else _denies(line, operation))
    }
    return {
        principal: may(principal, operation, resource, name, covering)
        for principal in sorted(concerned)
    }
