"""Regular expressions of schemas: whether one is sound, and whether it is found in a name.

Sound is what Java reads (`java.util.regex.Pattern`), since the reference server asks that, and what
is matched is matched by an engine that never goes back over what it has read. What costs such an
engine time is the size of what an expression is compiled to: a class of letters, repeated a
thousand times. So only the syntax is checked when a schema is read, and whoever matches is told
what that costs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

import jsonschema_rs

# What Java's expressions have besides those of the engine, or the engine's besides those of Java,
# and what compiles to much.
_PART: Final = re.compile(
    r"""
      (?P<one>\\Q.*?(?:\\E|\Z) | \\N\{[^{}]*\} | \\c. | \\[1-9wWdDsShHvVRXGZeb] | \\[^A-Za-z0-9])
    | (?P<property>\\[pP](?:\{\^?(?P<long>[^{}]*)\}|(?P<short>[A-Za-z])))
    | (?P<reference>\\k<(?P<referred>[^>]*)>)
    | (?P<octal>\\0[0-7]{1,3})
    | (?P<escape>\\[A-Za-z0]|\\\Z)
    | (?P<times>\{(?P<least>[0-9]+)(?:,(?P<most>[0-9]*))?\})
    | (?P<opening>\(\?(?:[=!>:]|<[=!]|[idmsuxU]*(?:-[idmsuxU]*)?(?P<end>[:)])))
    | (?P<group>\(\?<(?P<name>[^>]*)>)
    | (?P<nothing>\(\?.? | \[\^?\](?=[^\]]*\Z))
    """,
    re.VERBOSE | re.DOTALL,
)
_OF_JAVA: Final = re.compile(
    r"java[A-Z][A-Za-z]{1,60}|I[ns][A-Za-z0-9_ -]{1,60}|Lower|Upper|ASCII|Alpha|Digit|Alnum|Punct"
    r"|Graph|Print|Blank|Cntrl|XDigit|Space|L1|LD|LC"
)
_GROUP: Final = re.compile(r"\(\?<([A-Za-z0-9]+)>")
_NAME: Final = re.compile("[A-Za-z][A-Za-z0-9]*")
_MORE: Final = frozenset({"", "p", "P", "k", "c", "0", "N"})  # escapes that are not whole
# Where nothing of this stands, what JavaScript reads, Java does too; that is asked much faster.
_OTHERWISE: Final = re.compile(r"\\[0pPkc]|\[\^?\]|\(\?<[^=!]|[0-9]{10}")
_OF_JAVASCRIPT: Final = jsonschema_rs.Draft202012Validator(
    {"format": "regex"}, validate_formats=True
)
LONGEST: Final = 100_000  # characters that the slower engine is asked about
MOST_TIMES: Final = 2**31
# What one may compile to, in bytes, and the steps that this costs: tried one after the other.
SIZES: Final = ((100_000, 200), (1_000_000, 2_000), (10_000_000, 20_000))


def ensure_sound(expression: str) -> None:
    """Raises ValueError, saying why, for what Java would not read."""
    try:
        if not _OTHERWISE.search(expression) and _OF_JAVASCRIPT.is_valid(expression):
            return
    except UnicodeEncodeError:
        raise ValueError("it holds half of a surrogate pair") from None
    if len(expression) > LONGEST:
        raise ValueError(f"it cannot be read, and has over {LONGEST:,} characters")
    groups = frozenset(_GROUP.findall(expression))
    plain = _PART.sub(lambda part: _plain(part, groups), expression)
    if not _is_read(plain):
        raise ValueError(_why(plain))


def _plain(part: re.Match[str], groups: frozenset[str]) -> str:
    """Something as sound as that part, which compiles to little."""
    text = part[0]
    match part.lastgroup:
        case "opening":
            return "(?:)" if part["end"] == ")" else "(?:"
        case "group" if not _NAME.fullmatch(part["name"]):
            raise ValueError(f"'{text[:60]}' is no name of a group: letters and digits make one")
        case "reference" if part["referred"] not in groups:
            raise ValueError(f"there is no group of the name '{part['referred'][:60]}'")
        case "property" if not _is_property(part["long"] or part["short"]):
            raise ValueError(f"characters have no property '{part['long'] or part['short']}'")
        case "nothing":
            raise ValueError(f"'{text}' means nothing")
        case "escape" if text[1:] in _MORE:
            raise ValueError(f"more must follow '{text}'")
        case "times":
            return _times(part["least"], part["most"])
        case "escape" | "group":
            return text
    return r"\."


def _times(least: str, most: str | None) -> str:
    counts = [int(count) for count in (least, most) if count and len(count) < 20]
    if len(counts) < 1 + bool(most) or max(counts) >= MOST_TIMES or counts[0] > counts[-1]:
        raise ValueError(f"nothing is there {least[:20]} to {(most or least)[:20]} times")
    return "{1}"


@lru_cache(maxsize=1_000)
def _is_property(name: str) -> bool:
    if _OF_JAVA.fullmatch(name):
        return True
    return len(name) < 100 and _is_read(f"\\p{{{name}}}")


def _is_read(expression: str) -> bool:
    try:
        jsonschema_rs.validator_for({"pattern": expression})
    except (jsonschema_rs.ValidationError, ValueError):
        return False
    return True


def _why(plain: str) -> str:
    try:
        re.compile(plain)
    except (re.error, RecursionError, OverflowError) as error:
        return str(error)
    return "it cannot be read"


class Expression:
    """One that names are held against; `spend` is told the steps that this costs.

    What would take more time than in proportion to the name (look-around, references to groups)
    matches nothing.
    """

    def __init__(self, expression: str, spend: Callable[[int], None]) -> None:
        self.spend = spend
        self.rules: jsonschema_rs.Validator | None = None
        for size, steps in SIZES:
            spend(steps)
            options = jsonschema_rs.RegexOptions(size_limit=size)
            try:
                self.rules = jsonschema_rs.validator_for(
                    {"pattern": expression}, pattern_options=options
                )
            except (jsonschema_rs.ValidationError, ValueError):
                continue
            break

    def matches(self, name: str) -> bool:
        """Whether it is found in the name."""
        # At each character as many places of the expression may be open as were read before.
        self.spend(1 + len(name) ** 2 // 1_000)
        try:
            return self.rules is not None and self.rules.is_valid(name)
        except UnicodeEncodeError:  # half of a surrogate pair
            return False
