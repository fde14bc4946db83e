"""Regular expressions of schemas: which are taken is what the reference server answered to each."""

from __future__ import annotations

import pytest

from registry.formats.json_schema.expressions import Expression, ensure_sound

SOUND = (
    *("a{1000000}", r"\p{L}{500}", r"\p{javaLetter}", r"\p{Alpha}", r"\p{IsLatin}", r"\p{InGreek}"),
    *(r"\p{script=Greek}", r"\p{L1}", r"\p{general_category=Lu}", r"(?<n>a)\k<n>", r"\1", r"\8"),
    *(r"(a)\1", "[a-z&&[^b]]", "a++", "(?>a)", "(?<=a+)b", r"\Qa(\E", r"\Qa(", r"\h", r"\R", r"\X"),
    *(r"\Z", r"\z", r"\A", r"\G", r"\e", r"\cA", r"\01", r"\x41", r"\x{41}", r"\u0041", "]", "}"),
    *("(?i)a", "(?d)a", "(?U)a", "(?x)a b", "[]a]", r"\-", r"\_", "()", "|", "^$", r"\pL", "(?!a)"),
    *("[[:alpha:]]", r"\N{DIGIT ONE}", r"^[\w-.]+$", r"[\w-\d]", r"[\p{L}-z]", "(?i:a)", "[a-b-c]"),
    *("a??", "a?+", "^*", "$+", "(?=a)*", r"\<", r"\@", r"\é", "é", r"[^\]]", "(?-i)a"),
)
UNSOUND = (
    *("(", ")", "a)", "[", "[a", "{", "a{", "a{,5}", "a{x}", "a{5,2}", "a{99999999999}", "*", "+a"),
    *("a**", r"\p{Foo}", r"\pFoo", r"\p", r"\p{L", r"\k<n>", "(?#c)", "[z-a]", "[]", "[^]", "\\"),
    *(r"\y", r"\i", "(?'n'a)", "(?P<n>a)", "(?(1)a)", "(?R)", "(?<n>a)(?<n>b)", r"[a-\w]"),
    *("(?<1>a)", "(?<a_b>c)", "(?<é>a)", r"\u004", r"\xZ", r"\c", "(?i", "(?z)a", r"\0"),
)


@pytest.mark.parametrize("expression", SOUND)
def test_what_java_reads_is_sound(expression: str) -> None:
    ensure_sound(expression)


@pytest.mark.parametrize("expression", UNSOUND)
def test_what_java_does_not_read_is_refused_with_a_reason(expression: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        ensure_sound(expression)


@pytest.mark.parametrize(
    ("expression", "name", "found"),
    [
        ("^x-", "x-a", True),
        ("^x-", "ax-", False),
        (r"\p{L}{40}$", "é" * 40, True),
        (r"^\p{L}{200}$", "é" * 200, True),  # compiles to megabytes
        ("(?=a)a", "a", False),  # would need to go back
        ("a", "\ud800", False),
    ],
)
def test_a_name_is_searched(expression: str, name: str, found: bool) -> None:
    assert Expression(expression, lambda steps: None).matches(name) is found


def test_every_step_is_counted() -> None:
    steps: list[int] = []
    long = Expression("a", steps.append)
    long.matches("b" * 10_000)
    larger = Expression(r"^\p{L}{200}$", steps.append)
    assert larger.matches("b" * 200)
    assert steps[0] < steps[1]
    assert sum(steps) > 100_000
