"""Tags and filters of the pages: icons, pills, times and boxes that look the same everywhere.

They print what they are given; nothing here decides or queries.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache

from django import template
from django.forms import BoundField
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

# Tone and icon of every state that a pill can show; a state that is missing here is grey.
STATES: Mapping[str, tuple[str, str]] = {
    # requests
    "draft": ("grey", "pencil"),
    "checking": ("blue", "loader"),
    "in_review": ("accent", "eye"),
    "changes_requested": ("amber", "message"),
    "approved": ("green", "check"),
    "rechecking": ("blue", "loader"),
    "scheduled": ("blue", "clock"),
    "applying": ("blue", "loader"),
    "applied": ("green", "circle-check"),
    "partly_applied": ("amber", "alert-triangle"),
    "failed": ("red", "circle-x"),
    "withdrawn": ("grey", "minus"),
    "declined": ("red", "ban"),
    "expired": ("grey", "hourglass"),
    "superseded": ("grey", "history"),
    # items
    "pending": ("grey", "circle-dashed"),
    "skipped": ("grey", "ban"),
    # resources
    "active": ("accent", ""),
    "requested": ("grey", "clock"),
    "deprecated": ("amber", "alert-triangle"),
    "retired": ("grey", "ban"),
    # grants and waivers
    "ended": ("grey", "hourglass"),
    "revoked": ("grey", "ban"),
    "in_force": ("green", "check"),
    "ends_soon": ("amber", "hourglass"),
    "taken_back": ("grey", "ban"),
    # simulations
    "waiting": ("blue", "loader"),
    "running": ("blue", "loader"),
    "done": ("green", "check"),
    # drift
    "reverting": ("blue", "loader"),
    "open": ("amber", "git-compare"),
    "ignored": ("grey", "player-pause"),
    "reverted": ("green", "check"),
    "accepted": ("green", "check"),
    "gone": ("grey", "minus"),
}
# Environments carry a colour by name; these are the ones with a checked contrast.
COLOURS: Mapping[str, str] = {
    "red": "red",
    "orange": "amber",
    "amber": "amber",
    "yellow": "amber",
    "green": "green",
    "teal": "accent",
    "blue": "blue",
    "violet": "violet",
    "purple": "violet",
    "grey": "grey",
}
_STEPS = (
    (timedelta(days=365), "year", "years"),
    (timedelta(days=30), "month", "months"),
    (timedelta(days=1), "day", "days"),
    (timedelta(hours=1), "hour", "hours"),
    (timedelta(minutes=1), "minute", "minutes"),
)


def age(length: timedelta) -> str:
    """A length of time in its largest whole unit: ``3 days``, ``1 hour``, ``40 s``."""
    for size, one, many in _STEPS:
        count = length // size
        if count >= 1:
            return f"{count} {one if count == 1 else many}"
    return f"{max(int(length.total_seconds()), 0)} s"


@register.simple_tag
@lru_cache(maxsize=512, typed=True)  # a page prints dozens, all alike
def icon(name: str, spin: bool = False) -> SafeString:
    """An icon of the sprite, hidden from screen readers: a word always stands beside it."""
    return format_html(
        '<svg class="icon{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        " icon-spin" if spin else "",
        static("vendor/icons.svg"),
        name,
    )


@register.simple_tag
@lru_cache(maxsize=1_024, typed=True)  # what is marked safe is another than what is not
def pill(text: str, tone: str = "grey", icon_name: str = "") -> SafeString:
    """A word on a soft ground."""
    picture = icon(icon_name, icon_name == "loader") if icon_name else ""
    return format_html('<span class="pill tone-{}">{}{}</span>', tone, picture, text)


@register.simple_tag
def state(value: str) -> SafeString:
    """The pill of a state, of a request, an item, a resource or a drift."""
    tone, icon_name = STATES.get(value, ("grey", ""))
    return pill(value.replace("_", " ").capitalize(), tone, icon_name)


@register.simple_tag
def environment(value: object) -> SafeString:
    """The pill of an environment in its own colour; nothing where there is none."""
    if value is None or value == "":
        return SafeString("")
    colour = str(getattr(value, "colour", "grey"))
    return pill(str(getattr(value, "slug", value)), COLOURS.get(colour, "grey"))


@register.filter
def when(value: datetime | str | None) -> SafeString | str:
    """A time as people say it, with the exact one on hover: ``2 hours ago``, ``in 3 days``."""
    if not value:
        return "never"
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    gone = timezone.now() - at
    words = f"in {age(-gone)}" if gone < timedelta(seconds=-1) else f"{age(gone)} ago"
    return _time(at, words)


@register.filter
def on(value: datetime | str | None) -> SafeString | str:
    """The same moment as a date and time in UTC."""
    if not value:
        return "–"
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return _time(at, at.astimezone(timezone.get_default_timezone()).strftime("%-d %b %Y, %H:%M"))


@register.filter
def clock(value: datetime | None) -> SafeString | str:
    """The time of day alone, where the day stands beside it."""
    if not value:
        return "–"
    at = value.astimezone(timezone.get_default_timezone())
    return _time(value, at.strftime("%H:%M"))


def _time(at: datetime, words: str) -> SafeString:
    exact = at.astimezone(timezone.get_default_timezone()).strftime("%Y-%m-%d %H:%M:%S %Z")
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), exact, words)


@register.filter
def seconds(length: timedelta) -> str:
    """A length of time in words: ``60 s`` is ``1 minute``."""
    return age(length)


@register.simple_tag
def exact(shown: object, value: object = "") -> SafeString:
    """A value with a unit, and the exact one on hover where it differs."""
    if value in ("", None) or str(value) == str(shown):
        return format_html("{}", shown)
    return format_html('<span class="exact" title="{}">{}</span>', value, shown)


@register.filter
def initials(person: object) -> str:
    """Two letters for a person: ``Maya Klein`` and ``maya.klein`` are ``MK``."""
    words = str(person).replace(".", " ").replace("-", " ").split()
    if not words:
        return "?"
    letters = words[0][0] + words[-1][0] if len(words) > 1 else words[0][:2]
    return letters.upper()


@register.filter
def dots(name: str) -> SafeString:
    """A name that may break after its dots and dashes, where a line is too short for it."""
    return mark_safe(re.sub(r"([.-])", r"\1<wbr>", escape(name)))  # noqa: S308 -- escaped first


@register.filter
def words(value: str) -> str:
    """A code as words: ``request.changes_requested`` becomes ``request changes requested``."""
    return value.replace("_", " ").replace(".", " ").replace(":", " ")


@register.filter
def get(mapping: Mapping[str, object], key: str) -> object:
    """The member of that name, or nothing."""
    return mapping.get(key, "")


@register.simple_tag(takes_context=True)
def sort(context: template.Context, field: str, title: str) -> SafeString:
    """A column's title that sorts by it, and turns the order round when it already does."""
    query = context["request"].GET.copy()
    now = str(context.get("sort", ""))
    turned = now == field
    query["sort"] = f"-{field}" if turned else field
    for gone in ("cursor", "page"):
        query.pop(gone, None)
    mark = "arrow-up" if turned else "arrow-down" if now == f"-{field}" else "selector"
    return format_html(
        '<a class="sort" href="?{}">{}&nbsp;{}<span class="visually-hidden">{}</span></a>',
        query.urlencode(),
        title,
        icon(mark),
        ", sorted upwards" if turned else ", sorted downwards" if now == f"-{field}" else "",
    )


