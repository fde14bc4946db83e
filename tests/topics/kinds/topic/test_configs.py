"""Values of topic configs as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topics.kinds.topic import configs
from topics.kinds.topic.configs import KEYS, BadValue

READ = [
    ("retention.ms", "7d", "604800000", "7 d"),
    ("retention.ms", "604800000", "604800000", "7 d"),
    ("retention.ms", 604800000, "604800000", "7 d"),
    ("retention.ms", "unlimited", "-1", "unlimited"),
    ("retention.ms", "-1", "-1", "unlimited"),
    ("retention.bytes", "10GiB", "10737418240", "10 GiB"),
    ("retention.bytes", "forever", "-1", "unlimited"),
    ("local.retention.ms", "-2", "-2", "same as retention"),
    ("local.retention.ms", "unlimited", "-1", "unlimited"),
    ("segment.bytes", "100 MiB", "104857600", "100 MiB"),
    ("cleanup.policy", "delete, compact", "compact,delete", "compact,delete"),
    ("cleanup.policy", ["delete"], "delete", "delete"),
    ("message.timestamp.type", "logappendtime", "LogAppendTime", "LogAppendTime"),
    ("preallocate", True, "true", "true"),
    ("preallocate", "FALSE", "false", "false"),
    ("min.cleanable.dirty.ratio", "0.50", "0.5", "0.5"),
    ("min.insync.replicas", "2", "2", "2"),
    ("flush.ms", "never", str(2**63 - 1), "never"),
]


@pytest.mark.parametrize(("name", "given", "stored", "shown"), READ)
def test_a_value_is_stored_as_the_broker_spells_it_and_shown_as_people_do(
    name: str, given: object, stored: str, shown: str
) -> None:
    assert configs.parse_value(KEYS[name], given) == stored
    assert configs.human(KEYS[name], stored) == shown
    assert configs.parse_value(KEYS[name], stored) == stored


REFUSED = [
    ("retention.ms", "-5", "smallest"),
    ("retention.ms", "1 month", "no fixed length"),
    ("retention.bytes", "10G", "two ways"),
    ("segment.bytes", "1KiB", "smallest is 1 MiB"),
    ("segment.bytes", str(2**31), "largest"),
    ("cleanup.policy", "remove", "one of compact, delete"),
    ("cleanup.policy", "", "at least one"),
    ("min.insync.replicas", "0", "smallest"),
    ("min.insync.replicas", "two", "whole number"),
    ("min.cleanable.dirty.ratio", "1.5", "largest"),
    ("min.cleanable.dirty.ratio", "half", "is a number"),
    ("preallocate", "yes", "one of true, false"),
]


@pytest.mark.parametrize(("name", "given", "words"), REFUSED)
def test_a_bad_value_is_refused_with_the_rule_and_a_way_out(
    name: str, given: object, words: str
) -> None:
    with pytest.raises(BadValue) as refused:
        configs.parse_value(KEYS[name], given)
    assert words in refused.value.rule
    assert name in refused.value.rule
    assert refused.value.way_out


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("retention", "retention.ms"),
        ("retention.msx", "retention.ms"),
        ("retention.byte", "retention.bytes"),
        ("cleanup.polcy", "cleanup.policy"),
        ("min.insync.replica", "min.insync.replicas"),
        ("zzz", ""),
    ],
)
def test_the_name_that_was_meant_is_found(typed: str, meant: str) -> None:
    found = configs.near(typed, KEYS)
    assert found == meant or (typed == "retention" and found.startswith("retention"))


@pytest.mark.parametrize(
    ("name", "old", "new", "delta"),
    [
        ("retention.ms", "604800000", "7776000000", "+83 d"),
        ("retention.ms", "-1", "604800000", "no longer unlimited"),
        ("retention.bytes", "1024", "2048", "+1 KiB"),
        ("local.retention.ms", "-2", "1000", ""),
        ("cleanup.policy", "delete", "compact", ""),
    ],
)
def test_how_far_a_value_moves(name: str, old: str, new: str, delta: str) -> None:
    assert configs.difference(KEYS[name], old, new) == delta


@given(st.sampled_from(sorted(KEYS)), st.text(max_size=20))
def test_whatever_is_typed_is_refused_in_words_or_reads_the_same_again(
    name: str, text: str
) -> None:
    key = KEYS[name]
    try:
        stored = configs.parse_value(key, text)
    except BadValue:
        return
    assert configs.parse_value(key, stored) == stored
    assert configs.equal(name, stored, stored)
