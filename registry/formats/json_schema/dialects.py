"""Which dialect a schema is written in, by its `$schema`: draft 7 where it says nothing known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from registry.formats.base import LIMITS, Limits, Source
from registry.formats.json_schema import modern
from registry.formats.json_schema.classic import Classic, Draft
from registry.formats.json_schema.documents import Documents, bare
from registry.formats.json_schema.nodes import Node
from registry.formats.json_schema.reader import Reader
from registry.formats.json_schema.text import Value

MODERN: Final = frozenset(
    f"{scheme}://json-schema.org/draft/{draft}/schema"
    for scheme in ("http", "https")
    for draft in ("2019-09", "2020-12")
)
# Whatever begins like this is of that draft.
CLASSIC: Final = {
    "json-schema.org/draft-04/schema": Draft.FOUR,
    "json-schema.org/schema": Draft.FOUR,
    "json-schema.org/draft-06/schema": Draft.SIX,
}


def read(value: Value, sources: Sequence[Source], limits: Limits = LIMITS) -> Node:
    """The node of a whole schema with everything it refers to. Raises InvalidSchema."""
    named = value.get("$schema") if isinstance(value, dict) else None
    given = named if isinstance(named, str) else ""
    if bare(given) in MODERN:
        documents = Documents(value, sources, id_keyword="$id", resources=True, limits=limits)
        return Reader(documents, modern.read, limits).root()
    dialect = Classic(_draft(given))
    documents = Documents(
        value, sources, id_keyword=dialect.id_keyword, resources=False, limits=limits
    )
    return Reader(documents, dialect, limits).root()


def _draft(given: str) -> Draft:
    address = given.removeprefix("https://").removeprefix("http://")
    found = (draft for start, draft in CLASSIC.items() if address.startswith(start))
    return next(found, Draft.SEVEN)
