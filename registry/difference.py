"""A difference by meaning as requests show it: lines of words, and the rows of the diff."""

from __future__ import annotations

from typing import Final

from governance.kinds import DiffRow
from registry import memo
from registry.formats import base
from registry.formats.base import Change, ChangeKind, Parsed
from registry.lookup import Stored

_NOTES: Final = {
    frozenset({"BACKWARD"}): "Readers of the new version cannot read data written before.",
    frozenset({"FORWARD"}): "Readers of the old version cannot read data written from now on.",
    frozenset({"BACKWARD", "FORWARD"}): "Neither side can read what the other wrote.",
}


EITHER: Final = frozenset({"BACKWARD", "FORWARD"})


def changes(older: Stored | None, newer: Parsed) -> list[Change]:
    """What changes from the latest version; of a new subject, all that the schema brings."""
    format_ = base.get(newer.format)
    if older is None:
        return format_.contents(newer)
    before = memo.parsed(older)
    if before.format != newer.format:
        return [Change(ChangeKind.RETYPED, "", before.format, newer.format, EITHER)]
    return format_.changes(before, newer)


def in_words(change: Change) -> str:
    """``payments.Payment.amount: retyped, int → long``."""
    values = " → ".join(value for value in (change.before, change.after) if value)
    where = f"{change.path}: " if change.path else ""
    return f"{where}{change.kind}{f', {values}' if values else ''}"


def rows(changed: list[Change], *, is_new: bool) -> list[DiffRow]:
    """One row a change; a new subject has one for each part of its schema."""
    return [_row(change, is_new=is_new) for change in changed]


def _row(change: Change, *, is_new: bool) -> DiffRow:
    return DiffRow(
        path=f"schema.{change.path}" if change.path else "schema",
        label=change.path.rpartition(".")[2] or "Schema",
        observed=change.before or "–",
        declared=change.before or "–",
        requested=change.after or "–",
        delta="" if is_new else change.kind.value,
        note=_NOTES.get(change.breaks, ""),
        changed=True,
    )
