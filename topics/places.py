"""Where things of this app can be, as choices of a form."""

from __future__ import annotations

from itertools import groupby

from topics.models import Cluster


def clusters_by_environment() -> list[tuple[str, object]]:
    """Clusters under the name of their environment."""
    rows = Cluster.objects.order_by("environment__slug", "slug").values_list(
        "environment__slug", "slug", "name"
    )
    return [
        (environment, [(slug, f"{name} · {slug}") for _, slug, name in group])
        for environment, group in groupby(rows, key=lambda row: row[0])
    ]
