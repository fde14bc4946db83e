"""Rows that say what is old: kept as long as somebody may ask for them."""

import pytest
from django.db import connection

from registry import changes
from registry.models import Change


@pytest.mark.django_db
def test_old_rows_are_pruned_and_young_ones_stay() -> None:
    changes.changed("old", "young")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE registry_change SET at = now() - interval '61 minutes' WHERE name = 'old'"
        )
    assert changes.prune() == 1
    assert list(Change.objects.values_list("name", flat=True)) == ["young"]
