"""Who reads which subject on the wire, where an installation is closed (WEIR_REGISTRY_RIGHTS).

Whoever may do anything with a subject may read it: the team that owns it, whom any right to it was
given, and teams whose applications are granted access to the topic that it describes. In every
other installation all that lies in a caller's context is read by whoever may read at all.

Nothing that is told apart so is answered from memory: rights end, and topics change hands.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from django.conf import settings

from governance import facts
from governance.actors import Actor
from governance.lookups import environments_of_context
from registry import lookup, owners
from registry.covering import Covered
from registry.errors import Forbidden, SchemaNotFound
from registry.lookup import Stored
from registry.models import SubjectRight
from registry.naming import LATEST, SubjectName
from registry.owners import Belonging
from registry.rights import held_by, today

CLOSED: Final = "closed"
AT_ONCE: Final = 500  # subjects of a list whose owners are looked up together


def told_apart(by: Actor) -> bool:
    """Whether this actor may read some subjects of its context and others not."""
    return bool(settings.REGISTRY_RIGHTS == CLOSED) and by.kind != "system"


def ensure(subject: SubjectName, by: Actor) -> None:
    """Raises Forbidden for a subject that the actor may not read. Settings of contexts are no
    subject's, and of what is not there nothing can be learnt."""
    if subject.is_context or not told_apart(by) or _reads(subject, by):
        return
    if not lookup.versions(subject):
        return
    raise Forbidden(
        f"{by.name} may not read {subject}: its team owns neither it nor its topic, was given no "
        "right to it, and has no access to its topic. Ask for access to the topic by request, or "
        "its owner for the right 'read'."
    )


def only_readable(subjects: Iterable[SubjectName], by: Actor) -> list[SubjectName]:
    """Those of a list that the actor may read, in their order."""
    asked = list(subjects)
    if not told_apart(by):
        return asked
    given = _given(by)
    readable = {one for one in asked if _covered(one, given)}
    left = [one for one in dict.fromkeys(asked) if one not in readable]
    grants = _Grants(by)
    for start in range(0, len(left), AT_ONCE):
        part = left[start : start + AT_ONCE]
        found = owners.belongings((one, None) for one in part)
        readable.update(
            one
            for one, belonging in zip(part, found, strict=True)
            if _belongs(belonging, by) or grants.reach(one, belonging)
        )
    return [one for one in asked if one in readable]


def readable_holder(stored: Stored, by: Actor) -> Stored:
    """What holds the same id and may be read: this, or a version of another subject. Raises
    SchemaNotFound where there is none, as if nothing had the id."""
    if not told_apart(by) or _reads(stored.subject, by):
        return stored
    held = lookup.holders(stored.subject.context, stored.schema_id, deleted=True)
    readable = set(only_readable((subject for subject, _ in held), by))
    for subject, number in held:
        if subject in readable:
            found = lookup.find_version(subject, number, deleted=True)
            if found is not None:
                return found
    raise SchemaNotFound(stored.schema_id)


def _reads(subject: SubjectName, by: Actor) -> bool:
    if _covered(subject, _given(by)):
        return True
    belonging = owners.belonging(subject, lookup.find_version(subject, LATEST))
    return _belongs(belonging, by) or _Grants(by).reach(subject, belonging)


def _given(by: Actor) -> list[Covered]:
    """Places that the actor has any right to today."""
    rows = SubjectRight.objects.filter(held_by(by), today())
    return [Covered(*row) for row in rows.values_list("context", "subject", "prefix")]


def _covered(subject: SubjectName, places: Sequence[Covered]) -> bool:
    return any(place.holds(subject) for place in places)


def _belongs(belonging: Belonging, by: Actor) -> bool:
    return belonging.owner is not None and belonging.owner.team in by.teams


class _Grants:
    """Topics that the actor's teams have access to, read once for each context."""

    def __init__(self, by: Actor) -> None:
        self._teams = frozenset(by.teams)
        self._uses: dict[str, facts.Uses] = {}

    def reach(self, subject: SubjectName, belonging: Belonging) -> bool:
        """Whether one of the topics that the subject describes is among them."""
        topics = {one.resource_name for one in belonging.associations}
        if belonging.naming is not None and belonging.naming.topic:
            topics.add(belonging.naming.topic)
        return bool(topics) and any(map(self._in(subject.context), topics))

    def _in(self, context: str) -> facts.Uses:
        if context not in self._uses:
            where = environments_of_context(context)
            self._uses[context] = facts.used_by("topic", where, self._teams)
        return self._uses[context]
