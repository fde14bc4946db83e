"""The page of one request: what `queries.request_page` read, put into words and looks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.urls import reverse

from governance import access, queries
from governance.actors import Actor
from governance.forms import form_of
from governance.kinds import Current, DiffRow, Effect, Risk
from governance.models import (
    Event,
    Finding,
    Item,
    Request,
    Severity,
    Suggestion,
    SuggestionState,
    User,
)
from governance.queries import Agreement, Entry, ItemPage
from governance.services import suggestions
from governance.views.asking import go_back_url
from governance.views.findings import Said, by_path, of_finding
from governance.views.mentioned import People, people_in, with_people
from governance.views.request_time import Timing, timing_of
from governance.ways import Ways
from governance.workflow import State

MOST_STEPS = 12
MOST_EFFECTS = 8
MOST_LOSSES = 20
MOST_RELATIONS = 5
# A worker is on these, or about to be: the page asks again until they are over.
MOVING = frozenset({State.CHECKING, State.APPROVED, State.RECHECKING, State.APPLYING})
ENDED = frozenset({State.APPLIED, State.PARTLY_APPLIED, State.FAILED})

ICONS: Mapping[str, str] = {
    "topic": "stack-2",
    "subject": "braces",
    "grant": "key",
    "waiver": "shield-check",
    "ownership": "users",
}
VERBS: Mapping[str, str] = {
    "create": "new",
    "alter": "change",
    "register": "new version",
    "revoke": "end",
    "end": "take back",
    "transfer": "hand over",
}
_NUMBERS = ("+", "−", "≈")  # how a difference of numbers begins; other differences are words
_MARKS: Mapping[str, str] = {"success": "good", "warning": "warn", "danger": "bad"}
# What else happened to the things themselves is told by the outcome of their items.
_TOLD = ("request.", "item.", "review", "comment", "topic.fell_back", "topic.fall_back_applied")
_ROLES: Mapping[str, str] = {
    "owner": "Owner",
    "second": "Second owner",
    "platform": "Platform",
    "steward": "Data steward",
    "auto": "Rule",
}
_SYSTEM: Mapping[str, str] = {
    "worker": "The worker",
    "policies": "The rules",
    "clock": "The clock",
    "leases": "The clock",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the difference, with what the rules say of its value."""

    diff: DiffRow
    objections: Sequence[Said]
    passed: Sequence[Said]
    suggestions: Sequence[Suggestion] = ()

    @property
    def key(self) -> str:
        """The name that the value has on the cluster, where the label is another."""
        return self.diff.path.removeprefix("configs.") if "." in self.diff.path else ""


@dataclass(frozen=True, slots=True)
class Panel:
    """One item: its difference, what rules say of it, where it stands."""

    page: ItemPage
    url: str  # empty while there is nothing at that address yet
    seen_at: str
    icon: str
    verb: str
    rows: Sequence[Row]
    findings: Sequence[Said]
    state: str
    templates: Sequence[str]
    after: Mapping[str, object]
    suggestions: Sequence[Suggestion]  # of values that have no line
    settable: Sequence[tuple[str, str]]  # (path, label), for somebody who may suggest
    go_back_url: str  # where it is declared and was not applied: to ask for what is applied


@dataclass(frozen=True, slots=True)
class PolicyLink:
    """A version of a policy that asks for an agreement."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class NeedLine:
    """One agreement that is needed: by whom, why, and who gave it."""

    role: str
    who: str
    agreed: bool
    reason: str
    policies: Sequence[PolicyLink]


@dataclass(frozen=True, slots=True)
class EffectLine:
    """One consequence in words: what, how much, how bad, and how it is known."""

    label: str
    text: str
    css: str = ""
    how: str = ""


@dataclass(frozen=True, slots=True)
class StepLine:
    """One thing a worker will do."""

    text: str
    target: str
    risk: str


@dataclass(frozen=True, slots=True)
class Happening:
    """A line of the timeline."""

    at: datetime
    who: str
    text: str
    said: str
    remark: str
    css: str


@dataclass(frozen=True, slots=True)
class Relation:
    """Another request that this one has to do with, after the words that say how."""

    words: str
    request: Request


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything that the templates of one request print."""

    page: queries.RequestPage
    request: Request
    author: str
    asked: str
    asked_at: datetime
    expires_at: datetime | None  # while it waits for people
    seen_at: str
    count_words: str
    moving: bool
    marker: str
    panels: Sequence[Panel]
    findings: Sequence[Said]
    timeline: Sequence[Happening]
    decision_title: str
    decision_lines: Sequence[str]
    can_object: bool
    needs: Sequence[NeedLine]
    needs_words: str
    effects: Sequence[EffectLine]
    steps: Sequence[StepLine]
    steps_words: str
    failure: str
    production: bool
    timing: Timing
    relations: Sequence[Relation]
    reason: str


