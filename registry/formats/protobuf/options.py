"""Options put in order: names in full, `(a).b = 1` and `(a).c = 2` in one value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from registry.formats.protobuf.nodes import Field, Message, Option, OptionKind, Primitive
from registry.formats.protobuf.types import Scope, Types


def normalized(options: Sequence[Option], types: Types, scope: Scope) -> list[Option]:
    """Sorted by name; several of one extension that may be set once are one."""
    by_name: dict[str, list[Option]] = {}
    for option in sorted((_named(o, types, scope) for o in options), key=lambda o: o.name):
        by_name.setdefault(option.name, []).append(option)
    found: list[Option] = []
    for name, several in by_name.items():
        extension = types.extensions.get(name)
        if extension is None or extension.label == "repeated":
            found += several
            continue
        last = several[-1]
        maps = _last_maps([option.value for option in several])
        if len(several) > 1 and maps:
            value = _merged(extension, maps, types, scope)
            last = Option(last.name, OptionKind.MAP, value, last.parenthesized)
        found.append(last)
    return found


def normalized_map(value: dict[str, object], types: Types, scope: Scope) -> dict[str, object]:
    """Members by name, those of extensions in full, empty lists left out."""
    named: dict[str, object] = {}
    for key, inner in value.items():
        if isinstance(inner, list) and not inner:
            continue
        full = types.extension(key[1:-1], scope) if key.startswith("[") else None
        named.setdefault(f"[{full}]" if full else key, inner)
    return {key: named[key] for key in sorted(named)}


def _named(option: Option, types: Types, scope: Scope) -> Option:
    if not option.parenthesized:
        return option
    full = types.extension(option.name, scope)
    if full is None:
        return option
    return _as_map(Option(full, option.kind, option.value, parenthesized=True))


def _as_map(option: Option) -> Option:
    """`(a).b = 1` as `(a) = {b: 1}`."""
    if option.kind is not OptionKind.OPTION or not isinstance(option.value, Option):
        return option
    return Option(option.name, OptionKind.MAP, _map_of(option.value), option.parenthesized)


def _map_of(inner: Option) -> dict[str, object]:
    value = inner.value
    if inner.kind in (OptionKind.BOOLEAN, OptionKind.ENUM, OptionKind.NUMBER):
        value = Primitive(inner.kind, str(value))
    elif inner.kind is OptionKind.OPTION and isinstance(value, Option):
        value = _map_of(value)
    return {inner.name: value}


def _folded(field: Field | None, values: Sequence[object], types: Types, scope: Scope) -> object:
    """One value of several that were set one after the other: the last, or of a message all that
    was set in it since it was set as a whole; of what may be repeated, all."""
    if len(values) == 1:
        return values[0]
    if field is None or field.label == "repeated":
        return _distinct(values)
    maps = _last_maps(values)
    if not maps or _message_of(field, types, scope) is None:
        return values[-1]
    return _merged(field, maps, types, scope)


def _last_maps(values: Sequence[object]) -> list[dict[str, object]]:
    maps: list[dict[str, object]] = []
    for value in reversed(values):
        if not isinstance(value, dict):
            break
        maps.append(value)
    return maps[::-1]


def _merged(
    field: Field, maps: Sequence[dict[str, object]], types: Types, scope: Scope
) -> dict[str, object]:
    by_name: dict[str, list[object]] = {}
    for one in maps:
        for name, value in one.items():
            by_name.setdefault(name, []).append(value)
    inner = _fields_of(_message_of(field, types, scope))
    return {
        name: _folded(inner.get(name), values, types, scope) for name, values in by_name.items()
    }


def _distinct(values: Sequence[object]) -> list[object]:
    found: dict[object, object] = {}
    for value in values:
        for one in value if isinstance(value, list) else [value]:
            found.setdefault(_frozen(one), one)
    return list(found.values())


def _frozen(value: object) -> object:
    """Something that equals where the value does, and can be looked up."""
    if isinstance(value, dict):
        return frozenset((name, _frozen(inner)) for name, inner in value.items())
    if isinstance(value, list):
        return tuple(_frozen(inner) for inner in value)
    if isinstance(value, Option | Primitive):
        return type(value), *(_frozen(getattr(value, one.name)) for one in fields(value))
    return value


def _message_of(field: Field | None, types: Types, scope: Scope) -> Message | None:
    place = types.get(field.type, scope) if field is not None else None
    return place.type if place is not None and isinstance(place.type, Message) else None


def _fields_of(message: Message | None) -> dict[str, Field]:
    if message is None:
        return {}
    within = (field for oneof in message.oneofs for field in oneof.fields)
    return {field.name: field for field in (*within, *message.fields)}
