"""Registering by request: a client's try makes one request, and finds it again at each other try.

The answer is always a refusal (`errors.ByRequest`) that says how the request stands. Once it is
approved a worker registers what it asks for, and the same try finds the version there. Of a request
that ended otherwise it says so; only after a pause, longer each time, does a try make a new one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import Final

from django.conf import settings
from django.db import connection, transaction
from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Now

from governance.actors import Actor
from governance.errors import Refused, WeirError
from governance.lookups import environment_of_context
from governance.models import Event, Request, Team
from governance.permissions import Scope, role_in_words
from governance.services import requests
from governance.services.items import NewItem
from governance.workflow import OPEN, UNDER_WAY, State
from registry import contracts
from registry.candidates import Candidate
from registry.changes import Origin
from registry.errors import ByRequest, Forbidden, PolicyObjects, RegistryError
from registry.models import Asking
from registry.naming import SubjectName
from registry.spec import SENSITIVE, SubjectSpec

LONGEST_PAUSE: Final = timedelta(days=30)
LONGEST_NAME: Final = 400  # of what a request can be about
LOOK_AGAIN: Final = 60  # seconds, while people have to do something
APPLIED_SOON: Final = 2  # seconds, while a worker has
HELD = "one open request a name"


@dataclass(frozen=True, slots=True)
class _Last:
    """The request that was made for this content last, which time that was, and for how long it
    has been in its state."""

    request: Request
    times: int
    since: timedelta

    @property
    def pause(self) -> timedelta:
        """For how long nothing new is asked after it ended."""
        first: timedelta = settings.REGISTRY_ASK_AGAIN
        longer: timedelta = first * 2 ** min(self.times - 1, 20)
        return min(longer, max(first, LONGEST_PAUSE))

    @property
    def stands(self) -> bool:
        """Whether it is to be told of, and no new one made."""
        return State(self.request.state) in OPEN or self.since < self.pause


def ask(subject: SubjectName, wanted: Candidate, *, by: Actor, origin: Origin) -> RegistryError:
    """What to answer to somebody who registered that: where its request stands. Makes the request
    where there is none that stands."""
    _ensure_askable(subject, wanted, by)
    content = _content(wanted)
    last = _last(subject, content)
    if last is not None and last.stands:
        return _told(subject, last)
    try:
        with transaction.atomic():
            _one_at_a_time(subject)
            last = _last(subject, content)
            if last is None or not last.stands:
                _make(subject, wanted, content, by, origin)
    except Refused as refused:
        return _not_even_asked(subject, refused)
    except WeirError as error:
        return Forbidden(f"A request for {subject} could not be made. {error.message}")
    found = _last(subject, content)
    if found is None:
        return ByRequest(f"{subject} was asked for, and deleted meanwhile: try again.", 1)
    return _told(subject, found)


def _ensure_askable(subject: SubjectName, wanted: Candidate, by: Actor) -> None:
    """Raises ByRequest for what no request can ask for."""
    says = f"{subject} takes new versions by request, and "
    if by.team is None:
        raise ByRequest(
            f"{says}nobody knows who you are: use a service token of your team, so that a request "
            "of that team can be made, or ask on the pages."
        )
    if wanted.asked.version > 0:
        raise ByRequest(f"{says}a request names no number: leave the version out.")
    metadata = wanted.asked.metadata
    if metadata and metadata.get("sensitive"):
        raise ByRequest(f"{says}this names sensitive properties. {SENSITIVE} Leave them out.")
    if len(subject.name) > LONGEST_NAME:
        raise ByRequest(f"{says}its name is longer than the {LONGEST_NAME} letters of a request's.")
    if environment_of_context(subject.context) is None:
        raise ByRequest(
            f"{says}its context {subject.context} belongs to no environment, so no request can be "
            "made. Ask the platform team to set one, or another gate level."
        )


def _content(wanted: Candidate) -> bytes:
    """What tells one ask from another: all that the client sent, in canonical form."""
    asked = wanted.asked
    references = [r.wire for r in wanted.references]
    parsed = wanted.parsed
    content = contracts.content(
        parsed.format, parsed.text, references, asked.metadata, asked.rule_set
    )
    return sha256(repr(content).encode("utf-8", "surrogatepass")).digest()


def _last(subject: SubjectName, content: bytes) -> _Last | None:
    rows = Asking.objects.filter(context=subject.context, subject=subject.name, content=content)
    since = ExpressionWrapper(Now() - F("request__state_at"), DurationField())
    found = rows.select_related("request__team").annotate(since=since).order_by("-pk").first()
    if found is None:
        return None
    return _Last(found.request, rows.count(), found.since)


def _one_at_a_time(subject: SubjectName) -> None:
    """Tries for one subject wait for each other until they commit."""
    with connection.cursor() as cursor:
        # A writer that hangs must not hang all the others with it.
        cursor.execute("SET LOCAL lock_timeout = '5s'")
        key = f"weir.ask:{subject}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])


def _make(
    subject: SubjectName, wanted: Candidate, content: bytes, by: Actor, origin: Origin
) -> None:
    # The right to register is the right to ask for it; a token of the registry alone has no other.
    asker = replace(by, scopes=(by.scopes or frozenset()) | {Scope.API_WRITE})
    item = NewItem(
        "subject", "register", subject.name, subject.context, SubjectSpec.wanted(wanted).as_json()
    )
    where = f" from {origin.address}" if origin.address else ""
    request = requests.create_draft(
        title="",
        reason=f"{by.name} tried to register this{where}.",
        team=Team.objects.get(slug=by.team),
        items=[item],
        by=asker,
    )
    requests.submit(request, by=asker)
    Asking.objects.create(
        context=subject.context, subject=subject.name, content=content, request=request
    )


def _not_even_asked(subject: SubjectName, refused: Refused) -> RegistryError:
    """What stands in the way of a request stands in the way of registering."""
    said = requests.refused_sentence(refused.problems)
    if any(problem.rule == HELD for problem in refused.problems):
        return ByRequest(f"{subject} takes new versions by request. {said}", LOOK_AGAIN)
    return PolicyObjects(f"{subject} takes new versions by request. This one is refused. {said}")


def _told(subject: SubjectName, last: _Last) -> ByRequest:
    request, state = last.request, State(last.request.state)
    head = (
        f"{subject} takes new versions by request. Request #{request.pk} "
        f"({request_url(request.pk)}) asks for this one"
    )
    if state in OPEN:
        soon = APPLIED_SOON if state in UNDER_WAY else LOOK_AGAIN
        return ByRequest(f"{head} and {_waits(request, state)}.", soon)
    left = max(int((last.pause - last.since).total_seconds()), 1)
    again = f"A try after {_span(left)} asks anew; a person can at once, on that page."
    if state is State.APPLIED:
        said = "and was applied, but what it registered is not there any more"
    elif state is State.EXPIRED:
        said = "and expired: nobody decided in time"
    else:
        who = _who(request, state)
        said = f"and {'was ' if state is not State.FAILED else ''}{state.words.lower()}{who}"
    return ByRequest(f"{head} {said}. {again}", left)


def _waits(request: Request, state: State) -> str:
    match state:
        case State.IN_REVIEW:
            roles = request.requirements.filter(revision=request.revision, review=None)
            whom = ", ".join(role_in_words(r) for r in roles.values_list("role", flat=True)[:5])
            return f"waits for {whom or 'review'}. Once it is approved, the same call succeeds"
        case State.CHANGES_REQUESTED:
            return f"somebody asked for changes{_who(request, state)}: see what was said there"
        case State.DRAFT:
            return "is being edited: submit it there"
        case State.SCHEDULED:
            return "is approved, and will be applied at its time"
    return "is approved, and is being applied: try again in a moment"


def _who(request: Request, state: State) -> str:
    """The name of whoever brought the request into this state."""
    events = Event.objects.filter(request_id=request.pk, action=f"request.{state.value}")
    name = events.order_by("-pk").values_list("actor_name", flat=True).first()
    return f" by {name}" if name else ""


def _span(seconds: int) -> str:
    for size, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = -(-seconds // size)
            return f"{count} {word}{'' if count == 1 else 's'}"
    return f"{seconds} s"


def request_url(number: int) -> str:
    """Where the request's page is; the registry's own process does not know the pages."""
    return f"{settings.BASE_URL}/requests/{number}/"
