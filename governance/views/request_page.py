"""Everything that the page of one request prints, made ready from rows.

No decision is taken here: what may be done is asked of `permissions`, `workflow` and the services,
and the answers are put into words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.urls import reverse

from governance import kinds, queries
from governance.actors import Actor
from governance.kinds import DiffRow, ItemView, Risk
from governance.models import Environment, Event, Finding, Item, Request, Requirement, Review
from governance.permissions import Action, allowed, role_in_words
from governance.services import reviews
from governance.services.items import views
from governance.services.requests import steps as steps_of
from governance.views.findings import Said, by_path, of_finding
from governance.views.paging import Listed
from governance.views.timeline import Entry, timeline
from governance.workflow import EDITABLE, TRANSITIONS, ItemState, Move, State

PANELS = 20
MOST_STEPS = 12
# A worker is on these, or about to be: the page asks again until they are over.
MOVING = frozenset({State.CHECKING, State.APPROVED, State.RECHECKING, State.APPLYING})

ICONS: Mapping[str, str] = {"topic": "stack-2", "subject": "braces"}
VERBS: Mapping[str, str] = {"create": "new", "alter": "change", "register": "new version"}


@dataclass(frozen=True, slots=True)
class Remark:
    """A few words with an icon at the edge of a box."""

    text: str
    css: str
    icon: str


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the difference, with what the rules say of its value."""

    diff: DiffRow
    findings: Sequence[Said]


@dataclass(frozen=True, slots=True)
class Panel:
    """One item: its difference, what rules say of it, where it stands."""

    position: int
    kind: str
    icon: str
    verb: str
    name: str
    place: str
    url: str
    rows: Sequence[Row]
    findings: Sequence[Said]
    remarks: Sequence[Remark]
    state: str
    error: str
    templates: Sequence[str]
    item: ItemView


@dataclass(frozen=True, slots=True)
class NeedLine:
    """One agreement that is needed: by whom, why, and who gave it."""

    role: str
    who: str
    reason: str
    done: bool
    policy: str = ""
    version: int = 0
    policy_url: str = ""


@dataclass(frozen=True, slots=True)
class StepLine:
    """One thing a worker will do, or did."""

    text: str
    target: str
    risk: str
    state: str


