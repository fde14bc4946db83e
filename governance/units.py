"""Durations and sizes as people write and read them: "7 d", "1h30m", "10 GiB", "unlimited".

Kafka keeps both as whole numbers (milliseconds, bytes) with -1 for "no limit"; what is stored and
sent is always that exact number. A value that reads two ways (`10G`, `1 month`) is refused rather
than guessed, since it decides how long data is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from governance.errors import Invalid

UNLIMITED = -1

_Refuse = Callable[[str], Invalid]
_Show = Callable[[int], str]

_SECOND = 1_000
_MINUTE = 60 * _SECOND
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_MAX = 2**63 - 1  # Kafka's long

_UNLIMITED_WORDS = frozenset({"unlimited", "forever", "infinite", "no limit", "-1"})

# Shown units, largest first. Weeks are read but never shown: "400 d" compares with "30 d".
_DURATION_SHOWN = (("d", _DAY), ("h", _HOUR), ("min", _MINUTE), ("s", _SECOND), ("ms", 1))
_DURATION_READ = {
    "ms": 1, "msec": 1, "millisecond": 1, "milliseconds": 1,
    "s": _SECOND, "sec": _SECOND, "secs": _SECOND, "second": _SECOND, "seconds": _SECOND,
    "m": _MINUTE, "min": _MINUTE, "mins": _MINUTE, "minute": _MINUTE, "minutes": _MINUTE,
    "h": _HOUR, "hr": _HOUR, "hrs": _HOUR, "hour": _HOUR, "hours": _HOUR,
    "d": _DAY, "day": _DAY, "days": _DAY,
    "w": 7 * _DAY, "week": 7 * _DAY, "weeks": 7 * _DAY,
}  # fmt: skip
_NO_FIXED_LENGTH = frozenset({"mo", "mon", "month", "months", "y", "yr", "year", "years"})

_SIZE_SHOWN = (("PiB", 2**50), ("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))
_SIZE_READ = {
    "b": 1, "byte": 1, "bytes": 1,
    "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40, "pib": 2**50,
    "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12, "pb": 10**15,
}  # fmt: skip
_TWO_READINGS = {"k": "K", "m": "M", "g": "G", "t": "T", "p": "P"}

# re.ASCII, since other scripts' digits would be read as numbers too.
_WHOLE = re.compile(r"[0-9]{1,19}", re.ASCII)
_PART = re.compile(r"\s*([0-9]{1,19}(?:\.[0-9]{1,9})?)\s*([a-zA-Z]{1,12})\s*", re.ASCII)
_LONGEST = 80


def parse_duration_ms(text: str | int, *, path: str = "", unlimited: bool = True) -> int:
    """Milliseconds of a duration; -1 for "unlimited" where `unlimited` allows it.

    A bare number is milliseconds, as in Kafka's configs. Parts add up: "1h30m", "1 d 12 h".
    Raises Invalid (with `path`) that names the value and shows how to write it.
    """
    return _parse(
        text,
        _DURATION_READ,
        path=path,
        unlimited=unlimited,
        what="a duration",
        example="Write for example 7 d, 1h30m or 500 ms",
        whole="milliseconds",
    )


def parse_size_bytes(text: str | int, *, path: str = "", unlimited: bool = True) -> int:
    """Bytes of a size; -1 for "unlimited" where `unlimited` allows it.

    A bare number is bytes. `10 GiB` counts in 1,024s, `10 GB` in 1,000s; `10 G` is refused.
    """
    return _parse(
        text,
        _SIZE_READ,
        path=path,
        unlimited=unlimited,
        what="a size",
        example="Write for example 10 GiB, 512 MiB or 1000 B",
        whole="bytes",
    )


def format_duration(ms: int) -> str:
    """ "7 d", "1 h 30 min", "unlimited" for a negative value.

    At most two parts; a value that needs more is marked "≈", since the exact one stands beside it.
    """
    if ms < 0:
        return "unlimited"
    parts = _split(ms)
    if not parts:
        return "0 ms"
    if len(parts) > 2:
        return "≈ " + " ".join(_split(_rounded(ms))[:2])
    return " ".join(parts)


def whole_duration(ms: int) -> str:
    """ "90 d", "36 h": exactly that length, in the largest unit that it is a whole number of."""
    unit, factor = next((u, f) for u, f in _DURATION_SHOWN if ms % f == 0)
    return f"{ms // factor} {unit}"


def format_size(size: int) -> str:
    """ "396 GiB", "1.5 MiB", "unlimited" for a negative value; three digits at most below 1,000."""
    if size < 0:
        return "unlimited"
    for index, (unit, factor) in enumerate(_SIZE_SHOWN):
        if size >= factor:
            value = Decimal(size) / factor
            shown = round(value, 0 if value >= 100 else 1)
            if shown >= 1024 and index > 0:  # 1,023.9 KiB rounds into the next unit
                unit, shown = _SIZE_SHOWN[index - 1][0], Decimal(1)
            return f"{_plain(shown)} {unit}"
    return f"{size} B"


def format_count(number: int) -> str:
    """ "50,000"."""
    return f"{number:,}"


def exact_duration(ms: int) -> str:
    """ "604,800,000 ms": what a page shows on hover; -1 stays recognisable as Kafka's value."""
    return f"{ms:,} ms" if ms >= 0 else f"unlimited ({ms})"