def shown(request: Request, actor: Actor) -> Shown:
    """The page of `request` as `actor` may see it."""
    page = queries.request_page(request, actor)
    state = State(request.state)
    panels = [_panel(item, request, page.ways) for item in page.items]
    count = page.progress["total"]
    people = people_in([request.reason, *(entry.body for entry in page.timeline)])
    return Shown(
        page=page,
        request=request,
        author=str(request.author) if request.author else request.author_name,
        asked="asked" if request.submitted_at else "started",
        asked_at=request.submitted_at or request.created_at,
        expires_at=request.expires_at,
        # The oldest observation that the page compares with.
        seen_at=min((panel.seen_at for panel in panels if panel.seen_at), default=""),
        count_words=f"{count:,} {'item' if count == 1 else 'items'}",
        moving=state in MOVING,
        marker=marker(request),
        panels=panels,
        findings=[of_finding(f) for f in page.findings if f.item_id is None and not f.passed],
        timeline=_timeline(page, people),
        decision_title="Your decision" if page.can_approve else "Where it stands",
        decision_lines=[*_changed_since(page), *_lines(page, state)],
        can_object=page.can_object,
        needs=_needs(page),
        needs_words=_needs_words(page, state),
        effects=_effects(panels),
        steps=[
            StepLine(s.text, s.target, "" if s.risk is Risk.SAFE else s.risk.value)
            for s in page.steps[:MOST_STEPS]
        ],
        steps_words=_steps_words(page, state),
        failure=_failure(request, page),
        production=bool(request.environment and request.environment.production),
        timing=timing_of(request, page.ways, actor),
        relations=_relations(request, actor),
        reason=with_people(request.reason, people),
    )


def _relations(request: Request, actor: Actor) -> list[Relation]:
    """What it replaces, what replaced it, and drafts that are to, as far as she sees them."""
    seen = access.visible_requests(actor)
    found: list[Relation] = []
    if request.superseded_by_id is not None:
        found += [Relation("Replaced by", one) for one in seen.filter(pk=request.superseded_by_id)]
    elif request.submitted_at is not None:
        drafts = seen.filter(replaces=request, state=State.DRAFT).order_by("pk")[:MOST_RELATIONS]
        found += [Relation("To be replaced by the draft", one) for one in drafts]
    if request.replaces_id is not None:
        words = "Takes the place of" if request.submitted_at else "Is to take the place of"
        found += [Relation(words, one) for one in seen.filter(pk=request.replaces_id)]
    return found


def marker(request: Request) -> str:
    """Changes whenever something happened to the request; who knows it needs no new page."""
    events = Event.objects.filter(request_id=request.pk).order_by("-pk")
    latest = events.values_list("pk", flat=True).first() or 0
    return f"{request.state}-{request.revision}-{latest}"


# --- Items ------------------------------------------------------------------------------------


