"""Confluent's own options, `(confluent.field_meta)` and its kin, as bytes of the wire format.

They are extension 1088 of each kind of options: a message of a text, texts by name, tags.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from registry.formats.protobuf.nodes import Option, Primitive

NAMES: Final = frozenset(
    f"confluent.{kind}_meta" for kind in ("file", "message", "field", "enum", "enum_value")
)
NUMBER: Final = 1088
DOC: Final = 1
PARAMS: Final = 2
TAGS: Final = 3


def encoded(options: Sequence[Option]) -> bytes:
    """The options' bytes, b"" where there are none of these."""
    inner = b"".join(
        part
        for option in options
        if option.parenthesized and option.name.lstrip(".") in NAMES
        for part in _parts(option)
    )
    return _field(NUMBER, inner) if inner else b""


def _parts(option: Option) -> Iterator[bytes]:
    for name, value in members(option).items():
        if name == "doc":
            yield _field(DOC, _text(value).encode())
        elif name == "tags":
            yield from (_field(TAGS, _text(tag).encode()) for tag in _several(value))
        elif name == "params":
            for one in _several(value):
                if isinstance(one, dict):
                    key, inner = _text(one.get("key", "")), _text(one.get("value", ""))
                    yield _field(PARAMS, _field(1, key.encode()) + _field(2, inner.encode()))


def members(option: Option) -> dict[str, object]:
    """What an option says, by name: `{tags: [..]}`, or the one member of `(meta).tags = ..`."""
    if isinstance(option.value, dict):
        return option.value
    if isinstance(option.value, Option):
        return {option.value.name: option.value.value}
    return {}


def _several(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _text(value: object) -> str:
    return value.text if isinstance(value, Primitive) else str(value)


def _field(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(number: int) -> bytes:
    groups = bytearray()
    while number > 127:
        groups.append(number & 127 | 128)
        number >>= 7
    groups.append(number)
    return bytes(groups)