@dataclass(frozen=True, slots=True)
class Effect:
    """One consequence in words."""

    label: str
    text: str
    css: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What this person can do here now, and why not the rest."""

    title: str
    lines: Sequence[str]
    can_decide: bool = False
    can_submit: bool = False
    can_retry: bool = False
    can_withdraw: bool = False

    @property
    def open(self) -> bool:
        """Whether there is something to press, so that the box stays in sight."""
        return self.can_decide or self.can_submit or self.can_retry


@dataclass(frozen=True, slots=True)
class RequestPage:
    """The whole page."""

    number: int
    title: str
    reason: str
    state: str
    revision: int
    environment: Environment | None
    author: str
    team: str
    asked: str
    asked_at: datetime
    seen_at: str
    count_words: str
    failure: str
    moving: bool
    marker: str
    can_edit: bool
    can_comment: bool
    items: Sequence[Panel]
    pager: Listed[Item]
    findings: Sequence[Said]
    timeline: Sequence[Entry]
    decision: Decision
    needs: Sequence[NeedLine]
    needs_words: str
    effects: Sequence[Effect]
    steps_title: str
    steps: Sequence[StepLine]
    steps_words: str
    production: bool = False


@dataclass(slots=True)
class _Material:
    """What was read for the page, once."""

    request: Request
    actor: Actor
    rows: Sequence[Item]
    shown: Sequence[Item]
    findings: Sequence[Finding]
    requirements: Sequence[Requirement]
    given: Sequence[Review]
    views: Mapping[int, ItemView] = field(default_factory=dict)


def request_page(request: Request, items: Listed[Item], actor: Actor) -> RequestPage:
    """The page of `request` as `actor` may see it; `items` are those of the page that is shown."""
    rows = list(request.items.all())
    material = _Material(
        request=request,
        actor=actor,
        rows=rows,
        shown=items.rows,
        findings=_latest_findings(request),
        requirements=list(
            request.requirements.filter(revision=request.revision).select_related(
                "review__reviewer"
            )
        ),
        given=list(request.reviews.select_related("reviewer")),
        views={view.position: view for view in views(request, rows)},
    )
    panels = _panels(material)
    state = State(request.state)
    return RequestPage(
        number=request.pk,
        title=request.title,
        reason=request.reason,
        state=request.state,
        revision=request.revision,
        environment=request.environment,
        author=str(request.author) if request.author else request.author_name,
        team=request.team.slug,
        asked="asked" if request.submitted_at else "started",
        asked_at=request.submitted_at or request.created_at,
        seen_at=_seen_at(panels),
        count_words=f"{len(rows)} {'item' if len(rows) == 1 else 'items'}",
        failure=request.failure,
        moving=state in MOVING,
        marker=marker(request),
        can_edit=state in EDITABLE and _may(material, Action.EDIT) and len(rows) <= PANELS,
        can_comment=_may(material, Action.COMMENT),
        items=panels,
        pager=items,
        findings=[of_finding(f) for f in material.findings if f.item_id is None and not f.passed],
        timeline=timeline(request, material.given, material.findings),
        decision=_decision(material),
        needs=[_need(need, material) for need in material.requirements],
        needs_words=_needs_words(state),
        effects=_effects(panels),
        steps_title="What the worker did" if state in _OVER else "What the worker will do",
        steps=_steps(material),
        steps_words=_steps_words(material),
        production=bool(request.environment and request.environment.production),
    )


def marker(request: Request) -> str:
    """Changes whenever something happened to the request; a page that shows it needs no new one."""
    latest = (
        Event.objects.filter(request_id=request.pk).order_by("-pk").values_list("pk", flat=True)
    )
    return f"{request.state}-{request.revision}-{latest.first() or 0}"


_OVER = frozenset({State.APPLIED, State.PARTLY_APPLIED, State.FAILED})


def _latest_findings(request: Request) -> list[Finding]:
    found = list(request.findings.filter(revision=request.revision))
    stages = [f.stage for f in found]
    stage = "approve" if "approve" in stages else "submit"
    return [f for f in found if f.stage == stage]


def _may(material: _Material, action: Action) -> bool:
    return allowed(material.actor, action, "request", material.request.team.slug).ok


# --- Items ------------------------------------------------------------------------------------


def _panels(material: _Material) -> list[Panel]:
    by_item: dict[int | None, list[Said]] = {}
    for finding in material.findings:
        by_item.setdefault(finding.item_id, []).append(of_finding(finding))
    return [
        _panel(row, material.views[row.position], by_item.get(row.pk, []), material.request)
        for row in material.shown
    ]


def _panel(row: Item, item: ItemView, said: Sequence[Said], request: Request) -> Panel:
    kind = kinds.get(row.kind)
    diff = kind.rows(item)
    paths = {d.path for d in diff}
    groups = by_path(said)
    cannot = [d.label.lower() for d in diff if d.irreversible]
    remarks = []
    if cannot and request.state not in _OVER:
        remarks.append(Remark(f"cannot be undone: {', '.join(cannot)}", "warn", "alert-triangle"))
    begun = row.state != ItemState.PENDING or State(request.state) in {State.APPLYING, *_OVER}
    return Panel(
        position=row.position,
        kind=kind.title,
        icon=ICONS.get(row.kind, "file-text"),
        verb=VERBS.get(row.operation, row.operation),
        name=row.name,
        place=row.place,
        url=kind.url(row.place, row.name) if kind.current(row.place, row.name) else "",
        rows=[Row(d, groups.get(d.path, [])) for d in diff],
        findings=[s for s in said if s.path not in paths and not s.passed],
        remarks=remarks,
        state=row.state if begun else "",
        error=row.error,
        templates=[f"kinds/{row.kind}/_item.html", "requests/_rows.html"],
        item=item,
    )


def _seen_at(panels: Sequence[Panel]) -> str:
    """When the oldest observation was made that the page compares with."""
    times = []
    for panel in panels:
        current = kinds.get(panel.item.kind).current(panel.item.place, panel.item.name)
        if current is not None and current.seen_at:
            times.append(current.seen_at)
    return min(times, default="")


def _effects(panels: Sequence[Panel]) -> list[Effect]:
    lines = []
    for panel in panels:
        for row in panel.rows:
            if row.diff.irreversible:
                text = f"{row.diff.label.lower()} of {panel.name}"
                lines.append(Effect("Cannot be undone", text, "warn"))
            elif row.diff.changed and row.diff.delta:
                text = f"{row.diff.declared} → {row.diff.requested}, {row.diff.delta}"
                lines.append(Effect(row.diff.label, text))
    return lines[:8]


# --- Decision ---------------------------------------------------------------------------------


def _decision(material: _Material) -> Decision:
    request, state = material.request, State(material.request.state)
    can_edit = _may(material, Action.EDIT)
    why_not = reviews.why_not(request, material.actor)
    can_decide = state is State.IN_REVIEW and not why_not
    asked_to_submit = (state, Move.SUBMIT) in TRANSITIONS and can_edit
    return Decision(
        title="Your decision" if can_decide else "Where it stands",
        lines=[*_changed_since(material), *_lines(material, state, why_not)],
        can_decide=can_decide,
        can_submit=asked_to_submit,
        can_retry=(state, Move.RETRY) in TRANSITIONS and _may(material, Action.RETRY),
        can_withdraw=(state, Move.WITHDRAW) in TRANSITIONS and _may(material, Action.WITHDRAW),
    )


def _changed_since(material: _Material) -> list[str]:
    mine = [r.revision for r in material.given if r.reviewer_id == material.actor.user_id]
    if mine and max(mine) < material.request.revision:
        return [f"Changed since you reviewed it: that was revision {max(mine)}."]
    return []


def _lines(material: _Material, state: State, why_not: str) -> list[str]:
    match state:
        case State.IN_REVIEW if not why_not:
            asked = reviews.open_requirements(material.request, material.actor)
            return [f"You are asked as {role_in_words(r.role)}: {r.reason}" for r in asked]
        case State.IN_REVIEW:
            return [why_not]
        case State.DRAFT:
            return ["A draft: nobody is asked yet."]
        case State.CHANGES_REQUESTED:
            return ["A reviewer asked for changes. Edit it, then ask for review again."]
        case State.APPROVED | State.RECHECKING | State.APPLYING | State.CHECKING:
            return ["Under way. This page follows by itself."]
        case State.SCHEDULED:
            return ["Approved; it waits for its time."]
        case State.APPLIED:
            return ["Done: the cluster has what was asked for."]
        case State.PARTLY_APPLIED | State.FAILED:
            return ["Not all of it was done; each item says why. What was done stays."]
        case State.WITHDRAWN | State.DECLINED | State.EXPIRED | State.SUPERSEDED:
            return [f"{state.title}. Nothing of it is applied."]


def _need(need: Requirement, material: _Material) -> NeedLine:
    return NeedLine(
        role=_role_title(need.role),
        who=_who(need, material),
        reason=need.reason,
        done=need.review is not None,
        policy=need.policy,
        version=need.policy_version,
        policy_url=reverse("policy", args=[need.policy]) if need.policy else "",
    )


def _role_title(role: str) -> str:
    name, _, team = role.partition(":")
    titles = {"owner": "Owner", "platform": "Platform", "steward": "Data steward", "auto": "Rule"}
    return f"{titles.get(name, name)}, {team}" if team else titles.get(name, name)


def _who(need: Requirement, material: _Material) -> str:
    if need.review is not None:
        return str(need.review.reviewer or f"{need.policy} v{need.policy_version}")
    if need.role == "auto":
        return ""
    people = queries.holders(need.role, but=material.request.author_id)
    if not people:
        return "nobody has this role yet"
    return ", ".join(people[:2]) + (f" or {len(people) - 2} more" if len(people) > 2 else "")


def _needs_words(state: State) -> str:
    if state in EDITABLE - {State.IN_REVIEW}:
        return "The rules say who, when you ask for review."
    return "Nobody: no rule asks for a person here."


# --- Steps ------------------------------------------------------------------------------------


def _steps(material: _Material) -> list[StepLine]:
    states = {row.position: row.state for row in material.rows}
    begun = State(material.request.state) in {State.APPLYING, *_OVER}
    lines = [
        StepLine(
            text=step.text,
            target=step.target,
            risk="" if step.risk is Risk.SAFE else step.risk.value,
            state=states.get(step.position, "") if begun else "",
        )
        for step in steps_of(list(material.views.values()))
    ]
    return lines[:MOST_STEPS]


def _steps_words(material: _Material) -> str:
    state = State(material.request.state)
    more = len(material.rows) - MOST_STEPS
    rest = f"And so on for {more:,} more items. " if more > 0 else ""
    if state is State.APPLIED:
        return rest + "Each step was read back from the cluster."
    if state in _OVER or state in MOVING:
        return rest.strip()
    if state in {State.WITHDRAWN, State.DECLINED, State.EXPIRED, State.SUPERSEDED}:
        return "None of it: the request is over."
    return rest + "After the last approval, at once; the worker reads the cluster again first."
