"""Durations and sizes, as tables and as properties."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance import units
from governance.errors import Invalid

DAY = 86_400_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30d", 30 * DAY),
        ("400 days", 400 * DAY),
        ("7 d", 7 * DAY),
        ("  7   D ", 7 * DAY),
        ("1h30m", 5_400_000),
        ("1 h 30 min", 5_400_000),
        ("2 weeks", 14 * DAY),
        ("1.5d", 36 * 3_600_000),
        ("500ms", 500),
        ("604800000", 7 * DAY),
        (604_800_000, 7 * DAY),
        ("0", 0),
        ("-1", -1),
        (-1, -1),
        ("unlimited", -1),
        ("Forever", -1),
    ],
)
def test_a_duration_is_read_as_people_write_it(text: str | int, expected: int) -> None:
    assert units.parse_duration_ms(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10GiB", 10 * 2**30),
        ("10 gib", 10 * 2**30),
        ("10 GB", 10**10),
        ("1.5 KiB", 1536),
        ("1GiB 512MiB", 2**30 + 2**29),
        ("1073741824", 2**30),
        ("1000 bytes", 1000),
        ("unlimited", -1),
    ],
)
def test_a_size_is_read_as_people_write_it(text: str, expected: int) -> None:
    assert units.parse_size_bytes(text) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("soon", "“soon” is not a duration: it cannot be read"),
        ("7", None),
        ("7 parsecs", "“parsecs” is no unit"),
        ("3 months", "no fixed length"),
        ("1y", "no fixed length"),
        ("-5 d", "negative"),
        ("1d 1d", "twice"),
        ("1d1w1d", "twice"),
        ("0.5 ms", "no whole number of milliseconds"),
        ("99999999999999999999", "cannot be read"),
        ("9999999999999999999", "more than Kafka can hold"),
        ("200000000000 d", "more than Kafka can hold"),
        ("٣ d", "cannot be read"),
        ("1d" * 200, "too long"),
        ("1e5 d", "“e” is no unit"),
        ("$(rm) d", "cannot be read"),
    ],
)
def test_a_refused_duration_names_the_value_and_the_way_out(text: str, says: str | None) -> None:
    if says is None:
        assert units.parse_duration_ms(text) == 7
        return
    with pytest.raises(Invalid, match=says) as refused:
        units.parse_duration_ms(text, path="configs.retention.ms")
    assert text[:20] in refused.value.message
    assert "Write for example 7 d" in refused.value.message
    assert refused.value.path == "configs.retention.ms"


def test_an_ambiguous_size_is_refused_rather_than_guessed() -> None:
    with pytest.raises(Invalid, match=r"say GiB \(of 1,024\) or GB \(of 1,000\)"):
        units.parse_size_bytes("10G")


def test_unlimited_is_refused_where_a_limit_is_needed() -> None:
    assert units.parse_duration_ms("unlimited") == units.UNLIMITED
    with pytest.raises(Invalid, match="needs a limit here"):
        units.parse_duration_ms("unlimited", unlimited=False)


def test_a_truth_value_is_no_duration() -> None:
    with pytest.raises(Invalid, match="neither text nor a number"):
        units.parse_duration_ms(True)


@pytest.mark.parametrize(
    ("ms", "shown"),
    [
        (7 * DAY, "7 d"),
        (400 * DAY, "400 d"),
        (5_400_000, "1 h 30 min"),
        (36 * 3_600_000, "1 d 12 h"),
        (7 * DAY + 1, "7 d 1 ms"),
        (7 * DAY - 1, "≈ 7 d"),
        (0, "0 ms"),
        (-1, "unlimited"),
        (90_061_000, "≈ 1 d 1 h"),
    ],
)
def test_a_duration_is_shown_in_units_people_say(ms: int, shown: str) -> None:
    assert units.format_duration(ms) == shown


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (396 * 2**30, "396 GiB"),
        (3 * 2**29, "1.5 GiB"),
        (10 * 2**30, "10 GiB"),
        (100 * 2**20 + 1, "100 MiB"),
        (2**20 - 1, "1 MiB"),
        (999, "999 B"),
        (1024, "1 KiB"),
        (0, "0 B"),
        (-1, "unlimited"),
        (5000 * 2**50, "5,000 PiB"),
    ],
)
def test_a_size_is_shown_in_units_people_say(size: int, shown: str) -> None:
    assert units.format_size(size) == shown


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        (7 * DAY, 90 * DAY, "+83 d"),
        (10 * DAY, 7 * DAY, "−3 d"),
        (DAY, DAY, ""),
        (DAY, -1, "now unlimited"),
        (-1, DAY, "no longer unlimited"),
        (-1, -1, ""),
        (0, 7 * DAY - 1, "≈ +7 d"),
    ],
)
def test_a_change_of_duration_is_shown_with_its_sign(old: int, new: int, shown: str) -> None:
    assert units.duration_delta(old, new) == shown


def test_changes_of_sizes_and_counts() -> None:
    assert units.size_delta(31 * 2**30, 396 * 2**30) == "+365 GiB"
    assert units.count_delta(12, 6) == "−6"
    assert units.count_delta(0, 50_000) == "+50,000"


def test_the_exact_value_is_available() -> None:
    assert units.exact_duration(7 * DAY) == "604,800,000 ms"
    assert units.exact_duration(-1) == "unlimited (-1)"
    assert units.exact_size(1024) == "1,024 bytes"


@given(st.integers(min_value=-1, max_value=2**63 - 1))
def test_what_is_shown_without_a_mark_reads_back_as_the_same_value(ms: int) -> None:
    shown = units.format_duration(ms)
    if not shown.startswith("≈"):
        assert units.parse_duration_ms(shown) == ms
    else:  # and what is marked is near: within one part in a hundred, or half the second unit
        assert abs(units.parse_duration_ms(shown[2:]) - ms) <= max(ms // 40, 1)


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_a_shown_size_is_near_the_exact_one(size: int) -> None:
    factors = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "PiB": 2**50}
    value, unit = units.format_size(size).replace(",", "").split()
    assert abs(float(value) * factors[unit] - size) <= size * 0.05


@given(st.text(max_size=100))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    for read in (units.parse_duration_ms, units.parse_size_bytes):
        try:
            value = read(text)
        except Invalid as error:
            refused = error
        else:
            assert -1 <= value <= 2**63 - 1
            continue
        assert "Write for example" in refused.message
