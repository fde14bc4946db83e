"""What people and programs do with requests: write, edit, submit, withdraw, comment.

Page, API and workers call these; each authorises, asks the core, writes and records, in one
transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now

from governance import access, audit, dispatch, kinds
from governance.actors import Actor, system_actor
from governance.errors import Conflict, Invalid, NotAllowed, Problem, Refused, Stale
from governance.kinds import DiffRow, Effect, ItemView, Step
from governance.models import Comment, Item, ItemAuthor, Request, Requirement, Review, Team, Verdict
from governance.permissions import Action, demand
from governance.policy.routing import UNREAD, Need
from governance.services import notices, snapshots
from governance.services.checks import Examination, examine, store_findings
from governance.services.circles import authors_of
from governance.services.items import NewItem, Typed, dependencies, must_read, read_items, views
from governance.services.moves import move
from governance.workflow import EDITABLE, ENDED_UNDONE, FINAL, TRANSITIONS, Move, State

MAX_TEXT = 20_000
MOST_FORESEEN = 100


@dataclass(frozen=True, slots=True)
class Preview:
    """What a request would meet if it were submitted now. `rows` and `effects` are by item
    position."""

    items: tuple[ItemView, ...]
    problems: tuple[Problem, ...]
    examination: Examination | None
    rows: dict[int, list[DiffRow]]
    steps: list[Step]
    effects: dict[int, Sequence[Effect]]


def preview(new: Sequence[NewItem], *, team: Team, by: Actor, request_id: int = 0) -> Preview:
    """Checks what is typed, as far as it can be read, and stores nothing."""
    demand(by, Action.REQUEST, "request", team.slug)
    typed = read_items(new, team=team.slug, request_id=request_id)
    examination = examine(typed.items, team=team.slug, typed_by=by.user_id) if typed.items else None
    found = typed.problems + (examination.problems if examination else ())
    with kinds.reading((i.kind, i.place, i.name) for i in typed.items):
        return Preview(
            items=typed.items,
            problems=found,
            examination=examination,
            rows={i.position: kinds.get(i.kind).rows(i) for i in typed.items},
            steps=steps(typed.items),
            effects={i.position: kinds.effects_of(i) for i in typed.items},
        )


def foreseen(request: Request, items: Sequence[ItemView]) -> tuple[Need, ...]:
    """Whom the rules would ask if it were submitted now; nobody where they would refuse it, or
    where it is too long to be judged while somebody waits for a page."""
    if not items or len(items) > MOST_FORESEEN:
        return ()
    examination = examine(items, team=request.team.slug)
    return () if examination.refusals else examination.needs


def steps(items: Sequence[ItemView]) -> list[Step]:
    """What the worker will do with these items, in the order it will do it."""
    found: list[Step] = []
    for name in kinds.in_order([i.kind for i in items]):
        found += kinds.get(name).steps([i for i in items if i.kind == name])
    return found


@transaction.atomic
def create_draft(
    *, title: str, reason: str, team: Team, items: Sequence[NewItem], by: Actor
) -> Request:
    """A new draft. Raises Refused with one problem for each value that cannot be read."""
    demand(by, Action.REQUEST, "request", team.slug)
    return write_draft(title=title, reason=reason, team=team, items=items, by=by)


def write_draft(
    *,
    title: str,
    reason: str,
    team: Team,
    items: Sequence[NewItem],
    by: Actor,
    authors: set[int] | None = None,
    replaces: Request | None = None,
) -> Request:
    """The draft, for a caller who has asked whether `by` may, in the caller's transaction.

    `authors` wrote its content before, so they count among its authors too.
    """
    typed = must_read(items, team=team.slug)
    _within_context(typed, by)
    request = Request.objects.create(
        title=_title(title, typed),
        reason=plain_text(reason, "reason"),
        team=team,
        environment=typed.environment,
        author_id=by.user_id,
        author_name=by.name,
        replaces=replaces,
    )
    _write_items(request, typed.items, by=by, authors=authors)
    audit.record(
        "request.created",
        by=by,
        about=request,
        request_id=request.pk,
        team=team.slug,
        data={"items": len(typed.items), **({"replaces": replaces.pk} if replaces else {})},
    )
    return request


def write_same(request: Request, *, by: Actor, replaces: Request | None = None) -> Request:
    """A draft of the same content as `write_draft` writes one: it has the same authors."""
    return write_draft(
        title=request.title,
        reason=request.reason,
        team=request.team,
        items=[
            NewItem(item.kind, item.operation, item.name, item.place, item.after)
            for item in request.items.all()
        ],
        authors=authors_of(request),
        replaces=replaces,
        by=by,
    )


@transaction.atomic
def edit(
    request: Request,
    *,
    title: str,
    reason: str,
    items: Sequence[NewItem],
    revision: int,
    by: Actor,
    also_by: Collection[int] = (),
) -> Request:
    """Replaces what is asked for. Approvals given to the old revision no longer count.

    `also_by` are people whose words it takes over, who become authors of it as well.
    `revision` is the one the editor saw; Stale when somebody else edited in between.
    """
    request = access.lock_request(by, request.pk, Action.EDIT)
    if State(request.state) not in EDITABLE:
        raise Conflict(
            f"Request #{request.pk} is {State(request.state).words.lower()} and can no longer be "
            "edited. Withdraw it and start a new one.",
            request=request.pk,
        )
    if request.revision != revision:
        raise Stale(
            f"Request #{request.pk} was edited by somebody else meanwhile. Reload it, then make "
            "your change again.",
            revision=request.revision,
        )
    typed = must_read(items, team=request.team.slug, request_id=request.pk)
    _within_context(typed, by)
    before = {str(i): i.after for i in request.items.all()}
    authors = set(
        ItemAuthor.objects.filter(item__request=request).values_list("user_id", flat=True)
    )
    request.items.all().delete()
    move(
        request,
        Move.EDIT,
        by=by,
        title=_title(title, typed),
        reason=plain_text(reason, "reason"),
        environment=typed.environment,
        revision=revision + 1,
        failure="",
        data={"revision": revision + 1, "before": before},
    )
    # Who wrote an earlier version of it still does not count among its approvers.
    _write_items(request, typed.items, by=by, authors=authors | set(also_by))
    return request


def submit(request: Request, *, by: Actor) -> Request:
    """Checks the draft and asks for the reviews it needs, or approves it by policy.

    Raises Refused when a rule that no approval can lift objects; the request is a draft again then,
    with the findings kept.
    """
    with transaction.atomic():
        request = access.lock_request(by, request.pk, Action.EDIT)
        move(request, Move.SUBMIT, by=by, submitted_at=Now(), failure="")
        items = views(request, request.items.all())
        _one_at_a_time(items)
        replaced = _replaced(request)
        examination = examine(items, team=request.team.slug)
        store_findings(request, examination, stage="submit")
        refusals = examination.refusals
        if refusals:
            move(
                request,
                Move.REFUSE,
                by=system_actor("policies"),
                data={"problems": [p.message for p in refusals[:20]], "count": len(refusals)},
            )
        else:
            if replaced is not None:
                move(
                    replaced,
                    Move.SUPERSEDE,
                    by=by,
                    superseded_by=request,
                    scheduled_for=None,
                    data={"why": f"Replaced by #{request.pk}.", "by": request.pk},
                )
            _ask(request, examination)
    if refusals:
        raise Refused(refused_sentence(refusals), refusals, request=request.pk)
    return request


def _replaced(request: Request) -> Request | None:
    """The request whose place this one takes, locked; None where there is none, or it has ended.

    Raises Conflict where a worker is on it: then it is too late.
    """
    if request.replaces_id is None:
        return None
    old = access.locked_request(request.replaces_id)
    if State(old.state) in FINAL:
        return None
    if (State(old.state), Move.SUPERSEDE) not in TRANSITIONS:
        raise Conflict(
            f"Request #{old.pk}, which this one is to replace, is {State(old.state).words.lower()} "
            "by now. Wait until the worker is done with it, or withdraw it.",
            request=old.pk,
        )
    return old


def _within_context(typed: Typed, by: Actor) -> None:
    """A token that is bound to a registry context asks for changes in its environments alone."""
    environment = typed.environment
    if by.context is None or environment is None or environment.registry_context == by.context:
        return
    raise NotAllowed(
        f"{by.name} is bound to the registry context {by.context}, and {environment.slug} has "
        f"{environment.registry_context}. Use a token that is not bound, or bound to that one."
    )


def _one_at_a_time(items: Sequence[ItemView]) -> None:
    """Makes submits for the same place wait for each other until they commit: two that ask for one
    name at once would otherwise both find it free."""
    places = sorted({f"weir.submit:{item.kind}:{item.place}" for item in items})
    with connection.cursor() as cursor:
        for place in places:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [place])


def refused_sentence(problems: Sequence[Problem]) -> str:
    """One sentence over a list of problems."""
    if len(problems) == 1:
        return f"{problems[0].message} {problems[0].way_out}".strip()
    return f"{len(problems)} things stand in the way: {problems[0].message} …"


def _ask(request: Request, examination: Examination) -> None:
    """Writes down who must agree; approves at once where a policy version does so itself."""
    snapshots.take(request)
    by = system_actor("policies")
    write_requirements(request, examination)
    if any(need.role != "auto" for need in examination.needs):
        move(
            request,
            Move.ASK_REVIEW,
            by=by,
            data={"needs": [need.role for need in examination.needs]},
        )
        return
    for requirement in request.requirements.filter(revision=request.revision):
        review = Review.objects.create(
            request=request,
            revision=request.revision,
            policy=requirement.policy,
            policy_version=requirement.policy_version,
            verdict=Verdict.APPROVE,
            acted_as="auto",
            comment=requirement.reason,
        )
        requirement.review = review
        requirement.save(update_fields=["review"])
    move(request, Move.APPROVE, by=by, approved_at=Now(), data={"auto": True})
    dispatch.after_commit("governance.advance", request.pk)


def not_told(need: Need, rules: Collection[tuple[str, int]]) -> bool:
    """Whether unread records ask for it, and do not among the rules that asked before."""
    return (UNREAD, 0) in need.rules and (UNREAD, 0) not in rules


def write_requirements(request: Request, examination: Examination) -> None:
    """Stores the needs of this revision; those that are met already stay as they are, but for who
    has not been told that unread records are lost: she is asked once more.

    An owner who is not needed any more, since things changed hands or she has left, is not waited
    for, nor is a second person.
    """
    needed = [need.role for need in examination.needs]
    asked = request.requirements.filter(revision=request.revision)
    idle = asked.filter(review__isnull=True).exclude(role__in=needed)
    idle.filter(Q(role__startswith="owner:") | Q(role__startswith="second:")).delete()
    have = {requirement.role: requirement for requirement in asked}
    for need in examination.needs:
        if need.role in have and not_told(need, have[need.role].rules):
            asked.filter(role=need.role).update(
                review=None,
                reason=need.reason,
                policy=need.policy,
                policy_version=need.version,
                also=[list(one) for one in need.also],
            )
    Requirement.objects.bulk_create(
        Requirement(
            request=request,
            revision=request.revision,
            role=need.role,
            reason=need.reason,
            policy=need.policy,
            policy_version=need.version,
            also=[list(one) for one in need.also],
        )
        for need in examination.needs
        if need.role not in have
    )


@transaction.atomic
def withdraw(request: Request, *, by: Actor) -> Request:
    """Takes the request back; nothing of it is applied."""
    request = access.lock_request(by, request.pk, Action.WITHDRAW)
    move(request, Move.WITHDRAW, by=by)
    return request


@transaction.atomic
def ask_again(request: Request, *, by: Actor) -> Request:
    """A new draft that asks for the same as a request that ended with nothing done.

    What was declared meanwhile counts, as for anything new. Raises Conflict for a request that goes
    on or was applied, Refused for what can no longer be read.
    """
    state = State(request.state)
    if state not in ENDED_UNDONE:
        raise Conflict(
            f"Request #{request.pk} is {state.words.lower()}, so there is nothing to ask again.",
            request=request.pk,
        )
    demand(by, Action.REQUEST, "request", request.team.slug)
    return write_same(request, by=by)


@transaction.atomic
def comment(request: Request, *, body: str, by: Actor) -> Comment:
    """Adds a comment; raises Invalid for an empty one."""
    request = access.get_request(by, request.pk, Action.COMMENT)
    text = plain_text(body, "body").strip()
    if not text:
        raise Invalid("The comment is empty. Write something first.", path="body")
    said = Comment.objects.create(
        request=request, author_id=by.user_id, author_name=by.name, body=text
    )
    event = audit.record(
        "request.commented",
        by=by,
        about=request,
        request_id=request.pk,
        team=request.team.slug,
        data={"comment": said.pk},
    )
    notices.happened(event, request, by=by, detail=text)
    return said


@transaction.atomic
def retry(request: Request, *, by: Actor) -> Request:
    """Lets the worker try the failed items again, after a fresh check. What was applied stays."""
    request = access.lock_request(by, request.pk, Action.RETRY)
    move(request, Move.RETRY, by=by, failure="", attempts=0, next_attempt_at=None, lease_until=None)
    request.items.exclude(state="applied").update(state="pending", error="")
    dispatch.after_commit("governance.advance", request.pk)
    return request


def _write_items(
    request: Request, items: Sequence[ItemView], *, by: Actor, authors: set[int] | None = None
) -> None:
    waits = dependencies(items)
    rows = Item.objects.bulk_create(
        [
            Item(
                request=request,
                position=item.position,
                kind=item.kind,
                operation=item.operation,
                name=item.name,
                place=item.place,
                before=item.before,
                after=item.after,
                base_generation=item.base_generation,
                depends_on=waits[item.position],
            )
            for item in items
        ],
        batch_size=1_000,
    )
    people = (authors or set()) | ({by.user_id} if by.user_id is not None else set())
    ItemAuthor.objects.bulk_create(
        [ItemAuthor(item=row, user_id=person) for row in rows for person in people],
        batch_size=1_000,
    )


def _title(title: str, typed: Typed) -> str:
    given = " ".join(title.split())
    if not given:
        first = typed.items[0]
        more = f" and {len(typed.items) - 1} more" if len(typed.items) > 1 else ""
        verb = first.operation.capitalize()
        given = f"{verb} {first.kind} {first.name}{more}"
    if "\x00" in given:
        raise Invalid("The title holds a NUL character. Remove it.", path="title")
    return given[:200]


def plain_text(text: str, path: str) -> str:
    """The text as it is kept. Raises Invalid for one that is too long or holds a NUL."""
    text = text.replace("\r\n", "\n")  # as forms send a line's end, and count it as one
    if len(text) > MAX_TEXT:
        raise Invalid(
            f"This text has {len(text):,} characters; {MAX_TEXT:,} at most. Shorten it.", path=path
        )
    if "\x00" in text:
        raise Invalid("This text holds a NUL character. Remove it.", path=path)
    return text
