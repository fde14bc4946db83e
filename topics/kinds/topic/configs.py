"""The configs of a topic that Weir knows: type, unit, range; and how a text becomes a value.

The table is Kafka 4.3's, read from a broker (`DescribeConfigs` with types) and from LogConfig's
validators. A cluster may know more keys or fewer; its record says which (`Cluster.supported_keys`).
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from governance import units
from governance.errors import Invalid

INT_MAX: Final = 2**31 - 1
LONG_MAX: Final = 2**63 - 1
UNLIMITED: Final = frozenset({"unlimited", "forever", "infinite"})
WHOLE_NUMBER: Final = re.compile(r"[+-]?\d{1,19}")


class Type(StrEnum):
    """Type of a config's value, as the broker has it."""

    BOOLEAN = "boolean"
    INT = "int"
    LONG = "long"
    DOUBLE = "double"
    STRING = "string"
    LIST = "list"


class Unit(StrEnum):
    """What a number counts."""

    NONE = ""
    MS = "ms"
    BYTES = "bytes"


@dataclass(frozen=True, slots=True)
class ConfigKey:
    """One config key. `minimum` and `maximum` are inclusive; `options` are all allowed values.

    `special` gives words to numbers that are no quantity: -1 is "unlimited" for retention.
    """

    name: str
    type: Type
    unit: Unit = Unit.NONE
    minimum: float | None = None
    maximum: float | None = None
    options: tuple[str, ...] = ()
    special: Mapping[int, str] | None = None
    label: str = ""


EXAMPLES: Final[Mapping[Unit, str]] = {
    Unit.MS: "Write 7d, 12h or a number of milliseconds.",
    Unit.BYTES: "Write 10GiB or a number of bytes.",
    Unit.NONE: "Write a whole number.",
}


class BadValue(ValueError):
    """A value that cannot be used: the rule, and the way out, as sentences."""

    def __init__(self, rule: str, way_out: str) -> None:
        super().__init__(rule)
        self.rule = rule
        self.way_out = way_out


_UNLIMITED = {-1: "unlimited"}
_AS_TOTAL = {-2: "same as retention", -1: "unlimited"}
_NEVER = {LONG_MAX: "never"}


def _ms(
    name: str,
    label: str,
    minimum: int = 0,
    special: Mapping[int, str] | None = None,
    maximum: int = LONG_MAX,
) -> ConfigKey:
    return ConfigKey(name, Type.LONG, Unit.MS, minimum, maximum, (), special, label)


def _bytes(
    name: str,
    label: str,
    minimum: int = 0,
    maximum: int = INT_MAX,
    special: Mapping[int, str] | None = None,
) -> ConfigKey:
    kind = Type.INT if maximum == INT_MAX else Type.LONG
    return ConfigKey(name, kind, Unit.BYTES, minimum, maximum, (), special, label)


def _flag(name: str, label: str) -> ConfigKey:
    return ConfigKey(name, Type.BOOLEAN, options=("true", "false"), label=label)


def _level(name: str, label: str, minimum: int, maximum: int) -> ConfigKey:
    return ConfigKey(name, Type.INT, minimum=minimum, maximum=maximum, label=label)


def _choice(name: str, label: str, *options: str) -> ConfigKey:
    return ConfigKey(name, Type.STRING, options=options, label=label)


