"""Changing a row to what was typed, and telling what changed."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Model

Told = dict[str, dict[str, object]]


def change_to(row: Model, typed: Mapping[str, object]) -> Told | None:
    """Saves the fields that differ, and gives them as an event tells them; None where none does."""
    after = {field: value for field, value in typed.items() if getattr(row, field) != value}
    if not after:
        return None
    before = {field: getattr(row, field) for field in after}
    for field, value in after.items():
        setattr(row, field, value)
    row.save(update_fields=list(after))
    return {"before": before, "after": after}
