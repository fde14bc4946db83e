"""The page of one topic: what `queries.topic` read, put into words, and what belongs to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from governance import lookups
from governance import queries as request_queries
from governance.actors import Actor
from governance.errors import NotFound
from governance.models import Event, Request
from governance.permissions import Action, allowed
from governance.views.asking import change_url, go_back_url, hand_over_url, new_url
from governance.views.searches import Related, related
from governance.workflow import OPEN
from topics import queries
from topics.queries import Behind, KeyRow, TopicDetail
from topics.services.fallbacks import PATH
from topics.views.drift import DriftRow, drift_row
from topics.views.kept import Falling, Kept, falling, kept
from topics.views.words import NOTHING, Shown, key_of

MOST_REQUESTS = 50


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One key of a topic. `origin` is where its value comes from, in words."""

    key: str
    label: str
    declared: Shown
    observed: Shown
    origin: str
    origin_url: str
    drifted: bool
    late: bool  # declared and not applied, which is another thing than drift


@dataclass(frozen=True, slots=True)
class BehindNote:
    """What is declared and not applied, in words, with the ways out.

    `go_back_url` opens a request that is filled in with what is applied; empty where nothing is.
    """

    behind: Behind
    rows: Sequence[SettingRow]
    go_back_url: str
    again_url: str


@dataclass(frozen=True, slots=True)
class TopicPage:
    """Everything that the templates of one topic print."""

    detail: TopicDetail
    drifts: Sequence[DriftRow]
    behind: BehindNote | None
    settings: Sequence[SettingRow]
    defaults: Sequence[SettingRow]
    retention: Shown
    related: Sequence[tuple[str, Sequence[Related]]]
    requests: Sequence[Request]
    open_requests: Sequence[Request]
    history: Sequence[Event]
    change_url: str  # empty where she may not ask for a change
    why_not: str
    hand_over_url: str  # to give it to another team, or to claim it
    kept: Kept | None
    falling: Falling | None
    labels: Sequence[tuple[str, str]]


def topic_page(cluster: str, name: str, actor: Actor) -> TopicPage:
    """The page, for a topic that is declared or was seen. Raises NotFound for any other."""
    detail = queries.topic(cluster, name)
    if detail is None:
        raise NotFound(f"There is no topic {name} on {cluster}, declared or seen.")
    declared = detail.declared
    change = allowed(
        actor, Action.REQUEST, "topic", declared.resource.owner.slug if declared else None
    )
    came_to_be = declared is not None and declared.last_applied is not None
    requests = list(request_queries.of_target(actor, "topic", cluster, name)[:MOST_REQUESTS])
    own = [row for row in detail.rows if _set_by_somebody(row)]
    return TopicPage(
        detail=detail,
        drifts=[drift_row(row, actor) for row in detail.drifts if row.state != "accepted"],
        behind=_behind(detail, came_to_be=came_to_be, may_ask=change.ok),
        settings=[_setting(row, detail) for row in own],
        defaults=[_setting(row, detail) for row in detail.rows if not _set_by_somebody(row)],
        retention=_retention(detail),
        related=related("topic", detail.cluster.environment.slug, name),
        requests=requests,
        open_requests=[r for r in requests if r.state in OPEN],
        history=lookups.history("topic", f"{cluster}/{name}"),
        change_url=change_url("topic", cluster, name) if came_to_be and change.ok else "",
        why_not="" if change.ok or declared is None else change.why,
        hand_over_url=hand_over_url("topic", cluster, name, owned=declared is not None)
        if came_to_be or declared is None
        else "",
        kept=kept(declared),
        falling=falling(declared),
        labels=sorted(declared.resource.labels.items()) if declared else (),
    )


def _behind(detail: TopicDetail, *, came_to_be: bool, may_ask: bool) -> BehindNote | None:
    behind = detail.behind
    if behind is None or _only_falls_back(detail, behind):
        return None
    offered = may_ask and not behind.under_way
    target = ("topic", detail.cluster.slug, detail.name)
    return BehindNote(
        behind=behind,
        rows=[_setting(row, detail) for row in behind.rows],
        go_back_url=go_back_url(*target) if offered and came_to_be else "",
        again_url=new_url(*target) if offered and not came_to_be else "",
    )


def _only_falls_back(detail: TopicDetail, behind: Behind) -> bool:
    """Whether nothing is late but a retention that fell back, which is said in words of its own."""
    fell = detail.declared is not None and detail.declared.fall_back is not None
    return fell and [row.path for row in behind.rows] == [PATH]


def _set_by_somebody(row: KeyRow) -> bool:
    return row.declared is not None or row.source == "topic"


def _setting(row: KeyRow, detail: TopicDetail) -> SettingRow:
    nothing = NOTHING if detail.observed else "not seen"
    late = detail.behind is not None and row in detail.behind.rows
    origin, url = _origin(row)
    return SettingRow(
        key=key_of(row.path).removesuffix("_factor"),
        label=row.label,
        declared=Shown(row.declared or NOTHING, row.declared_exact),
        observed=Shown(nothing if row.observed is None else row.observed, row.observed_exact),
        origin=origin,
        origin_url=url,
        drifted=detail.declared is not None and not row.in_step and not late,
        late=late,
    )


def _origin(row: KeyRow) -> tuple[str, str]:
    """Where a value comes from, and the address of that."""
    if row.origin is not None:
        return f"#{row.origin}", reverse("request", args=[row.origin])
    if row.declared is not None:
        return "declared", ""
    return ("set outside Weir" if row.source == "topic" else f"{row.source or 'broker'}"), ""


def _retention(detail: TopicDetail) -> Shown:
    row = next((r for r in detail.rows if r.path == "configs.retention.ms"), None)
    if row is None:
        return Shown(NOTHING)
    if row.declared is not None:
        return Shown(row.declared, row.declared_exact)
    return Shown(row.observed or NOTHING, row.observed_exact)
