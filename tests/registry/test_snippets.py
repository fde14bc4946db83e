"""Lines that people copy: they name what they should, and Python runs its own."""

from __future__ import annotations

import ast

import pytest

from registry.naming import SubjectName
from registry.snippets import snippets
from registry.strategies import naming

TYPES = ("AVRO", "JSON", "PROTOBUF")


def lines(name: str, type_: str = "AVRO", context: str = ".", record: str = "") -> dict[str, str]:
    found = snippets(
        SubjectName(context, name), type_, naming(name, [record]), "http://registry:8081/"
    )
    return {one.key: one.text for one in found}


@pytest.mark.parametrize("type_", TYPES)
def test_what_python_imports_is_there(type_: str) -> None:
    text = lines("orders-value", type_)["python"]
    compile(text, "snippet", "exec")
    imports = [line for line in text.splitlines() if line.startswith(("import", "from"))]
    exec("\n".join(imports), {})  # noqa: S102 - our own lines


@pytest.mark.parametrize("type_", TYPES)
def test_keys_and_values_are_told_apart(type_: str) -> None:
    assert "key.deserializer=" in lines("orders-key", type_)["java"]
    assert "SerdeType.KEY" in lines("orders-key", type_)["node"]
    assert "value.deserializer=" in lines("orders-value", type_)["java"]


def test_a_context_is_part_of_the_address() -> None:
    found = lines("orders-value", context=".eu")
    assert "http://registry:8081/contexts/.eu" in found["java"]
    assert "/subjects/%3A.eu%3Aorders-value/" in found["curl"]
    assert "http://registry:8081/contexts/.a%2Fb" in lines("s", context=".a/b")["java"]
    assert '"orders-value"' in found["go"]


@pytest.mark.parametrize("name", ['a"); import os; ("', "a'b\\", "a$(rm)`b`"])
def test_a_name_stays_within_its_quotes(name: str) -> None:
    found = lines(name)
    (call,) = [line for line in found["python"].splitlines() if line.startswith("latest")]
    asked = ast.parse(call).body[0]
    assert isinstance(asked, ast.Assign)
    assert isinstance(asked.value, ast.Call)
    assert ast.literal_eval(asked.value.args[0]) == name
    assert set(found["curl"]).isdisjoint("`();'")


def test_another_strategy_is_set() -> None:
    assert "strategy" not in lines("orders-value")["java"]
    assert "subject.RecordNameStrategy" in lines("a.Order", record="a.Order")["java"]
