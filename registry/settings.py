"""Config and mode of subjects and contexts: setting and removing them, one transaction each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from django.conf import settings
from django.db import transaction

from governance.actors import Actor
from registry import compatibility, contracts, lookup, naming, scope, sensitive
from registry.changes import WIRE, Origin, ensure_writable, record, settings_changed
from registry.errors import (
    ConfigNotSet,
    InvalidMode,
    Malformed,
    ModeNotSet,
    NotPermitted,
    Referenced,
    SubjectNotFound,
)
from registry.formats.base import Policy
from registry.gate import ALLOWED, Admission, Operation, admit, passing_level
from registry.locks import lock_settings
from registry.models import Config, Context, Subject, Version
from registry.models import Mode as ModeRow
from registry.naming import DEFAULT, GLOBAL, LATEST, SubjectName
from registry.removal import remove
from registry.scope import Mode
from registry.spec import SubjectSpec

CONFIG_TEXTS: Final = ("alias", "aliasForDeks", "compatibilityGroup")
CONFIG_FLAGS: Final = (
    "normalize",
    "validateFields",
    "validateNewSchemas",
    "validateRules",
)
CONFIG_METADATA: Final = ("defaultMetadata", "overrideMetadata")
CONFIG_RULES: Final = ("defaultRuleSet", "overrideRuleSet")
POLICIES: Final = frozenset(Policy)
# The server's own level, and that above all contexts.
TOP: Final = frozenset({SubjectName(DEFAULT, ""), SubjectName(GLOBAL, "")})


def set_config(
    subject: SubjectName, given: Mapping[str, object], *, by: Actor, origin: Origin = WIRE
) -> dict[str, object]:
    """Merge members into the config of a place; the whole config as PUT answers it.

    Absent members stay, null clears, others replace; an empty text is answered and not stored, as
    in the original. Raises InvalidLevel, NotPermitted. The event is `config.changed`.
    """
    naming.ensure_valid(subject, settings=True)
    admission = admit(Operation.CONFIG, subject, by)
    changes = _config_changes(given)
    if "compatibilityLevel" in changes:
        own = {**lookup.configs([scope.place(subject)]).get(scope.place(subject), {}), **changes}
        admission = _level_admitted(subject, own, by)
    with transaction.atomic():
        lock_settings()
        ensure_writable(subject)
        row, _ = Config.objects.select_for_update().get_or_create(
            context=subject.context, subject=subject.name
        )
        before = sensitive.in_config(row.values, sensitive.opened)
        merged = {**before, **changes}
        answered = {key: value for key, value in merged.items() if value is not None}
        values = {key: value for key, value in answered.items() if value != ""}
        row.values = sensitive.in_config(values, sensitive.sealed)
        row.changed_by = by.name
        row.save()
        settings_changed(subject)
        data = {
            "before": sensitive.in_config(before, sensitive.masked),
            "after": sensitive.in_config(values, sensitive.masked),
            "from": origin.address,
            "policies": list(admission.policies),
            "warnings": list(admission.warnings),
        }
        record("config.changed", subject, by, data)
        return answered


def _level_admitted(subject: SubjectName, own: Mapping[str, object] | None, by: Actor) -> Admission:
    """What policies say of the level that is in force once the subject's own config is this, None
    for none. Of a subject without a version they say it with the first."""
    latest = lookup.find_version(subject, LATEST)
    if latest is None:
        return ALLOWED
    configs = lookup.configs(scope.looked_up(subject))
    configs.pop(scope.place(subject), None)
    if own is not None:
        configs[scope.place(subject)] = own
    asked = scope.in_scope(subject, configs, {}).level.value
    return passing_level(subject, replace(SubjectSpec.of(latest), compatibility=asked), by)


def _config_changes(given: Mapping[str, object]) -> dict[str, object]:
    changes: dict[str, object] = {}
    if "compatibility" in given:
        level = _text("compatibility", given["compatibility"])
        changes["compatibilityLevel"] = None if level is None else compatibility.level(level).value
    for name in CONFIG_TEXTS:
        if name in given:
            changes[name] = _text(name, given[name])
    for name in CONFIG_FLAGS:
        if name in given:
            changes[name] = contracts.flag(name, given[name])
    for name in CONFIG_METADATA:
        if name in given:
            changes[name] = contracts.metadata(given[name])
    for name in CONFIG_RULES:
        if name in given:
            changes[name] = rules = contracts.rule_set(given[name])
            contracts.ensure_valid_rules(rules)
    if "compatibilityPolicy" in given:
        policy = (_text("compatibilityPolicy", given["compatibilityPolicy"]) or "").upper()
        # An unknown one counts as none, without an error.
        changes["compatibilityPolicy"] = policy if policy in POLICIES else None
    return changes


def _text(name: str, value: object) -> str | None:
    if isinstance(value, dict | list):
        found = "an object" if isinstance(value, dict) else "a list"
        raise Malformed(f"{name} is a text, not {found}.")
    return None if value is None else str(value)


def delete_config(subject: SubjectName, *, by: Actor, origin: Origin = WIRE) -> dict[str, object]:
    """Remove the config of a place; what it was. The event is `config.deleted`.

    Raises SubjectNotFound where it has none; the top levels always have one in force.
    """
    admit(Operation.CONFIG, subject, by)
    admission = _level_admitted(subject, None, by)
    with transaction.atomic():
        lock_settings()
        row = (
            Config.objects.select_for_update()
            .filter(context=subject.context, subject=subject.name)
            .first()
        )
        if row is None:
            if subject in TOP:
                return {}
            raise SubjectNotFound(str(subject))
        ensure_writable(subject)
        values = sensitive.in_config(row.values, sensitive.opened)
        row.delete()
        settings_changed(subject)
        before = sensitive.in_config(values, sensitive.masked)
        data = {
            "before": before,
            "from": origin.address,
            "policies": list(admission.policies),
            "warnings": list(admission.warnings),
        }
        record("config.deleted", subject, by, data)
        return values


def own_config(subject: SubjectName) -> Mapping[str, object]:
    """The config set at a place itself; at the top levels the server's own where none is.

    Raises ConfigNotSet.
    """
    place = scope.place(subject)
    found = lookup.configs([place])
    if place not in found and subject not in TOP:
        raise ConfigNotSet(str(subject))
    return found.get(place, {})


def own_mode(subject: SubjectName) -> Mode:
    """The mode set at a place itself; at the top levels the server's own where none is.

    Raises ModeNotSet.
    """
    place = scope.place(subject)
    found = lookup.modes([place])
    if place not in found and subject not in TOP:
        raise ModeNotSet(str(subject))
    return Mode(found.get(place, Mode.READWRITE))


def set_mode(
    subject: SubjectName, text: object, *, force: bool, by: Actor, origin: Origin = WIRE
) -> Mode | None:
    """Set the mode of a place; null clears it. The event is `mode.changed`.

    Going to IMPORT wants the place empty of live versions, and clears it of deleted ones, unless
    `force`. Raises InvalidMode, NotPermitted, Referenced.
    """
    naming.ensure_valid(subject, settings=True)
    admission = admit(Operation.MODE, subject, by)
    mode = _mode(text, subject)
    _ensure_changeable()
    with transaction.atomic():
        lock_settings()
        before = lookup.in_scope(subject).mode
        if mode is Mode.IMPORT and before is not Mode.IMPORT and not force:
            _empty_for_import(subject)
        if mode is None:
            ModeRow.objects.filter(context=subject.context, subject=subject.name).delete()
        else:
            ModeRow.objects.update_or_create(
                context=subject.context,
                subject=subject.name,
                defaults={"mode": mode.value, "changed_by": by.name},
            )
        settings_changed(subject)
        data = {"before": before, "after": mode, "from": origin.address, "force": force}
        record("mode.changed", subject, by, {**data, "policies": list(admission.policies)})
    return mode


def _ensure_changeable() -> None:
    if not settings.REGISTRY_MODE_CHANGES:
        raise NotPermitted("Mode changes are not allowed")


def _mode(text: object, subject: SubjectName) -> Mode | None:
    if text is None:
        return None
    try:
        mode = Mode(str(text).upper())
    except ValueError:
        raise InvalidMode from None
    if mode is Mode.FORWARD and subject != SubjectName(GLOBAL, ""):
        raise InvalidMode
    return mode


def _empty_for_import(subject: SubjectName) -> None:
    held = Version.objects.all()
    if subject.context != GLOBAL and subject != SubjectName(DEFAULT, ""):
        held = held.filter(subject__context__name=subject.context)
        if subject.name:
            held = held.filter(subject__name=subject.name)
    rows = Subject.objects.select_for_update().filter(pk__in=held.values("subject_id"))
    locked = list(rows.order_by("pk"))
    if held.filter(deleted=False).exists():
        raise NotPermitted("Cannot import since found existing subjects")
    for row in locked:
        name = SubjectName(Context.objects.get(pk=row.context_id).name, row.name)
        referred = lookup.referred_versions(name, deleted=True)
        numbers = [number for number, _ in lookup.versions(name)]
        if hit := [n for n in referred if n in numbers]:
            raise Referenced(str(name), hit[0])
        remove(row, name, numbers, permanent=True)


def delete_mode(
    subject: SubjectName, *, recursive: bool, by: Actor, origin: Origin = WIRE
) -> str | None:
    """Remove the mode of a place, and of a context's subjects with `recursive`; what it was.

    Raises SubjectNotFound where none was set, unless `recursive`; the top levels always have one in
    force. Raises NotPermitted. The event is `mode.deleted`.
    """
    admit(Operation.MODE, subject, by)
    _ensure_changeable()
    with transaction.atomic():
        lock_settings()
        set_ = lookup.modes([scope.place(subject)]).get(scope.place(subject))
        if set_ is None and subject in TOP:
            set_ = Mode.READWRITE.value
        if set_ is None and not recursive:
            raise SubjectNotFound(str(subject))
        rows = ModeRow.objects.filter(context=subject.context)
        if subject.name or not recursive:
            rows = rows.filter(subject=subject.name)
        rows.delete()
        settings_changed(subject)
        record("mode.deleted", subject, by, {"before": set_, "from": origin.address})
    return set_
