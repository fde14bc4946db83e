"""What a topic is asked to be: partitions, replication, overrides; what it holds, and why so long.

Text from pages, API and files becomes a `TopicSpec` here and nowhere else. Two specs that mean the
same have the same normal form, so that comparing and hashing them is comparing the JSON.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from governance.errors import Problem
from topics.kinds.topic import about, configs, reason
from topics.kinds.topic.about import SILENT, About
from topics.kinds.topic.configs import BadValue, ConfigKey
from topics.kinds.topic.reason import Asking, Limits, RetentionReason

LEGAL_NAME: Final = re.compile(r"[a-zA-Z0-9._-]+")
LONGEST_NAME: Final = 249
# One request to the controller writes at most 10,000 records; a topic is 1 + partitions + configs.
MOST_PARTITIONS: Final = 9_000
MOST_REPLICAS: Final = 32_767  # 16 bits on the wire
LONGEST_SHOWN: Final = 60
NO_LIMITS: Final = Limits()
FIELDS: Final = ("partitions", "replication_factor", "configs", reason.FIELD, *about.FIELDS)


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic as it should be. `configs` holds overrides only, spelled as the broker does.

    `about` and `reason` are Weir's alone: a cluster knows neither, and no plan asks for them.
    """

    partitions: int
    replication_factor: int
    configs: Mapping[str, str] = field(default_factory=dict)
    about: About = SILENT
    reason: RetentionReason | None = None

    def as_json(self) -> dict[str, object]:
        """The normal form, as requests keep it. What it does not say of the topic is left out."""
        return {
            **self.on_cluster(),
            **self.about.as_json(),
            reason.FIELD: None if self.reason is None else self.reason.as_json(),
        }

    def on_cluster(self) -> dict[str, object]:
        """The part of it that is brought to a cluster."""
        return {
            "partitions": self.partitions,
            "replication_factor": self.replication_factor,
            "configs": dict(sorted(self.configs.items())),
        }


def from_json(value: Mapping[str, object]) -> TopicSpec:
    """The spec of a normal form. For JSON that `parse` or `as_json` made; judges nothing."""
    found = value.get("configs")
    given = found if isinstance(found, Mapping) else {}
    return TopicSpec(
        partitions=_stored_number(value.get("partitions")),
        replication_factor=_stored_number(value.get("replication_factor")),
        configs={str(key): str(text) for key, text in given.items()},
        about=about.from_json(value),
        reason=reason.from_json(value.get(reason.FIELD)),
    )


def _stored_number(value: object) -> int:
    return value if isinstance(value, int) else 0


def parse(
    given: Mapping[str, object],
    *,
    base: TopicSpec,
    extra: Mapping[str, ConfigKey] | None = None,
    zone: str = "UTC",
    limits: Limits = NO_LIMITS,
    default: str | None = None,
    is_new: bool = True,
) -> tuple[TopicSpec, list[Problem]]:
    """The spec that `given` asks for, and what could not be read, one problem a field.

    A field that is missing or null keeps its value of `base`: what is declared, or for a new topic
    the cluster's defaults. `configs`, where given, is the whole set of overrides: a key left out
    goes back to the broker's default, and so does one that is null. Parsing a normal form gives it
    back. A key that nobody knows keeps its text: whether the cluster knows it is for the checks.
    `zone`, `limits` and `default` (the cluster's retention) are what a reason is read with.
    """
    problems = [
        Problem(name, f"A topic has no field {name!r}.", _meant(name, FIELDS), rule="unknown_field")
        for name in given
        if name not in FIELDS
    ]
    partitions, found = _parse_count("partitions", given.get("partitions"), base.partitions)
    problems += found
    replication, found = _parse_count(
        "replication_factor", given.get("replication_factor"), base.replication_factor
    )
    problems += found
    overrides, found = _parse_configs(given.get("configs"), base.configs, extra)
    problems += found
    said = about.parse(given, None if is_new else base.about, problems)
    around = Asking(
        zone=zone,
        limit=limits.of(said.over(about.NEW if is_new else base.about).data_class),
        default=default,
        was=base.configs.get(reason.KEY),
        known=not is_new,
        before=base.reason,
    )
    why = reason.parse(given, overrides.get(reason.KEY), around, problems)
    return TopicSpec(partitions, replication, overrides, said, why), problems


