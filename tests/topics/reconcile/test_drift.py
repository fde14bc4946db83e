"""Three-way, key by key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topics.reconcile.drift import Verdict, three_way

TABLE = [
    # declared, last applied, observed, verdict, in words
    ("1", None, None, Verdict.SET, "declared and never set"),
    ("1", "1", None, Verdict.SET, "set once, and somebody took it away"),
    ("1", "1", "2", Verdict.SET, "changed behind our back"),
    ("1", None, "1", Verdict.IN_STEP, "somebody set it to what is declared"),
    ("1", "1", "1", Verdict.IN_STEP, "as declared"),
    (None, "1", "1", Verdict.REMOVE, "given up by us"),
    (None, "1", "2", Verdict.REMOVE, "given up by us, changed meanwhile"),
    (None, "1", None, Verdict.IN_STEP, "given up, and gone already"),
    (None, None, "1", Verdict.UNMANAGED, "set by others"),
]


@pytest.mark.parametrize(
    ("declared", "last", "observed", "verdict", "words"), TABLE, ids=[row[4] for row in TABLE]
)
def test_what_a_key_needs(
    declared: str | None, last: str | None, observed: str | None, verdict: Verdict, words: str
) -> None:
    def one(value: str | None) -> dict[str, str]:
        return {} if value is None else {"k": value}

    (state,) = three_way(one(declared), one(last), one(observed))
    assert state.verdict is verdict, words


def test_a_key_that_others_own_is_left_alone_until_it_is_declared() -> None:
    def foreign(key: str) -> bool:
        return key.startswith("theirs")

    states = {
        s.key: s.verdict
        for s in three_way(
            {"theirs.declared": "1"},
            {"theirs.was": "1"},
            {"theirs.declared": "2", "theirs.was": "1", "theirs.new": "1"},
            foreign=foreign,
        )
    }
    assert states == {
        "theirs.declared": Verdict.SET,
        "theirs.was": Verdict.FOREIGN,
        "theirs.new": Verdict.FOREIGN,
    }


CONFIGS = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("123"))


@given(declared=CONFIGS, last=CONFIGS, observed=CONFIGS)
def test_doing_what_it_says_leaves_nothing_to_do(
    declared: dict[str, str], last: dict[str, str], observed: dict[str, str]
) -> None:
    after = dict(observed)
    for state in three_way(declared, last, observed):
        if state.verdict is Verdict.SET and state.declared is not None:
            after[state.key] = state.declared
        elif state.verdict is Verdict.REMOVE:
            del after[state.key]
    left = {s.verdict for s in three_way(declared, declared, after)}
    assert left <= {Verdict.IN_STEP, Verdict.UNMANAGED}
    untouched = observed.keys() - declared.keys() - last.keys()
    assert {key: after[key] for key in untouched} == {key: observed[key] for key in untouched}
