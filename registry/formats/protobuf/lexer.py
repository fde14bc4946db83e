"""Words, strings and marks of a .proto file; comments and spaces are gone.

A word is a name, a number or both with dots and signs in between, as the reference server's parser
takes them: `.a.B`, `-1`, `0x1F`, `1.5e3`.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from registry.errors import InvalidSchema
from registry.formats.base import LIMITS

TOKEN: Final = re.compile(
    r"""
    (?P<space>\s+|//[^\n]*|/\*.*?\*/)
    | (?P<word>[A-Za-z0-9_.\-+]+)
    | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    | (?P<mark>[{}\[\]()<>=;,:/])
    """,
    re.VERBOSE | re.DOTALL,
)
ESCAPE: Final = re.compile(r"\\(x[0-9A-Fa-f]{1,2}|X[0-9A-Fa-f]{1,2}|[0-7]{1,3}|.)", re.DOTALL)
SIMPLE: Final = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
}


class Token(NamedTuple):
    """`kind` is "word", "string" (its value, escapes resolved) or "mark"."""

    kind: str
    text: str
    at: int  # offset in the text


def tokens(text: str, most: int) -> list[Token]:
    """All of a text, at most so many. Raises InvalidSchema where something else stands."""
    found: list[Token] = []
    position = 0
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            raise InvalidSchema(f"line {line(text, position)}: {text[position]!r} is unexpected.")
        kind = str(match.lastgroup)
        if kind == "string":
            found.append(Token(kind, unescaped(match.group()[1:-1]), position))
        elif kind != "space":
            if kind == "word" and match.end() - position > LIMITS.name:
                raise InvalidSchema(
                    f"line {line(text, position)}: a name has over {LIMITS.name:,} characters."
                )
            found.append(Token(kind, match.group(), position))
        if len(found) > most:
            raise InvalidSchema(f"The schema has more than {most:,} words.")
        position = match.end()
    return found


def line(text: str, position: int) -> int:
    """The number of the line, from 1."""
    return text.count("\n", 0, position) + 1


def unescaped(inside: str) -> str:
    """A string's value."""
    return ESCAPE.sub(_character, inside) if "\\" in inside else inside


def _character(match: re.Match[str]) -> str:
    code = match.group(1)
    if code in ("x", "X"):
        raise InvalidSchema(f"a string holds \\{code}, which wants a hexadecimal digit behind it.")
    if code[0] in "xX" and len(code) > 1:
        return chr(int(code[1:], 16))
    if code[0] in "01234567":
        return chr(int(code, 8))
    return SIMPLE.get(code, code)
