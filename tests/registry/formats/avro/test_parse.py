"""What is an Avro schema and what is not, as Java's parser decides it."""

import orjson
import pytest

from registry.errors import InvalidSchema
from registry.formats.avro.format import Avro
from registry.formats.base import Source

AVRO = Avro()


def record(*fields: str, name: str = "A", extra: str = "") -> str:
    return f'{{"type":"record","name":"{name}"{extra},"fields":[{",".join(fields)}]}}'


def field(type_: str, extra: str = "", name: str = "x") -> str:
    return f'{{"name":"{name}","type":{type_}{extra}}}'


REFUSED = [
    ("", "Empty schema"),
    ("   ", "Empty schema"),
    ("{", "not JSON"),
    ('"string" x', "not JSON"),
    ("5", "is not a schema"),
    ("null", "is not a schema"),
    ('"strin"', "not a defined name"),
    ("{}", "no member 'type'"),
    ('{"type":{"type":"string"}}', "no member 'type'"),
    ('{"type":"nope"}', "not supported"),
    ('{"type":"array"}', "no member 'items'"),
    ('{"type":"map"}', "no member 'values'"),
    ('{"type":"record","fields":[]}', "has no name"),
    ('{"type":"record","name":"A"}', "no list 'fields'"),
    ('{"type":"record","name":"","fields":[]}', "is not allowed"),
    ('{"type":"record","name":"1a","fields":[]}', "is not allowed"),
    ('{"type":"record","name":"a-b","fields":[]}', "is not allowed"),
    ('{"type":"record","name":"a.1b.C","fields":[]}', "namespace"),
    (record(extra=',"namespace":"a..b"'), "namespace"),
    ('{"type":"record","name":"string","fields":[]}', "primitive"),
    (record("5"), "is not an object"),
    (record('{"name":"x"}'), "no type"),
    (record('{"type":"int"}'), "field name"),
    (record(field('"int"', name="a b")), "field name"),
    (record(field('"int"'), field('"int"')), "twice"),
    (record(field('"int"', ',"order":"up"')), "order"),
    (record(field('"int"', ',"aliases":"y"')), "not a list"),
    (record(field('"int"', ',"aliases":[1]')), "not a string"),
    (record(field(record(name="A"))), "defined twice"),
    (record(extra=',"aliases":["b c"]'), "alias"),
    ('{"type":"enum","name":"E"}', "no list 'symbols'"),
    ('{"type":"enum","name":"E","symbols":["A","A"]}', "twice"),
    ('{"type":"enum","name":"E","symbols":["a b"]}', "is not a name"),
    ('{"type":"enum","name":"E","symbols":["A"],"default":"B"}', "none of its symbols"),
    ('{"type":"fixed","name":"F"}', "size"),
    ('{"type":"fixed","name":"F","size":-1}', "size"),
    ('{"type":"fixed","name":"F","size":"4"}', "size"),
    ('["int","int"]', "twice"),
    ('["int",["null"]]', "hold a union"),
    (record(field('"int"', ',"default":"1"')), "is not a int"),
    (record(field('"int"', ',"default":2147483648')), "is not a int"),
    (record(field('"int"', ',"default":1.5')), "is not a int"),
    (record(field('"long"', ',"default":true')), "is not a long"),
    (record(field('"double"', ',"default":"x"')), "is not a double"),
    (record(field('"string"', ',"default":null')), "is not a string"),
    (record(field('["int","string"]', ',"default":null')), "is not a int or string"),
    (record(field('{"type":"array","items":"int"}', ',"default":["a"]')), "is not a array"),
    (record(field('{"type":"map","values":"int"}', ',"default":{"a":"b"}')), "is not a map"),
    (record(field(record(field('"int"'), name="B"), ',"default":{}')), "is not a record B"),
]


@pytest.mark.parametrize(("text", "said"), REFUSED)
def test_is_refused_with_a_sentence(text: str, said: str) -> None:
    with pytest.raises(InvalidSchema) as refusal:
        AVRO.parse(text, strict=True)
    assert said in refusal.value.reason


