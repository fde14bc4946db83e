"""Options put in order: names in full, `(a).b = 1` and `(a).c = 2` in one value."""

from __future__ import annotations

from collections.abc import Sequence

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
        whole = several[0]
        for option in several[1:]:
            whole = _merged(extension, whole, option, types, scope)
        found.append(whole)
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


def _merged(field: Field, one: Option, other: Option, types: Types, scope: Scope) -> Option:
    if not isinstance(one.value, dict) or not isinstance(other.value, dict):
        return other
    value = _merged_maps(field, one.value, other.value, types, scope)
    return Option(other.name, OptionKind.MAP, value, other.parenthesized)


def _merged_maps(
    field: Field | None,
    one: dict[str, object],
    other: dict[str, object],
    types: Types,
    scope: Scope,
) -> dict[str, object]:
    message = _message_of(field, types, scope)
    result = dict(one)
    for key, value in other.items():
        inner = _field_of(message, key)
        result[key] = _both(inner, result[key], value, types, scope) if key in result else value
    return result


def _both(field: Field | None, one: object, other: object, types: Types, scope: Scope) -> object:
    if field is not None and field.label != "repeated":
        if isinstance(one, dict) and isinstance(other, dict) and _message_of(field, types, scope):
            return _merged_maps(field, one, other, types, scope)
        return other
    several = [*(one if isinstance(one, list) else [one])]
    several += other if isinstance(other, list) else [other]
    distinct: list[object] = []
    for value in several:
        if value not in distinct:
            distinct.append(value)
    return distinct


def _message_of(field: Field | None, types: Types, scope: Scope) -> Message | None:
    place = types.get(field.type, scope) if field is not None else None
    return place.type if place is not None and isinstance(place.type, Message) else None


def _field_of(message: Message | None, name: str) -> Field | None:
    if message is None:
        return None
    fields = (*message.fields, *(one for oneof in message.oneofs for one in oneof.fields))
    return next((one for one in fields if one.name == name), None)
