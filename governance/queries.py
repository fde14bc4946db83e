"""Reads for pages and the API: lists of requests, the inbox, and one request as a whole.

Nothing here waits on a cluster or changes a row. Lists give querysets, ordered and bounded by the
caller's paging; `request_page` gives ready values, so that templates decide nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, IntegerField, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from governance import access, kinds
from governance.actors import Actor
from governance.kinds import Current, DiffRow, Effect, ItemView, Step
from governance.models import (
    Comment,
    Event,
    Finding,
    Item,
    ItemAuthor,
    Notification,
    Request,
    Requirement,
    Review,
    User,
    Verdict,
)
from governance.permissions import (
    Action,
    Role,
    allowed,
    capacity,
    handed_over,
    own_approver_roles,
    role_in_words,
    teams_where,
)
from governance.policy.routing import Need
from governance.services import reviews, timing
from governance.services.circles import authors_of, meets
from governance.services.items import views
from governance.services.requests import foreseen, steps
from governance.ways import Ways, ways_of
from governance.workflow import (
    EDITABLE,
    ENDED_UNDONE,
    FINAL,
    OPEN,
    TRANSITIONS,
    UNDER_WAY,
    ItemState,
    Move,
    State,
)

TIMELINE_LIMIT = 500
ITEMS_SHOWN = 50
MOST_COUNTED = 99
OUTCOMES_APART = 6
BESIDE = ("team", "environment", "author")  # what a list prints of a request


def requests(actor: Actor) -> QuerySet[Request]:
    """Requests this actor may see, newest first, with what a list prints."""
    return access.visible_requests(actor).select_related(*BESIDE).order_by("-pk")


def with_item_counts(rows: QuerySet[Request]) -> QuerySet[Request]:
    """The same with `item_count`, counted apart for the rows that are shown: joined, every item of
    every request would be read and sorted before the first page of them is known."""
    items = Item.objects.filter(request=OuterRef("pk")).order_by().values("request")
    counted = Subquery(items.annotate(n=Count("pk")).values("n"), output_field=IntegerField())
    return rows.annotate(item_count=Coalesce(counted, 0))


def counted(rows: QuerySet[Any], most: int = MOST_COUNTED) -> int:
    """How many there are, counted up to one more than `most`; left out, that is as much as a list's
    name or the top bar says."""
    return rows.order_by().values("pk")[: most + 1].count()


def needs_me(actor: Actor) -> QuerySet[Request]:
    """Requests in review that this actor can approve now, oldest first: the inbox. What waits for
    somebody whom she stands in for waits for her too."""
    # Whoever may see requests sees all that are in review.
    rows = Request.objects.filter(state=State.IN_REVIEW).order_by("submitted_at", "pk")
    roles = own_approver_roles(actor)
    if actor.user_id is None or not (roles or actor.stands_in):
        return rows.none()
    if not allowed(actor, Action.VIEW, "request"):
        return rows.none()
    asked = _asks(roles)
    for one in actor.stands_in:
        asked |= _asks(handed_over(one)) & _free_to_agree(one.giver.user_id or 0)
    # Joined, they would be sorted along with every request that waits.
    return rows.filter(asked, _free_to_agree(actor.user_id)).prefetch_related(*BESIDE)


def _asks(roles: Collection[str]) -> Q:
    """Requests whose revision still asks one of these roles."""
    return Q(
        Exists(
            Requirement.objects.filter(
                request=OuterRef("pk"),
                revision=OuterRef("revision"),
                review__isnull=True,
                role__in=roles,
            )
        )
    )


def _free_to_agree(person: int) -> Q:
    """Requests of which this person wrote nothing, and to which nobody has agreed as her yet."""
    wrote = ItemAuthor.objects.filter(item__request=OuterRef("pk"), user_id=person)
    agreed = Requirement.objects.filter(
        reviews.agreed_by(person), request=OuterRef("pk"), revision=OuterRef("revision")
    )
    author = Q(author_id__isnull=True) | ~Q(author_id=person)
    return author & ~Exists(wrote) & ~Exists(agreed)


def mine(actor: Actor) -> QuerySet[Request]:
    """What this person asked for and is not finished, newest first."""
    return requests(actor).filter(author_id=actor.user_id or 0, state__in=[s.value for s in OPEN])


def of_my_teams(actor: Actor) -> QuerySet[Request]:
    """Open requests of the actor's teams, newest first."""
    return requests(actor).filter(
        team__slug__in=list(actor.teams), state__in=[s.value for s in OPEN]
    )


def of_target(actor: Actor, kind: str, place: str, name: str) -> QuerySet[Request]:
    """Requests that change this object, newest first."""
    targets = Item.objects.filter(request=OuterRef("pk"), kind=kind, place=place, name=name)
    return requests(actor).filter(Exists(targets))


