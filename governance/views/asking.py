"""Where one asks for something: addresses of the composer that know what it is about."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse


def new_url(kind: str, place: str, name: str) -> str:
    """The form that asks for something new of that kind."""
    return _composer(kind=kind, place=place, name=name)


def change_url(kind: str, place: str, name: str) -> str:
    """The form that asks for a change of what is declared."""
    return _composer(change=kind, place=place, name=name)


def go_back_url(kind: str, place: str, name: str) -> str:
    """The same, filled with what was applied last."""
    return _composer(change=kind, place=place, name=name, **{"from": "applied"})


def hand_over_url(kind: str, place: str, name: str, *, owned: bool) -> str:
    """The form that gives a thing to another team, or claims it where nobody owns it."""
    operation = "transfer" if owned else "claim"
    return _composer(kind="ownership", operation=operation, place=place, about=kind, target=name)


def _composer(**known: str) -> str:
    return f"{reverse('request-new')}?{urlencode(known)}"
