"""JSON text read and written so that nothing of it changes: order of members, length of numbers.

What is read is plain Python; a number with a fraction or an exponent is a Decimal, which keeps its
digits. Of members with one name the last counts, at the place of the first, as in Java's Jackson.
"""

from __future__ import annotations

import json
import re
from decimal import Context, Decimal, InvalidOperation
from hashlib import blake2b
from typing import Final, Never

from registry.errors import InvalidSchema
from registry.formats.base import Limits

Value = object  # dict, list, str, int, Decimal, bool, None

EXPONENT: Final = 100_000
EXACT: Final = Context(prec=5_000)  # more digits than a number may have
_SURROGATE: Final = re.compile("\\\\u[dD][89a-fA-F]|[\ud800-\udfff]")
_PLAIN: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def loads(text: str, limits: Limits, what: str) -> Value:
    """The value of a text, within the limits on bytes, levels and values. Raises InvalidSchema."""
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > limits.text_bytes:
        raise InvalidSchema(f"{what} has {size} bytes of text; at most {limits.text_bytes} fit.")
    if not text.strip():
        raise InvalidSchema("Empty schema")
    try:
        value: Value = json.loads(
            text, parse_float=_fraction, parse_int=_whole, parse_constant=_no_number
        )
    except RecursionError:
        raise InvalidSchema(_too_deep(what, limits)) from None
    except ValueError as error:
        raise InvalidSchema(f"{what} is not JSON: {error}.") from None
    _ensure_within(value, limits, what)
    if _SURROGATE.search(text):
        try:
            dumps(value).encode()
        except UnicodeEncodeError:
            raise InvalidSchema(f"{what} holds half of a surrogate pair.") from None
    return value


def _whole(digits: str) -> int:
    if len(digits) > 4_000:  # the interpreter refuses those that take long to convert
        raise ValueError("a number has more than 4,000 digits")
    return int(digits)


def _fraction(written: str) -> Decimal:
    if len(written) > 4_000:
        raise ValueError("a number has more than 4,000 digits")
    try:
        number = Decimal(written)
    except InvalidOperation:
        number = None
    if number is None or abs(number.adjusted()) > EXPONENT:
        raise ValueError(f"the exponent of a number is beyond {EXPONENT:,}")
    return number


def _no_number(name: str) -> Never:
    raise ValueError(f"{name} is no value of JSON")


def _too_deep(what: str, limits: Limits) -> str:
    return f"{what} nests deeper than {limits.depth} levels."


def _ensure_within(value: Value, limits: Limits, what: str) -> None:
    """Counts level by level, so that no nesting is too deep for the count itself."""
    level, count, depth = [value], 1, 0
    while level:
        # A schema takes two levels of text for one of its own: "properties", and the property.
        if depth > 2 * limits.depth:
            raise InvalidSchema(_too_deep(what, limits))
        below: list[Value] = []
        for one in level:
            if isinstance(one, dict):
                if any(len(name) > limits.member for name in one):
                    raise InvalidSchema(f"{what} has a name of over {limits.member:,} characters.")
                below += one.values()
            elif isinstance(one, list):
                below += one
        count += len(below)
        if count > limits.nodes:
            raise InvalidSchema(f"{what} has more than {limits.nodes:,} values.")
        level, depth = below, depth + 1


def dumps(value: Value, *, ordered: bool = False) -> str:
    """The compact text of a value; `ordered`, with the members of each object by name."""
    parts: list[str] = []
    _write(value, parts, ordered=ordered)
    return "".join(parts)


def _write(value: Value, parts: list[str], *, ordered: bool) -> None:
    if isinstance(value, dict):
        names = sorted(value, key=_utf16) if ordered else list(value)
        parts.append("{")
        for index, name in enumerate(names):
            parts.append(("," if index else "") + _PLAIN(name) + ":")
            _write(value[name], parts, ordered=ordered)
        parts.append("}")
    elif isinstance(value, list):
        parts.append("[")
        for index, item in enumerate(value):
            if index:
                parts.append(",")
            _write(item, parts, ordered=ordered)
        parts.append("]")
    elif isinstance(value, Decimal):
        parts.append(number(value))
    else:
        parts.append(_PLAIN(value))


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-be", "surrogatepass")  # the order of Java's strings


def number(value: Decimal) -> str:
    """A number as Java's BigDecimal prints it: `1.50`, `1E+5`, `1E-7`."""
    return str(value)  # the same rules: General Decimal Arithmetic, to-scientific-string


def key(value: Value) -> bytes:
    """A digest in which equal values are equal: order of members and trailing zeros left aside."""
    return Keys().of(value)


class Keys:
    """Digests of values that stay as they are; each is gone through once."""

    def __init__(self) -> None:
        # The value is kept beside its digest, so that no identity is given out twice.
        self.known: dict[int, tuple[Value, bytes]] = {}

    def of(self, value: Value) -> bytes:
        """As `key`."""
        if not isinstance(value, dict | list | str):
            return _digest_of_one(value)
        known = self.known.get(id(value))
        if known is None:
            known = self.known[id(value)] = (value, self._digest(value))
        return known[1]

    def _digest(self, value: dict[str, Value] | list[Value] | str) -> bytes:
        if isinstance(value, str):
            return _digest_of_one(value)
        digest = blake2b(b"{" if isinstance(value, dict) else b"[", digest_size=16)
        if isinstance(value, dict):
            for name in sorted(value):
                member = name.encode("utf-8", "surrogatepass") + b"\0"
                digest.update(member + self.of(value[name]))
        else:
            for item in value:
                digest.update(self.of(item))
        return digest.digest()


def _digest_of_one(value: Value) -> bytes:
    if isinstance(value, bool) or value is None:
        said = b"b" + str(value).encode()
    elif isinstance(value, int | Decimal):
        exact = Decimal(value)
        said = b"n" + (str(exact.normalize(EXACT)) if exact else "0").encode()
    else:
        said = b"s" + str(value).encode("utf-8", "surrogatepass")
    return blake2b(said, digest_size=16).digest()
