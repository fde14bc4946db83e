"""The compiled form never says anything but what the interpreter says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.policy.errors import EvaluationFailed, WrongExpression
from governance.policy.expression import Program, compiled
from governance.policy.facts import UNKNOWN
from governance.policy.load import PolicyText, starter

NAMES = ["t.flag", "t.count", "t.text", "t.none", "t.list", "t.map"]
LITERALS = ["1", "-7", "60", "9223372036854775807", '"a"', '"a.b"', "true", "false", "null", "1.5"]

values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 70),
    st.just(2**63),
    st.just(-(2**63)),
    st.sampled_from(["", "a", "a.b", "b"]),
    st.just(1.5),
    st.lists(st.sampled_from(["a", "b", 1]), max_size=3),
    st.dictionaries(st.sampled_from(["a", "k"]), st.sampled_from(["a", "v"]), max_size=2),
    st.just(UNKNOWN),
)
facts = st.fixed_dictionaries(dict.fromkeys(NAMES, values))
leaves = st.sampled_from([*NAMES, *LITERALS, '["a", "b"]', '["a", 1]', "[1, 2]", 't.map["k"]'])


def _bigger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "in", "&&", "||", "+", "-", "*"])
    calls = st.sampled_from(['matches("^a[.]")', 'startsWith("a")', 'contains("b")', "size()"])
    return st.one_of(
        st.builds("({} {} {})".format, inner, pairs, inner),
        st.builds("(!{})".format, inner),
        st.builds("(-{})".format, inner),
        st.builds("({} ? {} : {})".format, inner, inner, inner),
        st.builds("{}.{}".format, inner, calls),
        st.builds("{}.endsWith({})".format, inner, inner),
        st.builds("size({})".format, inner),
        st.sampled_from(["has(t.text)", "is_unknown(t.count)", "t.list.exists(x, x == t.text)"]),
    )


expressions = st.recursive(leaves, _bigger, max_leaves=8)


def answer(program: Program, given: dict[str, object]) -> object:
    try:
        return program.holds(given)
    except EvaluationFailed as error:
        return error.why, error.unknown


@settings(max_examples=1_500)
@given(expressions, facts)
def test_it_agrees_with_the_interpreter_on_everything(text: str, given: dict[str, object]) -> None:
    try:
        program = compiled(text)
    except WrongExpression:
        return
    slow = replace(program, quick=None, _answers={})
    assert answer(replace(program, _answers={}), given) == answer(slow, given), text


@pytest.mark.parametrize("policy", starter(), ids=lambda policy: policy.name)
def test_the_starter_policies_have_a_quick_form_or_read_few_values(policy: PolicyText) -> None:
    """On 50,000 topics a policy is fast when it is compiled, or when answers are remembered."""
    program = compiled(policy.expression)
    names = {".".join(path) for path in program.reads.paths}
    assert program.quick is not None or not names & {"item.name", "topic.name", "subject.name"}


def test_a_plain_expression_is_compiled_and_an_odd_one_is_not() -> None:
    assert compiled('t.count <= 6 && t.text.startsWith("a")').quick is not None
    assert compiled("is_unknown(t.count)").quick is None
    assert compiled("t.list.all(x, x > 0)").quick is None
