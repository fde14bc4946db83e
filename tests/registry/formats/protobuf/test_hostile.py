"""Files meant to hurt: refused in words, or read and compared within bounds."""

from __future__ import annotations

import pytest

from registry.errors import InvalidSchema
from registry.formats.base import LIMITS
from tests.registry.formats.protobuf.helpers import PROTO3, PROTOBUF, message, parsed

CASES = {
    "messages within messages": PROTO3 + "message A {" * 10_000 + "}" * 10_000,
    "values within values": message("option (x) = " + "{a: " * 10_000 + "1" + "}" * 10_000 + ";"),
    "lists within lists": message("option (x) = " + "[" * 10_000 + "]" * 10_000 + ";"),
    "many fields": message(*(f"string f{i} = {i + 1};" for i in range(100_000))),
    "a long string": f'{PROTO3}option java_package = "{"x" * LIMITS.text_bytes}";',
    "a comment without an end": f"{PROTO3}/* {'x' * 100_000}",
    "a string without an end": PROTO3 + 'option a = "' + "\\" * 100_000,
    "a long number": message("string a = " + "9" * 100_000 + ";"),
    "a map of maps": message("map<" * 5_000 + "string" + ">" * 5_000 + " a = 1;"),
    "base64": "A" * 100_000,
}


@pytest.mark.parametrize("name", CASES)
def test_is_refused(name: str) -> None:
    with pytest.raises(InvalidSchema) as refused:
        parsed(CASES[name])
    assert len(refused.value.reason) < 1_000


def test_messages_that_fan_out_are_compared_in_time() -> None:
    """Each message has two fields of the next: 2⁶⁰ ways down, sixty messages."""

    def fan(leaf: str) -> str:
        levels = (f"message L{i} {{ L{i + 1} a = 1; L{i + 1} b = 2; }}" for i in range(60))
        return f"{PROTO3}{' '.join(levels)} message L60 {{ {leaf} x = 1; }}"

    differences = PROTOBUF.differences(parsed(fan("int32")), parsed(fan("string")))
    assert [(d.kind, d.path) for d in differences] == [("FIELD_SCALAR_KIND_CHANGED", "#/L60/1")]
    assert PROTOBUF.changes(parsed(fan("string")), parsed(fan("int32")))