CANONICAL = [
    ('{"type":"string"}', '"string"'),
    ('{"type":"string","name":"ignored"}', '"string"'),
    ('{"logicalType":"date","type":"int"}', '{"type":"int","logicalType":"date"}'),
    ('{ "items": "int", "type": "array" }', '{"type":"array","items":"int"}'),
    (
        '{"name":"a.b.C","type":"record","fields":[]}',
        '{"type":"record","name":"C","namespace":"a.b","fields":[]}',
    ),
    (
        record(field(record(name="n.B")), field('"n.B"', name="y"), extra=',"namespace":"n"'),
        '{"type":"record","name":"A","namespace":"n","fields":[{"name":"x","type":{"type":"record",'
        '"name":"B","fields":[]}},{"name":"y","type":"B"}]}',
    ),
    (
        record(field(record(name="m.B")), field('"m.B"', name="y"), extra=',"namespace":"n"'),
        '{"type":"record","name":"A","namespace":"n","fields":[{"name":"x","type":{"type":"record",'
        '"name":"B","namespace":"m","fields":[]}},{"name":"y","type":"m.B"}]}',
    ),
    (
        '{"p":1,"aliases":["z","n.Y"],"doc":"d","type":"enum","name":"n.E","default":"A",'
        '"symbols":["A","B"]}',
        '{"type":"enum","name":"E","namespace":"n","doc":"d","symbols":["A","B"],"default":"A",'
        '"p":1,"aliases":["z","Y"]}'.replace('"z"', '"z"'),
    ),
    (
        record(field('"int"', ',"aliases":["b"],"p":{"q":1},"default":0,"order":"IGNORE"')),
        '{"type":"record","name":"A","fields":[{"name":"x","type":"int","default":0,'
        '"order":"ignore","aliases":["b"],"p":{"q":1}}]}',
    ),
    (
        record(field('"int"', ',"order":"ascending"')),
        '{"type":"record","name":"A","fields":[{"name":"x","type":"int"}]}',
    ),
    (
        record(field('"double"', ',"default":"1.5"')),
        '{"type":"record","name":"A","fields":[{"name":"x","type":"double","default":1.5}]}',
    ),
    (
        record(field('"double"', ',"default":1e10'), field('"double"', ',"default":1e-5', "y")),
        '{"type":"record","name":"A","fields":[{"name":"x","type":"double","default":1.0E10},'
        '{"name":"y","type":"double","default":1.0E-5}]}',
    ),
    (
        record(field('"float"', ',"default":"NaN"')),
        '{"type":"record","name":"A","fields":[{"name":"x","type":"float","default":"NaN"}]}',
    ),
    (
        record(field('["null","A"]', ',"default":null'), extra=',"namespace":"n"'),
        '{"type":"record","name":"A","namespace":"n","fields":[{"name":"x","type":["null","A"],'
        '"default":null}]}',
    ),
    ('{"type":"error","name":"E","fields":[]}', '{"type":"error","name":"E","fields":[]}'),
    (
        record(field('"string"', ',"doc":"é\\u0001 \\"q\\""')),
        '{"type":"record","name":"A","fields":[{"name":"x","type":"string",'
        '"doc":"é\\u0001 \\"q\\""}]}',
    ),
]


@pytest.mark.parametrize(("text", "canonical"), CANONICAL)
def test_prints_as_java_does(text: str, canonical: str) -> None:
    parsed = AVRO.parse(text, strict=True)
    # An alias in the null namespace of a type in another is written short: names are its own.
    assert parsed.text == canonical
    assert AVRO.parse(parsed.text, strict=True).text == canonical


def test_an_alias_without_a_dot_lies_in_the_namespace_of_its_type() -> None:
    text = record(name="n.A", extra=',"aliases":["B","m.C"]')
    assert AVRO.parse(text, strict=True).text.endswith('"aliases":["B","m.C"]}')


