"""Subjects on other pages: in the search, and on the page of the topic that they describe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse

from governance import kinds
from governance.actors import Actor
from governance.models import Environment
from governance.views.searches import Hits, Related, register_relation, register_search
from registry import catalogue, lookup, queries
from registry.addresses import subject_url
from registry.associations import rows as associations
from registry.associations.rows import Filter
from registry.catalogue import Wanted
from registry.models import Subject
from registry.naming import DEFAULT, SubjectName
from registry.queries import SubjectDetail, SubjectRow
from registry.strategies import PARTS, Strategy

MOST_TOPICS: Final = 10  # of a subject's that are looked for
MOST_NAMED: Final = 50  # subjects whose name begins with a topic's, looked at for a record's name


@register_search
def search(actor: Actor, words: str, limit: int) -> Hits:
    """Subjects whose name begins with the words."""
    found = catalogue.subjects(Wanted(words=words))[:limit]
    return Hits(
        title="Subjects",
        rows=[
            (_url(s), s.name, f"version {s.latest} · {s.context.name}")  # type: ignore[attr-defined]  # annotated
            for s in found
        ],
        more_url=f"{reverse('subjects')}?{urlencode({'q': words})}",
        names=True,
    )


@register_relation
def schemas_of_topic(kind: str, environment: str, name: str) -> tuple[str, Sequence[Related]]:
    """Subjects that describe a topic, in the context of its environment: named after it, after it
    and a record, or associated with it."""
    if kind != "topic":
        return "Schemas", ()
    place = Environment.objects.filter(slug=environment).values_list("registry_context", flat=True)
    context = place.first() or DEFAULT
    named = catalogue.subjects(Wanted(words=f"{name}-", context=context))
    rows = {one.name: one for one in queries.owned(_first(named, [f"{name}-{p}" for p in PARTS]))}
    rows = {target: one for target, one in rows.items() if _describes(one, name)}
    inside = Filter(context=context)
    used = {a.subject for a in associations.of_name(name, associations.EVERY, inside)}
    others = catalogue.subjects(Wanted(context=context)).filter(
        name__in=[target.name for target in used if target not in rows]
    )
    rows |= {one.name: one for one in queries.owned(list(others[:MOST_NAMED]))}
    return "Schemas", [_related(one, name) for one in rows.values()]


def _first(named: QuerySet[Subject], exact: Sequence[str]) -> list[Subject]:
    """Those of exactly these names, then some of the others that begin alike."""
    return [*named.filter(name__in=exact), *named.exclude(name__in=exact)[:MOST_NAMED]]


def _describes(one: SubjectRow, topic: str) -> bool:
    naming = one.belonging.naming
    return naming is not None and naming.topic == topic


def _related(one: SubjectRow, topic: str) -> Related:
    level = lookup.in_scope(one.name).level
    remark = f"version {one.row.latest}, {level}"  # type: ignore[attr-defined]  # annotated
    naming, owner = one.belonging.naming, one.belonging.owner
    why = naming.strategy if naming and naming.topic == topic else "Associated with it"
    whose = f"Owned by {owner.team}. {owner.why}" if owner else "Nobody owns it yet."
    return Related(one.name.name, subject_url(one.name), remark, f"{why}. {whose}")


def topics_of(found: SubjectDetail) -> list[Related]:
    """Topics that a subject belongs to by its name or by an association, where they exist."""
    topic = kinds.get("topic")
    naming, used = found.belonging.naming, found.belonging.associations
    named = [naming.topic] if naming and naming.strategy is not Strategy.RECORD else []
    names = list(dict.fromkeys([*named, *(a.resource_name for a in used)]))[:MOST_TOPICS]
    contexts = dict(Environment.objects.values_list("slug", "registry_context"))
    rows = []
    for name in names:
        for place, _, environment in topic.places():
            current = topic.current(place, name)
            if contexts.get(environment) == found.name.context and current and current.declared:
                remark = f"{place} · {current.owner}"
                rows.append(Related(name, topic.url(place, name), remark))
    return rows


def _url(subject: Subject) -> str:
    return subject_url(SubjectName(subject.context.name, subject.name))
