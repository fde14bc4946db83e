"""What a topic is said to hold: its data class, a description, labels; pure.

They belong to the topic wherever it lives, so a request on one cluster says them for all. What it
does not say stays as it is: each of them is None then.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from governance.errors import Problem

FIELDS: Final = ("data_class", "description", "labels")
CLASSES: Final = ("none", "internal", "personal", "sensitive")  # from the least to the most
CLASS_WORDS: Final[Mapping[str, str]] = {
    "none": "No personal data",
    "internal": "Internal",
    "personal": "Personal data",
    "sensitive": "Sensitive personal data",
}
LONGEST_DESCRIPTION: Final = 1_000
MOST_LABELS: Final = 20
LONGEST_VALUE: Final = 200

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9._/-]{0,61}[a-z0-9])?", re.ASCII)


@dataclass(frozen=True, slots=True)
class About:
    """What is said of a topic; None where nothing is."""

    data_class: str | None = None
    description: str | None = None
    labels: Mapping[str, str] | None = None

    def as_json(self) -> dict[str, object]:
        """What is said, and no more."""
        found: dict[str, object] = {}
        if self.data_class is not None:
            found["data_class"] = self.data_class
        if self.description is not None:
            found["description"] = self.description
        if self.labels is not None:
            found["labels"] = dict(sorted(self.labels.items()))
        return found

    def over(self, before: About) -> About:
        """What holds when this is said of something of which `before` held."""
        return About(
            before.data_class if self.data_class is None else self.data_class,
            before.description if self.description is None else self.description,
            before.labels if self.labels is None else self.labels,
        )

    def beside(self, before: About) -> About:
        """What of this differs from what held before."""
        return About(
            None if self.data_class == before.data_class else self.data_class,
            None if self.description == before.description else self.description,
            None if self.labels == before.labels else self.labels,
        )


SILENT: Final = About()
NEW: Final = About("internal", "", {})  # of a topic of which nothing was said


def from_json(value: Mapping[str, object]) -> About:
    """What a normal form says. For JSON that `parse` or `as_json` made; judges nothing."""
    data_class, text, labels = (value.get(name) for name in FIELDS)
    return About(
        None if data_class is None else str(data_class),
        None if text is None else str(text),
        {str(k): str(v) for k, v in labels.items()} if isinstance(labels, Mapping) else None,
    )


def lowers(before: str | None, after: str | None) -> bool:
    """Whether the topic would count as less sensitive than it did."""
    if before not in CLASSES or after not in CLASSES:
        return False
    return CLASSES.index(after) < CLASSES.index(before)


def most_sensitive(classes: Iterable[str]) -> str:
    """The class of data that needs the most care; empty for none."""
    return max((one for one in classes if one in CLASSES), key=CLASSES.index, default="")


def parse(given: Mapping[str, object], before: About | None, problems: list[Problem]) -> About:
    """What `given` says anew; what cannot be read is added to `problems`.

    Nothing is said again that is so already. Of a new topic (`before` None) empty texts say
    nothing, since it may have a description where else it lives.
    """
    said = About(
        _data_class(given.get("data_class"), problems),
        _description(given.get("description"), problems),
        _labels(given.get("labels"), problems),
    )
    if before is not None:
        return said.beside(before)
    return About(said.data_class, said.description or None, said.labels or None)


def _data_class(given: object, problems: list[Problem]) -> str | None:
    if given is None or given == "":
        return None
    if isinstance(given, str) and given.strip().lower() in CLASSES:
        return given.strip().lower()
    problems.append(
        Problem(
            "data_class",
            f"{str(given)[:40]!r} is no data class.",
            f"Use one of: {', '.join(CLASSES)}.",
            rule="data_class",
        )
    )
    return None


def _description(given: object, problems: list[Problem]) -> str | None:
    if given is None:
        return None
    if not isinstance(given, str):
        problems.append(
            Problem("description", "A description is a text.", "Write words.", rule="not_a_text")
        )
        return None
    text = "\n".join(line.rstrip() for line in given.strip().splitlines())
    if len(text) > LONGEST_DESCRIPTION:
        problems.append(
            Problem(
                "description",
                f"The description has {len(text):,} characters, {LONGEST_DESCRIPTION:,} at most.",
                "Shorten it, or write a document and say where it is.",
                rule="too_long",
            )
        )
        return None
    return _printable("description", text, problems)


def _labels(given: object, problems: list[Problem]) -> dict[str, str] | None:
    if given is None:
        return None
    if not isinstance(given, Mapping):
        problems.append(
            Problem(
                "labels",
                "Labels are pairs of key and value.",
                'Write {"domain": "checkout"}, for example.',
                rule="not_a_mapping",
            )
        )
        return None
    if len(given) > MOST_LABELS:
        problems.append(
            Problem(
                "labels",
                f"There are {len(given):,} labels, {MOST_LABELS} at most.",
                "Keep those that somebody looks for.",
                rule="too_many",
            )
        )
        return None
    found: dict[str, str] = {}
    for key, value in given.items():
        text = _label(str(key).strip(), value, problems)
        if text is not None:
            found[str(key).strip()] = text
    return found


def _label(key: str, value: object, problems: list[Problem]) -> str | None:
    if not _LABEL.fullmatch(key):
        problems.append(
            Problem(
                "labels",
                f"{key[:60]!r} cannot be the key of a label.",
                "Use up to 63 small letters, digits, dots, dashes, underscores, slashes.",
                rule="label",
            )
        )
        return None
    if not isinstance(value, str | int | float) or not str(value).strip():
        problems.append(
            Problem(
                "labels", f"The label {key} has no value.", "Give it one, or leave it out.",
                rule="label",
            )
        )  # fmt: skip
        return None
    text = " ".join(str(value).split())
    if len(text) > LONGEST_VALUE:
        problems.append(
            Problem(
                "labels",
                f"The value of {key} has {len(text):,} characters, {LONGEST_VALUE} at most.",
                "Shorten it.",
                rule="label",
            )
        )
        return None
    return _printable("labels", text, problems)


def _printable(path: str, text: str, problems: list[Problem]) -> str | None:
    if "\x00" in text:
        problems.append(Problem(path, "It holds a NUL character.", "Remove it.", rule="nul"))
        return None
    return text