def _panel(item: ItemPage, request: Request, ways: Ways) -> Panel:
    row = item.row
    key = (row.kind, row.place, row.name)
    open_now = [s for s in ways.suggestions if s.state == SuggestionState.OPEN]
    suggested = [s for s in open_now if (s.kind, s.place, s.name) == key]
    groups = by_path(of_finding(f) for f in item.findings)
    paths = {diff.path for diff in item.rows}
    begun = row.state != "pending" or State(request.state) in {State.APPLYING, *ENDED}
    apart = [said for path, group in groups.items() if path not in paths for said in group]
    current = item.current
    there = current is not None and not (current.declared is None and current.observed is None)
    return Panel(
        page=item,
        url=item.url if there else "",
        seen_at=(current.seen_at or "") if current else "",
        icon=ICONS.get(row.kind, "file-text"),
        verb=VERBS.get(row.operation, row.operation),
        rows=[
            replace(
                _row(diff, groups.get(diff.path, [])),
                suggestions=[s for s in suggested if s.path == diff.path],
            )
            for diff in item.rows
        ],
        suggestions=[s for s in suggested if s.path not in paths],
        settable=suggestions.settable(row, item.rows) if ways.can_suggest else (),
        findings=[said for said in apart if said.waived or not said.passed],
        state=row.state if begun else "",
        templates=[f"kinds/{row.kind}/_item.html", "requests/_rows.html"],
        after=row.after,
        go_back_url=_go_back_url(row, current),
    )


def _go_back_url(row: Item, current: Current | None) -> str:
    if row.state != "failed" or current is None or current.applied is None:
        return ""
    if current.applied == current.declared or form_of(row.kind) is None:
        return ""
    return go_back_url(row.kind, row.place, row.name)


def _row(diff: DiffRow, said: Sequence[Said]) -> Row:
    told = [s for s in said if s.waived or not s.passed]
    return Row(diff, told, [s for s in said if s not in told])


def _effects(panels: Sequence[Panel]) -> list[EffectLine]:
    """Consequences, those of which the kind says that they are bad before all others."""
    told = [
        _effect(panel, one, many=len(panels) > 1) for panel in panels for one in panel.page.effects
    ]
    bad = [line for line in told if line.css == "bad"]
    lines = [line for line in told if line not in bad]
    for panel in panels:
        name = panel.page.row.name
        for row in panel.rows:
            diff = row.diff
            if diff.irreversible:
                text = f"{diff.label.lower()} of {name}"
                lines.append(EffectLine("Cannot be undone", text, "warn"))
            elif diff.changed and diff.delta.startswith(_NUMBERS):
                text = f"{diff.declared} → {diff.requested}, {diff.delta}"
                lines.append(EffectLine(diff.label, text))
    return [*bad[:MOST_LOSSES], *lines[:MOST_EFFECTS]]


def _effect(panel: Panel, effect: Effect, *, many: bool) -> EffectLine:
    text = f"{panel.page.row.name}: {effect.text}" if many else effect.text
    return EffectLine(effect.label, text, effect.tone, effect.how)


# --- Decision ---------------------------------------------------------------------------------


def _changed_since(page: queries.RequestPage) -> list[str]:
    seen = page.ways.reviewed
    if 0 < seen < page.request.revision:
        return [f"Changed since you reviewed it: that was revision {seen}."]
    return []


def _lines(page: queries.RequestPage, state: State) -> list[str]:
    match state:
        case State.IN_REVIEW if page.can_approve:
            return [f"You are asked as {page.acting_as}: {page.acting_reason}"]
        case State.IN_REVIEW:
            return [page.why_not]
        case State.DRAFT if any(
            not f.passed and f.severity == Severity.DENY for f in page.findings
        ):
            return ["A rule refuses it as it is. Edit it, then ask for review."]
        case State.DRAFT:
            return ["A draft: nobody is asked yet."]
        case State.CHANGES_REQUESTED:
            return ["Changes were asked for. Edit it, then ask for review again."]
        case State.APPROVED | State.RECHECKING | State.APPLYING | State.CHECKING:
            return ["Under way. This page follows by itself."]
        case State.SCHEDULED:
            return ["Approved. It is checked once more and applied when its time has come."]
        case State.APPLIED:
            return ["Done: the cluster has what was asked for."]
        case State.PARTLY_APPLIED | State.FAILED:
            return ["Not all of it was done; each item says why. What was done stays."]
        case State.EXPIRED:
            return ["Expired: nobody decided on it in time. Nothing of it is applied."]
        case State.WITHDRAWN | State.DECLINED | State.SUPERSEDED:
            return [f"{state.words}. Nothing of it is applied."]


def _failure(request: Request, page: queries.RequestPage) -> str:
    """Why it does not go on, unless an item says the same."""
    said = {item.row.error for item in page.items}
    return "" if request.failure in said else request.failure


