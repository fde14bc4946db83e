"""Reading measures from rows, as the core's plain values; nothing here waits on a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, TypedDict

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.functions import Now

from topics.cost import Prices
from topics.measures.model import GroupMeasure, MeasureRound, PriceBook, TopicMeasure
from topics.measures.owners import teams_of_groups
from topics.measures.rate import rate_of
from topics.measures.values import MOST_READERS, Growth, Measured, Reader
from topics.models.cluster import Cluster

# Measures older than this many rounds say nothing of who would lose data today.
STALE_AFTER_ROUNDS: Final = 3
YOUNGEST_STALE: Final = timedelta(minutes=2)

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    _AtTime = WithAnnotations[Cluster, "_Clock"]

Target = tuple[str, str]  # place and name


class _Clock(TypedDict):
    """What a cluster's row carries beside the columns of its table."""

    clock: datetime


def stale_after() -> timedelta:
    """From which age on measures count as unknown."""
    interval: timedelta = settings.MEASURE_INTERVAL
    return max(interval * STALE_AFTER_ROUNDS, YOUNGEST_STALE)


def measured(cluster: Cluster, name: str) -> Measured:
    """The measures of one topic, with the readers that lag most, as far as they are shown."""
    around = _around(_at_time(cluster))
    row = TopicMeasure.objects.filter(cluster=cluster, name=name).first()
    if row is None:
        return _measured(None, (), around)
    rows = GroupMeasure.objects.filter(cluster=cluster, topic=name)
    readers = _readers(cluster, rows.order_by("-lag", "group")[:MOST_READERS], around.now)
    shown = readers.get(name, [])
    more = rows.count() - len(shown) if len(shown) == MOST_READERS else 0
    return replace(_measured(row, shown, around), more_readers=more)


def sizes(cluster: Cluster, name: str) -> Measured:
    """What one topic holds and how fast it grows, without its readers, who are then unknown."""
    return many_sizes(cluster, [name])[name]


def many_sizes(cluster: Cluster, names: Sequence[str]) -> dict[str, Measured]:
    """The same of each of these topics, in a number of queries that does not grow with them."""
    around = _around(_at_time(cluster))
    rows = TopicMeasure.objects.filter(cluster=cluster, name__in=list(names))
    found = {row.name: row for row in rows}
    return {name: _without_readers(_measured(found.get(name), (), around)) for name in names}


def _without_readers(found: Measured) -> Measured:
    # Of what is too old that stays the reason.
    return found if found.stale else replace(found, unknown="Nobody asked for its readers here.")


def measures(cluster: Cluster, names: Sequence[str]) -> dict[str, Measured]:
    """The measures of each of these topics, in a number of queries that does not grow with them.
    Of readers only those that have not read all."""
    return _measures(_at_time(cluster), names)


def _measures(cluster: _AtTime, names: Sequence[str]) -> dict[str, Measured]:
    around = _around(cluster)
    rows = {
        row.name: row for row in TopicMeasure.objects.filter(cluster=cluster, name__in=list(names))
    }
    behind = GroupMeasure.objects.filter(cluster=cluster, topic__in=list(rows), lag__gt=0)
    readers = _readers(cluster, behind.order_by("-lag", "group"), around.now)
    return {name: _measured(rows.get(name), readers.get(name, ()), around) for name in names}


@dataclass(frozen=True, slots=True)
class _Around:
    """What is known of the cluster itself, and what time it is by the database's clock."""

    last: MeasureRound | None
    prices: Prices
    zones: int
    now: datetime


def _read_clusters() -> QuerySet[_AtTime]:
    """Clusters as `_around` wants them."""
    return Cluster.objects.select_related("measured", "prices").annotate(clock=Now())


def _at_time(cluster: Cluster) -> _AtTime:
    """The cluster read once more, as `_around` wants it."""
    return _read_clusters().get(pk=cluster.pk)


def _around(row: _AtTime) -> _Around:
    book: PriceBook | None = getattr(row, "prices", None)
    return _Around(getattr(row, "measured", None), prices_of(book), row.zones, row.clock)


def prices_of(book: PriceBook | None) -> Prices:
    """A price book as the core needs it."""
    if book is None:
        return Prices()
    return Prices(
        book.currency,
        book.local_gib_month,
        book.remote_gib_month,
        book.ingress_gib,
        book.cross_zone_gib,
    )


