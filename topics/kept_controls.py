"""The controls of a topic's form that say what it holds, and why it keeps records longer.

They read and write text: what may stand in them is for the kind to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from governance.errors import Problem
from topics.kinds.topic import configs, reason
from topics.kinds.topic.about import NEW, About, from_json
from topics.kinds.topic.known import look_up
from topics.kinds.topic.reason import FIELD, KEY

REASON: Final = ("reason_kind", "reason_text", "reason_ends", "reason_falls_back_to")
_ALONE: Final = ("reason_text", "reason_ends", "reason_falls_back_to")


def initial(place: str, name: str, spec: Mapping[str, object]) -> dict[str, object]:
    """What the controls show for a spec. What it does not say of a topic is as it is now."""
    said = from_json(spec)
    if None in (said.data_class, said.description, said.labels):
        said = said.over(_now(place, name))
    why = reason.from_json(spec.get(FIELD))
    return {
        "data_class": said.data_class,
        "description": said.description,
        "labels": "\n".join(f"{k} = {v}" for k, v in sorted((said.labels or {}).items())),
        "reason_kind": why.kind.value if why else "",
        "reason_text": why.text if why else "",
        "reason_ends": why.as_json()["ends"] if why else "",
        "reason_falls_back_to": _back(why) if why else "",
    }


def _now(place: str, name: str) -> About:
    found = look_up(place, name)
    declared = found[1].declared if found else None
    return NEW if declared is None else declared.about


def _back(why: reason.RetentionReason) -> str:
    if why.falls_back_to == reason.DEFAULT:
        return reason.DEFAULT
    return configs.human(configs.KEYS[KEY], why.falls_back_to)


def typed(values: Mapping[str, str]) -> dict[str, object]:
    """The part of what is asked for that these controls say."""
    return {
        "data_class": values.get("data_class", ""),
        "description": values.get("description", ""),
        "labels": _labels(values.get("labels", "")),
        FIELD: _reason(values),
    }


def _labels(text: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.splitlines() if line.strip())
    return {key.strip(): value.strip() for key, _, value in pairs}


def _reason(values: Mapping[str, str]) -> dict[str, str] | None:
    if not values.get("reason_kind"):
        return None
    return {
        "kind": values.get("reason_kind", ""),
        "text": values.get("reason_text", ""),
        "ends": values.get("reason_ends", ""),
        "falls_back_to": values.get("reason_falls_back_to", ""),
    }


def of_reason(path: str) -> str:
    """The control that a path of the reason stands for."""
    name = f"reason_{path.removeprefix(FIELD).removeprefix('.')}"
    return name if name in REASON else "reason_kind"


def contradictions(values: Mapping[str, str]) -> list[Problem]:
    """A reason that is written, and none chosen: whether it is meant, only she knows."""
    if values.get("reason_kind") or not any(values.get(name) for name in _ALONE):
        return []
    return [
        Problem(
            f"{FIELD}.kind",
            "A reason is written, and it is not chosen what for.",
            "Choose what the records are kept for, or clear what is written beside it.",
            rule="reason",
        )
    ]