_KEYS: Final = (
    ConfigKey(
        "cleanup.policy", Type.LIST, options=("compact", "delete"), label="What happens to old data"
    ),
    _choice(
        "compression.type",
        "Compression on the broker",
        *("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"),
    ),
    _level("compression.gzip.level", "Gzip level", -1, 9),
    _level("compression.lz4.level", "LZ4 level", 1, 17),
    _level("compression.zstd.level", "Zstandard level", -131072, 22),
    _ms("delete.retention.ms", "Tombstones kept for"),
    _ms("file.delete.delay.ms", "Files deleted after"),
    ConfigKey(
        "flush.messages",
        Type.LONG,
        minimum=1,
        maximum=LONG_MAX,
        special=_NEVER,
        label="Flush after records",
    ),
    _ms("flush.ms", "Flush after", special=_NEVER),
    ConfigKey(
        "follower.replication.throttled.replicas", Type.LIST, label="Throttled replicas (followers)"
    ),
    _bytes("index.interval.bytes", "Index entry every"),
    ConfigKey(
        "leader.replication.throttled.replicas", Type.LIST, label="Throttled replicas (leaders)"
    ),
    _bytes("local.retention.bytes", "Local size a partition", -2, LONG_MAX, _AS_TOTAL),
    _ms("local.retention.ms", "Kept locally for", -2, _AS_TOTAL),
    _ms("max.compaction.lag.ms", "Compacted at the latest after", 1, _NEVER),
    _bytes("max.message.bytes", "Largest batch of records"),
    _ms("message.timestamp.after.max.ms", "Timestamps ahead by at most", special=_NEVER),
    _ms("message.timestamp.before.max.ms", "Timestamps behind by at most", special=_NEVER),
    _choice("message.timestamp.type", "Timestamp", "CreateTime", "LogAppendTime"),
    ConfigKey(
        "min.cleanable.dirty.ratio", Type.DOUBLE, minimum=0, maximum=1, label="Compacted from ratio"
    ),
    _ms("min.compaction.lag.ms", "Not compacted before"),
    _level("min.insync.replicas", "Replicas that must have a write", 1, INT_MAX),
    _flag("preallocate", "Files allocated in advance"),
    _flag("remote.log.copy.disable", "Copying to remote storage stopped"),
    _flag("remote.log.delete.on.disable", "Remote data deleted when switched off"),
    _flag("remote.storage.enable", "Tiered storage"),
    _bytes("retention.bytes", "Size kept a partition", -1, LONG_MAX, _UNLIMITED),
    _ms("retention.ms", "Kept for", -1, _UNLIMITED),
    _bytes("segment.bytes", "Segment size", 1024 * 1024),
    _bytes("segment.index.bytes", "Index size of a segment", 4),
    _ms("segment.jitter.ms", "Segment roll jitter"),
    _ms("segment.ms", "Segment rolled after", 1),
    _flag("unclean.leader.election.enable", "Leader may lose data"),
)

KEYS: Final[Mapping[str, ConfigKey]] = {key.name: key for key in _KEYS}


def known(name: str, extra: Mapping[str, ConfigKey] | None = None) -> ConfigKey | None:
    """The key of that name, from the table or from `extra` (a platform's own keys)."""
    return KEYS.get(name) or (extra.get(name) if extra else None)


def near(name: str, names: Iterable[str]) -> str:
    """The name that was probably meant, or "": one that is spelled almost like it."""
    candidates = sorted(names)
    if found := difflib.get_close_matches(name.lower(), candidates, n=1, cutoff=0.6):
        return found[0]
    # "retention" is no close match of "retention.ms" for difflib, but plainly what is meant.
    begun = [c for c in candidates if name and c.startswith(name.lower())]
    return begun[0] if begun else ""


def parse_value(key: ConfigKey, given: object) -> str:
    """The value as the broker spells it: "7d" for `retention.ms` gives "604800000".

    A bare number counts milliseconds or bytes, as in Kafka. Raises BadValue.
    """
    text = _as_text(given)
    if key.type is Type.BOOLEAN:
        return _parse_choice(key, text.lower())
    if key.type is Type.LIST:
        return _parse_list(key, text)
    if key.type is Type.STRING:
        return _parse_choice(key, text)
    if key.type is Type.DOUBLE:
        return _parse_ratio(key, text)
    number = _parse_number(key, text)
    _check_range(key, number)
    return str(number)


def _as_text(given: object) -> str:
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, list | tuple):
        return ",".join(str(part) for part in given)
    if isinstance(given, float) and given.is_integer():
        return str(int(given))
    return str(given).strip()


def _parse_choice(key: ConfigKey, text: str) -> str:
    if not key.options:
        return text
    for option in key.options:
        if option.lower() == text.lower():
            return option
    raise BadValue(
        f"{key.name} cannot be {text!r}: it is one of {', '.join(key.options)}.",
        f"Use {near(text, key.options) or key.options[0]}.",
    )


def _parse_list(key: ConfigKey, text: str) -> str:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not key.options:
        return ",".join(parts)
    if not parts:
        raise BadValue(
            f"{key.name} needs at least one of {', '.join(key.options)}.", "Name one, or leave it."
        )
    return ",".join(sorted({_parse_choice(key, part) for part in parts}))


