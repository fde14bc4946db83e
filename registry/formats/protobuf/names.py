"""Full names of the outermost messages, out of the text alone: a list of subjects asks for those of
many files, and parsing a large one takes seconds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_TOKEN: Final = re.compile(
    # Comments and strings; one without an end goes as far as it can, and is not looked at again.
    r"//[^\n]*|/\*.*?(?:\*/|\Z)"
    r"|\"(?:[^\"\\\n]|\\.)*\"?|'(?:[^'\\\n]|\\.)*'?"
    r"|[{}]|[\w.]+",
    re.DOTALL,
)


def names(text: str) -> tuple[str, ...]:
    """``a.b.Order`` for each message of the file that lies in no other, in the order written."""
    package, found = "", []
    for what, name in _outermost(text):
        if what == "package":
            package = f"{name}."
        elif what == "message":
            found.append(name)
    return tuple(package + name for name in found)


def _outermost(text: str) -> Iterator[tuple[str, str]]:
    """Each word outside of all braces, with the word after it."""
    depth, before = 0, ""
    for match in _TOKEN.finditer(text):
        word = match[0]
        if word[0] in "/\"'":
            continue
        if word in "{}":
            depth += 1 if word == "{" else -1
            before = ""
        elif depth == 0:
            if before:
                yield before, word
            before = word
