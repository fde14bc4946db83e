"""Bodies of requests about associations, read into what the core asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from registry import contracts, naming
from registry.associations import rules
from registry.associations.rows import Lifecycle
from registry.associations.rules import Wanted
from registry.errors import InvalidAssociation, Malformed
from registry.naming import SubjectName
from registry.rest import bodies
from registry.rest.http import Json

MOST_REQUESTS: Final = 1_000
Qualify = Callable[[str], SubjectName]


class Op(StrEnum):
    """What a part of a batch does."""

    CREATE = "CREATE"
    UPSERT = "UPSERT"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True)
class Step:
    """A part of a batch: associations to make together, or one to remove."""

    op: Op
    wanted: tuple[Wanted, ...]
    cascade: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """Which resource a request is about, as it was sent."""

    name: str | None
    namespace: str | None
    id: str | None
    type: str | None


def named(body: Json) -> Named:
    """The members that name a resource."""
    return Named(
        bodies.text(body.get("resourceName"), "resourceName"),
        bodies.text(body.get("resourceNamespace"), "resourceNamespace"),
        bodies.text(body.get("resourceId"), "resourceId"),
        bodies.text(body.get("resourceType"), "resourceType"),
    )


def lifecycle(given: object) -> Lifecycle | None:
    """STRONG or WEAK, in capitals. Raises Malformed."""
    if given is None:
        return None
    try:
        return Lifecycle(str(given))
    except ValueError:
        raise Malformed(f"'lifecycle' is STRONG or WEAK, not {str(given)[:60]!r}.") from None


def wanted(body: Json, qualify: Qualify) -> list[Wanted]:
    """The associations of a request. Raises InvalidAssociation, Malformed."""
    return [_wanted(_object(one, "associations"), qualify) for one in _listed(body, "associations")]


def requests(body: Json) -> list[Json]:
    """The requests of a batch. Raises InvalidAssociation, Malformed."""
    listed = _listed(body, "requests")
    if len(listed) > MOST_REQUESTS:
        raise InvalidAssociation("requests", f"cannot be more than {MOST_REQUESTS}")
    return [_object(one, "requests") for one in listed]


def types(body: Json) -> tuple[str, ...]:
    """The association types that a query narrows to; none for all."""
    return bodies.texts(body.get("associationTypes"), "associationTypes")


def ensure_operations(body: Json) -> None:
    """Refuse a batch of which a part is of no kind, before anything of it is done.

    Raises Malformed.
    """
    for one in bodies.items(body.get("associations"), "associations"):
        _operation(_object(one, "associations"))


def steps(body: Json, qualify: Qualify) -> list[Step]:
    """What a request of a batch does, in order; neighbours of one kind are made together.

    Raises InvalidAssociation, Malformed.
    """
    found: list[Step] = []
    types = []
    for one in _listed(body, "associations"):
        member = _object(one, "associations")
        op = _operation(member)
        if op is Op.DELETE:
            type_ = _type(member)
            cascade = contracts.flag("cascadeLifecycle", member.get("cascadeLifecycle")) or False
            found.append(Step(op, (Wanted(type_),), cascade))
            types.append(type_)
            continue
        asked = _wanted(member, qualify)
        types.append(asked.type)
        if found and found[-1].op is op:
            found[-1] = Step(op, (*found[-1].wanted, asked))
        else:
            found.append(Step(op, (asked,)))
    rules.ensure_each_once(types)
    return found


def _operation(member: Json) -> Op:
    try:
        return Op(str(member.get("opType")))
    except ValueError:
        given = str(member.get("opType"))[:60]
        raise Malformed(f"'opType' is {', '.join(Op)}, not {given!r}.") from None


def _wanted(member: Json, qualify: Qualify) -> Wanted:
    subject = bodies.text(member.get("subject"), "subject")
    if subject is not None and not (subject and naming.control_free(subject)):
        raise InvalidAssociation("subject", "must not be empty")
    schema = member.get("schema")
    return Wanted(
        type=_type(member),
        subject=None if subject is None else qualify(subject),
        lifecycle=lifecycle(member.get("lifecycle")),
        frozen=contracts.flag("frozen", member.get("frozen")),
        schema=None if schema is None else bodies.asked(_object(schema, "schema")),
        normalize=contracts.flag("normalize", member.get("normalize")) or False,
    )


def _type(member: Json) -> str:
    return rules.association_type(bodies.text(member.get("associationType"), "associationType"))


def _listed(body: Json, what: str) -> list[object]:
    listed = bodies.items(body.get(what), what)
    if not listed:
        raise InvalidAssociation(what, "cannot be null or empty")
    return listed


def _object(value: object, what: str) -> Json:
    if not isinstance(value, dict):
        raise Malformed(f"A member of '{what}' is not an object.")
    return value