def _parse_ratio(key: ConfigKey, text: str) -> str:
    try:
        value = float(text)
    except ValueError:
        raise BadValue(
            f"{key.name} is a number, not {text!r}.", "Write 0.5, for example."
        ) from None
    if not math.isfinite(value):
        raise BadValue(f"{key.name} is a number, not {text!r}.", "Write 0.5, for example.")
    _check_range(key, value)
    return repr(value)


def _parse_number(key: ConfigKey, text: str) -> int:
    for number, word in (key.special or {}).items():
        if text.lower() == word or (number == -1 and text.lower() in UNLIMITED):
            return number
    if WHOLE_NUMBER.fullmatch(text):
        return int(text)
    try:
        if key.unit is Unit.MS:
            return units.parse_duration_ms(text, unlimited=False)
        if key.unit is Unit.BYTES:
            return units.parse_size_bytes(text, unlimited=False)
    except Invalid as error:
        said, ways = str(error.facts["said"]), str(error.facts["ways"])
        raise BadValue(f"{key.name}: {said}", ways) from None
    raise BadValue(f"{key.name} is a whole number, not {text!r}.", EXAMPLES[key.unit])


def _check_range(key: ConfigKey, value: float) -> None:
    low, high = key.minimum, key.maximum
    if low is not None and value < low:
        # -1 stands for "unlimited", which reads as the opposite of the least.
        least = f"{low:g} ({human(key, low)})" if low < 0 else human(key, low)
        raise BadValue(
            f"{key.name} cannot be {value}: the smallest is {least}.",
            f"Use {least} or more.",
        )
    if high is not None and value > high:
        raise BadValue(
            f"{key.name} cannot be {value}: the largest is {human(key, high)}.",
            f"Use {human(key, high)} or less.",
        )


def human(key: ConfigKey | None, value: str | float) -> str:
    """The value for people: "604800000" of `retention.ms` reads "7 d"."""
    text = str(int(value)) if isinstance(value, int | float) and value == int(value) else str(value)
    if key is None or not WHOLE_NUMBER.fullmatch(text):
        return text
    number = int(text)
    if key.special and number in key.special:
        return key.special[number]
    if number < 0 or key.unit is Unit.NONE:
        return text
    if key.unit is Unit.MS:
        return units.format_duration(number)
    return units.format_size(number)


def difference(key: ConfigKey | None, old: str, new: str) -> str:
    """How far a number moves, for people: "+83 d"; empty where that says nothing."""
    if key is None or not (WHOLE_NUMBER.fullmatch(old) and WHOLE_NUMBER.fullmatch(new)):
        return ""
    before, after = int(old), int(new)
    words = set(key.special or {}) - {-1}
    if before in words or after in words:
        return ""
    if key.unit is Unit.MS:
        return units.duration_delta(before, after)
    if key.unit is Unit.BYTES:
        return units.size_delta(before, after)
    return units.count_delta(before, after)


def exact(key: ConfigKey | None, value: str) -> str:
    """The exact value beside the one for people: "604,800,000 ms"."""
    if key is None or key.unit is Unit.NONE or not WHOLE_NUMBER.fullmatch(value):
        return value
    number = int(value)
    return units.exact_duration(number) if key.unit is Unit.MS else units.exact_size(number)


def equal(name: str, left: str, right: str) -> bool:
    """Whether two spellings mean the same for the broker ("delete,compact", "0.50")."""
    return left == right or canonical(name, left) == canonical(name, right)


def canonical(name: str, value: str) -> str:
    """One spelling of the value, without judging it; what is odd or unknown stays as it is."""
    key = KEYS.get(name)
    if key is None:
        return value
    if key.type is Type.LIST:
        return ",".join(sorted(part.strip() for part in value.split(",") if part.strip()))
    if key.type is Type.BOOLEAN:
        return value.strip().lower()
    if key.type in (Type.INT, Type.LONG) and WHOLE_NUMBER.fullmatch(value.strip()):
        return str(int(value))
    if key.type is Type.DOUBLE:
        try:
            return repr(float(value))
        except ValueError:
            return value
    return value
