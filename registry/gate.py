"""The door of the registry's writes and reads: who may do what to which subject.

One function, asked once by every operation of the wire API and by the request pipeline before it
applies. It answers with what is to be written down about the decision; a refusal is an exception.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from governance.actors import Actor
from registry.errors import Forbidden
from registry.naming import SubjectName


class Operation(StrEnum):
    """What somebody wants to do. All but READ change something."""

    READ = "read"
    REGISTER = "register"
    IMPORT = "import"
    DELETE = "delete"
    CONFIG = "config"
    MODE = "mode"


@dataclass(frozen=True, slots=True)
class Admission:
    """That it was allowed, and by which versions of which policies; goes into the event."""

    policies: tuple[str, ...] = ()


READ_SCOPE = "registry:read"
WRITE_SCOPE = "registry:write"
ALLOWED = Admission()


def admit(operation: Operation, subject: SubjectName | None, actor: Actor) -> Admission:
    """Let `actor` do `operation` to `subject` (None: to nothing in particular), or raise Forbidden.

    Somebody with scopes needs the one for reading or writing; whoever is bound to a context stays
    in it. Weir itself, which applies what was approved, is held to neither.
    """
    if actor.scopes is not None:
        wanted = READ_SCOPE if operation is Operation.READ else WRITE_SCOPE
        held = actor.scopes | ({READ_SCOPE} if WRITE_SCOPE in actor.scopes else frozenset())
        if wanted not in held:
            raise Forbidden(
                f"{actor.name} may not {operation} here: it lacks the scope {wanted}. "
                "Ask an owner of the team for a token with it."
            )
    if subject is not None and actor.context is not None and subject.context != actor.context:
        raise Forbidden(
            f"{actor.name} is bound to context {actor.context} and may not {operation} in "
            f"{subject.context}. Leave the context out of the subject's name, or use another token."
        )
    return ALLOWED
