"""``GET /schemas``: versions of all subjects, narrowed in the database so that pages are whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.db.models import TextField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from registry.associations import rows
from registry.associations.rows import Association, Filter, Lifecycle
from registry.lookup import BEGINS, Head, Stored, begins, select, subjects, with_texts
from registry.models import Config
from registry.naming import DEFAULT, Prefix, SubjectName, qualify
from registry.reading import Reader, told_apart

MOST_ALIASES = 10_000


@dataclass(frozen=True, slots=True)
class Associated:
    """How subjects are narrowed by their associations.

    `resource_type` and `types` say which associations count. Of those `lifecycles` wants one, where
    it names any; with `none`, subjects without any are listed too.
    """

    resource_type: str | None = None
    types: Sequence[str] = ()
    lifecycles: Sequence[Lifecycle] = ()
    none: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """A version with what was asked for besides."""

    stored: Stored
    aliases: Sequence[str] = ()
    associations: Sequence[Association] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """Which versions; `within` is the context of a caller who is bound to one, `reader`
    what the caller may read, None for all."""

    prefix: Prefix
    deleted: bool = False
    latest_only: bool = False
    rule_type: str = ""
    aliases: bool = False
    associated: Associated | None = None
    within: str | None = None
    reader: Reader | None = None
    page: slice = field(default_factory=lambda: slice(0, 1000))


_TARGET = "(c.name, s.name) IN (SELECT * FROM unnest(%s::text[], %s::text[]))"
_VISIBLE = "(%s OR NOT v.deleted)"
_LATEST = (
    "v.version = (SELECT max(x.version) FROM registry_version x"
    " WHERE x.subject_id = v.subject_id AND (%s OR NOT x.deleted))"
)
_RULE = (
    "EXISTS (SELECT 1 FROM jsonb_each(coalesce(h.rule_set, '{}')) AS l (name, rules),"
    " jsonb_array_elements(CASE jsonb_typeof(l.rules) WHEN 'array' THEN l.rules ELSE '[]' END) AS r"
    " WHERE r->>'type' = %s)"
)
_COUNTED = (
    "EXISTS (SELECT 1 FROM registry_association a WHERE a.context = c.name AND a.subject = s.name"
    " AND (%s::text IS NULL OR a.resource_type = %s)"
    " AND (cardinality(%s::text[]) = 0 OR a.association_type = ANY (%s::text[]))"
    " AND (cardinality(%s::text[]) = 0 OR a.lifecycle = ANY (%s::text[])))"
)
_ORDER = "CASE WHEN c.name = '.' THEN s.name ELSE ':' || c.name || ':' || s.name END, v.version"


def schemas(asked: Asked) -> Iterator[Listed]:
    """The versions asked for, by subject as it is written, then by number. Which these are is
    found out at once; what they hold is loaded as it is asked for."""
    aliases = _aliases(asked) if asked.aliases else {}
    prefix = asked.prefix
    where = [BEGINS]
    args = begins(prefix)
    if aliases:
        where = [f"(({BEGINS}) OR {_TARGET})"]
        args += [[s.context for s in aliases], [s.name for s in aliases]]
    if asked.reader is not None and told_apart(asked.reader.by):
        where.append(_TARGET)
        readable = asked.reader.only(
            [*subjects(prefix, deleted=True, deleted_only=False), *aliases]
        )
        args += [[s.context for s in readable], [s.name for s in readable]]
    where.append(_VISIBLE)
    args.append(asked.deleted)
    if asked.latest_only:
        where.append(_LATEST)
        args.append(asked.deleted)
    if asked.rule_type:
        where.append(_RULE)
        args.append(asked.rule_type)
    if asked.associated is not None:
        condition, more = _by_association(asked.associated)
        where.append(condition)
        args += more
    page = asked.page
    args += [page.start, page.stop - page.start]
    found = select(f"WHERE {' AND '.join(where)} ORDER BY {_ORDER} OFFSET %s LIMIT %s", args)
    associations = _associations(asked.associated, found)
    return (
        Listed(one, aliases.get(one.subject, ()), associations.get(one.subject, ()))
        for one in with_texts(found)
    )


def _by_association(wanted: Associated) -> tuple[str, list[object]]:
    """The condition that a subject's associations are as wanted, with its arguments."""
    types, resource = list(wanted.types), wanted.resource_type
    any_of: list[object] = [resource, resource, types, types, [], []]
    lifecycles = [one.value for one in wanted.lifecycles]
    these: list[object] = [resource, resource, types, types, lifecycles, lifecycles]
    if not wanted.none:
        return _COUNTED, these
    if not lifecycles:
        return f"NOT {_COUNTED}", any_of
    return f"(NOT {_COUNTED} OR {_COUNTED})", [*any_of, *these]


def _associations(
    wanted: Associated | None, found: Sequence[Head]
) -> dict[SubjectName, list[Association]]:
    listed: dict[SubjectName, list[Association]] = defaultdict(list)
    if wanted is None or not found:
        return listed
    narrowed = Filter(wanted.resource_type, wanted.types)
    for one in rows.of_subjects((stored.subject for stored in found), narrowed):
        if not wanted.lifecycles or one.lifecycle in wanted.lifecycles:
            listed[one.subject].append(one)
    return listed


def _aliases(asked: Asked) -> dict[SubjectName, list[str]]:
    """Subjects that others stand for whose names begin with the prefix, each with those names."""
    configs = Config.objects.filter(values__has_key="alias").exclude(subject="")
    configs = configs.filter(subject__startswith=asked.prefix.name)
    context = asked.prefix.context
    if context is not None and asked.prefix.open:
        configs = configs.filter(context__startswith=context).exclude(context=DEFAULT)
    elif context is not None:
        configs = configs.filter(context=context)
    pairs = configs.annotate(
        alias=Cast(KeyTextTransform("alias", "values"), TextField())
    ).values_list("context", "subject", "alias")
    found: dict[SubjectName, list[str]] = defaultdict(list)
    listed = {
        SubjectName(context, subject): qualify(alias, context)
        for context, subject, alias in pairs.order_by("context", "subject")[:MOST_ALIASES]
    }
    for name in asked.reader.only(listed) if asked.reader is not None else listed:
        if asked.within in (None, listed[name].context):
            found[listed[name]].append(str(name))
    return found