def search(rows: QuerySet[Request], text: str) -> QuerySet[Request]:
    """Narrows a list: ``#142``, words of the title, or the name of a thing it changes."""
    words = text.strip()
    number = words.removeprefix("#")
    if number.isdecimal() and len(number) < 18:
        return rows.filter(pk=int(number))
    if not words:
        return rows
    named = Item.objects.filter(request=OuterRef("pk"), name__startswith=words)
    return rows.filter(Q(title__icontains=words) | Exists(named))


# --- Notices ----------------------------------------------------------------------------------


def notices(actor: Actor) -> QuerySet[Notification]:
    """What this person was told, unread first, then newest first. Of a request that she may no
    longer see the notice is left out."""
    if actor.user_id is None:
        return Notification.objects.none()
    seen = access.visible_requests(actor).filter(pk=OuterRef("request_id"))
    return (
        Notification.objects.filter(user_id=actor.user_id)
        .filter(Q(request__isnull=True) | Exists(seen))
        .select_related("request")
        .order_by("-unread", "-id")
    )


def unread_notices(actor: Actor) -> int:
    """How many of her notices are unread, as `counted` has it."""
    if actor.user_id is None:
        return 0
    return counted(Notification.objects.filter(user_id=actor.user_id, unread=True))


# --- One request ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ItemPage:
    """One item, ready to print."""

    row: Item
    kind_title: str
    url: str
    current: Current | None
    rows: Sequence[DiffRow]
    findings: Sequence[Finding]
    irreversible: Sequence[str]
    effects: Sequence[Effect] = ()


@dataclass(frozen=True, slots=True)
class Agreement:
    """One requirement in words: who is asked, who did, and who could."""

    requirement: Requirement
    who: str
    by: str
    could: Sequence[str]
    you_could: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline. `sentence` completes the name of who did it."""

    at: datetime
    who: str
    sentence: str
    body: str = ""
    kind: str = "event"
    tone: str = ""


@dataclass(frozen=True, slots=True)
class RequestPage:
    """A request as its page and the API show it."""

    request: Request
    items: Sequence[ItemPage]
    more_items: int
    agreements: Sequence[Agreement]
    foreseen: Sequence[Need]  # of a draft: whom the rules would ask
    timeline: Sequence[Entry]
    steps: Sequence[Step]
    findings: Sequence[Finding]
    progress: dict[str, int]
    can_approve: bool
    why_not: str
    acting_as: str
    acting_reason: str
    can_decide: bool
    can_object: bool
    can_comment: bool
    why_no_comment: str
    can_edit: bool
    can_submit: bool
    can_withdraw: bool
    can_retry: bool
    can_ask_again: bool
    live: bool
    ways: Ways


def request_page(request: Request, actor: Actor) -> RequestPage:
    """Everything about one request, for somebody who may see it."""
    all_items = list(request.items.all())
    shown = all_items[:ITEMS_SHOWN]
    findings = _findings(request)
    state = State(request.state)
    team = request.team.slug
    authors, asked = authors_of(request), reviews.asked(request)
    told = list(request.reviews.select_related("reviewer", "delegation__giver"))
    why_not = reviews.why_not(request, actor, asked, authors)
    mine = reviews.open_requirements(request, actor, asked)
    in_review = state is State.IN_REVIEW
    edit = bool(allowed(actor, Action.EDIT, "request", team))
    comment = allowed(actor, Action.COMMENT, "request", team)
    items = views(request, shown)
    still_typed = state in {State.DRAFT, State.CHANGES_REQUESTED}
    with kinds.reading((i.kind, i.place, i.name) for i in items):
        item_pages = [
            _item_page(item, row, findings, over=state in FINAL)
            for item, row in zip(items, shown, strict=True)
        ]
        to_do = [] if state in FINAL else steps(items)
        can_submit = edit and still_typed  # whoever cannot has no use for what would come of it
        to_ask = foreseen(request, views(request, all_items)) if can_submit else ()
    can_decide = in_review and reviews.acting(request, actor, asked, authors) is not None
    is_asked = timing.is_asked(request, actor, asked, authors)
    return RequestPage(
        request=request,
        items=item_pages,
        more_items=len(all_items) - len(shown),
        agreements=agreements(asked, actor, authors),
        foreseen=to_ask,
        timeline=timeline(request, told, began=request.approved_at is not None),
        steps=to_do,
        findings=findings,
        progress=progress(all_items),
        can_approve=in_review and not why_not,
        why_not=why_not if in_review else "",
        acting_as=mine[0][1].words if mine and not why_not else "",
        acting_reason=mine[0][0].reason if mine and not why_not else "",
        can_decide=can_decide,
        can_object=can_decide and actor.user_id not in authors,
        can_comment=comment.ok,
        why_no_comment="" if comment.ok else comment.why,
        can_edit=edit and state in EDITABLE,
        can_submit=can_submit,
        can_withdraw=bool(allowed(actor, Action.WITHDRAW, "request", team))
        and (state, Move.WITHDRAW) in TRANSITIONS,
        can_retry=bool(allowed(actor, Action.RETRY, "request", team))
        and state in {State.FAILED, State.PARTLY_APPLIED},
        can_ask_again=bool(allowed(actor, Action.REQUEST, "request", team))
        and state in ENDED_UNDONE,
        live=state in UNDER_WAY,
        ways=ways_of(request, actor, told, asked=is_asked),
    )


def progress(items: Sequence[Item]) -> dict[str, int]:
    """How many items stand in each state, for the bar on the request page."""
    counts = {s.value: 0 for s in ItemState}
    for item in items:
        counts[item.state] += 1
    return counts | {"total": len(items)}


def _findings(request: Request) -> list[Finding]:
    """Findings of the latest stage of this revision: those of the approval replace the submit's."""
    rows = list(request.findings.filter(revision=request.revision).order_by("passed", "id")[:2_000])
    stages = {r.stage for r in rows}
    latest = "approve" if "approve" in stages else "submit"
    return [r for r in rows if r.stage == latest]


