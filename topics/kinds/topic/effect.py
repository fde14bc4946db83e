"""What changing a topic does: to what it holds, what that costs, who has not read it yet; pure.

Facts for policies and for who must agree, and lines for pages, come from the same reckoning.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from governance import units
from governance.kinds import Effect
from governance.policy.facts import Fact, FactType
from topics import cost
from topics.cost import Cost, Stored
from topics.kinds.topic import volume
from topics.kinds.topic.losses import Losses, losses
from topics.kinds.topic.place import Known, Place
from topics.kinds.topic.spec import TopicSpec
from topics.kinds.topic.volume import Held, Kept
from topics.measures.values import Measured
from topics.profiles.base import Profile

MOST_GROUPS: Final = 20  # told one by one
MOST_TOLD: Final = 5  # of one team, those that lag most

FACTS: Final = (
    Fact("topic.bytes_before", FactType.SIZE_BYTES, "size in the long run as it is, all copies"),
    Fact("topic.bytes_after", FactType.SIZE_BYTES, "size in the long run as asked, all copies"),
    Fact("topic.bytes_more", FactType.SIZE_BYTES, "by how much it grows; 0 where it shrinks"),
    Fact("topic.endless", FactType.FLAG, "whether nothing bounds what it keeps"),
    Fact("topic.cost_more_month", FactType.COUNT, "what that costs more a month, rounded up"),
    Fact("topic.cost_currency", FactType.TEXT, "currency of the cluster's prices"),
    Fact("topic.shrinks", FactType.FLAG, "whether records are deleted sooner than now"),
    Fact("topic.loses_groups", FactType.LIST, "groups that lose records they have not read"),
    Fact("topic.loses_teams", FactType.LIST, "teams whose groups those are"),
    Fact("topic.loses_unowned", FactType.LIST, "those of which nobody knows whose they are"),
    Fact("topic.losses", FactType.MAP, "what each team loses, in words"),
    Fact("topic.loses_unknown", FactType.TEXT, "why it cannot be said who loses; empty: it can"),
)


@dataclass(frozen=True, slots=True)
class Change:
    """What a change does. `costs` are before and after; None where nothing of it is priced."""

    before: Held
    after: Held
    stored_before: Stored
    stored_after: Stored
    cost_before: Cost
    cost_after: Cost
    losses: Losses
    tiered: bool
    growth: float | None
    watched: str  # how long, in words
    profile: Profile
    same: bool = False  # it goes on keeping what it keeps

    @property
    def cost_more(self) -> Decimal | None:
        """How much more it costs a month; None where that is unknown."""
        before, after = self.cost_before.amount, self.cost_after.amount
        if self.same:
            return Decimal(0)
        if self.stored_before == self.stored_after and self.stored_after.total is not None:
            return Decimal(0)
        return None if before is None or after is None else after - before


def change(spec: TopicSpec, place: Place, known: Known, measured: Measured) -> Change | None:
    """What asking for this changes, be it nothing; None where the topic is not there."""
    before, after = volume.now(place, known), volume.asked(spec, place, known)
    if before is None:
        return None
    if measured.stale:  # too old to say how large it is, or how fast it grows
        measured = replace(measured, growth=None, leader_bytes=None, remote_bytes=None)
    growth = measured.growth.size if measured.growth else None
    held_before, held_after = (
        _in_words_of(measured, volume.held(kept, growth, measured.one_copy))
        for kept in (before, after)
    )
    if before == after:
        held_before = held_after = _now(held_after, measured)
    elif held_before.endless or held_before.why:
        held_before = _as_measured(held_before, measured)
    profile = place.profile
    stored_before, stored_after = (
        _stored(held_before, before, profile),
        _stored(held_after, after, profile),
    )
    return Change(
        before=held_before,
        after=held_after,
        stored_before=stored_before,
        stored_after=stored_after,
        cost_before=cost.of_storage(stored_before, measured.prices, profile),
        cost_after=cost.of_storage(stored_after, measured.prices, profile),
        losses=losses(before, after, measured),
        tiered=before.tiered or after.tiered,
        growth=growth,
        watched=(
            measured.growth.over(measured.seen_at) if measured.growth and measured.seen_at else ""
        ),
        profile=profile,
        same=before == after,
    )


def _in_words_of(measured: Measured, held: Held) -> Held:
    """What is held; where that is unknown since measures are too old, it says so."""
    return replace(held, why=measured.unknown) if held.why and measured.stale else held


def _now(held: Held, measured: Measured) -> Held:
    """What a topic holds that goes on as it is: as reckoned, else as measured."""
    if held.total is not None:
        return held
    return _as_measured(held, measured)


def _as_measured(held: Held, measured: Measured) -> Held:
    """What it holds now, where no limit says what it will hold."""
    if measured.one_copy is None:
        return held
    return Held(measured.one_copy, measured.leader_bytes, held.why, held.endless)


def _stored(held: Held, settings: Kept, profile: Profile) -> Stored:
    return cost.stored(
        held.total, held.local, profile, replication=settings.replication, tiered=settings.tiered
    )


def facts(change: Change | None, *, endless: bool) -> dict[str, object]:
    """Facts of a change. Of a topic that is not there yet nobody knows the size, but whether
    anything bounds it: `endless`."""
    if change is None:
        return {"topic.endless": endless, **_loss_facts(Losses())}
    found: dict[str, object] = {"topic.endless": change.after.endless}
    before, after = change.stored_before.total, change.stored_after.total
    if before is not None:
        found["topic.bytes_before"] = before
    if after is not None:
        found["topic.bytes_after"] = after
    if change.same:
        found["topic.bytes_more"] = 0
    elif before is not None and after is not None:
        found["topic.bytes_more"] = max(0, after - before)
    if (more := change.cost_more) is not None:
        found["topic.cost_more_month"] = max(0, math.ceil(more))
    if change.cost_after.currency:
        found["topic.cost_currency"] = change.cost_after.currency
    return {**found, **_loss_facts(change.losses)}


def _loss_facts(lost: Losses) -> dict[str, object]:
    by_team: dict[str, list[str]] = {}
    for loss in lost.groups:
        for team in loss.reader.teams:
            by_team.setdefault(team, []).append(loss.text)
    return {
        "topic.shrinks": lost.shrinks,
        "topic.loses_groups": [loss.reader.group for loss in lost.groups],
        "topic.loses_teams": sorted(by_team),
        "topic.loses_unowned": [loss.text for loss in lost.groups if not loss.reader.teams],
        "topic.losses": {team: _told(texts) for team, texts in sorted(by_team.items())},
        "topic.loses_unknown": lost.unknown,
    }


def _told(texts: Sequence[str]) -> str:
    """What one team loses, as far as somebody would read it."""
    more = len(texts) - MOST_TOLD
    return "; ".join(texts[:MOST_TOLD]) + (f"; and {_more(more)}" if more > 0 else "")


def _more(count: int) -> str:
    return f"{count:,} more group{'' if count == 1 else 's'}"


# --- For people ---------------------------------------------------------------------------------


def lines(change: Change | None) -> list[Effect]:
    """The effect of a change in words, what it takes from readers first."""
    if change is None or change.same:
        return []
    return [*_loss_lines(change.losses), *_size_lines(change), *_cost_lines(change)]


def _loss_lines(lost: Losses) -> Iterator[Effect]:
    for loss in lost.groups[:MOST_GROUPS]:
        teams = ", ".join(loss.reader.teams)
        yield Effect(
            "loss",
            "Loses unread records",
            f"{loss.text}.",
            tone="bad",
            how=f"{teams} must agree."
            if teams
            else "Nobody knows whose it is: the platform team must agree.",
            exact={
                "group": loss.reader.group,
                "lag": loss.reader.lag,
                "behind_ms": loss.reader.behind_ms,
                "teams": list(loss.reader.teams),
            },
        )
    if (more := len(lost.groups) - MOST_GROUPS) > 0:
        yield Effect("loss", "Loses unread records", f"And {_more(more)}.", tone="bad")
    if lost.unknown:
        yield Effect(
            "loss", "Who loses unread records", f"Not known. {lost.unknown}", tone="warn",
            how="The platform team must agree.",
        )  # fmt: skip
    elif lost.shrinks and not lost.groups:
        yield Effect(
            "loss", "Unread records", "No group that commits its position loses any.", tone="good"
        )


def _size_lines(change: Change) -> Iterator[Effect]:
    before, after = change.stored_before, change.stored_after
    if change.after.endless:
        yield Effect("bytes", "Keeps", _endless(change), tone="warn", how=_how(change))
        return
    if after.total is None:
        yield Effect("bytes", "Keeps", f"Not known. {change.after.why}")
        return
    shared = change.profile.shared_storage
    label = "In object storage" if shared else "On brokers' disks"
    sizes = [("bytes_remote", label, before.remote, after.remote)] if shared else []
    if not shared:
        sizes.append(("bytes_local", label, before.local, after.local))
        if change.tiered:
            sizes.append(("bytes_remote", "In remote storage", before.remote, after.remote))
    for position, (name, title, had, has) in enumerate(sizes):
        how = _how(change) if not position else ""
        yield Effect(name, title, _sizes(had, has), how=how, exact={"before": had, "after": has})


def _endless(change: Change) -> str:
    if change.growth is None:
        return "Everything, for ever."
    monthly = units.format_size(round(change.growth * cost.MONTH_S))
    return f"Everything, for ever: {monthly} more of one copy each month."


def _sizes(before: int | None, after: int | None) -> str:
    if after is None:
        return "Not known."
    if before is None:
        return units.format_size(after)
    delta = units.size_delta(before, after)
    return f"{units.format_size(before)} → {units.format_size(after)}" + (
        f", {delta}" if delta else ""
    )


def _how(change: Change) -> str:
    if change.growth is None:
        return "From its limit of size."
    if not change.growth:
        return f"Nothing was written in the last {change.watched}: it is taken to stay as it is."
    rate = units.format_size(round(change.growth))
    return (
        f"In the long run, at the {rate}/s by which it grew in the last {change.watched}. Brokers "
        "delete whole segments, so that they keep a little more."
    )


def _cost_lines(change: Change) -> Iterator[Effect]:
    after = change.cost_after
    if change.after.endless or change.stored_after.total is None:
        return
    more = change.cost_more
    if after.amount is None or more is None:
        why = after.why or change.cost_before.why or change.before.why
        yield Effect("cost", "Cost of storage", "Unknown.", how=why)
        return
    before = change.cost_before.amount
    text = f"{cost.in_words(after.amount, after.currency)} a month"
    if before is not None and more:
        sign = "+" if more > 0 else ""
        text = (
            f"{cost.in_words(before, after.currency)} → {text}, "
            f"{sign}{cost.in_words(more, after.currency)}"
        )
    yield Effect(
        "cost",
        "Cost of storage",
        text,
        how=" ".join(after.assumptions),
        exact={
            "currency": after.currency,
            "before": cost.exact(before),
            "after": cost.exact(after.amount),
        },
    )
