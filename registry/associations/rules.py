"""What an association must be, before anything is read: pure, in the words of the wire API.

An association says that a resource (a topic) uses a subject for its keys or values. STRONG means
that the topic owns the subject: it bears the topic's name, is made together with its first schema,
and is frozen. WEAK names a subject that others share. STRONG and frozen go together, always.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NoReturn

from registry.associations.rows import TOPIC, Lifecycle
from registry.candidates import Asked
from registry.errors import InvalidAssociation, ResourceAssociated
from registry.naming import SubjectName

TYPES: Final = ("key", "value")
MAX_NAME: Final = 256
MAX_NAME_BYTES: Final = 768  # two names and a subject must fit a row of an index
MAX_ID_BYTES: Final = 1024


@dataclass(frozen=True, slots=True)
class Resource:
    """What has associations. `id` is None only where nothing is written."""

    name: str
    namespace: str
    id: str | None
    type: str = TOPIC

    def own_subject(self, type_: str) -> SubjectName:
        """The subject that the resource may own: its name in the context of its namespace."""
        return SubjectName(f".{self.namespace}", f"{self.name}-{type_}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One association that is asked for; None is what the caller left out."""

    type: str = "value"
    subject: SubjectName | None = None
    lifecycle: Lifecycle | None = None
    frozen: bool | None = None
    schema: Asked | None = None
    normalize: bool = False


def resource(
    name: str | None, namespace: str | None, id_: str | None, type_: str | None, *, dry_run: bool
) -> Resource:
    """The resource of a request that writes. Raises InvalidAssociation."""
    _check_name("resourceName", name)
    _check_name("resourceNamespace", namespace)
    if not dry_run and not id_:
        raise InvalidAssociation("resourceId", "cannot be null or empty")
    if id_ is not None and len(id_.encode()) > MAX_ID_BYTES:
        raise InvalidAssociation("resourceId", f"exceeds max length of {MAX_ID_BYTES}")
    if type_ and type_ != TOPIC:
        raise InvalidAssociation("resourceType", f"must be '{TOPIC}'")
    return Resource(name or "", namespace or "", id_ or None)


def _check_name(member: str, name: str | None) -> None:
    if not name:
        raise InvalidAssociation(member, "cannot be null or empty")
    if len(name) > MAX_NAME or len(name.encode()) > MAX_NAME_BYTES:
        raise InvalidAssociation(member, f"exceeds max length of {MAX_NAME}")
    for character in name:
        # Topics may have dots in their names, and most have.
        dot = character == "." and member == "resourceName"
        if not (character.isalnum() or character in "_-" or dot):
            raise InvalidAssociation(member, f"illegal character '{character}'")


def association_type(given: str | None) -> str:
    """`value` where none is given. Raises InvalidAssociation."""
    if given and given not in TYPES:
        raise InvalidAssociation("associationType", "must be either 'key' or 'value'")
    return given or "value"


def ensure_plausible(wanted: Wanted) -> None:
    """Refuse a WEAK one with a schema, or frozen. Raises InvalidAssociation."""
    if wanted.lifecycle is Lifecycle.WEAK:
        if wanted.schema is not None:
            raise InvalidAssociation("lifecycle", "cannot be WEAK when schema is provided")
        if wanted.frozen:
            raise InvalidAssociation(
                "frozen", "association with lifecycle of WEAK cannot be frozen"
            )


def ensure_each_once(types: Sequence[str]) -> None:
    """Refuse two of one type in a request. Raises InvalidAssociation."""
    for type_ in types:
        if types.count(type_) > 1:
            raise InvalidAssociation(
                "associationType",
                f"may only appear once per request, but '{type_}' appears more than once",
            )