def _item_page(view: ItemView, row: Item, findings: Sequence[Finding], *, over: bool) -> ItemPage:
    """`over`: nothing will come of it any more, so it has no effect on what is now."""
    kind = kinds.get(row.kind)
    rows = kind.rows(view)
    return ItemPage(
        row=row,
        kind_title=kind.title,
        url=kind.url(row.place, row.name),
        current=kind.current(row.place, row.name),
        rows=rows,
        findings=[f for f in findings if f.item_id == row.pk],
        irreversible=[r.label.lower() for r in rows if r.irreversible],
        effects=() if over else kinds.effects_of(view),
    )


def agreements(
    asked: Sequence[Requirement], actor: Actor, authors: Collection[int]
) -> list[Agreement]:
    """Who must agree, in words; none of the request's `authors` could."""
    return [
        Agreement(
            requirement=q,
            who=role_in_words(q.role),
            by=q.review.by if q.review else "",
            could=[] if q.review else people_for(q.role, without=authors),
            you_could=q.review is None
            and actor.user_id not in authors
            and capacity(actor, q.role, not_for=authors) is not None,
        )
        for q in asked
    ]


def people_for(role: str, *, without: Collection[int] = (), limit: int = 5) -> list[str]:
    """Names of people who could answer for a requirement's role, a few of them; `without` are the
    ids of those who wrote the request, who cannot."""
    return _names(meets(role), limit, without=without)


def _names(held: Q, limit: int, *, without: Collection[int] = ()) -> list[str]:
    people = User.objects.filter(held, is_active=True).exclude(pk__in=without)
    # Once each, whatever gives her the role.
    return [str(person) for person in people.distinct().order_by("name", "pk")[:limit]]


def why_cannot_ask(actor: Actor) -> str:
    """Why this person can ask for no change, and what to do about it; empty when she can."""
    if teams_where(actor, Action.REQUEST, "request"):
        return ""
    if actor.teams:
        team = min(actor.teams)
        # Who decides for a team need not be who says what its people are.
        held = Q(memberships__team__slug=team, memberships__role=Role.OWNER)
        owners = " or ".join(_names(held, 2)) or "the platform team"
        return f"You are a viewer of {team}. To ask for changes, be made a requester by {owners}."
    if "platform" in actor.org_roles:
        return "You are in no team. To ask for changes, add yourself to one on its page."
    if "auditor" in actor.org_roles:
        return "As an auditor you read. Whoever belongs to a team can ask for changes."
    platform = " or ".join(people_for("platform", limit=2)) or "whoever runs this installation"
    return f"You are in no team yet. To ask for changes, let {platform} add you to one."


