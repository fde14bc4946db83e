"""The latest version of every subject with its facts, as a stream: what trying a policy out goes
through. Schemas are read only where a policy asks for their tags."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from django.db.models import Count, OuterRef, Q, Subquery

from governance.kinds import ItemView, Json
from governance.models import Environment
from registry import lookup, memo, owners, personal, scope
from registry.errors import RegistryError
from registry.formats import base
from registry.lookup import Stored
from registry.models import Subject, Version
from registry.naming import DEFAULT, GLOBAL, SubjectName

ROWS: Final = 500
TAGS: Final = frozenset({"subject.tags", "subject.personal_fields"})

_Row = tuple[SubjectName, int, str, int]  # subject, latest version, format, live versions


def estate_facts(wanted: frozenset[str]) -> Iterator[tuple[ItemView, Json]]:
    """Subjects of the environments' contexts, each as if its latest version were asked for anew."""
    environments = {e.registry_context: e for e in Environment.objects.order_by("position", "slug")}
    latest = Version.objects.filter(subject=OuterRef("pk"), deleted=False).order_by("-version")
    rows = (
        Subject.objects.filter(context__name__in=list(environments))
        .annotate(
            latest=Subquery(latest.values("version")[:1]),
            format=Subquery(latest.values("schema__type")[:1]),
            live=Count("versions", filter=Q(versions__deleted=False)),
        )
        .filter(live__gt=0)
        .order_by()
        .values_list("context__name", "name", "latest", "format", "live")
        .iterator(ROWS)
    )
    while group := list(islice(rows, ROWS)):
        found = [(SubjectName(context, name), *rest) for context, name, *rest in group]
        yield from _batch(found, environments, wanted)


def _batch(
    rows: Sequence[_Row], environments: dict[str, Environment], wanted: frozenset[str]
) -> Iterator[tuple[ItemView, Json]]:
    subjects = [row[0] for row in rows]
    places = {p for subject in subjects for p in scope.places(subject)}
    configs = lookup.configs({*places, (DEFAULT, ""), (GLOBAL, "")})
    belongings = owners.belongings((subject, None) for subject in subjects)
    classes = personal.data_classes(subjects)
    texts = lookup.several([(row[0], row[1]) for row in rows]) if wanted & TAGS else {}
    for (subject, version, format_, live), belonging in zip(rows, belongings, strict=True):
        level = scope.in_scope(subject, configs, {}).level.value
        facts: dict[str, object] = {
            "subject.name": subject.name,
            "subject.context": subject.context,
            "subject.exists": True,
            "subject.versions": live,
            "subject.type": format_,
            "subject.compatibility": level,
            "subject.compatibility_before": level,
            "subject.compatible": True,
            "subject.unchanged": True,
            "subject.changes": [],
            "subject.breaks": [],
            "subject.data_class": classes[subject],
        }
        if (stored := texts.get((subject, version))) is not None:
            facts |= _tags(stored)
        environment = environments[subject.context]
        item = ItemView(
            position=0,
            kind="subject",
            operation="register",
            name=subject.name,
            place=subject.context,
            after={"schemaType": format_},
            team=belonging.owner.team if belonging.owner else "",
            environment=environment.slug,
            production=environment.production,
        )
        yield item, facts


def _tags(stored: Stored) -> dict[str, object]:
    """Facts about tags; none where the schema or one it refers to cannot be read any more."""
    try:
        return personal.facts_of(base.get(stored.type).tags(memo.parsed(stored)))
    except RegistryError:
        return {}
