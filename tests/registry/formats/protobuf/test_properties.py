"""What holds for every file: drawn at random, judged by the library that clients use."""

from __future__ import annotations

import base64
from typing import Any

from google.protobuf import descriptor_pb2, message_factory, timestamp_pb2
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError, Message
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from registry.errors import InvalidSchema
from tests.registry.differential.pairs import Pair
from tests.registry.differential.protobuf_pairs import pairs
from tests.registry.formats.protobuf.helpers import PROTOBUF, obstacles, parsed

SEEDS = st.integers(0, 100_000)


def one(seed: int) -> Pair:
    (pair,) = pairs(seed, 1)
    assume(not pair.references)
    return pair


@settings(max_examples=150)
@given(SEEDS)
def test_the_canonical_form_is_its_own_and_normalizing_changes_no_verdict(seed: int) -> None:
    pair = one(seed)
    try:
        old, new = parsed(pair.old), parsed(pair.new)
    except InvalidSchema:
        assume(False)
    assert parsed(old.text).text == old.text
    normal = [parsed(text, normalize=True) for text in (pair.old, pair.new)]
    assert parsed(normal[0].text, normalize=True).text == normal[0].text
    kinds = sorted(d.kind for d in PROTOBUF.differences(new, old) if not d.allowed)
    assert kinds == sorted(
        d.kind for d in PROTOBUF.differences(normal[1], normal[0]) if not d.allowed
    )


def classes(text: str) -> dict[str, Any]:
    """Message classes of a file by name; none where the file does not build."""
    raw = base64.b64decode(PROTOBUF.render(parsed(text), "serialized"))
    pool = DescriptorPool()
    timestamp = descriptor_pb2.FileDescriptorProto()
    timestamp_pb2.DESCRIPTOR.CopyToProto(timestamp)
    pool.Add(timestamp)
    try:
        pool.AddSerializedFile(raw)
        file = pool.FindFileByName("default")
    except (TypeError, KeyError):
        return {}
    found = message_factory.GetMessageClassesForFiles([file.name], pool)
    return dict(found)


def filled(source: st.DataObject, message: Message, depth: int = 2) -> None:
    """Some of a message's fields set to something."""
    for field in message.DESCRIPTOR.fields:
        if field.message_type is not None or not source.draw(st.booleans()):
            if field.message_type is not None and depth and not field.is_repeated:
                filled(source, getattr(message, field.name), depth - 1)
            continue
        value = b"x" if field.type == field.TYPE_BYTES else VALUES.get(field.cpp_type)
        if value is None:
            continue
        if field.is_repeated:
            getattr(message, field.name).append(value)
        else:
            setattr(message, field.name, value)


VALUES: dict[int, Any] = {1: 7, 2: 8, 3: 9, 4: 10, 5: 1.5, 6: 2.5, 7: True, 9: "text"}


@settings(max_examples=150)
@given(SEEDS, st.data())
def test_what_is_judged_compatible_is_read(seed: int, source: st.DataObject) -> None:
    """The bytes that the older message wrote are read by the newer one."""
    pair = one(seed)
    try:
        assume(not obstacles(pair.new, pair.old))
    except InvalidSchema:
        assume(False)
    before, after = classes(pair.old), classes(pair.new)
    for name in before.keys() & after.keys():
        message = before[name]()
        filled(source, message)
        reader = after[name]()
        try:
            reader.ParseFromString(message.SerializePartialToString())
        except DecodeError as error:
            raise AssertionError(f"{name} is not read:\n{pair.old}\n{pair.new}") from error
