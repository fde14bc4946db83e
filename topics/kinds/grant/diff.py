"""The difference that a request makes to a grant, ready for pages; pure."""

from __future__ import annotations

from datetime import datetime

from governance import units
from governance.kinds import DiffRow
from topics.kinds.grant.bindings import derive
from topics.kinds.grant.roles import ROLES, Access
from topics.kinds.grant.situation import Situation
from topics.kinds.grant.spec import GrantName, GrantSpec

ACCESS_WORDS = {
    Access.READ: "reads from it",
    Access.WRITE: "writes to it",
    Access.BOTH: "reads and writes",
}
_NONE = "–"


def rows(operation: str, name: GrantName, spec: GrantSpec, known: Situation) -> list[DiffRow]:
    """One line a value; a grant has nothing on the cluster that could be shown beside it but its
    ACL lines, which stand in the steps."""
    before = known.declared
    ends = operation == "revoke"
    found = [
        _row("purpose", "For", before.purpose if before else None, None if ends else spec.purpose),
        _row("ends", "Ends", _end(before), None if ends else _end(spec),
             exact=(before.ends_words if before else "", spec.ends_words),
             delta=_delta(before, spec, known) if not ends else ""),
    ]  # fmt: skip
    role = ROLES[name.role]
    if role.access is None:
        found.append(
            _row(
                "access",
                "Direction",
                ACCESS_WORDS[before.access] if before else None,
                None if ends else ACCESS_WORDS[spec.access],
            )
        )
    if spec.group is not None or (before and before.group):
        found.append(
            _row(
                "group",
                role.group_label,
                str(before.group or _NONE) if before else None,
                None if ends else str(spec.group or _NONE),
            )
        )
    if spec.transactional_id is not None:
        old = str(before.transactional_id or _NONE) if before else None
        found.append(
            _row(
                "transactional_id",
                "Transactional id",
                old,
                None if ends else str(spec.transactional_id),
            )
        )
    found.append(_lines(name, spec, known, ends=ends))
    return found


def _row(
    path: str,
    label: str,
    before: str | None,
    after: str | None,
    *,
    exact: tuple[str, str] = ("", ""),
    delta: str = "",
) -> DiffRow:
    declared, requested = before or _NONE, after or _NONE
    return DiffRow(
        path=path,
        label=label,
        declared=declared,
        requested=requested,
        declared_exact=exact[0],
        requested_exact=exact[1],
        delta=delta,
        changed=declared != requested,
    )


def _lines(name: GrantName, spec: GrantSpec, known: Situation, *, ends: bool) -> DiffRow:
    """How many ACL lines it takes; which ones, the steps say."""
    principal = known.application.principal if known.application else "User:?"
    old = len(derive(name, known.declared, principal)) if known.declared else 0
    new = 0 if ends else len(derive(name, spec, principal))
    note = "Lines that another grant needs as well stay." if ends else f"For {principal}."
    return DiffRow(
        path="acls",
        label="ACL lines",
        declared=str(old) if old else _NONE,
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
