"""Where a `$ref` leads: within a document, to an anchor, or to a schema given as a reference.

Nothing is ever fetched: an address that no reference was given for leads nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple
from urllib.parse import unquote, urljoin

from registry.errors import InvalidSchema, Unresolved
from registry.formats.base import LIMITS, Limits, Source
from registry.formats.json_schema.text import Value, loads

START: Final = "mem://input"  # the address of a schema that has none, as in the reference server
ADDRESS: Final = 4_000  # characters
SEGMENTS: Final = 100  # parts of a path
SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
INDEX: Final = re.compile("[0-9]{1,9}")
META: Final = re.compile(r"https?://json-schema\.org/(draft-0[467]|draft/20(19-09|20-12))/schema$")
# Below these stand values, not schemas: an `$id` in one of them is no address.
VALUES: Final = frozenset({"enum", "const", "default", "examples"})
# The members of these are schemas, whatever they are called.
NAMED: Final = frozenset(
    {"$defs", "definitions", "properties", "patternProperties", "dependentSchemas", "dependencies"}
)


class Place(NamedTuple):
    """Where a schema stands: the document that a pointer starts in, and the address so far."""

    root: Value
    base: str


class Documents:
    """The schema, and those that it may name."""

    def __init__(
        self,
        root: Value,
        sources: Sequence[Source],
        *,
        id_keyword: str,
        resources: bool,
        limits: Limits = LIMITS,
    ) -> None:
        self.root = root
        self.id_keyword = id_keyword
        self.resources = resources  # whether a pointer starts at the nearest id, not at the root
        self.by_address: dict[str, Place] = {}
        # By the address that an anchor belongs to, or "" for any, and its name.
        self.by_anchor: dict[tuple[str, str], Place] = {}
        self.shelves: dict[int, tuple[Value, dict[str, Value]]] = {}
        self.start = self.within(Place(self.root, START), self.root)
        for source in sources:
            value = loads(source.text, limits, f"The reference '{source.name}'")
            for address in (source.name, join(self.start.base, source.name)):
                self.by_address.setdefault(bare(address), Place(value, address))
            self._enter_names(Place(value, join(self.start.base, source.name)))
        self._enter_names(Place(self.root, START))

    def within(self, place: Place, value: Value) -> Place:
        """The place inside of an object: another address, where it has an id of its own."""
        if not isinstance(value, dict):
            return place
        given = value.get(self.id_keyword)
        if not isinstance(given, str) or given.startswith("#"):
            return place
        return Place(value if self.resources else place.root, join(place.base, given))

    def find(self, ref: str, place: Place, at: str) -> tuple[Value, Place]:
        """What a `$ref` at `at` leads to. Raises InvalidSchema where it leads nowhere."""
        address, _, fragment = ref.partition("#")
        document = place
        if address:
            found = self.by_address.get(address) or self.by_address.get(join(place.base, address))
            if found is None:
                if META.match(address):
                    return True, place  # what is a schema at all: taken as it comes
                raise Unresolved(
                    f"the $ref '{ref[:200]}' at {at} leads to no schema: give one of that name as "
                    "a reference. Addresses are not fetched."
                )
            document = found
        if not fragment:
            return document.root, document
        if fragment.startswith("/"):
            return self._pointed(fragment, document, ref, at)
        for base in (document.base.partition("#")[0], ""):
            if (base, fragment) in self.by_anchor:
                anchored = self.by_anchor[base, fragment]
                return anchored.root, anchored
        raise InvalidSchema(f"the $ref '{ref[:200]}' at {at} names an anchor that is not there.")

    def _pointed(self, pointer: str, place: Place, ref: str, at: str) -> tuple[Value, Place]:
        value = place.root
        for depth, part in enumerate(pointer[1:].split("/")):
            name = unquote(part).replace("~1", "/").replace("~0", "~")
            if depth == 0 and name == "$defs" and isinstance(value, dict):
                value = self._shelf(value)
            elif isinstance(value, dict) and name in value:
                value = value[name]
            elif isinstance(value, list) and INDEX.fullmatch(name) and int(name) < len(value):
                value = value[int(name)]
            else:
                raise Unresolved(
                    f"the $ref '{ref[:200]}' at {at} leads nowhere: there is no '{name[:100]}'."
                )
            place = self.within(place, value)
        return value, place

    def _shelf(self, root: dict[str, Value]) -> dict[str, Value]:
        """What lies on the one shelf that has two names, so that it is found by either."""
        known = self.shelves.get(id(root))
        if known is None:
            merged = {**_object(root.get("definitions")), **_object(root.get("$defs"))}
            known = self.shelves[id(root)] = (root, merged)
        return known[1]

    def _enter_anchor(self, anchor: str, place: Place) -> None:
        for base in (place.base.partition("#")[0], ""):
            self.by_anchor.setdefault((base, anchor), place)

    def _enter_names(self, place: Place) -> None:
        """Every id and anchor of a document, without recursion."""
        stack = [(place, place.root)]
        while stack:
            above, value = stack.pop()
            if isinstance(value, list):
                stack += ((above, item) for item in value)
                continue
            if not isinstance(value, dict):
                continue
            here = self.within(above, value)
            found = Place(value, here.base)
            given = value.get(self.id_keyword)
            if isinstance(given, str) and given.startswith("#"):
                self._enter_anchor(given[1:], found)
            elif isinstance(given, str):
                self.by_address.setdefault(bare(given), found)
                self.by_address.setdefault(bare(here.base), found)
            for keyword in ("$anchor", "$dynamicAnchor"):
                anchor = value.get(keyword)
                if isinstance(anchor, str):
                    self._enter_anchor(anchor, found)
            for key, inner in value.items():
                if key in NAMED and isinstance(inner, dict):
                    stack += ((here, schema) for schema in inner.values())
                elif key not in VALUES:
                    stack.append((here, inner))


def _object(value: Value) -> dict[str, Value]:
    return value if isinstance(value, dict) else {}


def bare(address: str) -> str:
    """The address without an empty fragment."""
    return address.removesuffix("#")


def join(base: str, address: str) -> str:
    """An address as it is meant by somebody at `base` (RFC 3986), whatever its scheme."""
    _ensure_short(address)
    if SCHEME.match(address):
        return address
    scheme, colon, rest = base.partition(":")
    if not colon or not rest.startswith("/"):
        return base.partition("#")[0] + address if address.startswith("#") else address
    # The library joins by the rules of schemes that it knows.
    try:
        joined = scheme + urljoin(f"http:{rest}", address).removeprefix("http")
    except ValueError:
        raise InvalidSchema(f"'{address[:200]}' is no address that can be joined.") from None
    _ensure_short(joined)
    return joined


def _ensure_short(address: str) -> None:
    if len(address) > ADDRESS or address.count("/") > SEGMENTS:
        raise InvalidSchema(
            f"The address '{address[:200]}' has over {ADDRESS:,} characters, or {SEGMENTS} parts."
        )
