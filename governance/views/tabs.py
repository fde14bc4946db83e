"""Views that lie beside each other under one place of the top bar."""

from __future__ import annotations

from django.urls import reverse

from governance.actors import Actor
from governance.permissions import Action, allowed
from governance.views.requests import Tab


def organisation(actor: Actor, current: str) -> list[Tab]:
    """Teams, people and environments: those that the actor may see."""
    places = (
        ("teams", "Teams", "team"),
        ("people", "People", "account"),
        ("identity", "Sign-in", "identity"),
    )
    seen = [(name, title) for name, title, kind in places if allowed(actor, Action.VIEW, kind).ok]
    return [
        Tab(title, reverse(name), None, name == current)
        for name, title in (*seen, ("environments", "Environments"))
    ]
