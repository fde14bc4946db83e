"""What a change does, in facts and in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from topics.cost import GIB, Prices
from topics.kinds.topic import effect, volume
from topics.kinds.topic.effect import Change
from topics.kinds.topic.place import Known, Place
from topics.kinds.topic.plan import Observed
from topics.kinds.topic.spec import TopicSpec
from topics.measures.values import Growth, Measured, Reader
from topics.profiles.apache_kafka import PROFILE as KAFKA
from topics.profiles.automq import PROFILE as AUTOMQ
from topics.profiles.base import Profile

DAY = 86_400_000
RATE = GIB / 86_400  # a GiB a day
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
EUR = Prices("EUR", Decimal("0.10"), Decimal("0.02"))


def measured(*readers: Reader, size: float | None = RATE, prices: Prices = EUR) -> Measured:
    return Measured(
        seen_at=SINCE + timedelta(hours=5),
        records=100,
        leader_bytes=7 * GIB,
        local_bytes=21 * GIB,
        remote_bytes=0,
        growth=Growth(5, size, SINCE),
        readers=readers,
        unknown="",
        sizes_unknown="",
        prices=prices,
    )


def asking(
    before: str,
    after: str,
    known: Measured,
    *,
    profile: Profile = KAFKA,
    configs: Mapping[str, str] | None = None,
) -> Change | None:
    place = Place("main", profile, default_replication=3)
    others = dict(configs or {})
    now = {**others, "retention.ms": before}
    asked = TopicSpec(6, 3, {**others, "retention.ms": after})
    there = Known(declared=TopicSpec(6, 3, now), observed=Observed(6, 3, now))
    return effect.change(asked, place, there, known)


def text(change: Change | None) -> str:
    return " | ".join(f"{line.label}: {line.text} {line.how}" for line in effect.lines(change))


WEEK, MONTH, TWO_DAYS, FOREVER = str(7 * DAY), str(30 * DAY), str(2 * DAY), "-1"


def test_keeping_more_says_bytes_and_money() -> None:
    change = asking(WEEK, MONTH, measured())
    assert effect.facts(change, endless=False) == {
        "topic.endless": False,
        "topic.bytes_before": 21 * GIB,
        "topic.bytes_after": 90 * GIB,
        "topic.bytes_more": 69 * GIB,
        "topic.cost_more_month": 7,  # 6.90, rounded up
        "topic.cost_currency": "EUR",
        "topic.shrinks": False,
        "topic.loses_groups": [],
        "topic.loses_teams": [],
        "topic.loses_unowned": [],
        "topic.losses": {},
        "topic.loses_unknown": "",
    }
    assert "21 GiB → 90 GiB, +69 GiB" in text(change)
    assert "grew in the last 5 h" in text(change)
    assert "EUR 2.10 → EUR 9.00 a month, +EUR 6.90" in text(change)


def test_on_shared_storage_copies_cost_nothing() -> None:
    change = asking(WEEK, MONTH, measured(), profile=AUTOMQ)
    facts = effect.facts(change, endless=False)
    assert facts["topic.bytes_more"] == 23 * GIB
    assert "In object storage: 7 GiB → 30 GiB" in text(change)
    assert "EUR 0.14 → EUR 0.60 a month, +EUR 0.46" in text(change)


def test_local_and_remote_tier_apart() -> None:
    remote = {"remote.storage.enable": "true", "local.retention.ms": str(DAY)}
    change = asking(WEEK, MONTH, measured(), configs=remote)
    assert "On brokers' disks: 3 GiB → 3 GiB" in text(change)
    assert "In remote storage: 7 GiB → 30 GiB, +23 GiB" in text(change)
    assert effect.facts(change, endless=False)["topic.bytes_more"] == 23 * GIB


@pytest.mark.parametrize(
    ("known", "cost"),
    [
        (measured(prices=Prices()), "Unknown. Nobody has set prices."),
        (measured(size=None), None),
        (Measured(), None),
    ],
)
def test_what_is_not_known_is_unknown_and_no_fact(known: Measured, cost: str | None) -> None:
    change = asking(WEEK, MONTH, known)
    facts = effect.facts(change, endless=False)
    assert "topic.cost_more_month" not in facts
    if cost is None:
        assert "topic.bytes_more" not in facts
        assert "Not known. How fast it grows is not known yet." in text(change)
    else:
        assert cost in text(change)


def test_a_topic_into_which_nothing_is_written_is_not_said_to_hold_nothing() -> None:
    change = asking(WEEK, MONTH, measured(size=0.0))
    facts = effect.facts(change, endless=False)
    assert (facts["topic.bytes_before"], facts["topic.bytes_after"]) == (21 * GIB, 21 * GIB)
    assert "Nothing was written in the last 5 h" in text(change)
    nobody_knows = replace(measured(size=0.0), leader_bytes=None)
    assert "how much it holds is not known" in text(asking(WEEK, MONTH, nobody_knows))


def test_without_prices_even_nothing_costs_an_unknown_amount() -> None:
    empty = replace(measured(size=0.0, prices=Prices()), leader_bytes=0)
    assert "Cost of storage: Unknown. Nobody has set prices." in text(asking(WEEK, MONTH, empty))


def test_old_measures_give_neither_size_nor_growth() -> None:
    old = replace(measured(), stale=True, unknown="It was measured 90 minutes ago.")
    for change in (asking(WEEK, MONTH, old), asking(FOREVER, MONTH, old)):
        facts = effect.facts(change, endless=False)
        assert not {"topic.bytes_before", "topic.bytes_after", "topic.bytes_more"} & facts.keys()
        assert "Not known. It was measured 90 minutes ago." in text(change)


def test_what_was_set_outside_and_is_left_alone_makes_no_change() -> None:
    place = Place("main", KAFKA, default_replication=3)
    own = {"retention.ms": WEEK}
    seen = Observed(6, 3, {**own, "retention.bytes": "5"})
    there = Known(declared=TopicSpec(6, 3, own), applied=TopicSpec(6, 3, own), observed=seen)
    far = measured(Reader("invoices", 900, 3 * DAY, 500, ("billing",)))
    change = effect.change(TopicSpec(6, 3, {**own, "segment.ms": "9"}), place, there, far)
    assert not effect.facts(change, endless=False)["topic.shrinks"]
    # What was declared and is not asked for any more goes from the cluster.
    ours = Known(declared=TopicSpec(6, 3, {**own, "retention.bytes": "5"}), observed=seen)
    assert effect.change(TopicSpec(6, 3, own), place, ours, far) is not None


def test_for_ever_says_what_comes_each_month() -> None:
    change = asking(WEEK, FOREVER, measured())
    facts = effect.facts(change, endless=False)
    assert facts["topic.endless"] is True
    assert "topic.bytes_after" not in facts
    assert "for ever: 30.4 GiB more of one copy each month" in text(change)


def test_from_for_ever_begins_with_what_it_holds() -> None:
    change = asking(FOREVER, TWO_DAYS, measured())
    assert "21 GiB → 6 GiB, −15 GiB" in text(change)
    assert effect.facts(change, endless=False)["topic.bytes_more"] == 0


def test_who_loses_is_named_with_her_team_before_all_else() -> None:
    far = Reader("invoices", 900, 3 * DAY, 500, ("billing",))
    nobody = Reader("spare", 5, 4 * DAY, 500)
    change = asking(WEEK, TWO_DAYS, measured(far, nobody))
    facts = effect.facts(change, endless=False)
    assert facts["topic.loses_groups"] == ["invoices", "spare"]
    assert facts["topic.loses_teams"] == ["billing"]
    assert facts["topic.losses"] == {"billing": "invoices is 3 d behind, 900 records unread"}
    assert facts["topic.loses_unowned"] == ["spare is 4 d behind, 5 records unread"]
    first, second, *_ = effect.lines(change)
    assert (first.name, first.tone, first.how) == ("loss", "bad", "billing must agree.")
    assert first.exact["lag"] == 900
    assert "platform" in second.how


def test_many_groups_with_long_names_make_a_sentence_that_can_be_read() -> None:
    many = [Reader("g" * 1_000 + str(n), 9, 3 * DAY, 500, ("billing",)) for n in range(30)]
    change = asking(WEEK, TWO_DAYS, measured(*many))
    facts = effect.facts(change, endless=False)
    assert len(str(facts["topic.losses"])) < 1_000
    assert "and 25 more groups" in str(facts["topic.losses"])
    assert "And 10 more groups." in text(change)


def test_one_more_group_is_one() -> None:
    many = [Reader(f"g{n}", 9, 3 * DAY, 500, ("billing",)) for n in range(21)]
    assert "And 1 more group." in text(asking(WEEK, TWO_DAYS, measured(*many)))


def test_nobody_loses_is_said_too() -> None:
    near = Reader("invoices", 1, 1_000, 10, ("billing",))
    assert "No group that commits its position loses any." in text(
        asking(WEEK, TWO_DAYS, measured(near))
    )


def test_what_keeps_what_it_keeps_has_no_effect() -> None:
    change = asking(WEEK, WEEK, measured())
    assert effect.lines(change) == effect.lines(None) == []
    facts = effect.facts(change, endless=False)
    assert facts["topic.bytes_before"] == facts["topic.bytes_after"] == 21 * GIB
    assert (facts["topic.bytes_more"], facts["topic.cost_more_month"]) == (0, 0)
    assert facts["topic.endless"] is False


def test_a_change_beside_retention_says_whether_the_topic_is_endless() -> None:
    facts = effect.facts(asking(FOREVER, FOREVER, Measured()), endless=True)
    assert facts["topic.endless"] is True
    assert (facts["topic.bytes_more"], facts["topic.cost_more_month"]) == (0, 0)
    assert "topic.bytes_after" not in facts


@pytest.mark.parametrize(("retention", "endless"), [(FOREVER, True), (WEEK, False), ("", False)])
def test_of_a_new_topic_it_is_known_whether_it_is_endless(retention: str, endless: bool) -> None:
    spec = TopicSpec(6, 3, {"retention.ms": retention} if retention else {})
    new = effect.facts(None, endless=volume.endless(spec, Place("main", KAFKA)))
    assert new["topic.endless"] is endless
    assert "topic.bytes_more" not in new  # of what is not there yet nobody knows
    assert new["topic.shrinks"] is False


def test_every_fact_is_declared() -> None:
    declared = {fact.name for fact in effect.FACTS}
    far = Reader("invoices", 900, 3 * DAY, 500, ("billing",))
    assert effect.facts(asking(WEEK, TWO_DAYS, measured(far)), endless=False).keys() == declared
