"""Reading what is known around grants from rows, as the core's plain values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

from django.db.models import F, Q, Value
from django.db.models.functions import Left, Length

from governance.clock import database_now
from governance.models import Application, ApplicationPrefix, Lifecycle, Resource
from topics.kinds.grant.model import DeclaredGrant, GrantState
from topics.kinds.grant.pattern import Pattern
from topics.kinds.grant.situation import ApplicationFacts, Situation, ordered
from topics.kinds.grant.spec import GrantName, GrantSpec, from_json, name_of
from topics.kinds.snapshot import Snapshot, Target
from topics.kinds.topic.about import most_sensitive
from topics.kinds.topic.known import find_cluster
from topics.kinds.topic.model import DeclaredTopic, ObservedTopic
from topics.models.cluster import Cluster

MOST_COVERED = 2_000  # topics whose owners a prefix is looked up for; beyond, the platform decides

_READ: Snapshot[tuple[Cluster, Situation]] = Snapshot("grants_read")


def look_up(place: str, name: str) -> tuple[Cluster, Situation] | None:
    """The cluster and what is known around a grant there; None for an unknown cluster or a name
    that is none. Within `reading` the rows that were read then answer."""
    return _READ.get(place, name) or _read([(place, name)]).get((place, name))


def reading(targets: Iterable[Target]) -> AbstractContextManager[None]:
    """Reads the rows of these once, for all that is asked of them in the block."""
    return _READ.holding(_read(targets))


def _read(targets: Iterable[Target]) -> dict[Target, tuple[Cluster, Situation]]:
    by_place: dict[str, dict[str, GrantName]] = {}
    for place, text in targets:
        name = name_of(text)
        if name is not None:
            by_place.setdefault(place, {})[text] = name
    found: dict[Target, tuple[Cluster, Situation]] = {}
    for place, names in by_place.items():
        cluster = find_cluster(place)
        if cluster is not None:
            for text, situation in situations(cluster, names).items():
                found[place, text] = (cluster, situation)
    return found


def situations(cluster: Cluster, names: Mapping[str, GrantName]) -> dict[str, Situation]:
    """What is known around each grant, by its name's text; a fixed number of queries, and two more
    for each distinct prefix."""
    rows = {
        row.name: row for row in DeclaredGrant.objects.filter(cluster=cluster, name__in=list(names))
    }
    applications = applications_named({name.application for name in names.values()})
    topics = {name.topic for name in names.values()}
    literal = _literal_topics(cluster, [t.name for t in topics if not t.prefixed and not t.every])
    wide = {topic: _covered(cluster, topic) for topic in topics if topic.prefixed or topic.every}
    now = database_now()
    return {
        text: replace(
            (wide if name.topic in wide else literal).get(name.topic, _NOWHERE),
            application=applications.get(name.application),
            declared=in_force(rows.get(text)),
            generation=rows[text].generation if text in rows else 0,
            now=now,
            zone=cluster.environment.time_zone,
        )
        for text, name in names.items()
    }


_NOWHERE = Situation(application=None, topic_there=False)


def in_force(row: DeclaredGrant | None) -> GrantSpec | None:
    """The spec of a grant that holds, with its end as a moment; None for one that came to an end or
    never came to be."""
    if row is None or row.state != GrantState.ACTIVE or row.last_applied is None:
        return None
    return spec_of(row)


def spec_of(row: DeclaredGrant) -> GrantSpec:
    """A declared row as the core's spec; its length of time has become an end."""
    return replace(from_json(row.spec), lasts=None, ends_at=row.ends_at)


def applications_named(names: Collection[str]) -> dict[str, ApplicationFacts]:
    """Applications with what they act as, by name."""
    rows = (
        Application.objects.filter(name__in=list(names))
        .select_related("team")
        .prefetch_related("prefixes")
    )
    return {
        row.name: ApplicationFacts(
            row.name, row.team.slug, row.principal, tuple(p.prefix for p in row.prefixes.all())
        )
        for row in rows
    }


def _literal_topics(cluster: Cluster, names: Sequence[str]) -> dict[Pattern, Situation]:
    rows = DeclaredTopic.objects.filter(
        cluster=cluster, name__in=list(names), last_applied__isnull=False
    )
    declared = list(rows.values_list("name", "resource__owner__slug", "resource__data_class"))
    found = {
        Pattern(name): Situation(
            application=None, topic_there=True, owners=(owner,), data_class=data_class
        )
        for name, owner, data_class in declared
    }
    there = ObservedTopic.objects.filter(cluster=cluster, name__in=list(names))
    for name in there.values_list("name", flat=True):
        found.setdefault(Pattern(name), Situation(application=None, topic_there=True, unowned=True))
    undeclared = set(names) - {name for name, _, _ in declared}
    for name, data_class in _classes_elsewhere(undeclared).items():
        here = found.get(Pattern(name), _NOWHERE)
        found[Pattern(name)] = replace(here, data_class=data_class)
    return found


def _classes_elsewhere(names: Collection[str]) -> dict[str, str]:
    """The class of data of topics that are declared on other clusters alone; the most sensitive
    where several teams have one of that name."""
    rows = Resource.objects.exclude(lifecycle=Lifecycle.RETIRED).filter(kind="topic")
    found: dict[str, str] = {}
    for name, data_class in rows.filter(name__in=names).values_list("name", "data_class"):
        found[name] = most_sensitive([data_class, found.get(name, "")])
    return found


def _covered(cluster: Cluster, topic: Pattern) -> Situation:
    """Whose names begin like this: owners of topics that are there, and of applications whose
    prefix says that such names are theirs. Where no prefix holds for all of it, part of it belongs
    to nobody yet."""
    beginning = "" if topic.every else topic.name
    declared = list(
        DeclaredTopic.objects.filter(
            cluster=cluster, name__startswith=beginning, last_applied__isnull=False
        ).values_list("name", "resource__owner__slug", "resource__data_class")[:MOST_COVERED]
    )
    wider = Q(prefix__startswith=beginning) if beginning else Q()
    prefixes = list(
        ApplicationPrefix.objects.annotate(same=Left(Value(beginning), Length("prefix")))
        .filter(Q(same=F("prefix")) | wider)
        .values_list("prefix", "application__team__slug")[:MOST_COVERED]
    )
    names = [name for name, _, _ in declared]
    unmanaged = (
        ObservedTopic.objects.filter(cluster=cluster, name__startswith=beginning, internal=False)
        .exclude(name__in=names)
        .exists()
    )
    held = bool(beginning) and any(beginning.startswith(prefix) for prefix, _ in prefixes)
    owners = ordered([*(owner for _, owner, _ in declared), *(team for _, team in prefixes)])
    too_many = len(declared) == MOST_COVERED or len(prefixes) == MOST_COVERED
    classes = [c for _, _, c in declared]
    return Situation(
        application=None,
        topic_there=True,
        owners=owners,
        unowned=unmanaged or not held or too_many,
        data_class=most_sensitive(classes),
    )
