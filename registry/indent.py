"""JSON on several lines, as people read it, with every token as it was written.

Numbers keep their digits and strings their escapes: what is shown, and perhaps sent back, is the
text that was registered.
"""

from __future__ import annotations

import re
from typing import Final

import orjson

_PART: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_STEP: Final = "  "


def indented(text: str) -> str:
    """The text laid out, two spaces a level; as it is where it is no JSON object or list.

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
    return "".join(_laid_out(_PART.findall(text)))


def _laid_out(parts: list[str]) -> list[str]:
    made: list[str] = []
    depth = 0
    for index, part in enumerate(parts):
        if part in "{[":
            made.append(part)
            if parts[index + 1] not in "}]":
                depth += 1
                made.append("\n" + _STEP * depth)
        elif part in "}]":
            if parts[index - 1] not in "{[":
                depth -= 1
                made.append("\n" + _STEP * depth)
            made.append(part)
        elif part == ",":
            made.append(",\n" + _STEP * depth)
        else:
            made.append(": " if part == ":" else part)
    return made
