"""The difference that a request makes to a grant, ready for pages; pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from governance import units
from governance.kinds import NOTHING, DiffRow
from topics.kinds.grant.bindings import derive
from topics.kinds.grant.roles import ROLES, Access
from topics.kinds.grant.situation import Situation
from topics.kinds.grant.spec import GrantName, GrantSpec

ACCESS_WORDS = {
    Access.READ: "reads from it",
    Access.WRITE: "writes to it",
    Access.BOTH: "reads and writes",
}


def rows(
    operation: str, name: GrantName, spec: GrantSpec, known: Situation, *, applied: bool = False
) -> list[DiffRow]:
    """One line a value; a grant has nothing on the cluster that could be shown beside it but its
    ACL lines, which stand in the steps. A length of time that was `applied` has become the end that
    is declared: the two say the same."""
    before = known.declared
    ends = operation == "revoke"
    until = DiffRow.unobserved(
        "ends",
        "Ends",
        _end(before),
        None if ends else _end(spec),
        exact=(before.ends_words if before else "", spec.ends_words),
        delta="" if ends else _delta(before, spec, known),
    )
    if applied and spec.lasts is not None:
        until = replace(until, delta="", changed=False)
    purpose = DiffRow.unobserved(
        "purpose", "For", before.purpose if before else None, None if ends else spec.purpose
    )
    found = [purpose, until]
    role = ROLES[name.role]
    if role.access is None:
        found.append(
            DiffRow.unobserved(
                "access",
                "Direction",
                ACCESS_WORDS[before.access] if before else None,
                None if ends else ACCESS_WORDS[spec.access],
            )
        )
    if spec.group is not None or (before and before.group):
        found.append(
            DiffRow.unobserved(
                "group",
                role.group_label,
                str(before.group or NOTHING) if before else None,
                None if ends else str(spec.group or NOTHING),
            )
        )
    if spec.transactional_id is not None:
        old = str(before.transactional_id or NOTHING) if before else None
        found.append(
            DiffRow.unobserved(
                "transactional_id",
                "Transactional id",
                old,
                None if ends else str(spec.transactional_id),
            )
        )
    found.append(_lines(name, spec, known, ends=ends))
    return found


def _lines(name: GrantName, spec: GrantSpec, known: Situation, *, ends: bool) -> DiffRow:
    """How many ACL lines it takes; which ones, the steps say."""
    principal = known.application.principal if known.application else "User:?"
    old = len(derive(name, known.declared, principal)) if known.declared else 0
    new = 0 if ends else len(derive(name, spec, principal))
    note = "Lines that another grant needs as well stay." if ends else f"For {principal}."
    return DiffRow(
        path="acls",
        label="ACL lines",
        declared=str(old) if old else NOTHING,
        requested=str(new) if new else "none",
        note=note,
        changed=old != new,
    )


def _end(spec: GrantSpec | None) -> str | None:
    if spec is None:
        return None
    if spec.lasts is not None:
        return f"{units.format_duration(_ms(spec.lasts.total_seconds()))} after it is given"
    if spec.ends_at is None:
        return "never by itself"
    return spec.ends_at.strftime("%-d %B %Y, %H:%M UTC")


def _delta(before: GrantSpec | None, spec: GrantSpec, known: Situation) -> str:
    if before is None or before.ends_at is None or known.now is None:
        return ""
    new: datetime | None = spec.until(known.now)
    if new is None:
        return ""
    change = _ms((new - before.ends_at).total_seconds())
    if not change:
        return ""
    return f"{'+' if change > 0 else '-'}{units.format_duration(abs(change))}"


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