def exact_size(size: int) -> str:
    """ "10,737,418,240 bytes"."""
    return f"{size:,} bytes" if size >= 0 else f"unlimited ({size})"


def duration_delta(old: int, new: int) -> str:
    """ "+83 d", "−3 d", "" for no change; in words where one of them has no limit."""
    return _unlimited_delta(old, new) or _signed(max(new, -1) - max(old, -1), format_duration)


def size_delta(old: int, new: int) -> str:
    """ "+365 GiB"."""
    return _unlimited_delta(old, new) or _signed(max(new, -1) - max(old, -1), format_size)


def count_delta(old: int, new: int) -> str:
    """ "+6"."""
    return _signed(new - old, format_count)


def _parse(
    text: str | int,
    units: dict[str, int],
    *,
    path: str,
    unlimited: bool,
    what: str,
    example: str,
    whole: str,
) -> int:
    def refuse(why: str) -> Invalid:
        shown = str(text) if len(str(text)) <= _LONGEST else str(text)[:_LONGEST] + "…"
        ways = f"{example}, or “unlimited”." if unlimited else f"{example}."
        said = f"“{shown}” is not {what}: {why}."
        return Invalid(f"{said} {ways}", path=path, value=shown, said=said, ways=ways)

    if isinstance(text, bool) or not isinstance(text, str | int):
        raise refuse("it is neither text nor a number")
    written = str(text).strip() if len(str(text)) <= _LONGEST else ""
    if not written:
        raise refuse("it is empty" if not str(text).strip() else "it is too long")
    if written.lower() in _UNLIMITED_WORDS:
        if unlimited:
            return UNLIMITED
        raise refuse("it needs a limit here")
    if written.startswith(("-", "−")):
        raise refuse("it is negative")
    if _WHOLE.fullmatch(written):
        total = Decimal(written)
    else:
        total = _sum_of_parts(written, units, refuse)
    if total != total.to_integral_value():
        raise refuse(f"it is no whole number of {whole}")
    if total > _MAX:
        raise refuse(f"it is more than Kafka can hold ({_MAX:,} {whole})")
    return int(total)


def _sum_of_parts(written: str, units: dict[str, int], refuse: _Refuse) -> Decimal:
    total, position, seen = Decimal(0), 0, set[int]()
    while position < len(written):
        match = _PART.match(written, position)
        if match is None:
            rest = written[position:].strip()
            raise refuse("it cannot be read" if rest == written else f"“{rest}” cannot be read")
        amount, unit = match[1], match[2].lower()
        factor = units.get(unit)
        if factor is None:
            raise refuse(_why_no_unit(match[2], units))
        if factor in seen:
            raise refuse(f"“{match[2]}” stands in it twice")
        seen.add(factor)
        total += Decimal(amount) * factor
        position = match.end()
    return total


def _why_no_unit(unit: str, units: dict[str, int]) -> str:
    lower = unit.lower()
    if "d" in units and lower in _NO_FIXED_LENGTH:
        return f"“{unit}” has no fixed length, say it in days"
    if "kib" in units and lower in _TWO_READINGS:
        letter = _TWO_READINGS[lower]
        return f"“{unit}” reads two ways, say {letter}iB (of 1,024) or {letter}B (of 1,000)"
    return f"“{unit}” is no unit that is known here"


def _split(ms: int) -> list[str]:
    parts = []
    for unit, factor in _DURATION_SHOWN:
        count, ms = divmod(ms, factor)
        if count:
            parts.append(f"{count} {unit}")
    return parts


def _rounded(ms: int) -> int:
    """The value to the nearest unit below its largest, so that 6 d 23 h 59 min reads "7 d"."""
    largest = next(i for i, (_, factor) in enumerate(_DURATION_SHOWN) if ms >= factor)
    step = _DURATION_SHOWN[min(largest + 1, len(_DURATION_SHOWN) - 1)][1]
    return (ms + step // 2) // step * step


def _plain(value: Decimal) -> str:
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _unlimited_delta(old: int, new: int) -> str:
    if (old < 0) == (new < 0):
        return ""
    return "now unlimited" if new < 0 else "no longer unlimited"


def _signed(change: int, shown: _Show) -> str:
    if change == 0:
        return ""
    text = shown(abs(change))
    sign = "+" if change > 0 else "−"
    return f"≈ {sign}{text[2:]}" if text.startswith("≈ ") else f"{sign}{text}"
