"""Where things of this app can be, as choices of a form."""

from __future__ import annotations

from itertools import groupby

from topics.kinds.on_cluster import places


def clusters_by_environment() -> list[tuple[str, object]]:
    """Clusters under the name of their environment."""
    rows = sorted(places(), key=lambda row: row[2])
    return [
        (environment, [(slug, f"{name} · {slug}") for slug, name, _ in group])
        for environment, group in groupby(rows, key=lambda row: row[2])
    ]
