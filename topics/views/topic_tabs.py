"""What lies beside each other under *Topics* in the top bar."""

from __future__ import annotations

from django.urls import reverse

from governance.views.requests import Tab
from topics import queries


def tabs(current: str) -> list[Tab]:
    """Topics, those nobody declared, who has access, who may do what, drift."""
    topics = reverse("topics")
    places = (
        ("topics", "Declared", topics, None),
        ("unmanaged", "Not declared", f"{topics}?show=unmanaged", None),
        ("grants", "Access", reverse("grants"), None),
        ("explain", "Who may", reverse("access"), None),
        ("drift", "Drift", reverse("drift"), queries.drifts().count()),
    )
    return [Tab(title, url, count, name == current) for name, title, url, count in places]
