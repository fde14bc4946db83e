"""Environments: making one, and changing how strict the rules are in it."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction

from governance import audit, units, windows
from governance.actors import Actor
from governance.errors import Invalid, NotFound, Taken
from governance.models import DataClass, Environment
from governance.permissions import Action, demand
from governance.services import timing
from governance.services.changing import change_to

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
# "new" is the address of the form.
TAKEN = frozenset({"new"})
# The default context, or a dot and a name without colons, which would end it on the wire.
CONTEXT = re.compile(r"\.[A-Za-z0-9_-]{0,119}")
COLOURS = ("teal", "green", "blue", "violet", "amber", "red", "grey")
NO_LIMIT = frozenset({"", "none"})
MOST_PARTITIONS = 1_000_000
LAST_POSITION = 1_000


@dataclass(frozen=True, slots=True)
class EnvironmentSpec:
    """An environment as a person writes it.

    `retention_limit` is in words ("30 d"); empty, "none" and "unlimited" mean no limit, as None
    does for `max_partitions`. `retention_limits` holds those of data classes that have one of their
    own, in words too: "unlimited" frees a class of the general one, empty says that it holds.
    Environments stand in the order of `position`, the strictest last.
    """

    name: str
    colour: str = "teal"
    time_zone: str = "UTC"
    production: bool = False
    retention_limit: str = ""
    max_partitions: int | None = None
    registry_context: str = "."
    position: int = 0
    change_windows: tuple[str, ...] = ()
    retention_limits: Mapping[str, str] = field(default_factory=dict)


@transaction.atomic
def create(slug: str, spec: EnvironmentSpec, *, by: Actor) -> Environment:
    """A new environment. Its slug stands in rules and filters, so it never changes.

    Raises Invalid for a value that cannot be read, Taken for a slug that is there.
    """
    demand(by, Action.MANAGE_ENVIRONMENTS, "environment")
    if not SLUG.fullmatch(slug) or slug in TAKEN:
        raise Invalid(
            f"{slug!r} cannot be the short name of an environment: it stands in addresses. Use 40 "
            "small letters, digits and dashes at most, as in production.",
            path="slug",
        )
    environment = Environment(slug=slug, **_values(spec, slug))
    try:
        with transaction.atomic():
            environment.save(force_insert=True)
    except IntegrityError:
        raise Taken(
            f"There is an environment {slug} already. Choose another short name.", path="slug"
        ) from None
    told = {"after": _values(spec, slug)}
    audit.record("environment.created", by=by, about=environment, data=told)
    return environment


@transaction.atomic
def change(slug: str, spec: EnvironmentSpec, *, by: Actor) -> Environment:
    """Changes all but the slug; nothing is written when nothing differs.

    Requests that were approved before are checked against the new limits before they are applied.
    """
    demand(by, Action.MANAGE_ENVIRONMENTS, "environment")
    environment = Environment.objects.select_for_update().filter(slug=slug).first()
    if environment is None:
        raise NotFound(f"There is no environment {slug}.", environment=slug)
    told = change_to(environment, _values(spec, slug))
    if told is None:
        return environment
    if told["after"].keys() & {"change_windows", "time_zone"}:
        timing.wake(environment)
    audit.record("environment.changed", by=by, about=environment, data=told)
    return environment


def spec_of(environment: Environment) -> EnvironmentSpec:
    """The environment as a person would write it: what a form begins with."""
    limit = environment.retention_limit_ms
    return EnvironmentSpec(
        name=environment.name,
        colour=environment.colour,
        time_zone=environment.time_zone,
        production=environment.production,
        retention_limit="" if limit is None else _in_words(limit),
        max_partitions=environment.max_partitions,
        registry_context=environment.registry_context,
        position=environment.position,
        change_windows=tuple(environment.change_windows),
        retention_limits={
            data_class: _in_words(limit)
            for data_class, limit in environment.retention_limits_ms.items()
        },
    )


def _in_words(limit: int) -> str:
    """Words that read back as the same number."""
    if limit == units.UNLIMITED:
        return "unlimited"
    words = units.format_duration(limit)
    return f"{limit} ms" if words.startswith("≈") else words


def _values(spec: EnvironmentSpec, slug: str) -> Mapping[str, object]:
    return {
        "name": spec.name.strip()[:80] or slug,
        "colour": _colour(spec.colour),
        "time_zone": _time_zone(spec.time_zone.strip()),
        "production": spec.production,
        "retention_limit_ms": _retention(spec.retention_limit.strip()),
        "retention_limits_ms": _by_class(spec.retention_limits),
        "max_partitions": _partitions(spec.max_partitions),
        "registry_context": _context(spec.registry_context.strip()),
        "position": _position(spec.position),
        "change_windows": [str(window) for window in windows.parse(spec.change_windows)],
    }


def _colour(name: str) -> str:
    if name not in COLOURS:
        raise Invalid(
            f"There is no colour {name!r}. Choose one of {', '.join(COLOURS)}.", path="colour"
        )
    return name


def _time_zone(name: str) -> str:
    # "localtime" is whatever the machine says, and so another zone on each of them.
    try:
        if name == "localtime":
            raise ValueError(name)
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid(
            f"There is no time zone {name[:64]!r}. Write it as Europe/Berlin, or UTC.",
            path="time_zone",
        ) from None
    return name


def _retention(words: str) -> int | None:
    if words.lower() in NO_LIMIT:
        return None
    limit = _limit(words, path="retention_limit")
    return None if limit == units.UNLIMITED else limit


def _by_class(said: Mapping[str, str]) -> dict[str, int]:
    """The limits of classes that have one of their own, in the order of how sensitive they are."""
    unknown = sorted(said.keys() - set(DataClass.values))
    if unknown:
        raise Invalid(
            f"There is no data class {unknown[0][:40]!r}. They are {', '.join(DataClass.values)}.",
            path="retention_limits",
        )
    words = {name: said[name].strip() for name in DataClass.values if said.get(name)}
    return {
        name: _limit(text, path=f"retention_limits.{name}") for name, text in words.items() if text
    }


def _limit(words: str, *, path: str) -> int:
    limit = units.parse_duration_ms(words, path=path)
    if limit == 0:
        raise Invalid(
            "A retention limit of 0 would let no topic keep anything. Write for example 30 d, or "
            "leave it empty for no limit.",
            path=path,
        )
    return limit


def _partitions(count: int | None) -> int | None:
    if count is not None and not 1 <= count <= MOST_PARTITIONS:
        raise Invalid(
            f"{count} cannot be the most partitions of a topic. Write a number from 1 to "
            f"{MOST_PARTITIONS:,}, or leave it empty for no limit.",
            path="max_partitions",
        )
    return count


def _context(name: str) -> str:
    if not CONTEXT.fullmatch(name):
        raise Invalid(
            f"{name[:120]!r} is no registry context. Write . for the default one, or a dot and a "
            "name of letters, digits, dashes and underscores, as in .staging.",
            path="registry_context",
        )
    return name


def _position(place: int) -> int:
    if not 0 <= place <= LAST_POSITION:
        raise Invalid(
            f"{place} is no place in the list. Write a number from 0 to {LAST_POSITION:,}; the "
            "strictest environment comes last.",
            path="position",
        )
    return place
