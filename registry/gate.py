"""The door of the registry's writes and reads: who may do what to which subject.

`admit` is asked by every operation of the wire API, and by the request pipeline before it applies.
`passing` is asked once more where something new is about to be registered, since what is there
already is answered to whoever may write at all. A refusal is an exception; the answer is what is to
be written down about the decision.

Three things decide: the matrix of permissions with the context that a token is bound to; the right
to that subject (`registry.rights`), where the installation tells them apart; and the gate level of
the place (`registry.levels`). What Weir itself applies was approved.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from governance import facts, permissions
from governance.actors import Actor
from governance.kinds import ItemView
from governance.lookups import environment_of_context
from governance.models import Severity
from governance.permissions import Action
from governance.services.checks import Judged, judged
from registry import asking, levels, lookup, naming, reading, rights
from registry.candidates import Candidate
from registry.changes import Origin
from registry.covering import Covered
from registry.errors import ByRequest, Forbidden, PolicyObjects
from registry.formats.base import Reference
from registry.levels import Gate
from registry.naming import SubjectName
from registry.rights import Right
from registry.spec import SubjectSpec


class Operation(StrEnum):
    """What somebody wants to do. All but READ and LIST, which is to look what a context holds and
    how it is set, change something."""

    READ = "read"
    LIST = "list"
    REGISTER = "register"
    IMPORT = "import"
    DELETE = "delete"
    CONFIG = "config"
    MODE = "mode"
    ASSOCIATE = "associate"


def looks_at(subject: SubjectName) -> Operation:
    """What it is to look at what a name stands for: at a subject, or into a context itself."""
    return Operation.LIST if subject.is_context else Operation.READ


NEEDED: Final = {
    Operation.REGISTER: Right.WRITE,
    Operation.ASSOCIATE: Right.WRITE,
    Operation.CONFIG: Right.COMPATIBILITY,
    Operation.MODE: Right.COMPATIBILITY,
    Operation.DELETE: Right.DELETE,
    Operation.IMPORT: Right.ADMIN,
}
# Asked in `passing`, once it is known that there is something to be made.
REGISTERING: Final = frozenset({Operation.REGISTER, Operation.IMPORT})
IN_WORDS: Final = {
    Operation.IMPORT: "import into it",
    Operation.DELETE: "delete of it",
    Operation.CONFIG: "change its config",
    Operation.MODE: "change its mode",
    Operation.ASSOCIATE: "change its associations",
}


@dataclass(frozen=True, slots=True)
class Admission:
    """That it was allowed, and by which versions of which policies; goes into the event.

    `warnings` are what policies object to without refusing; `claims` says that the caller's team
    comes to own the subject.
    """

    policies: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    claims: bool = False


ALLOWED = Admission()


@dataclass(frozen=True, slots=True)
class Standing:
    """What a registration was judged by. Where it is another by the time of writing, it is judged
    again."""

    gate: Gate
    claims: bool


def admit(operation: Operation, subject: SubjectName | None, actor: Actor) -> Admission:
    """Let `actor` do `operation` to `subject` (None: to nothing in particular), or raise Forbidden
    or ByRequest. Of registering this is the first half.

    The matrix of permissions decides; whoever is bound to a context stays in it. A client with the
    right to write is judged as a member of its own team. Weir itself applies what was approved.
    """
    reads = operation in (Operation.READ, Operation.LIST)
    action = Action.READ_REGISTRY if reads else Action.WRITE_REGISTRY
    decision = permissions.allowed(actor, action, "subject", actor.team)
    if not decision.ok:
        raise Forbidden(decision.why)
    if subject is None:
        return ALLOWED
    if actor.context is not None and subject.context != actor.context:
        raise Forbidden(
            f"{actor.name} is bound to context {actor.context} and may not {operation} in "
            f"{subject.context}. Leave the context out of the subject's name, or use another token."
        )
    if operation is Operation.READ or operation in REGISTERING:
        # A registration is answered by what is there, and by what it would break of it.
        reading.ensure(subject, actor)
    elif operation is not Operation.LIST:
        rights.ensure(NEEDED[operation], subject, actor)
        _ensure_not_by_request(operation, subject, actor)
    return ALLOWED


def standing(operation: Operation, subject: SubjectName, actor: Actor) -> Standing:
    """What registering there is judged by now. Raises Forbidden without the right to it."""
    if actor.kind == "system":
        return Standing(Gate.OPEN, claims=False)
    first = operation is Operation.REGISTER
    claims = rights.ensure(NEEDED[operation], subject, actor, first=first)
    return Standing(levels.in_force(subject).gate, claims)


def passing(
    operation: Operation,
    subject: SubjectName,
    wanted: Candidate,
    by: Standing,
    *,
    actor: Actor,
    origin: Origin,
) -> Admission:
    """The second half of registering, for content that is not there yet. Raises PolicyObjects, and
    ByRequest with where the request stands."""
    match by.gate:
        case Gate.OPEN:
            return Admission(claims=by.claims)
        case Gate.CHECKED:
            said = judged(_item(subject, SubjectSpec.wanted(wanted), actor), team=actor.team or "")
            return _heeding(subject, said, by)
        case Gate.BY_REQUEST:
            if operation is Operation.IMPORT:
                raise _refusal(operation, subject, None)
            raise asking.ask(subject, wanted, by=actor, origin=origin)


def passing_level(subject: SubjectName, spec: SubjectSpec, actor: Actor) -> Admission:
    """Whether policies let the level of a checked subject become that of the spec, which repeats
    the latest version. Raises PolicyObjects."""
    now = levels.in_force(subject)
    if actor.kind == "system" or now.gate is not Gate.CHECKED:
        return ALLOWED
    said = judged(_item(subject, spec, actor), team=actor.team or "")
    return _heeding(subject, said, Standing(now.gate, claims=False))


def ensure_unread(subject: SubjectName, actor: Actor) -> None:
    """Raises ByRequest for deleting for good what others read, where policies judge: nobody could
    tell any more what the next version breaks."""
    if actor.kind == "system" or levels.in_force(subject).gate is not Gate.CHECKED:
        return
    latest = lookup.newest(lookup.heads(subject, deleted=True))
    if latest is None:
        return
    known = facts.provided(_item(subject, SubjectSpec.of(latest), actor))
    teams = known.get("consumers.teams")
    others = sorted(set(teams) - set(actor.teams)) if isinstance(teams, list) else []
    if others:
        raise ByRequest(
            f"{subject} is read by {', '.join(others[:5])}, so clients may not delete of it for "
            "good while its gate is checked. An owner of the subject sets the gate to open, on the "
            "subject's page, and back."
        )


def _item(subject: SubjectName, spec: SubjectSpec, actor: Actor) -> ItemView:
    """As if it were asked for, so that the same facts are judged."""
    environment = environment_of_context(subject.context)
    return ItemView(
        position=0,
        kind="subject",
        operation="register",
        name=subject.name,
        place=subject.context,
        after=spec.as_json(),
        team=actor.team or "",
        environment=environment.slug if environment else "",
        production=bool(environment and environment.production),
    )


def _heeding(subject: SubjectName, said: Judged, by: Standing) -> Admission:
    policies, warnings = [], []
    for verdict in said.verdicts:
        rule = f"{verdict.policy} v{verdict.version}"
        sentence = f"{verdict.message} {verdict.way_out}".strip()
        policies.append(rule)
        if verdict.passed:
            continue
        match verdict.severity:
            case Severity.DENY:
                raise PolicyObjects(f"The policy {rule} refuses this for {subject}. {sentence}")
            case Severity.APPROVAL:
                raise ByRequest(
                    f"The policy {rule} wants {permissions.role_in_words(verdict.approver)} to "
                    f"approve this for {subject}: {sentence} Ask for it by request, on the pages "
                    "or through the API."
                )
            case Severity.WARN:
                warnings.append(f"{rule}: {sentence}")
    if said.consumers:
        reasons = " ".join(need.reason for need in said.consumers)
        raise ByRequest(
            f"Who reads {subject} has to agree to this: {reasons} Ask for it by request, on the "
            "pages or through the API."
        )
    return Admission(tuple(policies), tuple(warnings), by.claims)


def _ensure_not_by_request(operation: Operation, subject: SubjectName, actor: Actor) -> None:
    """Raises ByRequest where the place, or for settings of a context a place in it, changes by
    request."""
    if actor.kind == "system":
        return
    reached = None
    if operation in (Operation.CONFIG, Operation.MODE) and subject.is_context:
        reached = levels.governed_below(subject)
    if reached is None and levels.in_force(subject).gate is not Gate.BY_REQUEST:
        return
    raise _refusal(operation, subject, reached)


def _refusal(operation: Operation, subject: SubjectName, reached: Covered | None) -> ByRequest:
    where = f"reaches {reached.words}, which changes" if reached else "changes"
    if operation is Operation.CONFIG and not subject.is_context:
        way_out = "A request sets the compatibility level together with a version: ask there."
    else:
        way_out = "No request does this."
    who = "the platform team" if subject.is_context else "an owner of the subject"
    name = str(subject) or "The default context"
    return ByRequest(
        f"{name} {where} by request, so clients may not {IN_WORDS[operation]}. {way_out} For "
        f"anything else {who} sets the gate to another level, on the subject's page, and back."
    )


def may_read(actor: Actor) -> bool:
    """Whether the actor may read all that lies in its context: what others were answered holds for
    it too."""
    may = permissions.allowed(actor, Action.READ_REGISTRY, "subject", actor.team).ok
    return may and not reading.told_apart(actor)


def admit_references(subject: SubjectName, references: Iterable[Reference], actor: Actor) -> None:
    """Let `actor` name these subjects in a schema of `subject`, or raise Forbidden: what a schema
    refers to can be read through it. What a version of it names already is read so anyway."""
    if actor.context is None and not reading.told_apart(actor):
        return
    for reference in references:
        target = naming.qualify(reference.subject, subject.context)
        if not lookup.refers(subject, target):
            admit(Operation.READ, target, actor)