@register.simple_block_tag
def box(content: SafeString, title: str, *, side: object = "", level: int = 2) -> SafeString:
    """A white box with a title line and, right of it, one short remark."""
    beside = format_html('<div class="card-side">{}</div>', side) if side else ""
    return format_html(
        '<section class="card"><div class="card-header"><h{}>{}</h{}>{}</div>{}</section>',
        level,
        title,
        level,
        beside,
        content,
    )


@register.simple_block_tag
def filters(
    content: SafeString,
    address: str,
    words: str,
    asks: str,
    *,
    narrowed: object = "",
    label: str = "",
) -> SafeString:
    """The form above a list: a field for words, which `asks` for them, the choices that lie within,
    and a way back to the whole list at `address` while it is `narrowed`."""
    clear = format_html('<a href="{}">Clear</a>', address) if narrowed else ""
    return format_html(
        '<form class="filters" role="search" aria-label="Narrow the list" data-filters>'
        '<input class="form-control" type="search" name="q" value="{}" placeholder="{}"'
        ' aria-label="{}" data-search>{}'
        '<button type="submit" class="btn">Show</button>{}</form>',
        words,
        asks,
        label or asks,
        content,
        clear,
    )


@register.simple_block_tag
def nothing(content: SafeString, icon_name: str, title: str) -> SafeString:
    """What a list shows instead of rows: what is missing and the next step."""
    return format_html('<div class="empty">{}<h2>{}</h2>{}</div>', icon(icon_name), title, content)


@register.simple_block_tag
def note(content: SafeString, tone: str = "warn", *, actions: object = "") -> SafeString:
    """A line across the page that must be noticed: drift, a cluster out of reach, a failure."""
    pictures = {"warn": "alert-triangle", "bad": "circle-x", "good": "circle-check"}
    beside = format_html('<div class="note-actions">{}</div>', actions) if actions else ""
    return format_html(
        '<div class="note note-{}"><div class="note-text">{}{}</div>{}</div>',
        tone,
        icon(pictures.get(tone, "info-circle")),
        content,
        beside,
    )


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, *, says: object = (), whole: bool = False) -> dict[str, object]:
    """A form's field: label, control, help, what is wrong with it, and what rules say of it."""
    # An item's form leaves it to the kind to say what is missing.
    optional = not bound.field.required and not hasattr(bound.form, "kind")
    return {"field": bound, "says": says, "whole": whole, "optional": optional}


@register.inclusion_tag("components/pager.html", takes_context=True)
def pager(context: template.Context, page: object) -> dict[str, object]:
    """Where in the list this page is, and the links to the pages beside it."""
    return {"page": page, "request": context["request"]}