def test_normalizing_sorts_what_has_no_order() -> None:
    text = record(
        field('{"type":"bytes","scale":0,"precision":4,"logicalType":"decimal"}'),
        field('{"type":"map","values":"int"}', ',"default":{"b":1,"a":2},"z":1,"c":2', "y"),
        extra=',"doc":"","aliases":["Z","B"]',
    )
    assert AVRO.parse(text, strict=True, normalize=True).text == (
        '{"type":"record","name":"A","fields":[{"name":"x","type":{"type":"bytes",'
        '"logicalType":"decimal","precision":4,"scale":0}},'
        '{"name":"y","type":{"type":"map","values":"int"},'
        '"default":{"a":2,"b":1},"c":2,"z":1}],"aliases":["B","Z"]}'
    )


def test_order_of_properties_and_aliases_makes_no_other_schema() -> None:
    one = AVRO.parse(record(extra=',"p":1,"q":2,"aliases":["B","C"]'), strict=True)
    two = AVRO.parse(record(extra=',"q":2,"p":1,"aliases":["C","B"]'), strict=True)
    other = AVRO.parse(record(extra=',"q":2,"p":1,"doc":"d","aliases":["C","B"]'), strict=True)
    assert one.text != two.text
    assert one.likeness == two.likeness
    assert one.likeness != other.likeness


def test_what_is_stored_is_read_with_defaults_unchecked() -> None:
    text = record(field('"int"', ',"default":"x"'))
    assert AVRO.parse(text, strict=False).text == text
    with pytest.raises(InvalidSchema):
        AVRO.parse(text, strict=True)


class TestReferences:
    line = record(field('"int"'), name="shop.Line")
    order = record(field('{"type":"array","items":"shop.Line"}'), name="shop.Order")

    def test_types_of_references_are_known_and_stay_names(self) -> None:
        parsed = AVRO.parse(self.order, [Source("Line", self.line)], strict=True)
        assert '"items":"Line"' in parsed.text

    def test_written_out_they_equal_the_schema_that_defines_them(self) -> None:
        parsed = AVRO.parse(self.order, [Source("Line", self.line)], strict=True)
        whole = AVRO.parse(
            record(field(f'{{"type":"array","items":{self.line}}}'), name="shop.Order"), strict=True
        )
        assert parsed.whole == whole.likeness
        assert AVRO.parse(AVRO.render(parsed, "resolved"), strict=True).text == whole.text

    def test_a_reference_may_not_be_defined_again(self) -> None:
        with pytest.raises(InvalidSchema, match="defined twice"):
            AVRO.parse(self.line, [Source("Line", self.line)], strict=True)

    def test_nested_and_diamond(self) -> None:
        sources = [
            Source("Line", self.line),
            Source("L", record(field('"shop.Line"'), name="L")),
            Source("R", record(field('"shop.Line"'), name="R")),
        ]
        top = record(field('"L"'), field('"R"', name="y"), name="Top")
        parsed = AVRO.parse(top, sources, strict=True)
        assert AVRO.render(parsed, "resolved").count('"Line"') == 1

    def test_a_type_within_another_that_was_used_before_it_is_written_once(self) -> None:
        outer = record(field(record(field('"int"'), name="shop.Line")), name="shop.Order")
        top = record(field('"shop.Line"'), field('"shop.Order"', name="y"), name="Top")
        text = AVRO.render(AVRO.parse(top, [Source("Order", outer)], strict=True), "resolved")
        AVRO.parse(text, strict=True)
        assert text.count('"name":"Line"') == 1