def _readers(
    cluster: Cluster, groups: QuerySet[GroupMeasure], now: datetime
) -> dict[str, list[Reader]]:
    rows = list(groups)
    teams = teams_of_groups(cluster, [(row.topic, row.group) for row in rows])
    found: dict[str, list[Reader]] = {}
    for row in rows:
        behind = None if row.oldest_unread_at is None else now - row.oldest_unread_at
        found.setdefault(row.topic, []).append(
            Reader(
                group=row.group,
                lag=row.lag,
                behind_ms=None if behind is None else max(0, round(behind.total_seconds() * 1000)),
                unread_bytes=row.unread_bytes,
                teams=teams.get((row.topic, row.group), ()),
                state=row.state,
            )
        )
    return found


def _measured(row: TopicMeasure | None, readers: Sequence[Reader], around: _Around) -> Measured:
    last, prices = around.last, around.prices
    if row is None:
        why = last.error if last is not None and last.error else ""
        unknown = f"It could not be measured. {why}" if why else "Nobody has measured it yet."
        return Measured(unknown=unknown, sizes_unknown=unknown, prices=prices, zones=around.zones)
    whole_round = last.seen_at if last is not None and last.seen_at else row.seen_at
    seen_at = max(row.seen_at, whole_round)
    old = _too_old(seen_at, around.now, last)
    return Measured(
        seen_at=seen_at,
        records=row.records,
        leader_bytes=row.leader_bytes,
        local_bytes=row.local_bytes,
        remote_bytes=row.remote_bytes,
        growth=_growth(row, seen_at),
        readers=readers,
        stale=bool(old),
        unknown=old or (last.groups_error if last is not None else ""),
        sizes_unknown=(last.sizes_error if last is not None and row.leader_bytes is None else ""),
        prices=prices,
        zones=around.zones,
    )


def _too_old(seen_at: datetime, now: datetime, last: MeasureRound | None) -> str:
    age = now - seen_at
    if age <= stale_after():
        return ""
    minutes = round(age.total_seconds() / 60)
    why = f" {last.error}" if last is not None and last.error else ""
    return f"It was measured {minutes:,} minutes ago, which is too long to go by.{why}"


def _growth(row: TopicMeasure, seen_at: datetime) -> Growth | None:
    samples = [(int(second), int(end)) for second, end in row.samples]
    rate = rate_of(samples, int(seen_at.timestamp()), row.end_offset)
    if rate is None:
        return None
    size = None
    if rate.records == 0:
        size = 0.0
    elif row.record_bytes is not None:
        size = rate.records * row.record_bytes
    return Growth(rate.records, size, datetime.fromtimestamp(rate.since_s, UTC))


# --- Reading once for many questions -----------------------------------------------------------


@dataclass(slots=True)
class _Held:
    """What is asked about in a block; read when the first question comes, if one does."""

    targets: frozenset[Target]
    found: Mapping[Target, Measured] | None = None

    def get(self, target: Target) -> Measured | None:
        if target not in self.targets:
            return None
        if self.found is None:
            self.found = _read(self.targets)
        return self.found.get(target)


_HELD: ContextVar[_Held | None] = ContextVar("measures_read", default=None)


def look_up(place: str, name: str) -> Measured:
    """The measures of a topic on a cluster; unknown for a cluster that is not there.

    Within `reading` one read answers for all, and a block in which nobody asks reads nothing.
    """
    held = _HELD.get()
    found = held.get((place, name)) if held is not None else None
    return found or _read([(place, name)]).get((place, name)) or Measured()


@contextmanager
def reading(targets: Iterable[Target]) -> Iterator[None]:
    """Lets the measures of these (place, name) be read once, for all that is asked in the block."""
    token = _HELD.set(_Held(frozenset(targets)))
    try:
        yield
    finally:
        _HELD.reset(token)


def _read(targets: Iterable[Target]) -> dict[Target, Measured]:
    by_place: dict[str, list[str]] = {}
    for place, name in targets:
        by_place.setdefault(place, []).append(name)
    found: dict[Target, Measured] = {}
    for cluster in _read_clusters().filter(slug__in=list(by_place)):
        for name, one in _measures(cluster, by_place[cluster.slug]).items():
            found[cluster.slug, name] = one
    return found
