"""The body of a webhook, and the text for a chat service, made when it is sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from governance.kinds import DiffRow
from governance.models import Delivery, Request
from governance.notices.chats import quiet
from governance.notices.difference import Changed, changes_of, short
from governance.notices.letters import absolute
from governance.permissions import role_in_words


def body(delivery: Delivery) -> bytes:
    """Our own JSON: what happened, the request as it stands now, what it changes, and its link."""
    request = delivery.request
    document: dict[str, object] = {
        "delivery": delivery.pk,
        "happening": delivery.happening,
        "at": _time(delivery.created_at),
        "who": delivery.told.get("who", ""),
        "sentence": delivery.told.get("sentence", ""),
        "detail": delivery.told.get("detail", ""),
        "request": None,
        "items": [],
        "more_items": 0,
    }
    if request is not None:
        changes, more = changes_of(request)
        document |= {
            "request": _request(request),
            "items": [_item(item) for item in changes],
            "more_items": more,
        }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def text(delivery: Delivery) -> tuple[str, str]:
    """Title and text for a chat service, which call nobody there; these cut what is too long for
    them."""
    title, words = _words(delivery)
    return quiet(title), quiet(words)


def _words(delivery: Delivery) -> tuple[str, str]:
    told, request = delivery.told, delivery.request
    headline = f"{told.get('who', 'Weir')} {told.get('sentence', '')}"
    if request is None:
        return headline, str(told.get("detail", "")) or "This is a test of a webhook of Weir."
    lines = [str(told["detail"]), ""] if told.get("detail") else []
    changes, more = changes_of(request)
    for item in changes[:5]:
        lines.append(item.title)
        lines += [f"  {_line(row)}" for row in item.rows[:10]]
    hidden = more + max(len(changes) - 5, 0)
    if hidden:
        lines.append(f"… and {hidden} more items")
    open_now = request.requirements.filter(revision=request.revision, review__isnull=True)
    roles = [role_in_words(role) for role in open_now.values_list("role", flat=True)]
    if roles:
        lines.append(f"Still to agree: {', '.join(roles)}")
    lines.append(absolute(f"/requests/{request.pk}/"))
    return f"{headline}: {request.title} (#{request.pk})", "\n".join(lines)


def _line(row: DiffRow) -> str:
    return f"{row.label}: {short(row.declared)[:120]} → {short(row.requested)[:120]}"


def _request(request: Request) -> dict[str, object]:
    needs = request.requirements.filter(revision=request.revision)
    met: Sequence[tuple[str, int | None]] = list(needs.values_list("role", "review_id"))
    return {
        "id": request.pk,
        "title": request.title,
        "reason": request.reason[:2_000],
        "state": request.state,
        "revision": request.revision,
        "team": request.team.slug,
        "environment": request.environment.slug if request.environment else None,
        "author": request.author_name,
        "needs": [{"role": role, "met": review is not None} for role, review in met],
        "url": absolute(f"/requests/{request.pk}/"),
    }


def _item(item: Changed) -> dict[str, object]:
    return {
        "kind": item.kind,
        "operation": item.operation,
        "name": item.name,
        "place": item.place,
        "rows": [
            {
                "path": row.path,
                "label": row.label,
                "observed": short(row.observed),
                "declared": short(row.declared),
                "requested": short(row.requested),
                "delta": row.delta,
                "note": row.note,
                "irreversible": row.irreversible,
            }
            for row in item.rows
        ],
        "more_rows": item.more_rows,
    }


def _time(at: datetime) -> str:
    return at.astimezone(timezone.get_default_timezone()).isoformat().replace("+00:00", "Z")