@pytest.mark.timeout(120)  # the bench says how long each takes; here each ends
class TestHostile:
    """Refused with a sentence, whatever the text."""

    CASES = {
        "levels of JSON": "[" * 100_000,
        "levels within the JSON parser's limit": '{"type":"array","items":' * 1000
        + '"int"'
        + "}" * 1000,
        "nested records": "".join(
            f'{{"type":"record","name":"R{i}","fields":[{{"name":"f","type":' for i in range(300)
        )
        + '"int"'
        + "}]}" * 300,
        "depth by names": "["
        + ",".join(
            [record(name="R0")]
            + [record(field(f'"R{i - 1}"'), name=f"R{i}") for i in range(1, 2000)]
        )
        + "]",
        "fields": record(*[field('"int"', name=f"f{i}") for i in range(100_000)]),
        "branches": "[" + ",".join(f'"N{i}"' for i in range(1_000_000)) + "]",
        "symbols": '{"type":"enum","name":"E","symbols":['
        + ",".join(f'"S{i}"' for i in range(100_000))
        + "]}",
        "text": '"' + "x" * 5_000_000 + '"',
        "defaults that double": "["
        + ",".join(
            [record(field('"int"', ',"default":0'), name="R0")]
            + [
                record(
                    field(f'"R{i - 1}"', ',"default":{}', "a"),
                    field(f'"R{i - 1}"', ',"default":{}', "b"),
                    name=f"R{i}",
                )
                for i in range(1, 60)
            ]
        )
        + "]",
        "a default of itself": record(field('"A"', ',"default":{}')),
        "property nested deep": record(extra=',"p":' + "[" * 900 + "]" * 900),
        "lone surrogate": '"\ud800"',
        "NUL": '"\x00"',
        "aliases": record(extra=',"aliases":[' + ",".join(f'"a{i}"' for i in range(90_000)) + "]"),
    }

    @pytest.mark.parametrize("name", CASES)
    def test_is_refused(self, name: str) -> None:
        with pytest.raises(InvalidSchema):
            AVRO.parse(self.CASES[name], strict=True)

    def test_two_large_unions_are_compared(self) -> None:
        texts = [
            "[" + ",".join(record(name=f"{side}{i}") for i in range(9000)) + "]" for side in "ab"
        ]
        one, two = (AVRO.parse(text, strict=True) for text in texts)
        assert len(AVRO.differences(one, two)) == 9000

    def test_recursive_types_that_meet_in_many_pairs_end(self) -> None:
        def ring(size: int) -> str:
            """Records that each hold the next one; the innermost holds the first again."""
            text = '["null","R0"]'
            for i in reversed(range(size)):
                text = record(field(text, name="next"), name=f"R{i}")
            return text

        one, two = (AVRO.parse(ring(size), strict=True) for size in (31, 37))
        AVRO.differences(one, two)


def test_large_schemas_of_honest_size_are_read() -> None:
    text = record(*[field('["null","string"]', ',"default":null', f"f{i}") for i in range(5000)])
    assert orjson.loads(AVRO.parse(text, strict=True).text)["fields"][4999]["name"] == "f4999"


@pytest.mark.timeout(120)  # once each took minutes
@pytest.mark.parametrize("text", ["1" * 60_000 + "x", "0x" + "1" * 60_000 + "x", "1." * 30_000])
def test_a_default_that_looks_like_a_number_for_long(text: str) -> None:
    with pytest.raises(InvalidSchema, match="is not a double"):
        AVRO.parse(record(field('"double"', f',"default":"{text}"')), strict=False)


@pytest.mark.parametrize("size", [2, 1_786, 2_000_000_000])
def test_a_decimal_of_whatever_size_is_normalized(size: int) -> None:
    text = (
        f'{{"type":"fixed","name":"F","size":{size},"aa":1,"precision":4,"logicalType":"decimal"}}'
    )
    normal = AVRO.parse(text, strict=True, normalize=True).text
    assert normal.endswith(f'"size":{size},"logicalType":"decimal","precision":4,"aa":1}}')


def test_defaults_are_written_in_the_form_of_their_type() -> None:
    inner = record(field('"double"'), name="I")
    text = record(
        field(f'{{"type":"array","items":{inner}}}', ',"default":[{"x":1},{"x":2e9}]'),
        field('["float","null"]', ',"default":16777217', "y"),
        field('["null","float"]', ',"default":null', "z"),
    )
    normal = AVRO.parse(text, strict=True, normalize=True).text
    assert '"default":[{"x":1.0},{"x":2.0E9}]' in normal
    assert '"default":1.6777216E7' in normal
    assert '"default":null' in normal


def test_comments_are_passed_over_before_and_within_a_schema() -> None:
    text = '/* Apache License // */\n{"type": // a record\n"string", "x": "// is no comment"}'
    assert AVRO.parse(text, strict=True).text == '{"type":"string","x":"// is no comment"}'
    for wrong in ('"int" // end', '/* "int"', '"int" /'):
        with pytest.raises(InvalidSchema, match="is not JSON"):
            AVRO.parse(wrong, strict=True)
