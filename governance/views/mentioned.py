"""Texts with the people they mention: escaped, and ``@ada`` as the person where there is one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from governance.mentions import Piece, mentions, pieces
from governance.models import User

MOST_LOOKED_UP = 500

People = Mapping[str, str]


def people_in(texts: Iterable[str]) -> People:
    """Names of those who are mentioned anywhere in the texts, by username; one query."""
    names = set[str]()
    for text in texts:
        names |= mentions(text)
        if len(names) >= MOST_LOOKED_UP:
            break
    if not names:
        return {}
    found = User.objects.filter(username__in=names)
    return {user.username: str(user) for user in found}


def with_people(text: str, people: People) -> SafeString:
    """The text, escaped, with the people in it."""
    return format_html_join("", "{}", ((_shown(piece, people),) for piece in pieces(text)))


def _shown(piece: Piece, people: People) -> str:
    if piece.name not in people:
        return piece.text
    return format_html(
        '<span class="mention" title="@{}">{}</span>', piece.name, people[piece.name]
    )