def new(of: Resource, wanted: Wanted, *, create: bool) -> Wanted:
    """What is asked for, completed as an association that is not there yet.

    With `create` the resource is being made too, which alone may come with a schema: that makes
    the association STRONG, on the resource's own subject. Raises InvalidAssociation.
    """
    if wanted.schema is not None and not create:
        raise InvalidAssociation(
            "schema",
            "cannot be provided when adding an association to an existing topic; "
            "an association with a schema must be created with the topic",
        )
    if wanted.schema is not None:
        if wanted.lifecycle is Lifecycle.WEAK:
            raise InvalidAssociation("lifecycle", "cannot be WEAK when schema is provided")
        if wanted.frozen is False:
            raise InvalidAssociation("frozen", "cannot be false when a schema is provided")
    default = Lifecycle.WEAK if wanted.schema is None else Lifecycle.STRONG
    lifecycle = wanted.lifecycle or default
    strong = lifecycle is Lifecycle.STRONG
    if wanted.frozen is not None and wanted.frozen is not strong:
        _mismatch(lifecycle, frozen=wanted.frozen)
    own = of.own_subject(wanted.type)
    if wanted.subject is None and not strong:
        raise InvalidAssociation("subject", "must be provided for WEAK associations")
    subject = wanted.subject or own
    ensure_rightly_named(own, subject, lifecycle)
    return replace(wanted, subject=subject, lifecycle=lifecycle, frozen=strong)


def ensure_rightly_named(own: SubjectName, subject: SubjectName, lifecycle: Lifecycle) -> None:
    """A resource owns the subject of its own name, and only that. Raises InvalidAssociation."""
    if lifecycle is Lifecycle.STRONG and subject != own:
        raise InvalidAssociation("subject", f"frozen associations must use subject '{own}'")
    if lifecycle is Lifecycle.WEAK and subject == own:
        raise InvalidAssociation("subject", f"WEAK associations cannot use subject '{own}'")


def ensure_same(
    of: Resource, there: SubjectName, held: Lifecycle, wanted: Wanted, *, create: bool
) -> None:
    """Refuse to make another association of one that is there: it is removed and made anew.

    `there` and `held` are its subject and lifecycle. Raises InvalidAssociation, ResourceAssociated.
    """
    own = of.own_subject(wanted.type)
    subject = wanted.subject or there
    lifecycle = wanted.lifecycle or held
    frozen = held is Lifecycle.STRONG
    asked_frozen = frozen if wanted.frozen is None else wanted.frozen
    if lifecycle is Lifecycle.WEAK:
        ensure_plausible(replace(wanted, lifecycle=lifecycle))
        ensure_rightly_named(own, subject, lifecycle)
    if asked_frozen is not (lifecycle is Lifecycle.STRONG):
        _mismatch(lifecycle, frozen=asked_frozen)
    ensure_rightly_named(own, subject, held)
    if (subject, lifecycle, asked_frozen) == (there, held, frozen):
        return
    if create:
        raise ResourceAssociated(wanted.type, of.name)
    if wanted.lifecycle is None and wanted.schema is None:
        raise InvalidAssociation(
            "lifecycle", "at least lifecycle or schema must be provided for update"
        )
    if subject != there:
        raise InvalidAssociation(
            "subject", f"subject of association cannot be changed from '{there}' to '{subject}'"
        )
    raise InvalidAssociation("frozen", "frozen attribute of association cannot be changed")


def ensure_uniform(held: Mapping[str, Lifecycle], wanted: Sequence[Wanted]) -> None:
    """A resource owns its subjects or shares them, not one of each. Raises InvalidAssociation."""
    after = {**held, **{w.type: w.lifecycle for w in wanted if w.lifecycle is not None}}
    if len(set(after.values())) > 1:
        listed = ", ".join(f"{type_}={lifecycle}" for type_, lifecycle in after.items())
        raise InvalidAssociation(
            "lifecycle",
            f"all associations for a resource must have the same lifecycle, but got {listed}",
        )


def _mismatch(lifecycle: Lifecycle, *, frozen: bool) -> NoReturn:
    raise InvalidAssociation(
        "frozen",
        f"association with lifecycle of {lifecycle} cannot be frozen={str(frozen).lower()}",
    )
