"""The door of the registry's writes and reads: who may do what to which subject.

One function, asked once by every operation of the wire API and by the request pipeline before it
applies. It answers with what is to be written down about the decision; a refusal is an exception.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from governance import permissions
from governance.actors import Actor
from governance.permissions import Action
from registry import naming
from registry.errors import Forbidden
from registry.formats.base import Reference
from registry.naming import SubjectName


class Operation(StrEnum):
    """What somebody wants to do. All but READ change something."""

    READ = "read"
    REGISTER = "register"
    IMPORT = "import"
    DELETE = "delete"
    CONFIG = "config"
    MODE = "mode"
    ASSOCIATE = "associate"


@dataclass(frozen=True, slots=True)
class Admission:
    """That it was allowed, and by which versions of which policies; goes into the event."""

    policies: tuple[str, ...] = ()


ALLOWED = Admission()


def admit(operation: Operation, subject: SubjectName | None, actor: Actor) -> Admission:
    """Let `actor` do `operation` to `subject` (None: to nothing in particular), or raise Forbidden.

    The matrix of permissions decides; whoever is bound to a context stays in it. The registry is
    open to the teams it serves: a client with the right to write may write to any subject, and is
    judged as a member of its own team. Weir itself applies what was approved.
    """
    action = Action.READ_REGISTRY if operation is Operation.READ else Action.WRITE_REGISTRY
    decision = permissions.allowed(actor, action, "subject", actor.team)
    if not decision.ok:
        raise Forbidden(decision.why)
    if subject is not None and actor.context is not None and subject.context != actor.context:
        raise Forbidden(
            f"{actor.name} is bound to context {actor.context} and may not {operation} in "
            f"{subject.context}. Leave the context out of the subject's name, or use another token."
        )
    return ALLOWED


def may_read(actor: Actor) -> bool:
    """Whether the actor may read what lies in its context."""
    return permissions.allowed(actor, Action.READ_REGISTRY, "subject", actor.team).ok


def admit_references(subject: SubjectName, references: Iterable[Reference], actor: Actor) -> None:
    """Let `actor` name these subjects in a schema of `subject`, or raise Forbidden: what a schema
    refers to can be read through it."""
    if actor.context is None:
        return
    for reference in references:
        admit(Operation.READ, naming.qualify(reference.subject, subject.context), actor)
