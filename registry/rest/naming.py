"""From a segment to a subject: aliases, and the search for a name in other contexts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from registry import lookup
from registry.changes import subject_change
from registry.errors import SchemaNotFound, SubjectNotFound, VersionNotFound
from registry.gate import Operation, admit
from registry.naming import DEFAULT, Prefix, SubjectName, prefix, qualify
from registry.rest.http import RegistryRequest

T = TypeVar("T")


def subject_of(request: RegistryRequest, text: str) -> SubjectName:
    """The subject that a segment names, its alias followed one step."""
    return aliased(request.subject(text))


def prefix_of(request: RegistryRequest, text: str) -> Prefix:
    """The prefix of names that a list asks for."""
    return prefix(text, request.context, bound=request.actor.context is not None)


def aliased(subject: SubjectName) -> SubjectName:
    """The subject, or the one that its alias stands for."""
    if not subject.name:
        return subject
    place = (subject.context, subject.name)
    alias = lookup.configs([place]).get(place, {}).get("alias")
    return qualify(alias, subject.context) if isinstance(alias, str) and alias else subject


def remember(request: RegistryRequest, text: str, subject: SubjectName) -> None:
    """The answer depends on this subject alone, and on the alias that led to it."""
    request.depends = frozenset({subject_change(subject), subject_change(request.subject(text))})


def is_searched(request: RegistryRequest, text: str, subject: SubjectName) -> bool:
    """Whether a name that is not in the default context is looked for in the others: where nobody
    named another one. Whoever is bound to a context sees no other."""
    if request.actor.context is not None or subject.context != DEFAULT:
        return False
    return request.context in (None, DEFAULT) or text.startswith(f":{DEFAULT}:")


def searched(
    request: RegistryRequest, text: str, read: Callable[[SubjectName], T]
) -> tuple[SubjectName, T]:
    """What `read` gives for the subject, or for the same name in the first other context with it.

    What was found elsewhere is not remembered, since a registration in any context could change it.
    """
    subject = subject_of(request, text)
    admit(Operation.READ, subject, request.actor)
    try:
        found = read(subject)
    except (SubjectNotFound, VersionNotFound, SchemaNotFound):
        if not is_searched(request, text, subject):
            raise
        for other in filter(request.reader.may, lookup.elsewhere(subject)):
            try:
                return other, read(other)
            except (SubjectNotFound, VersionNotFound, SchemaNotFound):
                continue
        raise
    remember(request, text, subject)
    return subject, found
