"""Gate levels: how a new version of a subject comes about when a client registers it.

Read on writes alone, from the database each time: a write that begins after a level's answer is
judged by that level on every process, without anything to forget.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.db import transaction

from governance.actors import Actor
from governance.errors import Invalid
from governance.permissions import Action, demand
from registry import naming, owners
from registry.changes import record
from registry.covering import Covered, covering
from registry.errors import RegistryError
from registry.locks import lock_settings
from registry.models import GateLevel
from registry.naming import DEFAULT, GLOBAL, SubjectName

MOST_PLACES = 1_000


class Gate(StrEnum):
    """What is asked of a write."""

    OPEN = "open"
    CHECKED = "checked"
    BY_REQUEST = "by_request"

    @property
    def words(self) -> str:
        return {
            Gate.OPEN: "Open: whoever may write registers",
            Gate.CHECKED: "Checked: policies judge what is registered",
            Gate.BY_REQUEST: "By request: what is registered waits for approval",
        }[self]


@dataclass(frozen=True, slots=True)
class InForce:
    """A level, and the place that sets it; None for the installation's."""

    gate: Gate
    place: Covered | None = None


def in_force(subject: SubjectName) -> InForce:
    """The level of the narrowest place that holds the subject and has one."""
    row = covering(GateLevel.objects.all(), subject).first()
    if row is None:
        return InForce(Gate(settings.REGISTRY_GATE))
    return InForce(Gate(row.level), Covered(row.context, row.subject, row.prefix))


def governed_below(subject: SubjectName) -> Covered | None:
    """A place by request that settings of this context (or of all) reach; None where none is."""
    rows = GateLevel.objects.filter(level=Gate.BY_REQUEST)
    if subject.context != GLOBAL and subject != SubjectName(DEFAULT, ""):
        rows = rows.filter(context=subject.context)
    row = rows.order_by("context", "subject").first()
    return None if row is None else Covered(row.context, row.subject, row.prefix)


def ensure_may_govern(place: Covered, by: Actor) -> None:
    """Raises NotAllowed but for the owners of a subject, and the platform team."""
    if place.prefix:
        demand(by, Action.GOVERN_SUBJECT, "context")
        return
    owner = owners.owner_of(place.name)
    demand(by, Action.GOVERN_SUBJECT, "subject", owner.team if owner else None)


def set_level(place: Covered, gate: str, *, by: Actor) -> GateLevel:
    """Sets the level of a place. The event is `gate.changed`. Raises Invalid, NotAllowed."""
    if gate not in set(Gate):
        known = ", ".join(Gate)
        raise Invalid(f"There is no gate level {gate[:40]!r}: choose one of {known}.", path="level")
    ensure_valid(place)
    ensure_may_govern(place, by)
    with transaction.atomic():
        lock_settings()  # whoever registers now decides again
        row = GateLevel.objects.filter(**_columns(place)).first()
        before = row.level if row else None
        if row is None:
            if GateLevel.objects.filter(context=place.context).count() >= MOST_PLACES:
                raise Invalid(
                    f"The context {place.context} has {MOST_PLACES:,} places with a level of their "
                    "own already: set the level of a prefix, or of the context.",
                    path="subject",
                )
            row = GateLevel(**_columns(place))
        row.level, row.changed_by = gate, by.name
        row.save()
        if before != gate:
            _told("gate.changed", place, by, {"before": before, "after": gate})
    return row


def clear_level(place: Covered, *, by: Actor) -> bool:
    """Takes the level of a place away, so that the wider one counts; whether it had one. The event
    is `gate.cleared`."""
    ensure_valid(place)
    ensure_may_govern(place, by)
    with transaction.atomic():
        lock_settings()
        row = GateLevel.objects.select_for_update().filter(**_columns(place)).first()
        if row is None:
            return False
        row.delete()
        _told("gate.cleared", place, by, {"before": row.level})
    return True


def ensure_valid(place: Covered) -> None:
    """Raises Invalid for a place that no subject can lie in."""
    if not place.context.startswith(".") or ":" in place.context:
        raise Invalid(
            f"{place.context[:80]!r} is no context: it begins with a dot and holds no colon.",
            path="context",
        )
    try:
        naming.ensure_valid(place.name, settings=place.prefix)
    except RegistryError as error:
        raise Invalid(error.message, path="subject") from error


def _columns(place: Covered) -> dict[str, object]:
    return {"context": place.context, "subject": place.subject, "prefix": place.prefix}


def _told(action: str, place: Covered, by: Actor, data: dict[str, object]) -> None:
    record(action, place.name, by, {**data, "prefix": place.prefix})
