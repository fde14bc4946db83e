"""Schemas on pages: laid out, and two of them line by line."""

from __future__ import annotations

from collections.abc import Mapping

from django import template

from registry import catalogue
from registry.formats import base
from registry.indent import indented

register = template.Library()


@register.filter
def laid_out(spec: Mapping[str, object] | None) -> str:
    """The schema of a spec on several lines."""
    return indented(str((spec or {}).get("schema", "")))


@register.filter
def format_title(name: str) -> str:
    """A format as people call it."""
    return base.get(name).title if name in base.names() else name


@register.inclusion_tag("subjects/_text.html")
def text_difference(
    before: Mapping[str, object] | None, after: Mapping[str, object]
) -> dict[str, object]:
    """Both schemas' lines in one, what was added and taken out marked."""
    older = str((before or {}).get("schema", ""))
    return {"lines": catalogue.text_lines(older, str(after.get("schema", "")))}