def _meant(name: str, names: tuple[str, ...]) -> str:
    close = configs.near(name, names)
    return f"Did you mean {close}?" if close else f"Its fields are {', '.join(names)}."


def _parse_count(path: str, given: object, base: int) -> tuple[int, list[Problem]]:
    if given is None or given == "":
        return base, []
    number = _whole(given)
    what, most, example = _COUNTS[path]
    if number is None:
        rule = f"{what} is a whole number, not {_shown(given)}."
        return base, [Problem(path, rule, f"Write {example}, for example.", rule="not_a_number")]
    if number < 1:
        rule = f"{what} cannot be {_shown(given)}: there is one at least."
        return base, [Problem(path, rule, f"Write {example}, for example.", rule="too_small")]
    if number > most:
        rule = f"{what} cannot be {_shown(given)}: {most:,} is the most that Kafka makes at once."
        return base, [Problem(path, rule, f"Use {most:,} or fewer.", rule="too_large")]
    return number, []


# How each count is called, how large it can be, and one to write.
_COUNTS: Final[Mapping[str, tuple[str, int, int]]] = {
    "partitions": ("The number of partitions", MOST_PARTITIONS, 6),
    "replication_factor": ("The replication factor", MOST_REPLICAS, 3),
}


def _whole(given: object) -> int | None:
    """The whole number that was meant; None for everything else. As large as somebody likes: JSON
    makes a float of one beyond 64 bits."""
    if isinstance(given, float) and given.is_integer() and abs(given) > 2**53:
        return int(given)
    text = str(given).strip()
    if isinstance(given, bool) or not re.fullmatch(r"-?\d{1,400}", text):
        return None
    return int(text)


def _shown(given: object) -> str:
    """What was sent, short enough to be repeated."""
    match given:
        case bool():
            text = str(given).lower()
        case str():
            text = given.strip()
            text = text if re.fullmatch(r"-?\d+", text) else repr(text)
        case list() | tuple():
            return "a list"
        case Mapping():
            return "an object"
        case _:
            text = str(given)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _parse_configs(
    given: object, base: Mapping[str, str], extra: Mapping[str, ConfigKey] | None
) -> tuple[dict[str, str], list[Problem]]:
    if given is None:
        return dict(base), []
    if not isinstance(given, Mapping):
        return dict(base), [
            Problem(
                "configs",
                "The configs must be pairs of key and value.",
                'Write {"retention.ms": "7d"}, for example.',
                rule="not_a_mapping",
            )
        ]
    overrides: dict[str, str] = {}
    problems: list[Problem] = []
    stripped = {str(key).strip(): value for key, value in given.items()}
    for name, value in sorted(stripped.items(), key=lambda pair: pair[0]):
        if value is None or value == "":
            continue  # no override: the broker's default holds
        key = configs.known(name, extra)
        try:
            overrides[name] = str(value).strip() if key is None else configs.parse_value(key, value)
        except BadValue as bad:
            problems.append(Problem(f"configs.{name}", bad.rule, bad.way_out, rule="bad_value"))
    return overrides, problems


def name_problem(name: str) -> Problem | None:
    """Why a topic cannot have this name, if it cannot (Kafka's own rule for names)."""
    if not name:
        return Problem("name", "A topic needs a name.", "Write one.", rule="name")
    if len(name) > LONGEST_NAME:
        return Problem(
            "name",
            f"The name has {len(name)} characters, and Kafka allows {LONGEST_NAME}.",
            "Use a shorter one.",
            rule="name",
        )
    if name in (".", ".."):
        rule = f"Kafka has no topic called {name}: one dot or two alone are no name."
        return Problem("name", rule, "Add letters or digits.", rule="name")
    if not LEGAL_NAME.fullmatch(name):
        return Problem(
            "name",
            f"{name!r} is not a legal topic name: Kafka allows letters, digits, '.', '_' and '-'.",
            f"Use {legal(name)!r}, for example." if legal(name) else "Use letters and dots.",
            rule="name",
        )
    return None


def legal(name: str) -> str:
    """A legal name near this one; empty where nothing is left of it."""
    cleaned = re.sub(r"[^a-zA-Z0-9._-]+", "-", name).strip("-.")
    return cleaned[:LONGEST_NAME]


def collides(name: str) -> str:
    """The name as metrics spell it: Kafka warns of two topics that differ only in '.' and '_',
    and refuses to create the second."""
    return name.replace(".", "_")