def _needs(page: queries.RequestPage) -> list[NeedLine]:
    """Who must agree; of a draft, who would have to."""
    asked = [
        NeedLine(
            role=_title_of(one.requirement.role),
            who=one.by or _could(one),
            agreed=bool(one.by),
            reason=one.requirement.reason,
            policies=policy_links(one.requirement.asked_by),
        )
        for one in page.agreements
    ]
    return asked or [
        NeedLine(_title_of(need.role), "", False, need.reason, policy_links(need.asked_by))
        for need in page.foreseen
    ]


def _title_of(role: str) -> str:
    name, _, team = role.partition(":")
    title = _ROLES.get(name, name)
    return f"{title}, {team}" if team else title


def policy_links(asked_by: Iterable[tuple[str, int]]) -> list[PolicyLink]:
    """The versions of policies, each with its page."""
    return [
        PolicyLink(f"{name} v{version}", reverse("policy-version", args=[name, version]))
        for name, version in asked_by
    ]


def _could(agreement: Agreement) -> str:
    others = len(agreement.could)
    if agreement.you_could:
        return f"you, or {others - 1} more" if others > 1 else "you"
    if not others:
        second = agreement.requirement.role.startswith("second:")
        way_out = ": ask for it again, and the platform team is asked" if second else ""
        return f"nobody has this role {'any more' if second else 'yet'}{way_out}"
    more = f" or {others - 2} more" if others > 2 else ""
    return ", ".join(agreement.could[:2]) + more


def _needs_words(page: queries.RequestPage, state: State) -> str:
    """What stands before the list, or in its place."""
    if state in {State.DRAFT, State.CHANGES_REQUESTED}:
        if page.foreseen:
            return "Nobody is asked yet. When you ask for review:"
        return "The rules say who, when you ask for review."
    return "" if page.agreements else "Nobody: no rule asks for a person here."


def _steps_words(page: queries.RequestPage, state: State) -> str:
    more = len(page.steps) - MOST_STEPS
    rest = f"And {more:,} more steps. " if more > 0 else ""
    if state in MOVING:
        done, total = page.progress["applied"], page.progress["total"]
        return f"{rest}{done:,} of {total:,} items applied."
    if state is State.SCHEDULED:
        return f"{rest}When its time has come; the worker reads the cluster again first."
    when = "when its time has come" if page.ways.wait else "at once"
    return f"{rest}After the last approval, {when}; the worker reads the cluster again first."


# --- Timeline ---------------------------------------------------------------------------------


def _timeline(page: queries.RequestPage, people: People) -> list[Happening]:
    names = dict(
        User.objects.filter(username__in={e.who for e in page.timeline}).values_list(
            "username", "name"
        )
    )
    told = [entry for entry in page.timeline if entry.kind.startswith(_TOLD)]
    return [_happening(entry, page.findings, names, people) for entry in told]


def _happening(
    entry: Entry, findings: Sequence[Finding], names: Mapping[str, str], people: People
) -> Happening:
    if entry.kind == "request.review_asked":
        entry = replace(entry, who="Checks", sentence=_checks(findings))
    mark = _MARKS.get(entry.tone, "")
    of_item = entry.kind.startswith(("item.", "topic."))
    return Happening(
        at=entry.at,
        who=_SYSTEM.get(entry.who) or names.get(entry.who) or entry.who,
        text=entry.sentence,
        said="" if of_item else with_people(entry.body, people),
        remark=entry.body if of_item else "",
        css=f"event-{mark}" if mark else "",
    )


def _checks(findings: Sequence[Finding]) -> str:
    passed = sum(f.passed for f in findings)
    people = sum(not f.passed and f.severity == Severity.APPROVAL for f in findings)
    warnings = sum(not f.passed and f.severity == Severity.WARN for f in findings)
    parts = [f"{passed} passed"]
    waived = sum(bool(f.waived) for f in findings)
    if waived:
        parts.append(f"{waived} of them by a waiver")
    if people:
        parts.append(f"{people} {'needs' if people == 1 else 'need'} a person")
    if warnings:
        parts.append(f"{warnings} {'warning' if warnings == 1 else 'warnings'}")
    return ", ".join(parts)
