"""Who owns a subject, and why: by name of its own, or through the topic it is named after.

One name may be two things in two environments, each with an owner. So a topic counts in the
registry contexts of the environments that it is declared in, and a subject in those that it was
claimed in; what was never placed counts everywhere, behind what was.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Concat, Left, Length

from governance import declared
from governance.models import Environment, Lifecycle, Resource, Team
from registry import lookup
from registry.associations import rows as associations
from registry.associations.rows import Association
from registry.formats import base
from registry.lookup import Stored
from registry.models import Claim, Subject
from registry.naming import LATEST, SubjectName
from registry.strategies import PARTS, Naming, naming

OWN = "It asked for a subject of this name first."


@dataclass(frozen=True, slots=True)
class Owner:
    """The owning team, and the reason in words."""

    team: str
    why: str


@dataclass(frozen=True, slots=True)
class Belonging:
    """How a subject is named, what uses it, and whose it is; None where nothing says so."""

    naming: Naming | None
    associations: Sequence[Association] = ()
    owner: Owner | None = None


def owner_of(subject: SubjectName) -> Owner | None:
    """The owner of a subject, None where nobody is known to own it."""
    return belonging(subject, lookup.find_version(subject, LATEST)).owner


def belonging(subject: SubjectName, latest: Stored | None) -> Belonging:
    """What is known of a subject by its name, its latest version, and its associations."""
    (found,) = belongings([(subject, latest)])
    return found


def belongings(subjects: Iterable[tuple[SubjectName, Stored | None]]) -> list[Belonging]:
    """The same of many, in a fixed number of queries.

    The first that says who owns it decides: the subject itself, the topic in its name, the topic
    that it is associated with.
    """
    asked = [(subject, naming(subject.name, records(latest))) for subject, latest in subjects]
    used = associations.of_subjects(subject for subject, _ in asked)
    names = {
        "subject": {subject.name for subject, _ in asked},
        "topic": {n.topic for _, n in asked if n and n.topic} | {a.resource_name for a in used},
    }
    teams = teams_of(names)
    return [_belonging(subject, named, used, teams) for subject, named in asked]


def _belonging(
    subject: SubjectName, named: Naming | None, used: Sequence[Association], teams: Teams
) -> Belonging:
    mine = [one for one in used if one.subject == subject]
    owner = None
    if team := teams.of("subject", subject.name, subject.context):
        owner = Owner(team, OWN)
    elif named and (team := teams.of("topic", named.topic, subject.context)):
        owner = Owner(team, f"It owns the topic {named.topic}.")
    else:
        for one in mine:
            if team := teams.of("topic", one.resource_name, subject.context):
                why = f"It owns the topic {one.resource_name}, which is associated with it."
                owner = Owner(team, why)
                break
    return Belonging(named, mine, owner)


@dataclass(frozen=True, slots=True)
class Teams:
    """Owners of names, the first before those after it: (row, team) by (kind, name), and the
    contexts that rows are placed in."""

    rows: Mapping[tuple[str, str], Sequence[tuple[int, str]]]
    placed: Mapping[int, set[str]]

    def of(self, kind: str, name: str, context: str) -> str | None:
        """The team that owned the name first in that context."""
        rows = self.rows.get((kind, name), ())
        here = (team for pk, team in rows if context in self.placed.get(pk, ()))
        anywhere = (team for pk, team in rows if pk not in self.placed)
        return next(here, None) or next(anywhere, None)


def teams_of(names: Mapping[str, Collection[str]]) -> Teams:
    """Owners of names, by kind (subject, topic); a fixed number of queries."""
    where = Q()
    for kind, wanted in names.items():
        where |= Q(kind=kind, name__in=wanted)
    rows: dict[tuple[str, str], list[tuple[int, str]]] = {}
    placed: dict[int, set[str]] = {}
    found = _owning().filter(where).order_by("created_at", "pk")
    for pk, kind, name, team in found.values_list("pk", "kind", "name", "owner__slug"):
        rows.setdefault((kind, name), []).append((pk, team))
    pks = [pk for group in rows.values() for pk, _ in group]
    if pks:
        placed = declared.contexts_of(pks)
    if any(kind == "subject" for kind, _ in rows):
        claims = Claim.objects.filter(resource__in=pks).values_list("resource_id", "context")
        for pk, context in claims:
            placed.setdefault(pk, set()).add(context)
    return Teams(rows, placed)


def names_of(teams: Collection[str]) -> dict[str, set[str]]:
    """Names of subjects and of topics that these teams own somewhere, by kind."""
    found: dict[str, set[str]] = {"subject": set(), "topic": set()}
    rows = _owning().filter(owner__slug__in=list(teams), kind__in=list(found))
    for kind, name in rows.values_list("kind", "name"):
        found[kind].add(name)
    return found


def claim(subject: SubjectName, team: Team) -> str:
    """Makes the team the owner of a subject that has none, in the caller's transaction, which
    records the event. The team that owns it now: another one's where that was first."""
    held = Claim.objects.filter(context=subject.context, subject=subject.name)
    held.filter(resource__lifecycle=Lifecycle.RETIRED).delete()
    resource, _ = Resource.objects.get_or_create(
        kind="subject", name=subject.name, owner=team, defaults={"lifecycle": Lifecycle.ACTIVE}
    )
    Claim.objects.bulk_create(
        [Claim(resource=resource, context=subject.context, subject=subject.name)],
        ignore_conflicts=True,
    )
    return held.values_list("resource__owner__slug", flat=True).get()


