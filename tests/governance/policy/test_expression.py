"""CEL as policies use it: what it gives, what is unknown, and what is refused when written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.policy.errors import EvaluationFailed, WrongExpression
from governance.policy.expression import (
    MAX_STEPS,
    compiled,
)
from governance.policy.facts import UNKNOWN

FACTS: dict[str, object] = {
    "topic.name": "payments.authorized",
    "topic.partitions": 6,
    "topic.retention_ms": 7 * 86_400_000,
    "topic.compacted": False,
    "topic.labels": {"tier": "gold"},
    "topic.readers": ["billing", "ledger"],
    "environment.limit": None,
    "environment.name": UNKNOWN,
}


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("topic.partitions <= 6", True),
        ("topic.partitions > 6", False),
        ("topic.partitions in [3, 6, 12]", True),
        ('topic.name.startsWith("payments.")', True),
        ('("my." + topic.name).contains("my.payments")', True),
        ('("my." + topic.name).contains("orders")', False),
        ('topic.name.matches("^[a-z]+[.][a-z]+$")', True),
        ('matches(topic.name, "^x")', False),
        ("size(topic.name) < 20 && topic.name.size() > 3", True),
        ("!topic.compacted", True),
        ('topic.labels.tier == "gold"', True),
        ('topic.labels["tier"] == "gold"', True),
        ('"tier" in topic.labels', True),
        ('topic.readers.exists(r, r == "ledger")', True),
        ('topic.readers.all(r, r.startsWith("b"))', False),
        ('topic.readers.filter(r, r != "billing").size() == 1', True),
        # A number compared with null is "not equal", as the language has it.
        ("topic.partitions != null", True),
        ("null == topic.partitions", False),
        ("environment.limit == null", True),
        ("environment.limit == null || topic.retention_ms <= environment.limit", True),
        ("topic.compacted ? topic.partitions > 100 : topic.partitions > 5", True),
        # What cannot change the answer does not matter, unknown or wrong.
        ('environment.name == "dev" || topic.partitions == 6', True),
        ('environment.name == "dev" && topic.partitions == 7', False),
        ("1 / 0 == 1 || true", True),
        # The unknown can be asked for, in either way.
        ("has(environment.name)", False),
        ("is_unknown(environment.name)", True),
        ("is_unknown(topic.partitions)", False),
        ("has(topic.partitions) && topic.partitions == 6", True),
        ('is_unknown(environment.name) || environment.name == "dev"', True),
        ('!has(environment.name) || environment.name == "dev"', True),
        ("has(environment.limit)", True),  # None is known: there is no limit
        ("has(topic.labels.tier) && !has(topic.labels.colour)", True),
    ],
)
def test_a_condition_is_answered(expression: str, holds: bool) -> None:
    assert compiled(expression).holds(FACTS) is holds


@pytest.mark.parametrize(
    ("expression", "why", "unknown"),
    [
        ('environment.name == "dev"', "not there", ("environment.name",)),
        ('environment.name != "dev"', "not there", ("environment.name",)),
        ('environment.name == "dev" || topic.partitions == 7', "", ("environment.name",)),
        ("made.up > 3", "", ("made.up",)),
        ("topic.made_up", "", ("topic.made_up",)),
        ("topic.readers.all(r, made.up > 3)", "", ("made.up",)),
        ("topic.partitions > 3.5", "different types", ()),
        ('topic.partitions + "a" == "a"', "different types", ()),
        ("topic.partitions / 0 == 1", "divides by zero", ()),
        ('topic.readers[7] == "x"', "past the end", ()),
        ("topic.partitions * 9223372036854775807 > 0", "out of range", ()),
        ("topic.partitions + 1", "neither true nor false", ()),
        ("topic.retention_ms <= environment.limit", "different types", ()),
    ],
)
def test_what_gives_no_yes_or_no_fails_and_names_the_unknown(
    expression: str, why: str, unknown: tuple[str, ...]
) -> None:
    with pytest.raises(EvaluationFailed) as failed:
        compiled(expression).holds(FACTS)
    assert why in failed.value.why
    assert failed.value.unknown == unknown


NESTED = "topic.a.all(x, topic.a.all(y, topic.a.all(z, true)))"


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("  ", "It is empty"),
        ("topic.partitions >", "at line 1, column 18"),
        ("topic.partitions > 1 >", "cannot be read"),
        ("a.b\x00", "cannot be read"),
        ("(" * 30 + "true" + ")" * 30, "nested 30 deep"),
        ("[" * 1999, "nested 1999 deep"),
        ("-" * 1990 + "1 > 0", "too large or nested"),
        ("!" * 1990 + "true", "too large or nested"),
        ("||".join(["true"] * 320), "too large or nested"),
        ("a" + ".b" * 900 + " == 1", "too large or nested"),
        ("'" + "a" * 2_000 + "' == 'a'", "2,000 at most"),
        (NESTED, "comprehensions are nested"),
        ("[1, 2].reduce(r, i, 'a', r + r) == 'a'", ".reduce() is not among"),
        ("topic.readers.map(r, r + r) == []", ".map() is not among"),
        ("topic.readers.min() == 1", ".min() is not among"),
        ('duration("1h") > duration("1m")', "duration() is not among"),
        ("type(topic.partitions) == int", "type() is not among"),
        ("dyn(1) == 1", "dyn() is not among"),
        ("eval('1') == 1", "eval() is not among"),
        (".eval('1') == 1", "builds an object"),
        ("google.protobuf.Int32Value{value: 1} == 1", "builds an object"),
        ("topic.name.matches('[')", "missing ]"),
        ("topic.name.matches(topic.pattern)", "one pattern in quotes"),
        ("matches(topic.name)", "one pattern in quotes"),
        ("topic.readers.all(r)", "takes a name and a condition"),
        ("topic.readers.all(r.x, true)", "takes a name and a condition"),
        ("topic == 3", "“topic” is no fact"),
        ("partitions > 3", "“partitions” is no fact"),
        ("has(topic)", "has() takes one fact"),
        ("is_unknown(topic.a, topic.b)", "is_unknown() takes one fact"),
        ("is_unknown()", "is_unknown() takes one fact"),
        ("is_unknown(1 + 1)", "is_unknown() takes one fact"),
    ],
)
def test_what_may_not_be_a_policy_is_refused_when_it_is_written(expression: str, why: str) -> None:
    with pytest.raises(WrongExpression) as refused:
        compiled(expression)
    assert why in str(refused.value)


@pytest.mark.timeout(120)  # once it took hours
def test_a_comprehension_over_comprehensions_stops_after_its_steps() -> None:
    program = compiled("topic.many.all(x, topic.many.all(y, x == x && y == y))")
    assert program.holds({"topic.many": list(range(10))})
    with pytest.raises(EvaluationFailed, match=f"more than {MAX_STEPS:,} steps"):
        program.holds({"topic.many": list(range(5_000))})


def test_swallowing_of_errors_does_not_swallow_the_budget() -> None:
    program = compiled("topic.many.all(x, topic.many.all(y, x != y || true)) || true")
    with pytest.raises(EvaluationFailed, match="steps"):
        program.holds({"topic.many": list(range(5_000))})


def test_a_fact_too_large_or_of_a_foreign_type_is_refused() -> None:
    program = compiled("topic.x == 1")
    with pytest.raises(EvaluationFailed, match="more than 10,000 entries"):
        program.holds({"topic.x": list(range(10_001))})
    with pytest.raises(EvaluationFailed, match="which policies cannot read"):
        program.holds({"topic.x": object()})
    with pytest.raises(EvaluationFailed, match="out of range"):
        program.holds({"topic.x": 2**70})


def test_remembered_answers_tell_true_from_one() -> None:
    program = compiled("topic.flag == true")
    assert program.holds({"topic.flag": True})
    with pytest.raises(EvaluationFailed, match="different types"):
        program.holds({"topic.flag": 1})
    assert program.holds({"topic.flag": True})


PIECES = st.sampled_from(
    ["topic.partitions", "environment.name", "topic.readers", "1", "0", '"a"', "null", "true", "&&",
     "||", "==", "<", "in", "!", "-", "+", "/", "?", ":", "(", ")", "[", "]", "{", "}", ",", ".",
     "x",
     ".all(x, x == 1)", ".exists(x, x)", "has(topic.partitions)", "is_unknown(environment.name)",
     ".matches('a')", ".size()", "// c", "\n", "'", "0x", "1u", "b'a'", "r'a'"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=25).map(" ".join) | st.text(max_size=60))
def test_any_text_is_refused_or_answered_or_fails_in_words(text: str) -> None:
    try:
        program = compiled(text)
    except WrongExpression:
        return
    try:
        answer = program.holds(FACTS)
    except EvaluationFailed as failed:
        words = failed.why
    else:
        words = str(answer)
    assert words


@given(st.integers(min_value=-(2**63), max_value=2**63 - 1), st.integers(-(2**63), 2**63 - 1))
def test_numbers_compare_as_they_do_in_python(left: int, right: int) -> None:
    facts = {"a.left": left, "a.right": right}
    assert compiled("a.left <= a.right").holds(facts) is (left <= right)
    assert compiled("a.left == a.right").holds(facts) is (left == right)


@given(st.text(max_size=40), st.text(max_size=5))
def test_texts_compare_as_they_do_in_python(text: str, start: str) -> None:
    facts = {"a.text": text, "a.start": start}
    assert compiled("a.text.startsWith(a.start)").holds(facts) is text.startswith(start)
    assert compiled("a.text.contains(a.start)").holds(facts) is (start in text)
