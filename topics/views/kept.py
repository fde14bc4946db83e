"""What a topic's page says of a longer retention: why, until when, and what comes then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from topics.kinds.topic import configs
from topics.kinds.topic.kept_rows import back_in_words
from topics.kinds.topic.reason import KEY, KIND_WORDS, from_json
from topics.models import DeclaredTopic
from topics.services.fallbacks import request_of


@dataclass(frozen=True, slots=True)
class Kept:
    """A reason that holds, in words. `ends_at` is None for one without an end."""

    because_of: str
    text: str
    ends_at: datetime | None
    falls_back_to: str
    request: int | None


@dataclass(frozen=True, slots=True)
class Falling:
    """A retention whose time is over, and which its cluster does not have yet; `error` says why."""

    to: str
    since: datetime | None
    request: int | None
    error: str
    paused: bool = False


def kept(row: DeclaredTopic | None) -> Kept | None:
    """Why a topic keeps its records longer; None where it does not."""
    reason = from_json(row.retention_reason) if row is not None else None
    if row is None or reason is None:
        return None
    default = row.cluster.default_configs.get(KEY, {}).get("value")
    return Kept(
        KIND_WORDS[reason.kind],
        reason.text,
        row.retention_ends_at,
        back_in_words(reason, default),
        request_of(row),
    )


def falling(row: DeclaredTopic | None) -> Falling | None:
    """What is still to be brought to the cluster; None where nothing is."""
    told = row.fall_back if row is not None else None
    if not told:
        return None
    to, since = told.get("to"), told.get("since")
    return Falling(
        "the cluster's default" if to is None else configs.human(configs.KEYS[KEY], str(to)),
        datetime.fromisoformat(str(since)) if since else None,
        told.get("request"),
        str(told.get("error") or ""),
        row.paused if row is not None else False,
    )