def production_of(resources: Collection[int]) -> str:
    """A production environment in whose context one of these was claimed; empty for none."""
    contexts = Claim.objects.filter(resource__in=resources).values("context")
    found = Environment.objects.filter(production=True, registry_context__in=contexts)
    return found.values_list("slug", flat=True).first() or ""


def _owning() -> QuerySet[Resource]:
    """What makes its team an owner: everything but what is retired."""
    return Resource.objects.exclude(lifecycle=Lifecycle.RETIRED)


def records(latest: Stored | None) -> tuple[str, ...]:
    """Names of the records of a version."""
    if latest is None or latest.type not in base.names():
        return ()
    return base.get(latest.type).names(latest.text)


def owned_by(team: str, subjects: QuerySet[Subject]) -> QuerySet[Subject]:
    """Those of the subjects that a team owns by their own name, or by the topic's with -key or
    -value. What a record's name ties to a topic is known only where the schema is read."""
    theirs = _owning().filter(owner__slug=team)
    named = Q(name__in=theirs.filter(kind="subject").values("name"))
    for part in PARTS:
        topics = theirs.filter(kind="topic").annotate(subject=Concat(F("name"), Value(f"-{part}")))
        named |= Q(name__in=topics.values("subject"))
    # Of several that lay claim to it the first has it, by its own name before by the topic's.
    found = subjects.filter(named).annotate(
        topic_in_name=Case(
            *(
                When(name__endswith=f"-{part}", then=Left("name", Length("name") - len(part) - 1))
                for part in PARTS
            ),
            default=Value(""),
        ),
        first=Coalesce(_first("subject", "name"), _first("topic", "topic_in_name")),
    )
    return found.filter(first=team)


def _first(kind: str, name: str) -> Subquery:
    """As `Teams.of` finds it, in the context of the subject that the query is about."""
    context = OuterRef(OuterRef("context__name"))
    claims = Claim.objects.filter(resource=OuterRef("pk"))
    if kind == "subject":
        anywhere, here = Q(Exists(claims)), Q(Exists(claims.filter(context=context)))
    else:
        anywhere, here = declared.declared(), declared.declared(context)
    held = _owning().filter(kind=kind, name=OuterRef(name))
    held = held.annotate(here=Case(When(here, then=1), default=0)).filter(here | ~anywhere)
    return Subquery(held.order_by("-here", "created_at", "pk").values("owner__slug")[:1])