SENTENCES: dict[str, tuple[str, str]] = {
    "request.created": ("wrote this request", ""),
    "request.edited": ("changed what is asked for", ""),
    "request.submitted": ("asked for review", ""),
    "request.refused": ("refused it: a rule that no approval can lift objects", "danger"),
    "request.review_asked": ("found who must agree", ""),
    "request.approved": ("gave the last approval that was needed", "success"),
    "request.withdrawn": ("withdrew the request", ""),
    "request.expired": ("let it expire, since nobody decided in time", "warning"),
    "request.superseded": ("replaced it by a newer request", ""),
    "request.recheck_started": ("looks at the cluster once more", ""),
    "request.approval_lapsed": ("found an approval that no longer counts", "warning"),
    "request.rerouted": ("asks others, since it has another owner", "warning"),
    "request.sent_back": ("sent it back to review", "warning"),
    "request.apply_started": ("started to apply it", ""),
    "request.applied": ("applied all of it", "success"),
    "request.partly_applied": ("applied some of it", "warning"),
    "request.failed": ("could not apply it", "danger"),
    "request.retried": ("asked the worker to try again", ""),
    "request.scheduled": ("lets it wait for its time", ""),
    "request.put_off_until": ("chose when it is applied at the earliest", ""),
    "request.not_put_off": ("has it applied as soon as it may be", ""),
    "request.suggested": ("suggested another value", ""),
    "request.suggestion_accepted": ("took a suggestion over", ""),
    "request.suggestion_dismissed": ("dismissed a suggestion", ""),
    "request.glass_broken": ("broke the glass: it is applied at once", "danger"),
    "request.glass_confirmed": ("looked at the broken glass and confirmed it", "success"),
    "request.glass_objected": ("looked at the broken glass and objected", "danger"),
    "request.put_off": ("could not go on yet and will try again", "warning"),
    "topic.described": ("wrote down what is said of the topic", ""),
    "topic.fell_back": ("let the longer retention end, as was agreed here", ""),
    "topic.fall_back_applied": ("brought that to the cluster", "success"),
    "item.applied": ("applied", "success"),
    "item.unchanged": ("found nothing left to do for", "success"),
    "item.failed": ("failed on", "danger"),
    "item.retry": ("will try again", "warning"),
    "item.unknown": ("does not know yet how this ended", "warning"),
    "item.skipped": ("skipped", "warning"),
}
# Told by the review, the comment or the outcome itself, which carries the words.
TOLD_ELSEWHERE = frozenset(
    {
        "subject.registered",
        "config.changed",
        "resource.handed_over",
        "resource.claimed",
        "waiver.granted",
        "waiver.ended",
        "request.reviewed",
        "request.commented",
        "request.changes_requested",
        "request.declined",
    }
)


def timeline(request: Request, told: Sequence[Review], *, began: bool) -> list[Entry]:
    """What happened, oldest first: events, the reviews `told` with their words, comments. Items
    have outcomes where a worker `began` on them."""
    events = Event.objects.filter(request_id=request.pk).exclude(action__in=TOLD_ELSEWHERE)
    entries = [
        _event_entry(e)
        for e in events.exclude(action__startswith="item.").order_by("id")[:TIMELINE_LIMIT]
    ]
    if began:
        entries += _outcomes(events.filter(action__startswith="item."))
    for review in told[:TIMELINE_LIMIT]:
        words, tone = {
            Verdict.APPROVE: ("approved", "success"),
            Verdict.REQUEST_CHANGES: ("asked for changes", "warning"),
            Verdict.DECLINE: ("declined", "danger"),
        }[Verdict(review.verdict)]
        role = "" if review.acted_as == "auto" else f" as {role_in_words(review.acted_as)}"
        entries.append(
            Entry(review.created_at, review.by, words + role, review.comment, "review", tone)
        )
    comments: QuerySet[Comment] = request.comments.select_related("author")[:TIMELINE_LIMIT]
    for said in comments:
        who = str(said.author) if said.author else said.author_name
        entries.append(Entry(said.created_at, who, "", said.body, "comment"))
    return sorted(entries, key=lambda e: e.at)


def _event_entry(event: Event) -> Entry:
    words, tone = SENTENCES.get(event.action, (event.action.replace("_", " "), ""))
    about = f" {event.object_name}" if event.action.startswith("item.") else ""
    message = event.data.get("message") or event.data.get("error") or event.data.get("why") or ""
    return Entry(event.at, event.actor_name, f"{words}{about}", str(message), event.action, tone)


def _outcomes(events: QuerySet[Event]) -> list[Entry]:
    """Outcomes of items; many of one sort become one line, so that 1,000 topics stay readable."""
    entries: list[Entry] = []
    for group in events.values("action", "actor_name").annotate(n=Count("id"), last=Max("at")):
        same = events.filter(action=group["action"], actor_name=group["actor_name"])
        if group["n"] <= OUTCOMES_APART:
            entries += [_event_entry(e) for e in same.order_by("id")]
            continue
        words, tone = SENTENCES[group["action"]]
        sentence = f"{words} {group['n']:,} items"
        entries.append(
            Entry(group["last"], group["actor_name"], sentence, "", group["action"], tone)
        )
    return entries
