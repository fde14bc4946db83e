"""JSON on several lines, as people read it, with every token as it was written.

Numbers keep their digits and strings their escapes: what is shown, and perhaps sent back, is the
text that was registered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import orjson

_PART: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_STEP: Final = "  "
LONGEST: Final = 2 * 2**20  # characters


def indented(text: str) -> str:
    """The text laid out, two spaces a level; as it is where it is no JSON object or list, or where
    it nests so deep that white space would be most of it.

    >>> print(indented('{"a":[1.0],"b":{}}'))
    {
      "a": [
        1.0
      ],
      "b": {}
    }
    """
    if text.lstrip()[:1] not in ("{", "["):
        return text
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    made: list[str] = []
    size = 0
    for piece in _laid_out(_PART.findall(text)):
        size += len(piece)
        if size > LONGEST:
            return text
        made.append(piece)
    return "".join(made)


def _laid_out(parts: list[str]) -> Iterator[str]:
    depth = 0
    for index, part in enumerate(parts):
        if part in "{[":
            yield part
            if parts[index + 1] not in "}]":
                depth += 1
                yield "\n" + _STEP * depth
        elif part in "}]":
            if parts[index - 1] not in "{[":
                depth -= 1
                yield "\n" + _STEP * depth
            yield part
        elif part == ",":
            yield ",\n" + _STEP * depth
        else:
            yield ": " if part == ":" else part
