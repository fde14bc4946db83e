"""Who is meant by ``@ada`` in a text: names as they are written, and the text around them; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MOST = 20  # names of one text that count; what follows is plain text

# Not within an address of mail. A dot or dash at the end belongs to the sentence.
_NAME = re.compile(r"(?<![\w@.+-])@(\w(?:[\w@.+-]{0,148}\w)?)(?![@\w])")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text; with a `name` where it stands for somebody."""

    text: str
    name: str = ""


def mentions(text: str) -> set[str]:
    """Usernames that the text mentions, whether or not there are such people; `MOST` at most."""
    return {piece.name for piece in pieces(text) if piece.name}


def pieces(text: str) -> Iterator[Piece]:
    """The text in parts, which put together are the text again."""
    end, names = 0, set[str]()
    for match in _NAME.finditer(text):
        name = match[1]
        if name not in names and len(names) >= MOST:
            continue
        names.add(name)
        if match.start() > end:
            yield Piece(text[end : match.start()])
        yield Piece(match[0], name)
        end = match.end()
    if end < len(text):
        yield Piece(text[end:])
