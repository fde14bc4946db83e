"""Who reads which subject on the wire, where an installation is closed (WEIR_REGISTRY_RIGHTS).

Whoever may do anything with a subject may read it: whom any right to it was given, the team that
owns it, the team that owns the topic it describes, and teams whose applications are granted access
to that topic. (A topic that it is merely named after does not count where another team owns the
subject.) In every other installation all that lies in a caller's context is read by whoever may
read at all.

Nothing that is told apart so is answered from memory: rights end, and topics change hands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from django.conf import settings

from governance import facts
from governance.actors import Actor
from governance.lookups import environments_of_context
from registry import lookup, owners
from registry.associations import rows as associations
from registry.covering import Covered
from registry.errors import Forbidden
from registry.lookup import Stored
from registry.models import SubjectRight
from registry.naming import LATEST, SubjectName
from registry.rights import held_by, today
from registry.strategies import naming

CLOSED: Final = "closed"
FEW: Final = 100  # subjects whose owners are asked for by name; of more, by what the caller owns
AT_ONCE: Final = 5_000  # subjects whose associations are read together


def told_apart(by: Actor) -> bool:
    """Whether this actor may read some subjects of its context and others not."""
    return bool(settings.REGISTRY_RIGHTS == CLOSED) and by.kind != "system"


def ensure(subject: SubjectName, by: Actor) -> None:
    """Raises Forbidden for a subject that the actor may not read. A name that nobody has taken yet
    tells nothing."""
    if not told_apart(by) or Reader(by).may(subject) or _is_free(subject):
        return
    raise Forbidden(
        f"{by.name} may not read {subject}: its team owns neither it nor its topic, was given no "
        "right to it, and has no access to its topic. Ask for access to the topic by request, or "
        "its owner for the right 'read'."
    )


def _is_free(subject: SubjectName) -> bool:
    if lookup.versions(subject) or owners.owner_of(subject) is not None:
        return False
    place = (subject.context, subject.name)
    return place not in lookup.configs([place]) and place not in lookup.modes([place])


class Reader:
    """What one actor may read, for one answer: what it was given is read once."""

    def __init__(self, by: Actor) -> None:
        self.by = by

    def may(self, subject: SubjectName) -> bool:
        """Whether it may read the subject."""
        if not told_apart(self.by) or self.only([subject]):
            return True
        if naming(subject.name) is not None or "-" not in subject.name:
            return False
        # It may be named after a topic and a record, which its schema alone can tell.
        return bool(self.only([subject], like=lookup.find_version(subject, LATEST)))

    def only(
        self, subjects: Iterable[SubjectName], like: Stored | None = None
    ) -> list[SubjectName]:
        """Those of the subjects that it may read, in their order. `like` is a version of what all
        of them hold, whose record they may be named after."""
        asked = list(subjects)
        if not told_apart(self.by):
            return asked
        left = [one for one in dict.fromkeys(asked) if not self._given(one)]
        readable = set(asked).difference(left)
        topics = _topics(left, owners.records(like))
        uses = self._uses(left, topics)
        if len(left) > FEW:
            left = self._likely(left, topics, uses)
        readable |= self._readable(left, topics, uses)
        return [one for one in asked if one in readable]

    def holder(self, stored: Stored) -> Stored | None:
        """What holds the same id and may be read: this, or a version of another subject, live ones
        first; None where there is none."""
        if not told_apart(self.by) or self.only([stored.subject], like=stored):
            return stored
        for deleted in (False, True):
            held = lookup.holders(stored.subject.context, stored.schema_id, deleted=deleted)
            readable = set(self.only((subject for subject, _ in held), like=stored))
            for subject, number in held:
                if subject in readable:
                    return lookup.find_version(subject, number, deleted=True)
        return None

    @cached_property
    def _places(self) -> list[Covered]:
        """Places that it has any right to today."""
        rows = SubjectRight.objects.filter(held_by(self.by), today())
        return [Covered(*row) for row in rows.values_list("context", "subject", "prefix")]

    def _given(self, subject: SubjectName) -> bool:
        return any(place.holds(subject) for place in self._places)

    def _uses(self, subjects: Sequence[SubjectName], topics: _Topics) -> dict[str, facts.Uses]:
        """Whether its teams were given access to a topic, by the context of the subject."""
        names = {topic for one in subjects for topic in topics[one].all}
        few = names if len(subjects) <= FEW else ()
        return {
            context: facts.used_by("topic", environments_of_context(context), self.by.teams, few)
            for context in {one.context for one in subjects if topics[one].all}
        }

    def _likely(
        self, subjects: Sequence[SubjectName], topics: _Topics, uses: Mapping[str, facts.Uses]
    ) -> list[SubjectName]:
        """Those that it may read if at all: of a long list it mostly has to do with few."""
        theirs = owners.names_of(self.by.teams)
        return [
            one
            for one in subjects
            if one.name in theirs["subject"]
            or any(
                topic in theirs["topic"] or uses[one.context](topic) for topic in topics[one].all
            )
        ]

    def _readable(
        self, subjects: Sequence[SubjectName], topics: _Topics, uses: Mapping[str, facts.Uses]
    ) -> set[SubjectName]:
        teams = owners.teams_of(
            {
                "subject": {one.name for one in subjects},
                "topic": {topic for one in subjects for topic in topics[one].all},
            }
        )

        def may(one: SubjectName) -> bool:
            owner = teams.of("subject", one.name, one.context)
            if owner in self.by.teams:
                return True
            for topic in topics[one].all:
                its = teams.of("topic", topic, one.context)
                # Who names a topic like a subject of others does not come to read that.
                if topic not in topics[one].used and owner not in (None, its):
                    continue
                if its in self.by.teams or uses[one.context](topic):
                    return True
            return False

        return {one for one in subjects if may(one)}


@dataclass(slots=True)
class _Described:
    """The topics that a subject describes: by its name, empty for none, and by associations, which
    whoever may write the subject has made."""

    named: str = ""
    used: set[str] = field(default_factory=set)

    @property
    def all(self) -> set[str]:
        return self.used | ({self.named} if self.named else set())


_Topics = Mapping[SubjectName, _Described]


def _topics(
    subjects: Sequence[SubjectName], records: Sequence[str]
) -> dict[SubjectName, _Described]:
    found: dict[SubjectName, _Described] = {}
    for one in subjects:
        named = naming(one.name, records)
        found[one] = _Described(named.topic if named is not None else "")
    for start in range(0, len(subjects), AT_ONCE):
        for used in associations.of_subjects(subjects[start : start + AT_ONCE]):
            found[used.subject].used.add(used.resource_name)
    return found
